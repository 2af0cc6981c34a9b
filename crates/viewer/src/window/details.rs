// SPDX-License-Identifier: MPL-2.0
//! What is known of the files, and whether they are whole: as `exptool` prints it.

use super::Window;
use crate::{model::words::tr, widgets::named};
use adw::prelude::*;
use std::ffi::OsString;

impl Window {
    /// Shows what is known of the files, and how well it is known.
    pub(super) fn show_details(&self) {
        self.run_on_files("info", tr("File details"));
    }

    /// Checks checksums, index and counts, and hashes the files.
    pub(super) fn verify(&self) {
        self.run_on_files("verify", tr("Verification"));
    }

    fn run_on_files(&self, command: &str, title: &'static str) {
        let mut words: Vec<OsString> = vec![command.into()];
        words.extend(self.recording().inputs().map(|one| one.path.clone().into()));
        self.run_tool(title, words, move |window, done| {
            let mut text = done.output;
            if !done.errors.is_empty() {
                text.push('\n');
                text.push_str(&done.errors);
            }
            window.show_text(title, &text);
        });
    }

    fn show_text(&self, title: &str, text: &str) {
        let view: gtk::TextView = named(title);
        view.set_editable(false);
        view.set_monospace(true);
        view.set_wrap_mode(gtk::WrapMode::WordChar);
        view.set_left_margin(12);
        view.set_right_margin(12);
        view.set_top_margin(12);
        view.set_bottom_margin(12);
        view.buffer().set_text(text);
        let scrolled = gtk::ScrolledWindow::builder()
            .child(&view)
            .vexpand(true)
            .build();
        let header = adw::HeaderBar::new();
        let content = gtk::Box::new(gtk::Orientation::Vertical, 0);
        content.append(&header);
        content.append(&scrolled);
        let window = adw::Window::builder()
            .title(title)
            .content(&content)
            .transient_for(&self.0.window)
            .default_width(720)
            .default_height(540)
            .build();
        let keys = gtk::ShortcutController::new();
        let close = gtk::ShortcutTrigger::parse_string("Escape");
        keys.add_shortcut(gtk::Shortcut::new(
            close,
            Some(gtk::NamedAction::new("window.close")),
        ));
        window.add_controller(keys);
        window.present();
    }
}

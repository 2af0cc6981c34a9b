// SPDX-License-Identifier: MPL-2.0
//! `exptool` at work: progress, cancel, and what it prints.

use super::Window;
use crate::{
    model::{tools, words::tr},
    widgets::named,
};
use adw::prelude::*;
use gtk::{gio, glib};
use std::{ffi::OsString, rc::Rc};

/// SIGINT: `exptool` takes away what it has half written.
const INTERRUPT: i32 = 2;

/// What became of a run.
pub struct Done {
    /// Nothing went wrong, and nothing was found.
    pub success: bool,
    /// Nothing went wrong, but something was found that the output names.
    pub found: bool,
    pub output: String,
    pub errors: String,
}

impl Window {
    /// Runs `exptool` with a window that shows how far it is; `then` gets the end, unless it was cancelled.
    pub(super) fn run_tool(
        &self,
        title: &str,
        words: Vec<OsString>,
        then: impl FnOnce(&Window, Done) + 'static,
    ) {
        let Some(program) = tools::find() else {
            self.show_problem(tools::missing());
            return;
        };
        let flags = gio::SubprocessFlags::STDOUT_PIPE | gio::SubprocessFlags::STDERR_PIPE;
        let mut all: Vec<OsString> = vec![program.into(), "--progress-lines".into()];
        all.extend(words);
        let all: Vec<&std::ffi::OsStr> = all.iter().map(OsString::as_os_str).collect();
        let process = match gio::Subprocess::newv(&all, flags) {
            Ok(process) => process,
            Err(error) => {
                self.show_problem(&format!("exptool: {error}"));
                return;
            }
        };
        let bar: gtk::ProgressBar = named(title);
        bar.set_hexpand(true);
        let dialog = adw::MessageDialog::builder()
            .heading(title)
            .extra_child(&bar)
            .transient_for(&self.0.window)
            .modal(true)
            .close_response("cancel")
            .build();
        dialog.add_response("cancel", tr("Cancel"));
        let cancelled = Rc::new(std::cell::Cell::new(false));
        let (running, flag) = (process.clone(), cancelled.clone());
        dialog.connect_response(Some("cancel"), move |_, _| {
            flag.set(true);
            running.send_signal(INTERRUPT);
        });
        dialog.present();
        let pulse = bar.clone();
        let ticking = glib::timeout_add_local(std::time::Duration::from_millis(150), move || {
            if pulse.fraction() == 0.0 {
                pulse.pulse();
            }
            glib::ControlFlow::Continue
        });
        let window = self.clone();
        glib::spawn_future_local(async move {
            let output = process.stdout_pipe().map(|pipe| read_all(pipe, None));
            let errors = process.stderr_pipe().map(|pipe| read_all(pipe, Some(bar)));
            let output = output.map(glib::spawn_future_local);
            let errors = match errors {
                Some(errors) => errors.await,
                None => String::new(),
            };
            let output = match output {
                Some(output) => output.await.unwrap_or_default(),
                None => String::new(),
            };
            let _ = process.wait_future().await;
            ticking.remove();
            // closing it is a cancel, too
            let cancelled = cancelled.get();
            dialog.close();
            if cancelled {
                window.toast(tr("Cancelled"));
                return;
            }
            let code = process.has_exited().then(|| process.exit_status());
            then(
                &window,
                Done {
                    success: code == Some(0),
                    found: code == Some(1),
                    output,
                    errors,
                },
            );
        });
    }
}

/// Reads what is printed. Lines of progress go to the bar.
async fn read_all(pipe: gio::InputStream, bar: Option<gtk::ProgressBar>) -> String {
    let lines = gio::DataInputStream::new(&pipe);
    let mut text = String::new();
    while let Ok(line) = lines.read_line_utf8_future(glib::Priority::DEFAULT).await {
        let Some(line) = line else {
            break;
        };
        match (progress(&line), &bar) {
            (Some(part), Some(bar)) => bar.set_fraction(part),
            _ => {
                text.push_str(&line);
                text.push('\n');
            }
        }
    }
    text
}

/// `progress 12 345`: 12 of 345.
fn progress(line: &str) -> Option<f64> {
    let mut words = line.strip_prefix("progress ")?.split(' ');
    let (done, total) = (
        words.next()?.parse::<f64>().ok()?,
        words.next()?.parse::<f64>().ok()?,
    );
    (total > 0.0).then(|| (done / total).clamp(0.001, 1.0))
}

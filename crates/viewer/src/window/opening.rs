// SPDX-License-Identifier: MPL-2.0
//! Files, folders and live streams are opened; recordings are read in another thread while they already play.

use super::{Reading, Window};
use crate::{
    model::{
        inputs::{self, Opening},
        notes::Notes,
        recording::{OpenError, Part, Place, Recording},
        words::{tr, trf},
    },
    player::Source,
};
use adw::prelude::*;
use formats::timeline::GapPolicy;
use gtk::{gio, glib};
use std::{
    path::{Path, PathBuf},
    rc::Rc,
    sync::{Arc, atomic::Ordering},
};

impl Window {
    /// Opens what the command line, a dialog or a drop named.
    pub fn open_files(&self, files: &[gio::File]) {
        if let [one] = files
            && let uri = one.uri()
            && (uri.starts_with("http:") || uri.starts_with("https:"))
        {
            self.open_live(&uri, "", "");
            return;
        }
        let paths: Vec<PathBuf> = files.iter().filter_map(|file| file.path()).collect();
        if paths.is_empty() {
            self.show_problem(tr(
                "Only files of this machine can be opened, and live addresses that begin with http",
            ));
            return;
        }
        self.open_paths(paths);
    }

    /// Opens files and folders.
    pub fn open_paths(&self, paths: Vec<PathBuf>) {
        super::trace::asked("open");
        self.close_recording();
        self.0.problem.set_revealed(false);
        self.0.stack.set_visible_child_name("busy");
        let window = self.clone();
        glib::spawn_future_local(async move {
            let asked = paths.clone();
            let opening = gio::spawn_blocking(move || inputs::open(&asked)).await;
            window.show_opening(opening.unwrap_or_default(), paths);
        });
    }

    fn show_opening(&self, opening: Opening, paths: Vec<PathBuf>) {
        if !opening.problems.is_empty() {
            self.show_problem(&opening.problems.join("\n"));
        }
        if opening.skipped > 0 {
            let count = opening.skipped.to_string();
            self.toast(&trf(
                "Files that are not recordings: {count}",
                &[("count", &count)],
            ));
        }
        let recordings: Vec<Rc<Recording>> = opening.recordings.into_iter().map(Rc::new).collect();
        let Some(first) = recordings.first().cloned() else {
            self.0.stack.set_visible_child_name("empty");
            return;
        };
        self.0.state.borrow_mut().add_recent(paths);
        self.keep_state();
        self.show_recent();
        *self.0.opened.borrow_mut() = recordings;
        self.list_recordings();
        self.show_recording(first);
    }

    /// Lists recordings where several were opened.
    fn list_recordings(&self) {
        let opened = self.0.opened.borrow();
        self.0.recordings.set_visible(opened.len() > 1);
        let menu = gio::Menu::new();
        for (n, recording) in opened.iter().enumerate() {
            let text = format!("{} · {}", recording.title(), recording.subtitle());
            menu.append(
                Some(&text.replace('_', "__")),
                Some(&format!("win.recording({n})")),
            );
        }
        self.0.recordings.set_menu_model(Some(&menu));
    }

    /// Shows one of the recordings that were opened.
    pub(super) fn choose_recording(&self, number: usize) {
        let chosen = self.0.opened.borrow().get(number).cloned();
        if let Some(recording) = chosen {
            self.close_recording();
            self.show_recording(recording);
        }
    }

    /// Plays a recording from its beginning, and reads it.
    pub(super) fn show_recording(&self, recording: Rc<Recording>) {
        let inner = &self.0;
        inner.stack.set_visible_child_name("playing");
        inner.title.set_title(&recording.title());
        inner.title.set_subtitle(&recording.subtitle());
        inner.window.set_title(Some(&recording.title()));
        *inner.notes.borrow_mut() = Notes::load(&super::log_folder(), &recording);
        *inner.recording.borrow_mut() = recording;
        inner.playback.take();
        inner.place.take();
        self.show_cameras();
        inner.grid.fit();
        self.enter(Place::default(), false);
        self.read_recording();
        self.show_notes();
        self.enable();
        self.focus();
    }

    /// Keys are for the recording from here on.
    pub(super) fn focus(&self) {
        if let Some(tile) = self.0.grid.tile(self.0.grid.selected()) {
            tile.root.grab_focus();
        }
    }

    /// Tiles for all cameras that are known.
    fn show_cameras(&self) {
        let window = self.clone();
        let recording = self.recording();
        self.0
            .grid
            .set_cameras(&recording.cameras(), |tile| window.connect_tile(tile));
        for tile in self.0.grid.tiles() {
            tile.set_name(recording.title_of(tile.camera), None);
        }
    }

    /// Reads all of the recording's files in another thread.
    pub(super) fn read_recording(&self) {
        self.stop_reading();
        let reading = Arc::new(Reading::default());
        *self.0.reading.borrow_mut() = reading.clone();
        let recording = self.recording();
        let total = recording.inputs().map(|input| input.size).sum::<u64>();
        reading.total.store(total.max(1), Ordering::Relaxed);
        self.0.timeline.set_recording(recording.clone(), Some(0.0));
        let parts = recording.parts.iter();
        let parts: Vec<Vec<PathBuf>> = parts
            .map(|part| part.inputs.iter().map(|one| one.path.clone()).collect())
            .collect();
        let policy = match self.0.state.borrow().skip_gaps {
            true => GapPolicy::Collapse,
            false => GapPolicy::Preserve,
        };
        let window = self.weak();
        glib::spawn_future_local(async move {
            let own = reading.clone();
            let read = gio::spawn_blocking(move || read(&parts, policy, &reading)).await;
            let Some(window) = window.upgrade().map(Window) else {
                return;
            };
            if own.cancelled.load(Ordering::Relaxed) {
                return;
            }
            match read {
                Ok(Ok(parts)) => window.take_contents(Recording::new(parts)),
                Ok(Err((path, error))) => {
                    window.0.timeline.set_reading(None);
                    window.show_problem(&inputs::explain(&path, &error));
                }
                Err(_) => window.show_problem(tr("The recording was not read to its end")),
            }
        });
    }

    /// Reads the recording again, whose stream times are others now, and goes to the same clock.
    pub(super) fn reread(&self, clock: Option<i64>, pass: u32, resume: bool) {
        self.0
            .after_reading
            .set(clock.map(|clock| (clock, pass, resume)));
        self.read_recording();
    }

    pub(super) fn stop_reading(&self) {
        self.0
            .reading
            .borrow()
            .cancelled
            .store(true, Ordering::Relaxed);
    }

    /// All frames were read.
    fn take_contents(&self, recording: Recording) {
        super::trace::asked("read");
        let recording = Rc::new(recording);
        let mut opened = self.0.opened.borrow_mut();
        let old = self.recording();
        if let Some(place) = opened.iter().position(|one| Rc::ptr_eq(one, &old))
            && let Some(one) = opened.get_mut(place)
        {
            *one = recording.clone();
        }
        drop(opened);
        *self.0.recording.borrow_mut() = recording.clone();
        let warnings = recording
            .parts
            .iter()
            .flat_map(|part| &part.findings.warnings);
        if let Some(warning) = warnings.into_iter().next() {
            self.toast(warning);
        }
        let known = self.0.grid.tiles().len();
        self.show_cameras();
        if self.0.grid.tiles().len() != known {
            self.0.grid.fit();
        }
        self.0.title.set_subtitle(&recording.summary());
        self.0.timeline.set_recording(recording, None);
        self.show_notes();
        if let Some((clock, pass, resume)) = self.0.after_reading.take() {
            let place = self
                .recording()
                .place_of(clock, pass)
                .map(|(place, _)| place);
            self.enter(place.unwrap_or_default(), resume);
        }
        self.update();
    }

    /// Plays a unit's live stream.
    pub(super) fn open_live(&self, url: &str, user: &str, password: &str) {
        self.close_recording();
        let inner = &self.0;
        inner.stack.set_visible_child_name("playing");
        inner.title.set_title(url);
        inner.title.set_subtitle(tr("live"));
        *inner.recording.borrow_mut() = Rc::default();
        inner.timeline.set_recording(Rc::default(), None);
        let source = Source::Live {
            url: url.to_owned(),
            user: user.to_owned(),
            password: password.to_owned(),
        };
        self.start(&source, false);
        self.enable();
    }

    /// Asks for a live address.
    pub(super) fn ask_address(&self) {
        let group = adw::PreferencesGroup::new();
        let address = adw::EntryRow::builder()
            .title(tr("Address (http://unit/…)"))
            .activates_default(true)
            .build();
        let user = adw::EntryRow::builder()
            .title(tr("User"))
            .activates_default(true)
            .build();
        let password = adw::PasswordEntryRow::builder()
            .title(tr("Password"))
            .activates_default(true)
            .build();
        group.add(&address);
        group.add(&user);
        group.add(&password);
        let dialog = adw::MessageDialog::builder()
            .heading(tr("Open a live address"))
            .body(tr("The stream of a NetVu unit"))
            .extra_child(&group)
            .transient_for(&self.0.window)
            .modal(true)
            .default_response("open")
            .close_response("cancel")
            .build();
        dialog.add_response("cancel", tr("Cancel"));
        dialog.add_response("open", tr("Open"));
        dialog.set_response_appearance("open", adw::ResponseAppearance::Suggested);
        let window = self.clone();
        dialog.connect_response(Some("open"), move |_, _| {
            window.open_live(&address.text(), &user.text(), &password.text());
        });
        dialog.present();
    }

    /// Forgets what is shown.
    pub(super) fn close_recording(&self) {
        let inner = &self.0;
        self.keep_notes();
        self.stop_reading();
        *inner.player.borrow_mut() = None;
        *inner.peek.borrow_mut() = None;
        inner.hover.popdown();
        *inner.recording.borrow_mut() = Rc::default();
        inner.notes.take();
        inner.titles.take();
        inner.grid.set_cameras(&[], |_| {});
        inner.timeline.set_position(None, false);
    }

    /// The menu of what was opened last.
    pub(super) fn show_recent(&self) {
        let menu = &self.0.recent;
        menu.remove_all();
        let recent = self.0.state.borrow().recent.clone();
        let files = gio::Menu::new();
        for (n, paths) in recent.iter().enumerate() {
            let first = paths
                .first()
                .map(|path| short_name(path))
                .unwrap_or_default();
            let text = match paths.len() {
                1 => first,
                count => format!("{first} (+{})", count - 1),
            };
            files.append(
                Some(&text.replace('_', "__")),
                Some(&format!("win.recent({n})")),
            );
        }
        let more = gio::Menu::new();
        more.append(Some(tr("Open a folder")), Some("win.open-folder"));
        more.append(Some(tr("Open a live address")), Some("win.open-address"));
        menu.append_section(None, &more);
        if !recent.is_empty() {
            menu.append_section(Some(tr("Recent")), &files);
            let forget = gio::Menu::new();
            forget.append(Some(tr("Forget recent files")), Some("win.forget-recent"));
            menu.append_section(None, &forget);
        }
    }
}

fn short_name(path: &Path) -> String {
    let name = path.file_name().unwrap_or(path.as_os_str());
    name.to_string_lossy().into_owned()
}

type Failed = (PathBuf, OpenError);

fn read(parts: &[Vec<PathBuf>], policy: GapPolicy, reading: &Reading) -> Result<Vec<Part>, Failed> {
    let mut before = 0;
    let mut whole = Vec::new();
    for paths in parts {
        // files beside each other stay in step
        let policy = if paths.len() > 1 {
            GapPolicy::Preserve
        } else {
            policy
        };
        let mut own = Vec::new();
        for path in paths {
            let mut progress = |offset: u64| {
                reading.done.store(before + offset, Ordering::Relaxed);
                !reading.cancelled.load(Ordering::Relaxed)
            };
            let part = Part::read(path, policy, &mut progress);
            let part = part.map_err(|error| (path.clone(), error))?;
            before += part.inputs.iter().map(|input| input.size).sum::<u64>();
            own.push(part);
        }
        whole.extend(Part::merge(own));
    }
    Ok(whole)
}

// SPDX-License-Identifier: MPL-2.0
//! Pictures, clips, logs and reports are saved, by `exptool` where it can.

use super::{Window, job::Done};
use crate::{
    model::{
        look::Look,
        notes::Notes,
        tools::{self, Clip, Purpose},
        words::{tr, trf},
    },
    player::Frame,
    widgets::named,
};
use adw::prelude::*;
use gtk::{
    gdk,
    gdk_pixbuf::{InterpType, Pixbuf},
    gio, glib,
};
use std::path::{Path, PathBuf};

/// Texts of a picture that exptool saves.
const TEXTS: [&str; 8] = [
    "Software",
    "Title",
    "Recorder time",
    "Recorder time UTC",
    "Recording mode",
    "Source",
    "Source SHA-256",
    "Coded picture SHA-256",
];

impl Window {
    /// Asks for files or a folder to open.
    pub(super) fn ask_files(&self, action: gtk::FileChooserAction) {
        let title = match action {
            gtk::FileChooserAction::SelectFolder => tr("Open a folder"),
            _ => tr("Open files"),
        };
        let dialog = self.chooser(title, action, tr("Open"));
        if action == gtk::FileChooserAction::Open {
            dialog.set_select_multiple(true);
            for (text, patterns) in [
                (
                    tr("Recordings"),
                    &[
                        "*.exp", "*.EXP", "*.avi", "*.AVI", "*.par", "*.PAR", "*.adbin", "*.mime",
                        "*.pel",
                    ][..],
                ),
                (tr("All files"), &["*"][..]),
            ] {
                let filter = gtk::FileFilter::new();
                filter.set_name(Some(text));
                for pattern in patterns {
                    filter.add_pattern(pattern);
                }
                dialog.add_filter(&filter);
            }
        }
        self.show_chooser(dialog, |window, dialog| {
            let files = dialog.files();
            let files: Vec<gio::File> = (0..files.n_items())
                .filter_map(|n| files.item(n).and_downcast::<gio::File>())
                .collect();
            window.open_files(&files);
        });
    }

    fn chooser(
        &self,
        title: &str,
        action: gtk::FileChooserAction,
        accept: &str,
    ) -> gtk::FileChooserNative {
        gtk::FileChooserNative::new(
            Some(title),
            Some(&self.0.window),
            action,
            Some(accept),
            Some(tr("Cancel")),
        )
    }

    fn show_chooser(
        &self,
        dialog: gtk::FileChooserNative,
        then: impl Fn(&Window, &gtk::FileChooserNative) + 'static,
    ) {
        let window = self.clone();
        dialog.connect_response(move |dialog, response| {
            if response == gtk::ResponseType::Accept {
                then(&window, dialog);
            }
            let own = dialog.clone();
            window.0.dialogs.borrow_mut().retain(|known| *known != own);
        });
        dialog.show();
        self.0.dialogs.borrow_mut().push(dialog);
    }

    /// Asks for a name to save as, with a first proposal.
    fn ask_name(&self, title: &str, proposal: &str, then: impl Fn(&Window, &Path) + 'static) {
        let dialog = self.chooser(title, gtk::FileChooserAction::Save, tr("Save"));
        dialog.set_current_name(proposal);
        if let Some(folder) = glib::user_special_dir(glib::UserDirectory::Pictures) {
            let _ = dialog.set_current_folder(Some(&gio::File::for_path(folder)));
        }
        self.show_chooser(dialog, move |window, dialog| {
            if let Some(path) = dialog.file().and_then(|file| file.path()) {
                match window.is_evidence(&path) {
                    true => window.show_problem(tr(
                        "This would replace the recording itself. Choose another name.",
                    )),
                    false => then(window, &path),
                }
            }
        });
    }

    /// A file that is being looked at.
    fn is_evidence(&self, path: &Path) -> bool {
        let same = |one: &Path| match (one.canonicalize(), path.canonicalize()) {
            (Ok(one), Ok(other)) => one == other,
            _ => false,
        };
        self.recording().inputs().any(|input| same(&input.path))
    }

    /// Name for what is saved of this moment.
    fn proposal(&self, suffix: &str) -> String {
        let recording = self.recording();
        let here = self.here();
        let part = recording.parts.get(here.part);
        let input = part.and_then(|part| part.input_of(self.0.grid.selected()));
        let stem = input
            .and_then(|input| input.path.file_stem())
            .unwrap_or_default();
        let clock = recording.clock_at(here).unwrap_or(0);
        let time = match recording.has_clock() {
            true => recording.zone().file_name(clock),
            false => format!("{:.3}", clock as f64 / 1e9),
        };
        format!(
            "{}_camera{}_{time}.{suffix}",
            stem.to_string_lossy(),
            self.0.grid.selected()
        )
    }

    /// Saves the chosen camera's picture, as it was recorded unless the look differs from that; then the file says so, in its texts and
    /// in its name.
    pub(super) fn save_snapshot(&self, look: Look) {
        self.pause();
        if tools::find().is_none() {
            self.show_problem(tools::missing());
            return;
        }
        let adjusted = look.is_adjusted();
        let proposal = self.proposal(if adjusted { "adjusted.png" } else { "png" });
        self.ask_name(tr("Save a picture"), &proposal, move |window, path| {
            let path = match path.extension() {
                _ if adjusted => adjusted_name(path),
                Some(_) => path.to_owned(),
                None => path.with_extension("png"),
            };
            let frame = window.0.grid.tile(window.0.grid.selected());
            let frame = frame.and_then(|tile| tile.frame());
            // never an original under the name of an adjusted picture
            let first = if adjusted {
                own_picture()
            } else {
                path.clone()
            };
            window.snapshot_to(&first, move |window, saved| {
                let name = path.display().to_string();
                let done = match frame.filter(|_| adjusted) {
                    Some(frame) => {
                        let done = adjust(saved, &path, &frame, &look);
                        let _ = std::fs::remove_file(saved);
                        done
                    }
                    None => Ok(()),
                };
                match done {
                    Ok(()) => window.toast(&trf("Saved as {name}", &[("name", &name)])),
                    Err(error) => window.show_problem(&format!("{name}: {error}")),
                }
            });
        });
    }

    fn pause(&self) {
        self.change_playback(|playback| playback.playing = false);
    }

    /// The picture of the chosen camera, as it was recorded, into a file.
    pub(super) fn snapshot_to(&self, path: &Path, then: impl FnOnce(&Window, &Path) + 'static) {
        let recording = self.recording();
        let camera = self.0.grid.selected();
        let Some(words) = tools::snapshot(&recording, camera, self.here(), path) else {
            self.toast(crate::player::nothing_recorded());
            return;
        };
        let path = path.to_owned();
        self.run_tool(
            tr("Saving the picture"),
            words,
            move |window, done| match done.success {
                true => then(window, &path),
                false => window.show_failure(&done),
            },
        );
    }

    /// Copies the picture, as it was recorded.
    pub(super) fn copy_picture(&self) {
        self.pause();
        self.snapshot_to(&own_picture(), |window, path| {
            match gdk::Texture::from_filename(path) {
                Ok(texture) => {
                    window.0.window.clipboard().set_texture(&texture);
                    window.toast(tr("The picture was copied"));
                }
                Err(error) => window.show_problem(&error.to_string()),
            }
            let _ = std::fs::remove_file(path);
        });
    }

    /// Saves the bookmarks.
    pub(super) fn save_log(&self) {
        self.ask_name(
            tr("Save the viewing log"),
            "viewing-log.csv",
            |window, path| {
                let mut bytes = Vec::new();
                let recording = window.recording();
                let written = window.0.notes.borrow().write(&recording, &mut bytes);
                let done = written
                    .map_err(std::io::Error::other)
                    .and_then(|()| crate::model::state::replace(path, &bytes));
                let name = path.display().to_string();
                match done {
                    Ok(()) => window.toast(&trf("Saved as {name}", &[("name", &name)])),
                    Err(error) => window.show_problem(&format!("{name}: {error}")),
                }
            },
        );
    }

    fn show_failure(&self, done: &Done) {
        let lines: Vec<&str> = done.errors.lines().chain(done.output.lines()).collect();
        self.show_problem(&lines.join("\n"));
    }

    /// Asks what is exported.
    pub(super) fn export(&self) {
        self.pause();
        if tools::find().is_none() {
            self.show_problem(tools::missing());
            return;
        }
        let recording = self.recording();
        let purposes = Purpose::all();
        let choice = |text: &str, choices: &[&str]| {
            let choice: gtk::DropDown = named(text);
            choice.set_model(Some(&gtk::StringList::new(choices)));
            choice
        };
        let purpose = choice(tr("Purpose"), &purposes.map(|(_, text)| text));
        let cameras = recording.cameras();
        let mut names = vec![tr("All cameras, a file for each").to_owned()];
        names.extend(cameras.iter().map(|camera| {
            let number = camera.to_string();
            let name = trf("Camera {number}", &[("number", &number)]);
            match recording.title_of(*camera) {
                "" => name,
                title => format!("{name}, {title}"),
            }
        }));
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let camera = choice(tr("Camera"), &names);
        let chosen = cameras
            .iter()
            .position(|one| *one == self.0.grid.selected());
        camera.set_selected(chosen.map_or(0, |n| n as u32 + 1));
        let range = self.0.playback.get().range();
        let range = range.and_then(|(a, b)| recording.clock_at(a).zip(recording.clock_at(b)));
        let mut ranges = vec![tr("The whole recording").to_owned()];
        ranges.extend(range.map(|(a, b)| {
            format!(
                "A–B: {} – {}",
                recording.short_time(a),
                recording.short_time(b)
            )
        }));
        let ranges: Vec<&str> = ranges.iter().map(String::as_str).collect();
        let part = choice(tr("Range"), &ranges);
        part.set_selected(range.map_or(0, |_| 1));
        let rows = gtk::Grid::builder()
            .row_spacing(8)
            .column_spacing(10)
            .build();
        for (n, (text, choice)) in (0..).zip([
            (tr("Purpose"), &purpose),
            (tr("Camera"), &camera),
            (tr("Range"), &part),
        ]) {
            rows.attach(
                &gtk::Label::builder().label(text).xalign(0.0).build(),
                0,
                n,
                1,
                1,
            );
            choice.set_hexpand(true);
            rows.attach(choice, 1, n, 1, 1);
        }
        if range.is_none() {
            let hint = gtk::Label::builder()
                .label(tr(
                    "To export only a part, mark its ends with the buttons A and B first.",
                ))
                .wrap(true)
                .xalign(0.0)
                .build();
            hint.add_css_class("dim-label");
            rows.attach(&hint, 0, 3, 2, 1);
        }
        let dialog = adw::MessageDialog::builder()
            .heading(tr("Export a clip"))
            .extra_child(&rows)
            .transient_for(&self.0.window)
            .modal(true)
            .default_response("export")
            .close_response("cancel")
            .build();
        dialog.add_response("cancel", tr("Cancel"));
        dialog.add_response("export", tr("Choose a folder"));
        dialog.set_response_appearance("export", adw::ResponseAppearance::Suggested);
        let window = self.clone();
        dialog.connect_response(Some("export"), move |_, _| {
            let purpose = purposes
                .get(purpose.selected() as usize)
                .map_or(Purpose::Copy, |(one, _)| *one);
            let camera = (camera.selected() as usize).checked_sub(1);
            let camera = camera.and_then(|n| cameras.get(n).copied());
            let range = range.filter(|_| part.selected() == 1);
            window.ask_folder(Clip {
                purpose,
                camera,
                range,
                folder: PathBuf::new(),
            });
        });
        dialog.present();
    }

    fn ask_folder(&self, clip: Clip) {
        let dialog = self.chooser(
            tr("Export to a folder"),
            gtk::FileChooserAction::SelectFolder,
            tr("Export"),
        );
        self.show_chooser(dialog, move |window, dialog| {
            if let Some(folder) = dialog.file().and_then(|file| file.path()) {
                window.export_to(&Clip {
                    folder,
                    ..clip.clone()
                });
            }
        });
    }

    /// Exports a clip.
    pub(super) fn export_to(&self, clip: &Clip) {
        let words = tools::convert(&self.recording(), clip);
        let folder = clip.folder.display().to_string();
        self.run_tool(tr("Exporting"), words, move |window, done| {
            match done.success {
                true => window.toast(&trf("Exported to {folder}", &[("folder", &folder)])),
                false => window.show_failure(&done),
            }
        });
    }

    /// Writes an HTML report.
    pub(super) fn write_report(&self) {
        if tools::find().is_none() {
            self.show_problem(tools::missing());
            return;
        }
        self.ask_name(tr("Write a report"), "report.html", |window, path| {
            let mut words: Vec<std::ffi::OsString> = vec!["report".into()];
            let recording = window.recording();
            words.extend(recording.inputs().map(|one| one.path.clone().into()));
            let state = window.0.state.borrow();
            for (option, text) in [("--case", &state.case), ("--examiner", &state.examiner)] {
                if !text.is_empty() {
                    words.extend([option.into(), text.into()]);
                }
            }
            drop(state);
            let notes = window.0.notes.borrow();
            let log = super::log_folder();
            if let Some(log) = Notes::file(&log, &recording).filter(|_| !notes.bookmarks.is_empty())
            {
                words.extend(["--log".into(), log.into()]);
            }
            drop(notes);
            window.keep_notes();
            words.extend(["--force".into(), "-o".into(), path.into()]);
            let name = path.display().to_string();
            window.run_tool(
                tr("Writing the report"),
                words,
                move |window, done| match done.success || done.found {
                    true => window.toast(&trf("Saved as {name}", &[("name", &name)])),
                    false => window.show_failure(&done),
                },
            );
        });
    }
}

/// A picture that nobody keeps.
fn own_picture() -> PathBuf {
    std::env::temp_dir().join(format!("exp-viewer-{}.png", std::process::id()))
}

/// A PNG whose name says that it is adjusted.
fn adjusted_name(path: &Path) -> PathBuf {
    let stem = path.with_extension("");
    let stem = stem.file_name().unwrap_or_default().to_string_lossy();
    let stem = stem.trim_end_matches(['.', '-', '_']);
    let stem = stem.strip_suffix("adjusted").unwrap_or(stem);
    path.with_file_name(format!(
        "{}.adjusted.png",
        stem.trim_end_matches(['.', '-', '_'])
    ))
}

/// Changes a picture that was saved as it was recorded to how it is looked at, and writes that into its texts.
fn adjust(from: &Path, to: &Path, frame: &Frame, look: &Look) -> Result<(), glib::Error> {
    let original = Pixbuf::from_file(from)?;
    let (width, height, row) = (original.width(), original.height(), original.rowstride());
    let bytes = if original.has_alpha() { 4 } else { 3 };
    let mut pixels = original.read_pixel_bytes().to_vec();
    look.apply(&mut pixels, usize::try_from(row).unwrap_or(0), bytes);
    let pixels = glib::Bytes::from_owned(pixels);
    let (space, alpha) = (original.colorspace(), original.has_alpha());
    let mut shown = Pixbuf::from_bytes(&pixels, space, alpha, 8, width, height, row);
    let shape = |look: &Look| {
        let pixel = frame.pixel_aspect;
        look.aspect.ratio(frame.width, frame.height, pixel)
    };
    let wide = f64::from(width) * shape(look) / shape(&Look::default());
    if wide.round() as i32 != width {
        let scaled = shown.scale_simple(wide.round() as i32, height, InterpType::Bilinear);
        shown = scaled.unwrap_or(shown);
    }
    let mut texts: Vec<(String, String)> = TEXTS
        .iter()
        .map(|key| format!("tEXt::{key}"))
        .filter_map(|key| Some((key.clone(), original.option(&key)?.to_string())))
        .collect();
    let note = format!("not as it was recorded: {}", look.describe());
    texts.push(("tEXt::Adjusted".to_owned(), note));
    let texts: Vec<(&str, &str)> = texts
        .iter()
        .map(|(key, text)| (key.as_str(), text.as_str()))
        .collect();
    shown.savev(to, "png", &texts)
}

// SPDX-License-Identifier: MPL-2.0
//! The panel at the side: bookmarks with notes, and how the picture is looked at.

use super::{Window, button};
use crate::{
    model::{
        look::{Aspect, Field, Look, Zoom},
        notes::Bookmark,
        words::{tr, trf},
    },
    widgets::{named, timeline::Marks},
};
use adw::prelude::*;
use gtk::glib;

/// The panel.
pub struct Panel {
    pub root: gtk::ScrolledWindow,
    list: gtk::ListBox,
    brightness: gtk::Scale,
    contrast: gtk::Scale,
    gamma: gtk::Scale,
    field: gtk::DropDown,
    aspect: gtk::DropDown,
}

const FIELDS: [Field; 4] = [Field::Both, Field::Upper, Field::Lower, Field::Blend];
const ASPECTS: [Aspect; 4] = [
    Aspect::Recorded,
    Aspect::Square,
    Aspect::Standard,
    Aspect::Wide,
];

impl Panel {
    /// An empty panel.
    pub fn new() -> Panel {
        let list: gtk::ListBox = named(tr("Bookmarks"));
        list.set_selection_mode(gtk::SelectionMode::None);
        list.add_css_class("boxed-list");
        let empty = gtk::Label::builder()
            .label(tr("No bookmarks"))
            .margin_top(12)
            .margin_bottom(12)
            .build();
        empty.add_css_class("dim-label");
        list.set_placeholder(Some(&empty));
        let heading = |text: &str| {
            let label = gtk::Label::builder()
                .label(text)
                .xalign(0.0)
                .hexpand(true)
                .build();
            label.add_css_class("heading");
            label
        };
        let top = gtk::Box::new(gtk::Orientation::Horizontal, 6);
        top.append(&heading(tr("Bookmarks")));
        top.append(&button(
            "bookmark-new-symbolic",
            "win.bookmark",
            tr("Bookmark this moment"),
        ));
        top.append(&button(
            "document-save-symbolic",
            "win.save-log",
            tr("Save the viewing log"),
        ));
        let scale = |text: &str, from: f64, to: f64, usual: f64| {
            let scale: gtk::Scale = named(text);
            scale.set_adjustment(&gtk::Adjustment::new(usual, from, to, 0.05, 0.2, 0.0));
            scale.set_hexpand(true);
            scale.add_mark(usual, gtk::PositionType::Bottom, None);
            scale
        };
        let brightness = scale(tr("Brightness"), -1.0, 1.0, 0.0);
        let contrast = scale(tr("Contrast"), 0.0, 3.0, 1.0);
        let gamma = scale(tr("Gamma"), 0.2, 5.0, 1.0);
        let choice = |text: &str, choices: &[&str]| {
            let choice: gtk::DropDown = named(text);
            choice.set_model(Some(&gtk::StringList::new(choices)));
            choice.set_hexpand(true);
            choice
        };
        let field = choice(
            tr("Lines"),
            &[
                tr("All lines"),
                tr("Upper field"),
                tr("Lower field"),
                tr("Fields blended"),
            ],
        );
        let aspect = choice(
            tr("Shape"),
            &[tr("As recorded"), tr("Square pixels"), "4:3", "16:9"],
        );
        let rows = gtk::Grid::builder()
            .row_spacing(6)
            .column_spacing(8)
            .build();
        let widgets: [(&str, &gtk::Widget); 5] = [
            (tr("Brightness"), brightness.upcast_ref()),
            (tr("Contrast"), contrast.upcast_ref()),
            (tr("Gamma"), gamma.upcast_ref()),
            (tr("Lines"), field.upcast_ref()),
            (tr("Shape"), aspect.upcast_ref()),
        ];
        for (row, (text, widget)) in (0..).zip(widgets) {
            let label = gtk::Label::builder().label(text).xalign(0.0).build();
            rows.attach(&label, 0, row, 1, 1);
            rows.attach(widget, 1, row, 1, 1);
        }
        let zoom = gtk::Box::builder().spacing(6).build();
        zoom.append(&button(
            "zoom-in-symbolic",
            "win.picture-in",
            tr("Enlarge the picture"),
        ));
        zoom.append(&button(
            "zoom-out-symbolic",
            "win.picture-out",
            tr("Reduce the picture"),
        ));
        let reset = gtk::Button::builder()
            .label(tr("As it was recorded"))
            .action_name("win.look-reset")
            .hexpand(true)
            .build();
        zoom.append(&reset);
        let note = gtk::Label::builder()
            .label(tr(
                "These settings change only what is shown. What is saved is as it was recorded.",
            ))
            .wrap(true)
            .xalign(0.0)
            .build();
        note.add_css_class("dim-label");
        let inside = gtk::Box::builder()
            .orientation(gtk::Orientation::Vertical)
            .spacing(10)
            .margin_top(10)
            .margin_bottom(10)
            .margin_start(10)
            .margin_end(10)
            .build();
        inside.append(&top);
        inside.append(&list);
        inside.append(&heading(tr("Picture")));
        inside.append(&rows);
        inside.append(&zoom);
        inside.append(&note);
        let root = gtk::ScrolledWindow::builder()
            .child(&inside)
            .hscrollbar_policy(gtk::PolicyType::Never)
            .width_request(300)
            // what is inside would make it half of the window
            .hexpand(false)
            .hexpand_set(true)
            .build();
        Panel {
            root,
            list,
            brightness,
            contrast,
            gamma,
            field,
            aspect,
        }
    }

    fn look(&self) -> Look {
        let chosen = |choice: &gtk::DropDown| choice.selected() as usize;
        Look {
            brightness: self.brightness.value(),
            contrast: self.contrast.value(),
            gamma: self.gamma.value(),
            field: FIELDS.get(chosen(&self.field)).copied().unwrap_or_default(),
            aspect: ASPECTS
                .get(chosen(&self.aspect))
                .copied()
                .unwrap_or_default(),
        }
    }
}

impl Window {
    pub(super) fn connect_panel(&self) {
        let panel = &self.0.panel;
        for scale in [&panel.brightness, &panel.contrast, &panel.gamma] {
            let weak = self.weak();
            scale.connect_value_changed(move |_| {
                if let Some(window) = weak.upgrade().map(Window) {
                    window.take_look();
                }
            });
        }
        for choice in [&panel.field, &panel.aspect] {
            let weak = self.weak();
            choice.connect_selected_notify(move |_| {
                if let Some(window) = weak.upgrade().map(Window) {
                    window.take_look();
                }
            });
        }
    }

    fn take_look(&self) {
        let look = self.0.panel.look();
        if self.0.look.replace(look) != look {
            for tile in self.0.grid.tiles() {
                tile.set_look(look);
            }
        }
    }

    /// Looks at pictures in a way, which the panel shows.
    pub(super) fn set_look(&self, look: Look) {
        let panel = &self.0.panel;
        panel.brightness.set_value(look.brightness);
        panel.contrast.set_value(look.contrast);
        panel.gamma.set_value(look.gamma);
        panel.field.set_selected(
            FIELDS
                .iter()
                .position(|field| *field == look.field)
                .unwrap_or(0) as u32,
        );
        panel.aspect.set_selected(
            ASPECTS
                .iter()
                .position(|aspect| *aspect == look.aspect)
                .unwrap_or(0) as u32,
        );
        self.take_look();
        for tile in self.0.grid.tiles() {
            tile.zoom(|zoom| *zoom = Zoom::default());
        }
    }

    /// Marks this moment.
    pub(super) fn add_bookmark(&self) {
        let inner = &self.0;
        let recording = self.recording();
        let here = self.here();
        let Some(clock) = recording.clock_at(here) else {
            return;
        };
        let number = inner.notes.borrow_mut().add(Bookmark {
            clock,
            pass: recording.pass_at(here),
            camera: inner.grid.selected(),
            note: String::new(),
        });
        inner.flap.set_reveal_flap(true);
        self.show_notes();
        self.keep_notes();
        let row = inner
            .panel
            .list
            .row_at_index(i32::try_from(number).unwrap_or(0));
        let entry = row
            .and_then(|row| row.child())
            .and_then(|child| child.last_child());
        if let Some(entry) = entry {
            entry.grab_focus();
        }
    }

    /// Lists the bookmarks.
    pub(super) fn show_notes(&self) {
        let inner = &self.0;
        while let Some(row) = inner.panel.list.row_at_index(0) {
            inner.panel.list.remove(&row);
        }
        let recording = self.recording();
        for (n, bookmark) in inner.notes.borrow().bookmarks.iter().enumerate() {
            inner.panel.list.append(&self.note_row(
                n,
                bookmark,
                &recording.time_text(bookmark.clock),
            ));
        }
        self.show_marks();
    }

    fn note_row(&self, number: usize, bookmark: &Bookmark, time: &str) -> gtk::Box {
        let go: gtk::Button = named(&trf("Go to {time}", &[("time", time)]));
        go.set_label(time);
        go.set_hexpand(true);
        go.add_css_class("flat");
        let weak = self.weak();
        let (clock, pass, camera) = (bookmark.clock, bookmark.pass, bookmark.camera);
        go.connect_clicked(move |_| {
            if let Some(window) = weak.upgrade().map(Window) {
                window.0.grid.select(camera);
                window.go_to_clock(clock, pass);
            }
        });
        let remove: gtk::Button = named(tr("Remove the bookmark"));
        remove.set_icon_name("user-trash-symbolic");
        remove.set_tooltip_text(Some(tr("Remove the bookmark")));
        remove.add_css_class("flat");
        let weak = self.weak();
        remove.connect_clicked(move |_| {
            if let Some(window) = weak.upgrade().map(Window) {
                let mut notes = window.0.notes.borrow_mut();
                if number < notes.bookmarks.len() {
                    notes.bookmarks.remove(number);
                }
                drop(notes);
                window.keep_notes();
                // not while the button is being pressed
                glib::idle_add_local_once(move || window.show_notes());
            }
        });
        let entry: gtk::Entry = named(&trf("Note on {time}", &[("time", time)]));
        entry.set_text(&bookmark.note);
        entry.set_placeholder_text(Some(tr("Note")));
        let weak = self.weak();
        entry.connect_changed(move |entry| {
            if let Some(inner) = weak.upgrade()
                && let Some(one) = inner.notes.borrow_mut().bookmarks.get_mut(number)
            {
                one.note = entry.text().to_string();
            }
        });
        let weak = self.weak();
        entry.connect_activate(move |_| {
            if let Some(window) = weak.upgrade().map(Window) {
                window.keep_notes();
                window.focus();
            }
        });
        let top = gtk::Box::new(gtk::Orientation::Horizontal, 4);
        top.append(&go);
        top.append(&remove);
        let row = gtk::Box::builder()
            .orientation(gtk::Orientation::Vertical)
            .spacing(2)
            .margin_bottom(4)
            .build();
        row.append(&top);
        row.append(&entry);
        row
    }

    /// Shows bookmarks and loop on the timeline.
    pub(super) fn show_marks(&self) {
        let recording = self.recording();
        let playback = self.0.playback.get();
        self.0.timeline.set_marks(Marks {
            bookmarks: self.0.notes.borrow().clocks(),
            a: playback.a.and_then(|place| recording.clock_at(place)),
            b: playback.b.and_then(|place| recording.clock_at(place)),
        });
    }
}

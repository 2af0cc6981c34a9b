// SPDX-License-Identifier: MPL-2.0
//! A camera: its picture, and below it title, number, mode and the recorder's clock. Nothing is written over the picture.

use super::{
    mode_text, named,
    screen::{Picture, Screen},
};
use crate::{
    model::{
        look::{Look, Zoom},
        words::{tr, trf},
    },
    player::{Frame, nothing_recorded},
};
use formats::reader::Mode;
use gtk::{glib, prelude::*};
use std::cell::{Cell, RefCell};

/// A camera.
pub struct Tile {
    pub camera: u16,
    pub root: gtk::Box,
    pub screen: Screen,
    caption: gtk::Box,
    name: gtk::Label,
    clock: gtk::Label,
    nothing: gtk::Label,
    badge: gtk::Label,
    /// As it was decoded.
    frame: RefCell<Option<Frame>>,
    look: Cell<Look>,
    recorded: Cell<bool>,
}

impl Tile {
    /// A tile without a picture.
    pub fn new(camera: u16) -> Tile {
        let screen = Screen::default();
        let label = |class: &str| {
            let label = gtk::Label::builder()
                .ellipsize(gtk::pango::EllipsizeMode::End)
                .xalign(0.0)
                .build();
            label.add_css_class(class);
            label
        };
        let (name, clock) = (label("camera-name"), label("camera-clock"));
        clock.add_css_class("numeric");
        // where there is no room, the day goes first
        clock.set_ellipsize(gtk::pango::EllipsizeMode::Start);
        name.set_hexpand(true);
        let nothing = gtk::Label::builder()
            .label(nothing_recorded())
            .wrap(true)
            .justify(gtk::Justification::Center)
            .halign(gtk::Align::Center)
            .valign(gtk::Align::Center)
            .visible(false)
            .build();
        nothing.add_css_class("nothing");
        let badge = gtk::Label::builder()
            .label(tr("adjusted"))
            .tooltip_text(tr(
                "The picture is shown otherwise than it was recorded; what is saved is not",
            ))
            .halign(gtk::Align::End)
            .valign(gtk::Align::Start)
            .visible(false)
            .build();
        badge.add_css_class("badge");
        let overlay = gtk::Overlay::builder().child(&screen).build();
        overlay.add_overlay(&nothing);
        overlay.add_overlay(&badge);
        let caption = gtk::Box::builder().spacing(8).build();
        caption.add_css_class("caption-bar");
        caption.append(&name);
        caption.append(&clock);
        let number = camera.to_string();
        let root: gtk::Box = named(&trf("Camera {number}", &[("number", &number)]));
        root.set_orientation(gtk::Orientation::Vertical);
        root.set_focusable(true);
        root.add_css_class("tile");
        root.append(&overlay);
        root.append(&caption);
        let tile = Tile {
            camera,
            root,
            screen,
            caption,
            name,
            clock,
            nothing,
            badge,
            frame: RefCell::default(),
            look: Cell::default(),
            recorded: Cell::new(true),
        };
        tile.set_name("", None);
        tile
    }

    /// Shows title and mode.
    pub fn set_name(&self, title: &str, mode: Option<Mode>) {
        let number = self.camera.to_string();
        let mut text = match title {
            "" => trf("Camera {number}", &[("number", &number)]),
            title => format!("{number} · {title}"),
        };
        if let Some(mode) = mode {
            text.push_str(" · ");
            text.push_str(mode_text(mode));
        }
        if self.name.label() != text {
            self.name.set_label(&text);
            self.name.set_tooltip_text(Some(&text));
        }
    }

    /// Shows the recorder's time of the frame.
    pub fn set_clock(&self, text: &str) {
        if self.clock.label() != text {
            self.clock.set_label(text);
            self.clock.set_tooltip_text(Some(text));
        }
    }

    /// Narrow tiles have the clock in a line of its own.
    pub fn set_narrow(&self, narrow: bool) {
        let orientation = match narrow {
            true => gtk::Orientation::Vertical,
            false => gtk::Orientation::Horizontal,
        };
        self.caption.set_orientation(orientation);
        self.caption.set_spacing(if narrow { 0 } else { 8 });
    }

    /// Takes a frame, and shows it where the tile is visible.
    pub fn set_frame(&self, frame: Frame) {
        *self.frame.borrow_mut() = Some(frame);
        self.refresh();
    }

    /// The frame as it was decoded.
    pub fn frame(&self) -> Option<Frame> {
        self.frame.borrow().clone()
    }

    /// Whether something was recorded at this moment; otherwise no picture is shown.
    pub fn set_recorded(&self, recorded: bool) {
        if self.recorded.replace(recorded) != recorded {
            self.nothing.set_visible(!recorded);
            if !recorded {
                self.set_clock("");
            }
            self.refresh();
        }
    }

    /// Something was recorded at this moment.
    pub fn is_recorded(&self) -> bool {
        self.recorded.get()
    }

    /// Changes how frames are looked at.
    pub fn set_look(&self, look: Look) {
        self.look.set(look);
        self.set_badge();
        self.refresh();
    }

    /// Enlarges the picture, or shows another part of it.
    pub fn zoom(&self, change: impl FnOnce(&mut Zoom)) {
        let mut zoom = self.screen.zoom();
        change(&mut zoom);
        self.screen.set_zoom(zoom);
        self.set_badge();
    }

    fn set_badge(&self) {
        let adjusted = self.look.get().is_adjusted().then(|| tr("adjusted").into());
        let factor = self.screen.zoom().factor;
        let enlarged = (factor > 1.0).then(|| format!("{factor:.1} ×"));
        let texts: Vec<String> = [adjusted, enlarged].into_iter().flatten().collect();
        self.badge.set_label(&texts.join(" · "));
        self.badge.set_visible(!texts.is_empty());
    }

    /// Draws the frame again.
    pub fn refresh(&self) {
        if !self.root.is_visible() {
            return;
        }
        let frame = self.frame.borrow();
        let Some(frame) = frame.as_ref().filter(|_| self.recorded.get()) else {
            self.screen.show(None, 4.0 / 3.0);
            return;
        };
        let look = self.look.get();
        let ratio = look
            .aspect
            .ratio(frame.width, frame.height, frame.pixel_aspect);
        self.screen.show(Some(picture(frame, &look)), ratio);
    }
}

/// A frame as it is shown.
pub fn picture(frame: &Frame, look: &Look) -> Picture {
    let pixels = match look.changes_pixels() {
        false => frame.pixels.clone(),
        true => {
            let mut pixels = frame.pixels.to_vec();
            look.apply(&mut pixels, frame.width as usize * 4, 4);
            glib::Bytes::from_owned(pixels)
        }
    };
    Picture::new(frame.width, frame.height, pixels)
}

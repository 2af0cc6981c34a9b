// SPDX-License-Identifier: MPL-2.0
//! The parts of the window that GTK does not have.

pub mod grid;
pub mod screen;
pub mod tile;
pub mod timeline;

use formats::reader::Mode;
use gtk::{gdk::RGBA, glib, prelude::*};

/// A widget whose accessible name is this text. GTK 4.8 has it only in its builder.
pub fn named<T: IsA<glib::Object> + glib::object::IsClass>(text: &str) -> T {
    let class = T::static_type().name();
    let text = glib::markup_escape_text(text);
    let builder = gtk::Builder::from_string(&format!(
        "<interface><object class=\"{class}\" id=\"it\"><accessibility><property name=\"label\">{text}</property></accessibility></object></interface>"
    ));
    // there is exactly this object in it
    builder.object("it").unwrap_or_else(|| glib::Object::new())
}

/// Colours by mode, told apart by people who see few colours too: those of `exptool timeline`.
pub fn colour(mode: Mode) -> RGBA {
    let (red, green, blue) = match mode {
        Mode::Continuous => (0x00, 0x72, 0xb2),
        Mode::Motion => (0xe6, 0x9f, 0x00),
        Mode::Alarm => (0xd5, 0x5e, 0x00),
        Mode::Instant => (0xcc, 0x79, 0xa7),
        Mode::PreAlarm => (0xf0, 0xc4, 0x19),
        Mode::Schedule => (0x00, 0x9e, 0x73),
        Mode::Unknown => (0x8a, 0x8a, 0x8a),
    };
    let part = |value: u8| f32::from(value) / 255.0;
    RGBA::new(part(red), part(green), part(blue), 1.0)
}

/// A mode in the user's language.
pub fn mode_text(mode: Mode) -> &'static str {
    use crate::model::words::tr;
    match mode {
        Mode::Continuous => tr("continuous"),
        Mode::Motion => tr("motion"),
        Mode::Alarm => tr("alarm"),
        Mode::Instant => tr("instant"),
        Mode::PreAlarm => tr("pre-alarm"),
        Mode::Schedule => tr("schedule"),
        Mode::Unknown => tr("mode unknown"),
    }
}

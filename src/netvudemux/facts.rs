// SPDX-License-Identifier: MPL-2.0
//! What a unit records about one frame, as a custom meta on its buffer. It has no tags, so decoders copy it to raw frames.

use formats::reader::Details;
use gst::meta::CustomMeta;

/// Name of the meta, and of its structure.
///
/// Fields, each present only where the frame has it: `active-alarms`, `active-detectors`, `detector-state` (uint, bit masks),
/// `quality-factor` (int, JPEG: 1 fine to 255 coarse), `target-size` (int, bytes of a JPEG frame, bits per second of MPEG-4),
/// `frame-number` (uint64), `actmask` (string, 16 hexadecimal masks as the unit writes them), `alarm` (string) and `lines` (string: every
/// other line verbatim, `Key: value`, each ended by a line feed; video-smoke-detection values are among them).
pub const NAME: &str = "GstNetVuFactsMeta";

/// Makes the meta known. Call once.
pub fn register() {
    CustomMeta::register(NAME, &[]);
}

/// A mask as units write it: hexadecimal, with or without `0x`.
fn mask(text: &str) -> Option<u32> {
    let text = text.trim();
    u32::from_str_radix(text.strip_prefix("0x").unwrap_or(text), 16).ok()
}

/// Puts the facts on the buffer, where there are any.
pub fn add(details: &Details, buffer: &mut gst::BufferRef) {
    if details.fields.is_empty() && details.alarm.is_none() {
        return;
    }
    let Ok(mut meta) = CustomMeta::add(buffer, NAME) else {
        return;
    };
    let structure = meta.mut_structure();
    if let Some(alarm) = &details.alarm {
        structure.set("alarm", alarm);
    }
    let mut lines = String::new();
    for (key, value) in &details.fields {
        if !known(structure, key, value) {
            if !key.is_empty() {
                lines.push_str(key);
                lines.push_str(": ");
            }
            lines.push_str(value);
            lines.push('\n');
        }
    }
    if !lines.is_empty() {
        structure.set("lines", lines);
    }
}

/// Sets the field of a key that is known and whose value can be read.
fn known(structure: &mut gst::StructureRef, key: &str, value: &str) -> bool {
    let is = |name: &str| key.eq_ignore_ascii_case(name);
    let masks = [
        ("Active-alarms", "active-alarms"),
        ("Active-detectors", "active-detectors"),
        ("Detector-state", "detector-state"),
    ];
    for (name, field) in masks {
        if is(name) {
            return mask(value).map(|mask| structure.set(field, mask)).is_some();
        }
    }
    let number = || value.trim().parse::<i32>();
    if is("Q-Factor") {
        number().map(|n| structure.set("quality-factor", n)).is_ok()
    } else if is("Target-size") {
        number().map(|n| structure.set("target-size", n)).is_ok()
    } else if is("FrameNum") {
        let number = value.trim().parse::<u64>();
        number.map(|n| structure.set("frame-number", n)).is_ok()
    } else if is("Actmask") {
        structure.set("actmask", value);
        true
    } else {
        false
    }
}

// SPDX-License-Identifier: MPL-2.0
//! A record, by its layout.

use super::fields::{Known, Sheet, word};
use crate::common::{
    clock::{OffsetSource, Zone},
    coded::codec_name,
};
use formats::{
    exp::{
        codes::MODES,
        layout::{Field, KindField, Layout, PayloadLayout, Transform},
    },
    reader::{Codec, Media, Packet, Payload},
};
use std::ops::Range;

/// The sheet of the record in `data`.
pub fn sheet(layout: &Layout, text: &str, packet: &Packet, data: &[u8], zone: Zone) -> Sheet {
    let known = Known::read(text, layout.status);
    let mut sheet = Sheet {
        title: title(packet),
        ..Sheet::default()
    };
    fields(&mut sheet, &known, layout, packet, data, zone);
    sheet.notes.push(format!(
        "By layout {} ({}): {}.",
        layout.name,
        word(layout.status),
        layout.title
    ));
    sheet
}

/// The words for fields of one record: sound, and pictures that are not MPEG-4, were never seen in such a record.
struct Doubt<'a> {
    known: &'a Known,
    packet: &'a Packet,
}

impl Doubt<'_> {
    fn of(&self, key: &str) -> &'static str {
        let codec = self.packet.stream.codec;
        let coded = key.starts_with("record.p.") || key.starts_with("record.key.");
        let seen = match codec.media() {
            Media::Video => codec == Codec::Mpeg4 || !coded,
            _ => false,
        };
        match self.known.of(key) {
            "verified" if !seen => "assumed",
            word => word,
        }
    }
}

/// What the coded bytes are.
pub fn coded_name(packet: &Packet) -> &'static str {
    match packet.stream.codec.media() {
        Media::Video => "coded picture",
        _ => "coded sound",
    }
}

/// A time in words of which only the seconds count.
pub fn seconds(text: &str) -> String {
    text.replacen(".000", "", 1)
}

/// What a record is, in words.
pub fn title(packet: &Packet) -> String {
    let what = match (packet.stream.codec.media(), packet.key) {
        (Media::Video, true) => "keyframe of camera",
        (Media::Video, false) => "P picture of camera",
        _ => "sound of channel",
    };
    format!(
        "{what} {}, {}",
        packet.stream.camera,
        codec_name(packet.stream.codec)
    )
}

/// Stored bytes of the payload, and where its first coded byte stands.
pub fn stored(packet: &Packet) -> Option<Range<usize>> {
    match &packet.payload {
        Payload::Plain(range) | Payload::Swap32 { range, .. } | Payload::Wrapped { range, .. } => {
            Some(range.clone())
        }
        Payload::Made(_) => None,
    }
}

fn place(field: &Field, start: usize) -> Option<Range<usize>> {
    let at = match usize::try_from(field.at) {
        Ok(at) => at,
        Err(_) => start.checked_sub(field.at.unsigned_abs() as usize)?,
    };
    Some(at..at + field.number.width())
}

/// Adds all fields that the layout names.
fn fields(
    sheet: &mut Sheet,
    known: &Known,
    layout: &Layout,
    packet: &Packet,
    data: &[u8],
    zone: Zone,
) {
    let record = &layout.record;
    let range = stored(packet).unwrap_or(0..0);
    let part_name = part_of(layout, packet).1;
    let known = &Doubt { known, packet };
    let mut number = |field: Option<Field>, key: &str, name: &str, say: &dyn Fn(u64) -> String| {
        if let Some(field) = field
            && let Some(place) = place(&field, range.start)
            && let Ok(value) = field.read(data, range.start)
        {
            sheet.add(place, name, say(value), known.of(key));
        }
    };
    let plain = |value: u64| value.to_string();
    number(record.size, "record.size", "record size", &plain);
    number(record.millis, "record.millis", "milliseconds", &plain);
    number(record.sequence, "record.sequence", "sequence", &plain);
    let (part, _) = part_of(layout, packet);
    if let Some(part) = part {
        let key = |name: &str| format!("{part_name}.{name}");
        number(part.codec, &key("codec"), "sound codec", &plain);
        number(part.rate, &key("rate"), "sound rate", &plain);
        number(part.length, &key("length"), "n, coded bytes", &plain);
        number(part.crc, &key("crc"), "CRC-32 of payload", &|told| {
            crc(told, packet, data)
        });
    }
    number(record.camera, "record.camera", "camera", &plain);
    number(record.mode, "record.mode", "recording mode", &mode);
    number(record.format, "record.format", "video format", &format_name);
    if let Some(kind) = &record.kind {
        let field = Field {
            at: kind.at,
            number: kind.number,
            mask: None,
            plus: 0,
        };
        number(Some(field), "record.kind", "kind", &|value| {
            kind_name(kind, value)
        });
    }
    time_and_constants(sheet, known, layout, packet, zone);
    payload(sheet, known, part, &part_name, packet, data);
}

/// Adds the recorder's time, and bytes that never change.
fn time_and_constants(
    sheet: &mut Sheet,
    known: &Doubt<'_>,
    layout: &Layout,
    packet: &Packet,
    zone: Zone,
) {
    let record = &layout.record;
    if let Some(time) = record.time {
        let value = packet.timestamp.map(|timestamp| {
            let ns = timestamp.seconds.saturating_mul(1_000_000_000);
            // the seconds are known, but not of which zone they are
            if zone.from != OffsetSource::Unknown {
                sheet.notes.push(format!(
                    "Local time: {}, if the recorder timestamps UTC (assumed); the offset is of the {}.",
                    seconds(&zone.local(ns)),
                    zone.from.name()
                ));
            }
            format!(
                "{} s = {} if UTC (assumed)",
                timestamp.seconds,
                seconds(&Zone::utc(ns))
            )
        });
        sheet.add(
            time.at..time.at + time.time.width(),
            "recorder time",
            value.unwrap_or_default(),
            known.of("record.time"),
        );
    }
    for constant in &record.constant {
        let end = constant.at + constant.bytes.len();
        sheet.add(
            constant.at..end,
            "constant",
            String::new(),
            known.of("record.constant"),
        );
    }
}

/// Adds the payload, its padding, and what its first bytes are.
fn payload(
    sheet: &mut Sheet,
    known: &Doubt<'_>,
    part: Option<&PayloadLayout>,
    part_name: &str,
    packet: &Packet,
    data: &[u8],
) {
    let Some(range) = stored(packet) else {
        return;
    };
    let swapped = part.is_some_and(|part| part.transform == Transform::Swap32);
    let mut value = format!("{} coded bytes", packet.payload.len());
    if swapped {
        value.push_str(", in reversed groups of four");
    }
    sheet.add(
        range.clone(),
        coded_name(packet),
        value,
        known.of(&format!("{part_name}.payload")),
    );
    if range.end < data.len() && data.len() - range.end < 4 {
        sheet.add(range.end..data.len(), "padding", String::new(), "assumed");
    }
    if packet.stream.codec.media() == Media::Video {
        let coded = packet.payload.to_vec(data);
        let head: Vec<String> = coded
            .iter()
            .take(16)
            .map(|byte| format!("{byte:02x}"))
            .collect();
        sheet
            .notes
            .push(format!("Coded picture begins: {}", head.join(" ")));
    }
    if let Some(part) = part.filter(|part| part.payload != range.start) {
        sheet.notes.push(format!(
            "The start code stands at {} of the record, where {} is usual.",
            range.start, part.payload
        ));
    }
}

fn part_of<'a>(layout: &'a Layout, packet: &Packet) -> (Option<&'a PayloadLayout>, String) {
    let record = &layout.record;
    let (part, name) = match (packet.stream.codec.media(), packet.key) {
        (Media::Video, true) => (Some(&record.key), "record.key"),
        (Media::Video, false) => (Some(&record.p), "record.p"),
        _ => (record.audio.as_ref(), "record.audio"),
    };
    (part, name.to_owned())
}

fn crc(told: u64, packet: &Packet, data: &[u8]) -> String {
    let actual = u64::from(crc32fast::hash(&packet.payload.to_vec(data)));
    match told {
        0 => "absent".to_owned(),
        told if told == actual => format!("{told:08x}, right"),
        told => format!("{told:08x}, WRONG: the payload has {actual:08x}"),
    }
}

fn kind_name(kind: &KindField, value: u64) -> String {
    let name = if kind.p.contains(&value) {
        "P picture"
    } else if kind.key.contains(&value) {
        "keyframe"
    } else {
        "sound"
    };
    format!("{value} {name}")
}

/// The kinds of the reference layout, in words.
pub fn kind_word(value: u64) -> String {
    let name = match value {
        1 => "sound",
        4 => "P picture",
        6 => "keyframe",
        _ => "not told",
    };
    format!("{value} {name}")
}

fn mode(value: u64) -> String {
    let mode = usize::try_from(value)
        .ok()
        .and_then(|value| MODES.get(value));
    let name = mode.and_then(|mode| mode.name()).unwrap_or("not told");
    format!("{value} {name}")
}

fn format_name(value: u64) -> String {
    let name = match value {
        1 => "CIF",
        2 => "2CIF",
        3 => "4CIF",
        _ => "not told",
    };
    format!("{value} {name}")
}

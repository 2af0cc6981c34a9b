// SPDX-License-Identifier: MPL-2.0
//! A record in its AVI chunk.

use super::{
    fields::{Field, Sheet},
    record,
};
use crate::common::clock::Zone;
use formats::{
    cursor,
    exp::layout::Layout,
    reader::{Media, Packet, Payload},
};

/// Bytes of a chunk's head.
const HEAD: usize = 8;

/// The sheet of the chunk in `data`.
pub fn sheet(layout: &Layout, text: &str, packet: &Packet, data: &[u8], zone: Zone) -> Sheet {
    let size = cursor::u32_le(data, 4).unwrap_or(0) as usize;
    let body = data.get(HEAD..).unwrap_or_default();
    let body = body.get(..size).unwrap_or(body);
    let framed = packet.timestamp.is_some() && packet.stream.codec.media() == Media::Video;
    let mut sheet = if framed {
        record::sheet(layout, text, &moved(packet), body, zone)
    } else {
        let mut sheet = Sheet {
            title: record::title(packet),
            ..Sheet::default()
        };
        let value = format!("{} coded bytes, unframed", body.len());
        sheet.add(0..body.len(), record::coded_name(packet), value, "assumed");
        sheet.notes.push(match packet.stream.codec.media() {
            Media::Video => {
                "Pictures without a record around them may exist; none was seen.".to_owned()
            }
            _ => "A sound track was seen, but silence only.".to_owned(),
        });
        sheet
    };
    for field in &mut sheet.fields {
        let Field { at, .. } = field;
        *at += HEAD;
    }
    let id = String::from_utf8_lossy(data.get(..4).unwrap_or_default()).into_owned();
    sheet.add(0..4, "AVI chunk", format!("{id:?}"), "verified");
    sheet.add(4..8, "chunk size", size.to_string(), "verified");
    if data.len() == HEAD + size + 1 {
        sheet.add(
            HEAD + size..data.len(),
            "padding",
            String::new(),
            "verified",
        );
    }
    if let Some(slot) = packet.slot {
        sheet
            .notes
            .push(format!("Slot {slot} of the AVI's timeline."));
    }
    sheet
}

/// The packet as if its record stood alone.
fn moved(packet: &Packet) -> Packet {
    let mut moved = packet.clone();
    let back = |at: usize| at.saturating_sub(HEAD);
    moved.payload = match &packet.payload {
        Payload::Plain(range) => Payload::Plain(back(range.start)..back(range.end)),
        Payload::Swap32 { range, len } => Payload::Swap32 {
            range: back(range.start)..back(range.end),
            len: *len,
        },
        other => other.clone(),
    };
    moved
}

/// Bytes, name, kind of a header's field, from its body's start.
type Place = (usize, usize, &'static str, Kind);

#[derive(Clone, Copy)]
enum Kind {
    Number,
    Text,
}

const MAIN: &[Place] = &[
    (0, 4, "µs a slot", Kind::Number),
    (4, 4, "most bytes a second", Kind::Number),
    (8, 4, "multiple of bytes", Kind::Number),
    (12, 4, "flags", Kind::Number),
    (16, 4, "slots", Kind::Number),
    (20, 4, "slots before", Kind::Number),
    (28, 4, "bytes a chunk", Kind::Number),
    (24, 4, "streams", Kind::Number),
    (32, 4, "width", Kind::Number),
    (36, 4, "height", Kind::Number),
];
const STREAM: &[Place] = &[
    (0, 4, "stream type", Kind::Text),
    (4, 4, "codec", Kind::Text),
    (20, 4, "rate, divided by", Kind::Number),
    (24, 4, "rate", Kind::Number),
    (8, 4, "flags", Kind::Number),
    (28, 4, "start", Kind::Number),
    (32, 4, "slots", Kind::Number),
    (36, 4, "bytes a chunk", Kind::Number),
    (40, 4, "quality", Kind::Number),
    (44, 4, "bytes a sample", Kind::Number),
];
const PICTURE: &[Place] = &[
    (0, 4, "bytes of this", Kind::Number),
    (12, 2, "planes", Kind::Number),
    (20, 4, "bytes a picture", Kind::Number),
    (4, 4, "picture width", Kind::Number),
    (8, 4, "picture height", Kind::Number),
    (14, 2, "bits a pixel", Kind::Number),
    (16, 4, "codec", Kind::Text),
];
const SOUND: &[Place] = &[
    (0, 2, "sound format", Kind::Number),
    (2, 2, "channels", Kind::Number),
    (4, 4, "samples a second", Kind::Number),
    (8, 4, "bytes a second", Kind::Number),
    (12, 2, "bytes a block", Kind::Number),
    (14, 2, "bits a sample", Kind::Number),
];

/// The sheet of the headers of an AVI, up to its first chunk of pictures.
pub fn headers(data: &[u8]) -> Option<Sheet> {
    if !data.starts_with(b"RIFF") {
        return None;
    }
    let mut sheet = Sheet {
        title: "headers of the AVI file (plain RIFF)".to_owned(),
        ..Sheet::default()
    };
    let mut at = 0_usize;
    let mut sound = false;
    while let Some(id) = data.get(at..at.saturating_add(4)) {
        let size = cursor::u32_le(data, at.saturating_add(4)).ok()? as usize;
        let body = at.saturating_add(HEAD);
        let name = String::from_utf8_lossy(id).into_owned();
        if !matches!(id, b"RIFF" | b"LIST") && !id.is_ascii() {
            break;
        }
        sheet.add(at..at + 4, "chunk", format!("{name:?}"), "verified");
        sheet.add(at + 4..body, "its size", size.to_string(), "verified");
        if matches!(id, b"RIFF" | b"LIST") {
            let kind = cursor::text_at(data, body, 4);
            sheet.add(body..body + 4, "list of", format!("{kind:?}"), "verified");
            at = body.saturating_add(4);
            // pictures follow
            match kind == "movi" {
                true => break,
                false => continue,
            }
        }
        sound = match id {
            b"strh" => data.get(body..body.saturating_add(4)) == Some(b"auds"),
            _ => sound,
        };
        let end = body.saturating_add(size);
        for (place, length, name, kind) in places(id, sound) {
            let from = body.saturating_add(*place);
            if from.saturating_add(*length) <= end {
                sheet.add(
                    from..from + length,
                    name,
                    value(data, from, *length, *kind),
                    "verified",
                );
            }
        }
        at = end.saturating_add(size % 2);
    }
    let size = at.min(data.len());
    sheet.fields.retain(|field| field.at + field.length <= size);
    sheet.fill_unknown(size);
    sheet.take_bytes(data);
    sheet.notes.push(
        "The rate in these headers is not that of the pictures: the recorder's clock and the slots tell it.".to_owned(),
    );
    Some(sheet)
}

fn places(id: &[u8], sound: bool) -> &'static [Place] {
    match id {
        b"avih" => MAIN,
        b"strh" => STREAM,
        b"strf" if sound => SOUND,
        b"strf" => PICTURE,
        _ => &[],
    }
}

fn value(data: &[u8], at: usize, length: usize, kind: Kind) -> String {
    match (kind, length) {
        (Kind::Text, _) => format!("{:?}", cursor::text_at(data, at, length)),
        (_, 2) => cursor::u16_le(data, at).unwrap_or(0).to_string(),
        _ => cursor::u32_le(data, at).unwrap_or(0).to_string(),
    }
}

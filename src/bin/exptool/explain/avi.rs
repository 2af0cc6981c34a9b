// SPDX-License-Identifier: MPL-2.0
//! A record in its AVI chunk.

use super::{
    fields::{Field, Sheet},
    record,
};
use crate::common::clock::Zone;
use gstexp::container::{
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
    let framed = packet.stamp.is_some() && packet.stream.codec.media() == Media::Video;
    let mut sheet = if framed {
        record::sheet(layout, text, &moved(packet), body, zone)
    } else {
        let mut sheet = Sheet {
            title: record::title(packet),
            ..Sheet::default()
        };
        let value = format!("{} coded bytes, unframed", body.len());
        sheet.add(0..body.len(), "coded picture or sound", value, "verified");
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

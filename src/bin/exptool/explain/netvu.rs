// SPDX-License-Identifier: MPL-2.0
//! A packet of a NetVu recording: its separator, and where its coded bytes stand.

use super::{fields::Sheet, record};
use crate::common::clock::Zone;
use gstexp::container::{
    netvu::{
        audio::AudioHeader,
        picture::{LEN, Order, PictureHeader},
        places::{AUDIO, PICTURE, Place},
        separator,
    },
    reader::Packet,
};

/// The sheet of the packet in `data`.
pub fn sheet(packet: &Packet, data: &[u8], zone: Zone) -> Sheet {
    let mut sheet = Sheet {
        title: record::title(packet),
        ..Sheet::default()
    };
    if let Ok(Some(separator)) = separator::Separator::parse(data, 0)
        && separator.total() == data.len()
    {
        let kind = data.first().copied().unwrap_or(0);
        sheet.add(
            0..1,
            "packet type",
            format!("{kind} {:?}", separator.kind),
            "verified",
        );
        sheet.add(1..2, "channel", separator.channel.to_string(), "verified");
        sheet.add(2..6, "packet size", separator.size.to_string(), "verified");
    }
    for at in [0, separator::LEN] {
        let header = data.get(at..).unwrap_or_default();
        if let Ok(picture) = PictureHeader::parse(header) {
            fields(&mut sheet, at, &PICTURE, header, picture.order);
            let text = at + LEN..at + LEN + picture.text_len;
            sheet.add(text, "text block", "lines of facts".to_owned(), "verified");
            break;
        }
        if let Ok(Some(sound)) = AudioHeader::parse(header) {
            fields(&mut sheet, at, &AUDIO, header, sound.order);
            break;
        }
    }
    if let Some(range) = record::stored(packet).filter(|range| !range.is_empty()) {
        let value = format!("{} coded bytes are handed out", packet.payload.len());
        sheet.add(range, "coded picture or sound", value, "verified");
    }
    if let Some(stamp) = packet.stamp {
        let ns = stamp.unix_ms().saturating_mul(1_000_000);
        sheet
            .notes
            .push(format!("Time: {}, {} local", Zone::utc(ns), zone.local(ns)));
    }
    if let Some(details) = &packet.details {
        let told = [
            ("title", &details.title),
            ("site", &details.site),
            ("alarm", &details.alarm),
        ];
        for (name, value) in told {
            if let Some(value) = value {
                sheet.notes.push(format!("{name}: {value}"));
            }
        }
        for (name, value) in &details.fields {
            sheet.notes.push(format!("{name}: {}", value.trim_end()));
        }
    }
    sheet
}

/// A header's fields, one by one.
fn fields(sheet: &mut Sheet, at: usize, places: &[Place], header: &[u8], order: Order) {
    for place in places {
        let Ok(value) = place.value(header, order) else {
            continue;
        };
        let from = at + place.at;
        sheet.add(from..from + place.length, place.name, value, place.known);
    }
}

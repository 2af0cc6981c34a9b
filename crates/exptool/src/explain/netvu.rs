// SPDX-License-Identifier: MPL-2.0
//! A packet of a NetVu recording: its separator, and where its coded bytes stand.

use super::{fields::Sheet, record};
use crate::common::clock::Zone;
use formats::{
    cursor,
    netvu::{
        audio::AudioHeader,
        picture::{LEN, Order, PictureHeader},
        places::{AUDIO, PICTURE, Place},
        separator,
    },
    reader::{Codec, Packet},
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
        head(&mut sheet, &separator, data);
        let kind = data.first().copied().unwrap_or(0);
        minimal(&mut sheet, kind, data);
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
        let value = format!("{} coded bytes are output", packet.payload.len());
        let known = match packet.stream.codec {
            Codec::Mpeg4 | Codec::Jpeg | Codec::Bmp => "verified",
            // of sound, one rate of ADPCM was seen
            Codec::ImaAdpcm | Codec::PcmS16le if is_seen_sound(data) => "verified",
            _ => "stated",
        };
        sheet.add(range, record::coded_name(packet), value, known);
    }
    if let Some(timestamp) = packet.timestamp {
        let ns = timestamp.unix_ms().saturating_mul(1_000_000);
        sheet.notes.push(format!(
            "Time: {} in UTC (stated), {} by the offset of the stream or the command line",
            Zone::utc(ns),
            zone.local(ns)
        ));
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

/// The six bytes before a packet.
fn head(sheet: &mut Sheet, separator: &separator::Separator, data: &[u8]) {
    let kind = data.first().copied().unwrap_or(0);
    let known = match kind {
        0..=4 | 6 | 9 => "verified",
        _ => "stated",
    };
    sheet.add(
        0..1,
        "packet type",
        format!("{kind} {:?}", separator.kind),
        known,
    );
    sheet.add(1..2, "channel", separator.channel.to_string(), "verified");
    sheet.add(2..6, "packet size", separator.size.to_string(), "verified");
}

/// The sheet of a packet that has neither pictures nor sound, all of which `data` is.
pub fn packet(data: &[u8]) -> Option<Sheet> {
    let separator = separator::Separator::parse(data, 0).ok()??;
    if separator.total() != data.len() {
        return None;
    }
    let mut sheet = Sheet {
        title: format!("packet without picture or sound ({:?})", separator.kind),
        ..Sheet::default()
    };
    head(&mut sheet, &separator, data);
    if data.first() == Some(&9) {
        let at = separator::LEN;
        let text = cursor::text_at(data, at + 1, data.len().saturating_sub(at + 1));
        sheet.add(at..at + 1, "flag", String::new(), "verified");
        sheet.add(at + 1..data.len(), "facts", format!("{text:?}"), "verified");
    }
    sheet.fill_unknown(data.len());
    sheet.take_bytes(data);
    Some(sheet)
}

/// A header's fields, one by one.
fn fields(sheet: &mut Sheet, at: usize, places: &[Place], header: &[u8], order: Order) {
    let old = places.len() == PICTURE.len()
        && places
            .first()
            .and_then(|version| version.number(header, order).ok())
            .is_some_and(|version| version == 0xdeca_de10);
    for place in places {
        let Ok(value) = place.value(header, order) else {
            continue;
        };
        let from = at + place.at;
        let word = match place.name {
            // no capture has the older version, nor a format beyond 3
            _ if old => "stated",
            "format" if place.number(header, order).is_ok_and(|format| format > 3) => "stated",
            _ => place.known,
        };
        sheet.add(from..from + place.length, place.name, value, word);
    }
}

/// The short headers of the minimal form.
fn minimal(sheet: &mut Sheet, kind: u8, data: &[u8]) {
    let known = match kind {
        6 => "verified",
        7 => "stated",
        _ => return,
    };
    let at = separator::LEN;
    let seconds = cursor::u32_be(data, at).unwrap_or(0);
    let millis = cursor::u16_be(data, at + 4).unwrap_or(0);
    sheet.add(at..at + 4, "time", format!("{seconds} s since 1970"), known);
    sheet.add(at + 4..at + 6, "milliseconds", millis.to_string(), known);
    if kind == 7 {
        let mode = cursor::u16_be(data, at + 6).unwrap_or(0);
        sheet.add(at + 6..at + 8, "mode", mode.to_string(), known);
    }
}

/// The sound mode that captures have.
fn is_seen_sound(data: &[u8]) -> bool {
    let header = data.get(separator::LEN..).unwrap_or_default();
    let headers = [data, header];
    headers.iter().any(|header| {
        cursor::u32_be(header, 0) == Ok(0x00ab_cdef) && cursor::u32_be(header, 4) == Ok(5)
    })
}

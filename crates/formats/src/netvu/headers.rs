// SPDX-License-Identifier: MPL-2.0
//! The headers of NetVu packets as tables, and what the bytes of a packet stand for. Numbers are big-endian on the wire (verified);
//! in `.par` files picture and audio headers may be little-endian (stated). What readers make of the values is in
//! [`picture`], [`audio`] and [`separator`](super::separator).

use super::{audio, picture};
use crate::{
    fields::{Bytes, Explained, Header, Status, Text, decode_text, header},
    reader::{Codec, Media, Packet},
};
use std::ops::Range;

header! {
    /// The separator before each packet of a binary or minimal stream.
    pub struct PacketHead: 6 bytes, Big {
        0 kind: u8,    "packet type", Verified, Names(&[
            (0, "JPEG"), (1, "JFIF"), (2, "MPEG-4 I"), (3, "MPEG-4 P"), (4, "ADPCM"), (5, "raw audio"), (6, "minimal MPEG-4"),
            (7, "minimal ADPCM"), (8, "layout"), (9, "info"), (10, "H.264 I"), (11, "H.264 P"), (12, "XML info"), (13, "BMP"),
            (14, "PBM"), (15, "SVARS info"),
        ]);
        1 channel: u8, "channel",     Verified;
        2 size: u32,   "packet size", Verified, Unit("bytes");
    }
}

header! {
    /// The picture header (NetVuImageData).
    pub struct PictureData: 168 bytes, Big {
        0   version: u32,        "version",             Verified, Hex;
        4   mode: i32,           "mode",                Stated;
        8   camera: i32,         "camera",              Verified;
        12  format: i32,         "format",              Verified, Names(&[
            (0, "JPEG 4:2:2"), (1, "JPEG 4:2:0"), (2, "MPEG-4 P"), (3, "MPEG-4 I"), (4, "MPEG-4 GOV, P"), (5, "MPEG-4 GOV, I"),
            (6, "H.264 I"), (7, "H.264 P"),
        ]);
        16  text_size: u32,      "text size",           Verified, Unit("bytes");
        20  size: i32,           "frame size",          Verified, Unit("bytes");
        24  max_size: i32,       "maximum frame size",  Stated, Unit("bytes");
        28  target_size: i32,    "target",              Verified, Unit("bytes, MPEG-4: bit/s");
        32  factor: i32,         "quality factor",      Verified;
        36  detectors: u32,      "active detectors",    Verified, Hex;
        40  status: i32,         "status",              Stated;
        44  seconds: u32,        "time",                Verified, UnixTime("UTC (stated)");
        48  counter: u32,        "millisecond counter", Verified, Unit("ms");
        52  resolution: Text<4>, "resolution",          Verified;
        56  title: Text<31>,     "title",               Verified;
        87  alarm: Text<31>,     "alarm text",          Verified;
        118 input_width: u16,    "input width",         Verified, Unit("px");
        120 input_height: u16,   "input height",        Verified, Unit("px");
        122 width: u16,          "picture width",       Verified, Unit("px");
        124 height: u16,         "picture height",      Verified, Unit("px");
        126 left: u16,           "left offset",         Stated, Unit("px");
        128 top: u16,            "top offset",          Stated, Unit("px");
        130 locale: Text<30>,    "time zone",           Verified;
        160 utc_offset: i32,     "UTC offset",          Verified, Unit("min");
        164 alarms: u32,         "active alarms",       Stated, Hex;
    }
}

header! {
    /// The audio header (NetVuAudioData).
    pub struct AudioData: 28 bytes, Big {
        0  version: u32,   "version",           Verified, Hex;
        4  mode: i32,      "mode",              Verified, Names(&[
            (5, "ADPCM 8 kHz"), (16, "ADPCM 11.025 kHz"), (6, "ADPCM 16 kHz"), (17, "ADPCM 22.05 kHz"), (96, "ADPCM 32 kHz"),
            (97, "ADPCM 44.1 kHz"), (98, "ADPCM 48 kHz"), (100, "PCM 8 kHz"), (101, "PCM 11.025 kHz"), (102, "PCM 16 kHz"),
            (103, "PCM 22.05 kHz"), (104, "PCM 32 kHz"), (11, "PCM 44.1 kHz"), (105, "PCM 48 kHz"),
        ]);
        8  channel: i32,   "channel",           Verified;
        12 extra: i32,     "bytes before block", Stated, Unit("bytes");
        16 size: i32,      "block size",        Verified, Unit("bytes");
        20 seconds: u32,   "time of block end", Verified, UnixTime("UTC (stated)");
        24 millis: u32,    "milliseconds",      Verified, Unit("ms");
    }
}

header! {
    /// The header of a minimal MPEG-4 or H.264 packet.
    pub struct MinimalVideo: 6 bytes, Big {
        0 seconds: u32, "time",         Verified, UnixTime("UTC (stated)");
        4 millis: u16,  "milliseconds", Verified, Unit("ms");
    }
}

header! {
    /// The header of a minimal audio packet.
    pub struct MinimalAudio: 8 bytes, Big {
        0 seconds: u32, "time",         Stated, UnixTime("UTC (stated)");
        4 millis: u16,  "milliseconds", Stated, Unit("ms");
        6 mode: u16,    "mode",         Stated;
    }
}

header! {
    /// The header of a Digital Sprite message.
    pub struct MessageHead: 28 bytes, Big {
        0  magic: Bytes<4>, "magic",      Stated;
        4  length: u32,     "length",     Stated, Unit("bytes behind the magic");
        8  channel: u32,    "channel",    Stated;
        12 sequence: u32,   "sequence",   Stated;
        16 version: u32,    "version",    Stated;
        20 checksum: u32,   "checksum",   Stated, Hex;
        24 kind: u32,       "message type", Stated, Names(&[(6, "image"), (7, "nudge")]);
    }
}

header! {
    /// The first application segment of a JPEG file in a Digital Sprite message.
    pub struct MessageFacts: 106 bytes, Big {
        0   identifier: Bytes<8>, "identifier",     Stated;
        8   size: u32,            "JPEG size",      Stated, Unit("bytes");
        12  sequence: u64,        "sequence",       Stated;
        20  flags: u16,           "time flags",     Stated, Hex;
        22  millis: u16,          "milliseconds",   Stated, Unit("ms");
        24  seconds: u32,         "time",           Stated, UnixTime("UTC (assumed)");
        28  camera: u8,           "camera",         Stated;
        29  status: u8,           "status",         Stated;
        30  activity: Bytes<16>,  "activity",       Stated;
        46  factor: u16,          "quality factor", Stated;
        48  height: u16,          "picture height", Stated, Unit("px");
        50  width: u16,           "picture width",  Stated, Unit("px");
        52  resolution: u16,      "resolution",     Stated;
        54  interlace: u16,       "interlace",      Stated;
        56  mask: u16,            "subheader mask", Stated, Hex;
        58  title: Text<24>,      "title",          Stated;
        82  alarm: Text<24>,      "alarm text",     Stated;
    }
}

/// Packet types that captures show.
const SEEN_TYPES: [u8; 7] = [0, 1, 2, 3, 4, 6, 9];
/// The type of a packet with facts about the stream: a flag, then text.
const INFO: u8 = 9;

/// The packet that `data` is and that has no frame, where it begins with a separator whose size agrees.
pub fn explain_packet(data: &[u8]) -> Option<Vec<Explained>> {
    let head = PacketHead::parse(data).ok()?;
    let size = usize::try_from(head.size).ok()?;
    if data.len().checked_sub(PacketHead::SIZE) != Some(size) {
        return None;
    }
    let mut rows = PacketHead::TABLE.explain(data, 0);
    if !SEEN_TYPES.contains(&head.kind)
        && let Some(kind) = rows.first_mut()
    {
        kind.status = Status::Stated;
    }
    let body = PacketHead::SIZE;
    match head.kind {
        6 => rows.extend(MinimalVideo::TABLE.explain(data, body)),
        7 => rows.extend(MinimalAudio::TABLE.explain(data, body)),
        INFO => {
            let text = body.saturating_add(1)..data.len();
            let facts = format!(
                "{:?}",
                decode_text(data.get(text.clone()).unwrap_or_default())
            );
            rows.push(row(
                body..text.start,
                "flag",
                String::new(),
                Status::Verified,
            ));
            rows.push(row(text, "facts", facts, Status::Verified));
        }
        _ => {}
    }
    Some(rows)
}

/// The packet that `data` is, of any transport; the reader gave `packet` for it.
pub fn explain_frame(packet: &Packet, data: &[u8]) -> Vec<Explained> {
    let mut rows = explain_packet(data).unwrap_or_default();
    let begins = |at: &usize| {
        let word = *data.get(*at..)?.first_chunk()?;
        let picture = picture::order_of(word).map(|order| (*at, order, true));
        picture.or_else(|| audio::order_of(word).map(|order| (*at, order, false)))
    };
    let mut status = Status::Stated;
    match [0, PacketHead::SIZE].iter().find_map(begins) {
        Some((at, order, true)) => {
            let header = data.get(at..).unwrap_or_default();
            let header = PictureData::parse_in(order, header).unwrap_or_default();
            // no capture has the older version, nor a format beyond 3
            let old = header.version & 0xff == 0x10;
            rows.extend(
                PictureData::TABLE
                    .in_order(order)
                    .explain(data, at)
                    .into_iter()
                    .map(|row| {
                        let stated = old || row.name == "format" && header.format > 3;
                        let status = if stated { Status::Stated } else { row.status };
                        Explained { status, ..row }
                    }),
            );
            let text = at.saturating_add(PictureData::SIZE);
            let end = text
                .saturating_add(header.text_size as usize)
                .min(data.len());
            let lines = decode_text(data.get(text..end).unwrap_or_default());
            rows.push(row(
                text..end,
                "text block",
                format!("{lines:?}"),
                Status::Verified,
            ));
        }
        Some((at, order, false)) => {
            rows.extend(AudioData::TABLE.in_order(order).explain(data, at));
            let header = data.get(at..).unwrap_or_default();
            let header = AudioData::parse_in(order, header).unwrap_or_default();
            // of audio, one mode of ADPCM was seen
            if header.mode == 5 {
                status = Status::Verified;
            }
            let extra = usize::try_from(header.extra).unwrap_or(0);
            let start = at.saturating_add(AudioData::SIZE).saturating_add(extra);
            let end = start.saturating_add(usize::try_from(header.size).unwrap_or(0));
            let value = format!("decoded to {} bytes", packet.payload.len());
            if packet.payload.range().is_none() {
                rows.push(row(start..end, "coded audio", value, status));
            }
        }
        None => rows.extend(explain_part_head(packet, data)),
    }
    let codec = packet.stream.codec;
    if matches!(codec, Codec::Mpeg4 | Codec::Jpeg | Codec::Bmp) {
        status = Status::Verified;
    }
    let name = match codec.media() {
        Media::Video => "coded frame",
        _ => "coded audio",
    };
    if let Some(stored) = packet.payload.range() {
        let value = format!("{} coded bytes are output", packet.payload.len());
        rows.push(row(stored, name, value, status));
    }
    rows
}

/// The lines between a boundary of MIME and the frame.
fn explain_part_head(packet: &Packet, data: &[u8]) -> Option<Explained> {
    let head = 0..packet.payload.range()?.start;
    let text = data.get(head.clone())?;
    let lines = String::from_utf8_lossy(text);
    let value = format!("{:?}", lines.trim());
    text.trim_ascii_start()
        .starts_with(b"--")
        .then(|| row(head, "MIME part header", value, Status::Verified))
}

fn row(at: Range<usize>, name: &str, value: String, status: Status) -> Explained {
    Explained {
        at: at.start,
        length: at.len(),
        name: name.to_owned(),
        value,
        status,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fields::tests::check_header;

    #[test]
    fn headers_are_written_as_they_were_read() {
        check_header::<PacketHead>();
        check_header::<PictureData>();
        check_header::<AudioData>();
        check_header::<MinimalVideo>();
        check_header::<MinimalAudio>();
        check_header::<MessageHead>();
        check_header::<MessageFacts>();
    }

    #[test]
    fn fields_of_a_real_header() {
        let bytes = picture::tests::vector();
        let header = PictureData::parse(&bytes).unwrap();
        assert_eq!(
            (header.version, header.size, header.max_size),
            (0xdeca_de11, 16_894, 49_160)
        );
        let rows = PictureData::TABLE.explain(&bytes, 0);
        let value = |name: &str| {
            rows.iter()
                .find(|row| row.name == name)
                .unwrap()
                .value
                .clone()
        };
        assert_eq!(value("version"), "0xdecade11");
        assert_eq!(value("frame size"), "16894 bytes");
        assert_eq!(
            value("time"),
            "1226321504 s = 2008-11-10T12:51:44Z UTC (stated)"
        );
        assert_eq!(value("title"), "\"Camera 1\"");
    }
}

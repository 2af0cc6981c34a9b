// SPDX-License-Identifier: MPL-2.0
//! NetVu bytes made from nothing: packets, parts and partitions for tests that need no capture.

#[cfg(feature = "gst")]
pub mod run;
pub mod server;

use formats::netvu::{Kind, open};
use formats::reader::{Step, Window};

/// What a made picture is.
#[derive(Clone)]
pub struct Made {
    /// Camera, from 1.
    pub camera: i32,
    /// 0, 1 JPEG, 2 MPEG-4 P, 3 MPEG-4 I, 6 H.264.
    pub format: i32,
    /// Unix milliseconds.
    pub unix_ms: u64,
    /// Coded bytes.
    pub payload: Vec<u8>,
    /// Text block.
    pub text: Vec<u8>,
    /// Title and alarm text.
    pub title: &'static str,
    pub alarm: &'static str,
    /// Width and height.
    pub size: (u16, u16),
}

impl Default for Made {
    fn default() -> Self {
        Made {
            camera: 1,
            format: 3,
            unix_ms: 1_700_000_000_250,
            payload: vop(true, 100, 7),
            text: b"Site-Id: BENCH\r\nFrameNum: 00000001\r\n\0".to_vec(),
            title: "Yard",
            alarm: "",
            size: (352, 256),
        }
    }
}

/// Bytes that begin like an MPEG-4 picture and hold no start code or magic word after it.
pub fn vop(key: bool, size: usize, seed: u64) -> Vec<u8> {
    let mut bytes = vec![0, 0, 1, 0xb6, if key { 0x10 } else { 0x50 }];
    let mut state = seed | 1;
    while bytes.len() < size.max(12) {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        bytes.push(((state >> 33) as u8 & 0x7f) | 1);
    }
    bytes
}

/// Bytes that could be the coded part of a JPEG file.
pub fn scan(size: usize, seed: u64) -> Vec<u8> {
    vop(true, size + 5, seed)[5..].to_vec()
}

impl Made {
    /// Picture header, text and payload, big-endian.
    pub fn record(&self) -> Vec<u8> {
        let mut out = vec![0; 168];
        let mut put = |at: usize, value: u32| out[at..at + 4].copy_from_slice(&value.to_be_bytes());
        put(0, 0xdeca_de11);
        put(4, 1);
        put(8, self.camera as u32);
        put(12, self.format as u32);
        put(16, self.text.len() as u32);
        put(20, self.payload.len() as u32);
        put(24, 131_072);
        put(28, 92_160);
        put(32, 40);
        put(44, (self.unix_ms / 1000) as u32);
        // the counter that runs since the unit started
        put(48, (self.unix_ms % 4_000_000) as u32);
        put(160, 60);
        out[52..55].copy_from_slice(b"MED");
        out[56..56 + self.title.len()].copy_from_slice(self.title.as_bytes());
        out[87..87 + self.alarm.len()].copy_from_slice(self.alarm.as_bytes());
        for (at, value) in [
            (118, 720),
            (120, 576),
            (122, self.size.0),
            (124, self.size.1),
        ] {
            out[at..at + 2].copy_from_slice(&value.to_be_bytes());
        }
        out[130..133].copy_from_slice(b"BST");
        out.extend(&self.text);
        out.extend(&self.payload);
        out
    }

    /// The record behind a separator.
    pub fn packet(&self) -> Vec<u8> {
        let kind = match self.format {
            0 | 1 => 0,
            3 | 5 => 2,
            6 => 10,
            7 => 11,
            _ => 3,
        };
        packet(kind, (self.camera - 1) as u8, &self.record())
    }
}

/// A separator and what follows it.
pub fn packet(kind: u8, channel: u8, body: &[u8]) -> Vec<u8> {
    let mut out = vec![kind, channel];
    out.extend((body.len() as u32).to_be_bytes());
    out.extend(body);
    out
}

/// The numbers of a record's header turned to little-endian.
pub fn little(record: &[u8]) -> Vec<u8> {
    let mut out = record.to_vec();
    if out.starts_with(&[0, 0xab, 0xcd, 0xef]) {
        for at in (0..28).step_by(4) {
            out[at..at + 4].reverse();
        }
        return out;
    }
    for at in (0..52).step_by(4).chain([160, 164]) {
        out[at..at + 4].reverse();
    }
    for at in (118..130).step_by(2) {
        out[at..at + 2].reverse();
    }
    out
}

/// A audio header and an ADPCM block of so many bytes.
pub fn audio(unix_ms: u64, block: usize) -> Vec<u8> {
    let mut out = Vec::new();
    for value in [
        0x00ab_cdef,
        5,
        2,
        0,
        block as u32,
        (unix_ms / 1000) as u32,
        (unix_ms % 1000) as u32,
    ] {
        out.extend(value.to_be_bytes());
    }
    out.extend([0xff, 0xf7, 0x29, 0]);
    out.extend(std::iter::repeat_n(0x6d, block - 4));
    out
}

/// A part of a MIME stream.
pub fn part(kind: &str, body: &[u8]) -> Vec<u8> {
    let mut out = format!(
        "\n--0plm(NetVu-Connected:Server-Push:Boundary-String)1qaz\nHTTP/1.0 200 Document follows\r\nServer: ADH-Web\r\n\
         Content-type: {kind}\r\nContent-length: {:06}\r\n\r\n",
        body.len()
    )
    .into_bytes();
    out.extend(body);
    out
}

/// A Digital Sprite picture message, put together by the stated layout.
pub fn sprite(camera: u8, unix_ms: u64) -> Vec<u8> {
    let mut segment = b"DigiSpr\0".to_vec();
    segment.extend([0; 12]);
    segment.extend([0, 0]);
    segment.extend(((unix_ms % 1000) as u16).to_be_bytes());
    segment.extend(((unix_ms / 1000) as u32).to_be_bytes());
    segment.extend([camera, 1]);
    segment.extend([0; 28]);
    segment.extend(b"Shop");
    segment.resize(106, 0);
    let mut jpeg = vec![0xff, 0xd8, 0xff, 0xe0];
    jpeg.extend((segment.len() as u16 + 2).to_be_bytes());
    jpeg.extend(segment);
    jpeg.extend([0xff, 0xc0, 0, 11, 8, 1, 0, 2, 0xc0, 1, 1, 0x11, 0]);
    jpeg.extend([0xff, 0xda, 0, 8, 1, 1, 0, 0, 63, 0]);
    jpeg.extend(scan(80, 3));
    jpeg.extend([0xff, 0xd9]);
    let mut out = vec![0xfa, 0xce, 0xd0, 0xff];
    out.extend((24 + jpeg.len() as u32).to_be_bytes());
    out.extend([0; 16]);
    out.extend(6u32.to_be_bytes());
    out.extend(jpeg);
    out
}

/// A minimal packet of channel 1.
pub fn minimal(unix_ms: u64, payload: &[u8]) -> Vec<u8> {
    let mut body = ((unix_ms / 1000) as u32).to_be_bytes().to_vec();
    body.extend(((unix_ms % 1000) as u16).to_be_bytes());
    body.extend(payload);
    packet(6, 1, &body)
}

/// What a unit writes behind an MPEG-4 picture.
pub const TRAILER: &str = "Version: 00.02\r\nNumber: 3\r\nName: Gate\r\nDate: 05/12/2008\r\nTime: 11:43:37\r\nMSec: 921\r\nLocale: GMT\r\nUTCoffset: 0\r\nFrameNum: 00000001\r\n";

/// A short stream of each form, in the order binary, MIME, raw, Digital Sprite, partition.
pub fn one_of_each() -> [Vec<u8>; 5] {
    let picture = |number: u64| Made {
        payload: vop(number == 0, 60, number),
        unix_ms: 1_700_000_000_000 + 40 * number,
        ..Made::default()
    };
    let jpeg = Made {
        format: 1,
        payload: scan(60, 5),
        alarm: "DOOR",
        ..Made::default()
    };
    let binary = [
        packet(9, 0, b"\0CAM 1:Yard;IMAGESIZE 0,0:352,256;"),
        picture(0).packet(),
        packet(4, 1, &audio(1_700_000_000_000, 60)),
        jpeg.packet(),
        minimal(1_700_000_000_040, &vop(false, 60, 9)),
        packet(14, 0, b"P4\n#RLE zone\n16 2\n\x04\xf0"),
        packet(0x30, 0, b"unknown"),
        picture(1).packet(),
    ];
    let mime = [
        part("audio/adpcm; rate=8000", &audio(0, 60)[28..]),
        part("image/admp4; xres=352; yres=256", &vop(true, 60, 1)),
        part("text/plain", TRAILER.as_bytes()),
        part("image/jpeg", &sprite(1, 0)[28..]),
        part("text/plian", b"x"),
    ];
    let raw = [jpeg.record(), jpeg.record()];
    let messages = [sprite(1, 1_700_000_000_000), sprite(2, 1_700_000_000_040)];
    let partition = [
        b"PAR\0".to_vec(),
        vec![0x5a; 300],
        picture(0).record(),
        little(&jpeg.record()),
        little(&audio(1_700_000_000_000, 60)),
    ];
    [
        binary.concat(),
        mime.concat(),
        raw.concat(),
        messages.concat(),
        partition.concat(),
    ]
}

/// Bytes without a pattern, always the same for a seed; no two zeros, FF or DE in a row, so that no start code or magic word is
/// in them by chance.
pub fn noise(size: usize, seed: u64) -> Vec<u8> {
    let mut state = seed | 1;
    let byte = |_| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        match (state >> 24) as u8 {
            0 | 0xff | 0xde => 0x5a,
            byte => byte,
        }
    };
    (0..size).map(byte).collect()
}

/// A small JPEG file that is whole as far as its markers tell.
pub fn jpeg_file(size: usize, seed: u64) -> Vec<u8> {
    let mut jpeg = vec![0xff, 0xd8, 0xff, 0xe0, 0, 16];
    jpeg.extend(b"JFIF\0\x01\x02\x02\0\x32\0\x19\0\0");
    jpeg.extend([0xff, 0xc0, 0, 11, 8, 1, 0, 2, 0xc0, 1, 1, 0x11, 0]);
    jpeg.extend([0xff, 0xda, 0, 8, 1, 1, 0, 0, 63, 0]);
    jpeg.extend(scan(size, seed));
    // a stuffed FF and a restart marker belong to the scan
    jpeg.extend([0xff, 0, 0xff, 0xd3, 7]);
    jpeg.extend([0xff, 0xd9]);
    jpeg
}

/// Reads all of `data` with a reader of that form, first in windows that grow by `grow` bytes at a time (0 = all at once), and
/// gives each step with its offset and window to `see`.
///
/// Returns the offset that was reached. A reader that makes no progress breaks its promise, which is `None`.
pub fn read_all(
    kind: Kind,
    data: &[u8],
    grow: usize,
    mut see: impl FnMut(u64, &[u8], &Step),
) -> Option<usize> {
    let mut reader = open(kind);
    let (mut at, mut end, mut idle) = (0usize, 0usize, 0u32);
    loop {
        let start = at.min(data.len());
        end = match grow {
            0 => data.len(),
            _ => end.clamp(start, data.len()),
        };
        let window = Window {
            offset: at as u64,
            data: data.get(start..end).unwrap_or_default(),
            last: end == data.len(),
            unread: None,
        };
        let step = reader.next(&window);
        see(window.offset, window.data, &step);
        let taken = match &step {
            Step::Need(bytes) if *bytes > window.data.len() && !window.last => {
                end = end
                    .saturating_add(grow.max(1))
                    .max(start.saturating_add(if grow > 1 { *bytes } else { 0 }));
                continue;
            }
            Step::Need(_) | Step::Peek { .. } => return None,
            Step::Skip(bytes) => usize::try_from(*bytes).unwrap_or(usize::MAX),
            Step::Packet(packet) => packet.size,
            Step::Damaged(damage) => damage.length,
            Step::Cut(bytes) => *bytes,
            Step::End => return Some(at),
        };
        // A text may come before its picture, and takes nothing; two in a row would be one too many.
        idle = if taken == 0 {
            idle.saturating_add(1)
        } else {
            0
        };
        if idle > 1 {
            return None;
        }
        at = at.saturating_add(taken);
    }
}

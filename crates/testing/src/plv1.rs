// SPDX-License-Identifier: MPL-2.0
//! Makes AVI exports as the DX4500 writes them (FourCC `PLV1`), from the table of verified fields alone.

use super::make::Coded;

/// Slots of the timeline in a second: 30000/1001.
pub const SLOTS: (u32, u32) = (30_000, 1001);

/// The audio track of an AVI: format tag, rate, bits of a sample, bytes of a block.
#[derive(Clone, Copy, Debug)]
pub struct Wave {
    pub tag: u16,
    pub rate: u32,
    pub bits: u16,
    pub align: u16,
}

/// Puts an AVI together.
pub struct Avi {
    width: u16,
    height: u16,
    fourcc: [u8; 4],
    wave: Option<Wave>,
    movi: Vec<u8>,
    slots: u32,
    number: u32,
}

impl Avi {
    pub fn new(width: u16, height: u16) -> Avi {
        Avi {
            width,
            height,
            fourcc: *b"PLV1",
            wave: None,
            movi: Vec::new(),
            slots: 0,
            number: 0,
        }
    }

    /// Says another codec than PLV1.
    pub fn fourcc(mut self, fourcc: &[u8; 4]) -> Avi {
        self.fourcc = *fourcc;
        self
    }

    pub fn wave(mut self, wave: Wave) -> Avi {
        self.wave = Some(wave);
        self
    }

    /// A framed picture; the coded bytes of a keyframe begin at `prefix` (88 or 96 in real files).
    pub fn picture(&mut self, seconds: u32, coded: &Coded, prefix: usize) {
        let mut record = (0x1234_5678 ^ self.number).to_le_bytes().to_vec();
        record.extend(seconds.to_le_bytes());
        record.extend([
            7,
            self.number as u8 & 0x7f,
            9,
            if coded.key { 6 } else { 4 },
        ]);
        let length = coded.bytes.len() as u32;
        if coded.key {
            record.extend((12..prefix - 8).map(|at| (at * 5) as u8 & 0x3f));
            let mut rest = length.to_le_bytes().to_vec();
            rest.extend(0x5eed_f00d_u32.to_le_bytes());
            rest.extend(&coded.bytes);
            for group in rest.chunks(4) {
                record.extend(group.iter().rev());
            }
        } else {
            record.extend([1, 2, 3, 4]);
            record.extend(length.to_le_bytes());
            record.extend([5, 6, 7, 8]);
            record.extend(&coded.bytes);
        }
        self.slot(coded.key, &record);
    }

    /// A picture without a record around it.
    pub fn plain(&mut self, coded: &Coded) {
        let bytes = coded.bytes.clone();
        self.slot(coded.key, &bytes);
    }

    /// Slots without a picture.
    pub fn padding(&mut self, slots: u32) {
        for n in 0..slots {
            self.slot(false, &[0; 4][..if n % 2 == 0 { 4 } else { 0 }]);
        }
    }

    pub fn audio(&mut self, bytes: &[u8]) {
        chunk(&mut self.movi, b"01wb", bytes);
    }

    fn slot(&mut self, key: bool, bytes: &[u8]) {
        self.number += 1;
        self.slots += 1;
        chunk(&mut self.movi, if key { b"00db" } else { b"00dc" }, bytes);
    }

    pub fn finish(self) -> Vec<u8> {
        let (width, height) = (u32::from(self.width), u32::from(self.height));
        let tracks = 1 + u32::from(self.wave.is_some());
        let mut main = Vec::new();
        for word in [
            33_367, 0, 0, 16, self.slots, 0, tracks, 65_536, width, height,
        ] {
            main.extend(u32::to_le_bytes(word));
        }
        main.resize(56, 0);
        let mut headers = Vec::new();
        chunk(&mut headers, b"avih", &main);
        let track = self.video_track(width, height);
        list(&mut headers, b"strl", &track);
        if let Some(wave) = &self.wave {
            list(&mut headers, b"strl", &audio_track(wave));
        }
        let mut body = b"AVI ".to_vec();
        list(&mut body, b"hdrl", &headers);
        list(&mut body, b"movi", &self.movi);
        let mut file = Vec::new();
        chunk(&mut file, b"RIFF", &body);
        file
    }

    fn video_track(&self, width: u32, height: u32) -> Vec<u8> {
        let mut header = b"vids".to_vec();
        header.extend(self.fourcc);
        header.resize(20, 0);
        header.extend(SLOTS.1.to_le_bytes());
        header.extend(SLOTS.0.to_le_bytes());
        header.extend(0_u32.to_le_bytes());
        header.extend(self.slots.to_le_bytes());
        header.resize(56, 0);
        let mut format = 40_u32.to_le_bytes().to_vec();
        format.extend(width.to_le_bytes());
        format.extend(height.to_le_bytes());
        format.extend([1, 0, 24, 0]);
        format.extend(self.fourcc);
        format.resize(40, 0);
        let mut track = Vec::new();
        chunk(&mut track, b"strh", &header);
        chunk(&mut track, b"strf", &format);
        track
    }
}

fn audio_track(wave: &Wave) -> Vec<u8> {
    let bytes = wave.rate * u32::from(wave.bits) / 8;
    let mut header = b"auds".to_vec();
    header.resize(20, 0);
    header.extend(u32::from(wave.align).to_le_bytes());
    header.extend(bytes.to_le_bytes());
    header.resize(44, 0);
    header.extend(u32::from(wave.align).to_le_bytes());
    header.resize(56, 0);
    let mut format = wave.tag.to_le_bytes().to_vec();
    format.extend(1_u16.to_le_bytes());
    format.extend(wave.rate.to_le_bytes());
    format.extend(bytes.to_le_bytes());
    format.extend(wave.align.to_le_bytes());
    format.extend(wave.bits.to_le_bytes());
    if wave.tag == 0x11 {
        format.extend(2_u16.to_le_bytes());
        format.extend(((wave.align - 4) * 2 + 1).to_le_bytes());
    }
    let mut track = Vec::new();
    chunk(&mut track, b"strh", &header);
    chunk(&mut track, b"strf", &format);
    track
}

fn chunk(out: &mut Vec<u8>, id: &[u8; 4], bytes: &[u8]) {
    out.extend(id);
    out.extend((bytes.len() as u32).to_le_bytes());
    out.extend(bytes);
    out.resize(out.len().next_multiple_of(2), 0);
}

fn list(out: &mut Vec<u8>, kind: &[u8; 4], bytes: &[u8]) {
    let mut inner = kind.to_vec();
    inner.extend(bytes);
    chunk(out, b"LIST", &inner);
}

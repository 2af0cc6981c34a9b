// SPDX-License-Identifier: MPL-2.0
//! The headers of an AVI file as tables. All integers are little-endian.
//!
//! The meaning of the fields is stated by Microsoft's AVI RIFF File Reference and by the structures it names
//! (`AVIMAINHEADER`, `AVISTREAMHEADER`, `BITMAPINFOHEADER`, `WAVEFORMATEX`, `AVIOLDINDEX`), of OpenDML's indexes by OpenDML AVI File
//! Format Extensions 1.02. Verified are those that PLV1 exports were seen to fill in as stated.

use crate::fields::{Bytes, Text, header};

header! {
    /// What every chunk begins with.
    pub struct ChunkHead: 8 bytes, Little {
        0 id: Text<4>, "AVI chunk",  Verified;
        4 size: u32,   "chunk size", Verified, Unit("bytes");
    }
}

header! {
    /// What a chunk that holds other chunks begins with.
    pub struct ListHead: 12 bytes, Little {
        0 id: Text<4>,   "AVI list",  Verified;
        4 size: u32,     "list size", Verified, Unit("bytes");
        8 kind: Text<4>, "list type", Verified;
    }
}

header! {
    /// `avih`, the file's header.
    pub struct MainHeader: 56 bytes, Little {
        0  slot_us: u32,        "slot length",         Stated, Unit("µs");
        4  max_rate: u32,       "maximum data rate",   Stated, Unit("bytes/s");
        8  alignment: u32,      "padding granularity", Stated, Unit("bytes");
        12 flags: u32,          "flags",               Stated, Flags(&[
            (0x10, "has an index"), (0x20, "index gives the order"), (0x100, "interleaved"), (0x800, "key chunks are marked"),
            (0x1_0000, "written in place"), (0x2_0000, "copyrighted"),
        ]);
        16 slots: u32,          "slots",               Stated;
        20 initial: u32,        "initial slots",       Stated;
        24 streams: u32,        "streams",             Stated;
        28 buffer: u32,         "suggested buffer",    Stated, Unit("bytes");
        32 width: u32,          "width",               Stated, Unit("px");
        36 height: u32,         "height",              Stated, Unit("px");
        40 reserved: Bytes<16>, "reserved",            Stated;
    }
}

header! {
    /// `strh`, the header of a stream.
    pub struct StreamHeader: 56 bytes, Little {
        0  kind: Text<4>,    "stream type",      Verified;
        4  handler: Text<4>, "codec",            Verified;
        8  flags: u32,       "flags",            Stated, Flags(&[(1, "disabled"), (0x1_0000, "palette changes")]);
        12 priority: u16,    "priority",         Stated;
        14 language: u16,    "language",         Stated;
        16 initial: u32,     "initial slots",    Stated;
        20 scale: u32,       "rate divisor",     Verified;
        24 rate: u32,        "rate",             Verified;
        28 start: u32,       "start",            Stated, Unit("slots");
        32 length: u32,      "length",           Stated, Unit("slots");
        36 buffer: u32,      "suggested buffer", Stated, Unit("bytes");
        40 quality: i32,     "quality",          Stated;
        44 sample_size: u32, "sample size",      Stated, Unit("bytes");
        48 left: i16,        "left",             Stated, Unit("px");
        50 top: i16,         "top",              Stated, Unit("px");
        52 right: i16,       "right",            Stated, Unit("px");
        54 bottom: i16,      "bottom",           Stated, Unit("px");
    }
}

header! {
    /// `strf` of a video stream (`BITMAPINFOHEADER`).
    pub struct VideoFormat: 40 bytes, Little {
        0  size: u32,             "header size",           Stated, Unit("bytes");
        4  width: i32,            "picture width",         Verified, Unit("px");
        8  height: i32,           "picture height",        Verified, Unit("px");
        12 planes: u16,           "planes",                Stated;
        14 depth: u16,            "depth",                 Stated, Unit("bits/px");
        16 compression: Text<4>,  "codec",                 Verified;
        20 image_size: u32,       "picture size",          Stated, Unit("bytes");
        24 x_density: i32,        "horizontal resolution", Stated, Unit("px/m");
        28 y_density: i32,        "vertical resolution",   Stated, Unit("px/m");
        32 colours: u32,          "colours used",          Stated;
        36 important: u32,        "important colours",     Stated;
    }
}

header! {
    /// `strf` of an audio stream (`PCMWAVEFORMAT`, which `WAVEFORMATEX` begins with).
    pub struct WaveFormat: 16 bytes, Little {
        0  tag: u16,         "audio format", Stated, Names(&[
            (1, "PCM"), (2, "MS ADPCM"), (6, "A-law"), (7, "mu-law"), (0x11, "IMA ADPCM"), (0x55, "MP3"),
        ]);
        2  channels: u16,    "channels",     Stated;
        4  rate: u32,        "sample rate",  Stated, Unit("Hz");
        8  byte_rate: u32,   "data rate",    Stated, Unit("bytes/s");
        12 block_align: u16, "block size",   Stated, Unit("bytes");
        14 bits: u16,        "sample depth", Stated, Unit("bits");
    }
}

header! {
    /// An entry of `idx1`.
    pub struct Idx1Entry: 16 bytes, Little {
        0  id: Text<4>,  "chunk",        Stated;
        4  flags: u32,   "flags",        Stated, Flags(&[(1, "list"), (0x10, "keyframe"), (0x100, "takes no time")]);
        8  offset: u32,  "chunk offset", Stated, Unit("bytes after movi, or in the file");
        12 size: u32,    "chunk size",   Stated, Unit("bytes");
    }
}

header! {
    /// What `indx` begins with behind its chunk's head: the list of a stream's `ix##` chunks.
    pub struct SuperIndex: 24 bytes, Little {
        0  words: u16,          "entry length",  Stated, Unit("words of 4 bytes");
        2  sub_type: u8,        "index subtype", Stated;
        3  kind: u8,            "index type",    Stated, Names(&[(0, "index of indexes"), (1, "index of chunks")]);
        4  count: u32,          "entries",       Stated;
        8  id: Text<4>,         "chunks",        Stated;
        12 reserved: Bytes<12>, "reserved",      Stated;
    }
}

header! {
    /// An entry of `indx`.
    pub struct SuperIndexEntry: 16 bytes, Little {
        0  offset: u64, "index offset", Stated;
        8  size: u32,   "index size",   Stated, Unit("bytes");
        12 slots: u32,  "duration",     Stated, Unit("slots");
    }
}

header! {
    /// What an `ix##` chunk begins with behind its head: a list of a stream's chunks.
    pub struct StandardIndex: 24 bytes, Little {
        0  words: u16,         "entry length",  Stated, Unit("words of 4 bytes");
        2  sub_type: u8,       "index subtype", Stated;
        3  kind: u8,           "index type",    Stated, Names(&[(0, "index of indexes"), (1, "index of chunks")]);
        4  count: u32,         "entries",       Stated;
        8  id: Text<4>,        "chunks",        Stated;
        12 base: u64,          "base offset",   Stated;
        20 reserved: Bytes<4>, "reserved",      Stated;
    }
}

header! {
    /// An entry of an `ix##` chunk.
    pub struct StandardIndexEntry: 8 bytes, Little {
        0 offset: u32, "chunk body",          Stated, Unit("bytes after the base offset");
        4 size: u32,   "chunk size and kind", Stated, Flags(&[(0x8000_0000, "not a keyframe")]);
    }
}

impl Idx1Entry {
    /// It is of a keyframe.
    pub fn is_key(&self) -> bool {
        self.flags & 0x10 != 0
    }
}

impl SuperIndex {
    /// Its entries are of `ix##` chunks.
    pub fn lists_indexes(&self) -> bool {
        (self.words, self.kind) == (4, 0)
    }
}

impl StandardIndex {
    /// Its entries are of chunks.
    pub fn lists_chunks(&self) -> bool {
        (self.words, self.sub_type, self.kind) == (2, 0, 1)
    }
}

impl StandardIndexEntry {
    /// Bytes of the chunk.
    pub fn bytes(&self) -> u32 {
        self.size & !0x8000_0000
    }

    /// It is of a keyframe.
    pub fn is_key(&self) -> bool {
        self.size & 0x8000_0000 == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fields::tests::check_header;

    #[test]
    fn headers_are_written_as_they_were_read() {
        check_header::<ChunkHead>();
        check_header::<ListHead>();
        check_header::<MainHeader>();
        check_header::<StreamHeader>();
        check_header::<VideoFormat>();
        check_header::<WaveFormat>();
        check_header::<Idx1Entry>();
        check_header::<SuperIndex>();
        check_header::<SuperIndexEntry>();
        check_header::<StandardIndex>();
        check_header::<StandardIndexEntry>();
    }
}

// SPDX-License-Identifier: MPL-2.0
//! The headers of an AVI file as tables. All integers are little-endian.
//!
//! The meaning of the fields is stated by Microsoft's AVI RIFF File Reference and by the structures it names
//! (`AVIMAINHEADER`, `AVISTREAMHEADER`, `BITMAPINFOHEADER`, `WAVEFORMATEX`). Verified are those that PLV1 exports were seen to
//! fill in as stated.

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
    pub struct SoundFormat: 16 bytes, Little {
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
        check_header::<SoundFormat>();
    }
}

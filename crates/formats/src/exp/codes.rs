// SPDX-License-Identifier: MPL-2.0
//! What the numbers in records of the reference layout stand for. Readers and writer share these tables.

use crate::reader::{Codec, Mode, Standard};

/// Sampling rates of audio records, by their number (assumed).
pub const AUDIO_RATES: [u32; 7] = [8000, 11_025, 16_000, 22_050, 32_000, 44_100, 48_000];

/// Codecs of audio records, by their number (assumed); number 0 is none.
pub const AUDIO_CODECS: [Option<Codec>; 5] = [
    None,
    Some(Codec::PcmS16le),
    Some(Codec::MuLaw),
    Some(Codec::ALaw),
    Some(Codec::ImaAdpcm),
];

/// Recording modes, by their number (assumed).
pub const MODES: [Mode; 7] = [
    Mode::Unknown,
    Mode::Continuous,
    Mode::Motion,
    Mode::Alarm,
    Mode::Instant,
    Mode::PreAlarm,
    Mode::Schedule,
];

/// Television standards of the file header, by their number (assumed).
pub const STANDARDS: [Standard; 3] = [Standard::Unknown, Standard::Ntsc, Standard::Pal];

/// Kinds of records, for people: 4 and 6 verified, 1 assumed. What a layout calls them is in its `kind`.
pub const KIND_NAMES: &[(u64, &str)] = &[(1, "audio"), (4, "P frame"), (6, "keyframe")];

/// The number of a value in one of these tables, 0 where it has none.
pub fn number_of<T: PartialEq>(table: &[T], value: &T) -> u8 {
    let found = table.iter().position(|known| known == value);
    found
        .and_then(|number| u8::try_from(number).ok())
        .unwrap_or(0)
}

// SPDX-License-Identifier: MPL-2.0
//! What the numbers in records of the reference layout stand for. Readers and writer share these tables.

use crate::reader::{Codec, Mode};

/// Sampling rates of sound records, by their number (assumed).
pub const AUDIO_RATES: [u32; 7] = [8000, 11_025, 16_000, 22_050, 32_000, 44_100, 48_000];

/// Codecs of sound records, by their number (assumed); number 0 is none.
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

// SPDX-License-Identifier: MPL-2.0
//! What every container reader is: bytes in, [`Step`] out.
//!
//! A reader never reads by itself. It is shown a [`Window`] of the file and says what is at its start. The same reader
//! therefore serves pull mode, push mode, the command line tools and the fuzzer.

use std::ops::Range;

/// No size field is believed beyond this many bytes for one record (assumed; the largest real one seen has 70,668).
pub const MAX_RECORD: usize = 16 << 20;

/// Milliseconds for which a text is shown. What holds longer is reported again.
pub const TEXT_MILLIS: i64 = 1000;

/// A part of the file.
#[derive(Clone, Copy, Debug)]
pub struct Window<'a> {
    /// Offset in the file of the first byte of `data`.
    pub offset: u64,
    /// The bytes. A reader looks at their start.
    pub data: &'a [u8],
    /// No bytes follow `data`: the file ends there (or the stream did).
    pub last: bool,
    /// What nobody wants to see of the file behind `data`; `None` where all is wanted. A reader that knows a frame from its first
    /// bytes may output a packet that ends in it; its payload then reaches beyond `data`. Never with `last`.
    pub unread: Option<Unread<'a>>,
}

/// The bytes of the file behind a window's data, of which a reader asks for as few as it can do with.
#[derive(Clone, Copy, Debug)]
pub struct Unread<'a> {
    /// How many there are.
    pub bytes: u64,
    /// Some of them that the reader asked for by [`Step::Peek`], and their place from the window's start.
    pub shown: Option<(usize, &'a [u8])>,
}

impl<'a> Window<'a> {
    /// Whether a record of this many bytes ends in what is shown or in what nobody wants to see.
    pub fn holds(&self, bytes: usize) -> bool {
        bytes as u64 <= (self.data.len() as u64).saturating_add(self.bytes_unread())
    }

    /// Bytes of the file behind `data` that nobody wants to see.
    pub fn bytes_unread(&self) -> u64 {
        self.unread.map_or(0, |unread| unread.bytes)
    }

    /// The same window without its first `n` bytes.
    pub fn skip(&self, n: usize) -> Window<'a> {
        let n = n.min(self.data.len());
        let shown = |(at, bytes): (usize, &'a [u8])| Some((at.checked_sub(n)?, bytes));
        Window {
            offset: self.offset.saturating_add(n as u64),
            data: self.data.get(n..).unwrap_or_default(),
            last: self.last,
            unread: self.unread.map(|unread| Unread {
                shown: unread.shown.and_then(shown),
                ..unread
            }),
        }
    }

    /// What is shown from byte `at` on, which may be behind bytes that nobody wants to see. [`Window::ask`] asks for more of it.
    pub fn behind(&self, at: usize) -> Window<'a> {
        let here = self.data.get(at..).unwrap_or_default();
        let peeked = self.unread.and_then(|unread| {
            let (from, bytes) = unread.shown?;
            bytes.get(at.checked_sub(from)?..)
        });
        let data = peeked
            .filter(|peeked| peeked.len() > here.len())
            .unwrap_or(here);
        let end = (self.data.len() as u64).saturating_add(self.bytes_unread());
        let bytes = end.saturating_sub(at.saturating_add(data.len()) as u64);
        Window {
            offset: self.offset.saturating_add(at as u64),
            data,
            last: self.last || self.unread.is_some() && bytes == 0,
            unread: self
                .unread
                .filter(|_| bytes > 0)
                .map(|_| Unread { bytes, shown: None }),
        }
    }

    /// Asks for `bytes` bytes, of which those before `at` need not be seen beyond what is.
    pub fn ask(&self, at: usize, bytes: usize) -> Ask {
        match self.unread {
            Some(_) if at > self.data.len() => Ask::Peek {
                at,
                bytes: bytes.saturating_sub(at).max(1),
            },
            _ => Ask::Need(bytes),
        }
    }
}

/// What must be seen before anything can be decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ask {
    /// See [`Step::Need`].
    Need(usize),
    /// See [`Step::Peek`].
    Peek {
        /// Where they are, from the window's start.
        at: usize,
        /// How many, at least 1.
        bytes: usize,
    },
}

impl From<Ask> for Step {
    fn from(ask: Ask) -> Step {
        match ask {
            Ask::Need(bytes) => Step::Need(bytes),
            Ask::Peek { at, bytes } => Step::Peek { at, bytes },
        }
    }
}

/// What is at the start of a window.
#[derive(Debug)]
pub enum Step {
    /// Cannot be decided before the window holds this many bytes, which is more than it has. Never said of a `last` window.
    Need(usize),
    /// Cannot be decided before [`Unread::shown`] holds `bytes` bytes from byte `at` of the window on, or all until the file's end.
    /// Said only of a window behind which there is something that nobody wants to see.
    Peek {
        /// Where they are, from the window's start.
        at: usize,
        /// How many, at least 1.
        bytes: usize,
    },
    /// This many bytes, at least 1, hold nothing to output: a header, padding, an index, a record of a kind to skip.
    /// May reach beyond the window.
    Skip(u64),
    /// A coded frame, a block of audio or a text. It takes [`Packet::size`] bytes of the window.
    Packet(Packet),
    /// These bytes prove nothing. A damaged region longer than the window is reported in several steps.
    Damaged(Damage),
    /// The file ends inside this record, which is all that the window still holds. Said of a `last` window only.
    Cut(usize),
    /// Nothing more will come. Said of a `last` window only.
    End,
}

/// A range of bytes that is not a valid record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Damage {
    /// Bytes from the window's start, at least 1 and at most the window.
    pub length: usize,
    /// What a valid file has there.
    pub expected: &'static str,
}

/// How a stream's payload is coded. One pad is made for each camera (or audio channel) and codec.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Codec {
    /// MPEG-4 Part 2 visual, one VOP a packet, with or without the sequence headers.
    Mpeg4,
    /// H.264, Annex B byte stream, one access unit a packet.
    H264,
    /// A complete JPEG (JFIF) frame.
    Jpeg,
    /// Unsigned 8-bit PCM.
    PcmU8,
    /// Signed 16-bit little-endian PCM.
    PcmS16le,
    /// G.711 mu-law.
    MuLaw,
    /// G.711 A-law.
    ALaw,
    /// IMA ADPCM as in WAV files: blocks with little-endian predictor, low nibble first.
    ImaAdpcm,
    /// UTF-8 text: alarm texts and changes of title. Each is shown for [`TEXT_MILLIS`].
    Text,
    /// Portable bitmap (PBM, `P4`) overlay mask.
    Pbm,
    /// Windows bitmap overlay.
    Bmp,
}

/// Which of the four kinds of stream a codec makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Media {
    /// Frames of a camera.
    Video,
    /// Audio.
    Audio,
    /// Sparse text.
    Text,
    /// Overlay masks, frames of their own.
    Overlay,
}

impl Codec {
    /// The kind of stream.
    pub fn media(self) -> Media {
        match self {
            Codec::Mpeg4 | Codec::H264 | Codec::Jpeg => Media::Video,
            Codec::PcmU8 | Codec::PcmS16le | Codec::MuLaw | Codec::ALaw | Codec::ImaAdpcm => {
                Media::Audio
            }
            Codec::Text => Media::Text,
            Codec::Pbm | Codec::Bmp => Media::Overlay,
        }
    }

    /// The codec's name for people.
    pub fn name(self) -> &'static str {
        match self {
            Codec::Mpeg4 => "MPEG-4 Part 2",
            Codec::H264 => "H.264",
            Codec::Jpeg => "JPEG",
            Codec::PcmU8 => "PCM U8",
            Codec::PcmS16le => "PCM S16LE",
            Codec::MuLaw => "mu-law",
            Codec::ALaw => "A-law",
            Codec::ImaAdpcm => "IMA ADPCM",
            Codec::Text => "text",
            Codec::Pbm => "PBM",
            Codec::Bmp => "BMP",
        }
    }
}

/// Audio parameters, for audio packets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct AudioFormat {
    /// Samples a second.
    pub rate: u32,
    /// Channels, at least 1.
    pub channels: u16,
    /// Bytes of a block that is decoded on its own (ADPCM), 0 where there are none.
    pub block_align: u16,
}

impl AudioFormat {
    /// How long this many bytes of audio last, nanoseconds.
    pub fn duration(&self, codec: Codec, bytes: usize) -> i64 {
        let channels = u64::from(self.channels.max(1));
        let bytes = bytes as u64;
        let samples = match codec {
            Codec::PcmS16le => bytes.checked_div(channels.saturating_mul(2)),
            // each block has a header of 4 bytes for each channel, which holds one sample
            Codec::ImaAdpcm => {
                let align = u64::from(self.block_align).max(1);
                let blocks = bytes.div_ceil(align);
                let heads = blocks.saturating_mul(channels).saturating_mul(4);
                bytes
                    .saturating_sub(heads)
                    .saturating_mul(2)
                    .checked_div(channels)
                    .map(|samples| samples.saturating_add(blocks))
            }
            _ => bytes.checked_div(channels),
        };
        let time = samples
            .unwrap_or(0)
            .saturating_mul(1_000_000_000)
            .checked_div(u64::from(self.rate.max(1)));
        i64::try_from(time.unwrap_or(0)).unwrap_or(i64::MAX)
    }
}

/// Where a packet belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct StreamKey {
    /// Camera number, from 1; the channel's number for audio.
    pub camera: u16,
    /// Codec of the payload.
    pub codec: Codec,
}

/// The recorder's time of a record, as it is in the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timestamp {
    /// Seconds since 1970-01-01 on the recorder's clock (UTC, or local where the recorder was set so).
    pub seconds: i64,
    /// Milliseconds, 0..=999; `None` where the record has no such field.
    pub millis: Option<u16>,
}

impl Timestamp {
    /// Milliseconds since 1970, the missing part as 0.
    pub fn unix_ms(&self) -> i64 {
        self.seconds
            .saturating_mul(1000)
            .saturating_add(i64::from(self.millis.unwrap_or(0)))
    }
}

/// How the coded bytes are in the file, and so what has to be done to output them. Ranges count from the window's start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Payload {
    /// As they are.
    Plain(Range<usize>),
    /// In groups of four bytes, each reversed; a last shorter group is reversed as it is.
    Swap32 {
        /// The stored bytes, the padding of the last group included.
        range: Range<usize>,
        /// Bytes to output, at most as many as are stored.
        len: usize,
        /// A last shorter group is as it has to be output.
        kept: bool,
    },
    /// As they are, between bytes that the recorder left out.
    Wrapped {
        /// What has to be before.
        prefix: Box<[u8]>,
        /// The stored bytes.
        range: Range<usize>,
        /// What has to be after.
        suffix: &'static [u8],
    },
    /// Not bytes of the file at all (decoded run lengths, texts, re-ordered audio).
    Made(Box<[u8]>),
}

impl Payload {
    /// Bytes to output.
    pub fn len(&self) -> usize {
        match self {
            Payload::Plain(range) => range.len(),
            Payload::Swap32 { len, .. } => *len,
            Payload::Wrapped {
                prefix,
                range,
                suffix,
            } => prefix
                .len()
                .saturating_add(range.len())
                .saturating_add(suffix.len()),
            Payload::Made(bytes) => bytes.len(),
        }
    }

    /// Nothing to output.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Where the stored bytes are; `None` where they are not bytes of the file.
    pub fn range(&self) -> Option<Range<usize>> {
        match self {
            Payload::Plain(range)
            | Payload::Swap32 { range, .. }
            | Payload::Wrapped { range, .. } => Some(range.clone()),
            Payload::Made(_) => None,
        }
    }

    /// Appends the bytes to output to `out`. `data` is the window the packet was read from.
    pub fn append_to(&self, data: &[u8], out: &mut Vec<u8>) {
        match self {
            Payload::Plain(range) => {
                out.extend_from_slice(data.get(range.clone()).unwrap_or_default());
            }
            Payload::Swap32 { range, len, kept } => {
                let stored = data.get(range.clone()).unwrap_or_default();
                let at = out.len();
                out.resize(at.saturating_add(*len), 0);
                put_groups(stored, *kept, out.get_mut(at..).unwrap_or_default());
            }
            Payload::Wrapped {
                prefix,
                range,
                suffix,
            } => {
                out.extend_from_slice(prefix);
                out.extend_from_slice(data.get(range.clone()).unwrap_or_default());
                out.extend_from_slice(suffix);
            }
            Payload::Made(bytes) => out.extend_from_slice(bytes),
        }
    }

    /// The bytes to output, as a vector of their own. `data` is the window the packet was read from.
    pub fn to_vec(&self, data: &[u8]) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.len());
        self.append_to(data, &mut out);
        out
    }
}

/// Copies `stored` to `out`, every group of four bytes reversed. Where `stored` ends inside a group, that shorter group is
/// reversed as it is; where only `out` ends inside a group, the group is reversed whole and cut.
///
/// Verified on PLV1 keyframes.
// the oldest x86-64 machines have no instruction that shuffles bytes; the others get a second copy of this function
#[multiversion::multiversion(targets("x86_64+avx2"))]
pub fn swap32(stored: &[u8], out: &mut [u8]) {
    let (groups, rest) = stored.as_chunks::<4>();
    let (out_groups, out_rest) = out.as_chunks_mut::<4>();
    for (to, from) in out_groups.iter_mut().zip(groups) {
        *to = u32::from_ne_bytes(*from).swap_bytes().to_ne_bytes();
    }
    let last: &[u8] = match groups.get(out_groups.len()) {
        Some(whole) => whole,
        None => rest,
    };
    for (to, from) in out_rest.iter_mut().zip(last.iter().rev()) {
        *to = *from;
    }
}

/// Puts the bytes of [`Payload::Swap32`] into `out`.
pub fn put_groups(stored: &[u8], kept: bool, out: &mut [u8]) {
    swap32(stored, out);
    let (groups, rest) = stored.as_chunks::<4>();
    let out_rest = out.get_mut(groups.len().saturating_mul(4)..);
    if let Some(out_rest) = out_rest.filter(|out| kept && out.len() == rest.len()) {
        out_rest.copy_from_slice(rest);
    }
}

/// Why the recorder recorded. The names are the manuals' (stated), the numbers of the reference layout are assumed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Mode {
    /// Unknown.
    #[default]
    Unknown,
    /// All the time ("normal").
    Continuous,
    /// Motion was seen.
    Motion,
    /// An alarm input.
    Alarm,
    /// Started by hand.
    Instant,
    /// The time before an alarm.
    PreAlarm,
    /// By the schedule.
    Schedule,
}

impl Mode {
    /// The mode's name, lower case; `None` for [`Mode::Unknown`].
    pub fn name(self) -> Option<&'static str> {
        Some(match self {
            Mode::Unknown => return None,
            Mode::Continuous => "continuous",
            Mode::Motion => "motion",
            Mode::Alarm => "alarm",
            Mode::Instant => "instant",
            Mode::PreAlarm => "pre-alarm",
            Mode::Schedule => "schedule",
        })
    }

    /// The mode of that name.
    pub fn from_name(name: &str) -> Option<Mode> {
        [
            Mode::Continuous,
            Mode::Motion,
            Mode::Alarm,
            Mode::Instant,
            Mode::PreAlarm,
            Mode::Schedule,
        ]
        .into_iter()
        .find(|mode| mode.name() == Some(name))
    }
}

/// Facts of one frame that few formats carry. Only what the record says is filled in.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Details {
    /// Camera title that holds from this frame on.
    pub title: Option<String>,
    /// Site or unit name.
    pub site: Option<String>,
    /// Minutes that local time is east of UTC.
    pub utc_offset: Option<i32>,
    /// Name of the recorder's time zone, as it writes it.
    pub locale: Option<String>,
    /// Text of the alarm that is on.
    pub alarm: Option<String>,
    /// Everything else by name, in the order of the file: alarm and detector masks, frame number, quality factor, unknown
    /// lines verbatim.
    pub fields: Vec<(String, String)>,
}

/// One coded frame, block of audio or text.
#[derive(Clone, Debug)]
pub struct Packet {
    /// Where it belongs.
    pub stream: StreamKey,
    /// Bytes of the window that it takes, from the window's start. 0 only for a [`Codec::Text`] that is reported before the frame it
    /// came with: the same window is then shown again.
    pub size: usize,
    /// The coded bytes. Their range ends beyond the window's data where [`Window::unread`] allowed it.
    pub payload: Payload,
    /// Can be decoded without an earlier frame. True for audio and text.
    pub key: bool,
    /// CRC-32 (IEEE) that the bytes to output must have; `None` where the record has none. Left to whoever copies the bytes.
    pub crc: Option<u32>,
    /// The recorder's time; `None` where the record has none.
    pub timestamp: Option<Timestamp>,
    /// Place on the file's own timeline, counted in slots (PLV1); `None` where there is none.
    pub slot: Option<u64>,
    /// Sequence number of the record, wrapping at 65,536; `None` where there is none.
    pub sequence: Option<u16>,
    /// Frame size in pixels, 0 where the record does not say.
    pub width: u16,
    /// See `width`.
    pub height: u16,
    /// Audio parameters; `None` for frames.
    pub audio: Option<AudioFormat>,
    /// Why it was recorded.
    pub mode: Mode,
    /// Rare facts.
    pub details: Option<Box<Details>>,
}

/// Television standard of the cameras.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Standard {
    /// Unknown.
    #[default]
    Unknown,
    /// 60 fields a second, 480 lines.
    Ntsc,
    /// 50 fields a second, 576 lines.
    Pal,
}

impl Standard {
    /// `"NTSC"`, `"PAL"` or nothing.
    pub fn name(self) -> Option<&'static str> {
        match self {
            Standard::Unknown => None,
            Standard::Ntsc => Some("NTSC"),
            Standard::Pal => Some("PAL"),
        }
    }
}

/// What the file's header says of a camera.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Camera {
    /// Number, from 1.
    pub number: u16,
    /// Frame size in pixels, 0 = unknown.
    pub width: u16,
    /// See `width`.
    pub height: u16,
    /// Nominal frames per second, as numerator and denominator.
    pub rate: Option<(u32, u32)>,
    /// Title, empty where there is none.
    pub title: String,
}

/// A place in the file where positions of records are listed. A hint: it is never believed before the record agrees.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IndexPlace {
    /// Offset of the first entry.
    pub offset: u64,
    /// Entries.
    pub count: u64,
    /// Bytes of one entry.
    pub entry_size: usize,
}

/// One entry of an index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IndexEntry {
    /// Offset of the record in the file.
    pub offset: u64,
    /// Its time; `None` where the index has no clock (AVI).
    pub timestamp: Option<Timestamp>,
    /// Its slot on the file's own timeline, where the index counts them.
    pub slot: Option<u64>,
    /// Its camera.
    pub camera: u16,
    /// A keyframe.
    pub key: bool,
    /// A frame, not audio or padding.
    pub video: bool,
}

/// What is known of the file as a whole. Grows while the header is read.
#[derive(Clone, Debug, Default)]
pub struct FileInfo {
    /// Name of the format for people, as in the container-format tag.
    pub container: &'static str,
    /// Short name of the family, such as `native`, `plv1-framed`.
    pub family: &'static str,
    /// Recorder model.
    pub model: String,
    /// Name of the recorder or server.
    pub server: String,
    /// Minutes that the recorder's local time is east of UTC.
    pub utc_offset: Option<i32>,
    /// Television standard.
    pub standard: Standard,
    /// The cameras that the header lists.
    pub cameras: Vec<Camera>,
    /// The audio tracks that the header declares.
    pub audio: Vec<(StreamKey, AudioFormat)>,
    /// Slots of the file's own timeline in a second (PLV1), numerator and denominator.
    pub slot_rate: Option<(u32, u32)>,
    /// Times that the header gives for the first and the last record, seconds since 1970.
    pub span: Option<(i64, i64)>,
    /// Number of records that the header gives.
    pub records: Option<u64>,
    /// Offset of the first record.
    pub data_start: u64,
    /// Offset of the first byte after the last record, where the header or index says so.
    pub data_end: Option<u64>,
    /// The index.
    pub index: Option<IndexPlace>,
}

/// A container format.
pub trait Reader: Send {
    /// What is at the start of `window`. Called with windows that follow each other: the next one begins where the step
    /// just answered ends. After [`Reader::resync`] it may begin anywhere.
    fn next(&mut self, window: &Window<'_>) -> Step;

    /// The next window begins at any place of the file. Bytes up to the first record that proves itself are skipped, not damage.
    fn resync(&mut self);

    /// What is known of the file so far.
    fn info(&self) -> &FileInfo;

    /// A second reader of the same file, to look elsewhere without disturbing this one. Call [`Reader::resync`] on it first.
    fn fork(&self) -> Box<dyn Reader>;

    /// The next frame is in this slot: said after a jump in a file whose records have no clock.
    fn set_slot(&mut self, _slot: u64) {}

    /// The frame sizes of cameras that were met are of no interest from now on: no frame is read whole to make surer of them.
    fn trust_sizes(&mut self) {}

    /// Things about the file that do not agree with it (a wrong checksum of the header, a wrong count), each reported once.
    fn take_warnings(&mut self) -> Vec<String> {
        Vec::new()
    }

    /// Bytes elsewhere in the file that say where its index is: their offset and number. They are shown by
    /// [`Reader::show_index`]; what is there may make the reader ask for more.
    fn index_request(&self) -> Option<(u64, usize)> {
        None
    }

    /// Shows the bytes of [`Reader::index_request`], or fewer where the file ends.
    fn show_index(&mut self, _window: &Window<'_>) {}

    /// The parts of the file's index, in the order of the records they list.
    fn index(&self) -> Vec<IndexPlace> {
        self.info().index.into_iter().collect()
    }

    /// Reads one entry of a part of the index, from exactly `entry_size` bytes. `number` counts the entries of the part from 0.
    fn index_entry(&self, _place: &IndexPlace, _number: u64, _entry: &[u8]) -> Option<IndexEntry> {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn swap32_reverses_groups_and_the_short_rest() {
        let mut out = [0; 7];
        swap32(&[1, 2, 3, 4, 5, 6, 7], &mut out);
        assert_eq!(out, [4, 3, 2, 1, 7, 6, 5]);
        // the last group is whole in the file, only part of it is meant
        let mut out = [0; 6];
        swap32(&[1, 2, 3, 4, 5, 6, 7, 8], &mut out);
        assert_eq!(out, [4, 3, 2, 1, 8, 7]);
    }

    #[test]
    fn a_kept_rest_is_not_reversed() {
        let payload = Payload::Swap32 {
            range: 0..7,
            len: 7,
            kept: true,
        };
        assert_eq!(
            payload.to_vec(&[1, 2, 3, 4, 5, 6, 7]),
            [4, 3, 2, 1, 5, 6, 7]
        );
    }

    #[test]
    fn wrapped_payload_is_put_together() {
        let payload = Payload::Wrapped {
            prefix: Box::new([1, 2]),
            range: 1..3,
            suffix: &[9],
        };
        assert_eq!(payload.to_vec(&[7, 8, 7, 6]), [1, 2, 8, 7, 9]);
        assert_eq!(payload.len(), 5);
    }

    #[test]
    fn modes_have_one_name() {
        assert_eq!(Mode::from_name("pre-alarm"), Some(Mode::PreAlarm));
        assert_eq!(Mode::from_name("unknown"), None);
    }
}

// SPDX-License-Identifier: MPL-2.0
//! All frames of a recording with their times and runs, in the order of the file and with bounded memory.
//!
//! Times come out as the demuxers give them: clock and timing are measured over the first records, then every record is placed.

pub use super::{
    coded::{codec_name, hash_coded, hex},
    summary::{Damage, Front, Summary},
};

use super::{Failure, Input, progress::Progress, sizes::SizeCheck, walk::Event};
use formats::{
    mpeg4::{infer::Inference, start_code},
    reader::{AudioFormat, Codec, FileInfo, Media, Mode, Packet, Payload, StreamKey, Timestamp},
    timeline::{
        Break, FrameTiming, GapPolicy, Interpolator, Mark, Resolution, RunMap, TimingSample,
    },
};
use std::collections::HashMap;

/// Records that clock and codec are measured over, as in the demuxers.
const HEAD_RECORDS: usize = 64;
/// Bytes of payload after which the measurement ends earlier.
const HEAD_BYTES: usize = 1 << 20;

/// Bytes without a record after which the first ones are not waited for any longer.
const PATIENCE: u64 = 4 << 20;

/// What is to be done with each frame's coded bytes.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// Hold the bytes against the record's CRC.
    pub crc: bool,
    /// SHA-256 of the coded picture, see [`coded_picture`].
    pub sha256: bool,
    /// Count the macroblocks of the first keyframes, and warn where the file says another size.
    pub sizes: bool,
    /// What becomes of gaps in the running time.
    pub policy: GapPolicy,
}

/// Whether the checksum of a record is right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Crc {
    /// The record has none, or it was not asked for.
    Absent,
    /// Right.
    Right,
    /// Wrong.
    Wrong,
}

/// A coded picture or block of sound.
#[derive(Clone, Debug)]
pub struct Frame {
    /// Number among the records that hand something out, from 0.
    pub number: u64,
    /// Offset of its record in the file.
    pub offset: u64,
    /// Bytes of the record.
    pub record_size: u64,
    /// Coded bytes.
    pub bytes: u64,
    /// Camera (or sound channel) and codec.
    pub stream: StreamKey,
    /// Can be decoded without an earlier picture.
    pub key: bool,
    /// A picture whose reference is missing: before the first keyframe, or after a gap before the next.
    pub orphan: bool,
    /// The recorder's time as it stands in the file.
    pub timestamp: Option<Timestamp>,
    /// Its time, finer than the timestamp where only seconds count: ns since 1970; without a clock, since the first slot.
    pub clock: i64,
    /// `clock` is a time of day.
    pub has_clock: bool,
    /// The fraction of a second in `clock` is worked out: the recorder's clock has whole seconds only.
    pub estimated: bool,
    /// Running time, ns.
    pub running: i64,
    /// Number of its run, from 0.
    pub run: usize,
    /// Why a run begins with it.
    pub begins: Option<Break>,
    /// Why it was recorded.
    pub mode: Mode,
    /// Sequence number.
    pub sequence: Option<u16>,
    /// Picture size, 0 = not told.
    pub width: u16,
    /// See `width`.
    pub height: u16,
    /// Sound parameters.
    pub audio: Option<AudioFormat>,
    /// Checksum.
    pub crc: Crc,
    /// SHA-256 of the coded picture.
    pub sha256: Option<[u8; 32]>,
    /// Camera title that begins to hold here (NetVu).
    pub title: Option<String>,
    /// Text of the alarm that is on (NetVu).
    pub alarm: Option<String>,
}

impl Frame {
    /// A picture.
    pub fn is_video(&self) -> bool {
        self.stream.codec.media() == Media::Video
    }
}

/// Goes over all frames of `input`.
///
/// # Errors
/// A file that cannot be read, and whatever `tell` fails with.
pub fn read(
    input: &Input,
    options: Options,
    progress: &mut Progress,
    tell: &mut dyn FnMut(Frame) -> Result<(), Failure>,
) -> Result<Summary, Failure> {
    read_some(input, options, u64::MAX, progress, tell)
}

/// Goes over the first `records` frames of `input`, or fewer where 4 MiB without any come between.
///
/// # Errors
/// As [`read`].
pub fn read_first(
    input: &Input,
    options: Options,
    records: u64,
    tell: &mut dyn FnMut(Frame) -> Result<(), Failure>,
) -> Result<Summary, Failure> {
    read_some(input, options, records, &mut Progress::none(), tell)
}

fn read_some(
    input: &Input,
    options: Options,
    records: u64,
    progress: &mut Progress,
    tell: &mut dyn FnMut(Frame) -> Result<(), Failure>,
) -> Result<Summary, Failure> {
    let mut walk = input.walk()?;
    let mut pass = Pass::new(options);
    let mut scratch = Vec::new();
    let mut last = 0;
    while pass.summary.records < records {
        let Some((offset, event)) = walk.next()? else {
            break;
        };
        if records < u64::MAX && offset.saturating_sub(last) > PATIENCE {
            break;
        }
        match event {
            Event::Packet(packet, data) => {
                last = offset.saturating_add(packet.size as u64);
                pass.packet(offset, packet, data, &mut scratch);
            }
            Event::Damaged { length, expected } => pass.summary.damaged(offset, length, expected),
            Event::Cut(bytes) => pass.summary.cut = Some((offset, bytes)),
            Event::Skip(length) => {
                let info = walk.info();
                pass.summary
                    .passed(offset, length, info, input.known_front());
            }
        }
        if pass.full() {
            pass.settle(walk.info());
            if !options.crc && !options.sha256 {
                walk.heads_only();
            }
        }
        pass.hand_out(tell)?;
        progress.at(offset);
    }
    if pass.head.is_some() {
        pass.settle(walk.info());
    }
    if let Some(interpolator) = &mut pass.interpolator {
        interpolator.finish();
    }
    pass.hand_out(tell)?;
    let mut summary = pass.summary;
    summary.info = walk.info().clone();
    let sizes = pass.sizes.finish(&summary.info);
    for warning in walk.take_warnings().into_iter().chain(sizes) {
        summary.warn(warning);
    }
    Ok(summary)
}

/// Records before clock and codec are known.
#[derive(Default)]
struct Head {
    items: Vec<(Frame, Mark)>,
    samples: Vec<TimingSample>,
    inference: Inference,
    votes: HashMap<StreamKey, u32>,
    bytes: usize,
}

/// What is remembered of a camera.
#[derive(Default)]
struct Reference {
    has_key: bool,
}

struct Pass {
    options: Options,
    summary: Summary,
    head: Option<Head>,
    codecs: HashMap<u16, Codec>,
    interpolator: Option<Interpolator<Frame>>,
    runs: Option<RunMap>,
    run: usize,
    references: HashMap<StreamKey, Reference>,
    sizes: SizeCheck,
}

impl Pass {
    fn new(options: Options) -> Pass {
        Pass {
            options,
            summary: Summary::default(),
            head: Some(Head::default()),
            codecs: HashMap::new(),
            interpolator: None,
            runs: None,
            run: 0,
            references: HashMap::new(),
            sizes: SizeCheck::default(),
        }
    }

    fn packet(&mut self, offset: u64, packet: Packet, data: &[u8], scratch: &mut Vec<u8>) {
        if !matches!(packet.stream.codec.media(), Media::Video | Media::Audio) {
            return;
        }
        let in_head = self.head.is_some() && packet.stream.codec == Codec::Mpeg4;
        let check = self.options.crc && packet.crc.is_some();
        scratch.clear();
        let coded: &[u8] = match &packet.payload {
            Payload::Plain(range) => data.get(range.clone()).unwrap_or_default(),
            other if check || self.options.sha256 || in_head => {
                other.append_to(data, scratch);
                scratch
            }
            _ => &[],
        };
        if in_head && self.options.sizes {
            self.sizes.add(offset, &packet, coded);
        }
        let crc = self.check(packet.crc.filter(|_| check), coded);
        let mark = Mark::new(offset, &packet);
        let sha256 = self
            .options
            .sha256
            .then(|| hash_coded(packet.stream.codec, coded));
        let details = packet.details.as_deref();
        let frame = Frame {
            number: self.summary.records,
            offset,
            record_size: packet.size as u64,
            bytes: packet.payload.len() as u64,
            stream: packet.stream,
            key: packet.key,
            orphan: false,
            timestamp: packet.timestamp,
            clock: 0,
            has_clock: false,
            estimated: false,
            running: 0,
            run: 0,
            begins: None,
            mode: packet.mode,
            sequence: packet.sequence,
            width: packet.width,
            height: packet.height,
            audio: packet.audio,
            crc,
            sha256,
            title: details.and_then(|details| details.title.clone()),
            alarm: details.and_then(|details| details.alarm.clone()),
        };
        self.summary.records += 1;
        match (&mut self.head, &mut self.interpolator) {
            (Some(head), _) => head.add(frame, mark, coded),
            (None, Some(interpolator)) => interpolator.push(frame, mark),
            (None, None) => {}
        }
    }

    fn check(&mut self, told: Option<u32>, coded: &[u8]) -> Crc {
        let Some(told) = told else {
            return Crc::Absent;
        };
        self.summary.checked_crc += 1;
        if told == crc32fast::hash(coded) {
            return Crc::Right;
        }
        self.summary.wrong_crc += 1;
        Crc::Wrong
    }

    fn full(&self) -> bool {
        self.head
            .as_ref()
            .is_some_and(|head| head.items.len() >= HEAD_RECORDS || head.bytes >= HEAD_BYTES)
    }

    /// The first records are there: clock and codecs are measured.
    fn settle(&mut self, info: &FileInfo) {
        let Some(head) = self.head.take() else {
            return;
        };
        let nominal = info.cameras.iter().find_map(|camera| camera.rate);
        let timing = FrameTiming::measure(&head.samples, nominal, info.slot_rate);
        self.summary.timing = timing;
        if head.votes.keys().any(|key| key.codec == Codec::Mpeg4) {
            self.summary.widths = Some(head.inference.result());
        }
        self.codecs = head.codecs();
        let mut interpolator = Interpolator::new(timing);
        for (frame, mark) in head.items {
            interpolator.push(frame, mark);
        }
        self.interpolator = Some(interpolator);
        self.runs = Some(RunMap::new(self.options.policy, &timing));
    }

    /// Hands out all frames whose time is known.
    fn hand_out(
        &mut self,
        tell: &mut dyn FnMut(Frame) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let (Some(interpolator), Some(runs)) = (&mut self.interpolator, &mut self.runs) else {
            return Ok(());
        };
        while let Some((mut frame, mark, clock)) = interpolator.pop() {
            frame.clock = clock;
            frame.has_clock = self.summary.has_clock();
            frame.estimated = self.summary.timing.resolution == Resolution::Seconds;
            if let Some(codec) = self.codecs.get(&frame.stream.camera)
                && matches!(frame.stream.codec, Codec::Mpeg4 | Codec::H264)
            {
                frame.stream.codec = *codec;
            }
            if !mark.video {
                frame.running = runs.sound(clock);
                frame.run = self.run;
                tell(frame)?;
                continue;
            }
            let place = runs.picture(mark.camera, clock, frame.offset);
            if matches!(
                place.begins,
                Some(Break::Gap(_) | Break::Back(_) | Break::Forward(_))
            ) {
                self.run += 1;
            }
            let reference = self.references.entry(frame.stream).or_default();
            if place.interrupted {
                reference.has_key = false;
            }
            reference.has_key |= frame.key;
            frame.orphan = !reference.has_key;
            frame.running = place.running;
            frame.begins = place.begins;
            frame.run = self.run;
            tell(frame)?;
        }
        Ok(())
    }
}

impl Head {
    fn add(&mut self, frame: Frame, mark: Mark, payload: &[u8]) {
        if mark.video {
            self.samples.push(TimingSample {
                camera: mark.camera,
                timestamp: mark.timestamp,
                slot: mark.slot,
            });
            *self.votes.entry(frame.stream).or_insert(0) += 1;
            if frame.stream.codec == Codec::Mpeg4
                && let Some(at) = start_code::vop_offset(payload)
            {
                self.inference.add(payload.get(at..).unwrap_or_default());
            }
        }
        self.bytes = self.bytes.saturating_add(frame.bytes as usize);
        self.items.push((frame, mark));
    }

    /// The codec that most of a camera's pictures seem to have: MPEG-4 and H.264 share some first bytes.
    fn codecs(&self) -> HashMap<u16, Codec> {
        let mut votes: Vec<_> = self
            .votes
            .iter()
            .filter(|(key, _)| matches!(key.codec, Codec::Mpeg4 | Codec::H264))
            .collect();
        votes.sort_by_key(|(key, votes)| (**votes, **key));
        votes
            .into_iter()
            .map(|(key, _)| (key.camera, key.codec))
            .collect()
    }
}

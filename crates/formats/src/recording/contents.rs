// SPDX-License-Identifier: MPL-2.0
//! What a recording holds, camera by camera: runs, modes, gaps, damage. Memory is bounded.

use super::frames::{Findings, Frame, has_no_end};
use crate::{
    reader::{AudioFormat, Codec, Mode, StreamKey},
    timeline::{Break, FrameTiming, is_implausible},
};
use std::collections::BTreeMap;

/// Runs of all cameras together that are remembered: about 10 MB.
const MAX_RUNS: usize = 100_000;
/// Cameras and audio tracks that are remembered.
const MAX_STREAMS: usize = 1024;
/// Changes of mode that are remembered in a run.
const MAX_SPANS: usize = 1000;
/// Places that link offsets to times, for damage.
const MAX_PLACES: usize = 8192;
/// Earlier runs in which the passes of a repeated hour are looked for.
const NEAR_RUNS: usize = 64;

/// A part of a run that was recorded in one mode. Times are nanoseconds of the recorder's clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ModeSpan {
    /// First frame.
    pub start: i64,
    /// End of the last frame.
    pub end: i64,
    /// Why it was recorded.
    pub mode: Mode,
}

/// Recording of one camera without interruption. Times are nanoseconds of the recorder's clock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CameraRun {
    /// Why it begins.
    pub begins: Break,
    /// First frame.
    pub start: i64,
    /// Last frame.
    pub last: i64,
    /// Running time of the first frame.
    pub running: i64,
    /// Offset of the first frame's record.
    pub offset: u64,
    /// First frame that has its reference.
    pub decodable: Option<i64>,
    /// Frames that have their reference.
    pub frames: u64,
    /// Frames whose reference is missing.
    pub orphans: u64,
    /// Frames whose clock is doubtful.
    pub doubtful: u64,
    /// Its modes, in order.
    pub modes: Vec<ModeSpan>,
    /// How many earlier runs hold its first moment: 0, or more where an hour was recorded twice.
    pub pass: u32,
}

impl CameraRun {
    /// Frames, those without a reference included.
    pub fn all_frames(&self) -> u64 {
        self.frames.saturating_add(self.orphans)
    }
}

/// A camera of a recording.
#[derive(Clone, Debug)]
pub struct Camera {
    /// Its number.
    pub number: u16,
    /// Its title, empty where there is none.
    pub title: String,
    /// Codec of most of its frames.
    pub codec: Codec,
    /// Frames by codec, in the order in which the codecs came up.
    pub codecs: Vec<(Codec, u64)>,
    /// Frame size in pixels, 0 = unknown: of the last frame that has one.
    pub width: u16,
    /// See `width`.
    pub height: u16,
    /// The size before the first change, and the offset of the first frame of another size.
    pub resized: Option<(u16, u16, u64)>,
    /// Usual distance of its frames, nanoseconds.
    pub interval: i64,
    /// Its frame rate as a fraction, where frames come regularly.
    pub frame_rate: Option<(u32, u32)>,
    /// Its runs, in the order of the file.
    pub runs: Vec<CameraRun>,
    /// Runs that were not remembered because there are too many.
    pub more_runs: u64,
    /// Frames, those without a reference included.
    pub frames: u64,
    /// Keyframes.
    pub keyframes: u64,
    /// Frames whose reference is missing.
    pub orphans: u64,
    /// Coded bytes.
    pub bytes: u64,
    /// Frames by mode, in the order in which the modes came up.
    pub modes: Vec<(Mode, u64)>,
}

/// An audio track of a recording.
#[derive(Clone, Debug)]
pub struct AudioTrack {
    /// Channel, and how it is coded.
    pub key: StreamKey,
    /// Its samples.
    pub format: Option<AudioFormat>,
    /// Number of its first record, see [`Frame::number`].
    pub first: u64,
    /// Records.
    pub records: u64,
    /// Coded bytes.
    pub bytes: u64,
}

/// Recording of all cameras together without interruption. Times are nanoseconds of the recorder's clock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordingRun {
    /// Why it begins.
    pub begins: Break,
    /// First frame.
    pub start: i64,
    /// Last frame.
    pub last: i64,
    /// Running time of the first frame.
    pub running: i64,
    /// Offset of the first frame's record.
    pub offset: u64,
    /// Frames.
    pub frames: u64,
    /// Frames whose clock is doubtful.
    pub doubtful: u64,
    /// Frames by mode, in the order in which the modes came up.
    pub modes: Vec<(Mode, u64)>,
    /// Cameras, by number.
    pub cameras: Vec<u16>,
}

/// A damaged place, and about when it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DamagedPlace {
    /// Offset in the file.
    pub offset: u64,
    /// Bytes.
    pub length: u64,
    /// Clock of a frame shortly before, where there is one.
    pub clock: Option<i64>,
}

impl Contents {
    /// The audio that belongs to a camera: the channel of its number, or any where it is the only camera.
    pub fn audio_of(&self, camera: u16) -> Option<&AudioTrack> {
        let own = self.audio.iter().find(|track| track.key.camera == camera);
        let only = || match self.cameras.as_slice() {
            [one] if one.number == camera => self.audio.first(),
            _ => None,
        };
        own.or_else(only)
    }
}

/// What a recording holds.
#[derive(Clone, Debug, Default)]
pub struct Contents {
    /// Its cameras, by number.
    pub cameras: Vec<Camera>,
    /// Its audio tracks.
    pub audio: Vec<AudioTrack>,
    /// Its runs, in the order of the file, the first 100,000.
    pub runs: Vec<RecordingRun>,
    /// Number of its runs.
    pub run_count: u64,
    /// Interruptions of the recording.
    pub gaps: u64,
    /// Steps of the clock.
    pub clock_steps: u64,
    /// Earliest and latest frame, nanoseconds of the recorder's clock.
    pub span: Option<(i64, i64)>,
    /// Damaged places, bytes before the first record and a cut end among them, where the file's kind has an end.
    pub damage: Vec<DamagedPlace>,
}

/// Puts contents together from frames in the order of the file.
#[derive(Default)]
pub struct ContentsBuilder {
    cameras: BTreeMap<u16, Camera>,
    audio: Vec<AudioTrack>,
    runs: Vec<RecordingRun>,
    run_count: u64,
    gaps: u64,
    clock_steps: u64,
    span: Option<(i64, i64)>,
    places: Vec<(u64, i64)>,
    /// Every so many frames one place is remembered.
    stride: u64,
    seen: u64,
    /// Runs of cameras so far.
    stored: usize,
}

impl ContentsBuilder {
    /// Takes the next frame of the file.
    pub fn add<T>(&mut self, frame: &Frame<T>) {
        if !frame.is_video() {
            self.add_audio(frame);
            return;
        }
        self.add_to_run(frame);
        self.note_place(frame);
        let (first, last) = self.span.get_or_insert((frame.clock, frame.clock));
        *first = frame.clock.min(*first);
        *last = frame.clock.max(*last);
        let number = frame.packet.stream.camera;
        if self.cameras.len() >= MAX_STREAMS && !self.cameras.contains_key(&number) {
            return;
        }
        let camera = self.cameras.entry(number).or_insert_with(|| Camera {
            number,
            title: String::new(),
            codec: frame.packet.stream.codec,
            codecs: Vec::new(),
            width: 0,
            height: 0,
            resized: None,
            interval: 0,
            frame_rate: None,
            runs: Vec::new(),
            more_runs: 0,
            frames: 0,
            keyframes: 0,
            orphans: 0,
            bytes: 0,
            modes: Vec::new(),
        });
        let stored = camera.add(frame, self.stored < MAX_RUNS);
        self.stored = self.stored.saturating_add(usize::from(stored));
    }

    fn add_audio<T>(&mut self, frame: &Frame<T>) {
        let key = frame.packet.stream;
        let bytes = frame.packet.payload.len() as u64;
        let room = self.audio.len() < MAX_STREAMS;
        match self.audio.iter_mut().find(|track| track.key == key) {
            Some(track) => {
                track.records = track.records.saturating_add(1);
                track.bytes = track.bytes.saturating_add(bytes);
                track.format = frame.packet.audio.or(track.format);
            }
            None if room => self.audio.push(AudioTrack {
                key,
                format: frame.packet.audio,
                first: frame.number,
                records: 1,
                bytes,
            }),
            None => {}
        }
    }

    fn add_to_run<T>(&mut self, frame: &Frame<T>) {
        if let Some(begins) = frame.begins {
            self.run_count = self.run_count.saturating_add(1);
            match begins {
                Break::Start => {}
                Break::Gap(_) => self.gaps = self.gaps.saturating_add(1),
                Break::Back(_) | Break::Forward(_) => {
                    self.clock_steps = self.clock_steps.saturating_add(1);
                }
            }
            if self.runs.len() < MAX_RUNS {
                self.runs.push(RecordingRun {
                    begins,
                    start: frame.clock,
                    last: frame.clock,
                    running: frame.running,
                    offset: frame.offset,
                    frames: 0,
                    doubtful: 0,
                    modes: Vec::new(),
                    cameras: Vec::new(),
                });
            }
        }
        if let Some(run) = self.runs.get_mut(frame.run) {
            run.frames = run.frames.saturating_add(1);
            run.doubtful = run.doubtful.saturating_add(u64::from(frame.doubtful));
            run.last = run.last.max(frame.clock);
            count(&mut run.modes, frame.packet.mode);
            let camera = frame.packet.stream.camera;
            if let Err(place) = run.cameras.binary_search(&camera) {
                run.cameras.insert(place, camera);
            }
        }
    }

    /// Thins out when there are too many, so that memory stays bounded however long the file.
    fn note_place<T>(&mut self, frame: &Frame<T>) {
        let stride = self.stride.max(1);
        if self.seen.is_multiple_of(stride) {
            if self.places.len() >= MAX_PLACES {
                let mut n = 0_u32;
                self.places.retain(|_| {
                    n = n.wrapping_add(1);
                    n % 2 == 1
                });
                self.stride = stride.saturating_mul(2);
            }
            self.places.push((frame.offset, frame.clock));
        }
        self.seen = self.seen.saturating_add(1);
    }

    /// All frames were there.
    pub fn finish(self, findings: &Findings) -> Contents {
        let damage = self.damage(findings);
        let cameras = self
            .cameras
            .into_values()
            .map(|camera| camera.finish(findings))
            .collect();
        Contents {
            cameras,
            audio: self.audio,
            runs: self.runs,
            run_count: self.run_count,
            gaps: self.gaps,
            clock_steps: self.clock_steps,
            span: self.span,
            damage,
        }
    }

    fn damage(&self, findings: &Findings) -> Vec<DamagedPlace> {
        let ranges = findings
            .damage
            .iter()
            .map(|range| (range.offset, range.length));
        let cut = findings.cut.filter(|_| !has_no_end(findings.info.family));
        let all = findings.front.into_iter().chain(ranges).chain(cut);
        all.map(|(offset, length)| {
            let after = self.places.partition_point(|(at, _)| *at <= offset);
            let place = self.places.get(after.saturating_sub(1));
            DamagedPlace {
                offset,
                length,
                clock: place.map(|(_, clock)| *clock),
            }
        })
        .collect()
    }
}

/// One more of this kind.
fn count<K: PartialEq>(counts: &mut Vec<(K, u64)>, kind: K) {
    match counts.iter_mut().find(|(known, _)| *known == kind) {
        Some((_, count)) => *count = count.saturating_add(1),
        None => counts.push((kind, 1)),
    }
}

impl Camera {
    /// Takes a frame. `room`: another run may be remembered. True where one was.
    fn add<T>(&mut self, frame: &Frame<T>, room: bool) -> bool {
        let packet = &frame.packet;
        let camera = self;
        count(&mut camera.codecs, packet.stream.codec);
        let title = packet.details.as_ref().and_then(|one| one.title.as_ref());
        if let Some(title) = title {
            camera.title.clone_from(title);
        }
        let size = (packet.width, packet.height);
        if size.0 > 0 {
            if camera.width > 0 && size != (camera.width, camera.height) {
                camera
                    .resized
                    .get_or_insert((camera.width, camera.height, frame.offset));
            }
            (camera.width, camera.height) = size;
        }
        camera.frames = camera.frames.saturating_add(1);
        camera.keyframes = camera.keyframes.saturating_add(u64::from(packet.key));
        camera.orphans = camera.orphans.saturating_add(u64::from(frame.orphan));
        camera.bytes = camera.bytes.saturating_add(packet.payload.len() as u64);
        count(&mut camera.modes, packet.mode);
        camera.add_to_run(frame, room)
    }

    fn finish(mut self, findings: &Findings) -> Camera {
        let camera = &mut self;
        let listed = findings
            .info
            .cameras
            .iter()
            .find(|listed| listed.number == camera.number);
        if let Some(listed) = listed {
            if camera.title.is_empty() {
                camera.title.clone_from(&listed.title);
            }
            if camera.width == 0 {
                (camera.width, camera.height) = (listed.width, listed.height);
            }
        }
        if let Some((codec, _)) = camera.codecs.iter().max_by_key(|(_, count)| *count) {
            camera.codec = *codec;
        }
        camera.interval = findings.profile.interval(camera.number);
        let timing = FrameTiming {
            interval: camera.interval,
            ..findings.profile.timing
        };
        camera.frame_rate = timing.frame_rate();
        camera.count_passes();
        for run in &mut camera.runs {
            if let Some(span) = run.modes.last_mut() {
                span.end = run.last.saturating_add(camera.interval);
            }
        }
        self
    }

    /// `camera 2 (Gate)`.
    pub fn name(&self) -> String {
        match self.title.as_str() {
            "" => format!("camera {}", self.number),
            title => format!("camera {} ({title})", self.number),
        }
    }

    /// End of a run: its last frame lasts one usual interval.
    pub fn end_of(&self, run: &CameraRun) -> i64 {
        run.last.saturating_add(self.interval)
    }

    /// Frames that have their reference: what the demuxers output.
    pub fn decodable(&self) -> u64 {
        self.frames.saturating_sub(self.orphans)
    }

    /// Time recorded, nanoseconds: its runs, without gaps.
    pub fn recorded(&self) -> i64 {
        let lengths = self
            .runs
            .iter()
            .map(|run| self.end_of(run).saturating_sub(run.start));
        lengths.fold(0, i64::saturating_add)
    }

    /// Frames per second inside its runs, so that no gap makes it slower.
    pub fn rate(&self) -> Option<f64> {
        let (mut steps, mut time) = (0_u64, 0_i64);
        for run in &self.runs {
            steps = steps.saturating_add(run.all_frames().saturating_sub(1));
            time = time.saturating_add(run.last.saturating_sub(run.start));
        }
        (time > 0).then(|| steps as f64 * 1e9 / time as f64)
    }

    /// Earliest and latest frame, nanoseconds of the recorder's clock.
    pub fn span(&self) -> Option<(i64, i64)> {
        let first = self.runs.iter().map(|run| run.start).min()?;
        let last = self.runs.iter().map(|run| run.last).max()?;
        Some((first, last))
    }

    /// Times that its clock was set.
    pub fn clock_steps(&self) -> usize {
        let steps = self.runs.iter();
        steps
            .filter(|run| matches!(run.begins, Break::Back(_) | Break::Forward(_)))
            .count()
    }

    /// Interruptions of this camera's recording.
    pub fn gaps(&self) -> usize {
        let gaps = self.runs.iter();
        gaps.filter(|run| matches!(run.begins, Break::Gap(_)))
            .count()
    }

    fn add_to_run<T>(&mut self, frame: &Frame<T>, room: bool) -> bool {
        let clock = frame.clock;
        let begins = match self.runs.last() {
            None => Some(Break::Start),
            Some(run) if clock < run.last => Some(Break::Back(run.last.saturating_sub(clock))),
            Some(run) if is_implausible(run.last) != is_implausible(clock) => {
                Some(Break::Forward(clock.saturating_sub(run.last)))
            }
            Some(run) if frame.interrupted => Some(Break::Gap(clock.saturating_sub(run.last))),
            Some(_) => None,
        };
        // the first run of a camera is what everything else hangs on
        let stored = begins.filter(|_| room || self.runs.is_empty());
        match (begins, stored) {
            (Some(_), Some(begins)) => self.runs.push(CameraRun {
                begins,
                start: clock,
                last: clock,
                running: frame.running,
                offset: frame.offset,
                decodable: None,
                frames: 0,
                orphans: 0,
                doubtful: 0,
                modes: Vec::new(),
                pass: 0,
            }),
            (Some(_), None) => self.more_runs = self.more_runs.saturating_add(1),
            _ => {}
        }
        if let Some(run) = self.runs.last_mut() {
            run.last = clock;
            run.doubtful = run.doubtful.saturating_add(u64::from(frame.doubtful));
            match frame.orphan {
                true => run.orphans = run.orphans.saturating_add(1),
                false => {
                    run.frames = run.frames.saturating_add(1);
                    run.decodable.get_or_insert(clock);
                }
            }
            note_mode(run, clock, frame.packet.mode);
        }
        stored.is_some()
    }

    fn count_passes(&mut self) {
        for n in 0..self.runs.len() {
            let (before, rest) = self.runs.split_at_mut(n);
            let Some(run) = rest.first_mut() else {
                return;
            };
            // an hour that was recorded twice is near; a search over thousands of runs would be for nothing
            let near = before.iter().rev().take(NEAR_RUNS);
            let holds = |earlier: &&CameraRun| (earlier.start..=earlier.last).contains(&run.start);
            run.pass = u32::try_from(near.filter(holds).count()).unwrap_or(0);
        }
    }
}

fn note_mode(run: &mut CameraRun, clock: i64, mode: Mode) {
    let full = run.modes.len() >= MAX_SPANS;
    if let Some(span) = run.modes.last_mut() {
        span.end = clock;
        if span.mode == mode || full {
            return;
        }
    }
    run.modes.push(ModeSpan {
        start: clock,
        end: clock,
        mode,
    });
}

// SPDX-License-Identifier: MPL-2.0
//! Several exports of one recorder as one output for each camera.

use super::{
    Convert, Gaps,
    graph::{self, Job, Step},
    in_parallel,
    look::{Look, Part, Range, Window},
    plan::{Item, Names},
    write::{self, Outcome, Status, Work, note_early, which_part},
};
use crate::common::{Common, Failure, cameras, coded::codec_name};
use crate::recording::{Camera, Options, Recording};
use formats::{reader::Timestamp, timeline::SECOND};
use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
};

/// Fractions of a second that were worked out may differ between two exports of the same frames, nanoseconds.
const SLACK: i64 = 2 * SECOND;

/// A frame, as it is recognised in another file.
#[derive(Clone, Copy)]
struct Coded {
    timestamp: Option<Timestamp>,
    hash: Option<[u8; 32]>,
    key: bool,
    clock: i64,
}

impl Coded {
    fn is(&self, other: &Coded) -> bool {
        self.timestamp == other.timestamp && self.hash.is_some() && self.hash == other.hash
    }
}

/// How a file overlaps with the one before it.
#[derive(Debug, PartialEq, Eq)]
enum Overlap {
    /// The end of the one is the beginning of the other: this many frames. The one before ends where the other shows its first
    /// keyframe, at this clock, if that is among them.
    Same(usize, Option<i64>),
    /// All of it is in the one before.
    Inside,
    /// The frames are not the same.
    Different,
}

/// A file's frames that go into the output.
struct Piece<'a> {
    look: &'a Look,
    /// The camera; `None` for all together.
    camera: Option<&'a Camera>,
    /// Where it begins, if the one before has frames from there on, too.
    from: Option<i64>,
    /// Where the next one continues, if that is before its end.
    until: Option<i64>,
}

impl<'a> Piece<'a> {
    fn new(look: &'a Look, camera: Option<&'a Camera>) -> Piece<'a> {
        Piece {
            look,
            camera,
            from: None,
            until: None,
        }
    }

    fn cameras(&self) -> impl Iterator<Item = &'a Camera> {
        let all = self.look.recording.contents.cameras.iter();
        let only = self.camera.map(|camera| camera.number);
        all.filter(move |camera| only.is_none_or(|only| camera.number == only))
    }

    fn parts(&self, window: Option<Window>) -> Vec<Part> {
        match self.camera {
            Some(camera) => self.look.parts(camera, window),
            None => self.look.together(window).into_iter().collect(),
        }
    }

    fn first(&self) -> i64 {
        self.cameras().map(first_of).min().unwrap_or(i64::MIN)
    }

    fn end(&self) -> i64 {
        self.cameras().map(end_of).max().unwrap_or(i64::MIN)
    }

    /// Clock of the first and the last frame.
    fn span(&self) -> Option<Window> {
        let runs = self.cameras().flat_map(|camera| &camera.runs);
        let span = runs.map(|run| (run.start, run.last));
        span.reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)))
    }
}

/// Frames of a file by camera.
type Frames = BTreeMap<u16, Vec<Coded>>;

/// Joins the inputs.
///
/// # Errors
/// Inputs that cannot be read or do not belong together.
pub fn join(
    convert: &Convert,
    common: &Common,
    items: &[Item],
    names: &Names,
) -> Result<Vec<Outcome>, Failure> {
    let looks = in_parallel(items, convert.jobs, |item| {
        let input = item.open(common)?;
        let look = |input| write::look(convert, common, names, (item, input), true);
        let look = input.map(look).transpose()?;
        Ok(look.map(|look| (item.clone(), look)))
    });
    let looks: Result<Vec<_>, Failure> = looks.into_iter().collect();
    let mut files: Vec<(Item, Look)> = looks?.into_iter().flatten().collect();
    check(&files)?;
    files.sort_by_key(|(_, look)| look.base().first);
    let (sources, looks): (Vec<Item>, Vec<Look>) = files.into_iter().unzip();
    let [first, .., last] = looks.as_slice() else {
        return Err(Failure::Use(
            "--join needs at least two recordings".to_owned(),
        ));
    };
    let mut base = first.base();
    base.last = looks
        .iter()
        .map(|look| look.base().last)
        .fold(last.base().last, i64::max);
    let window = convert.window(first, &base)?;
    let mut item = sources
        .first()
        .cloned()
        .ok_or_else(|| Failure::Use(String::new()))?;
    item.stem.as_mut_os_string().push("-joined");
    let work = Work::new(convert, common, (&item, &sources), names);
    let mut joining = Joining {
        work: &work,
        looks: &looks,
        window,
        frames: BTreeMap::new(),
    };
    std::thread::scope(|scope| {
        scope.spawn(|| work.sums());
        joining.all()
    })
}

/// Makes sure that the files are of one recorder and have a clock.
fn check(files: &[(Item, Look)]) -> Result<(), Failure> {
    let mut recordings = files.iter().map(|(_, look)| &look.recording);
    let Some(first) = recordings.next() else {
        return Ok(());
    };
    let name = |one: &Recording| match one.recorder() {
        "" => "an unnamed recorder".to_owned(),
        recorder => recorder.to_owned(),
    };
    for one in std::iter::once(first).chain(recordings) {
        if one.contents.cameras.is_empty() {
            return Err(Failure::Input(format!(
                "{}: no video frames were found",
                one.input.name
            )));
        }
        if !one.has_clock() {
            return Err(Failure::Input(format!(
                "{}: has no clock, so its place among the other files is unknown",
                one.input.name
            )));
        }
        if !first.has_recorder_of(one) {
            return Err(Failure::Input(format!(
                "{}: was recorded by {} ({}), but {} by {} ({}): expected files of one recorder",
                one.input.name,
                name(one),
                one.findings.info.family,
                first.input.name,
                name(first),
                first.findings.info.family
            )));
        }
    }
    Ok(())
}

struct Joining<'a> {
    work: &'a Work<'a>,
    /// In the order of recording.
    looks: &'a [Look],
    window: Option<Window>,
    /// Frames of files that overlap, by number of the file.
    frames: BTreeMap<usize, Frames>,
}

impl<'a> Joining<'a> {
    fn all(&mut self) -> Result<Vec<Outcome>, Failure> {
        let wanted = self.work.convert.camera.as_deref();
        let mut numbers = Vec::new();
        for look in self.looks {
            let found = match cameras::choose(&look.recording, wanted) {
                Ok(found) => found,
                // another file may have it
                Err(failure @ Failure::Use(_)) => return Err(failure),
                Err(_) => continue,
            };
            numbers.extend(found.iter().map(|camera| camera.number));
        }
        numbers.sort_unstable();
        numbers.dedup();
        if numbers.is_empty() {
            let wanted = wanted.unwrap_or_default();
            return Err(Failure::Input(format!("no file has a camera {wanted}")));
        }
        let many = numbers.len() > 1;
        let mut outcomes = Vec::new();
        if many && self.work.convert.grid {
            self.mosaic(&numbers, &mut outcomes)?;
        } else {
            for number in numbers {
                self.camera(number, many, &mut outcomes)?;
            }
        }
        let mut recordings = self.looks.iter().map(|look| &look.recording);
        let names: Vec<&str> = recordings
            .clone()
            .map(|one| one.input.name.as_str())
            .collect();
        let unnamed = recordings.any(|one| one.recorder().is_empty());
        if let Some(first) = outcomes.first_mut() {
            let order = format!("in the order of recording: {}", names.join(", "));
            first.notes.insert(0, order);
            first.notes.extend(unnamed.then(|| {
                "the files do not name their recorder, so nothing shows that it is the same one"
                    .to_owned()
            }));
        }
        Ok(outcomes)
    }

    fn camera(
        &mut self,
        number: u16,
        many: bool,
        outcomes: &mut Vec<Outcome>,
    ) -> Result<(), Failure> {
        let mut notes = Vec::new();
        let pieces = self.pieces(number, &mut notes)?;
        let Some(camera) = pieces.first().and_then(|first| first.camera) else {
            return Ok(());
        };
        let convert = self.work.convert;
        let mut format = convert.format();
        if !self.work.fits(format, camera) && convert.may_choose_format() {
            notes.push(format!(
                "written as Matroska: MP4 cannot hold {}",
                codec_name(camera.codec)
            ));
            format = super::Format::Mkv;
        }
        let outputs = self.outputs(&pieces, &mut notes);
        let path = |part: Option<usize>| {
            let camera = many.then_some(number);
            self.work.names.output(self.work.item, camera, part, format)
        };
        if outputs.is_empty() {
            outcomes.push(self.outside(path(None), camera.name(), &pieces));
            return Ok(());
        }
        let several = outputs.len() > 1;
        for (n, output) in outputs.iter().enumerate() {
            let which = several.then_some(n + 1);
            let path = path(which);
            let mut outcome = self.work.outcome(path.clone(), camera.name());
            outcome.notes = std::mem::take(&mut notes);
            outcome.notes.extend(output.notes.iter().cloned());
            outcome.incomplete = output.incomplete;
            let job = Job {
                look: output.look,
                cameras: &[output.camera.unwrap_or(camera)],
                part: &output.part,
                treatment: &self.work.treatment(output.look, format),
                layout: self.work.common.layout.as_deref(),
                comment: &self.work.comment(&which_part(&camera.name(), which)),
                steps: &output.steps,
            };
            self.work.output(&job, &path, &mut outcome);
            let copied = convert.encoding().is_none();
            if let (Status::Written, Some(window), 0, true) =
                (&outcome.status, self.window, n, copied)
            {
                note_early(output.look, window, &mut outcome);
            }
            outcomes.push(outcome);
        }
        Ok(())
    }

    /// All cameras of all files in one picture.
    fn mosaic(&mut self, numbers: &[u16], outcomes: &mut Vec<Outcome>) -> Result<(), Failure> {
        let all = || {
            self.looks
                .iter()
                .flat_map(|look| &look.recording.contents.cameras)
        };
        let first = |number: &u16| all().find(|camera| camera.number == *number);
        let cameras: Vec<&Camera> = numbers.iter().filter_map(first).collect();
        let names: Vec<String> = cameras.iter().map(|camera| camera.name()).collect();
        let names = names.join(", ");
        let format = self.work.convert.format();
        let path = self.work.names.output(self.work.item, None, None, format);
        let mut notes = Vec::new();
        let pieces = self.pieces_of_all(numbers, &mut notes)?;
        let outputs = self.outputs(&pieces, &mut notes);
        let Some(output) = outputs.first() else {
            outcomes.push(self.outside(path, names, &pieces));
            return Ok(());
        };
        let mut outcome = self.work.outcome(path.clone(), names);
        outcome.notes = notes;
        outcome.notes.extend(output.notes.iter().cloned());
        outcome.incomplete = output.incomplete;
        if cameras.len() > graph::MAX_CAMERAS {
            outcome.status = Status::Failed(graph::too_many(&self.work.item.path, cameras.len()));
            outcomes.push(outcome);
            return Ok(());
        }
        let job = Job {
            look: output.look,
            cameras: &cameras,
            part: &output.part,
            treatment: &self.work.mosaic_treatment(output.look, format),
            layout: self.work.common.layout.as_deref(),
            comment: &self.work.comment("all cameras"),
            steps: &output.steps,
        };
        self.work.output(&job, &path, &mut outcome);
        outcomes.push(outcome);
        Ok(())
    }

    /// An output for which nothing was recorded in the window.
    fn outside(&self, path: PathBuf, camera: String, pieces: &[Piece<'_>]) -> Outcome {
        let mut outcome = self.work.outcome(path, camera);
        let span = pieces.iter().filter_map(Piece::span);
        let span = span.reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)));
        let look = pieces.first().map(|piece| piece.look);
        let times = look.zip(span).map(|(look, (first, last))| {
            let time = |ns| look.recording.time(ns);
            (time(first), time(last))
        });
        outcome.status = Status::Outside(times);
        outcome
    }

    /// What each file gives of all cameras together, in the order of recording.
    fn pieces_of_all(
        &mut self,
        numbers: &[u16],
        notes: &mut Vec<String>,
    ) -> Result<Vec<Piece<'a>>, Failure> {
        let mut pieces: Vec<(usize, Piece<'a>)> = Vec::new();
        for (file, look) in self.looks.iter().enumerate() {
            let mut own = Some(Piece::new(look, None));
            let name = &look.recording.input.name;
            if let Some(next) = &mut own
                && let Some((before, piece)) = pieces.last_mut()
                && next.first() < piece.end()
            {
                let other = &piece.look.recording.input.name;
                let (mut count, mut inside, mut cut) = (0, true, Some(i64::MIN));
                for number in numbers {
                    let camera = |look: &'a Look| {
                        let mut cameras = look.recording.contents.cameras.iter();
                        cameras.find(|camera| camera.number == *number)
                    };
                    let Some(camera_next) = camera(look) else {
                        continue;
                    };
                    let end = camera(piece.look).map(end_of);
                    if end.is_none_or(|end| first_of(camera_next) >= end) {
                        // it begins after the one before ends
                        inside = false;
                        if first_of(camera_next) < piece.end() {
                            cut = None;
                        }
                        continue;
                    }
                    match self.overlap(*number, (*before, piece), (file, look))? {
                        (Overlap::Same(frames, key), _) => {
                            (count, inside) = (count + frames, false);
                            cut = cut.zip(key.or(end)).map(|(cut, key)| cut.max(key));
                        }
                        (Overlap::Inside, frames) => count += frames,
                        (Overlap::Different, _) => cut = None,
                    }
                }
                match cut {
                    None => notes.push(differ(other, name)),
                    Some(_) if inside => {
                        own = None;
                        notes.push(all_inside(other, name));
                    }
                    Some(cut) => {
                        (piece.until, next.from) = (Some(cut), Some(cut));
                        notes.push(once(count, other, name));
                    }
                }
            }
            pieces.extend(own.map(|piece| (file, piece)));
        }
        Ok(pieces.into_iter().map(|(_, piece)| piece).collect())
    }

    /// How a camera's frames of a file overlap with those of the file before, and how many there are.
    fn overlap(
        &mut self,
        number: u16,
        (before, piece): (usize, &Piece<'a>),
        (file, look): (usize, &'a Look),
    ) -> Result<(Overlap, usize), Failure> {
        let (one, next) = (self.frames(before, number)?, self.frames(file, number)?);
        let camera = |look: &'a Look| {
            let mut cameras = look.recording.contents.cameras.iter();
            cameras.find(|camera| camera.number == number)
        };
        // only frames near other files are among these
        let whole = camera(look).is_some_and(|camera| next.len() as u64 == camera.frames);
        let last = camera(piece.look).and_then(|camera| camera.runs.last());
        let ends = one.last().map(|frame| frame.clock) == last.map(|run| run.last);
        Ok((overlap(&one, &next, (ends, whole)), next.len()))
    }

    /// What each file gives of a camera, in the order of recording.
    fn pieces(&mut self, number: u16, notes: &mut Vec<String>) -> Result<Vec<Piece<'a>>, Failure> {
        let mut pieces: Vec<(usize, Piece<'a>)> = Vec::new();
        for (file, look) in self.looks.iter().enumerate() {
            let name = &look.recording.input.name;
            let mut cameras = look.recording.contents.cameras.iter();
            let Some(camera) = cameras.find(|camera| camera.number == number) else {
                notes.push(format!("{name}: has no camera {number}"));
                continue;
            };
            let mut own = Some(Piece::new(look, Some(camera)));
            if let Some((before, piece)) = pieces.last_mut()
                && first_of(camera) < piece.end()
            {
                let other = &piece.look.recording.input.name;
                match self.overlap(number, (*before, piece), (file, look))? {
                    (Overlap::Same(count, until), _) => {
                        piece.until = until;
                        notes.push(once(count, other, name));
                    }
                    (Overlap::Inside, _) => {
                        own = None;
                        notes.push(all_inside(other, name));
                    }
                    (Overlap::Different, _) => notes.push(differ(other, name)),
                }
            }
            pieces.extend(own.map(|piece| (file, piece)));
        }
        Ok(pieces.into_iter().map(|(_, piece)| piece).collect())
    }

    /// The frames of a camera that may be in other files, too.
    fn frames(&mut self, file: usize, camera: u16) -> Result<Vec<Coded>, Failure> {
        if !self.frames.contains_key(&file) {
            let frames = self.read(file)?;
            self.frames.insert(file, frames);
        }
        let frames = self.frames.get(&file).and_then(|all| all.get(&camera));
        Ok(frames.cloned().unwrap_or_default())
    }

    fn read(&self, file: usize) -> Result<Frames, Failure> {
        let mut frames = Frames::new();
        let Some(look) = self.looks.get(file) else {
            return Ok(frames);
        };
        let others = self.looks.iter().enumerate().filter(|(n, _)| *n != file);
        let others: Vec<Window> = others
            .map(|(_, look)| {
                let base = look.base();
                let (first, last) = (base.first, base.last);
                (first.saturating_sub(SLACK), last.saturating_add(SLACK))
            })
            .collect();
        let options = Options {
            hashes: true,
            ..Options::default()
        };
        let input = self.work.common.open(&look.recording.input.path)?;
        Recording::read(self.work.common, input, options, &mut |frame| {
            let clock = frame.clock;
            let shared = others
                .iter()
                .any(|(from, to)| (*from..=*to).contains(&clock));
            if frame.is_video() && shared {
                let camera = frames.entry(frame.packet.stream.camera).or_default();
                camera.push(Coded {
                    timestamp: frame.timestamp,
                    hash: frame.extra,
                    key: frame.packet.key,
                    clock,
                });
            }
            Ok(())
        })?;
        Ok(frames)
    }

    /// The outputs of pieces: one for each size and codec of a camera.
    fn outputs(&self, pieces: &[Piece<'a>], notes: &mut Vec<String>) -> Vec<Output<'a>> {
        let mut outputs: Vec<Output<'a>> = Vec::new();
        let mut before: Option<(&'a Look, i64)> = None;
        for piece in pieces {
            let look = piece.look;
            let codec = |camera: Option<&Camera>| camera.map(|camera| camera.codec);
            let (from, to) = self.window.unwrap_or((i64::MIN, i64::MAX));
            let is_cut = piece.from.is_some() || piece.until.is_some();
            let window = (self.window.is_some() || is_cut).then_some((
                from.max(piece.from.unwrap_or(i64::MIN)),
                to.min(piece.until.unwrap_or(i64::MAX)),
            ));
            for (n, part) in piece.parts(window).into_iter().enumerate() {
                let mut gap = None;
                let mut kept = 0;
                if let Some((one, end)) = before.filter(|_| n == 0) {
                    let apart = part.first.saturating_sub(end);
                    let passed = u64::try_from(apart).unwrap_or(0);
                    let hole = apart >= look.recording.findings.profile.timing.gap();
                    gap = hole.then_some(passed);
                    if hole {
                        notes.push(format!(
                            "nothing was recorded for {} between {}, which ends at {}, and {}, which begins at {}",
                            look.recording.length(apart),
                            one.recording.input.name,
                            look.recording.time(end),
                            look.recording.input.name,
                            look.recording.time(part.first)
                        ));
                    }
                    if !hole || self.work.convert.gaps == Gaps::Preserve {
                        kept = passed;
                    }
                }
                let fits = outputs.last().is_some_and(|output| {
                    output.part.size == part.size && codec(output.camera) == codec(piece.camera)
                });
                match outputs.last_mut().filter(|_| fits) {
                    Some(output) => output.add(piece, part, (gap, kept)),
                    None => outputs.push(Output::new(piece, part)),
                }
            }
            let end = piece.end().min(window.map_or(i64::MAX, |(_, to)| to));
            before = Some((look, end));
        }
        if outputs.len() > 1 {
            let sizes = outputs.iter().map(|output| {
                let (width, height) = output.part.size;
                let from = output.look.recording.time(output.part.first);
                let codec = output.camera.map(|camera| codec_name(camera.codec));
                let codec = codec.unwrap_or_default();
                format!("{codec} of {width}x{height} from {from}")
            });
            let sizes: Vec<String> = sizes.collect();
            notes.push(format!(
                "the frame size or codec changes, so there is a file for each: {}",
                sizes.join(", ")
            ));
        }
        outputs
    }
}

fn once(count: usize, one: &str, other: &str) -> String {
    format!("{count} frames are in {one} and in {other}: they are written once")
}

fn all_inside(one: &str, other: &str) -> String {
    format!("{other}: all frames are in {one}, too: they are written once")
}

fn differ(one: &str, other: &str) -> String {
    format!(
        "{one} and {other} overlap in time, but their frames there are not the same: both are written whole"
    )
}

/// An output, and where it comes from.
struct Output<'a> {
    look: &'a Look,
    camera: Option<&'a Camera>,
    part: Part,
    steps: Vec<Step<'a>>,
    notes: Vec<String>,
    incomplete: bool,
}

impl<'a> Output<'a> {
    fn new(piece: &Piece<'a>, part: Part) -> Output<'a> {
        Output {
            look: piece.look,
            camera: piece.camera,
            steps: steps(piece, &part, 0),
            part,
            notes: Vec::new(),
            incomplete: false,
        }
    }

    fn add(&mut self, piece: &Piece<'a>, part: Part, (gap, kept): (Option<u64>, u64)) {
        let audio = |piece: &Piece<'_>| -> BTreeSet<(u16, &'static str)> {
            let tracks = piece
                .cameras()
                .filter_map(|camera| piece.look.audio_of(camera));
            tracks
                .map(|(channel, codec)| (channel, codec_name(codec)))
                .collect()
        };
        let first = audio(&Piece::new(self.look, self.camera));
        if !audio(piece).is_subset(&first) {
            self.incomplete = true;
            self.notes.push(format!(
                "the audio of {} is left out: {} has none, or of another kind (--no-audio does so without this remark)",
                piece.look.recording.input.name, self.look.recording.input.name
            ));
        }
        self.steps.extend(steps(piece, &part, kept));
        self.part.append(part, gap, kept);
    }
}

/// One step for each range of a part.
fn steps<'a>(piece: &Piece<'a>, part: &Part, gap: u64) -> Vec<Step<'a>> {
    let cameras: Vec<u16> = piece.cameras().map(|camera| camera.number).collect();
    let mut ranges: Vec<_> = part.ranges.iter().copied().map(Some).collect();
    if ranges.is_empty() {
        ranges.push(None);
    }
    let step = |(n, range): (usize, Option<Range>)| Step {
        input: &piece.look.recording.input,
        cameras: cameras.clone(),
        range,
        stop: range.map_or(part.stop, |(_, stop)| stop.min(part.stop)),
        gap: if n == 0 { gap } else { 0 },
    };
    ranges.into_iter().enumerate().map(step).collect()
}

fn first_of(camera: &Camera) -> i64 {
    let starts = camera.runs.iter().map(|run| run.start);
    starts.min().unwrap_or(i64::MIN)
}

fn end_of(camera: &Camera) -> i64 {
    let ends = camera.runs.iter().map(|run| camera.end_of(run));
    ends.max().unwrap_or(i64::MIN)
}

/// How the frames of a file overlap with those of the one before it. `ends`: the one before has none after these; `whole`: the next
/// one has no others.
fn overlap(before: &[Coded], next: &[Coded], (ends, whole): (bool, bool)) -> Overlap {
    let Some(first) = next.first() else {
        return Overlap::Different;
    };
    let same = |a: &[Coded], b: &[Coded]| a.iter().zip(b).all(|(a, b)| a.is(b));
    let starts = before
        .iter()
        .enumerate()
        .filter(|(_, frame)| frame.is(first));
    for (start, _) in starts {
        let (head, tail) = before.split_at(start);
        if !same(tail, next) {
            continue;
        }
        if whole && tail.len() >= next.len() {
            return Overlap::Inside;
        }
        if !ends || tail.len() > next.len() {
            return Overlap::Different;
        }
        let key = tail.iter().zip(next).position(|(_, frame)| frame.key);
        let until = key.and_then(|key| tail.get(key)).map(|frame| frame.clock);
        let shown = head.iter().chain(tail.iter().take(key.unwrap_or(0)));
        // a clock that was set back would cut other frames as well
        let mut others = tail.iter().skip(key.unwrap_or(0));
        let apart = |until| {
            shown.clone().all(|frame| frame.clock < until)
                && others.all(|frame| frame.clock >= until)
        };
        return match until.is_none_or(apart) {
            true => Overlap::Same(tail.len(), until),
            false => Overlap::Different,
        };
    }
    Overlap::Different
}

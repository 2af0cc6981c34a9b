// SPDX-License-Identifier: MPL-2.0
//! Several exports of one recorder as one output for each camera.

use super::{
    Convert, Gaps,
    graph::{Job, Step},
    look::{Look, Part, Range, Window},
    plan::{Item, Names},
    write::{Outcome, Status, Work, note_early, which_part},
};
use crate::common::{Common, Failure, cameras, coded::codec_name};
use crate::recording::{Camera, Options, Recording};
use formats::{
    reader::{Codec, Timestamp},
    timeline::SECOND,
};
use std::collections::BTreeMap;

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

/// A file's frames of a camera that go into the output.
struct Piece<'a> {
    look: &'a Look,
    camera: &'a Camera,
    /// Where the next one continues, if that is before its end.
    until: Option<i64>,
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
    let mut files: Vec<(Item, Look)> = Vec::new();
    for item in items {
        if let Some(problem) = &item.problem {
            let name = item.path.display();
            return Err(Failure::Input(format!("{name}: {problem}")));
        }
        let input = common.open(&item.path)?;
        let look = Look::take(common, input, convert.gaps, false, &mut |_| Ok(()))?;
        files.push((item.clone(), look));
    }
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
        for number in numbers {
            self.camera(number, many, &mut outcomes)?;
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
        let Some(first) = pieces.first() else {
            return Ok(());
        };
        let (look, camera) = (first.look, first.camera);
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
            let mut outcome = self.work.outcome(path(None), camera.name());
            let time = |ns| look.recording.time(ns);
            let runs = pieces.iter().flat_map(|piece| &piece.camera.runs);
            let span = runs.map(|run| (run.start, run.last));
            let span = span.reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)));
            outcome.status = Status::Outside(span.map(|(first, last)| (time(first), time(last))));
            outcomes.push(outcome);
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
                cameras: &[output.camera],
                part: &output.part,
                treatment: &self.work.treatment(output.look, format),
                layout: self.work.common.layout.as_deref(),
                comment: &self.work.comment(&which_part(&camera.name(), which)),
                steps: &output.steps,
            };
            self.work.output(&job, &path, &mut outcome);
            if let (Status::Written, Some(window), 0) = (&outcome.status, self.window, n) {
                note_early(output.look, window, &mut outcome);
            }
            outcomes.push(outcome);
        }
        Ok(())
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
            let mut own = Some(Piece {
                look,
                camera,
                until: None,
            });
            if let Some((before, piece)) = pieces.last_mut()
                && first_of(camera) < end_of(piece.camera)
            {
                let other = &piece.look.recording.input.name;
                let (one, next) = (self.frames(*before, number)?, self.frames(file, number)?);
                // only frames near other files are among these
                let whole = next.len() as u64 == camera.frames;
                let last = piece.camera.runs.last().map(|run| run.last);
                let ends = one.last().map(|frame| frame.clock) == last;
                match overlap(&one, &next, (ends, whole)) {
                    Overlap::Same(count, until) => {
                        piece.until = until;
                        notes.push(format!(
                            "{count} frames are in {other} and in {name}: they are written once"
                        ));
                    }
                    Overlap::Inside => {
                        own = None;
                        notes.push(format!(
                            "{name}: all frames are in {other}, too: they are written once"
                        ));
                    }
                    Overlap::Different => notes.push(format!(
                        "{other} and {name} overlap in time, but their frames there are not the same: both are written whole"
                    )),
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

    /// The outputs of a camera: one for each size.
    fn outputs(&self, pieces: &[Piece<'a>], notes: &mut Vec<String>) -> Vec<Output<'a>> {
        let mut outputs: Vec<Output<'a>> = Vec::new();
        let mut before: Option<(&'a Look, i64)> = None;
        for piece in pieces {
            let (look, camera) = (piece.look, piece.camera);
            let (from, to) = self.window.unwrap_or((i64::MIN, i64::MAX));
            let window = (self.window.is_some() || piece.until.is_some())
                .then_some((from, to.min(piece.until.unwrap_or(i64::MAX))));
            for (n, part) in look.parts(camera, window).into_iter().enumerate() {
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
                    output.part.size == part.size && output.camera.codec == camera.codec
                });
                match outputs.last_mut().filter(|_| fits) {
                    Some(output) => output.add(look, camera, part, (gap, kept)),
                    None => outputs.push(Output::new(look, camera, part)),
                }
            }
            let end = end_of(camera).min(window.map_or(i64::MAX, |(_, to)| to));
            before = Some((look, end));
        }
        if outputs.len() > 1 {
            let sizes = outputs.iter().map(|output| {
                let (width, height) = output.part.size;
                let from = output.look.recording.time(output.part.first);
                format!(
                    "{} of {width}x{height} from {from}",
                    codec_name(output.camera.codec)
                )
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

/// An output, and where it comes from.
struct Output<'a> {
    look: &'a Look,
    camera: &'a Camera,
    part: Part,
    steps: Vec<Step<'a>>,
    notes: Vec<String>,
    incomplete: bool,
}

impl<'a> Output<'a> {
    fn new(look: &'a Look, camera: &'a Camera, part: Part) -> Output<'a> {
        Output {
            look,
            camera,
            steps: steps(look, &part, 0),
            part,
            notes: Vec::new(),
            incomplete: false,
        }
    }

    fn add(
        &mut self,
        look: &'a Look,
        camera: &'a Camera,
        part: Part,
        (gap, kept): (Option<u64>, u64),
    ) {
        let codec = |look: &Look, camera| -> Option<Codec> { Some(look.audio_of(camera)?.1) };
        let own = codec(look, camera);
        if own.is_some() && own != codec(self.look, self.camera) {
            self.incomplete = true;
            self.notes.push(format!(
                "the audio of {} is left out: {} has none, or of another kind (--no-audio does so without this remark)",
                look.recording.input.name, self.look.recording.input.name
            ));
        }
        self.steps.extend(steps(look, &part, kept));
        self.part.append(part, gap, kept);
    }
}

/// One step for each range of a part.
fn steps<'a>(look: &'a Look, part: &Part, gap: u64) -> Vec<Step<'a>> {
    let input = &look.recording.input;
    let mut ranges: Vec<_> = part.ranges.iter().copied().map(Some).collect();
    if ranges.is_empty() {
        ranges.push(None);
    }
    let step = |(n, range): (usize, Option<Range>)| Step {
        input,
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

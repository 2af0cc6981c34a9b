// SPDX-License-Identifier: MPL-2.0
//! What is known of a recording, for people and machines.

use crate::common::{Common, coded::codec_name};
use crate::recording::{Camera, Recording};
use formats::{
    exp::layout::Status,
    reader::Mode,
    recording::{Accuracy, TimeMap, frames::has_no_end},
    timeline::{Resolution, Run, SECOND, is_implausible},
};
use serde_json::{Value, json};

/// Runs that are listed, of the file and of all its cameras together.
const MAX_RUNS: usize = 10_000;

/// A recording, read whole or sampled.
pub struct Facts {
    /// All of it, or its first records.
    pub recording: Recording,
    /// The runs that an index or samples show, where not all of it was read.
    pub map: Option<TimeMap>,
}

/// Name of a recording mode.
pub fn mode_name(mode: Mode) -> &'static str {
    mode.name().unwrap_or("unknown")
}

impl Facts {
    /// Every record was read.
    pub fn exact(recording: Recording) -> Facts {
        Facts {
            recording,
            map: None,
        }
    }

    /// The first records were read, and an index or samples.
    pub fn sampled(recording: Recording, map: TimeMap) -> Facts {
        Facts {
            recording,
            map: Some(map),
        }
    }

    /// Every record was read.
    pub fn is_exact(&self) -> bool {
        self.map.is_none()
    }

    /// Something was found that a whole recording does not have.
    pub fn is_damaged(&self) -> bool {
        match self.is_exact() {
            true => self.recording.findings.is_damaged(),
            false => self.recording.findings.front.is_some(),
        }
    }

    /// How surely runs and gaps are known.
    pub fn accuracy(&self) -> Accuracy {
        match &self.map {
            None => Accuracy::Exact,
            Some(map) => map.accuracy,
        }
    }

    /// Earliest and latest frame; of a sampled file the end may be unknown.
    pub fn span(&self) -> Option<(i64, Option<i64>)> {
        match &self.map {
            None => self
                .recording
                .contents
                .span
                .map(|(first, last)| (first, Some(last))),
            Some(map) => {
                let read = self.recording.contents.span?.0;
                let first = map.runs.iter().map(|run| run.clock).min();
                let last = map.runs.iter().map(|run| run.clock_end).max();
                Some((first.map_or(read, |first| first.min(read)), last))
            }
        }
    }

    /// Gaps, where they are known; of a sampled file at least so many.
    pub fn gaps(&self) -> Option<u64> {
        match &self.map {
            None => Some(self.recording.contents.gaps),
            Some(map) if map.accuracy >= Accuracy::Sampled => {
                let pairs = map.runs.windows(2);
                let gap = |pair: &&[Run]| match pair {
                    [one, next] => {
                        let jumps = is_implausible(one.clock_end) != is_implausible(next.clock);
                        next.clock >= one.clock_end && !jumps
                    }
                    _ => false,
                };
                Some(pairs.filter(gap).count() as u64)
            }
            Some(_) => None,
        }
    }

    /// Its layout: name, title, and how well it is known.
    pub fn layout(&self) -> Option<(String, String, Status)> {
        let layout = self.recording.input.layout()?;
        let findings = &self.recording.findings;
        // frames in an AVI without a record around them have a layout that nobody has seen
        let bare = !findings.has_clock() && findings.records > 0 && layout.name == "plv1";
        Some(match bare {
            true => (
                layout.name,
                "Pelco PLV1 AVI export, frames without a record: such files may exist".to_owned(),
                Status::Assumed,
            ),
            false => (layout.name, layout.title, layout.status),
        })
    }

    /// What the times are taken for, and how well that is known.
    pub fn times_are(&self) -> &'static str {
        let findings = &self.recording.findings;
        match (
            findings.has_clock(),
            findings.info.family.starts_with("netvu"),
        ) {
            (false, _) => "distances from the first slot",
            (_, true) => "UTC (stated)",
            (_, false) => {
                "taken for UTC (assumed: whether recorders timestamp UTC or local time is unknown)"
            }
        }
    }

    /// Whether the fractions of seconds are the recorder's.
    pub fn time_is(&self) -> &'static str {
        match self.recording.findings.profile.timing.resolution {
            Resolution::Millis => "recorded",
            Resolution::Seconds => "estimated between whole seconds",
            Resolution::Slots => "counted on the file's timeline",
        }
    }

    /// Cameras that the header names and that have no frames: number and title.
    pub fn without_frames(&self) -> Vec<(u16, &str)> {
        let seen = &self.recording.contents.cameras;
        let listed = self.recording.findings.info.cameras.iter();
        listed
            .filter(|listed| !seen.iter().any(|camera| camera.number == listed.number))
            .map(|listed| (listed.number, listed.title.as_str()))
            .collect()
    }

    /// What does not agree.
    pub fn warnings(&self) -> Vec<String> {
        let resized = self.recording.contents.cameras.iter().filter_map(|camera| {
            let (width, height, offset) = camera.resized?;
            Some(format!(
                "{}: its frames are {width}x{height} up to offset {offset}, and {}x{} at the end",
                camera.name(),
                camera.width,
                camera.height
            ))
        });
        let warnings = self.recording.findings.warnings.iter().cloned();
        warnings.chain(resized).collect()
    }

    /// Two times in words; nothing without a clock.
    fn words(&self, first: i64, last: Option<i64>) -> Value {
        let zone = self.recording.zone;
        match self.recording.has_clock() {
            false => Value::Null,
            true => json!({
                "start": zone.format_utc(first),
                "end": last.map(|last| zone.format_utc(last)),
                "start_local": zone.local(first),
                "end_local": last.map(|last| zone.local(last)),
            }),
        }
    }

    /// All of it, for machines. What is not known of a sampled file is null.
    pub fn json(&self, common: &Common) -> Value {
        let (recording, exact) = (&self.recording, self.is_exact());
        let (findings, contents) = (&recording.findings, &recording.contents);
        let (info, input) = (&findings.info, &recording.input);
        let span = self.span();
        let header = common.zone(None).in_seconds();
        let utc = |seconds: i64| header.format_utc(seconds.saturating_mul(SECOND));
        let first = span.map_or(0, |(first, _)| first);
        let known = |value: u64| exact.then_some(value);
        let layout = self
            .layout()
            .map(|(name, title, status)| json!({ "name": name, "title": title, "status": status }));
        let runs = contents.runs.iter().take(MAX_RUNS).enumerate();
        let runs = runs.map(|(n, run)| {
            json!({
                "number": n + 1,
                "begins": run.begins.name(),
                "break_seconds": seconds(run.begins.length()),
                "start_ns": run.start,
                "end_ns": run.last,
                "running_ns": run.running,
                "offset": run.offset,
                "span": self.words(run.start, Some(run.last)),
                "frames": run.frames,
                "doubtful": run.doubtful,
                "modes": modes(&run.modes),
                "cameras": run.cameras,
            })
        });
        let runs: Vec<Value> = runs.filter(|_| exact).collect();
        let damage = findings.damage.iter().map(|range| {
            json!({ "offset": range.offset, "length": range.length, "expected": range.expected })
        });
        let damage: Vec<Value> = damage.filter(|_| exact).collect();
        let place = |(offset, length): (u64, u64)| json!({ "offset": offset, "length": length });
        let silent = self.without_frames().into_iter();
        let silent = silent.map(|(camera, title)| json!({ "camera": camera, "title": title }));
        json!({
            "file": input.name,
            "size": input.size,
            "container": info.container,
            "family": info.family,
            "confidence": input.confidence,
            "evidence": input.evidence,
            "layout": layout,
            "model": info.model,
            "server": info.server,
            "video_standard": info.standard.name(),
            "utc_offset": {
                "minutes": recording.zone.minutes_at(first),
                "text": recording.zone.offset_name(),
                "from": recording.zone.from.name(),
            },
            "clock": findings.profile.clock_name(),
            "times_are": self.times_are(),
            "time_is": self.time_is(),
            "doubtful": findings.faults.doubtful(),
            "header": {
                "records": info.records,
                "first": info.span.map(|(first, _)| utc(first)),
                "last": info.span.map(|(_, last)| utc(last)),
                "data_start": info.data_start,
                "index": info.index.map(|index| index.offset),
                "index_entries": info.index.map(|index| index.count),
            },
            "exact": exact,
            "accuracy": self.accuracy().name(),
            "records": if exact { Some(findings.records) } else { info.records },
            "span": span.map_or(Value::Null, |(first, last)| self.words(first, last)),
            "span_of": "earliest and latest frame",
            "streams": self.streams(),
            "without_frames": silent.collect::<Vec<_>>(),
            "runs": runs,
            "run_count": known(contents.run_count),
            "gaps": known(contents.gaps),
            "clock_steps": known(contents.clock_steps),
            "front": findings.front.map(place),
            "damage": damage,
            "damaged_regions": known(findings.damaged),
            "damaged_bytes": known(findings.damaged_bytes),
            "cut": findings.cut.filter(|_| exact).map(|(offset, bytes)| json!({ "offset": offset, "bytes": bytes })),
            "warnings": self.warnings(),
        })
    }

    fn streams(&self) -> Vec<Value> {
        let contents = &self.recording.contents;
        let mut room = MAX_RUNS;
        let mut streams: Vec<Value> = Vec::new();
        for camera in &contents.cameras {
            streams.push(self.camera(camera, &mut room));
        }
        let known = |value: u64| self.is_exact().then_some(value);
        streams.extend(contents.audio.iter().map(|track| {
            json!({
                "camera": track.key.camera,
                "title": "",
                "media": "audio",
                "codec": codec_name(track.key.codec),
                "sample_rate": track.format.map(|format| format.rate),
                "frames": known(track.records),
                "bytes": known(track.bytes),
            })
        }));
        streams
    }

    fn camera(&self, camera: &Camera, room: &mut usize) -> Value {
        let exact = self.is_exact();
        let known = |value: u64| exact.then_some(value);
        let shown = if exact {
            camera.runs.len().min(*room)
        } else {
            0
        };
        *room -= shown;
        let runs = camera.runs.iter().take(shown).map(|run| {
            json!({
                "begins": run.begins.name(),
                "break_seconds": seconds(run.begins.length()),
                "start_ns": run.start,
                "end_ns": run.last,
                "running_ns": run.running,
                "offset": run.offset,
                "span": self.words(run.start, Some(run.last)),
                "frames": run.all_frames(),
                "orphans": run.orphans,
                "doubtful": run.doubtful,
            })
        });
        let codecs = camera.codecs.iter();
        let codecs = codecs.map(|(codec, frames)| (codec_name(*codec).to_owned(), json!(frames)));
        let codecs: serde_json::Map<String, Value> = codecs.collect();
        let all_runs = (camera.runs.len() as u64).saturating_add(camera.more_runs);
        let span = camera.span().filter(|_| exact);
        json!({
            "camera": camera.number,
            "title": camera.title,
            "media": "video",
            "codec": codec_name(camera.codec),
            "codecs": if exact { Value::Object(codecs) } else { Value::Null },
            "width": camera.width,
            "height": camera.height,
            "nominal_rate": self.nominal_rate(camera),
            "recorded_rate": camera.rate().map(|rate| (rate * 1000.0).round() / 1000.0),
            "sample_rate": Value::Null,
            "frames": known(camera.frames),
            "keyframes": known(camera.keyframes),
            "orphans": known(camera.orphans),
            "bytes": known(camera.bytes),
            "modes": if exact { modes(&camera.modes) } else { json!({}) },
            "span": span.map_or(Value::Null, |(first, last)| self.words(first, Some(last))),
            "runs": runs.collect::<Vec<_>>(),
            "run_count": known(all_runs),
            "gaps": known(camera.gaps() as u64),
            "clock_steps": known(camera.clock_steps() as u64),
        })
    }

    /// Frames per second in the header.
    pub fn nominal_rate(&self, camera: &Camera) -> Option<f64> {
        let mut listed = self.recording.findings.info.cameras.iter();
        let listed = listed.find(|listed| listed.number == camera.number)?;
        let (num, den) = listed.rate?;
        Some(f64::from(num) / f64::from(den))
    }

    /// The file ends inside a record though its kind has an end: offset of the record, and bytes of it that are there.
    pub fn cut(&self) -> Option<(u64, u64)> {
        let findings = &self.recording.findings;
        let cut = findings.cut.filter(|_| self.is_exact())?;
        (!has_no_end(findings.info.family)).then_some(cut)
    }
}

fn modes(modes: &[(Mode, u64)]) -> Value {
    let modes = modes.iter();
    let modes = modes.map(|(mode, count)| (mode_name(*mode).to_owned(), json!(count)));
    Value::Object(modes.collect())
}

/// Nanoseconds as seconds.
fn seconds(ns: i64) -> f64 {
    ns as f64 / 1e9
}

// SPDX-License-Identifier: MPL-2.0
//! Files of one recorder and the same time with other cameras in each, as some recorders export them: they are played together,
//! as one file.

use super::recording::{Alarm, Input, Part};
use formats::{recording::contents::RecordingRun, timeline::Break};

impl Part {
    /// Puts together what belongs beside each other.
    pub fn together(parts: Vec<Part>) -> Vec<Part> {
        let mut groups: Vec<Vec<Part>> = Vec::new();
        for part in parts {
            let group = groups
                .iter_mut()
                .find(|group| group.iter().all(|one| one.is_beside(&part)));
            match group {
                Some(group) => group.push(part),
                None => groups.push(vec![part]),
            }
        }
        groups.into_iter().filter_map(Part::merge).collect()
    }

    /// The same recorder, mostly the same time, and no camera in both.
    fn is_beside(&self, other: &Part) -> bool {
        let ((a, b), (c, d)) = (self.span(), other.span());
        let both = b.min(d).saturating_sub(a.max(c));
        let shorter = b.saturating_sub(a).min(d.saturating_sub(c));
        let cameras = |part: &Part| {
            let inputs = part.inputs.iter();
            inputs
                .flat_map(|input| input.cameras.clone())
                .collect::<Vec<u16>>()
        };
        let own = cameras(self);
        self.is_of_recorder(other)
            && both > 0
            && both.saturating_mul(2) > shorter
            && !cameras(other).iter().any(|camera| own.contains(camera))
    }

    /// One part of files beside each other, the first of which has the time that is played. All but the first begin when their
    /// clock says.
    pub fn merge(mut parts: Vec<Part>) -> Option<Part> {
        if parts.len() < 2 {
            return parts.pop();
        }
        parts.sort_by_key(|part| part.span().0);
        let mut parts = parts.into_iter();
        let mut whole = parts.next()?;
        let begun = whole.span().0;
        for part in parts {
            whole.add(part, begun);
        }
        whole.contents.runs = union(whole.contents.runs, whole.findings.profile.timing.gap());
        whole.contents.cameras.sort_by_key(|camera| camera.number);
        Some(whole)
    }

    fn add(&mut self, mut other: Part, begun: i64) {
        let shift = other.span().0.saturating_sub(begun);
        for input in other.inputs {
            self.inputs.push(Input {
                offset: input.offset.saturating_add(shift),
                ..input
            });
        }
        let runs = other.contents.runs.into_iter();
        self.contents.runs.extend(runs.map(|run| RecordingRun {
            running: run.running.saturating_add(shift),
            ..run
        }));
        for camera in &mut other.contents.cameras {
            for run in &mut camera.runs {
                run.running = run.running.saturating_add(shift);
            }
        }
        self.contents.cameras.extend(other.contents.cameras);
        self.contents.damage.extend(other.contents.damage);
        let spans = self.contents.span.zip(other.contents.span);
        if let Some(((a, b), (c, d))) = spans {
            self.contents.span = Some((a.min(c), b.max(d)));
        }
        self.complete &= other.complete;
        for (camera, title) in other.cameras {
            let own = self.cameras.entry(camera).or_default();
            if own.is_empty() || !title.is_empty() {
                *own = title;
            }
        }
        for (camera, ticks) in other.ticks {
            let ticks = ticks.iter().map(|tick| tick.saturating_add(shift));
            self.ticks.insert(camera, ticks.collect());
        }
        let alarms = other.alarms.into_iter();
        self.alarms.extend(alarms.map(|alarm| Alarm {
            time: alarm.time.saturating_add(shift),
            ..alarm
        }));
        self.findings.warnings.extend(other.findings.warnings);
    }
}

/// Runs of several files, in which those that go on at the same time are one.
fn union(mut runs: Vec<RecordingRun>, gap: i64) -> Vec<RecordingRun> {
    runs.sort_by_key(|run| run.running);
    let clock = |run: &RecordingRun| run.start.saturating_sub(run.running);
    let mut all: Vec<RecordingRun> = Vec::new();
    for mut run in runs {
        let Some(last) = all.last_mut() else {
            all.push(run);
            continue;
        };
        let apart = run.start.saturating_sub(last.last);
        if clock(last).abs_diff(clock(&run)) >= gap.unsigned_abs() {
            all.push(run);
        } else if apart < gap {
            last.last = last.last.max(run.last);
        } else {
            run.begins = Break::Gap(apart);
            all.push(run);
        }
    }
    all
}

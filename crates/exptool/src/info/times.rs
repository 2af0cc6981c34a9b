// SPDX-License-Identifier: MPL-2.0
//! Times in a report: no finer than the recorder's clock.

use super::report::Span;
use crate::common::clock::Zone;
use formats::timeline::{Resolution, SECOND};

/// Fractions of seconds are worked out, see [`Times::fraction`].
pub const ESTIMATED: &str = "estimated between whole seconds";

/// How times are shown.
#[derive(Clone, Copy, Debug)]
pub struct Times {
    /// Zone of local times.
    pub zone: Zone,
    /// How fine the clock is.
    pub resolution: Resolution,
}

impl Times {
    /// Name of the clock.
    pub fn clock_name(&self) -> &'static str {
        match self.resolution {
            Resolution::Millis => "milliseconds",
            Resolution::Seconds => "whole seconds",
            Resolution::Slots => "file timeline",
        }
    }

    /// Whether fractions of seconds are the recorder's.
    pub fn fraction(&self) -> &'static str {
        match self.resolution {
            Resolution::Millis => "recorded",
            Resolution::Seconds => ESTIMATED,
            Resolution::Slots => "counted on the file's timeline",
        }
    }

    /// What times are taken for.
    pub fn taken_for(&self, family: &str) -> &'static str {
        match (self.resolution, family.starts_with("netvu")) {
            (Resolution::Slots, _) => "distances from the first slot",
            (_, true) => "UTC (stated)",
            (_, false) => {
                "taken for UTC (assumed: whether recorders timestamp UTC or local time is not known)"
            }
        }
    }

    /// Two times in words; `None` without a clock.
    pub fn span(&self, first: i64, last: Option<i64>) -> Option<Span> {
        (self.resolution != Resolution::Slots).then(|| Span {
            start: self.utc(first),
            end: last.map(|last| self.utc(last)),
            start_local: self.local(first),
            end_local: last.map(|last| self.local(last)),
        })
    }

    fn utc(&self, ns: i64) -> String {
        match self.resolution {
            Resolution::Seconds => without_fraction(&Zone::utc(second(ns))),
            _ => Zone::utc(ns),
        }
    }

    fn local(&self, ns: i64) -> String {
        match self.resolution {
            Resolution::Seconds => without_fraction(&self.zone.local(second(ns))),
            _ => self.zone.local(ns),
        }
    }
}

/// The second that a time lies in, ns.
fn second(ns: i64) -> i64 {
    ns.div_euclid(SECOND).saturating_mul(SECOND)
}

/// A time in words of which only the seconds count.
pub fn without_fraction(text: &str) -> String {
    text.replacen(".000", "", 1)
}

/// Nanoseconds as seconds.
pub fn seconds(ns: i64) -> f64 {
    ns as f64 / 1e9
}

// SPDX-License-Identifier: MPL-2.0
//! The time axis: the recorder's clock from left to right, in which long times without any recording are folded, and the part of it
//! that is shown.

/// A fold is as wide as this part of all that was recorded.
const FOLD: i64 = 40;
/// Shorter times without recording are never folded: one minute.
const SHORTEST: i64 = 60_000_000_000;
/// Least that is shown, nanoseconds.
const CLOSEST: f64 = 1e9;

/// A piece of the axis: clock times, and where it begins on the axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Piece {
    pub start: i64,
    pub end: i64,
    /// Place of its beginning on the axis, and its length there.
    pub at: i64,
    pub length: i64,
    /// Nothing was recorded, and it is drawn shorter than it is.
    pub folded: bool,
}

/// All pieces, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Axis {
    pub pieces: Vec<Piece>,
}

impl Axis {
    /// An axis for these recorded spans, nanoseconds of the recorder's clock.
    pub fn new(mut spans: Vec<(i64, i64)>) -> Axis {
        spans.sort_unstable();
        let mut merged: Vec<(i64, i64)> = Vec::new();
        for (start, end) in spans {
            match merged.last_mut() {
                Some(last) if start <= last.1 => last.1 = last.1.max(end),
                _ => merged.push((start, end)),
            }
        }
        let recorded = merged.iter().map(|(start, end)| end.saturating_sub(*start));
        let recorded = recorded.fold(0, i64::saturating_add).max(1);
        let limit = recorded.max(SHORTEST);
        let mut pieces: Vec<Piece> = Vec::new();
        let mut at = 0_i64;
        for (start, end) in merged {
            if let Some(last) = pieces.last_mut() {
                let gap = start.saturating_sub(last.end);
                if gap > limit {
                    let length = recorded / FOLD;
                    let from = last.end;
                    pieces.push(Piece {
                        start: from,
                        end: start,
                        at,
                        length,
                        folded: true,
                    });
                    at = at.saturating_add(length);
                } else {
                    last.end = end;
                    let more = end.saturating_sub(last.start);
                    at = last.at.saturating_add(more);
                    last.length = more;
                    continue;
                }
            }
            let length = end.saturating_sub(start);
            pieces.push(Piece {
                start,
                end,
                at,
                length,
                folded: false,
            });
            at = at.saturating_add(length);
        }
        Axis { pieces }
    }

    /// Its whole length.
    pub fn length(&self) -> f64 {
        let last = self.pieces.last();
        last.map_or(1.0, |last| {
            (last.at.saturating_add(last.length)).max(1) as f64
        })
    }

    /// Place of a clock time on the axis.
    pub fn place(&self, clock: i64) -> f64 {
        let begun = self.pieces.partition_point(|piece| piece.start <= clock);
        let Some(piece) = self.pieces.get(begun.saturating_sub(1)) else {
            return 0.0;
        };
        let whole = piece.end.saturating_sub(piece.start).max(1) as f64;
        let into = clock.saturating_sub(piece.start) as f64 / whole;
        piece.at as f64 + into.clamp(0.0, 1.0) * piece.length as f64
    }

    /// Clock time at a place of the axis.
    pub fn clock(&self, place: f64) -> i64 {
        let begun = self
            .pieces
            .partition_point(|piece| piece.at as f64 <= place);
        let Some(piece) = self.pieces.get(begun.saturating_sub(1)) else {
            return 0;
        };
        let into = (place - piece.at as f64) / piece.length.max(1) as f64;
        let whole = piece.end.saturating_sub(piece.start) as f64;
        piece
            .start
            .saturating_add((into.clamp(0.0, 1.0) * whole) as i64)
    }
}

/// The part of an axis that is shown.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct View {
    /// First place that is shown.
    pub start: f64,
    /// Length that is shown.
    pub length: f64,
    whole: f64,
}

impl View {
    /// All of an axis.
    pub fn new(axis: &Axis) -> View {
        let whole = axis.length();
        View {
            start: 0.0,
            length: whole,
            whole,
        }
    }

    /// Place at a fraction of the width.
    pub fn place(&self, fraction: f64) -> f64 {
        self.start + fraction * self.length
    }

    /// Fraction of the width at a place.
    pub fn fraction(&self, place: f64) -> f64 {
        (place - self.start) / self.length
    }

    /// Shows `factor` times as much; what is at `fraction` of the width stays there.
    pub fn zoom(&mut self, factor: f64, fraction: f64) {
        let fixed = self.place(fraction);
        let closest = CLOSEST.min(self.whole);
        self.length = (self.length * factor).clamp(closest, self.whole);
        self.start = fixed - fraction * self.length;
        self.limit();
    }

    /// Moves by a fraction of the width.
    pub fn pan(&mut self, fraction: f64) {
        self.start += fraction * self.length;
        self.limit();
    }

    /// Moves so that a place is shown.
    pub fn reveal(&mut self, place: f64) {
        if place < self.start || place > self.start + self.length {
            self.start = place - self.length / 10.0;
            self.limit();
        }
    }

    /// Not all is shown.
    pub fn is_zoomed(&self) -> bool {
        self.length < self.whole
    }

    fn limit(&mut self) {
        self.start = self.start.clamp(0.0, (self.whole - self.length).max(0.0));
    }
}

/// Distances of labels on the axis, seconds.
const STEPS: [i64; 19] = [
    1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400,
    604_800,
];

/// The distance of labels, seconds, so that each has at least this part of what is shown: nanoseconds.
pub fn label_step(least: f64) -> i64 {
    let fits = STEPS.iter().find(|step| (**step as f64) * 1e9 >= least);
    fits.copied().unwrap_or(2_592_000)
}

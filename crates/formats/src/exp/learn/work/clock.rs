// SPDX-License-Identifier: MPL-2.0
//! The recorder's time in the layout that is put together.

use super::{Work, millis, plain, rows, time};
use crate::exp::layout::TimeField;

impl Work<'_> {
    /// The time, and the milliseconds beside it.
    pub fn time(&mut self) {
        let of = self.rows.list.len();
        let camera = self
            .layout
            .record
            .camera
            .map(|field| field.at.unsigned_abs() as usize);
        let Some(found) = time::find(&self.rows, camera) else {
            self.open = true;
            self.tell(
                "record",
                "no field reads as a time that never decreases".to_owned(),
                (0, of),
                Vec::new(),
            );
            return;
        };
        let field = found.best.field;
        self.rows.take(field.at, field.time.width());
        let rivals = found
            .rivals
            .iter()
            .map(|rival| format!("{:?} at {}", rival.field.time, rival.field.at))
            .collect();
        let still = if found.still {
            "; it may be a count, or no time at all"
        } else {
            ""
        };
        self.open |= found.still;
        self.timed = true;
        self.tell(
            "record.time",
            format!("{:?} at {}{still}", field.time, field.at),
            (found.best.valid, of),
            rivals,
        );
        self.layout.record.time = Some(field);
        self.keep_apart(field);
        self.millis(field);
    }

    /// Milliseconds beside a time that has none, or always 0.
    fn millis(&mut self, time: TimeField) {
        let read = |row: &rows::Row| {
            let at = row.start.saturating_add(time.at);
            time.time.read(self.bytes, at).ok().flatten()
        };
        let mut timestamps = self.rows.list.iter().filter_map(read);
        if timestamps.any(|timestamp| timestamp.millis.unwrap_or(0) != 0) {
            return;
        }
        let Some((found, others)) = millis::find(&self.rows, time) else {
            return;
        };
        self.rows.take(found.at, 2);
        self.layout.record.millis = Some(plain(found.at, found.number));
        let text = format!(
            "{:?} at {}, below 1000, and the times still never decrease",
            found.number, found.at
        );
        let rivals = others
            .iter()
            .map(|other| format!("{:?} at {}", other.number, other.at))
            .collect();
        let of = self.rows.list.len();
        self.tell("record.millis", text, (found.agree, of), rivals);
    }

    /// Lengths whose upper half, always 0, is part of the time are half as wide.
    fn keep_apart(&mut self, time: TimeField) {
        let record = &mut self.layout.record;
        let ends = time.at.saturating_add(time.time.width());
        let lengths = [
            &mut record.size,
            &mut record.p.length,
            &mut record.key.length,
        ];
        for length in lengths.into_iter().flatten() {
            let at = usize::try_from(length.at).unwrap_or(usize::MAX);
            let crosses = at < ends && time.at < length.end();
            let half = rows::lower_half(length.number).filter(|_| crosses);
            if let Some((by, number)) = half {
                length.at = length.at.saturating_add(by as i32);
                length.number = number;
            }
        }
    }
}

// SPDX-License-Identifier: MPL-2.0
//! Holds the layout that was put together against the file, and says how sure it is.

use super::{Confidence, Layout, Learnt, MIN_CERTAIN, RecordLayout, Work, check, ends};

impl Work<'_> {
    /// Reads the file by the layout, leaves out of it what does not help, and says how sure it is.
    pub fn finish(mut self) -> Learnt {
        let list = &self.pictures.list;
        let mut reading = check::read(self.bytes, &self.layout, list);
        let mut before = 0_u64;
        if let Some((other, layout)) = self.begun_earlier(&reading) {
            let by = layout
                .record
                .header
                .saturating_sub(self.layout.record.header);
            before = by as u64;
            (reading, self.layout) = (other, layout);
            self.tell(
                "record.header",
                format!(
                    "records begin {by} bytes before the places that the other remarks count from: their padding fits then"
                ),
                (reading.matched, reading.of),
                Vec::new(),
            );
        }
        let mut left_out = None;
        let wanting = |reading: &check::Reading| {
            reading.matched.saturating_mul(100) < reading.of.saturating_mul(99)
        };
        if wanting(&reading) {
            for (name, without) in self.simpler() {
                let other = check::read(self.bytes, &without, list);
                if other.samples(&reading) {
                    (reading, self.layout, left_out) = (other, without, Some(name));
                }
            }
        }
        if let Some(name) = left_out {
            self.tell(
                "name",
                format!("{name} was left out: more pictures are read without"),
                (reading.matched, reading.of),
                Vec::new(),
            );
            self.open = true;
        }
        self.layout.file_header = self
            .rows
            .list
            .first()
            .map(|row| (row.start as u64).saturating_sub(before))
            .filter(|size| *size > 0);
        let text = format!(
            "read by this layout; {} stretches between were no record",
            reading.damaged
        );
        self.tell("name", text, (reading.matched, reading.of), Vec::new());
        let whole = reading.missing == 0 && reading.extra == 0;
        let most = reading.matched.saturating_mul(100) >= reading.of.saturating_mul(99);
        let padded = self.layout.record.align > 1;
        let calm = reading.damaged.saturating_mul(4) <= reading.of
            && !(padded && reading.rounds.saturating_mul(2) > reading.damaged);
        let confidence = if whole
            && calm
            && self.timed
            && !self.open
            && list.len() >= MIN_CERTAIN
            && self.backed()
            && self.ends_are_right()
        {
            Confidence::Certain
        } else if most && self.timed {
            Confidence::Probable
        } else {
            Confidence::Doubtful
        };
        self.layout.title =
            format!("inferred from {} pictures, {confidence:?}", list.len()).to_lowercase();
        Learnt {
            layout: self.layout,
            findings: self.findings,
            confidence,
            pictures: list.len(),
            read: reading.matched,
        }
    }

    /// The pictures end where coded pictures do; told, where they do not.
    fn ends_are_right(&mut self) -> bool {
        let right = ends::are_right(self.bytes, &self.layout, self.pictures);
        if !right {
            let text =
                "some pictures do not end as coded pictures do: they may be too long or too short";
            self.tell("name", text.to_owned(), (0, 0), Vec::new());
        }
        right
    }

    /// Every finding has nearly all records behind it, but for those that count pairs with nothing between.
    fn backed(&self) -> bool {
        let exact = ["record.kind", "record.time", "record.size"];
        self.findings
            .iter()
            .filter(|finding| exact.contains(&finding.field.as_str()))
            .all(|finding| finding.agree.saturating_mul(100) >= finding.of.saturating_mul(99))
    }

    /// The layout without one of the fields that make records refused.
    fn simpler(&self) -> Vec<(&'static str, Layout)> {
        let mut all = Vec::new();
        let mut without = |name, change: &dyn Fn(&mut RecordLayout)| {
            let mut layout = self.layout.clone();
            change(&mut layout.record);
            if layout != self.layout {
                all.push((name, layout));
            }
        };
        without("record.constant", &|record| record.constant.clear());
        if self.shape.length.is_some() && self.shape.key_length.is_some() {
            without("record.size", &|record| record.size = None);
        }
        without("record.kind", &|record| {
            record.kind = None;
            record.audio = None;
        });
        all
    }
}

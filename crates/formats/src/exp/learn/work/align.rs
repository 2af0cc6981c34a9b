// SPDX-License-Identifier: MPL-2.0
//! Where padded records begin. Their first bytes may look like the padding before them; begun too late, a record whose true end
//! falls on a boundary seems to be followed by one more round of padding.

use super::{Layout, Work, check};
use crate::exp::layout::{Field, PayloadLayout};

impl Work<'_> {
    /// The layout with records that begin earlier, where that leaves less between them.
    pub fn begun_earlier(&self, reading: &check::Reading) -> Option<(check::Reading, Layout)> {
        let align = self.layout.record.align;
        if align < 2 || reading.rounds.saturating_mul(2) <= reading.damaged {
            return None;
        }
        (1..align.min(64))
            .filter_map(|by| {
                let layout = shifted(&self.layout, by)?;
                let other = check::read(self.bytes, &layout, &self.pictures.list);
                (other.matched >= reading.matched && other.damaged < reading.damaged)
                    .then_some((other, layout))
            })
            .min_by_key(|(reading, _)| (reading.damaged, reading.missing))
    }
}

/// The same fields in records that begin `by` bytes earlier. `None` where that makes no sense.
fn shifted(layout: &Layout, by: usize) -> Option<Layout> {
    let mut layout = layout.clone();
    let record = &mut layout.record;
    let by_signed = i32::try_from(by).ok()?;
    // places that count back from the picture stay
    let field = |field: &mut Option<Field>| {
        if let Some(field) = field.as_mut().filter(|field| field.at >= 0) {
            field.at = field.at.saturating_add(by_signed);
        }
    };
    let payload = |part: &mut PayloadLayout| {
        part.payload = part.payload.saturating_add(by);
        for one in [
            &mut part.length,
            &mut part.crc,
            &mut part.codec,
            &mut part.rate,
        ] {
            field(one);
        }
    };
    record.header = record.header.saturating_add(by);
    for constant in &mut record.constant {
        constant.at = constant.at.saturating_add(by);
    }
    if let Some(time) = &mut record.time {
        time.at = time.at.saturating_add(by);
    }
    for one in [
        &mut record.size,
        &mut record.millis,
        &mut record.sequence,
        &mut record.camera,
        &mut record.mode,
        &mut record.format,
    ] {
        field(one);
    }
    if let Some(kind) = record.kind.as_mut().filter(|kind| kind.at >= 0) {
        kind.at = kind.at.saturating_add(by_signed);
    }
    payload(&mut record.p);
    payload(&mut record.key);
    record.audio.as_mut().map(payload);
    Some(layout)
}

// SPDX-License-Identifier: MPL-2.0
//! Puts the layout together, field by field, and tells what each rests on.

mod align;
mod clock;
mod outcome;
mod shaped;

use super::{
    Confidence, Finding, Learnt, MIN_CERTAIN, check, ends, fields, millis,
    others::{self, By, Others},
    pictures::Pictures,
    rows::{self, Rows},
    shape::{Length, Shape},
    time,
};
use crate::exp::layout::{
    Constant, Field, KindField, Layout, Number, PayloadLayout, RecordLayout, Transform,
};
use shaped::{layout_of, length_field, plain};

/// What is gathered on the way.
pub struct Work<'a> {
    bytes: &'a [u8],
    pictures: &'a Pictures,
    shape: Shape,
    others: Others,
    rows: Rows<'a>,
    layout: Layout,
    findings: Vec<Finding>,
    /// Something is not told apart from everything else.
    open: bool,
    timed: bool,
}

impl<'a> Work<'a> {
    /// Tells what the shape shows, and looks for nothing yet.
    pub fn new(bytes: &'a [u8], pictures: &'a Pictures, shape: Shape) -> Work<'a> {
        let rows = Rows::new(bytes, &pictures.list, &shape);
        let others = others::find(&rows, &shape);
        let layout = layout_of(&shape, &rows);
        let mut work = Work {
            bytes,
            pictures,
            shape,
            others,
            rows,
            layout,
            findings: Vec::new(),
            open: false,
            timed: false,
        };
        work.tell_shape();
        work
    }

    fn tell(
        &mut self,
        field: &str,
        text: String,
        (agree, of): (usize, usize),
        rivals: Vec<String>,
    ) {
        self.open |= !rivals.is_empty();
        self.findings.push(Finding {
            field: field.to_owned(),
            text,
            agree,
            of,
            rivals,
        });
    }

    fn tell_shape(&mut self) {
        let list = &self.pictures.list;
        let keys = list.iter().filter(|picture| picture.key).count();
        let all = list.len();
        self.tell(
            "name",
            format!("{all} MPEG-4 pictures, {keys} of them keyframes"),
            (all, all),
            Vec::new(),
        );
        let shape = self.shape.clone();
        let stored = if shape.key_transform == Transform::Swap32 {
            "in reversed groups of four"
        } else {
            "as they are"
        };
        let swapped = list
            .iter()
            .filter(|picture| picture.key && picture.transform == shape.key_transform)
            .count();
        self.tell(
            "record.key",
            format!(
                "keyframes are stored {stored}, {} bytes after their record's start",
                shape.key_header
            ),
            (swapped, keys),
            Vec::new(),
        );
        self.tell(
            "record.p",
            format!(
                "P pictures begin {} bytes after their record's start",
                shape.header
            ),
            (all.saturating_sub(keys), all.saturating_sub(keys)),
            Vec::new(),
        );
        let told = |length: Length| {
            format!(
                "{:?}, {} bytes before the picture",
                length.number, length.distance
            )
        };
        if let Some(length) = shape.length {
            self.tell(
                "record.p.length",
                told(length),
                (length.agree, length.of),
                shape.rivals.clone(),
            );
        }
        if let Some(length) = shape.key_length {
            self.tell(
                "record.key.length",
                told(length),
                (length.agree, length.of),
                Vec::new(),
            );
        }
        if let Some((at, number, plus)) = shape.size {
            let rows = self.rows.list.len();
            self.tell(
                "record.size",
                format!("{number:?} at {at}, and {plus}: the size of the whole record"),
                (rows, rows),
                Vec::new(),
            );
        }
        if shape.guessed {
            self.open = true;
            self.tell(
                "record.header",
                "where a header begins was told from the bytes, no field says it".to_owned(),
                (0, 0),
                Vec::new(),
            );
        }
    }

    /// Looks for the fields of the headers.
    pub fn fields(&mut self) {
        self.kind();
        self.camera();
        self.time();
        self.sequence();
        self.others();
        self.constant();
    }

    fn sequence(&mut self) {
        let camera = self.layout.record.camera;
        let camera = camera.map(|field| field.at.unsigned_abs() as usize);
        let found = fields::sequence(&self.rows, camera, &self.others.starts);
        let Some((at, number, agree)) = found else {
            return;
        };
        self.rows.take(at, 2);
        self.layout.record.sequence = Some(plain(at, number));
        let of = self.rows.list.len();
        let text = format!("{number:?} at {at} counts records");
        self.tell("record.sequence", text, (agree, of), Vec::new());
    }

    fn kind(&mut self) {
        let Some(kind) = fields::kind(&self.rows, &self.others.starts) else {
            let of = self.rows.list.len();
            self.tell(
                "record",
                "no byte tells keyframes from P pictures; the pictures themselves do".to_owned(),
                (0, of),
                Vec::new(),
            );
            return;
        };
        self.rows.take(kind.at, 1);
        let of = self.rows.list.len();
        let other =
            (!kind.rivals.is_empty()).then(|| format!("; so do the bytes at {:?}", kind.rivals));
        let text = format!(
            "byte at {}: {:?} P pictures, {:?} keyframes{}",
            kind.at,
            kind.p,
            kind.key,
            other.unwrap_or_default()
        );
        // another byte that says the same is no other layout
        self.tell("record.kind", text, (kind.agree, of), Vec::new());
        self.layout.record.kind = Some(KindField {
            at: kind.at as i32,
            number: Number::U8,
            p: kind.p,
            key: kind.key,
            audio: Vec::new(),
        });
    }

    fn camera(&mut self) {
        let kind = self
            .layout
            .record
            .kind
            .as_ref()
            .and_then(|kind| usize::try_from(kind.at).ok());
        let found = fields::camera(&self.rows, kind);
        if found.is_none() && fields::mixed(&self.rows) {
            self.open = true;
            let of = self.rows.list.len();
            self.tell(
                "record",
                "the pictures are of more than one camera, and no byte tells them apart".to_owned(),
                (0, of),
                Vec::new(),
            );
        }
        if let Some(camera) = found {
            self.open |= fields::tells_keys(&self.rows, camera.at, camera.mask);
            self.rows.take(camera.at, 1);
            let rivals = camera
                .rivals
                .iter()
                .map(|at| format!("the byte at {at}"))
                .collect();
            let text = format!(
                "byte at {}: {} cameras {:?}, each with pictures at its own pace",
                camera.at,
                camera.values.len(),
                camera.values
            );
            self.layout.record.camera = Some(Field {
                mask: (camera.mask != 0xff).then_some(camera.mask),
                ..plain(camera.at, Number::U8)
            });
            self.tell("record.camera", text, (camera.agree, camera.of), rivals);
        }
    }

    fn others(&mut self) {
        let others = self.others.clone();
        if others.stretches == 0 {
            return;
        }
        let text = match others.by {
            Some(By::Size) => format!(
                "{} other records between the pictures, by their size",
                others.starts.len()
            ),
            Some(By::Length) => format!(
                "{} other records between the pictures, by the length field",
                others.starts.len()
            ),
            None => "what stands between some pictures is unknown and skipped".to_owned(),
        };
        self.tell(
            "record",
            text,
            (others.explained, others.stretches),
            Vec::new(),
        );
        if others.by != Some(By::Length) || self.shape.size.is_some() {
            return;
        }
        let (Some(kind), Some(length)) = (&mut self.layout.record.kind, self.shape.length) else {
            return;
        };
        let mut values: Vec<u64> = others
            .starts
            .iter()
            .filter_map(|start| {
                Number::U8
                    .read(
                        self.bytes,
                        start.checked_add(usize::try_from(kind.at).ok()?)?,
                    )
                    .ok()
            })
            .filter(|value| !kind.p.contains(value) && !kind.key.contains(value))
            .collect();
        values.sort_unstable();
        values.dedup();
        if values.is_empty() || values.len() > 8 {
            return;
        }
        kind.audio = values;
        self.layout.record.audio = Some(PayloadLayout {
            payload: self.shape.header,
            search: 0,
            transform: Transform::None,
            short_group: false,
            length: Some(length_field(length, self.shape.header, false)),
            crc: None,
            codec: None,
            rate: None,
        });
    }

    /// Four bytes or more at the record's start that look like a mark.
    fn constant(&mut self) {
        let Some(first) = self.rows.list.first() else {
            return;
        };
        let head = self
            .bytes
            .get(first.start..first.start.saturating_add(self.rows.header))
            .unwrap_or_default();
        let starts = || {
            self.rows
                .list
                .iter()
                .map(|row| row.start)
                .chain(self.others.starts.iter().copied())
        };
        let same = head
            .iter()
            .enumerate()
            .take(16)
            .take_while(|(at, byte)| {
                **byte != 0
                    && self.rows.free(*at, 1)
                    && starts()
                        .all(|start| self.bytes.get(start.saturating_add(*at)) == Some(*byte))
            })
            .count();
        if same < 4 || self.rows.list.len() < MIN_CERTAIN {
            return;
        }
        let bytes = head.get(..same).unwrap_or_default().to_vec();
        let of = starts().count();
        let text = format!("every record begins with {bytes:02x?}");
        self.layout.record.constant = vec![Constant { at: 0, bytes }];
        self.tell("record.constant", text, (of, of), Vec::new());
    }
}

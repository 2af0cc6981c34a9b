// SPDX-License-Identifier: MPL-2.0
//! The layout as the shape of the records gives it, before any other field is known.

use super::{Length, Rows, Shape};
use crate::exp::layout::{Field, Layout, Number, PayloadLayout, RecordLayout, Status, Transform};

/// A field of one number.
pub fn plain(at: usize, number: Number) -> Field {
    Field {
        at: at as i32,
        number,
        mask: None,
        plus: 0,
    }
}

/// The field counted from the record's start, or back from the picture where the header's size varies.
pub fn length_field(length: Length, header: usize, varies: bool) -> Field {
    let back = (length.distance as i32).saturating_neg();
    let at = match header.checked_sub(length.distance) {
        Some(at) if !varies => at as i32,
        _ => back,
    };
    Field {
        at,
        number: length.number,
        mask: None,
        plus: 0,
    }
}

/// What the shape of the records gives: sizes, lengths and where pictures begin.
pub fn layout_of(shape: &Shape, rows: &Rows<'_>) -> Layout {
    let payload =
        |header: usize, transform: Transform, length: Option<Length>, varies: bool| PayloadLayout {
            payload: header,
            search: if varies { 4096 } else { 0 },
            transform,
            short_group: transform == Transform::Swap32 && shape.group == 1,
            length: length.map(|length| length_field(length, header, varies)),
            crc: None,
            codec: None,
            rate: None,
        };
    Layout {
        name: "inferred".to_owned(),
        title: String::new(),
        status: Status::Inferred,
        verified: Vec::new(),
        file_header: None,
        record: RecordLayout {
            header: rows.header,
            align: if shape.align > 1 { shape.align } else { 0 },
            align_from: 0,
            fill: 0,
            sector: 0,
            sector_from: 0,
            size_counts: Default::default(),
            size_unpadded: false,
            trim: false,
            video: Default::default(),
            ticks: None,
            constant: Vec::new(),
            size: shape.size.map(|(at, number, plus)| Field {
                at: at as i32,
                number,
                mask: None,
                plus,
            }),
            time: None,
            millis: None,
            sequence: None,
            camera: None,
            mode: None,
            format: None,
            kind: None,
            p: payload(shape.header, shape.transform, shape.length, false),
            key: payload(
                shape.key_header,
                shape.key_transform,
                shape.key_length,
                shape.key_varies,
            ),
            audio: None,
        },
    }
}

// SPDX-License-Identifier: MPL-2.0
//! Which family a file is, recognised by its first bytes, never from its name.

use super::{
    avi::AviReader,
    header,
    infer::{self, Confidence, Inferred},
    layout::Layout,
    native::{NativeReader, is_header_by_checksum},
};
use crate::{
    mpeg4::start_code,
    reader::{Reader, Window},
    recording::{Event, Parser},
};
use std::ops::ControlFlow;

/// Bytes from the file's start in which a record has to be for the file to be believed: a recording may be inside a disk image.
pub const MAX_PROBE: usize = 16 << 20;

/// Bytes from which a layout is inferred where the first 4 MiB do not settle it.
pub const MAX_INFERRING: usize = MAX_PROBE;

/// What was looked for, for the message that says it is not there.
pub const EXPECTED: &str = "a DXEXP header, a PLV1 AVI, or consecutive frame records (size, time, kind and start code agreeing) \
     in the first 16 MiB";

/// The families that can be told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// The reference layout with its header.
    Native,
    /// Records without a header, or after an unknown one.
    Records,
    /// The PLV1 AVI.
    Plv1,
}

/// Outcome of looking at the first bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Probe {
    /// More bytes would decide.
    Need(usize),
    /// One of ours.
    Is {
        /// Which.
        family: Family,
        /// Pictures in a row that proved themselves in these bytes.
        records: u32,
    },
    /// None of ours.
    No,
}

/// Looks at the first bytes of a file. `window.offset` is 0.
///
/// A file is believed by its header or, where that is damaged or the recording begins inside something else (a disk image), by its
/// records. The time is linear in the bytes, whatever they are.
pub fn probe(window: &Window<'_>) -> Probe {
    let data = window.data;
    if data.len() < 12 && !window.last {
        return Probe::Need(12);
    }
    if data.starts_with(b"RIFF") && data.get(8..12) == Some(b"AVI ") {
        return probe_avi(window);
    }
    if header::is_header(data) || is_header_by_checksum(data) {
        return Probe::Is {
            family: Family::Native,
            records: count(Family::Native, window, 8).0,
        };
    }
    // foreign files whose beginning is known need not be searched
    if foreign(data).is_some() {
        return Probe::No;
    }
    for family in [Family::Records, Family::Plv1] {
        let (records, to_end) = count(family, window, 4);
        if records >= 3 || (records >= 1 && to_end && window.last) {
            return Probe::Is { family, records };
        }
    }
    if window.last || data.len() >= MAX_PROBE {
        Probe::No
    } else {
        more(data.len())
    }
}

/// An AVI is one of ours by its tracks, or by framed records in its chunks where its headers are damaged.
fn probe_avi(window: &Window<'_>) -> Probe {
    let Some(layout) = Layout::built_in("plv1") else {
        return Probe::No;
    };
    let mut reader = AviReader::new(layout);
    reader.look_at_hand();
    let (mut framed, mut others): (u32, u32) = (0, 0);
    let end = Parser::new(&mut reader).read_window(window, |event| {
        match event {
            Event::Packet { packet, .. } if packet.timestamp.is_some() => {
                framed = framed.saturating_add(1);
            }
            Event::Packet { packet, .. } => {
                others = others.saturating_add(u32::from(packet.audio.is_none()));
            }
            Event::Damaged(_) => others = others.saturating_add(1),
            _ => {}
        }
        match framed < 8 && others < 8 {
            true => ControlFlow::Continue(()),
            false => ControlFlow::Break(()),
        }
    });
    let ended = matches!(end, Some(Event::Need(_)));
    let is_plv1 = match reader.names_plv1() {
        // a letter of the FourCC may be damaged
        Some(letters) => letters == 4 || framed > 0 || letters == 3 && others > 0,
        None => framed > 0 || others > 2,
    };
    let records = framed.saturating_add(others);
    match is_plv1 && (framed == 0 || framed.saturating_mul(2) >= others) {
        true => Probe::Is {
            family: Family::Plv1,
            records,
        },
        false if ended && !window.last && window.data.len() < MAX_PROBE => more(window.data.len()),
        false => Probe::No,
    }
}

fn more(have: usize) -> Probe {
    Probe::Need(have.saturating_mul(4).clamp(4096, MAX_PROBE))
}

/// What a file is that begins as one of another kind does: it has no records, and what seems to be one would be invented.
pub fn foreign(data: &[u8]) -> Option<&'static str> {
    infer::container(data)
}

/// Counts consecutive pictures, `limit` at most, and whether the file ended with them.
fn count(family: Family, window: &Window<'_>, limit: u32) -> (u32, bool) {
    let (Some(reference), Some(plv1)) = (Layout::built_in("reference"), Layout::built_in("plv1"))
    else {
        return (0, false);
    };
    let mut reader: Box<dyn Reader> = match family {
        Family::Native | Family::Records => {
            let mut reader = NativeReader::new(reference);
            reader.look_at_hand();
            Box::new(reader)
        }
        Family::Plv1 => {
            let mut reader = AviReader::new(plv1);
            reader.look_at_hand();
            Box::new(reader)
        }
    };
    if family != Family::Native && !window.data.starts_with(b"RIFF") {
        reader.resync();
    }
    let mut records: u32 = 0;
    let end = Parser::new(reader).read_window(window, |event| {
        match event {
            Event::Packet { .. } => records = records.saturating_add(1),
            // what breaks the row
            Event::Damaged(_) if family == Family::Records => records = 0,
            _ => {}
        }
        match records < limit {
            true => ControlFlow::Continue(()),
            false => ControlFlow::Break(()),
        }
    });
    (records, matches!(end, Some(Event::Cut { .. } | Event::End)))
}

/// A reader for a family.
pub fn open(family: Family) -> Option<Box<dyn Reader>> {
    Some(match family {
        Family::Native | Family::Records => {
            Box::new(NativeReader::new(Layout::built_in("reference")?))
        }
        Family::Plv1 => Box::new(AviReader::new(Layout::built_in("plv1")?)),
    })
}

/// Outcome of working out a layout.
pub enum Inference {
    /// More bytes may help.
    Need(usize),
    /// A layout.
    Layout {
        /// The layout.
        layout: Box<Layout>,
        /// What it rests on, for people.
        evidence: String,
        /// 0 to 100.
        confidence: u32,
    },
    /// No layout holds; why.
    No(String),
}

/// The layout that the first bytes of an unknown file show. `window` holds what [`probe`] has seen; where that does not settle it,
/// [`MAX_INFERRING`] bytes may. A doubtful layout is taken where only the time is in doubt.
pub fn infer(window: &Window<'_>) -> Inference {
    let data = window.data;
    if let Some(name) = foreign(data) {
        return Inference::No(format!("no layout can be inferred: it is {name}"));
    }
    let enough = window.last || data.len() >= MAX_INFERRING;
    let codes: [&[u8]; 4] = [
        &start_code::VOP_BYTES,
        &[start_code::VOP, 1, 0, 0],
        &[0, 0, 1, 0x65],
        &super::coded::JPEG,
    ];
    let has_frames = || {
        codes
            .iter()
            .any(|code| memchr::memmem::find(data, code).is_some())
    };
    let settles = |inferred: &Inferred| inferred.confidence > Confidence::Doubtful;
    let usual = data.get(..infer::USUAL_SAMPLE).unwrap_or(data);
    let inferred = match infer::infer(usual) {
        Ok(inferred) if settles(&inferred) => Ok(inferred),
        first if usual.len() == data.len() => first,
        _ => infer::infer(data),
    };
    match inferred {
        Ok(inferred) if settles(&inferred) || enough && inferred.is_readable() => {
            let mut evidence = format!(
                "the layout of the records was inferred from the first {} bytes and is {}: it reads {} of {} frames",
                data.len(),
                inferred.confidence.name(),
                inferred.read,
                inferred.frames
            );
            if let Some(open) = inferred.open.first() {
                evidence.push_str("; ");
                evidence.push_str(open);
            }
            Inference::Layout {
                layout: Box::new(inferred.layout),
                evidence,
                confidence: inferred.confidence.percent(),
            }
        }
        _ if !enough && has_frames() => Inference::Need(MAX_INFERRING),
        Ok(inferred) => Inference::No(format!(
            "the layout that its records seem to have is doubtful: it reads {} of {} frames; {}",
            inferred.read,
            inferred.frames,
            inferred.open.join("; ")
        )),
        Err(nothing) => Inference::No(nothing.to_string()),
    }
}

/// A reader for records of an inferred layout, whose first warning says what that rests on.
pub fn open_inferred(layout: Layout, evidence: String) -> Box<dyn Reader> {
    let mut reader = NativeReader::new(layout);
    reader.remark(evidence);
    Box::new(reader)
}

/// A reader for records of a given layout.
pub fn open_layout(layout: Layout) -> Box<dyn Reader> {
    if layout.name == "plv1" {
        Box::new(AviReader::new(layout))
    } else {
        Box::new(NativeReader::new(layout))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_containers_are_told_from_recordings() {
        let avi = |codec: &[u8; 4]| [b"RIFF\0\x10\0\0AVI LIST", &codec[..], &[0; 64]].concat();
        assert!(foreign(&avi(b"XVID")).is_some());
        assert_eq!(foreign(&avi(b"PLV1")), None);
        assert_eq!(foreign(b".RMF\0\0\0\x12"), Some("RealMedia"));
        let mp4 = b"\0\0\0\x20ftypisom\0\0\x02\0";
        assert_eq!(foreign(mp4), Some("MP4 or QuickTime"));
        let packets: Vec<u8> = (0..10).flat_map(|_| [0x47; 188]).collect();
        assert_eq!(foreign(&packets), Some("an MPEG transport stream"));
        assert_eq!(foreign(b"DXEXP\0\x01\0"), None);
        assert_eq!(foreign(&[]), None);
    }
}

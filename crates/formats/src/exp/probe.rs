// SPDX-License-Identifier: MPL-2.0
//! Which family a file is, told from its first bytes, never from its name.

use super::{avi::AviReader, header, layout::Layout, learn, native::NativeReader, riff};
use crate::{
    mpeg4::start_code,
    reader::{Reader, Step, Window},
};

/// Bytes from the file's start in which a record has to stand for the file to be believed.
pub const MAX_PROBE: usize = 4 << 20;

/// Bytes from which a layout is inferred where [`MAX_PROBE`] do not settle it.
pub const MAX_LEARNING: usize = 16 << 20;

/// What was looked for, for the message that says it is not there.
pub const EXPECTED: &str = "a DXEXP header, a PLV1 AVI, or consecutive frame records (size, time, kind and start code agreeing) \
     in the first 4 MiB";

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
pub fn probe(window: &Window<'_>) -> Probe {
    let data = window.data;
    if data.len() < 12 && !window.last {
        return Probe::Need(12);
    }
    if data.starts_with(b"RIFF") && data.get(8..12) == Some(b"AVI ") {
        return match riff::has_plv1_track(data) {
            Some(true) => Probe::Is {
                family: Family::Plv1,
                records: count(Family::Plv1, window, 8).0,
            },
            None if !window.last && data.len() < MAX_PROBE => more(data.len()),
            _ => Probe::No,
        };
    }
    if header::is_header(data) {
        return Probe::Is {
            family: Family::Native,
            records: count(Family::Native, window, 8).0,
        };
    }
    // foreign files whose beginning is known need not be searched
    if is_foreign(data) {
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

fn more(have: usize) -> Probe {
    Probe::Need(have.saturating_mul(4).clamp(4096, MAX_PROBE))
}

/// Beginnings of files that are something else.
pub fn is_foreign(data: &[u8]) -> bool {
    let begins: [&[u8]; 9] = [
        b"RIFF",
        b"\x1aE\xdf\xa3",
        b"MZ",
        b"\x7fELF",
        b"%PDF",
        b"PK\x03\x04",
        b"\x89PNG",
        b"\xff\xd8\xff",
        b"GIF8",
    ];
    begins.iter().any(|begin| data.starts_with(begin)) || data.get(4..8) == Some(b"ftyp")
}

/// Counts consecutive pictures, `limit` at most, and tells whether the file ended with them.
fn count(family: Family, window: &Window<'_>, limit: u32) -> (u32, bool) {
    let Some(mut reader) = open(family) else {
        return (0, false);
    };
    if family != Family::Native && !window.data.starts_with(b"RIFF") {
        reader.resync();
    }
    let mut rest = *window;
    let mut records: u32 = 0;
    while records < limit {
        match reader.next(&rest) {
            Step::Packet(packet) => {
                records = records.saturating_add(1);
                rest = rest.skip(packet.size);
            }
            Step::Skip(bytes) => {
                // a search inside the window ends in a skip; what it passes over breaks the row
                let bytes = usize::try_from(bytes).unwrap_or(usize::MAX);
                if bytes >= rest.data.len() {
                    return (records, true);
                }
                rest = rest.skip(bytes);
            }
            Step::Damaged(damage) => {
                if family == Family::Records {
                    records = 0;
                }
                if damage.length >= rest.data.len() {
                    return (records, false);
                }
                rest = rest.skip(damage.length);
            }
            Step::Cut(_) | Step::End => return (records, true),
            Step::Need(_) => return (records, false),
        }
    }
    (records, false)
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
pub enum Learning {
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

/// A reader by the layout that the first bytes of an unknown file teach. `window` holds [`MAX_PROBE`] bytes or all of the file;
/// where these do not settle it, [`MAX_LEARNING`] may.
pub fn learn(window: &Window<'_>) -> Learning {
    let data = window.data;
    if is_foreign(data) {
        return Learning::No("it is a file of another kind".to_owned());
    }
    let enough = window.last || data.len() >= MAX_LEARNING;
    let has_pictures = || memchr::memmem::find(data, &start_code::VOP_BYTES).is_some();
    match learn::learn(data) {
        Ok(inferred) if inferred.confidence > learn::Confidence::Doubtful => {
            let evidence = format!(
                "the layout of the records was inferred from the first {} bytes and is {}: it reads {} of {} pictures",
                data.len(),
                inferred.confidence.name(),
                inferred.read,
                inferred.pictures
            );
            let confidence = match inferred.confidence {
                learn::Confidence::Certain => 95,
                learn::Confidence::Probable => 60,
                learn::Confidence::Doubtful => 20,
            };
            Learning::Layout {
                layout: Box::new(inferred.layout),
                evidence,
                confidence,
            }
        }
        _ if !enough && has_pictures() => Learning::Need(MAX_LEARNING),
        Ok(inferred) => Learning::No(format!(
            "the layout that its records seem to have is doubtful: it reads {} of {} pictures",
            inferred.read, inferred.pictures
        )),
        Err(nothing) => Learning::No(nothing.to_string()),
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

// SPDX-License-Identifier: MPL-2.0
//! Which family a file is, told from its first bytes, never from its name.

use super::{
    avi::AviReader,
    header,
    layout::Layout,
    learn,
    native::{NativeReader, is_header_by_checksum},
};
use crate::{
    mpeg4::start_code,
    reader::{Reader, Step, Window},
};

/// Bytes from the file's start in which a record has to be for the file to be believed: a recording may be inside a disk image.
pub const MAX_PROBE: usize = 16 << 20;

/// Bytes from which a layout is inferred where the first 4 MiB do not settle it.
pub const MAX_LEARNING: usize = MAX_PROBE;

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
    let mut ended = false;
    let mut rest = *window;
    while framed < 8 && others < 8 && !rest.data.is_empty() {
        let passed = match reader.next(&rest) {
            Step::Packet(packet) if packet.timestamp.is_some() => {
                framed = framed.saturating_add(1);
                packet.size
            }
            Step::Packet(packet) => {
                others = others.saturating_add(u32::from(packet.audio.is_none()));
                packet.size
            }
            Step::Skip(bytes) => usize::try_from(bytes).unwrap_or(usize::MAX),
            Step::Damaged(damage) => {
                others = others.saturating_add(1);
                damage.length
            }
            Step::Cut(_) | Step::End => break,
            Step::Need(_) => {
                ended = true;
                break;
            }
        };
        rest = rest.skip(passed);
    }
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

/// First bytes of files that are something else, and what begins with them.
const BEGINNINGS: [(&[u8], &str); 17] = [
    (b"\x1a\x45\xdf\xa3", "Matroska or WebM"),
    (b"OggS", "Ogg"),
    (b"FLV\x01", "Flash video"),
    (b".RMF", "RealMedia"),
    (b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", "ASF"),
    (b"\x00\x00\x01\xba", "an MPEG program stream"),
    (b"\x06\x0e\x2b\x34\x02\x05\x01\x01", "MXF"),
    (b"nut/multimedia container", "NUT"),
    (b"MZ", "a Windows program or library"),
    (b"\x7fELF", "a program"),
    (b"%PDF", "PDF"),
    (b"PK\x03\x04", "a ZIP archive"),
    (b"\x1f\x8b", "gzip"),
    (b"\x89PNG", "PNG"),
    (b"\xff\xd8\xff", "JPEG"),
    (b"GIF8", "GIF"),
    (b"RIFF", "RIFF without a PLV1 track"),
];
/// Chunks that an MP4 or QuickTime file begins with.
const ATOMS: [&[u8]; 5] = [b"ftyp", b"moov", b"mdat", b"wide", b"styp"];
/// Bytes of an MPEG transport stream's packet, and packets that are looked at.
const TS_PACKET: usize = 188;
const TS_PACKETS: usize = 8;
/// Bytes of an AVI file in which its video's FourCC is.
const AVI_HEADER: usize = 16 << 10;

/// What a file is that begins as one of another kind does: it has no records, and what seems to be one would be invented.
pub fn foreign(data: &[u8]) -> Option<&'static str> {
    let header = data.get(..AVI_HEADER.min(data.len()))?;
    if data.starts_with(b"RIFF") && memchr::memmem::find(header, b"PLV1").is_some() {
        return None;
    }
    if data.get(4..8).is_some_and(|atom| ATOMS.contains(&atom)) {
        return Some("MP4 or QuickTime");
    }
    let mut packets = data.iter().step_by(TS_PACKET).take(TS_PACKETS);
    if data.len() > TS_PACKET * TS_PACKETS && packets.all(|byte| *byte == 0x47) {
        return Some("an MPEG transport stream");
    }
    let beginning = BEGINNINGS.iter().find(|(first, _)| data.starts_with(first));
    beginning.map(|(_, name)| *name)
}

/// Counts consecutive pictures, `limit` at most, and tells whether the file ended with them.
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

/// A reader by the layout that the first bytes of an unknown file teach. `window` holds what [`probe`] has seen; where that does not
/// settle it, [`MAX_LEARNING`] bytes may.
pub fn learn(window: &Window<'_>) -> Learning {
    let data = window.data;
    if let Some(name) = foreign(data) {
        return Learning::No(format!("it is {name}"));
    }
    let enough = window.last || data.len() >= MAX_LEARNING;
    let has_pictures = || memchr::memmem::find(data, &start_code::VOP_BYTES).is_some();
    let settles = |inferred: &learn::Learnt| inferred.confidence > learn::Confidence::Doubtful;
    let usual = data.get(..learn::USUAL_SAMPLE).unwrap_or(data);
    let inferred = match learn::learn(usual) {
        Ok(inferred) if settles(&inferred) => Ok(inferred),
        first if usual.len() == data.len() => first,
        _ => learn::learn(data),
    };
    match inferred {
        Ok(inferred) if settles(&inferred) => {
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

// SPDX-License-Identifier: MPL-2.0
//! What a file is, and what reads it: the registry of formats.

use crate::{
    exp::{
        layout::Layout,
        probe::{self, Inference, Probe},
    },
    netvu,
    reader::{Reader, Window},
};
use std::io::Read;

/// The formats that are looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Formats {
    /// Pelco DX exports: native and PLV1.
    Exp,
    /// Dedicated Micros: NetVu streams and partitions.
    NetVu,
    /// All of them.
    All,
}

/// What reads a file.
#[derive(Clone, Debug)]
pub enum Format {
    /// A family of EXP that is described.
    Exp(probe::Family),
    /// Records of another layout.
    Layout(Box<Layout>),
    /// Records of a layout that was inferred from the file; on what that rests, for people.
    Inferred(Box<Layout>, String),
    /// A form of NetVu.
    NetVu(netvu::Kind),
}

impl Format {
    /// A reader at the file's beginning. `terse`: facts that every frame of NetVu has are left out.
    pub fn reader(&self, terse: bool) -> Box<dyn Reader> {
        match self {
            Format::Exp(family) => probe::open(*family)
                .unwrap_or_else(|| netvu::open_terse(netvu::Kind::Binary, terse)),
            Format::Layout(layout) => probe::open_layout((**layout).clone()),
            Format::Inferred(layout, evidence) => {
                probe::open_inferred((**layout).clone(), evidence.clone())
            }
            Format::NetVu(kind) => netvu::open_terse(*kind, terse),
        }
    }

    /// Bytes at the file's beginning that may be anything: a header that the layout calls opaque, the front of a partition, the
    /// chunks of an AVI. `is_riff`: the file begins with `RIFF`.
    pub fn known_front(&self, is_riff: bool) -> u64 {
        let chunks = if is_riff { u64::MAX } else { 0 };
        match self {
            Format::NetVu(_) => u64::MAX,
            Format::Exp(probe::Family::Plv1) => chunks,
            Format::Exp(_) => 0,
            Format::Layout(layout) | Format::Inferred(layout, _) if layout.name == "plv1" => chunks,
            Format::Layout(layout) | Format::Inferred(layout, _) => layout.file_header.unwrap_or(0),
        }
    }
}

/// Outcome of looking at a file's first bytes.
pub enum Opened {
    /// This many bytes from the beginning would decide.
    Need(usize),
    /// What it is; why, for people; and how surely, 0 to 100, as far as its beginning shows.
    Recording {
        /// What reads it.
        format: Format,
        /// What shows that.
        evidence: String,
        /// 0 to 100.
        confidence: u32,
    },
    /// None of them.
    Unknown {
        /// What was looked for.
        expected: String,
    },
}

/// Bytes that are read before the format is looked for.
const FIRST: usize = 64 << 10;
/// Bytes in which a NetVu packet is looked for at the beginning of a file.
const NETVU_LOOK: usize = 64 << 10;
/// How sure a NetVu form must be before other formats are not looked for.
const NETVU_SURE: u32 = 80;

/// Looks at as much of a file's beginning as it takes; the bytes that were read. `Need`: the file ends before that.
///
/// # Errors
/// Whatever the file fails with.
pub fn open_file(
    file: &mut impl Read,
    size: u64,
    formats: Formats,
) -> std::io::Result<(Opened, usize)> {
    let mut bytes = Vec::new();
    let mut want = FIRST;
    loop {
        let more = want.saturating_sub(bytes.len()) as u64;
        let got = file.by_ref().take(more).read_to_end(&mut bytes)?;
        let window = Window {
            offset: 0,
            data: &bytes,
            last: got == 0 || bytes.len() as u64 >= size,
            unread: None,
        };
        match open(&window, formats) {
            Opened::Need(more) if !window.last => {
                want = more.max(bytes.len().saturating_add(1));
            }
            opened => return Ok((opened, bytes.len())),
        }
    }
}

/// Looks at the first bytes of a file. `head.offset` is 0.
pub fn open(head: &Window<'_>, formats: Formats) -> Opened {
    let data = head.data;
    let found = match formats {
        Formats::Exp => None,
        Formats::NetVu | Formats::All => netvu::probe(data),
    };
    if let Some((kind, score)) = found.filter(|(_, score)| *score >= NETVU_SURE) {
        return netvu_form(kind, score);
    }
    let mut need = None;
    if formats != Formats::NetVu {
        match probe::probe(head) {
            Probe::Is { family, .. } => {
                return Opened::Recording {
                    format: Format::Exp(family),
                    evidence: String::new(),
                    confidence: 0,
                };
            }
            Probe::Need(bytes) => need = Some(bytes),
            Probe::No => {}
        }
    }
    let enough = head.last || data.len() >= NETVU_LOOK;
    if let Some((kind, score)) = found.filter(|_| enough && need.is_none()) {
        return netvu_form(kind, score);
    }
    if formats == Formats::NetVu {
        // what some units answer when one frame is asked for
        if data.starts_with(&[0xff, 0xd8, 0xff]) {
            return netvu_form(netvu::Kind::Mime, 1);
        }
        // the beginning may be damaged, or something else be before
        let limit = netvu::MAX_PROBE;
        if !head.last && data.len() < limit {
            let next = data.len().saturating_mul(2).clamp(NETVU_LOOK, limit);
            need = Some(match data.len() < NETVU_LOOK {
                // a live stream may not have that many for a long time
                true => data.len().saturating_add(1),
                false => next,
            });
        }
    }
    if let Some(bytes) = need.filter(|_| !head.last) {
        return Opened::Need(bytes);
    }
    let expected = match formats {
        Formats::Exp => probe::EXPECTED.to_owned(),
        Formats::NetVu => netvu::EXPECTED.to_owned(),
        Formats::All => format!("{}, or {}", probe::EXPECTED, netvu::EXPECTED),
    };
    if formats == Formats::NetVu {
        return Opened::Unknown { expected };
    }
    match probe::infer(head) {
        Inference::Need(bytes) => Opened::Need(bytes),
        Inference::Layout {
            layout,
            evidence,
            confidence,
        } => Opened::Recording {
            format: Format::Inferred(layout, evidence.clone()),
            evidence,
            confidence,
        },
        Inference::No(why) => Opened::Unknown {
            expected: format!("{expected}; {why}"),
        },
    }
}

fn netvu_form(kind: netvu::Kind, confidence: u32) -> Opened {
    Opened::Recording {
        format: Format::NetVu(kind),
        evidence: format!("the first packets are a NetVu stream ({kind:?})"),
        confidence,
    }
}

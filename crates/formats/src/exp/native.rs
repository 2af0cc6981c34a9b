// SPDX-License-Identifier: MPL-2.0
//! Records behind each other: the native export with its header, records with none, records after an unknown header.

use super::{
    coded,
    header::{self, FileHeader},
    index,
    layout::Layout,
    parts::Parts,
    record::{Kind, Parsed, Record},
    scan::{self, Bare, Found, Frame},
    sizes::Sizes,
};
use crate::{
    fields::Header as _,
    reader::{Damage, FileInfo, IndexEntry, IndexPlace, Packet, Reader, Step, StreamKey, Window},
};

/// Bytes of a window that are needed to say anything.
const HEAD: usize = 12;

/// So many bytes of a window are needed.
struct Need(usize);

/// What is done while no record stands at the window's start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Lost {
    /// Records follow each other.
    No,
    /// The next record is searched for; the bytes before it are damage.
    Damaged,
    /// The next record is searched for; the bytes before it are of no interest.
    Quiet,
}

/// Reader of records by a [`Layout`].
#[derive(Clone)]
pub struct NativeReader {
    layout: Layout,
    info: FileInfo,
    warnings: Vec<String>,
    lost: Lost,
    index: Option<index::Walk>,
    /// Records read since the first; `None` once some were jumped over.
    counted: Option<u64>,
    sizes: Sizes,
    /// Offset of the header that `sizes` are of.
    sized: u64,
    parts: Parts,
}

impl NativeReader {
    /// A reader of records by this layout. A header of the reference layout is read where there is one; other bytes before the
    /// first record are skipped.
    pub fn new(layout: Layout) -> NativeReader {
        let reference = layout.name == "reference";
        let info = FileInfo {
            container: if reference {
                "Pelco DX export (EXP)"
            } else {
                "surveillance recording (inferred layout)"
            },
            family: if reference { "records" } else { "inferred" },
            ..FileInfo::default()
        };
        NativeReader {
            layout,
            info,
            warnings: Vec::new(),
            lost: Lost::Quiet,
            index: None,
            counted: Some(0),
            sizes: Sizes::default(),
            sized: 0,
            parts: Parts::default(),
        }
    }

    /// Adds a remark to its warnings.
    pub fn remark(&mut self, text: String) {
        self.warnings.push(text);
    }

    /// The layout it reads by.
    pub fn layout(&self) -> &Layout {
        &self.layout
    }

    fn header(&mut self, window: &Window<'_>) -> Step {
        let parsed = match self.header_size(window) {
            Ok(size) => header::parse(window.data, window.offset, size),
            Err(Need(bytes)) => return Step::Need(bytes),
        };
        let header = match parsed {
            Ok(header) => header,
            Err(_) if window.last => return Step::Cut(window.data.len()),
            Err(short) => return Step::Need(window.data.len().saturating_add(short.missing)),
        };
        self.warnings
            .extend(self.parts.begin(window.offset, &header));
        if self.info.family != "native" {
            self.warnings.extend(header.warnings);
            self.info = header.info;
        }
        self.sizes = Sizes::default();
        self.counted = Some(0);
        self.lost = Lost::No;
        Step::Skip(header.size as u64)
    }

    /// Bytes of the header at the window's start: its cameras make them, unless only its size field leads to a record.
    fn header_size(&self, window: &Window<'_>) -> Result<usize, Need> {
        let data = window.data;
        let Ok(header) = FileHeader::parse(data) else {
            // as many as hold the camera count; a file that ends before is cut off
            return Ok(header::SIZE);
        };
        let size = header.size_of_cameras();
        match header.other_size() {
            Some(other) if self.begins_at(window, other)? && !self.begins_at(window, size)? => {
                Ok(other)
            }
            _ => Ok(size),
        }
    }

    /// Whether a record stands at `at` in the window.
    fn begins_at(&self, window: &Window<'_>, at: usize) -> Result<bool, Need> {
        let rest = window.skip(at);
        if rest.data.len() < HEAD {
            return match window.last {
                true => Ok(false),
                false => Err(Need(at.saturating_add(HEAD))),
            };
        }
        match Bare(&self.layout).parse(rest.data) {
            Parsed::Need(bytes) if !window.last => {
                let bytes = at.saturating_add(bytes);
                Err(Need(bytes.max(window.data.len().saturating_add(1))))
            }
            parsed => Ok(matches!(parsed, Parsed::Record(_))),
        }
    }

    fn start_index(&mut self, window: &Window<'_>) -> Option<Step> {
        if !window.data.starts_with(index::MAGIC) {
            return None;
        }
        let Some(walk) = index::Walk::new(window.data, window.offset) else {
            return Some(if window.last {
                Step::Cut(window.data.len())
            } else {
                Step::Need(index::Head::SIZE)
            });
        };
        self.check_counts(window.offset, u64::from(walk.count()));
        self.index = Some(walk);
        Some(self.pass_index(window))
    }

    /// Compares header and index with the records that were read.
    fn check_counts(&mut self, offset: u64, entries: u64) {
        let Some(counted) = self.counted else {
            return;
        };
        let (begin, info) = self.parts.at(offset, &self.info);
        if entries != counted {
            self.warnings.push(format!(
                "index at offset {offset}: {entries} entries where {counted} records were read"
            ));
        }
        if let Some(told) = info.records.filter(|told| *told != counted) {
            self.warnings
                .push(format!("header: {told} records where {counted} were read"));
        }
        // a file that was put behind another counts from its own beginning
        let stands = |told: u64| told == offset || told.saturating_add(begin) == offset;
        if let Some(told) = info.data_end.filter(|told| !stands(*told)) {
            self.warnings.push(format!(
                "header: index at offset {told} where it stands at {offset}"
            ));
        }
        self.counted = None;
    }

    fn pass_index(&mut self, window: &Window<'_>) -> Step {
        let Some(walk) = &mut self.index else {
            return Step::Skip(1);
        };
        match walk.pass(window.data, window.last) {
            index::Passed::Need(bytes) => Step::Need(bytes),
            index::Passed::Some(bytes) => Step::Skip(bytes as u64),
            index::Passed::Done(bytes, warning) => {
                self.index = None;
                self.warnings.extend(warning);
                if bytes == 0 {
                    Step::End
                } else {
                    Step::Skip(bytes as u64)
                }
            }
        }
    }

    /// What to do where the window does not show all of a record that is needed.
    fn incomplete(&mut self, window: &Window<'_>, record: &Record, picture: bool) -> Option<Step> {
        let shown = window.data.len();
        if record.size <= shown {
            return None;
        }
        if window.last {
            return Some(self.beyond_end(window));
        }
        if !picture || !window.holds(record.size) || !self.sizes.is_settled(record) {
            return Some(Step::Need(record.size));
        }
        let head = coded::key_shown_in(record);
        (head > shown).then_some(Step::Need(head))
    }

    /// A record was read as far as it is needed.
    fn accept(&mut self, record: Record, window: &Window<'_>) -> Step {
        let data = window.data;
        self.lost = Lost::No;
        if let Some(counted) = &mut self.counted {
            *counted = counted.saturating_add(1);
        }
        if record.kind == Kind::Other {
            return Step::Skip(record.size as u64);
        }
        let key = record.kind == Kind::Audio || coded::shows_key(&record, data);
        let (width, height) = if record.kind == Kind::Audio {
            (0, 0)
        } else {
            let payload = || record.stored_payload().to_vec(data);
            let (begin, info) = self.parts.at(window.offset, &self.info);
            if std::mem::replace(&mut self.sized, begin) != begin {
                self.sizes = Sizes::default();
            }
            self.sizes
                .of(&record, key, info, payload, &mut self.warnings)
        };
        Step::Packet(Packet {
            stream: StreamKey {
                camera: record.camera,
                codec: record.codec,
            },
            size: record.size,
            payload: record.stored_payload(),
            key,
            crc: record.crc,
            timestamp: record.timestamp,
            slot: None,
            sequence: record.sequence,
            width,
            height,
            audio: record.audio,
            mode: record.mode,
            details: None,
        })
    }

    /// Passes what is left of a sector when all of it is the fill byte.
    fn pass_fill(&self, window: &Window<'_>) -> Option<Step> {
        let sector = self.layout.record.sector as u64;
        let first = self.layout.file_header.unwrap_or(0);
        let used = window.offset.checked_sub(first)?.checked_rem(sector)?;
        let rest = usize::try_from(sector.checked_sub(used)?).ok()?;
        let shown = window.data.get(..rest.min(window.data.len()))?;
        let filled = used > 0
            && !shown.is_empty()
            && shown.iter().all(|byte| *byte == self.layout.record.fill);
        match filled {
            true if shown.len() < rest && !window.last => Some(Step::Need(rest)),
            true => Some(Step::Skip(shown.len() as u64)),
            false => None,
        }
    }

    /// No record stands at the window's start: looks for the next one.
    fn search(&mut self, window: &Window<'_>, expected: &'static str) -> Step {
        if self.lost == Lost::No {
            self.lost = Lost::Damaged;
            self.counted = None;
        }
        let from = 1.min(window.data.len());
        let mut length = match scan::find(&Bare(&self.layout), window.data, from, window.last) {
            Found::At(at) => at,
            Found::NoneBefore(at) => at,
        };
        // a header or an index of a file put behind this one begins with its magic
        let head = window.data.get(..length).unwrap_or_default();
        for magic in [header::MAGIC.as_slice(), index::MAGIC] {
            if let Some(at) = memchr::memmem::find(head.get(from..).unwrap_or_default(), magic) {
                length = length.min(at.saturating_add(from));
            }
        }
        if length <= from && !window.last && length == window.data.len() {
            return Step::Need(window.data.len().saturating_add(1));
        }
        self.lost(length.max(1), expected)
    }

    fn lost(&self, length: usize, expected: &'static str) -> Step {
        match self.lost {
            Lost::Quiet => Step::Skip(length as u64),
            _ => Step::Damaged(Damage { length, expected }),
        }
    }

    /// What stands after a record whose own bytes do not prove it.
    fn followed(&self, window: &Window<'_>, size: usize) -> Result<bool, usize> {
        let after = window.skip(size);
        if after.data.len() < HEAD && !window.last {
            return Err(size.saturating_add(HEAD));
        }
        if after.data.is_empty() {
            return Ok(window.data.len() == size);
        }
        if after.data.starts_with(index::MAGIC) || header::is_header(after.data) {
            return Ok(true);
        }
        Ok(match Bare(&self.layout).parse(after.data) {
            Parsed::Need(bytes) if !window.last => {
                return Err(size.saturating_add(bytes));
            }
            Parsed::Need(_) => true,
            Parsed::Record(_) | Parsed::NoPicture { .. } => true,
            Parsed::Bad(_) => false,
        })
    }

    /// A record that reaches beyond the file's end: cut, unless another record follows inside it.
    fn beyond_end(&mut self, window: &Window<'_>) -> Step {
        match scan::find(&Bare(&self.layout), window.data, 1, true) {
            Found::At(at) if self.is_whole(window, at) => {
                self.lost = if self.lost == Lost::Quiet {
                    Lost::Quiet
                } else {
                    Lost::Damaged
                };
                self.counted = None;
                self.lost(at, "a record that ends inside the file")
            }
            _ if self.lost == Lost::No => Step::Cut(window.data.len()),
            _ => self.lost(window.data.len().max(1), "a whole record"),
        }
    }

    fn is_whole(&self, window: &Window<'_>, at: usize) -> bool {
        let rest = window.skip(at);
        matches!(Bare(&self.layout).parse(rest.data),
            Parsed::Record(record) if record.size <= rest.data.len())
    }
}

impl Reader for NativeReader {
    fn next(&mut self, window: &Window<'_>) -> Step {
        if self.index.is_some() {
            return self.pass_index(window);
        }
        if let Some(step) = self.pass_fill(window) {
            return step;
        }
        if window.data.len() < HEAD {
            return match (window.last, window.data.is_empty()) {
                (false, _) => Step::Need(HEAD),
                (true, true) => Step::End,
                (true, false) => Step::Cut(window.data.len()),
            };
        }
        if header::is_header(window.data) {
            return self.header(window);
        }
        if let Some(step) = self.start_index(window) {
            return step;
        }
        match Bare(&self.layout).parse(window.data) {
            Parsed::Need(bytes) if !window.last => {
                Step::Need(bytes.max(window.data.len().saturating_add(1)))
            }
            Parsed::Need(_) => self.beyond_end(window),
            Parsed::Bad(expected) => self.search(window, expected),
            Parsed::NoPicture { size } => {
                if size > window.data.len() {
                    return if window.last {
                        self.search(window, "a picture's start code")
                    } else {
                        Step::Need(size)
                    };
                }
                match self.followed(window, size) {
                    Err(need) => Step::Need(need),
                    Ok(true) if self.lost == Lost::No => {
                        self.counted = self.counted.map(|counted| counted.saturating_add(1));
                        Step::Damaged(Damage {
                            length: size,
                            expected: "a picture's start code",
                        })
                    }
                    Ok(_) => self.search(window, "a picture's start code"),
                }
            }
            Parsed::Record(record) => {
                let picture = matches!(record.kind, Kind::P | Kind::Key);
                if let Some(step) = self.incomplete(window, &record, picture) {
                    return step;
                }
                if picture {
                    return self.accept(record, window);
                }
                match self.followed(window, record.size) {
                    Err(need) => Step::Need(need),
                    // the search passes over sound, so it does not end with sound that a window happens to begin with
                    Ok(true) if self.lost == Lost::No => self.accept(record, window),
                    Ok(_) => self.search(window, "a record"),
                }
            }
        }
    }

    fn resync(&mut self) {
        self.lost = Lost::Quiet;
        self.index = None;
        self.counted = None;
    }

    fn info(&self) -> &FileInfo {
        &self.info
    }

    fn fork(&self) -> Box<dyn Reader> {
        let mut fork = self.clone();
        fork.resync();
        Box::new(fork)
    }

    fn take_warnings(&mut self) -> Vec<String> {
        std::mem::take(&mut self.warnings)
    }

    fn index_entry(&self, _place: &IndexPlace, _number: u64, entry: &[u8]) -> Option<IndexEntry> {
        index::entry(entry)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_of_a_sector_is_skipped() {
        let text = "name = \"x\"\ntitle = \"x\"\nstatus = \"inferred\"\nfile_header = 3\n[record]\nheader = 2\nsector = 32\nfill = 255\n\
             [record.p]\npayload = 2\nlength = { at = 0, type = \"u16le\" }\n[record.key]\npayload = 2\n";
        let frame = [10, 0, 0, 0, 1, 0xb6, 0x50, 1, 2, 3, 4, 5];
        let sector = [&frame[..], &frame, &[0xff; 8]].concat();
        let file = [&[9, 9, 9][..], &sector, &sector].concat();
        let mut reader = NativeReader::new(Layout::from_toml(text).unwrap());
        let (mut at, mut steps) = (0, Vec::new());
        while at < file.len() {
            let window = Window {
                offset: at as u64,
                data: file.get(at..).unwrap(),
                last: true,
                unread: 0,
            };
            let (step, size) = match reader.next(&window) {
                Step::Packet(packet) => ("frame", packet.size),
                Step::Skip(size) => ("skip", size as usize),
                other => panic!("{other:?} at {at}"),
            };
            steps.push((step, size));
            at += size;
        }
        let record = ("frame", 12);
        let fill = ("skip", 8);
        assert_eq!(
            steps,
            [("skip", 3), record, record, fill, record, record, fill]
        );
    }
}

// SPDX-License-Identifier: MPL-2.0
//! Records behind each other: the native export with its header, records with none, records after an unknown header.

use super::{
    apart::{self, Table},
    coded,
    header::{self, FileHeader},
    index,
    layout::{Layout, Transform, Video},
    parts::Parts,
    record::{self, Kind, Parsed, Record},
    scan::{Ahead, Frame, Lost, Scan, Sign, may_be_frame},
    sizes::{Claim, Sizes, VOTE_WINDOW},
    streams::{STREAM, Streams},
};
use crate::{
    fields::Header as _,
    reader::{Damage, FileInfo, IndexEntry, IndexPlace, Packet, Reader, Step, StreamKey, Window},
};
use std::sync::Arc;

/// Bytes of a window that are needed to decide anything.
const HEAD: usize = 12;
/// Bytes of a keyframe in which its start code is searched for where any place may begin a record: both places that were seen.
const SCAN_SEARCH: usize = 128;

/// Headers that are looked at in vain, beyond 4 for each byte that was passed, before bytes are passed without a look: what looks like
/// headers without end takes a time in proportion to its bytes.
const MAX_MISSES: usize = 1 << 17;

/// Bytes that the window must have.
struct Need(usize);

/// Records one after the other.
struct Bare<'a>(&'a Layout);

impl Frame for Bare<'_> {
    fn parse(&self, data: &[u8]) -> Parsed {
        record::parse(self.0, data, None)
    }
}

/// Layouts of a file's records.
struct Layouts {
    own: Layout,
    /// The same where any byte may begin a record: the start code is at one of its usual places.
    scan: Layout,
}

/// Reader of records by a [`Layout`].
#[derive(Clone)]
pub struct NativeReader {
    layouts: Arc<Layouts>,
    info: FileInfo,
    warnings: Vec<String>,
    lost: Lost,
    scan: Scan,
    index: Option<index::Walk>,
    /// Records read since the first; `None` once some were jumped over.
    counted: Option<u64>,
    sizes: Sizes,
    /// Offset of the header that `sizes` are of.
    sized: u64,
    parts: Parts,
    streams: Streams,
    /// The block whose headers stand together, where the layout has such.
    block: apart::Block,
    /// Headers that were looked at in vain and not paid for by bytes, and where that was last reckoned.
    misses: usize,
    passed: u64,
}

/// Signs of a record by its coded frame's start code, and of a header and an index.
fn signs(layout: &Layout) -> Vec<Sign> {
    let code = match layout.record.video {
        Video::Mpeg => [0, 0, 1],
        Video::Jpeg => coded::JPEG,
    };
    let code = &code;
    let mut signs = vec![Sign::new(header::MAGIC, 0), Sign::new(index::MAGIC, 0)];
    for (place, transform) in coded::start_code_places(layout) {
        match transform {
            // a start code may have a zero before it
            Transform::None => {
                signs.push(Sign::new(code, place));
                signs.push(Sign::new(code, place.saturating_add(1)));
            }
            // a reversed group is `xx 01 00 00`, or `01 00 00 00` for a start code of four bytes
            Transform::Swap32 => {
                signs.push(Sign::new(&[1, 0, 0], place.saturating_add(1)));
                signs.push(Sign::new(&[1, 0, 0, 0], place));
            }
        }
    }
    signs
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
        let apart = layout.record.apart.is_some();
        let mut reader = NativeReader {
            scan: Scan::new(signs(&layout)),
            layouts: Arc::new(Layouts {
                scan: searched_in(&layout, SCAN_SEARCH),
                own: layout,
            }),
            info,
            warnings: Vec::new(),
            lost: Lost::Quiet,
            index: None,
            counted: Some(0),
            sizes: Sizes::default(),
            sized: 0,
            parts: Parts::default(),
            streams: Streams::default(),
            block: apart::Block::default(),
            misses: 0,
            passed: 0,
        };
        // no other record is where these would be looked for
        if apart {
            reader.look_at_hand();
        }
        reader
    }

    /// Takes records one by one from now on, as far as each proves itself: the beginning of a file shows no more.
    pub fn look_at_hand(&mut self) {
        self.sizes.look_at_hand();
        self.streams.trust();
    }

    #[cfg(test)]
    pub(super) fn searched(&self) -> &Scan {
        &self.scan
    }

    /// Adds a remark to its warnings.
    pub fn remark(&mut self, text: String) {
        self.warnings.push(text);
    }

    /// The layout it reads by.
    pub fn layout(&self) -> &Layout {
        &self.layouts.own
    }

    fn bare(&self) -> Bare<'_> {
        Bare(&self.layouts.own)
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
        self.sizes.begin();
        self.counted = Some(0);
        self.lost = Lost::No;
        Step::Skip(header.size as u64)
    }

    /// Whether a header is at the window's start, and not a record whose first bytes read so. At the file's beginning it may
    /// be damaged.
    fn begins_header(&self, window: &Window<'_>) -> Result<bool, Need> {
        let data = window.data;
        let magic = header::is_header(data);
        if !magic && window.offset > 0 {
            return Ok(false);
        }
        if data.len() < header::SIZE && !window.last {
            return match magic || window.offset == 0 {
                true => Err(Need(header::SIZE)),
                false => Ok(false),
            };
        }
        if !magic {
            return Ok(is_header_by_checksum(data));
        }
        let Ok(header) = FileHeader::parse(data) else {
            return Ok(window.offset == 0);
        };
        if window.offset == 0 || is_header_by_checksum(data) {
            return Ok(true);
        }
        // the magic alone may stand in damaged bytes: what follows has to be a record
        let sizes = [Some(header.size_of_cameras()), header.other_size()];
        for size in sizes.into_iter().flatten() {
            if self.begins_at(window, size)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Bytes of the header at the window's start. Its cameras and its size field make them; where these differ, a record behind
    /// it decides, and where none is there, as little as possible is taken.
    fn header_size(&self, window: &Window<'_>) -> Result<usize, Need> {
        let data = window.data;
        let Ok(header) = FileHeader::parse(data) else {
            // as many as hold the camera count; a file that ends before is cut off
            return Ok(header::SIZE);
        };
        let size = header.size_of_cameras();
        if is_header_by_checksum(data) {
            return Ok(size);
        }
        let other = header.other_size().unwrap_or(size);
        let (less, more) = (size.min(other), size.max(other));
        for size in [less, more] {
            if self.begins_at(window, size)? {
                return Ok(size);
            }
        }
        Ok(less)
    }

    /// Whether a record fits at `at` in the window.
    fn begins_at(&self, window: &Window<'_>, at: usize) -> Result<bool, Need> {
        let rest = window.skip(at);
        if rest.data.len() < HEAD {
            return match window.last {
                true => Ok(false),
                false => Err(Need(at.saturating_add(HEAD))),
            };
        }
        match self.bare().parse(rest.data) {
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
        match index::proves_itself(window.data, window.offset, window.last) {
            Ok(true) => {}
            Ok(false) => return None,
            Err(bytes) => return Some(Step::Need(bytes)),
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
        let (begin, info) = self.parts.find(offset, &self.info);
        if entries != counted {
            self.warnings.push(format!(
                "index at offset {offset}: {entries} entries where {counted} records were read"
            ));
        }
        if let Some(claimed) = info.records.filter(|claimed| *claimed != counted) {
            self.warnings.push(format!(
                "header: {claimed} records where {counted} were read"
            ));
        }
        // a file that was put behind another counts from its own beginning
        let fits = |claimed: u64| claimed == offset || claimed.saturating_add(begin) == offset;
        if let Some(claimed) = info.data_end.filter(|claimed| !fits(*claimed)) {
            self.warnings.push(format!(
                "header: index at offset {claimed} where it is at {offset}"
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
                match bytes {
                    0 if window.data.is_empty() => Step::End,
                    0 => self.next(window),
                    _ => Step::Skip(bytes as u64),
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
        if !picture
            || !window.holds(record.size)
            || !self.sizes.is_settled(record, record.kind == Kind::Key)
        {
            return Some(Step::Need(record.size));
        }
        let head = coded::key_shown_in(record);
        (head > shown).then_some(Step::Need(head))
    }

    /// A record was read as far as it is needed.
    fn accept(&mut self, record: Record, window: &Window<'_>) -> Step {
        let data = window.data;
        if record.kind == Kind::Other {
            self.count();
            return Step::Skip(record.size as u64);
        }
        match self.belongs(&record, window) {
            Err(Need(bytes)) => return Step::Need(bytes),
            Ok(false) => {
                self.counted = None;
                return self.lost_record(record.size, STREAM);
            }
            Ok(true) => {}
        }
        let key = record.kind == Kind::Audio || coded::shows_key(&record, data);
        let (width, height) = match record.kind {
            Kind::Audio => (0, 0),
            _ => match self.size(&record, key, window) {
                Ok(size) => size,
                Err(bytes) => return Step::Need(bytes),
            },
        };
        self.count();
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

    fn count(&mut self) {
        self.lost = Lost::No;
        self.counted = self.counted.map(|counted| counted.saturating_add(1));
    }

    /// Whether a record's camera and codec are those of a stream.
    fn belongs(&mut self, record: &Record, window: &Window<'_>) -> Result<bool, Need> {
        if self.streams.is_last(record) {
            return Ok(true);
        }
        // a frame whose kind is damaged reads as audio
        let bytes = || window.data.get(record.payload.clone());
        if record.kind == Kind::Audio && bytes().and_then(coded::coded_as).is_some() {
            return Ok(false);
        }
        let (_, info) = self.parts.find(window.offset, &self.info);
        let known = self.layouts.own.record.cameras.as_slice();
        let listed = match (info.cameras.as_slice(), known) {
            ([], []) => None,
            ([], known) => Some(known.contains(&record.camera)),
            (cameras, _) => Some(cameras.iter().any(|camera| camera.number == record.camera)),
        };
        let bare = Bare(&self.layouts.scan);
        let ahead = |limit| Ahead::new(&bare, window, &self.scan, record.size, limit);
        self.streams
            .belongs(record, window.offset, listed, ahead)
            .map_err(Need)
    }

    /// Width and height of a frame.
    fn size(
        &mut self,
        record: &Record,
        key: bool,
        window: &Window<'_>,
    ) -> Result<(u16, u16), usize> {
        let (begin, info) = self.parts.find(window.offset, &self.info);
        if std::mem::replace(&mut self.sized, begin) != begin {
            self.sizes.begin();
        }
        if let Some(size) = self.sizes.settled(record, key) {
            return Ok(size);
        }
        let claim = Claim::native(record, info);
        let bare = Bare(&self.layouts.scan);
        let ahead = Ahead::new(&bare, window, &self.scan, record.size, VOTE_WINDOW);
        self.sizes
            .find(record, key, &claim, ahead, &mut self.warnings)
    }

    /// Passes what is left of a sector when all of it is the fill byte.
    fn pass_fill(&self, window: &Window<'_>) -> Option<Step> {
        let sector = self.layouts.own.record.sector as u64;
        let first = self.layouts.own.record.sector_from;
        let used = window.offset.checked_sub(first)?.checked_rem(sector)?;
        let rest = usize::try_from(sector.checked_sub(used)?).ok()?;
        let shown = window.data.get(..rest.min(window.data.len()))?;
        let filled = used > 0
            && !shown.is_empty()
            && shown
                .iter()
                .all(|byte| *byte == self.layouts.own.record.fill);
        match filled {
            true if shown.len() < rest && !window.last => Some(Step::Need(rest)),
            true => Some(Step::Skip(shown.len() as u64)),
            false => None,
        }
    }

    /// No record is at the window's start: looks for the next one, or for a header or an index of a file put behind this one.
    fn search(&mut self, window: &Window<'_>, expected: &'static str) -> Step {
        self.lost.begin();
        self.counted = None;
        let layouts = Arc::clone(&self.layouts);
        let bare = Bare(&layouts.scan);
        self.scan.step(self.lost, window, expected, |rest| {
            is_landmark(rest) || may_be_frame(&bare.parse(rest.data), rest.last)
        })
    }

    /// What is at the window's start where headers stand apart from their frames.
    fn next_apart(&mut self, before: usize, window: &Window<'_>) -> Step {
        let layouts = Arc::clone(&self.layouts);
        let (layout, data) = (&layouts.own, window.data);
        if data.is_empty() && window.last {
            return Step::End;
        }
        if let Some(header) = self.block.header(window.offset).map(<[u8]>::to_vec) {
            return self.frame_of(&header, window);
        }
        // a jump ended among them
        if let Some(bytes) = self.block.to_next(window.offset) {
            return Step::Skip(bytes);
        }
        let passed = window.offset.saturating_sub(self.passed);
        let paid = usize::try_from(passed).unwrap_or(usize::MAX);
        self.passed = window.offset;
        self.misses = self.misses.saturating_sub(paid.saturating_mul(4));
        match apart::table(layout, before, window) {
            Table::Need(bytes) => return Step::Need(bytes),
            Table::Is(bytes, block) => {
                self.block = block;
                return Step::Skip(bytes as u64);
            }
            Table::Not(headers) => self.misses = self.misses.saturating_add(headers),
        }
        self.lost.begin();
        self.counted = None;
        let mut next = data.len();
        for at in 1..data.len() {
            if self.misses >= MAX_MISSES {
                next = next.min(at.saturating_add(MAX_MISSES / 4));
                break;
            }
            let first = at.saturating_add(before);
            let header = data.get(first..first.saturating_add(layout.record.header));
            if header.is_some_and(|header| !apart::may_be_header(layout, header)) {
                continue;
            }
            match apart::table(layout, before, &window.skip(at)) {
                Table::Not(headers) => {
                    self.misses = self.misses.saturating_add(headers).saturating_add(1);
                }
                Table::Need(_) | Table::Is(..) => {
                    next = at;
                    break;
                }
            }
        }
        self.lost.step(next.max(1), "a block of headers")
    }

    /// The payload at the window's start, whose header stands elsewhere.
    fn frame_of(&mut self, header: &[u8], window: &Window<'_>) -> Step {
        let (data, before) = (window.data, header.len());
        let size = apart::payload_size(self.layout(), header).unwrap_or(1);
        if data.len() < size {
            return match window.last {
                true => Step::Cut(data.len()),
                false => Step::Need(size),
            };
        }
        let whole = [header, data.get(..size).unwrap_or_default()].concat();
        match self.bare().parse(&whole) {
            Parsed::Record(mut record) if record.is_frame() => {
                for place in [
                    &mut record.size,
                    &mut record.stored_end,
                    &mut record.payload.start,
                    &mut record.payload.end,
                ] {
                    *place = place.saturating_sub(before);
                }
                self.accept(record, window)
            }
            Parsed::Record(_) => Step::Skip(size as u64),
            _ => self.lost_record(size, "the frame of a header"),
        }
    }

    /// A whole record whose bytes prove something, but no frame of a stream.
    fn lost_record(&mut self, size: usize, expected: &'static str) -> Step {
        Step::Damaged(Damage {
            length: size,
            expected,
        })
    }

    /// What fits after a record whose own bytes do not prove it.
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
        Ok(match self.bare().parse(after.data) {
            Parsed::Need(bytes) if !window.last => {
                return Err(size.saturating_add(bytes));
            }
            Parsed::Need(_) => true,
            Parsed::Record(_) | Parsed::NoPicture { .. } => true,
            Parsed::Bad(_) => false,
        })
    }

    /// The file ends inside a record, or in bytes that are lost already.
    fn too_short(&self, window: &Window<'_>) -> Step {
        match self.lost {
            Lost::No => Step::Cut(window.data.len()),
            _ => self.lost.step(window.data.len().max(1), "a whole record"),
        }
    }

    /// A record that reaches beyond the file's end: cut, unless another record follows inside it.
    fn beyond_end(&mut self, window: &Window<'_>) -> Step {
        let bare = Bare(&self.layouts.scan);
        match self.scan.find_whole(&bare, window, is_landmark) {
            Some(at) => {
                self.lost.begin();
                self.counted = None;
                self.lost.step(at, "a record that ends inside the file")
            }
            None => self.too_short(window),
        }
    }
}

/// Whether these bytes have the checksum of a header, whatever their magic.
pub(super) fn is_header_by_checksum(data: &[u8]) -> bool {
    let Ok(mut header) = FileHeader::parse(data) else {
        return false;
    };
    header.magic.0 = *header::MAGIC;
    header.crc == header.checksum()
}

/// Whether a header or an index may begin here.
fn is_landmark(window: &Window<'_>) -> bool {
    header::is_header(window.data)
        || window.data.starts_with(index::MAGIC)
            && index::proves_itself(window.data, window.offset, window.last) != Ok(false)
}

/// The layout with the start codes of keyframes searched for in so many bytes of a record at most.
pub(super) fn searched_in(layout: &Layout, bytes: usize) -> Layout {
    let mut layout = layout.clone();
    layout.record.p.search = layout.record.p.search.min(bytes);
    layout.record.key.search = layout.record.key.search.min(bytes);
    layout
}

impl Reader for NativeReader {
    fn next(&mut self, window: &Window<'_>) -> Step {
        if self.index.is_some() {
            return self.pass_index(window);
        }
        if let Some(before) = self.layouts.own.record.apart {
            return self.next_apart(before, window);
        }
        if let Some(step) = self.pass_fill(window) {
            return step;
        }
        if window.data.len() < HEAD {
            return match (window.last, window.data.is_empty()) {
                (false, _) => Step::Need(HEAD),
                (true, true) => Step::End,
                (true, false) => self.too_short(window),
            };
        }
        match self.begins_header(window) {
            Ok(true) => return self.header(window),
            Ok(false) => {}
            Err(Need(bytes)) => return Step::Need(bytes),
        }
        if let Some(step) = self.start_index(window) {
            return step;
        }
        // a search ends with the same records, wherever its windows begin
        let bare = match self.lost {
            Lost::Damaged => Bare(&self.layouts.scan),
            _ => self.bare(),
        };
        match bare.parse(window.data) {
            Parsed::Need(bytes) if !window.last => {
                Step::Need(bytes.max(window.data.len().saturating_add(1)))
            }
            Parsed::Need(_) => self.beyond_end(window),
            Parsed::Bad(expected) => self.search(window, expected),
            // the search passes over all but frames, so it does not end with what a window happens to begin with
            Parsed::NoPicture { .. } if self.lost != Lost::No => {
                self.search(window, "a frame's start code")
            }
            Parsed::Record(record) if self.lost != Lost::No && !record.is_frame() => {
                self.search(window, "a record")
            }
            Parsed::NoPicture { size } => {
                if size > window.data.len() {
                    return if window.last {
                        self.search(window, "a frame's start code")
                    } else {
                        Step::Need(size)
                    };
                }
                match self.followed(window, size) {
                    Err(need) => Step::Need(need),
                    Ok(true) => {
                        self.count();
                        self.lost_record(size, "a frame's start code")
                    }
                    Ok(false) => self.search(window, "a frame's start code"),
                }
            }
            Parsed::Record(record) => {
                let picture = record.is_frame();
                if let Some(step) = self.incomplete(window, &record, picture) {
                    return step;
                }
                if picture {
                    return self.accept(record, window);
                }
                match self.followed(window, record.size) {
                    Err(need) => Step::Need(need),
                    Ok(true) => self.accept(record, window),
                    Ok(false) => self.search(window, "a record"),
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

    fn trust_sizes(&mut self) {
        self.sizes.trust();
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
        let text = "name = \"x\"\ntitle = \"x\"\nstatus = \"inferred\"\nfile_header = 3\n[record]\nheader = 2\nsector = 32\nsector_from = 3\nfill = 255\n\
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
                unread: None,
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

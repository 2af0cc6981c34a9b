// SPDX-License-Identifier: MPL-2.0
//! Works out the layout of a file nobody described, from its structure.
//!
//! # The model
//!
//! A recording is frames between bytes that are a function of a record's header. Frames can be seen: MPEG-4 VOPs (plain, or in
//! reversed groups of four bytes), H.264 access units, JPEG. A hypothesis says, for every byte between them, what it is:
//!
//! - a *chain*: the place of the length field before frames, its width, byte order and unit, the padding (of the record or of the payload
//!   alone, with a fill byte), sectors that no record crosses, extra bytes before keyframes, or a length field of their own. Other records
//!   (audio, events) are links of the chain; an index, damage and cut records break it and cost what they break;
//! - *bounds*: where records begin and frames end, which is what the length counts: the frame, what follows the field, or the
//!   whole record, with the padding or without; bytes behind the frame, such as a checksum;
//! - *columns*: the bytes of the headers by their place: time, ticks, camera, kind, sequence number, mode, checksum.
//!
//! The best chains, each by another length field, are weighed together with the best bounds of each: a field that leads to the next
//! record by chance says nothing about where frames end. H.264 is weighed with start codes of four bytes and of three.
//!
//! # The terms of the score
//!
//! Hypotheses are compared by the bits that they save over bytes that nothing explains (8 bits each):
//!
//! - a frame found where the chain leads: the logarithm of the distance, less where several records lead there;
//! - a header byte that is the same, or moves evenly, in all records: what an adaptive code of order 0 saves on it or on its differences;
//! - padding: as much as a header byte that is always the same, and 20 bits lost where another byte stands in it;
//! - the last byte of a frame: the stuffing of its codec is seven times as likely to be long as chance has it;
//! - a length that counts just the frame, what follows it or the record: 36 bits, and half a bit a frame for any other; a first record at
//!   the file's first byte, a last one that ends with the file: 12 bits each;
//! - a time: the odds that other bytes read as a time at all, and steps between records that are even, or whole units of the clock;
//! - ticks beside whole seconds: what their own bytes take, less what the steps of the exact time take.
//!
//! What wins is read back by the native reader, which has to find every frame that can be seen. The margin to the next best reading
//! that gives other frames or times says how sure the layout is.

mod apart;
mod bounds;
mod chain;
mod checksum;
mod clock;
mod fields;
mod foreign;
mod frames;
mod report;

use super::layout::{Layout, Number};
use bounds::Bounds;
use chain::Chain;
pub use foreign::container;
use frames::Frames;

/// Bytes from the file's start that are enough for most files.
pub const USUAL_SAMPLE: usize = 4 << 20;
/// Fewer frames than this make nothing certain.
const MIN_CERTAIN: usize = 30;
/// Bits by which the ends of frames have to be surer than any others for the file to be played.
const SURE_ENDS: f64 = 4.0;
/// Fewer frames than this say nothing.
const MIN_FRAMES: usize = 4;

/// How sure a layout is as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Confidence {
    /// Two readings compete, or something is missing.
    Doubtful,
    /// All frames are read; nothing else explains them nearly as well.
    Probable,
    /// The same, from enough records, with every field told apart from all that it could be otherwise.
    Certain,
}

impl Confidence {
    /// `"certain"`, `"probable"` or `"doubtful"`.
    pub fn name(self) -> &'static str {
        match self {
            Confidence::Certain => "certain",
            Confidence::Probable => "probable",
            Confidence::Doubtful => "doubtful",
        }
    }

    /// The same from 0 to 100.
    pub fn percent(self) -> u32 {
        match self {
            Confidence::Certain => 95,
            Confidence::Probable => 60,
            Confidence::Doubtful => 20,
        }
    }
}

/// What is known of the recording from elsewhere.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hints {
    /// Times that frames of the file have, Unix seconds by the recorder's own clock.
    pub times: Vec<i64>,
    /// Camera numbers that the file has.
    pub cameras: Vec<u16>,
}

impl Hints {
    /// A doubt in words, without asking for what was given.
    fn leave_out(&self, text: &str) -> String {
        let given = [
            (!self.times.is_empty(), "a known time (--known-time)"),
            (
                !self.cameras.is_empty(),
                "the camera numbers of the file (--cameras)",
            ),
        ];
        let mut text = text.trim_start_matches("doubtful: ").to_owned();
        for (_, ask) in given.iter().filter(|(given, _)| *given) {
            text = text
                .replace(&format!("{ask} or "), "")
                .replace(&format!(": {ask} would decide"), "");
        }
        text
    }
}

/// One thing that was found, and how well it is backed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Key of the layout that it is about, such as `record.time`.
    pub field: String,
    /// What was found.
    pub text: String,
    /// Records that agree.
    pub agree: usize,
    /// Records looked at.
    pub of: usize,
    /// What else it could be.
    pub rivals: Vec<String>,
}

/// A layout that was worked out.
#[derive(Clone, Debug, PartialEq)]
pub struct Inferred {
    /// The layout.
    pub layout: Layout,
    /// What it rests on.
    pub findings: Vec<Finding>,
    /// How sure it is.
    pub confidence: Confidence,
    /// Why it is not certain, and what would decide; empty where it is.
    pub open: Vec<String>,
    /// Frames found by their first bytes.
    pub frames: usize,
    /// Of these, frames read by the layout.
    pub read: usize,
    /// Bits by which the frames' ends are surer than any others.
    margin: f64,
}

impl Inferred {
    /// The frames are sure, and what they are read by has a time, though that may be in doubt.
    pub fn is_readable(&self) -> bool {
        let most = self.read.saturating_mul(100) >= self.frames.saturating_mul(95);
        let timed = self.layout.record.time.is_some() || self.layout.record.ticks.is_some();
        most && timed && self.frames >= MIN_CERTAIN && self.margin >= SURE_ENDS
    }
}

/// Nothing holds.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no layout can be inferred: {reason}")]
pub struct Nothing {
    /// What was missing.
    pub reason: String,
}

fn nothing<T>(reason: impl Into<String>) -> Result<T, Nothing> {
    Err(Nothing {
        reason: reason.into(),
    })
}

/// One value for P frames and one for keyframes.
#[derive(Clone, Copy, Debug, PartialEq)]
struct ByKind<T> {
    p: T,
    key: T,
}

impl<T: Copy> ByKind<T> {
    fn both(value: T) -> ByKind<T> {
        ByKind {
            p: value,
            key: value,
        }
    }

    fn get(&self, key: bool) -> &T {
        if key { &self.key } else { &self.p }
    }

    fn get_mut(&mut self, key: bool) -> &mut T {
        if key { &mut self.key } else { &mut self.p }
    }
}

/// A sample, read by signed offsets.
#[derive(Clone, Copy)]
struct Window<'a>(&'a [u8]);

impl<'a> Window<'a> {
    fn len(&self) -> i64 {
        self.0.len() as i64
    }

    fn byte(&self, at: i64) -> Option<u8> {
        self.0.get(usize::try_from(at).ok()?).copied()
    }

    fn slice(&self, from: i64, to: i64) -> Option<&'a [u8]> {
        self.0
            .get(usize::try_from(from).ok()?..usize::try_from(to).ok()?)
    }

    fn number(&self, at: i64, number: Number) -> Option<i64> {
        let value = number.read(self.0, usize::try_from(at).ok()?).ok()?;
        i64::try_from(value).ok()
    }

    /// All bytes of a range are this one.
    fn all(&self, from: i64, to: i64, byte: u8) -> bool {
        self.slice(from, to)
            .is_some_and(|slice| slice.iter().all(|found| *found == byte))
    }
}

fn plus(a: i64, b: i64) -> i64 {
    a.saturating_add(b)
}

fn minus(a: i64, b: i64) -> i64 {
    a.saturating_sub(b)
}

/// `size` up to a multiple of `align`.
fn padded(size: i64, align: i64) -> i64 {
    plus(size, minus(0, size).rem_euclid(align.max(1)))
}

/// Works out the layout from `bytes`, the first of a file; 4 MiB ([`USUAL_SAMPLE`]) are enough for most.
///
/// # Errors
/// [`Nothing`] when the file is of another well-known kind, there are too few frames, or nothing says how long they are.
pub fn infer(bytes: &[u8]) -> Result<Inferred, Nothing> {
    infer_files(&[bytes], &Hints::default())
}

/// Works out the layout that several files of one recorder have, with what is known from elsewhere.
///
/// # Errors
/// As [`infer`], and when the files do not have one layout.
pub fn infer_files(files: &[&[u8]], hints: &Hints) -> Result<Inferred, Nothing> {
    records(files, hints).or_else(|reason| apart(files, hints).ok_or(reason))
}

/// The layout where headers stand apart from their frames.
fn apart(files: &[&[u8]], hints: &Hints) -> Option<Inferred> {
    let weave = |bytes: &&[u8]| {
        let known = foreign::container(bytes)
            .is_none()
            .then(|| Frames::find(bytes));
        apart::weave(&Window(bytes), &known?)
    };
    let whole: Vec<apart::Whole> = files.iter().map(weave).collect::<Option<_>>()?;
    let first = whole.first()?;
    let bytes: Vec<&[u8]> = whole.iter().map(|whole| whole.bytes.as_slice()).collect();
    let mut inferred = records(&bytes, hints).ok()?;
    let record = &mut inferred.layout.record;
    record.apart = Some(first.before);
    if record.header != first.header || record.size.is_none() {
        return None;
    }
    inferred.layout.file_header = None;
    inferred.findings.push(Finding {
        field: "record.apart".to_owned(),
        text: format!("headers of {} bytes stand together before their frames, {} bytes before those of each block", first.header, first.before),
        agree: 0,
        of: 0,
        rivals: Vec::new(),
    });
    let (mut read, mut frames) = (0_usize, 0_usize);
    for bytes in files {
        read = read.saturating_add(fields::frames_read(&inferred.layout, bytes));
        frames = frames.saturating_add(Frames::find(bytes).list.len());
    }
    inferred.read = read;
    inferred.frames = frames;
    if read != frames && inferred.confidence > Confidence::Doubtful {
        inferred.confidence = Confidence::Probable;
        inferred.open.push(format!("{read} of {frames} frames are read where they stand apart from their headers: another part of the file would decide"));
    }
    inferred.layout.title = format!(
        "inferred from {frames} frames, {}",
        inferred.confidence.name()
    );
    Some(inferred)
}

/// The layout where each header is before its frame.
fn records(files: &[&[u8]], hints: &Hints) -> Result<Inferred, Nothing> {
    let mut found: Vec<(Window<'_>, Frames)> = Vec::new();
    for bytes in files {
        if let Some(name) = foreign::container(bytes) {
            return nothing(format!("the file is {name}, not a recorder's own format"));
        }
        found.push((Window(bytes), Frames::find(bytes)));
    }
    let seen = found.iter().map(|(_, frames)| frames.list.len()).sum();
    let mut reason = String::new();
    let mut best: Option<(Chain, Bounds)> = None;
    for (window, frames) in &mut found {
        let count = frames.list.len();
        if count < MIN_FRAMES {
            reason = format!(
                "{count} frames of MPEG-4, H.264 or JPEG in {} bytes, at least {MIN_FRAMES} are needed",
                window.len()
            );
            continue;
        }
        // a few P frames among keyframes only are none
        let p = frames.list.iter().filter(|frame| !frame.key).count();
        if p.saturating_mul(30) < count {
            frames.list.retain(|frame| frame.key);
        }
        reason = format!("{count} frames, but no field before them leads from one to the next");
        let mut own: Option<Frames> = None;
        for variant in frames.with_zeros(window) {
            for chain in Chain::find(window, &variant) {
                reason = format!("{count} frames, but nothing says where their records begin");
                let connected = Frames {
                    list: chain.connected(window, &variant.list),
                    codec: variant.codec,
                };
                let Some(bounds) = Bounds::find(window, &connected, &chain) else {
                    continue;
                };
                // a start code of four bytes is what the standard wants
                if best
                    .as_ref()
                    .is_none_or(|(_, best)| bounds.bits > best.bits + 4.0)
                {
                    best = Some((chain, bounds));
                    own = Some(variant.clone());
                }
            }
        }
        if let Some(variant) = own {
            *frames = variant;
        }
    }
    let Some((mut chain, bounds)) = best else {
        return nothing(reason);
    };
    chain.refine(&bounds.trial);
    // bytes that look like a frame inside another record: nothing leads to them, and they lead nowhere
    for (window, frames) in &mut found {
        frames.list = chain.connected(window, &frames.list);
    }
    fields::Work::new(found, chain, bounds, hints, seen).finish()
}

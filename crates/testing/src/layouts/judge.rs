// SPDX-License-Identifier: MPL-2.0
//! What became of a recording whose layout was inferred, and tables of many.

use super::{Plan, Recording, Truth};
use formats::exp::{
    infer::{Confidence, Hints, Inferred, infer_files},
    layout::Layout,
    native::NativeReader,
};
use formats::{
    reader::{Timestamp, Window},
    recording::{Event, Parser},
};
use std::{collections::BTreeMap, ops::ControlFlow};

/// A frame as a player gets it.
pub struct Shown {
    /// Its coded bytes.
    pub bytes: Vec<u8>,
    /// The recorder's time.
    pub timestamp: Option<Timestamp>,
    /// Camera.
    pub camera: u16,
    /// It needs no other.
    pub key: bool,
}

/// All frames of a file, read by a layout.
pub fn read(file: &[u8], layout: &Layout) -> Vec<Shown> {
    let mut shown = Vec::new();
    let whole = Window {
        offset: 0,
        data: file,
        last: true,
        unread: None,
    };
    let mut reader = NativeReader::new(layout.clone());
    Parser::new(&mut reader).read_window(&whole, |event| {
        if let Event::Packet { offset, packet } = event
            && packet.audio.is_none()
        {
            shown.push(Shown {
                bytes: packet.payload.to_vec(&file[offset as usize..]),
                timestamp: packet.timestamp,
                camera: packet.stream.camera,
                key: packet.key,
            });
        }
        ControlFlow::Continue(())
    });
    shown
}

/// How a layout did.
#[derive(Default, Debug, Clone)]
pub struct Verdict {
    /// How sure it is said to be; `None` where nothing was inferred.
    pub confidence: Option<Confidence>,
    /// Every frame, byte for byte and in order.
    pub frames: bool,
    /// The right time on every frame.
    pub times: bool,
    /// Frames parted into the right cameras.
    pub cameras: bool,
    /// Two readings are named where it is doubtful.
    pub reported: bool,
    /// What was inferred, for people.
    pub text: String,
}

impl Verdict {
    /// Nothing in it is wrong.
    pub fn right(&self) -> bool {
        self.frames && self.times && self.cameras
    }
}

/// Infers the layout of a recording and compares what it reads with the truth.
pub fn judge(recording: &Recording, hints: &Hints) -> Verdict {
    let sample = &recording.file[..recording.file.len().min(4 << 20)];
    match infer_files(&[sample], hints) {
        Ok(inferred) => compare(recording, &inferred),
        Err(nothing) => Verdict {
            text: nothing.to_string(),
            ..Verdict::default()
        },
    }
}

fn compare(recording: &Recording, inferred: &Inferred) -> Verdict {
    let toml = inferred.to_toml().expect("a layout can be written");
    let layout = Layout::from_toml(&toml).unwrap_or_else(|error| panic!("{error}\n{toml}"));
    assert_eq!(layout, inferred.layout, "{toml}");
    let shown = read(&recording.file, &layout);
    // damaged frames may be there, or not; all others have to be, and nothing else
    let mut pairs: Vec<(&Truth, &Shown)> = Vec::new();
    let mut rest = shown.iter().peekable();
    let mut frames = true;
    let mut first_wrong = String::new();
    for (n, truth) in recording.truth.iter().enumerate() {
        match rest.next_if(|shown| shown.bytes == truth.bytes && shown.key == truth.key) {
            Some(shown) => pairs.push((truth, shown)),
            None if truth.damaged => {
                // what is read of it is any that is not one of those behind it, or nothing
                let behind = recording.truth[n + 1..].iter().take(3);
                let mut behind = behind.map(|truth| &truth.bytes);
                rest.next_if(|shown| behind.all(|bytes| *bytes != shown.bytes));
            }
            None => {
                if frames {
                    let size = rest.peek().map(|shown| shown.bytes.len());
                    first_wrong = format!("frame {n}: {size:?} bytes, not {}", truth.bytes.len());
                }
                frames = false;
            }
        }
    }
    frames &= rest.next().is_none();
    let right = |(truth, shown): &(&Truth, &Shown)| {
        shown.timestamp.is_some_and(|timestamp| {
            // what is misread has any time
            let seconds = timestamp.seconds.clamp(-1 << 40, 1 << 40);
            let whole = seconds * 1000;
            let exact = whole + i64::from(timestamp.millis.unwrap_or(0));
            match timestamp.millis {
                // no header says at which part of a second the start was
                Some(_) if matches!(recording.plan.part, super::Part::Start(_)) => {
                    (exact - truth.time).abs() < 1000
                }
                Some(millis) => {
                    (whole + i64::from(millis) - truth.time).abs() <= 1
                        || truth.time % 1000 == 0 && whole == truth.time
                }
                None => whole == truth.time - truth.time.rem_euclid(1000),
            }
        })
    };
    let (mut forth, mut back) = (BTreeMap::new(), BTreeMap::new());
    let cameras = pairs.iter().all(|(truth, shown)| {
        *forth.entry(truth.camera).or_insert(shown.camera) == shown.camera
            && *back.entry(shown.camera).or_insert(truth.camera) == truth.camera
    });
    let findings: String = inferred
        .findings
        .iter()
        .map(|finding| format!("  {} {}\n", finding.field, finding.line()))
        .collect();
    Verdict {
        confidence: Some(inferred.confidence),
        frames,
        times: !pairs.is_empty() && pairs.iter().all(right),
        cameras,
        reported: inferred.open.iter().any(|text| text.contains("decide")),
        text: format!(
            "{:?}: {} of {} frames read {first_wrong}\n{findings}  open: {:?}\n{toml}",
            inferred.confidence,
            pairs.len(),
            recording.truth.len(),
            inferred.open
        ),
    }
}

/// Kinds of layouts, and how often each was read.
#[derive(Default)]
pub struct Table {
    rows: BTreeMap<String, [usize; 4]>,
}

/// The kinds that a layout is of.
pub fn kinds(plan: &Plan) -> Vec<String> {
    let padding = match (plan.align, plan.counts_padding) {
        (1, _) => "padding: none".to_owned(),
        (align, false) => format!("padding: {align}"),
        (align, true) => format!("padding: {align}, counted"),
    };
    let mut all = vec![
        "all".to_owned(),
        format!("length: {:?}", plan.counts),
        padding,
        format!("frames: {:?}", plan.coding),
        format!("clock: {:?}", plan.clock),
        format!("interval: {} ms", plan.interval),
        format!(
            "header: {} or more",
            [8, 32, 64, 128, 256]
                .into_iter()
                .rfind(|size| *size <= plan.header)
                .unwrap_or(8)
        ),
        match plan.others {
            0 => "audio: none".to_owned(),
            1..20 => "audio: some".to_owned(),
            20..60 => "audio: much".to_owned(),
            _ => "audio: most".to_owned(),
        },
        match plan.cameras {
            1 => "cameras: 1".to_owned(),
            2..9 => "cameras: 2 to 8".to_owned(),
            _ => "cameras: 9 to 32".to_owned(),
        },
        format!(
            "part: {}",
            format!("{:?}", plan.part)
                .split('(')
                .next()
                .unwrap_or_default()
        ),
    ];
    let mut also = |when: bool, name: &str| {
        if when {
            all.push(name.to_owned());
        }
    };
    let lasts = match plan.lasts {
        0..2 => "under 2 s",
        2..60 => "under a minute",
        _ => "a minute or more",
    };
    also(true, &format!("lasts: {lasts}"));
    let unusual = format!("{:?}", plan.unusual);
    let name = unusual.split('(').next().unwrap_or_default();
    match plan.unusual {
        super::Unusual::None => also(true, "usual"),
        _ => also(true, &format!("unusual: {name}")),
    }
    also(
        plan.clock == super::Clock::Dos,
        &format!("clock: Dos, {lasts}"),
    );
    also(plan.sector > 0, "sectors");
    also(plan.reversed.is_some(), "reversed");
    also(plan.prefix > 0, "bytes before keyframes");
    also(plan.set_back > 0, "clock set back");
    also(plan.damage > 0, "damage");
    also(plan.fill != 0 && plan.align > 1, "fill byte FF");
    also(plan.index == Some(0), "index: before");
    also(plan.index == Some(1), "index: between");
    also(plan.index == Some(2), "index: behind");
    all
}

impl Table {
    /// Adds a recording.
    pub fn add(&mut self, plan: &Plan, verdict: &Verdict) {
        for kind in kinds(plan) {
            let row = self.rows.entry(kind).or_default();
            let counts = [true, verdict.frames, verdict.times, verdict.right()];
            row.iter_mut()
                .zip(counts)
                .for_each(|(sum, one)| *sum += usize::from(one));
        }
    }

    /// Recordings of a kind: all, those with every frame, those with the right times, those with nothing wrong.
    pub fn row(&self, kind: &str) -> [usize; 4] {
        self.rows.get(kind).copied().unwrap_or_default()
    }

    /// Kinds that begin so, with their rows.
    pub fn kinds(&self, begin: &str) -> Vec<(&String, [usize; 4])> {
        self.rows
            .iter()
            .filter(|(kind, _)| kind.starts_with(begin))
            .map(|(kind, row)| (kind, *row))
            .collect()
    }
}

impl std::fmt::Display for Table {
    fn fmt(&self, to: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(
            to,
            "{:<26} {:>6} {:>8} {:>7} {:>7}",
            "kind", "files", "frames %", "times %", "right %"
        )?;
        for (kind, [all, rest @ ..]) in &self.rows {
            let [frames, times, right] = rest.map(|count| 100.0 * count as f64 / *all as f64);
            writeln!(
                to,
                "{kind:<26} {all:>6} {frames:>8.1} {times:>7.1} {right:>7.1}"
            )?;
        }
        Ok(())
    }
}

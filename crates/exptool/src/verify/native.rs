// SPDX-License-Identifier: MPL-2.0
//! A recording checked against itself and, where one is given, a manifest.

use super::{
    compare::{Comparison, How, Outcome},
    index::IndexCheck,
    manifest::{Entry, Manifest, Writer},
    rows::Row,
    sequence::Sequence,
    structure::{Found, Structure},
};
use crate::common::{
    Common, Failure, Input,
    frames::{self, Crc, Damage, Front, Options, Summary},
    output::NewFile,
    progress::Progress,
    summary::has_no_end,
};
use crate::recording::path_sha256;
use serde::Serialize;
use std::thread;

/// Records with a wrong checksum that are told one by one.
const MAX_TOLD: usize = 100;

/// What a check found.
#[derive(Debug, Serialize)]
pub struct Checked {
    /// Bytes.
    pub size: u64,
    /// SHA-256 of the file.
    pub sha256: String,
    /// Records with pictures or sound.
    pub records: u64,
    /// Records of unknown kinds, which are skipped by their size.
    pub other_records: u64,
    /// Records whose checksum is right.
    pub crc_right: u64,
    /// Records whose checksum is wrong.
    pub crc_wrong: u64,
    /// Records without a checksum.
    pub crc_absent: u64,
    /// Offsets of the first hundred records with a wrong checksum.
    pub crc_wrong_at: Vec<u64>,
    /// Records that the header counts.
    pub header_records: Option<u64>,
    /// What else the header says that is not so.
    pub header_wrong: Vec<String>,
    /// Holes in the records' sequence numbers, where these count records.
    pub sequence: Option<Sequence>,
    /// The index, where there is one.
    pub index: Option<IndexCheck>,
    /// Bytes before the first record that are no header that is known.
    pub front: Option<Front>,
    /// See [`has_no_end`].
    #[serde(skip)]
    has_no_end: bool,
    /// Damaged regions.
    pub damage: Vec<Damage>,
    /// Their number.
    pub damaged_regions: u64,
    /// The last record where the file ends inside it: offset and bytes.
    pub cut: Option<(u64, u64)>,
    /// What else does not agree.
    pub warnings: Vec<String>,
}

/// A manifest to compare with: only this camera, only a part.
pub type Against<'a> = (&'a Manifest, Option<u16>, bool);

/// Checks a recording.
///
/// # Errors
/// A file that cannot be read.
#[allow(dead_code, reason = "the report checks its input too")]
pub fn check(common: &Common, input: &Input) -> Result<Checked, Failure> {
    run(common, input, None, None).map(|(checked, _)| checked)
}

/// Checks a recording, writes its manifest and compares it.
pub fn run(
    common: &Common,
    input: &Input,
    manifest: Option<NewFile>,
    against: Option<Against<'_>>,
) -> Result<(Checked, Option<Outcome>), Failure> {
    thread::scope(|scope| {
        // the file's hash and the pictures' hashes take about as long as each other
        let whole = scope.spawn(|| path_sha256(&input.path, &mut |_| ()));
        let done = records(common, input, manifest, against);
        let whole = whole
            .join()
            .map_err(|_| Failure::Input(format!("{}: hashing failed", input.name)))?;
        let (mut checked, manifest, mut outcome) = done?;
        checked.sha256 = whole?;
        if let Some(outcome) = &mut outcome {
            outcome.same_file = Some(outcome.manifest_sha256 == checked.sha256);
        }
        if let Some(manifest) = manifest {
            manifest.finish(&checked.sha256)?.finish()?;
        }
        Ok((checked, outcome))
    })
}

type Parts = (Checked, Option<Writer<NewFile>>, Option<Outcome>);

fn records(
    common: &Common,
    input: &Input,
    manifest: Option<NewFile>,
    against: Option<Against<'_>>,
) -> Result<Parts, Failure> {
    let mut progress = Progress::bytes(common, input.size, "verifying");
    let mut structure = Structure::open(input)?;
    let mut manifest = manifest.map(|file| Writer::new(file, input)).transpose()?;
    let mut comparison = match against {
        Some((old, camera, part)) => {
            let how = How {
                camera,
                part,
                converted: false,
            };
            Some(Comparison::new(old, "frames", how)?)
        }
        None => None,
    };
    let options = Options {
        crc: true,
        sha256: manifest.is_some() || comparison.is_some(),
        ..Options::default()
    };
    let mut wrong_at = Vec::new();
    let summary = frames::read(input, options, &mut progress, &mut |frame| {
        structure.record(&frame);
        if frame.crc == Crc::Wrong && wrong_at.len() < MAX_TOLD {
            wrong_at.push(frame.offset);
        }
        if let Some(manifest) = &mut manifest {
            manifest.add(&Entry::of(&frame))?;
        }
        if let Some(comparison) = &mut comparison {
            comparison.add(&Row::of_frame(&frame))?;
        }
        Ok(())
    })?;
    let outcome = comparison.map(Comparison::finish).transpose()?;
    let found = structure.finish(summary.damaged == 0 && summary.cut.is_none());
    let checked = Checked::of(input, summary, wrong_at, found);
    Ok((checked, manifest, outcome))
}

impl Checked {
    fn of(input: &Input, summary: Summary, crc_wrong_at: Vec<u64>, found: Found) -> Checked {
        Checked {
            size: input.size,
            sha256: String::new(),
            records: summary.records,
            other_records: found.others,
            crc_right: summary.checked_crc - summary.wrong_crc,
            crc_wrong: summary.wrong_crc,
            crc_absent: summary.records - summary.checked_crc,
            crc_wrong_at,
            header_records: summary.info.records,
            header_wrong: found.header_wrong,
            sequence: found.sequence,
            index: found.index,
            front: summary.front,
            has_no_end: has_no_end(summary.info.family),
            damage: summary.damage,
            damaged_regions: summary.damaged,
            cut: summary.cut,
            warnings: summary
                .warnings
                .into_iter()
                .filter(|text| !is_counted(text))
                .collect(),
        }
    }

    /// The header's count is that of the records, with or without those of unknown kinds.
    fn counted(&self) -> bool {
        let all = self.records.saturating_add(self.other_records);
        let told = self.header_records;
        told.is_none_or(|told| told == self.records || told == all)
    }

    /// There is something to test pictures by.
    pub fn has_check_sums(&self) -> bool {
        self.crc_right + self.crc_wrong > 0
    }

    /// Nothing to complain about.
    pub fn good(&self) -> bool {
        self.crc_wrong == 0
            && self.front.is_none()
            && self.damaged_regions == 0
            && (self.cut.is_none() || self.has_no_end)
            && self.counted()
            && self.header_wrong.is_empty()
            && self.sequence.as_ref().is_none_or(|found| found.jumps == 0)
            && self.index.as_ref().is_none_or(IndexCheck::good)
            && self
                .warnings
                .iter()
                .all(|warning| warning.contains("is assumed"))
    }
}

/// The reader's remarks on counts, which are told here with the records of unknown kinds.
fn is_counted(warning: &str) -> bool {
    warning.ends_with(" records were read") || warning.ends_with(" were read")
}

// SPDX-License-Identifier: MPL-2.0
//! A recording checked against itself: checksums, header, index, counts, damage.

use super::{
    index::IndexCheck,
    manifest::Writer,
    rows::{Row, RowWriter, Rows},
    structure::{Found, Sequence, Structure},
};
use crate::common::{Common, Failure, Input};
use crate::recording::{Checksum, Findings, Options, Recording, path_sha256};
use formats::recording::frames::has_no_end;
use serde::Serialize;
use std::thread;

/// Records with a wrong checksum that are listed one by one.
const MOST_LISTED: usize = 100;

/// Bytes that are not a record.
#[derive(Clone, Debug, Serialize)]
pub struct Damage {
    /// Offset in the file.
    pub offset: u64,
    /// Bytes.
    pub length: u64,
    /// What a valid file has there.
    pub expected: &'static str,
}

/// Bytes before the first record that are not a known header.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Front {
    /// Offset in the file.
    pub offset: u64,
    /// Bytes.
    pub length: u64,
}

/// What a check found.
#[derive(Debug, Serialize)]
pub struct Checked {
    /// Bytes.
    pub size: u64,
    /// SHA-256 of the file.
    pub sha256: String,
    /// Records with video or audio frames.
    pub records: u64,
    /// Records of unknown kinds, which are skipped by their size.
    pub other_records: u64,
    /// Records whose checksum is right.
    pub checksums_ok: u64,
    /// Records whose checksum is not that of their bytes.
    pub checksums_mismatch: u64,
    /// Records without a checksum.
    pub checksums_absent: u64,
    /// Offsets of the first hundred records whose checksum does not match.
    pub checksum_mismatch_at: Vec<u64>,
    /// Records that the header counts.
    pub header_records: Option<u64>,
    /// Other header fields that do not agree with the records.
    pub header_wrong: Vec<String>,
    /// Gaps in the records' sequence numbers, where these count records.
    pub sequence: Option<Sequence>,
    /// The index, where there is one.
    pub index: Option<IndexCheck>,
    /// Bytes before the first record that are not a known header.
    pub front: Option<Front>,
    /// The kind of file may end anywhere, see [`has_no_end`].
    #[serde(skip)]
    pub has_no_end: bool,
    /// Damaged regions.
    pub damage: Vec<Damage>,
    /// Their number.
    pub damaged_regions: u64,
    /// The last record where the file ends inside it: offset, and bytes that are there.
    pub cut: Option<(u64, u64)>,
    /// What else does not agree.
    pub warnings: Vec<String>,
}

/// Checks a recording; adds it to a manifest where one is written, and returns its frames where they are `wanted`.
///
/// # Errors
/// A file that cannot be read, a disk that is full.
pub fn check(
    common: &Common,
    input: &Input,
    manifest: &mut Option<Writer>,
    wanted: bool,
) -> Result<(Checked, Option<Rows>), Failure> {
    thread::scope(|scope| {
        // the hash of the file and those of its frames take about as long as each other
        let whole = scope.spawn(|| path_sha256(&input.path, &mut |_| ()));
        let done = check_records(common, input, manifest, wanted);
        let whole = whole
            .join()
            .map_err(|_| Failure::Input(format!("{}: hashing failed", input.name)))?;
        let (mut checked, rows) = done?;
        checked.sha256 = whole?;
        if let Some(manifest) = manifest {
            manifest.end(&checked.sha256)?;
        }
        Ok((checked, rows))
    })
}

fn check_records(
    common: &Common,
    input: &Input,
    manifest: &mut Option<Writer>,
    wanted: bool,
) -> Result<(Checked, Option<Rows>), Failure> {
    let mut structure = Structure::open(input)?;
    if let Some(manifest) = manifest {
        manifest.begin(input)?;
    }
    let mut rows = wanted.then(RowWriter::new).transpose()?;
    let options = Options {
        checksums: true,
        hashes: manifest.is_some() || wanted,
        ..Options::default()
    };
    let mut mismatch_at = Vec::new();
    let recording = Recording::read(common, input.clone(), options, &mut |frame| {
        structure.add(frame);
        if frame.checksum == Checksum::Mismatch && mismatch_at.len() < MOST_LISTED {
            mismatch_at.push(frame.offset);
        }
        if let Some(manifest) = manifest {
            manifest.add(frame)?;
        }
        if let Some(rows) = &mut rows {
            rows.push(&Row::from_frame(frame))?;
        }
        Ok(())
    })?;
    let findings = recording.findings;
    let found = structure.finish(findings.damaged == 0 && findings.cut.is_none());
    let rows = rows.map(RowWriter::finish).transpose()?;
    Ok((Checked::new(input, findings, mismatch_at, found), rows))
}

impl Checked {
    fn new(input: &Input, findings: Findings, mismatch_at: Vec<u64>, found: Found) -> Checked {
        let damage = findings.damage.into_iter().map(|range| Damage {
            offset: range.offset,
            length: range.length,
            expected: range.expected,
        });
        Checked {
            size: input.size,
            sha256: String::new(),
            records: findings.records,
            other_records: found.others,
            checksums_ok: findings.checked - findings.mismatches,
            checksums_mismatch: findings.mismatches,
            checksums_absent: findings.records - findings.checked,
            checksum_mismatch_at: mismatch_at,
            header_records: findings.info.records,
            header_wrong: found.header_wrong,
            sequence: found.sequence,
            index: found.index,
            front: findings
                .front
                .map(|(offset, length)| Front { offset, length }),
            has_no_end: has_no_end(findings.info.family),
            damage: damage.collect(),
            damaged_regions: findings.damaged,
            cut: findings.cut,
            warnings: findings
                .warnings
                .into_iter()
                .filter(|text| !is_counted(text))
                .collect(),
        }
    }

    /// The header's count is that of the records, with or without those of unknown kinds.
    fn counted(&self) -> bool {
        let all = self.records.saturating_add(self.other_records);
        let count = self.header_records;
        count.is_none_or(|count| count == self.records || count == all)
    }

    /// There is something to test frames by.
    pub fn has_checksums(&self) -> bool {
        self.checksums_ok + self.checksums_mismatch > 0
    }

    /// Nothing was found.
    pub fn good(&self) -> bool {
        self.checksums_mismatch == 0
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

/// The reader's remarks on counts, which are reported here with the records of unknown kinds.
fn is_counted(warning: &str) -> bool {
    warning.ends_with(" records were read") || warning.ends_with(" were read")
}

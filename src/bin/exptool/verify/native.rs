// SPDX-License-Identifier: MPL-2.0
//! A recording checked against itself and, where one is given, a manifest.

use super::{
    compare::{Comparison, How, Outcome, Picture},
    index::{IndexCheck, IndexWalk},
    manifest::{Entry, Manifest, Writer},
};
use crate::common::{
    Common, Failure, Input,
    frames::{self, Crc, Damage, Front, Options, Summary, hex},
    output::NewFile,
    plain::plain,
    progress::Progress,
};
use serde::Serialize;
use sha2::{Digest, Sha256};
use std::{fmt::Write as _, fs::File, io::Read, thread};

/// Records with a wrong check sum that are told one by one.
const MAX_TOLD: usize = 100;
/// Bytes that are hashed at a time.
const BLOCK: usize = 1 << 20;

/// What a check found.
#[derive(Debug, Serialize)]
pub struct Checked {
    /// Bytes.
    pub size: u64,
    /// SHA-256 of the file.
    pub sha256: String,
    /// Records with pictures or sound.
    pub records: u64,
    /// Records whose check sum is right.
    pub crc_right: u64,
    /// Records whose check sum is wrong.
    pub crc_wrong: u64,
    /// Records without a check sum.
    pub crc_absent: u64,
    /// Offsets of the first hundred records with a wrong check sum.
    pub crc_wrong_at: Vec<u64>,
    /// Records that the header counts.
    pub header_records: Option<u64>,
    /// The index, where there is one.
    pub index: Option<IndexCheck>,
    /// Bytes before the first record that are no header that is known.
    pub front: Option<Front>,
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
        let whole = scope.spawn(|| hash_file(input));
        let done = records(common, input, manifest, against);
        let whole = whole
            .join()
            .map_err(|_| Failure::Input(format!("{}: hashing failed", input.name)))?;
        let (mut checked, manifest, outcome) = done?;
        checked.sha256 = whole?;
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
    let mut index = IndexWalk::open(input)?;
    let mut manifest = manifest.map(|file| Writer::new(file, input)).transpose()?;
    let mut comparison = match against {
        Some((old, camera, part)) => {
            let how = How {
                camera,
                part,
                ..How::default()
            };
            Some(Comparison::new(old, "frames", how)?)
        }
        None => None,
    };
    let camera = against.and_then(|(_, camera, _)| camera);
    let options = Options {
        crc: true,
        sha256: manifest.is_some() || comparison.is_some(),
        ..Options::default()
    };
    let mut wrong_at = Vec::new();
    let summary = frames::read(input, options, &mut progress, &mut |frame| {
        if let Some(index) = &mut index {
            index.record(&frame);
        }
        if frame.crc == Crc::Wrong && wrong_at.len() < MAX_TOLD {
            wrong_at.push(frame.offset);
        }
        if let Some(manifest) = &mut manifest {
            manifest.add(&Entry::of(&frame))?;
        }
        if let Some(comparison) = &mut comparison
            && camera.is_none_or(|camera| camera == frame.stream.camera)
        {
            comparison.add(Picture {
                n: frame.number,
                sha256: frame.sha256.map(|sum| hex(&sum)).unwrap_or_default(),
            })?;
        }
        Ok(())
    })?;
    let outcome = comparison.map(Comparison::finish).transpose()?;
    let checked = Checked::of(input, summary, wrong_at, index.map(IndexWalk::finish));
    Ok((checked, manifest, outcome))
}

/// SHA-256 of the whole file.
fn hash_file(input: &Input) -> Result<String, Failure> {
    let fail = |error: std::io::Error| Failure::Input(format!("{}: {error}", input.name));
    let mut file = File::open(&input.path).map_err(fail)?;
    let mut sum = Sha256::new();
    let mut block = vec![0; BLOCK];
    loop {
        match file.read(&mut block) {
            Ok(0) => return Ok(hex(&sum.finalize())),
            Ok(read) => sum.update(block.get(..read).unwrap_or_default()),
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Err(fail(error)),
        }
    }
}

impl Checked {
    fn of(
        input: &Input,
        summary: Summary,
        crc_wrong_at: Vec<u64>,
        index: Option<IndexCheck>,
    ) -> Checked {
        Checked {
            size: input.size,
            sha256: String::new(),
            records: summary.records,
            crc_right: summary.checked_crc - summary.wrong_crc,
            crc_wrong: summary.wrong_crc,
            crc_absent: summary.records - summary.checked_crc,
            crc_wrong_at,
            header_records: summary.info.records,
            index,
            front: summary.front,
            damage: summary.damage,
            damaged_regions: summary.damaged,
            cut: summary.cut,
            warnings: summary.warnings,
        }
    }

    /// Nothing to complain about.
    pub fn good(&self) -> bool {
        let counted = self
            .header_records
            .is_none_or(|records| records == self.records);
        self.crc_wrong == 0
            && self.front.is_none()
            && self.damaged_regions == 0
            && self.cut.is_none()
            && counted
            && self.index.as_ref().is_none_or(|index| index.wrong == 0)
            && self
                .warnings
                .iter()
                .all(|warning| warning.contains("is assumed"))
    }

    /// For people.
    pub fn text(&self, out: &mut String) {
        let _ = writeln!(out, "  size       {} bytes", self.size);
        let _ = writeln!(out, "  sha256     {}", self.sha256);
        let _ = writeln!(
            out,
            "  records    {}: check sums of {} right, of {} wrong, {} have none",
            self.records, self.crc_right, self.crc_wrong, self.crc_absent
        );
        for offset in &self.crc_wrong_at {
            let _ = writeln!(out, "    wrong check sum: record at offset {offset}");
        }
        match self.header_records {
            Some(told) if told == self.records => {
                let _ = writeln!(out, "  header     counts {told} records, as there are");
            }
            Some(told) => {
                let _ = writeln!(
                    out,
                    "  header     counts {told} records where {} are",
                    self.records
                );
            }
            None => {}
        }
        if let Some(index) = &self.index {
            let _ = writeln!(
                out,
                "  index      {} entries: {} agree with their record, {} do not",
                index.entries, index.agree, index.wrong
            );
            for text in &index.told {
                let _ = writeln!(out, "    {text}");
            }
        }
        if let Some(front) = &self.front {
            let _ = writeln!(out, "  front      {}", front.text());
        }
        for damage in &self.damage {
            let _ = writeln!(
                out,
                "  damage     {} bytes at offset {}: expected {}",
                damage.length, damage.offset, damage.expected
            );
        }
        if let Some((offset, bytes)) = self.cut {
            let _ = writeln!(
                out,
                "  cut        the file ends inside the record at offset {offset}, {bytes} bytes of it are there"
            );
        }
        for warning in &self.warnings {
            let _ = writeln!(out, "  warning    {}", plain(warning));
        }
    }
}

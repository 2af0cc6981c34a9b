// SPDX-License-Identifier: MPL-2.0
//! A recording of which only the first records, and the index or samples, are read.

use crate::common::{Common, Failure, Input, input::InputSource};
use crate::recording::{Options, Recording};
use formats::{
    reader::Reader,
    recording::{Survey, TimeMap, find_index},
    timeline::GapPolicy,
};

/// Records that are read at the beginning.
const FIRST: u64 = 64;

/// See the module.
pub struct Surveyed {
    /// Its first records.
    pub recording: Recording,
    source: InputSource,
    /// Knows header and index.
    reader: Box<dyn Reader>,
    /// Offset of the first frame.
    start: u64,
}

impl Surveyed {
    /// Reads the first records.
    ///
    /// # Errors
    /// A file that cannot be read.
    pub fn read(common: &Common, input: Input) -> Result<Surveyed, Failure> {
        let options = Options {
            first: Some(FIRST),
            ..Options::default()
        };
        let recording = Recording::read(common, input, options, &mut |_| Ok(()))?;
        let mut source = recording.input.source()?;
        let runs = recording.contents.runs.iter();
        let start = runs.map(|run| run.offset).min().unwrap_or(0);
        // the reader has to know the header
        let mut scanner = recording.input.scanner()?;
        while scanner.offset() <= start && scanner.scan()?.is_some() {}
        let mut reader = scanner.reader().fork();
        find_index(&mut source, &mut *reader)?;
        Ok(Surveyed {
            recording,
            source,
            reader,
            start,
        })
    }

    /// The runs of a camera, 0 = of all cameras together, as far as about `budget` bytes show them; none without a clock.
    ///
    /// # Errors
    /// A file that cannot be read.
    pub fn map(&self, camera: u16, budget: u64) -> Result<TimeMap, Failure> {
        let has_frames = !self.recording.contents.runs.is_empty();
        if !has_frames || !self.recording.has_clock() {
            return Ok(TimeMap::default());
        }
        Survey {
            source: self.source.clone(),
            reader: &*self.reader,
            profile: &self.recording.findings.profile,
            policy: GapPolicy::Collapse,
            camera,
            start: self.start,
            budget,
        }
        .run()
    }
}

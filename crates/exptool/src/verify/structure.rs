// SPDX-License-Identifier: MPL-2.0
//! Header, index and sequence numbers compared with the records.

use super::{
    header::{Header, Times},
    index::{IndexCheck, IndexWalk},
    others::{Others, Records, Seen},
    sequence::{self, Sequence},
};
use crate::common::{Failure, Input};
use crate::recording::Frame;

/// Goes along with the records.
pub struct Structure {
    header: Option<Header>,
    times: Times,
    others: Others,
    other_records: u64,
    index: Option<IndexWalk>,
    sequence: sequence::Walk,
}

/// What was found.
pub struct Found {
    /// Records of unknown kinds.
    pub others: u64,
    /// What the header says that is not so.
    pub header_wrong: Vec<String>,
    /// The index.
    pub index: Option<IndexCheck>,
    /// Sequence numbers.
    pub sequence: Option<Sequence>,
}

impl Structure {
    /// Of a file.
    ///
    /// # Errors
    /// A file that cannot be read.
    pub fn open(input: &Input) -> Result<Structure, Failure> {
        let mut scanner = input.scanner()?;
        // the header is the first step
        let _ = scanner.scan()?;
        let (family, start) = (scanner.info().family, scanner.info().data_start);
        let header = Header::read(input)?.filter(|_| family == "native");
        let records = || Records::open(input, family);
        Ok(Structure {
            header,
            times: Times::default(),
            others: Others::new(records()?, start),
            other_records: 0,
            index: IndexWalk::open(input, header.as_ref(), records()?)?,
            sequence: sequence::Walk::default(),
        })
    }

    /// The next record.
    pub fn record(&mut self, frame: &Frame) {
        self.pass_others(frame.offset);
        self.others.pass(frame);
        self.seen(&Seen::of(frame));
        self.sequence.record(frame);
    }

    fn pass_others(&mut self, to: u64) {
        while let Some(other) = self.others.next(to) {
            self.other_records += 1;
            self.sequence.other();
            self.seen(&other);
        }
    }

    fn seen(&mut self, record: &Seen) {
        self.times.add(record);
        if let Some(index) = &mut self.index {
            index.record(record);
        }
    }

    /// All records were there. `whole`: none of them is damaged or cut, so the first and the last are known.
    pub fn finish(mut self, whole: bool) -> Found {
        self.pass_others(self.others.end());
        Found {
            others: self.other_records,
            header_wrong: match &self.header {
                Some(header) => header.check(&self.times, whole),
                None => Vec::new(),
            },
            index: self.index.map(IndexWalk::finish),
            sequence: self.sequence.finish(),
        }
    }
}

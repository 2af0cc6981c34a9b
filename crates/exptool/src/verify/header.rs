// SPDX-License-Identifier: MPL-2.0
//! What the file header of the reference layout says, compared with the records.

use super::{others::Seen, rows::timestamp_text};
use crate::common::{Failure, Input};
use formats::{
    cursor::{self, Short},
    exp::header,
};

/// The flag that says that there is an index.
const INDEXED: u32 = 1;

/// Fields of the header as they stand.
#[derive(Clone, Copy, Debug)]
pub struct Header {
    flags: u32,
    first: u32,
    last: u32,
    /// Offset of the index, 0 = none.
    pub index_at: u64,
}

/// Times of records.
#[derive(Debug, Default)]
pub struct Times {
    first: Option<i64>,
    last: Option<i64>,
    least: Option<i64>,
    most: Option<i64>,
}

impl Header {
    /// Of a file that begins with one.
    ///
    /// # Errors
    /// A file that cannot be read.
    pub fn read(input: &Input) -> Result<Option<Header>, Failure> {
        let head = input.head(header::SIZE)?;
        let read = || -> Result<Header, Short> {
            Ok(Header {
                flags: cursor::u32_le(&head, 12)?,
                first: cursor::u32_le(&head, 68)?,
                last: cursor::u32_le(&head, 72)?,
                index_at: cursor::u64_le(&head, 80)?,
            })
        };
        Ok(read().ok().filter(|_| header::is_header(&head)))
    }

    /// What it says that is not so. `whole`: the first and the last record are known.
    pub fn check(&self, times: &Times, whole: bool) -> Vec<String> {
        let mut wrong = Vec::new();
        if self.flags & INDEXED != 0 && self.index_at == 0 {
            wrong.push(
                "the flags at offset 12 say that there is an index, but its offset is 0".to_owned(),
            );
        }
        // the clock may have been set back: first and last in the file, or in time
        for (name, at, told, found) in [
            ("first", 68, self.first, [times.first, times.least]),
            ("last", 72, self.last, [times.last, times.most]),
        ] {
            let told = i64::from(told);
            if told == 0 || !whole || found.contains(&Some(told)) {
                continue;
            }
            if let Some(is) = timestamp_text(found.first().copied().flatten(), None) {
                let says = timestamp_text(Some(told), None).unwrap_or_default();
                wrong.push(format!(
                    "the time of the {name} record at offset {at} says {says}; that record is of {is}"
                ));
            }
        }
        wrong
    }
}

impl Times {
    /// The next record.
    pub fn add(&mut self, record: &Seen) {
        let Some(timestamp) = record.timestamp else {
            return;
        };
        let seconds = timestamp.seconds;
        self.first.get_or_insert(seconds);
        self.last = Some(seconds);
        self.least = Some(self.least.map_or(seconds, |least| least.min(seconds)));
        self.most = Some(self.most.map_or(seconds, |most| most.max(seconds)));
    }
}

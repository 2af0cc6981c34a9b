// SPDX-License-Identifier: MPL-2.0
//! Works out the layout of a file nobody described, from its pictures: their start codes can be seen, and everything else stands
//! at fixed places before them.
//!
//! The steps, each with its own file: find the `pictures`; find the field that says how long a picture or a record is, which
//! gives the headers' sizes too (`shape`, `ends`); find the records between (`others`); then look through the columns of
//! the headers for `time` and the other `fields`; and read the file by all that (`check`). Everything said is backed by a
//! count of records that agree.

use super::layout::Layout;
use pictures::Pictures;
use shape::Shape;
use work::Work;

mod chain;
mod check;
mod dos;
mod ends;
mod fields;
mod key;
mod millis;
mod others;
mod pictures;
mod rows;
mod shape;
mod text;
mod time;
mod work;

/// Bytes from the file's start that are enough for most files.
pub const USUAL_SAMPLE: usize = 4 << 20;
/// Fewer pictures than this make nothing certain.
const MIN_CERTAIN: usize = 30;
/// Fewer pictures than this say nothing.
const MIN_PICTURES: usize = 4;

/// How sure a layout is as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Confidence {
    /// Something is missing or contradicts.
    Doubtful,
    /// All pictures are read, but not all was told apart from everything else that it could be.
    Probable,
    /// All pictures are read by it, from enough records, and nothing else explains them.
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
pub struct Learnt {
    /// The layout.
    pub layout: Layout,
    /// What it rests on.
    pub findings: Vec<Finding>,
    /// How sure it is.
    pub confidence: Confidence,
    /// Pictures found by their start codes.
    pub pictures: usize,
    /// Of these, pictures read by the layout.
    pub read: usize,
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

/// Works out the layout from `bytes`, the first of a file; 4 MiB ([`USUAL_SAMPLE`]) are enough for most.
///
/// # Errors
/// [`Nothing`] when the file is of another well-known kind, there are too few MPEG-4 pictures, or nothing says how long they are.
pub fn learn(bytes: &[u8]) -> Result<Learnt, Nothing> {
    if let Some(name) = super::probe::foreign(bytes) {
        return nothing(format!(
            "the file is {name}, which is no recorder's own format"
        ));
    }
    let pictures = Pictures::find(bytes);
    let count = pictures.list.len();
    if count < MIN_PICTURES {
        return nothing(format!(
            "{count} MPEG-4 pictures in {} bytes, at least {MIN_PICTURES} are needed",
            bytes.len()
        ));
    }
    let Some(shape) = Shape::find(bytes, &pictures) else {
        return nothing(format!(
            "{count} MPEG-4 pictures, but no field before them keeps its distance to the next"
        ));
    };
    let pictures = pictures.linked(bytes, &shape);
    let count = pictures.list.len();
    let mut work = Work::new(bytes, &pictures, shape);
    work.fields();
    let inferred = work.finish();
    // what can not be read back is no layout
    let text = inferred.to_toml().unwrap_or_default();
    if let Err(error) = Layout::from_toml(&text) {
        return nothing(error.to_string());
    }
    if inferred.read.saturating_mul(2) < count {
        return nothing(format!(
            "the best layout reads {} of {count} MPEG-4 pictures",
            inferred.read
        ));
    }
    Ok(inferred)
}

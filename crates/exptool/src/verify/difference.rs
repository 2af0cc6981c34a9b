// SPDX-License-Identifier: MPL-2.0
//! One difference between a file and a manifest, for people and machines.

use super::rows::{Field, SEQUENCE};
use serde::Serialize;
use std::fmt::{Display, Formatter, Result};

/// A frame of the manifest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Place {
    /// Number in the manifest.
    pub frame: u64,
    /// Its time there.
    pub time: Option<String>,
    /// Its camera there.
    pub camera: u16,
    /// Its offset in the recording.
    pub offset: u64,
}

/// One difference.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "difference", rename_all = "kebab-case")]
pub enum Difference {
    /// Another picture stands in its place.
    Changed {
        /// What was there.
        #[serde(flatten)]
        place: Place,
        /// Number in the file.
        at: u64,
        /// What the record says otherwise.
        says: Vec<Field>,
    },
    /// It is not there.
    Missing {
        /// What was there.
        #[serde(flatten)]
        place: Place,
    },
    /// It stands elsewhere among the others.
    Moved {
        /// What was there.
        #[serde(flatten)]
        place: Place,
        /// Number in the file.
        at: u64,
        /// What the record says otherwise.
        says: Vec<Field>,
    },
    /// A picture of the manifest once more than it was there.
    Repeated {
        /// Number in the file.
        at: u64,
        /// What it is there.
        time: Option<String>,
        /// Number in the manifest of the first frame with this picture.
        of: u64,
    },
    /// A picture that the manifest does not have.
    Foreign {
        /// Number in the file.
        at: u64,
        /// What it is there.
        time: Option<String>,
    },
    /// The picture is the same, but its record says something else.
    Says {
        /// What was there.
        #[serde(flatten)]
        place: Place,
        /// Number in the file.
        at: u64,
        /// What the record says otherwise.
        says: Vec<Field>,
    },
}

impl Difference {
    /// What it is listed by: first what became of pictures, last what renumbered records say; each in its order.
    pub fn rank(&self) -> (u8, u64) {
        match self {
            Difference::Says { place, says, .. } => {
                let renumbered = says.iter().all(|field| field.field == SEQUENCE);
                (if renumbered { 2 } else { 1 }, place.frame)
            }
            Difference::Changed { place, .. }
            | Difference::Missing { place }
            | Difference::Moved { place, .. } => (0, place.frame),
            Difference::Repeated { at, .. } | Difference::Foreign { at, .. } => (0, *at),
        }
    }
}

impl Display for Place {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        write!(f, "frame {}", self.frame)?;
        if let Some(time) = &self.time {
            write!(f, " of {time}")?;
        }
        write!(f, " (offset {})", self.offset)
    }
}

impl Display for Difference {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        let of = |time: &Option<String>| match time {
            Some(time) => format!(" of {time}"),
            None => String::new(),
        };
        match self {
            Difference::Changed { place, at, .. } => {
                write!(f, "{place} differs; it is number {at} here")?;
            }
            Difference::Missing { place } => write!(f, "{place} is missing")?,
            Difference::Moved { place, at, .. } => {
                write!(f, "{place} has moved; it is number {at} here")?;
            }
            Difference::Repeated {
                at,
                time,
                of: frame,
            } => {
                let time = of(time);
                write!(
                    f,
                    "number {at}{time} here repeats the picture of frame {frame}"
                )?;
            }
            Difference::Foreign { at, time } => {
                write!(f, "number {at}{} here is none of the recording", of(time))?;
            }
            Difference::Says { place, .. } => write!(f, "{place}: picture the same")?,
        }
        let says = match self {
            Difference::Changed { says, .. }
            | Difference::Moved { says, .. }
            | Difference::Says { says, .. } => says.as_slice(),
            _ => &[],
        };
        for (n, Field { field, was, is }) in says.iter().enumerate() {
            let but = if n == 0 { ", but its" } else { "," };
            write!(f, "{but} {field} differs: was {was}, is {is}")?;
        }
        Ok(())
    }
}

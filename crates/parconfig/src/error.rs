// SPDX-License-Identifier: MPL-2.0
//! What can go wrong, with the place where it did.

use std::fmt;

/// A place in a text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// Bytes from the start of the file.
    pub offset: usize,
    /// Line, from 1; 0 where there is no line.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "line {}, column {} (byte {})",
            self.line, self.column, self.offset
        )
    }
}

/// Any failure of this module. No message holds a password.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The system refused.
    #[error("{path}: {source}")]
    Io {
        /// File or folder.
        path: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// More than this module is willing to hold in memory.
    #[error("{what} is larger than the limit of {limit}")]
    TooLarge {
        /// What is too large.
        what: String,
        /// The limit with its unit.
        limit: String,
    },
    /// A text that cannot be what it should be.
    #[error("{place}: {message}")]
    Text {
        /// Where.
        place: Place,
        /// What was found and what is expected there.
        message: String,
    },
    /// A known file of somebody else, or nothing that can be read.
    #[error("{0}")]
    Foreign(String),
    /// A path such as `camera.3.title` that names nothing.
    #[error("{path}: {message}")]
    Path {
        /// The path as it was given.
        path: String,
        /// What is allowed.
        message: String,
    },
    /// A value that is not allowed.
    #[error("{path}: {message}")]
    Value {
        /// The path of the field.
        path: String,
        /// What is wrong and what is allowed.
        message: String,
    },
    /// A ZIP file or folder that is not safe to read.
    #[error("{entry}: {message}")]
    Archive {
        /// Entry of the ZIP file or folder.
        entry: String,
        /// What is wrong.
        message: String,
    },
    /// A table (CSV, JSON, TOML, mapping) that cannot be used.
    #[error("{0}")]
    Table(String),
    /// An argument that cannot be used.
    #[error("{0}")]
    Usage(String),
    /// A unit did not answer as expected.
    #[error("{0}")]
    Net(String),
}

impl Error {
    /// Puts the file's name before a system error.
    pub fn io(path: impl fmt::Display, source: std::io::Error) -> Error {
        Error::Io {
            path: path.to_string(),
            source,
        }
    }
}

/// Result of this module.
pub type Result<T, E = Error> = std::result::Result<T, E>;

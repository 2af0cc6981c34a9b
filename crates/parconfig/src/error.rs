// SPDX-License-Identifier: MPL-2.0
//! What can go wrong, with the place where it did.

use std::fmt;

/// A place in a text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// Bytes from the start of the file.
    pub offset: usize,
    /// Line, from 1; 0 where there is no line.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
}

impl Position {
    /// The position of a byte of a text.
    pub fn find(bytes: &[u8], offset: usize) -> Position {
        let before = bytes.get(..offset).unwrap_or(bytes);
        let start = memchr::memrchr(b'\n', before).map_or(0, |at| at.saturating_add(1));
        let line = String::from_utf8_lossy(before.get(start..).unwrap_or_default());
        Position {
            offset,
            line: memchr::memchr_iter(b'\n', before).count().saturating_add(1),
            column: line.chars().count().saturating_add(1),
        }
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Position {
            offset,
            line,
            column,
        } = self;
        write!(f, "line {line}, column {column} (byte {offset})")
    }
}

/// Any failure of this library. No message holds a password.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The system refused.
    #[error("{path}: {source}")]
    Io {
        /// File or folder.
        path: String,
        /// What the system reported.
        source: std::io::Error,
    },
    /// A text that cannot be what it should be.
    #[error("{position}: {message}")]
    Text {
        /// Where.
        position: Position,
        /// What was found and what is expected there.
        message: String,
    },
    /// An input that is not allowed, too large, or of another program.
    #[error("{0}")]
    Refused(String),
    /// An argument that cannot be used.
    #[error("{0}")]
    Usage(String),
    /// An output that cannot be written.
    #[error("{0}")]
    Output(String),
    /// A unit did not answer as expected.
    #[error("{0}")]
    Net(String),
}

impl Error {
    /// Puts the file's name before a system error.
    pub fn io(path: impl fmt::Display, source: std::io::Error) -> Error {
        let path = path.to_string();
        Error::Io { path, source }
    }

    /// A refusal of something that has a name.
    pub fn refuse(name: impl fmt::Display, message: impl fmt::Display) -> Error {
        Error::Refused(format!("{name}: {message}"))
    }

    /// More than this library is willing to hold in memory.
    pub fn too_large(what: impl fmt::Display, limit: impl fmt::Display) -> Error {
        Error::Refused(format!("{what} is larger than the limit of {limit}"))
    }
}

/// Result of this library.
pub type Result<T, E = Error> = std::result::Result<T, E>;

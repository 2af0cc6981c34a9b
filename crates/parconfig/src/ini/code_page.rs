// SPDX-License-Identifier: MPL-2.0
//! Bytes as characters: UTF-8 or Windows-1252.

use crate::error::{Error, Place, Result};

/// How the bytes of a text are characters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CodePage {
    /// UTF-8, with or without a byte order mark.
    #[default]
    Utf8,
    /// Windows-1252, which any bytes are.
    Windows1252,
}

impl CodePage {
    /// UTF-8 where the bytes are valid UTF-8 (plain ASCII is), else Windows-1252.
    pub fn detect(bytes: &[u8]) -> CodePage {
        match std::str::from_utf8(bytes) {
            Ok(_) => CodePage::Utf8,
            Err(_) => CodePage::Windows1252,
        }
    }

    /// The code page of that name.
    pub fn from_name(name: &str) -> Option<CodePage> {
        match name.to_ascii_lowercase().as_str() {
            "utf-8" | "utf8" => Some(CodePage::Utf8),
            "windows-1252" | "cp1252" | "1252" => Some(CodePage::Windows1252),
            _ => None,
        }
    }

    /// `"UTF-8"` or `"Windows-1252"`.
    pub fn name(self) -> &'static str {
        match self {
            CodePage::Utf8 => "UTF-8",
            CodePage::Windows1252 => "Windows-1252",
        }
    }

    /// The characters; what is none becomes U+FFFD.
    pub fn decode(self, bytes: &[u8]) -> String {
        match self {
            CodePage::Utf8 => String::from_utf8_lossy(bytes).into_owned(),
            CodePage::Windows1252 => encoding_rs::WINDOWS_1252
                .decode_without_bom_handling(bytes)
                .0
                .into_owned(),
        }
    }

    /// The bytes, or the first character that the code page lacks.
    pub fn encode(self, text: &str) -> Result<Vec<u8>, char> {
        match self {
            CodePage::Utf8 => Ok(text.as_bytes().to_vec()),
            CodePage::Windows1252 => {
                let lacks = |c: &char| {
                    let mut one = [0; 4];
                    encoding_rs::WINDOWS_1252.encode(c.encode_utf8(&mut one)).2
                };
                match text.chars().find(lacks) {
                    Some(c) => Err(c),
                    None => Ok(encoding_rs::WINDOWS_1252.encode(text).0.into_owned()),
                }
            }
        }
    }
}

/// The place of a byte in a text.
pub fn place_of(bytes: &[u8], offset: usize) -> Place {
    let before = bytes.get(..offset).unwrap_or(bytes);
    let line = memchr::memchr_iter(b'\n', before).count().saturating_add(1);
    let start = memchr::memrchr(b'\n', before).map_or(0, |at| at.saturating_add(1));
    let column = String::from_utf8_lossy(before.get(start..).unwrap_or_default())
        .chars()
        .count()
        .saturating_add(1);
    Place {
        offset,
        line,
        column,
    }
}

/// A failure of reading TOML, with its place; the message does not repeat the line, which may be long or hold a secret.
pub fn toml_error(text: &str, error: &toml::de::Error) -> Error {
    Error::Text {
        place: place_of(text.as_bytes(), error.span().map_or(0, |span| span.start)),
        message: error.message().chars().take(300).collect(),
    }
}

/// The text, without NUL and 0x1A at the end and without a byte order mark. Refuses what no configuration text can hold: UTF-16,
/// control characters, bytes that are not UTF-8.
///
/// # Errors
/// [`Error::Text`] with the place of the first such byte.
pub fn check_text(bytes: &[u8]) -> Result<&str> {
    let fail = |offset: usize, message: String| {
        Err(Error::Text {
            place: place_of(bytes, offset),
            message,
        })
    };
    if bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") {
        return fail(0, "the text is UTF-16; UTF-8 is expected".into());
    }
    let end = bytes
        .iter()
        .rposition(|b| !matches!(b, 0 | 0x1a))
        .map_or(0, |at| at.saturating_add(1));
    let text = bytes.get(..end).unwrap_or_default();
    let whole = match std::str::from_utf8(text) {
        Ok(whole) => whole,
        Err(error) => {
            let at = error.valid_up_to();
            let byte = text.get(at).copied().unwrap_or_default();
            let advice = "a configuration text is UTF-8; a unit's own file is edited with parconfig edit-ini";
            return fail(at, format!("byte 0x{byte:02X} is not UTF-8: {advice}"));
        }
    };
    let control = |b: &u8| (*b < 0x20 && !matches!(b, b'\t' | b'\r' | b'\n')) || *b == 0x7f;
    match text.iter().position(control) {
        Some(at) => {
            let byte = text.get(at).copied().unwrap_or_default();
            fail(
                at,
                format!("control character 0x{byte:02X}; text is expected"),
            )
        }
        None => Ok(whole.strip_prefix('\u{feff}').unwrap_or(whole)),
    }
}

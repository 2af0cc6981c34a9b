// SPDX-License-Identifier: MPL-2.0
//! Bytes as characters: UTF-8 or Windows-1252.

use encoding_rs::WINDOWS_1252;

/// How the bytes of a text are characters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CodePage {
    /// UTF-8.
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

    /// `"UTF-8"` or `"Windows-1252"`.
    pub fn name(self) -> &'static str {
        match self {
            CodePage::Utf8 => "UTF-8",
            CodePage::Windows1252 => "Windows-1252",
        }
    }

    /// The characters. Bytes that are not UTF-8 become U+FFFD in UTF-8; in Windows-1252 every byte is a character of its own.
    pub fn decode(self, bytes: &[u8]) -> String {
        match self {
            CodePage::Utf8 => String::from_utf8_lossy(bytes).into_owned(),
            CodePage::Windows1252 => {
                let (text, _) = WINDOWS_1252.decode_without_bom_handling(bytes);
                text.into_owned()
            }
        }
    }

    /// The bytes; what the code page lacks becomes something else, see [`CodePage::lacks`].
    pub fn encode(self, text: &str) -> Vec<u8> {
        match self {
            CodePage::Utf8 => text.as_bytes().to_vec(),
            CodePage::Windows1252 => WINDOWS_1252.encode(text).0.into_owned(),
        }
    }

    /// The first character that the code page lacks.
    pub fn lacks(self, text: &str) -> Option<char> {
        let lacks = |c: &char| WINDOWS_1252.encode(c.encode_utf8(&mut [0; 4])).2;
        match self {
            CodePage::Utf8 => None,
            CodePage::Windows1252 => text.chars().find(lacks),
        }
    }
}

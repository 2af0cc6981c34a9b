// SPDX-License-Identifier: MPL-2.0
//! What a file is, by its content and never by its name.

use crate::config::import::is_old_form;
use crate::error::{Error, Result};
use formats::netvu;

/// What a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Configuration text (TOML).
    Config,
    /// Configuration text of the older form, which `import` converts.
    OldConfig,
    /// A unit's own settings file.
    Ini,
    /// A partition or a stream of a unit.
    Recording(netvu::Kind),
    /// ZIP archive.
    Zip,
    /// Somebody else's file, by its name for people.
    Foreign(&'static str),
    /// Nothing that is known.
    Unknown,
}

/// Bytes that are enough. A partition that looks like a Parchive file needs more: see [`MORE`].
pub const HEAD: usize = 64 << 10;
/// Bytes of a file that begins `PAR\0`: a frame is looked for in the first 4 MiB (stated).
pub const MORE: usize = 4 << 20;

/// Magic numbers of files that share the name `.par` with these, or that people confuse with them (stated: their specifications).
const FOREIGN: [(&[u8], &str); 6] = [
    (b"PAR2\0PKT", "a Parchive 2 recovery file"),
    (b"PAR1", "an Apache Parquet table"),
    (b"PARE", "an encrypted Apache Parquet table"),
    (
        &[0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1],
        "an OLE document, most likely a Solid Edge part",
    ),
    (&[0xff, 0xd8, 0xff], "a single JPEG image"),
    (b"%PDF", "a PDF document"),
];

/// What a file is that begins with `head`.
pub fn sniff(head: &[u8]) -> Kind {
    if head.starts_with(b"PK\x03\x04") || head.starts_with(b"PK\x05\x06") {
        return Kind::Zip;
    }
    if let Some((_, name)) = FOREIGN.iter().find(|(magic, _)| head.starts_with(magic)) {
        return Kind::Foreign(name);
    }
    if let Some((kind, _)) = netvu::probe(head) {
        return Kind::Recording(kind);
    }
    match head {
        _ if head.starts_with(b"PAR\0\0\0\0\0") => Kind::Foreign("a Parchive 1 recovery file"),
        _ if head.starts_with(b"PAR\0") => Kind::Recording(netvu::Kind::Partition),
        _ if is_old_form(head) => Kind::OldConfig,
        _ => sniff_text(head),
    }
}

/// A configuration text is TOML with one of its own sections; every other text of sections and keys is a unit's.
fn sniff_text(head: &[u8]) -> Kind {
    let body = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head);
    let lines = body
        .split(|b| matches!(b, b'\n' | b'\r'))
        .map(<[u8]>::trim_ascii);
    let mut kind = Kind::Unknown;
    for line in lines
        .filter(|line| !line.is_empty() && !line.starts_with(b";") && !line.starts_with(b"#"))
        .take(200)
    {
        if let Some(section) = line.strip_prefix(b"[") {
            let name = String::from_utf8_lossy(
                section
                    .split(|b| matches!(b, b']' | b'.'))
                    .next()
                    .unwrap_or_default(),
            );
            let own = crate::config::text::keys_of("")
                .iter()
                .any(|known| *known == name);
            let text = std::str::from_utf8(head).unwrap_or_default();
            // The head may end in mid-line: it is TOML up to its last line.
            let whole = text
                .rfind('\n')
                .and_then(|end| text.get(..end))
                .unwrap_or(text);
            let is_toml = [text, whole]
                .iter()
                .any(|text| toml::from_str::<toml::Table>(text).is_ok());
            // What has one of our sections but is broken is ours all the same, so that the place is reported.
            let old = crate::ini::Ini::parse(head).is_ok_and(|ini| {
                ini.entries().any(|entry| {
                    entry.value.starts_with(['"', '\'', '['])
                        || matches!(entry.value.as_str(), "true" | "false")
                })
            });
            return if own && (is_toml || old) {
                Kind::Config
            } else {
                Kind::Ini
            };
        }
        if !line.contains(&b'=') || line.contains(&0) {
            return Kind::Unknown;
        }
        kind = Kind::Ini;
    }
    kind
}

impl Kind {
    /// For people.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Config => "configuration text",
            Kind::OldConfig => "configuration text of the older form",
            Kind::Ini => "settings file of a unit (.ini)",
            Kind::Recording(netvu::Kind::Partition) => "video partition",
            Kind::Recording(netvu::Kind::Binary) => "stream (binary)",
            Kind::Recording(netvu::Kind::Mime) => "stream (MIME)",
            Kind::Recording(netvu::Kind::Raw) => "stream (raw)",
            Kind::Recording(netvu::Kind::Sprite) => "stream (Digital Sprite)",
            Kind::Zip => "ZIP archive",
            Kind::Foreign(name) => name,
            Kind::Unknown => "unknown",
        }
    }

    /// The refusal of a file that is neither settings nor a recording.
    ///
    /// # Errors
    /// [`Error::Foreign`].
    pub fn refuse(self) -> Result<()> {
        match self {
            Kind::Foreign(name) => Err(Error::Foreign(format!(
                "this is {name}; expected a configuration text, an .ini file or a recording of a Dedicated Micros unit"
            ))),
            Kind::Unknown => Err(Error::Foreign(
                "byte 0: neither a configuration text, nor an .ini file, nor a recording of a Dedicated Micros unit".into(),
            )),
            Kind::OldConfig => Err(Error::Foreign("a configuration text of the older form; parconfig import converts it".into())),
            _ => Ok(()),
        }
    }
}

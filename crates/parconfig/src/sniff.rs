// SPDX-License-Identifier: MPL-2.0
//! What a file is, by its content and never by its name.

use crate::config::import::is_old_form;
use crate::config::text::keys_of;
use crate::ini::Ini;
use formats::netvu;
use formats::reader::Window;
use formats::recording::{self, Format, Formats, Opened, Source};

/// What a file is.
#[derive(Clone, Debug)]
pub enum Kind {
    /// Configuration text (TOML).
    Config,
    /// Configuration text of the older form, which `import` converts.
    OldConfig,
    /// A unit's own settings file.
    Ini,
    /// A recording, and what reads it.
    Recording(Format),
    /// ZIP archive.
    Zip,
    /// None of these: what it is, or why it is none.
    Other(String),
}

/// Bytes in which a text is recognised.
const HEAD: usize = 64 << 10;

/// Magic numbers of files that share the name `.par` with these, or that people confuse with them (stated: their specifications).
const FOREIGN: [(&[u8], &str); 5] = [
    (b"PAR2\0PKT", "this is a Parchive 2 recovery file"),
    (b"PAR\0\0\0\0\0", "this is a Parchive 1 recovery file"),
    (b"PAR1", "this is an Apache Parquet table"),
    (b"PARE", "this is an encrypted Apache Parquet table"),
    (
        &[0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1],
        "this is an OLE document, most likely a Solid Edge part",
    ),
];

/// What a file is.
///
/// # Errors
/// Whatever the source fails with.
pub fn sniff<S: Source>(source: &mut S) -> Result<Kind, S::Error> {
    let mut want = HEAD;
    let mut is_first = true;
    loop {
        let block = source.read_at(0, want, None)?;
        let head = block.as_ref();
        if let Some(kind) = is_first.then(|| sniff_head(head)).flatten() {
            return Ok(kind);
        }
        is_first = false;
        let window = Window {
            offset: 0,
            data: head,
            last: head.len() < want,
            unread: None,
        };
        want = match recording::open(&window, Formats::All) {
            Opened::Recording { format, .. } => return Ok(Kind::Recording(format)),
            Opened::Need(bytes) if bytes > want && !window.last => bytes,
            Opened::Need(_) => return Ok(Kind::Other(netvu::EXPECTED.into())),
            Opened::Unknown { expected } => return Ok(Kind::Other(expected)),
        }
    }
}

/// What the first bytes alone show.
fn sniff_head(head: &[u8]) -> Option<Kind> {
    if head.starts_with(b"PK\x03\x04") || head.starts_with(b"PK\x05\x06") {
        return Some(Kind::Zip);
    }
    let is_recording = head.starts_with(b"PAR\0") && netvu::probe(head).is_some();
    let mut foreign = FOREIGN.iter().filter(|(magic, _)| head.starts_with(magic));
    if let Some((_, name)) = foreign.next().filter(|_| !is_recording) {
        return Some(Kind::Other((*name).into()));
    }
    if is_old_form(head) {
        return Some(Kind::OldConfig);
    }
    sniff_text(head)
}

/// A configuration text is TOML with one of its own tables; every other text of sections and keys is a unit's.
fn sniff_text(head: &[u8]) -> Option<Kind> {
    let body = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head);
    let lines = body.split(|byte| matches!(byte, b'\n' | b'\r'));
    let is_content =
        |line: &&[u8]| !line.is_empty() && !line.starts_with(b";") && !line.starts_with(b"#");
    let mut kind = None;
    for line in lines.map(<[u8]>::trim_ascii).filter(is_content).take(200) {
        if let Some(section) = line.strip_prefix(b"[") {
            let mut name = section.split(|byte| matches!(byte, b']' | b'.'));
            let name = String::from_utf8_lossy(name.next().unwrap_or_default());
            let is_own = keys_of("").iter().any(|known| *known == name);
            return Some(match is_own && is_toml(head) {
                true => Kind::Config,
                false => Kind::Ini,
            });
        }
        if !line.contains(&b'=') || line.contains(&0) {
            return None;
        }
        kind = Some(Kind::Ini);
    }
    kind
}

/// The text is TOML, up to its last line if it is cut off; or is meant to be, by a value that only TOML has.
fn is_toml(head: &[u8]) -> bool {
    let text = std::str::from_utf8(head).unwrap_or_default();
    let end = text.rfind('\n').unwrap_or_default();
    let whole = text.get(..end).unwrap_or_default();
    let is_toml = |text: &str| !text.is_empty() && toml::from_str::<toml::Table>(text).is_ok();
    is_toml(text)
        || is_toml(whole)
        || Ini::parse(head).is_ok_and(|ini| {
            ini.entries().any(|entry| {
                let is_word = matches!(entry.value.as_str(), "true" | "false");
                is_word || entry.value.starts_with(['"', '\'', '['])
            })
        })
}

impl Kind {
    /// For people.
    pub fn name(&self) -> &str {
        match self {
            Kind::Config => "configuration text",
            Kind::OldConfig => "configuration text of the older form; parconfig import converts it",
            Kind::Ini => "settings file of a unit (.ini)",
            Kind::Recording(Format::NetVu(netvu::Kind::Partition)) => "video partition",
            Kind::Recording(Format::NetVu(_)) => "NetVu stream",
            Kind::Recording(_) => "EXP recording",
            Kind::Zip => "ZIP archive",
            Kind::Other(message) => message,
        }
    }
}

// SPDX-License-Identifier: MPL-2.0
//! What a file is, told by its first bytes and never by its name.

use super::error::{Error, Result};
use super::text;
use formats::netvu;

/// What a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Configuration text of this project.
    Config,
    /// Some other INI text: a unit's own settings.
    Ini,
    /// A partition or a stream of a unit.
    Recording(netvu::Kind),
    /// ZIP archive.
    Zip,
    /// Somebody else's file, by its name for people.
    Foreign(&'static str),
    /// JSON text.
    Json,
    /// Nothing that is known.
    Unknown,
}

/// Bytes that are enough to tell. A partition that looks like a Parchive file needs more: see [`MORE`].
pub const HEAD: usize = 64 << 10;
/// Bytes of a file that begins `PAR\0`: a frame is looked for in the first 4 MiB (stated).
pub const MORE: usize = 4 << 20;

/// Magic numbers of files that share the name `.par` with these, or that people confuse with them (stated: their
/// specifications).
const FOREIGN: [(&[u8], &str); 6] = [
    (b"PAR2\0PKT", "a Parchive 2 recovery file"),
    (b"PAR1", "an Apache Parquet table"),
    (b"PARE", "an encrypted Apache Parquet table"),
    (
        &[0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1],
        "an OLE document, most likely a Solid Edge part",
    ),
    (&[0xff, 0xd8, 0xff], "a single JPEG picture"),
    (b"%PDF", "a PDF document"),
];

/// Says what a file is that begins with `head`.
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
    if head.starts_with(b"PAR\0\0\0\0\0") {
        return Kind::Foreign("a Parchive 1 recovery file");
    }
    if head.starts_with(b"PAR\0") {
        return Kind::Recording(netvu::Kind::Partition);
    }
    of_text(head)
}

fn of_text(head: &[u8]) -> Kind {
    let bom: &[u8] = b"\xef\xbb\xbf";
    let body = head.strip_prefix(bom).unwrap_or(head);
    let mut lines = body
        .split(|b| matches!(b, b'\n' | b'\r'))
        .map(<[u8]>::trim_ascii)
        .filter(|line| !line.is_empty());
    let Some(first) = lines.next() else {
        return Kind::Unknown;
    };
    if text::version(&String::from_utf8_lossy(first)).is_some() && first.starts_with(b";") {
        return Kind::Config;
    }
    if first.starts_with(b"{") {
        return Kind::Json;
    }
    let is_ini = |line: &[u8]| line.starts_with(b"[") && line.contains(&b']');
    let mut seen_key = false;
    for line in std::iter::once(first).chain(lines).take(200) {
        if is_ini(line) {
            return Kind::Ini;
        }
        let comment = line.starts_with(b";") || line.starts_with(b"#");
        if !comment {
            if !line.contains(&b'=') || line.contains(&0) {
                return Kind::Unknown;
            }
            seen_key = true;
        }
    }
    if seen_key { Kind::Ini } else { Kind::Unknown }
}

impl Kind {
    /// For people.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Config => "configuration text",
            Kind::Ini => "settings file of a unit (.ini)",
            Kind::Recording(netvu::Kind::Partition) => "video partition",
            Kind::Recording(netvu::Kind::Binary) => "stream (binary)",
            Kind::Recording(netvu::Kind::Mime) => "stream (MIME)",
            Kind::Recording(netvu::Kind::Raw) => "stream (raw)",
            Kind::Recording(netvu::Kind::Sprite) => "stream (Digital Sprite)",
            Kind::Zip => "ZIP archive",
            Kind::Foreign(name) => name,
            Kind::Json => "JSON text",
            Kind::Unknown => "unknown",
        }
    }

    /// The refusal of a file that is neither settings nor a recording.
    pub fn refuse(self) -> Result<()> {
        match self {
            Kind::Foreign(name) => Err(Error::Foreign(format!(
                "this is {name}; a configuration text, an .ini file or a recording of a Dedicated Micros unit is expected"
            ))),
            Kind::Unknown => Err(Error::Foreign(
                "byte 0: neither a configuration text (first line \"; par 1\"), nor an .ini file, nor a recording of a \
                 Dedicated Micros unit"
                    .into(),
            )),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_others_are_named() {
        for (head, name) in [
            (&b"PAR\0\0\0\0\0\0\0\x01\0rest"[..], "Parchive 1"),
            (b"PAR2\0PKT", "Parchive 2"),
            (b"PAR1\x15\x04", "Parquet"),
            (
                &[0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1, 0],
                "Solid Edge",
            ),
        ] {
            let message = sniff(head).refuse().unwrap_err().to_string();
            assert!(message.contains(name), "{message}");
        }
    }

    #[test]
    fn texts_are_told_by_their_lines() {
        assert_eq!(sniff(b"; par 1\n[unit]\n"), Kind::Config);
        assert_eq!(sniff(b"\xef\xbb\xbf; par 1\r\n"), Kind::Config);
        assert_eq!(sniff(b"# c\r\n\r\n[Any thing]\r\nx=1"), Kind::Ini);
        assert_eq!(sniff(b"a = b\nc = d\n"), Kind::Ini);
        assert_eq!(sniff(b"dear reader\n"), Kind::Unknown);
        assert_eq!(sniff(b""), Kind::Unknown);
        assert_eq!(sniff(b"PK\x03\x04..."), Kind::Zip);
    }
}

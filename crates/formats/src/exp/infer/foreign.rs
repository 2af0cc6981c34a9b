// SPDX-License-Identifier: MPL-2.0
//! Files of other well-known kinds that hold frames: they have records of their own, and what would be inferred is not a recorder's.

/// First bytes, and what begins with them.
const BEGINNINGS: &[(&[u8], &str)] = &[
    (b"\x1a\x45\xdf\xa3", "Matroska or WebM"),
    (b"OggS", "Ogg"),
    (b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", "ASF"),
    (b"FLV\x01", "Flash video"),
    (b"FWS", "Flash"),
    (b"CWS", "Flash"),
    (b"\x00\x00\x01\xba", "an MPEG program stream"),
    (b"\x00\x00\x01\xe0", "an MPEG PES stream"),
    (b"\x06\x0e\x2b\x34", "MXF"),
    (b"nut/multimedia container", "NUT"),
    (b".RMF", "RealMedia"),
    (b"DKIF", "IVF"),
    (b"\x00\x00\x00\x00\x00\xbc", "GXF"),
    (b"\xb7\xd8\x00\x20\x37\x49\xda\x11", "WTV"),
    (b"YUV4MPEG2", "YUV4MPEG"),
    (b"#!AMR", "AMR"),
    (b"RIFF", "RIFF"),
    (b"RF64", "RF64"),
    (b"RIFX", "RIFX"),
    (b"FORM", "IFF"),
    (b"caff", "CAF"),
    (b"#EXTM3U", "a playlist"),
    (b"\x8aMNG", "MNG"),
    (b"NSVf", "NSV"),
    (b"NSVs", "NSV"),
    (b"TRKH", "a CRI movie"),
    (b"KISW", "FFM"),
    (b"FFM", "FFM"),
    (b"MZ", "a Windows program"),
    (b"\x7fELF", "a program"),
    (b"%PDF", "PDF"),
    (b"\x1f\x8b", "gzip"),
    (b"PK\x03\x04", "a ZIP archive"),
    (b"\x89PNG", "PNG"),
    (b"\xff\xd8\xff", "JPEG"),
    (b"GIF8", "GIF"),
];
/// Boxes that an MP4 or QuickTime file begins with.
const ATOMS: &[&[u8]] = &[
    b"ftyp", b"moov", b"mdat", b"wide", b"styp", b"free", b"skip",
];
/// Packets of a transport stream: plain, with a time before each, with parity after each.
const PACKETS: [(usize, usize); 3] = [(188, 0), (192, 4), (204, 0)];
/// Packets that are looked at.
const CHECKED: usize = 8;
/// Bytes of an AVI file in which its video's FourCC is.
const AVI_HEADER: usize = 16 << 10;

/// The container that `bytes` are the beginning of, where it is another than a recorder's. An AVI file with PLV1 video is one.
pub fn container(bytes: &[u8]) -> Option<&'static str> {
    let has = |at: usize, what: &[u8]| bytes.get(at..).is_some_and(|rest| rest.starts_with(what));
    if has(0, b"RIFF") {
        let header = bytes.get(..AVI_HEADER.min(bytes.len()))?;
        // the type after the size may be damaged
        if memchr::memmem::find(header, b"PLV1").is_some() {
            return None;
        }
        if has(8, b"AVI ") {
            return Some("AVI");
        }
    }
    if ATOMS.iter().any(|atom| has(4, atom)) {
        return Some("MP4 or QuickTime");
    }
    for (size, from) in PACKETS {
        let mut starts = bytes.iter().skip(from).step_by(size).take(CHECKED);
        if bytes.len() > size.saturating_mul(CHECKED) && starts.all(|byte| *byte == 0x47) {
            return Some("an MPEG transport stream");
        }
    }
    let beginning = BEGINNINGS.iter().find(|(first, _)| has(0, first));
    beginning.map(|(_, name)| *name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn containers_are_known_by_their_first_bytes() {
        let avi = |codec: &[u8; 4]| [b"RIFF\0\x10\0\0AVI LIST", &codec[..], &[0; 64]].concat();
        assert_eq!(container(&avi(b"XVID")), Some("AVI"));
        assert_eq!(container(&avi(b"PLV1")), None);
        assert_eq!(container(b".RMF\0\0\0\x12"), Some("RealMedia"));
        let mp4 = b"\0\0\0\x20ftypisom\0\0\x02\0";
        assert_eq!(container(mp4), Some("MP4 or QuickTime"));
        let packets: Vec<u8> = (0..10).flat_map(|_| [0x47; 188]).collect();
        assert_eq!(container(&packets), Some("an MPEG transport stream"));
        assert_eq!(container(b"DXEXP\0\x01\0"), None);
        assert_eq!(container(&[]), None);
    }
}

// SPDX-License-Identifier: MPL-2.0
//! Files of other kinds that hold MPEG-4 pictures: they have no records, and what seems to be one would be invented.

/// First bytes, and what begins with them.
const BEGINNINGS: &[(&[u8], &str)] = &[
    (b".RMF", "RealMedia"),
    (b"\x1a\x45\xdf\xa3", "Matroska or WebM"),
    (b"OggS", "Ogg"),
    (b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", "ASF"),
    (b"FLV\x01", "Flash video"),
    (b"\x00\x00\x01\xba", "an MPEG program stream"),
    (b"\x06\x0e\x2b\x34\x02\x05\x01\x01", "MXF"),
    (b"nut/multimedia container", "NUT"),
];
/// Chunks that an MP4 or QuickTime file begins with.
const ATOMS: &[&[u8]] = &[b"ftyp", b"moov", b"mdat", b"wide", b"styp"];
/// Bytes of an MPEG transport stream's packet, and packets that are looked at.
const TS_PACKET: usize = 188;
const TS_PACKETS: usize = 8;
/// Bytes of an AVI file in which its video's FourCC stands.
const AVI_HEADER: usize = 16 << 10;

/// The container that `bytes` are the beginning of, where it is another than a recorder's. An AVI file with PLV1 video is one.
pub fn container(bytes: &[u8]) -> Option<&'static str> {
    let at =
        |from: usize, what: &[u8]| bytes.get(from..).is_some_and(|rest| rest.starts_with(what));
    if at(0, b"RIFF") && at(8, b"AVI ") {
        let header = bytes.get(..AVI_HEADER.min(bytes.len()))?;
        return memchr::memmem::find(header, b"PLV1")
            .is_none()
            .then_some("AVI");
    }
    if ATOMS.iter().any(|atom| at(4, atom)) {
        return Some("MP4 or QuickTime");
    }
    let mut packets = bytes.iter().step_by(TS_PACKET).take(TS_PACKETS);
    if bytes.len() > TS_PACKET * TS_PACKETS && packets.all(|byte| *byte == 0x47) {
        return Some("an MPEG transport stream");
    }
    let beginning = BEGINNINGS.iter().find(|(first, _)| at(0, first));
    beginning.map(|(_, name)| *name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn containers_are_told_from_recordings() {
        let avi = |codec: &[u8; 4]| [b"RIFF\0\x10\0\0AVI LIST", &codec[..], &[0; 64]].concat();
        assert_eq!(container(&avi(b"XVID")), Some("AVI"));
        assert_eq!(container(&avi(b"PLV1")), None);
        assert_eq!(container(b".RMF\0\0\0\x12"), Some("RealMedia"));
        assert_eq!(
            container(b"\0\0\0\x20ftypisom\0\0\x02\0"),
            Some("MP4 or QuickTime")
        );
        let packets: Vec<u8> = (0..10).flat_map(|_| [0x47; 188]).collect();
        assert_eq!(container(&packets), Some("an MPEG transport stream"));
        assert_eq!(container(b"DXEXP\0\x01\0"), None);
        assert_eq!(container(&[]), None);
    }
}

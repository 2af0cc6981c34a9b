// SPDX-License-Identifier: MPL-2.0
//! Reads `.exp` files a second time, made from the layout's table alone.

/// A record as it stands in the file.
#[derive(Debug)]
pub struct Record {
    pub at: u64,
    pub size: usize,
    pub ms: u64,
    pub camera: u8,
    pub mode: u8,
    pub format: u8,
    pub kind: u8,
    pub sequence: u16,
    pub payload: Vec<u8>,
}

pub struct File {
    pub bytes: Vec<u8>,
    pub records: Vec<Record>,
    /// Where the records end.
    pub end: usize,
}

pub fn u16_at(b: &[u8], at: usize) -> u16 {
    u16::from_le_bytes(b[at..at + 2].try_into().unwrap())
}

pub fn u32_at(b: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(b[at..at + 4].try_into().unwrap())
}

pub fn u64_at(b: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(b[at..at + 8].try_into().unwrap())
}

pub fn text(b: &[u8]) -> &str {
    std::str::from_utf8(b).unwrap().trim_end_matches('\0')
}

pub fn read(bytes: Vec<u8>) -> File {
    assert_eq!(&bytes[..8], b"DXEXP\0\x01\0");
    assert_eq!(
        u32_at(&bytes, 124),
        crc32fast::hash(&bytes[..120]),
        "header's checksum"
    );
    assert_eq!(u32_at(&bytes, 120), 0);
    let mut at = u32_at(&bytes, 8) as usize;
    assert_eq!(at, 128 + 48 * usize::from(bytes[89]));
    let mut records = Vec::new();
    while at < bytes.len() && &bytes[at..at + 4] != b"DXIX" {
        let r = &bytes[at..];
        let size = u32_at(r, 0) as usize;
        assert_eq!(size % 4, 0);
        let r = &r[..size];
        let (n, check, payload) = if r[11] == 6 {
            assert!(r[16..80].iter().all(|byte| *byte == 0));
            let unswapped = r[80..].chunks(4).flat_map(|c| c.iter().rev().copied());
            let region = unswapped.collect::<Vec<_>>();
            let (n, check) = (u32_at(&region, 0), u32_at(&region, 4));
            assert!(region[8 + n as usize..].iter().all(|byte| *byte == 0));
            (n, check, region[8..8 + n as usize].to_vec())
        } else {
            let n = u32_at(r, 16);
            assert!(size - 24 - (n as usize) < 4);
            (n, u32_at(r, 20), r[24..24 + n as usize].to_vec())
        };
        assert_eq!(n as usize, payload.len());
        assert_eq!(check, crc32fast::hash(&payload), "record {}", records.len());
        assert!(u16_at(r, 12) < 1000);
        records.push(Record {
            at: at as u64,
            size,
            ms: u64::from(u32_at(r, 4)) * 1000 + u64::from(u16_at(r, 12)),
            camera: r[8],
            mode: r[9],
            format: r[10],
            kind: r[11],
            sequence: u16_at(r, 14),
            payload,
        });
        at += size;
    }
    for (n, record) in records.iter().enumerate() {
        assert_eq!(record.sequence, n as u16);
    }
    File {
        end: at,
        bytes,
        records,
    }
}

pub fn read_file(path: &std::path::Path) -> File {
    read(std::fs::read(path).unwrap())
}

// SPDX-License-Identifier: MPL-2.0
//! Input: recordings of the reference layout, whole or sparse.

use super::tools::folder;
use formats::{
    exp::writer::{Head, Picture, Writer},
    reader::{Camera, Mode, Standard, Timestamp},
};
use std::{
    fs::File,
    io::{BufWriter, Seek, SeekFrom, Write},
    path::PathBuf,
};

/// What a recording is made of.
pub struct Recording {
    pub name: &'static str,
    pub frames: u64,
    /// Frames per second, times 100.
    pub rate: u16,
    pub key_every: u64,
    pub key_bytes: usize,
    pub p_bytes: usize,
    /// Records have their checksums.
    pub sums: bool,
    /// Coded pictures are holes of the file but for their first bytes.
    pub sparse: bool,
}

/// A VOP header of 5-bit increment and quantiser, and bytes without a start code.
fn vop(key: bool, bytes: usize) -> Vec<u8> {
    let mut out = vec![0, 0, 1, 0xb6, if key { 0x10 } else { 0x50 }, 0x60, 0x95];
    let mut value = 7_u32;
    while out.len() < bytes {
        value = value.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        out.push((value >> 24) as u8 | 1);
    }
    out
}

/// Writes a recording, unless it already exists.
pub fn recording(plan: &Recording) -> PathBuf {
    let path = folder().join(format!("{}-{}.exp", plan.name, plan.frames));
    if path.exists() {
        return path;
    }
    let partial = path.with_extension("partial");
    let mut file = BufWriter::with_capacity(1 << 20, File::create(&partial).expect("bench data"));
    write(plan, &mut file).expect("bench data");
    std::fs::rename(partial, &path).expect("bench data");
    path
}

fn write(plan: &Recording, file: &mut BufWriter<File>) -> std::io::Result<()> {
    let camera = Camera {
        number: 1,
        width: 352,
        height: 240,
        rate: Some((u32::from(plan.rate), 100)),
        title: "Bench".into(),
    };
    let head = Head {
        model: "DX4104".into(),
        server: "BENCH".into(),
        standard: Standard::Ntsc,
        cameras: vec![camera],
        ..Head::default()
    };
    let timestamp = |n: u64| {
        let ms = n * 100_000 / u64::from(plan.rate);
        Timestamp {
            seconds: 1_257_862_530 + (ms / 1000) as i64,
            millis: Some((ms % 1000) as u16),
        }
    };
    let (mut writer, header) = Writer::new(head, timestamp(0)).expect("header");
    file.write_all(&header)?;
    let (key, p) = (vop(true, plan.key_bytes), vop(false, plan.p_bytes));
    for n in 0..plan.frames {
        let is_key = n % plan.key_every == 0;
        let picture = Picture {
            camera: 1,
            timestamp: timestamp(n),
            mode: Mode::Continuous,
            width: 352,
            height: 240,
            key: is_key,
        };
        let mut record = writer
            .picture(&picture, if is_key { &key } else { &p })
            .expect("record");
        if !plan.sums {
            let sum = if is_key { 84 } else { 20 };
            record[sum..sum + 4].fill(0);
        }
        if plan.sparse {
            // a hole for all but the beginning of the picture
            let kept = if is_key { 88 } else { 24 } + 16;
            file.write_all(&record[..kept])?;
            file.seek(SeekFrom::Current((record.len() - kept) as i64))?;
        } else {
            file.write_all(&record)?;
        }
    }
    file.write_all(&writer.finish())?;
    file.seek(SeekFrom::Start(0))?;
    file.write_all(&writer.header())?;
    file.flush()
}

/// Bytes of a keyframe and of a P frame, as recorders have them at 4CIF in the mean.
pub const FRAMES: (usize, usize) = (30_000, 6_000);
/// The same at CIF.
pub const SMALL: (usize, usize) = (6_000, 1_000);
/// Frames of a group.
const GROUP: u64 = 15;

fn file(name: &str, make: impl FnOnce(&mut BufWriter<File>) -> std::io::Result<()>) -> PathBuf {
    let path = folder().join(name);
    if !path.exists() {
        let partial = path.with_extension("partial");
        let mut out =
            BufWriter::with_capacity(1 << 20, File::create(&partial).expect("bench data"));
        make(&mut out).expect("bench data");
        out.flush().expect("bench data");
        std::fs::rename(partial, &path).expect("bench data");
    }
    path
}

/// A PLV1 AVI of 7.49 frames per second with whole-second clocks, by the table of verified fields; with or without `idx1`.
pub fn plv1(frames: u64, (key, p): (usize, usize), indexed: bool) -> PathBuf {
    let suffix = if indexed { "avi" } else { "noidx.avi" };
    file(&format!("plv1-{frames}-{p}.{suffix}"), |out| {
        let (key, p) = (vop(true, key), vop(false, p));
        let chunk = |id: &[u8], body: &[u8]| {
            let mut bytes = id.to_vec();
            bytes.extend((body.len() as u32).to_le_bytes());
            bytes.extend(body);
            bytes.resize(bytes.len().next_multiple_of(2), 0);
            bytes
        };
        let list = |id: &[u8], body: &[u8]| chunk(b"LIST", &[id, body].concat());
        let mut strh = [b"vids".as_slice(), b"PLV1", &[0; 12]].concat();
        for value in [1001_u32, 30_000, 0, frames as u32 * 4, 0, 0, 0, 0, 0] {
            strh.extend(value.to_le_bytes());
        }
        let mut strf = Vec::new();
        for value in [40_u32, 704, 480, 24 << 16 | 1] {
            strf.extend(value.to_le_bytes());
        }
        strf.extend(b"PLV1");
        strf.resize(40, 0);
        let strl = list(
            b"strl",
            &[chunk(b"strh", &strh), chunk(b"strf", &strf)].concat(),
        );
        let mut avih = [0; 56];
        avih[24] = 1;
        let hdrl = list(b"hdrl", &[chunk(b"avih", &avih), strl].concat());
        let record = |n: u64| {
            let is_key = n.is_multiple_of(GROUP);
            let seconds = 1_257_862_530 + (n * 4004 / 30_000) as u32;
            let mut bytes = vec![0; 24];
            bytes[4..8].copy_from_slice(&seconds.to_le_bytes());
            bytes[11] = if is_key { 6 } else { 4 };
            if !is_key {
                bytes[16..20].copy_from_slice(&(p.len() as u32).to_le_bytes());
                bytes.extend(&p);
                return (b"00dc", bytes);
            }
            bytes.resize(88, 0);
            bytes[80..84].copy_from_slice(&(key.len() as u32).to_be_bytes());
            let mut coded = key.clone();
            coded.resize(coded.len().next_multiple_of(4), 0);
            for group in coded.chunks_exact_mut(4) {
                group.reverse();
            }
            bytes.extend(coded);
            (b"00db", bytes)
        };
        // every fourth slot has a frame, the others are empty
        let pad = chunk(b"00dc", &[]);
        let size = |n: u64| chunk(record(n).0, &record(n).1).len() as u64;
        let sizes = [size(0), size(1)];
        let of = |n: u64| sizes[usize::from(!n.is_multiple_of(GROUP))] + 3 * pad.len() as u64;
        let movi: u64 = (0..frames).map(of).sum();
        let index = if indexed { frames * 64 + 8 } else { 0 };
        out.write_all(b"RIFF")?;
        let riff = 4 + hdrl.len() as u64 + 12 + movi + index;
        out.write_all(&(riff as u32).to_le_bytes())?;
        out.write_all(b"AVI ")?;
        out.write_all(&hdrl)?;
        out.write_all(b"LIST")?;
        out.write_all(&(movi as u32 + 4).to_le_bytes())?;
        out.write_all(b"movi")?;
        let (mut at, mut idx1) = (4_u32, Vec::new());
        let mut entry = |id: &[u8], flags: u32, length: usize, at: &mut u32| {
            idx1.extend(id);
            for value in [flags, *at, length as u32 - 8] {
                idx1.extend(value.to_le_bytes());
            }
            *at += length as u32;
        };
        for n in 0..frames {
            let (id, body) = record(n);
            let bytes = chunk(id, &body);
            out.write_all(&bytes)?;
            entry(id, if id == b"00db" { 16 } else { 0 }, bytes.len(), &mut at);
            for _ in 0..3 {
                out.write_all(&pad)?;
                entry(b"00dc", 0, pad.len(), &mut at);
            }
        }
        if indexed {
            out.write_all(&chunk(b"idx1", &idx1))?;
        }
        Ok(())
    })
}

/// A NetVu binary stream of 7.5 frames per second.
pub fn netvu(frames: u64) -> PathBuf {
    file(&format!("netvu-{frames}.adbin"), |out| {
        let (key, p) = (vop(true, FRAMES.0), vop(false, FRAMES.1));
        for n in 0..frames {
            let is_key = n.is_multiple_of(GROUP);
            let made = testing::netvu_make::Made {
                format: if is_key { 3 } else { 2 },
                unix_ms: 1_700_000_000_000 + n * 2000 / 15,
                payload: if is_key { key.clone() } else { p.clone() },
                title: "Bench",
                size: (704, 256),
                ..Default::default()
            };
            out.write_all(&made.packet())?;
        }
        Ok(())
    })
}

/// The same frames in the native layout, for muxers of other programs.
pub fn native(frames: u64) -> PathBuf {
    recording(&Recording {
        name: "families",
        frames,
        rate: 749,
        key_every: GROUP,
        key_bytes: FRAMES.0,
        p_bytes: FRAMES.1,
        sums: false,
        sparse: false,
    })
}

/// A sparse recording of about this many bytes: 100 KB a picture, 30 a second, a keyframe every half second.
pub fn sparse(bytes: u64) -> PathBuf {
    recording(&Recording {
        name: "sparse",
        frames: (bytes / 100_112).max(60),
        rate: 3000,
        key_every: 15,
        key_bytes: 100_000,
        p_bytes: 100_000,
        sums: false,
        sparse: true,
    })
}

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

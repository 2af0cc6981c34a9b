// SPDX-License-Identifier: MPL-2.0
//! Recordings of the reference layout with frames that a decoder takes.

use formats::{
    exp::writer::{Head, Picture, Writer},
    reader::{Camera, Mode, Standard, Timestamp},
};
use std::{
    fs::File,
    io::{BufWriter, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
};
use testing::make::{Coded, START, mpeg4, pictures};

/// What a recording is made of.
pub struct Recording {
    pub name: &'static str,
    pub cameras: u16,
    pub size: (u16, u16),
    /// Frames per second.
    pub rate: (u32, u32),
    pub seconds: u64,
    /// From this second on, coded frames are holes of the file but for their first bytes.
    pub sparse_from: u64,
}

/// 16 cameras of 352x240 at 7.5 frames per second.
pub const SIXTEEN: Recording = Recording {
    name: "sixteen",
    cameras: 16,
    size: (352, 240),
    rate: (15, 2),
    seconds: 600,
    sparse_from: u64::MAX,
};

/// 4 cameras of 704x480 at 30 frames per second.
pub const FOUR: Recording = Recording {
    name: "four",
    cameras: 4,
    size: (704, 480),
    rate: (30, 1),
    seconds: 60,
    sparse_from: u64::MAX,
};

/// Bytes of a frame that is a hole.
const HOLE: usize = 100_000;

/// 8 GiB, of which the first minute has whole frames.
pub fn big() -> PathBuf {
    let frames = (8 << 30) / HOLE as u64;
    Recording {
        name: "big",
        seconds: 60 + frames / (4 * 30),
        sparse_from: 60,
        ..FOUR
    }
    .path()
}

impl Recording {
    /// The file, which is written where it does not exist.
    pub fn path(&self) -> PathBuf {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/bench-data");
        std::fs::create_dir_all(&folder).expect("target/bench-data");
        let path = folder.join(format!("viewer-{}-{}.exp", self.name, self.seconds));
        if !path.exists() {
            let partial = path.with_extension("partial");
            let file = File::create(&partial).expect("bench data");
            self.write(&mut BufWriter::with_capacity(1 << 20, file))
                .expect("bench data");
            std::fs::rename(partial, &path).expect("bench data");
        }
        path
    }

    fn write(&self, file: &mut BufWriter<File>) -> std::io::Result<()> {
        let (width, height) = self.size;
        let size = format!("{width}x{height}");
        let rate = format!("{}/{}", self.rate.0, self.rate.1);
        let scene: Vec<Coded> = pictures(&mpeg4(&size, &rate, 240, &["-g", "15"]));
        let cameras = (1..=self.cameras).map(|number| Camera {
            number,
            width,
            height,
            rate: Some(self.rate),
            title: format!("Camera {number}"),
        });
        let head = Head {
            model: "DX4116".into(),
            server: "BENCH".into(),
            standard: Standard::Ntsc,
            cameras: cameras.collect(),
            ..Head::default()
        };
        let timestamp = |n: u64| {
            let ms = n * 1000 * u64::from(self.rate.1) / u64::from(self.rate.0);
            Timestamp {
                seconds: START / 1000 + (ms / 1000) as i64,
                millis: Some((ms % 1000) as u16),
            }
        };
        let (mut writer, header) = Writer::new(head, timestamp(0)).expect("header");
        file.write_all(&header)?;
        let frames = self.seconds * u64::from(self.rate.0) / u64::from(self.rate.1);
        let sparse = self
            .sparse_from
            .saturating_mul(u64::from(self.rate.0) / u64::from(self.rate.1));
        for n in 0..frames {
            for camera in 1..=self.cameras {
                // keyframes of the cameras are apart, as recorders have them
                let coded = &scene[(n as usize + usize::from(camera - 1) * 15) % scene.len()];
                let picture = Picture {
                    camera,
                    timestamp: timestamp(n),
                    mode: Mode::Continuous,
                    width,
                    height,
                    key: coded.key,
                };
                let mut bytes = coded.bytes.clone();
                if n >= sparse {
                    bytes.resize(HOLE, 0);
                }
                let record = writer.picture(&picture, &bytes).expect("record");
                let kept = if n < sparse { record.len() } else { 104 };
                file.write_all(&record[..kept])?;
                if kept < record.len() {
                    file.seek(SeekFrom::Current((record.len() - kept) as i64))?;
                }
            }
        }
        file.write_all(&writer.finish())?;
        file.seek(SeekFrom::Start(0))?;
        file.write_all(&writer.header())?;
        file.flush()
    }
}

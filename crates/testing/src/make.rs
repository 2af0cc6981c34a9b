// SPDX-License-Identifier: MPL-2.0
//! Makes elementary streams with ffmpeg, and recordings of them.

use std::{
    ops::Range,
    path::Path,
    process::{Command, Stdio},
    sync::LazyLock,
};

use formats::{
    exp::writer::{Head, Picture, Writer},
    reader::{AudioFormat, Camera, Codec, Mode, Standard, Timestamp},
};

/// Recorder time of the first picture, milliseconds since 1970: 2009-11-10 14:15:30 UTC.
pub const START: i64 = 1_257_862_530_000;

/// A coded picture.
#[derive(Clone, Debug, PartialEq)]
pub struct Coded {
    pub key: bool,
    pub bytes: Vec<u8>,
}

/// Runs a program that has to succeed; answers what it wrote.
pub fn output(program: &str, args: &[&str]) -> Vec<u8> {
    let output = Command::new(program)
        .args(args)
        .stdin(Stdio::null())
        .output()
        .unwrap_or_else(|error| panic!("{program}: {error}"));
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{program} {args:?}: {complaint}");
    output.stdout
}

/// An MPEG-4 elementary stream of moving pictures. `more`: further options of the encoder.
pub fn mpeg4(size: &str, rate: &str, frames: u32, more: &[&str]) -> Vec<u8> {
    let source = format!("testsrc=size={size}:rate={rate}");
    let frames = frames.to_string();
    let mut args = vec![
        "-v",
        "error",
        "-f",
        "lavfi",
        "-i",
        &source,
        "-frames:v",
        &frames,
    ];
    args.extend([
        "-pix_fmt", "yuv420p", "-c:v", "mpeg4", "-g", "8", "-bf", "0", "-q:v", "6",
    ]);
    args.extend(more);
    args.extend(["-f", "m4v", "-"]);
    output("ffmpeg", &args)
}

/// The coded pictures of an MPEG-4 elementary stream, without its headers.
pub fn pictures(stream: &[u8]) -> Vec<Coded> {
    let codes = memchr::memmem::find_iter(stream, &[0, 0, 1]).collect::<Vec<_>>();
    let ends = codes.iter().skip(1).copied().chain([stream.len()]);
    let coded = codes.iter().zip(ends).map(|(at, end)| &stream[*at..end]);
    coded
        .filter(|bytes| bytes[3] == 0xb6)
        .map(|bytes| Coded {
            key: bytes[4] >> 6 == 0,
            bytes: bytes.to_vec(),
        })
        .collect()
}

/// 48 pictures of 64x48, every 8th a keyframe: small, for tests that look at bytes and not at pictures.
pub fn tiny() -> &'static [Coded] {
    static TINY: LazyLock<Vec<Coded>> = LazyLock::new(|| pictures(&mpeg4("64x48", "10", 48, &[])));
    &TINY
}

/// Access units of an H.264 stream with delimiters, every 8th a keyframe.
pub fn h264(size: &str, frames: u32) -> Vec<Coded> {
    let source = format!("testsrc=size={size}:rate=10");
    let frames = frames.to_string();
    let mut args = vec![
        "-v",
        "error",
        "-f",
        "lavfi",
        "-i",
        &source,
        "-frames:v",
        &frames,
    ];
    args.extend([
        "-pix_fmt", "yuv420p", "-c:v", "libx264", "-g", "8", "-bf", "0", "-threads", "1",
    ]);
    args.extend(["-bsf:v", "h264_metadata=aud=insert", "-f", "h264", "-"]);
    let stream = output("ffmpeg", &args);
    let starts = memchr::memmem::find_iter(&stream, &[0, 0, 0, 1, 9]).collect::<Vec<_>>();
    let ends = starts.iter().skip(1).copied().chain([stream.len()]);
    let units = starts.iter().zip(ends).map(|(at, end)| &stream[*at..end]);
    units
        .enumerate()
        .map(|(n, bytes)| Coded {
            key: n % 8 == 0,
            bytes: bytes.to_vec(),
        })
        .collect()
}

/// All pictures of a file as ffmpeg decodes them, planes of 4:2:0 one after the other.
pub fn ffmpeg_pictures(path: &Path, format: &[&str]) -> Vec<u8> {
    let mut args = vec!["-v", "error"];
    args.extend(format);
    args.extend(["-i", path.to_str().unwrap(), "-an", "-vsync", "passthrough"]);
    args.extend(["-pix_fmt", "yuv420p", "-f", "rawvideo", "-"]);
    output("ffmpeg", &args)
}

/// What ffprobe prints of a file.
pub fn probe(path: &Path, args: &[&str]) -> String {
    let mut all = vec!["-v", "error"];
    all.extend(args);
    all.push(path.to_str().unwrap());
    String::from_utf8(output("ffprobe", &all)).unwrap()
}

/// An EXP file and where its records stand.
#[derive(Clone, Debug)]
pub struct Made {
    pub bytes: Vec<u8>,
    pub records: Vec<Range<usize>>,
}

impl Made {
    /// The file without its header and without its index.
    pub fn records_only(&self) -> Vec<u8> {
        let (first, last) = (&self.records[0], &self.records[self.records.len() - 1]);
        self.bytes[first.start..last.end].to_vec()
    }
}

/// Puts an EXP file together.
pub struct Exp {
    writer: Writer,
    made: Made,
    /// Picture size, as the format byte of the next picture tells it.
    pub size: (u16, u16),
}

impl Exp {
    /// A file with one camera.
    pub fn one(width: u16, height: u16) -> Exp {
        Exp::of(&[(1, width, height, "Front door")])
    }

    /// A file with these cameras: number, width, height, title.
    pub fn of(cameras: &[(u16, u16, u16, &str)]) -> Exp {
        let listed = cameras.iter().map(|(number, width, height, title)| Camera {
            number: *number,
            width: *width,
            height: *height,
            rate: None,
            title: (*title).to_owned(),
        });
        Exp::with(Head {
            model: "DX4104".to_owned(),
            server: "LOBBY-DVR".to_owned(),
            utc_offset: -300,
            standard: Standard::Ntsc,
            cameras: listed.collect(),
            audio: false,
        })
    }

    pub fn with(head: Head) -> Exp {
        let size = head.cameras.first().map_or((0, 0), |c| (c.width, c.height));
        let (writer, bytes) = Writer::new(head, timestamp(START)).unwrap();
        Exp {
            writer,
            made: Made {
                bytes,
                records: Vec::new(),
            },
            size,
        }
    }

    /// A picture of camera 1, recorded because of motion, at so many milliseconds since 1970.
    pub fn picture(&mut self, ms: i64, coded: &Coded) {
        self.camera(1, ms, Mode::Motion, coded);
    }

    pub fn camera(&mut self, camera: u16, ms: i64, mode: Mode, coded: &Coded) {
        let picture = Picture {
            camera,
            timestamp: timestamp(ms),
            mode,
            width: self.size.0,
            height: self.size.1,
            key: coded.key,
        };
        let record = self.writer.picture(&picture, &coded.bytes).unwrap();
        self.add(&record);
    }

    pub fn audio(&mut self, channel: u16, ms: i64, codec: Codec, rate: u32, bytes: &[u8]) {
        let format = AudioFormat {
            rate,
            channels: 1,
            block_align: 0,
        };
        let record = self
            .writer
            .audio(channel, timestamp(ms), codec, &format, bytes);
        self.add(&record.unwrap());
    }

    fn add(&mut self, record: &[u8]) {
        let at = self.made.bytes.len();
        self.made.bytes.extend_from_slice(record);
        self.made.records.push(at..self.made.bytes.len());
    }

    /// The file with its index, its header complete.
    pub fn finish(mut self) -> Made {
        self.made.bytes.extend_from_slice(&self.writer.finish());
        let header = self.writer.header();
        self.made.bytes[..header.len()].copy_from_slice(&header);
        self.made
    }
}

fn timestamp(ms: i64) -> Timestamp {
    Timestamp {
        seconds: ms.div_euclid(1000),
        millis: u16::try_from(ms.rem_euclid(1000)).ok(),
    }
}

/// Pictures of 64x48, ten a second, from one camera.
pub fn tiny_exp(frames: usize) -> Made {
    let mut exp = Exp::one(64, 48);
    for (n, coded) in tiny().iter().take(frames).enumerate() {
        exp.picture(START + 100 * n as i64, coded);
    }
    exp.finish()
}

/// Some seconds of 64x48 where every picture has the time that `ms` gives for its number.
pub fn tiny_timed(frames: usize, ms: impl Fn(usize) -> i64) -> Made {
    let mut exp = Exp::one(64, 48);
    for (n, coded) in tiny().iter().cycle().take(frames).enumerate() {
        exp.picture(ms(n), coded);
    }
    exp.finish()
}

// SPDX-License-Identifier: MPL-2.0
//! Audio of every codec, in records and in the AVI, comes out as it went in, in time, and decodes to what ffmpeg makes of it.

use testing::common;

use common::{
    collect::{Feed, PadLog, begins_well, decoded, run},
    make::{Exp, START, output, tiny},
    plv1::{Avi, Wave},
};
use formats::reader::Codec;
use std::io::Write;

const FEEDS: [Feed; 2] = [Feed::Pull, Feed::Push(4096)];

fn at(n: usize) -> i64 {
    START + 100 * n as i64
}

/// Audio of 2 s that changes: a tone whose pitch rises. As ffmpeg codes it.
fn chirp(codec: &str, rate: u32, format: &[&str]) -> Vec<u8> {
    let source = format!("aevalsrc=0.5*sin(2*PI*t*(300+200*t)):s={rate}:d=2");
    let mut args = vec!["-v", "error", "-f", "lavfi", "-i", &source, "-c:a", codec];
    args.extend(format);
    args.push("-");
    output("ffmpeg", &args)
}

/// What ffmpeg makes of coded audio, signed 16 bit.
fn ffmpeg_audio(coded: &[u8], format: &[&str]) -> Vec<i16> {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(coded).unwrap();
    let mut args = vec!["-v", "error"];
    args.extend(format);
    args.extend(["-i", file.path().to_str().unwrap(), "-f", "s16le", "-"]);
    samples(&output("ffmpeg", &args))
}

fn samples(bytes: &[u8]) -> Vec<i16> {
    let pairs = bytes.as_chunks::<2>().0.iter();
    pairs.map(|pair| i16::from_le_bytes(*pair)).collect()
}

fn same_audio(got: &[i16], expected: &[i16], about: &str) {
    assert_eq!(got.len(), expected.len(), "{about}: samples");
    assert!(
        expected.iter().any(|sample| sample.abs() > 10_000),
        "{about}: it is loud"
    );
    for (n, (got, expected)) in got.iter().zip(expected).enumerate() {
        let off = i32::from(*got) - i32::from(*expected);
        assert!(
            off.abs() <= 2,
            "{about}: sample {n} is {got}, not {expected}"
        );
    }
}

/// Audio continues without a gap, from 0, for 2 s.
fn even_audio(pad: &PadLog, about: &str) {
    let mut end = 0_u64;
    for (n, frame) in pad.frames().into_iter().enumerate() {
        let off = frame.pts().abs_diff(end);
        assert!(
            off < 1_000_000,
            "{about}: buffer {n} at {:?}, {end} expected",
            frame.pts
        );
        assert!(frame.dts.is_some(), "{about}: buffer {n} has no DTS");
        end = frame.pts() + frame.duration.expect("a duration");
    }
    assert!(
        end.abs_diff(2_000_000_000) < 60_000_000,
        "{about}: ends at {end}"
    );
}

struct Audio {
    codec: Codec,
    tag: u16,
    bits: u16,
    name: &'static str,
    raw: &'static str,
    rate: u32,
    caps: String,
}

/// The codecs of the format, and U8 PCM, which only AVI has.
fn tracks() -> Vec<Audio> {
    let audio = |codec, tag, bits, name, raw, rate, caps: &str| Audio {
        codec,
        tag,
        bits,
        name,
        raw,
        rate,
        caps: caps.to_owned(),
    };
    vec![
        audio(
            Codec::PcmS16le,
            1,
            16,
            "pcm_s16le",
            "s16le",
            16_000,
            "audio/x-raw, format=(string)S16LE",
        ),
        audio(
            Codec::MuLaw,
            7,
            8,
            "pcm_mulaw",
            "mulaw",
            8000,
            "audio/x-mulaw",
        ),
        audio(
            Codec::ALaw,
            6,
            8,
            "pcm_alaw",
            "alaw",
            11_025,
            "audio/x-alaw",
        ),
        audio(
            Codec::PcmU8,
            1,
            8,
            "pcm_u8",
            "u8",
            8000,
            "audio/x-raw, format=(string)U8",
        ),
        audio(
            Codec::ImaAdpcm,
            0x11,
            4,
            "adpcm_ima_wav",
            "wav",
            8000,
            "audio/x-adpcm, layout=(string)dvi",
        ),
    ]
}

const BLOCK: usize = 256;

impl Audio {
    /// Coded audio, without any header.
    fn coded(&self) -> Vec<u8> {
        if self.codec != Codec::ImaAdpcm {
            return chirp(self.name, self.rate, &["-f", self.raw]);
        }
        let wav = chirp(self.name, self.rate, &["-block_size", "256", "-f", "wav"]);
        let data = memchr::memmem::find(&wav, b"data").unwrap() + 8;
        let mut blocks = wav[data..].to_vec();
        blocks.truncate(blocks.len() / BLOCK * BLOCK);
        blocks
    }

    fn expected(&self, coded: &[u8]) -> Vec<i16> {
        let rate = self.rate.to_string();
        if self.codec != Codec::ImaAdpcm {
            return ffmpeg_audio(coded, &["-f", self.raw, "-ar", &rate, "-ac", "1"]);
        }
        let mut wav = b"RIFF\0\0\0\0WAVEfmt ".to_vec();
        wav.extend(20_u32.to_le_bytes());
        wav.extend([0x11, 0, 1, 0]);
        wav.extend(self.rate.to_le_bytes());
        wav.extend((self.rate / 2).to_le_bytes());
        wav.extend([0, 1, 4, 0, 2, 0]);
        wav.extend(505_u16.to_le_bytes());
        wav.extend(b"data");
        wav.extend((coded.len() as u32).to_le_bytes());
        wav.extend(coded);
        ffmpeg_audio(&wav, &["-f", "wav"])
    }

    fn piece_ms(&self) -> i64 {
        match self.codec {
            Codec::ImaAdpcm => 505 * 1000 / i64::from(self.rate),
            _ => 100,
        }
    }

    /// Bytes that make about a tenth of a second, or one block.
    fn piece(&self) -> usize {
        match self.codec {
            Codec::ImaAdpcm => BLOCK,
            _ => (self.rate / 10) as usize * usize::from(self.bits) / 8,
        }
    }

    /// Pad, payload and decoded audio of a file.
    fn check(&self, file: &[u8], coded: &[u8]) {
        for feed in FEEDS {
            let about = format!("{}, {feed:?}", self.name);
            let outcome = run(file, feed).well();
            assert_eq!(outcome.names(), ["audio_1", "video_1"], "{about}");
            let pad = outcome.pad("audio_1");
            begins_well(pad);
            let caps = pad.caps()[0].to_string();
            assert!(caps.starts_with(&self.caps), "{about}: {caps}");
            for more in [
                format!("rate=(int){}", self.rate),
                "channels=(int)1".to_owned(),
            ] {
                assert!(caps.contains(&more), "{about}: {caps}");
            }
            let handed = pad
                .frames()
                .iter()
                .flat_map(|f| f.data.clone())
                .collect::<Vec<_>>();
            assert!(handed == coded, "{about}: other bytes");
            even_audio(pad, &about);
        }
        let decoder = match self.codec {
            Codec::ImaAdpcm => "adpcmdec",
            Codec::MuLaw => "mulawdec",
            Codec::ALaw => "alawdec",
            _ => "identity",
        };
        let to_16 = "audioconvert dithering=none ! audio/x-raw,format=S16LE";
        let got = decoded(file, &format!("{decoder} ! {to_16}"));
        same_audio(&samples(&got), &self.expected(coded), self.name);
    }
}

#[test]
fn audio_in_records_is_what_went_in() {
    for audio in tracks() {
        if audio.codec == Codec::PcmU8 {
            continue;
        }
        let coded = audio.coded();
        let mut exp = Exp::one(64, 48);
        let mut pieces = coded.chunks(audio.piece()).enumerate().peekable();
        for (n, picture) in tiny()[..22].iter().enumerate() {
            exp.picture(at(n), picture);
            while let Some((k, piece)) = pieces.peek() {
                let ms = START + *k as i64 * audio.piece_ms();
                if ms >= at(n + 1) {
                    break;
                }
                exp.audio(1, ms, audio.codec, audio.rate, piece);
                pieces.next();
            }
        }
        audio.check(&exp.finish().bytes, &coded);
    }
}

#[test]
fn audio_in_an_avi_is_what_went_in() {
    for audio in tracks() {
        let coded = audio.coded();
        let mut avi = Avi::new(64, 48).wave(Wave {
            tag: audio.tag,
            rate: audio.rate,
            bits: audio.bits,
            align: match audio.codec {
                Codec::ImaAdpcm => BLOCK as u16,
                _ => audio.bits / 8,
            },
        });
        let mut pieces = coded.chunks(audio.piece()).enumerate().peekable();
        for (n, picture) in tiny()[..20].iter().enumerate() {
            avi.picture((START / 1000) as u32 + n as u32 / 10, picture, 88);
            avi.padding(2);
            // what was recorded by the next frame
            let until = if n == 19 {
                i64::MAX
            } else {
                100 * (n as i64 + 1)
            };
            while let Some((_, piece)) =
                pieces.next_if(|(k, _)| audio.piece_ms() * (*k as i64 + 1) <= until)
            {
                avi.audio(piece);
            }
        }
        audio.check(&avi.finish(), &coded);
    }
}

#[test]
fn a_declared_track_of_silence_has_its_pad() {
    let mut avi = Avi::new(64, 48).wave(Wave {
        tag: 7,
        rate: 8000,
        bits: 8,
        align: 1,
    });
    for picture in &tiny()[..20] {
        avi.picture((START / 1000) as u32, picture, 96);
        avi.audio(&[0x80; 800]);
    }
    let outcome = run(&avi.finish(), Feed::Pull).well();
    assert_eq!(outcome.names(), ["audio_1", "video_1"]);
}

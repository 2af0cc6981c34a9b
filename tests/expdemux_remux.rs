// SPDX-License-Identifier: MPL-2.0
//! To MP4, MKV and AVI without encoding again: other people's programs find every picture, its time and the chapters.

use testing::common;

use common::{
    launch_well,
    make::{Exp, START, ffmpeg_pictures, mpeg4, output, pictures, probe},
    plv1::Avi,
};
use formats::reader::{Codec, Mode};
use std::path::{Path, PathBuf};

const FRAMES: usize = 40;

/// Milliseconds after START: two recordings ten minutes apart, ten frames per second.
fn ms(n: usize) -> i64 {
    100 * n as i64 + if n < 24 { 0 } else { 600_000 }
}

struct Place {
    dir: tempfile::TempDir,
    /// The pixels that every remuxed file has to have.
    expected: Vec<u8>,
}

impl Place {
    fn new() -> Place {
        let dir = tempfile::tempdir().unwrap();
        let stream = mpeg4("352x240", "10", FRAMES as u32, &[]);
        let plain = dir.path().join("x.m4v");
        std::fs::write(&plain, &stream).unwrap();
        let expected = ffmpeg_pictures(&plain, &["-f", "m4v"]);
        assert_eq!(expected.len(), FRAMES * 352 * 240 * 3 / 2);
        let (mut exp, mut avi) = (Exp::one(352, 240), Avi::new(352, 240));
        for (n, coded) in pictures(&stream).iter().enumerate() {
            let mode = if n < 24 { Mode::Motion } else { Mode::Alarm };
            exp.camera(1, START + ms(n), mode, coded);
            avi.picture(((START + ms(n)) / 1000) as u32, coded, 88);
            avi.padding(2);
        }
        std::fs::write(dir.path().join("x.exp"), exp.finish().bytes).unwrap();
        std::fs::write(dir.path().join("x.avi"), avi.finish()).unwrap();
        Place { dir, expected }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Remuxes; the file that comes out.
    fn remux(&self, from: &str, options: &str, muxer: &str, to: &str) -> PathBuf {
        let out = self.path(to);
        let ending = launch_well(&format!(
            "filesrc location={} ! expdemux {options} ! {muxer} ! filesink location={}",
            self.path(from).display(),
            out.display()
        ));
        assert!(ending.warnings.is_empty(), "{to}: {:?}", ending.warnings);
        out
    }

    /// ffmpeg decodes all of it without a word, to the same pixels.
    fn decodes(&self, path: &Path) {
        let found = ffmpeg_pictures(path, &[]);
        assert_eq!(
            found.len(),
            self.expected.len(),
            "{}: pictures",
            path.display()
        );
        assert!(found == self.expected, "{}: other pixels", path.display());
        let complaint = std::process::Command::new("ffmpeg")
            .args([
                "-v",
                "error",
                "-i",
                path.to_str().unwrap(),
                "-f",
                "null",
                "-",
            ])
            .output()
            .unwrap();
        let complaint = String::from_utf8_lossy(&complaint.stderr).into_owned();
        assert_eq!(complaint, "", "{}", path.display());
    }
}

/// Times of the pictures as the file has them, milliseconds from the first.
fn times(path: &Path) -> Vec<i64> {
    let args = [
        "-select_streams",
        "v",
        "-show_entries",
        "packet=pts_time",
        "-of",
        "csv=p=0",
    ];
    let text = probe(path, &args);
    let lines = text.lines().map(|line| line.trim_matches(','));
    let seconds = lines
        .filter(|line| !line.is_empty())
        .map(|line| line.parse::<f64>().unwrap());
    let ms = seconds
        .map(|seconds| (seconds * 1000.0).round() as i64)
        .collect::<Vec<_>>();
    ms.iter().map(|time| time - ms[0]).collect()
}

fn keys(path: &Path) -> Vec<usize> {
    let args = [
        "-select_streams",
        "v",
        "-show_entries",
        "packet=flags",
        "-of",
        "csv=p=0",
    ];
    let text = probe(path, &args);
    let lines = text.lines().enumerate();
    lines
        .filter(|(_, line)| line.contains('K'))
        .map(|(n, _)| n)
        .collect()
}

fn near(got: &[i64], expected: &[i64], about: &str) {
    assert_eq!(got.len(), expected.len(), "{about}: pictures");
    for (n, (got, expected)) in got.iter().zip(expected).enumerate() {
        assert!(
            (got - expected).abs() <= 1,
            "{about}: picture {n} at {got} ms, not {expected}"
        );
    }
}

const EVERY_8TH: [usize; 5] = [0, 8, 16, 24, 32];

#[test]
fn mp4_and_mkv_keep_pictures_and_times() {
    let place = Place::new();
    let collapsed = (0..FRAMES as i64).map(|n| 100 * n).collect::<Vec<_>>();
    let preserved = (0..FRAMES).map(ms).collect::<Vec<_>>();
    for (muxer, suffix) in [
        ("mp4mux", "mp4"),
        ("qtmux", "mov"),
        ("matroskamux", "mkv"),
        ("mpeg4videoparse ! mp4mux", "parsed.mp4"),
        ("mpeg4videoparse ! matroskamux", "parsed.mkv"),
    ] {
        let path = place.remux("x.exp", "", muxer, &format!("a.{suffix}"));
        near(&times(&path), &collapsed, suffix);
        assert_eq!(keys(&path), EVERY_8TH, "{suffix}");
        place.decodes(&path);
        let path = place.remux(
            "x.exp",
            "gap-policy=preserve",
            muxer,
            &format!("b.{suffix}"),
        );
        near(&times(&path), &preserved, &format!("{suffix}, preserved"));
        place.decodes(&path);
    }
}

#[test]
fn avi_keeps_every_picture() {
    let place = Place::new();
    let path = place.remux("x.exp", "", "avimux", "a.avi");
    let args = [
        "-count_packets",
        "-show_entries",
        "stream=codec_name,width,height,nb_read_packets,r_frame_rate",
    ];
    let text = probe(&path, &[&args[..], &["-of", "default=nw=1"]].concat());
    for line in [
        "codec_name=mpeg4",
        "width=352",
        "height=240",
        "r_frame_rate=10/1",
        "nb_read_packets=40",
    ] {
        assert!(text.contains(line), "{text}");
    }
    assert_eq!(keys(&path), EVERY_8TH);
    place.decodes(&path);
}

#[test]
fn a_plv1_file_becomes_an_mp4_with_its_own_speed() {
    let place = Place::new();
    let path = place.remux("x.avi", "", "mp4mux", "c.mp4");
    // 3 slots of 1001/30000 s to a picture: a tenth of a second, not a thirtieth
    let times = times(&path);
    assert_eq!(times.len(), FRAMES);
    let length = times[23] - times[0];
    assert!(
        (2200..=2400).contains(&length),
        "23 pictures in {length} ms"
    );
    place.decodes(&path);
}

#[test]
fn mkv_has_a_chapter_for_each_recording() {
    let place = Place::new();
    let path = place.remux("x.exp", "", "matroskamux", "a.mkv");
    let text = probe(&path, &["-show_chapters", "-of", "csv=p=0"]);
    let lines = text.lines().collect::<Vec<_>>();
    assert_eq!(lines.len(), 2, "{text}");
    for (line, start, end, title) in [
        (
            lines[0],
            "0.000000",
            "2.400000",
            "2009-11-10 09:15:30-05:00, motion",
        ),
        (
            lines[1],
            "2.400000",
            "4.000000",
            "2009-11-10 09:25:32-05:00, alarm",
        ),
    ] {
        for part in [start, end, title] {
            assert!(line.contains(part), "no {part} in {line}");
        }
    }
    // a second opinion
    let info = String::from_utf8(output("mkvinfo", &["-a", path.to_str().unwrap()])).unwrap();
    let titles = info
        .lines()
        .filter(|line| line.contains("Chapter string: 2009-11-10"));
    assert_eq!(titles.count(), 2, "{info}");
    assert!(info.contains("V_MPEG4/ISO"), "{info}");
}

#[test]
fn the_shape_of_a_pixel_and_the_title_are_kept() {
    let place = Place::new();
    for (muxer, name) in [("mp4mux", "a.mp4"), ("matroskamux", "a.mkv")] {
        let path = place.remux("x.exp", "", muxer, name);
        let entries = "stream=display_aspect_ratio,sample_aspect_ratio:stream_tags:format_tags";
        let text = probe(&path, &["-show_entries", entries, "-of", "default=nw=1"]);
        assert!(text.contains("display_aspect_ratio=4:3"), "{name}: {text}");
        assert!(text.contains("sample_aspect_ratio=10:11"), "{name}: {text}");
        // matroskamux puts a stream's title in quotes
        assert!(text.contains("Front"), "{name}: {text}");
    }
}

#[test]
fn two_cameras_and_audio_go_into_one_file() {
    common::init();
    let dir = tempfile::tempdir().unwrap();
    let (from, to) = (dir.path().join("x.exp"), dir.path().join("x.mkv"));
    let coded = pictures(&mpeg4("352x240", "10", 30, &[]));
    let mut exp = Exp::of(&[(1, 352, 240, "Gate"), (2, 352, 240, "Yard")]);
    for (n, coded) in coded.iter().enumerate() {
        let ms = START + 100 * n as i64;
        exp.camera(1, ms, Mode::Motion, coded);
        if n >= 8 {
            exp.camera(2, ms + 50, Mode::Motion, coded);
        }
        let audio = (0..800).map(|at| (at * (n + 3)) as u8).collect::<Vec<_>>();
        exp.audio(1, ms, Codec::MuLaw, 8000, &audio);
    }
    std::fs::write(&from, exp.finish().bytes).unwrap();
    launch_well(&format!(
        "matroskamux name=m ! filesink location={} filesrc location={} ! expdemux name=d \
         d.video_1 ! queue ! m.video_0 d.video_2 ! queue ! m.video_1 d.audio_1 ! queue ! m.audio_0",
        to.display(),
        from.display()
    ));
    let entries = "stream=codec_name,nb_read_packets,start_time";
    let text = probe(
        &to,
        &["-count_packets", "-show_entries", entries, "-of", "csv=p=0"],
    );
    let mut lines = text.lines().collect::<Vec<_>>();
    lines.sort_unstable();
    assert_eq!(lines.len(), 3, "{text}");
    assert!(
        lines[0].starts_with("mpeg4,0.000") && lines[0].ends_with(",30"),
        "{text}"
    );
    assert!(
        lines[1].starts_with("mpeg4,0.850") && lines[1].ends_with(",22"),
        "{text}"
    );
    assert!(
        lines[2].starts_with("pcm_mulaw,0.000") && lines[2].ends_with(",30"),
        "{text}"
    );
}

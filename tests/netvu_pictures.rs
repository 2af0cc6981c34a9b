// SPDX-License-Identifier: MPL-2.0
//! What is decoded from NetVu streams: a contact sheet of each codec, audio against its vectors, and pictures whose MPEG-4
//! header is missing.

use testing::common;
use testing::netvu_make;

use common::{init, launch_well, samples, shell::built_example};
use formats::netvu::Kind;
use formats::reader::{Codec, Step};
use gst::prelude::*;
use netvu_make::Made;
use std::path::Path;
use std::process::Command;
use testing::netvu_make::read_all;

fn sha256(bytes: &[u8]) -> String {
    use sha2::Digest as _;
    let sum = sha2::Sha256::digest(bytes);
    sum.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Where pictures for people go.
fn sheets() -> std::path::PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("netvu-sheet");
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

#[test]
fn a_contact_sheet_of_every_codec() {
    let Some(folder) = samples("netvu") else {
        return;
    };
    init();
    let sheets = sheets();
    let mut tiles = Vec::new();
    for (name, pad) in [
        ("ds-jpeg.adbin", "video_1"),
        ("dvip2-jpeg.adbin", "video_1"),
        ("ds2-jfif.adbin", "video_1"),
        ("dvip2-mpeg4.adbin", "video_1"),
        ("dvip2-mpeg4.mime", "video_1"),
        ("express-adpcm.mime", "video_1"),
        ("firevu-bmp.mime", "video_1"),
        ("firevu-bmp.mime", "video_1001"),
        ("remguard-alarm.adbin", "video_9"),
    ] {
        let tile = sheets.join(format!("{}.png", tiles.len()));
        let _ = std::fs::remove_file(&tile);
        launch_well(&format!(
            "filesrc location=\"{}\" ! netvudemux name=d d.{pad} ! decodebin ! videoconvert ! videoscale add-borders=true ! \
             video/x-raw,width=352,height=288,pixel-aspect-ratio=1/1 ! timeoverlay ! videoconvert ! video/x-raw,format=RGB ! pngenc snapshot=true ! filesink location=\"{}\"",
            folder.join(name).display(),
            tile.display()
        ));
        assert!(
            std::fs::metadata(&tile).unwrap().len() > 1500,
            "{name}: no picture"
        );
        tiles.push(tile);
    }
    let sheet = sheets.join("sheet.png");
    let mut convert = Command::new("ffmpeg");
    convert.args(["-y", "-v", "error", "-i"]);
    convert
        .arg(sheets.join("%d.png"))
        .args(["-vf", "tile=3x3", "-frames:v", "1"])
        .arg(&sheet);
    assert!(convert.status().unwrap().success());
    println!("contact sheet: {}", sheet.display());
}

#[test]
fn pictures_decode_without_a_word_from_the_decoder() {
    let Some(folder) = samples("netvu") else {
        return;
    };
    let out = tempfile::tempdir().unwrap();
    let mut count = 0;
    for name in ["ds-jpeg.adbin", "dvip2-jpeg.adbin", "remguard-alarm.adbin"] {
        let data = std::fs::read(folder.join(name)).unwrap();
        read_all(Kind::Binary, &data, 0, |_, window, step| {
            if let Step::Packet(packet) = step
                && packet.stream.codec == Codec::Jpeg
            {
                let path = out.path().join(format!("{count:04}.jpg"));
                std::fs::write(path, packet.payload.to_vec(window)).unwrap();
                count += 1;
            }
        });
    }
    assert_eq!(count, 29 + 47 + 4);
    for number in 0..count {
        let mut decode = Command::new("ffmpeg");
        decode.args(["-v", "warning", "-f", "mjpeg", "-i"]);
        decode
            .arg(out.path().join(format!("{number:04}.jpg")))
            .args(["-f", "null", "-"]);
        let said = decode.output().unwrap();
        let said = String::from_utf8_lossy(&said.stderr).into_owned();
        // the picture format is full range, which newer versions remark on for every JPEG file
        let said: Vec<_> = said
            .lines()
            .filter(|line| !line.contains("deprecated pixel format"))
            .collect();
        assert!(said.is_empty(), "picture {number}: {said:?}");
    }
}

#[test]
fn an_alarm_is_shown_by_a_text_overlay_and_goes_away() {
    let Some(folder) = samples("netvu") else {
        return;
    };
    init();
    let mut data = std::fs::read(folder.join("remguard-alarm.adbin")).unwrap();
    // The second and third of its four pictures get an alarm text.
    let mut at = 0;
    for number in 0..4 {
        let size = u32::from_be_bytes(data[at + 2..at + 6].try_into().unwrap()) as usize;
        if number == 1 || number == 2 {
            data[at + 6 + 87..at + 6 + 93].copy_from_slice(b"ALARM!");
        }
        at += 6 + size;
    }
    let out = tempfile::tempdir().unwrap();
    let path = out.path().join("alarm.adbin");
    std::fs::write(&path, data).unwrap();
    let raw = "avdec_mjpeg ! videoconvert ! video/x-raw,format=RGB";
    let bare = decoded(&format!(
        "filesrc location=\"{}\" ! netvudemux name=d d.video_9 ! queue ! {raw}",
        path.display()
    ));
    let shown = decoded(&format!(
        "textoverlay name=o font-desc=\"Sans 40\" filesrc location=\"{}\" ! netvudemux name=d \
         d.video_9 ! queue ! {raw} ! o.video_sink d.text_9 ! queue ! o.text_sink o.src ! video/x-raw,format=RGB",
        path.display()
    ));
    assert_eq!((bare.len(), shown.len()), (4, 4));
    let same: Vec<bool> = bare
        .iter()
        .zip(&shown)
        .map(|(bare, shown)| bare == shown)
        .collect();
    assert_eq!(same, [true, false, false, true]);
}

#[test]
fn decoded_audio_equals_the_vectors() {
    let Some(folder) = samples("netvu") else {
        return;
    };
    init();
    let out = tempfile::tempdir().unwrap();
    let raw = out.path().join("audio");
    launch_well(&format!(
        "filesrc location=\"{}\" ! netvudemux name=d d.audio_2 ! decodebin ! audioconvert ! audio/x-raw,format=S16LE ! filesink location=\"{}\"",
        folder.join("express-adpcm.adbin").display(),
        raw.display()
    ));
    let raw = std::fs::read(raw).unwrap();
    assert_eq!(
        sha256(&raw[..480]),
        "89f43396d51b2812ce81a780b03b1bf73920ef870b947122bd77eccb9a625459"
    );
    assert_eq!(
        sha256(&raw[480..3360]),
        "7a556e7e634d1781eac44789d5ee027769f913410d2740d7cf9834791d3c83d0"
    );
}

/// Frame sums of what a pipeline decodes.
fn decoded(description: &str) -> Vec<String> {
    init();
    let pipeline = gst::parse::launch(&format!("{description} ! fakesink name=s sync=false"))
        .unwrap()
        .downcast::<gst::Pipeline>()
        .unwrap();
    let sums = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    let kept = sums.clone();
    let pad = pipeline.by_name("s").unwrap().static_pad("sink").unwrap();
    pad.add_probe(gst::PadProbeType::BUFFER, move |_, info| {
        if let Some(gst::PadProbeData::Buffer(buffer)) = &info.data {
            kept.lock()
                .unwrap()
                .push(sha256(&buffer.map_readable().unwrap()));
        }
        gst::PadProbeReturn::Ok
    });
    assert_eq!(common::play(&pipeline).error, None, "{description}");
    sums.lock().unwrap().clone()
}

/// A partition with the pictures of a stream that ffmpeg or a unit wrote, the sequence headers taken off.
fn without_header(pictures: &[(Vec<u8>, bool)], size: (u16, u16)) -> Vec<u8> {
    let mut data = b"PAR\0".to_vec();
    data.extend([0x21; 1000]);
    for (number, (picture, key)) in (0u64..).zip(pictures) {
        let start = picture
            .windows(4)
            .position(|code| code == [0, 0, 1, 0xb6])
            .unwrap();
        let made = Made {
            format: if *key { 3 } else { 2 },
            payload: picture[start..].to_vec(),
            unix_ms: 1_700_000_000_000 + 40 * number,
            size,
            ..Made::default()
        };
        data.extend(made.record());
        data.extend([0; 77]);
    }
    data
}

#[test]
fn a_missing_header_is_written_and_the_pixels_are_the_same() {
    let Some(folder) = samples("netvu") else {
        return;
    };
    let path = folder.join("dvip2-mpeg4.adbin");
    let data = std::fs::read(&path).unwrap();
    let mut pictures = Vec::new();
    read_all(Kind::Binary, &data, 0, |_, window, step| {
        if let Step::Packet(packet) = step {
            pictures.push((packet.payload.to_vec(window), packet.key));
        }
    });
    let out = tempfile::tempdir().unwrap();
    let bare = out.path().join("bare.par");
    std::fs::write(&bare, without_header(&pictures, (352, 256))).unwrap();
    let decode = "netvudemux ! avdec_mpeg4 ! videoconvert ! video/x-raw,format=I420";
    let whole = decoded(&format!(
        "filesrc location=\"{}\" ! {decode}",
        path.display()
    ));
    let bare = decoded(&format!(
        "filesrc location=\"{}\" ! {decode}",
        bare.display()
    ));
    assert_eq!(whole.len(), 19);
    assert_eq!(whole, bare);
}

#[test]
fn h264_that_is_declared_as_mpeg4_decodes() {
    init();
    let out = tempfile::tempdir().unwrap();
    launch_well(&format!(
        "videotestsrc num-buffers=20 ! video/x-raw,format=I420,width=640,height=256 ! x264enc tune=zerolatency key-int-max=10 ! \
         video/x-h264,stream-format=byte-stream,alignment=au ! multifilesink location=\"{}/%02d.h264\"",
        out.path().display()
    ));
    let mut data = Vec::new();
    for number in 0..20u64 {
        let unit = std::fs::read(out.path().join(format!("{number:02}.h264"))).unwrap();
        data.extend(netvu_make::minimal(1_700_000_000_000 + 40 * number, &unit));
    }
    let path = out.path().join("x");
    std::fs::write(&path, data).unwrap();
    let pictures = decoded(&format!(
        "filesrc location=\"{}\" ! netvudemux ! video/x-h264,width=640,height=256 ! h264parse ! avdec_h264 ! video/x-raw,width=640",
        path.display()
    ));
    assert_eq!(pictures.len(), 20);
}

/// A folder of partitions with JPEG pictures of a test pattern. The ring came round: the file with the lowest name is the newest.
fn folder_of_partitions() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let pictures = folder.path().join("%d.jpg");
    launch_well(&format!(
        "videotestsrc num-buffers=30 pattern=ball ! video/x-raw,width=352,height=256 ! jpegenc ! multifilesink location=\"{}\"",
        pictures.display()
    ));
    for (name, start) in [
        ("VID00001.par", 20u64),
        ("VID00002.par", 0),
        ("VID00003.par", 10),
    ] {
        let mut data = b"PAR\0".to_vec();
        data.extend([0x33; 4096]);
        for number in start..start + 10 {
            let made = Made {
                format: 1,
                payload: std::fs::read(folder.path().join(format!("{number}.jpg"))).unwrap(),
                unix_ms: 1_700_000_000_000 + 100 * number,
                ..Made::default()
            };
            data.extend(made.record());
            data.extend([0; 100]);
        }
        std::fs::write(folder.path().join(name), data).unwrap();
    }
    folder
}

#[test]
fn partitions_of_a_folder_play_in_the_order_of_their_times() {
    init();
    let folder = folder_of_partitions();
    let mut files: Vec<_> = ["VID00001.par", "VID00002.par", "VID00003.par"]
        .map(|name| folder.path().join(name))
        .into_iter()
        .map(|path| {
            let data = std::fs::read(&path).unwrap();
            let first = formats::netvu::first_time(&data).unwrap();
            (first.unix_ms(), path)
        })
        .collect();
    files.sort();
    let links = tempfile::tempdir().unwrap();
    for (number, (_, path)) in files.iter().enumerate() {
        std::os::unix::fs::symlink(path, links.path().join(format!("{number:06}.par"))).unwrap();
    }
    let pipeline = gst::parse::launch(&format!(
        "splitfilesrc location=\"{}/*.par\" ! netvudemux ! fakesink name=s sync=false",
        links.path().display()
    ))
    .unwrap()
    .downcast::<gst::Pipeline>()
    .unwrap();
    let times = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    let kept = times.clone();
    let pad = pipeline.by_name("s").unwrap().static_pad("sink").unwrap();
    pad.add_probe(gst::PadProbeType::BUFFER, move |_, info| {
        if let Some(gst::PadProbeData::Buffer(buffer)) = &info.data {
            kept.lock().unwrap().push(buffer.pts().unwrap().mseconds());
        }
        gst::PadProbeReturn::Ok
    });
    assert_eq!(common::play(&pipeline).error, None);
    let expected: Vec<u64> = (0..30).map(|number| number * 100).collect();
    assert_eq!(*times.lock().unwrap(), expected);
}

#[test]
fn the_example_plays_a_folder() {
    init();
    let folder = folder_of_partitions();
    let out = folder.path().join("out");
    let sink = format!(
        "videoconvert ! video/x-raw,format=GRAY8 ! filesink location=\"{}\"",
        out.display()
    );
    let run = Command::new(built_example("play_par_folder"))
        .arg(folder.path())
        .arg(sink)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&run.stdout).into_owned();
    assert!(
        run.status.success(),
        "{said} {}",
        String::from_utf8_lossy(&run.stderr)
    );
    let names: Vec<_> = said
        .lines()
        .filter_map(|line| line.rsplit('/').next())
        .collect();
    assert_eq!(names, ["VID00002.par", "VID00003.par", "VID00001.par"]);
    assert_eq!(std::fs::metadata(out).unwrap().len(), 30 * 352 * 256);
}

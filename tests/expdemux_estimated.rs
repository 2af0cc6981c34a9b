// SPDX-License-Identifier: MPL-2.0
//! A large recording whose records neither come with an index nor with numbers: only its ends are known at first. Interruptions
//! that are met while it plays correct what is known, so that a seek finds the same frames as playing from the start.

use testing::seek_tools;

use formats::{
    exp::writer::{Head, Picture, Writer},
    reader::{Camera, Mode, Timestamp},
};
use seek_tools::*;
use std::{
    io::{Seek, SeekFrom, Write},
    path::Path,
};

const PICTURES: u64 = 540;
const GROUP: u64 = 9;
/// More than 256 MiB in all, which are walked over for the first seek.
const BYTES: usize = 600_000;
/// Pictures before which nothing was recorded for a while, and for how many seconds.
const GAPS: [(u64, i64); 3] = [(150, 3600), (151 + GROUP, 40), (400, 777)];

/// Records alone; the coded pictures are holes but for their first bytes.
fn write(path: &Path) {
    let head = Head {
        cameras: vec![Camera {
            number: 1,
            width: 352,
            height: 240,
            ..Camera::default()
        }],
        ..Head::default()
    };
    let mut ms = 1_257_862_530_000_i64;
    let timestamp = |ms: i64| Timestamp {
        seconds: ms / 1000,
        millis: Some((ms % 1000) as u16),
    };
    let (mut writer, _) = Writer::new(head, timestamp(ms)).unwrap();
    let mut file = std::fs::File::create(path).unwrap();
    let mut dice = Dice(9);
    for n in 0..PICTURES {
        let key = n % GROUP == 0;
        if let Some((_, seconds)) = GAPS.iter().find(|(at, _)| *at == n) {
            ms += seconds * 1000;
        }
        let picture = Picture {
            camera: 1,
            timestamp: timestamp(ms),
            mode: Mode::Motion,
            width: 352,
            height: 240,
            key,
        };
        let mut payload = vop(key, n as u32, 64, &mut dice);
        payload.resize(BYTES, 0);
        let mut record = writer.picture(&picture, &payload).unwrap();
        let (sum, start) = if key { (84, 88) } else { (20, 24) };
        record[sum..sum + 4].fill(0);
        file.write_all(&record[..start + 64]).unwrap();
        file.seek(SeekFrom::Current((record.len() - start - 64) as i64))
            .unwrap();
        ms += 125;
    }
    let end = file.stream_position().unwrap();
    file.set_len(end).unwrap();
}

fn runs(player: &Player) -> String {
    use gst::prelude::ObjectExt;
    let stats: gst::Structure = player.demux.property("stats");
    stats.get("runs").unwrap()
}

#[test]
fn what_is_met_while_playing_corrects_an_estimate() {
    let folder = tempfile::tempdir().unwrap();
    let (path, layout) = (folder.path().join("x.exp"), folder.path().join("x.toml"));
    write(&path);
    let text: String = include_str!("../crates/formats/layouts/reference.toml")
        .lines()
        .filter(|line| !line.starts_with("sequence"))
        .map(|line| line.replace("name = \"reference\"", "name = \"unnumbered\"") + "\n")
        .collect();
    std::fs::write(&layout, text).unwrap();
    let settings = [
        ("layout", layout.to_str().unwrap()),
        ("drop-orphans", "false"),
    ];
    let all = straight(&path, false, &settings);
    let all = &all["video_1"];
    assert_eq!(all.len() as u64, PICTURES);

    let player = Player::new(&path, false, &settings);
    player.play();
    player.wait_end();
    let flags = gst::SeekFlags::FLUSH | gst::SeekFlags::ACCURATE;
    assert!(player.seek(1.0, flags, 0, None).0);
    assert_eq!(runs(&player), "estimated");
    player.wait_end();
    player.take();
    for number in [0, 149, 150, 155, 200, 399, 401, 539] {
        let wanted = &all[number];
        assert!(player.seek(1.0, flags, wanted.pts, None).0);
        player.wait_end();
        let notes = player.take();
        let have = frames(after_flush(&notes["video_1"]));
        let first = number / GROUP as usize * GROUP as usize;
        assert_eq!(have[0].number, all[first].number, "{number}");
        for (one, other) in have.iter().zip(&all[first..]) {
            assert!(one.same(other), "{number}: {one:?} instead of {other:?}");
        }
        assert_eq!(have.len(), all.len() - first, "{number}");
    }
}

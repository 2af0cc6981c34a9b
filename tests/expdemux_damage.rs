// SPDX-License-Identifier: MPL-2.0
//! Damaged, cut and foreign files: what is lost, what is said, and that nothing else happens.

use testing::common;

use common::{
    collect::{Feed, Outcome, finish, run, watch},
    make::{Exp, Made, START, mpeg4, pictures, tiny, tiny_exp},
    plv1::Avi,
};
use gst::prelude::*;
use std::{io::Write, ops::Range};

const FEEDS: [Feed; 2] = [Feed::Pull, Feed::Push(4096)];

/// Every buffer begins as a picture does.
fn only_pictures(outcome: &Outcome, about: &str) {
    for pad in outcome
        .pads
        .iter()
        .filter(|pad| pad.name.starts_with("video"))
    {
        for frame in pad.frames() {
            assert!(frame.data.starts_with(&[0, 0, 1]), "{about}: no start code");
            assert!(frame.data.len() > 4, "{about}: an empty picture");
        }
    }
}

/// The pictures are those of `tiny` with these numbers left out.
fn all_but(outcome: &Outcome, frames: usize, lost: &[usize], about: &str) {
    only_pictures(outcome, about);
    let expected = (0..frames).filter(|n| !lost.contains(n));
    let expected = expected.map(|n| (n, &tiny()[n].bytes)).collect::<Vec<_>>();
    let got = outcome.pad("video_1").frames();
    assert_eq!(
        got.len(),
        expected.len(),
        "{about}: pictures; {:?}",
        outcome.warnings
    );
    for (got, (n, expected)) in got.iter().zip(expected) {
        assert!(
            got.vop() == expected.as_slice(),
            "{about}: picture {n} has other bytes"
        );
        let unix = (START + 100 * n as i64) as u64 * 1_000_000;
        assert_eq!(got.unix, Some(unix), "{about}: picture {n}");
    }
}

/// One warning for each of these regions, and no other.
fn warned_of(outcome: &Outcome, regions: &[Range<usize>], about: &str) {
    assert_eq!(
        outcome.warnings.len(),
        regions.len(),
        "{about}: {:?}",
        outcome.warnings
    );
    for (warning, region) in outcome.warnings.iter().zip(regions) {
        let expected = format!(
            "{} bytes at offset {}: expected ",
            region.len(),
            region.start
        );
        assert!(
            warning.contains(&expected),
            "{about}: {warning}, not {expected}"
        );
    }
    assert_eq!(outcome.stat("damaged-regions") as usize, regions.len());
    let bytes = regions.iter().map(Range::len).sum::<usize>();
    assert_eq!(outcome.stat("skipped-bytes") as usize, bytes, "{about}");
}

#[test]
fn one_warning_for_each_damaged_region() {
    let made = tiny_exp(48);
    let at = |n: usize| made.records[n].clone();
    let span = |from: usize, to: usize| made.records[from].start..made.records[to].end;
    for (about, regions, lost) in [
        ("a P record", vec![at(5)], vec![5]),
        ("a key record", vec![at(16)], vec![16]),
        ("a row of records", vec![span(9, 12)], vec![9, 10, 11, 12]),
        ("two places", vec![at(3), at(30)], vec![3, 30]),
        (
            "neighbours of a good one",
            vec![at(20), at(22)],
            vec![20, 22],
        ),
        ("the last record", vec![at(47)], vec![47]),
    ] {
        let mut bytes = made.bytes.clone();
        for region in &regions {
            bytes[region.clone()].fill(0xa5);
        }
        for feed in FEEDS {
            let about = format!("{about}, {feed:?}");
            let outcome = run(&bytes, feed).well();
            all_but(&outcome, 48, &lost, &about);
            warned_of(&outcome, &regions, &about);
        }
    }
}

#[test]
fn bytes_between_two_records_are_skipped() {
    let made = tiny_exp(24);
    for length in [1, 3, 4, 17, 100, 5000] {
        let place = made.records[10].start;
        let mut bytes = made.bytes[..place].to_vec();
        bytes.extend((0..length).map(|n| (n * 37 + 11) as u8 | 1));
        bytes.extend(&made.bytes[place..]);
        for feed in FEEDS {
            let about = format!("{length} bytes, {feed:?}");
            let outcome = run(&bytes, feed).well();
            all_but(&outcome, 24, &[], &about);
            let damage = outcome.warnings.iter().filter(|w| w.contains("damaged"));
            let expected = format!("{length} bytes at offset {place}: expected ");
            let damage = damage.collect::<Vec<_>>();
            assert_eq!(damage.len(), 1, "{about}: {:?}", outcome.warnings);
            assert!(damage[0].contains(&expected), "{about}: {damage:?}");
            assert!(outcome.pad("video_1").frames()[10].discont, "{about}");
        }
    }
}

#[test]
fn a_destroyed_picture_in_a_whole_record_is_not_handed_out() {
    let made = tiny_exp(24);
    for (n, head) in [(6, 24), (8, 88)] {
        let record = made.records[n].clone();
        let mut bytes = made.bytes.clone();
        bytes[record.start + head..record.end].fill(0x55);
        for feed in FEEDS {
            let outcome = run(&bytes, feed).well();
            all_but(&outcome, 24, &[n], "destroyed");
            warned_of(&outcome, std::slice::from_ref(&record), "destroyed");
        }
    }
}

#[test]
fn a_wrong_checksum_is_flagged() {
    let made = tiny_exp(24);
    for n in [8, 13] {
        let record = made.records[n].clone();
        let mut bytes = made.bytes.clone();
        bytes[record.end - 20] ^= 0x10;
        for feed in FEEDS {
            let outcome = run(&bytes, feed).well();
            let frames = outcome.pad("video_1").frames();
            assert_eq!(frames.len(), 24);
            for (at, frame) in frames.iter().enumerate() {
                assert_eq!(frame.corrupted, at == n, "picture {at}");
                assert_eq!(frame.vop() == tiny()[at].bytes, at != n);
            }
            assert_eq!(outcome.stat("corrupted"), 1);
            assert_eq!(outcome.stat("damaged-regions"), 0);
        }
    }
}

/// A file of a few hundred bytes.
fn smallest() -> Made {
    let coded = pictures(&mpeg4("64x48", "10", 5, &["-q:v", "31", "-g", "3"]));
    let mut exp = Exp::one(64, 48);
    for (n, coded) in coded.iter().enumerate() {
        exp.picture(START + 100 * n as i64, coded);
    }
    exp.finish()
}

#[test]
fn cut_at_every_byte() {
    let made = smallest();
    println!("{} bytes", made.bytes.len());
    assert!(made.bytes.len() < 3000);
    for end in 0..=made.bytes.len() {
        let whole = made
            .records
            .iter()
            .filter(|record| record.end <= end)
            .count();
        // the magic alone makes it a recording, though one without a picture
        let magic = 6;
        for feed in [Feed::Pull, Feed::Push(64)] {
            let about = format!("cut at {end}, {feed:?}");
            let outcome = run(&made.bytes[..end], feed);
            assert_eq!(outcome.no_more_pads, 1, "{about}");
            if whole == 0 {
                assert!(outcome.pads.is_empty(), "{about}");
                let (_, debug, wrong_type) = outcome.error.expect("an error");
                assert_eq!(wrong_type, end < magic, "{about}: {debug}");
                continue;
            }
            let outcome = outcome.well();
            assert_eq!(outcome.pad("video_1").frames().len(), whole, "{about}");
            assert_eq!(outcome.stat("damaged-regions"), 0, "{about}");
            only_pictures(&outcome, &about);
        }
    }
}

#[test]
fn plv1_cut_at_every_byte() {
    let coded = pictures(&mpeg4("64x48", "10", 4, &["-q:v", "31", "-g", "3"]));
    let mut avi = Avi::new(64, 48);
    for coded in &coded {
        avi.picture((START / 1000) as u32, coded, 88);
        avi.padding(1);
    }
    let bytes = avi.finish();
    println!("{} bytes", bytes.len());
    for end in (0..bytes.len()).rev() {
        for feed in [Feed::Pull, Feed::Push(64)] {
            let about = format!("cut at {end}, {feed:?}");
            let outcome = run(&bytes[..end], feed);
            assert_eq!(outcome.no_more_pads, 1, "{about}");
            only_pictures(&outcome, &about);
            let frames = outcome.pads.first().map_or(0, |pad| pad.frames().len());
            assert_eq!(frames == 0, outcome.error.is_some(), "{about}");
            for (frame, coded) in outcome.pads.iter().flat_map(|p| p.frames()).zip(&coded) {
                assert!(frame.vop() == coded.bytes, "{about}");
            }
        }
    }
}

/// 15,000,000 is a size that a record may have, though the file is far smaller.
const VALUES: [u32; 7] = [0, 1, 23, 15_000_000, 0x7fff_ffff, 0xffff_fff0, u32::MAX];

#[test]
fn lengths_of_a_record_that_lie_cost_that_record_alone() {
    let made = tiny_exp(24);
    // the record's size; the length of a P picture; that of a keyframe
    for (what, n, field, big) in [
        ("size", 5, 0, false),
        ("size of a key record", 8, 0, false),
        ("length of a P picture", 5, 16, false),
        ("length of a keyframe", 8, 80, true),
    ] {
        for value in VALUES {
            let at = made.records[n].start + field;
            let mut bytes = made.bytes.clone();
            let field = if big {
                value.to_be_bytes()
            } else {
                value.to_le_bytes()
            };
            bytes[at..at + 4].copy_from_slice(&field);
            for feed in FEEDS {
                let about = format!("{what} is {value}, {feed:?}");
                let outcome = run(&bytes, feed).well();
                all_but(&outcome, 24, &[n], &about);
                warned_of(&outcome, std::slice::from_ref(&made.records[n]), &about);
            }
        }
    }
}

#[test]
fn a_header_that_lies_costs_a_warning_and_no_picture() {
    let made = tiny_exp(24);
    let index = made.records[23].end;
    for (what, at, value) in [
        ("checksum", 124, vec![1, 2, 3, 4]),
        ("number of records", 76, vec![7, 0, 0, 0]),
        ("number of records", 76, vec![0xff; 4]),
        ("place of the index", 80, vec![1, 0, 0, 0, 0, 0, 0, 0]),
        ("place of the index", 80, vec![0xff; 8]),
        ("entries of the index", index + 4, vec![0xff; 4]),
        ("entries of the index", index + 4, vec![0; 4]),
        ("entries of the index", index + 4, vec![1, 0, 0, 0]),
        ("an entry of the index", index + 8, vec![0xee; 8]),
        ("all entries", index + 8, vec![0x11; 16 * 24]),
        ("magic of the index", index, vec![b'X'; 4]),
    ] {
        let mut bytes = made.bytes.clone();
        bytes[at..at + value.len()].copy_from_slice(&value);
        for feed in FEEDS {
            let about = format!("{what}: {:?}, {feed:?}", &value[..4]);
            let outcome = run(&bytes, feed).well();
            all_but(&outcome, 24, &[], &about);
            assert!(!outcome.warnings.is_empty(), "{about}: nothing was said");
            for (n, frame) in outcome.pad("video_1").frames().into_iter().enumerate() {
                assert_eq!(frame.pts, Some(n as u64 * 100_000_000), "{about}");
            }
        }
    }
}

#[test]
fn a_header_size_that_lies_costs_no_picture() {
    let made = tiny_exp(24);
    for value in [0_u32, 1, 127, 100_000_000, u32::MAX] {
        let mut bytes = made.bytes.clone();
        bytes[8..12].copy_from_slice(&value.to_le_bytes());
        for feed in FEEDS {
            let about = format!("header size {value}, {feed:?}");
            let outcome = run(&bytes, feed).well();
            all_but(&outcome, 24, &[], &about);
            assert!(!outcome.warnings.is_empty(), "{about}: nothing was said");
        }
    }
}

/// An export object of the Windows linker, as `lib /def` writes them: COFF header, one section, one symbol.
fn linker_file(machine: [u8; 2]) -> Vec<u8> {
    let mut file = machine.to_vec();
    file.extend(1_u16.to_le_bytes());
    file.extend(0x4af9_7a00_u32.to_le_bytes());
    file.extend(300_u32.to_le_bytes());
    file.extend(1_u32.to_le_bytes());
    file.extend([0, 0, 0, 0]);
    file.extend(b".edata\0\0");
    file.resize(60, 0);
    file.extend(b"example.dll\0Function1\0Function2\0");
    file.resize(300, 0);
    file.extend(b".edata\0\0");
    file.resize(900, 0);
    file
}

fn noise(seed: u64, length: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut byte = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state as u8
    };
    (0..length).map(|_| byte()).collect()
}

fn refused(bytes: &[u8], about: &str) {
    for feed in [Feed::Pull, Feed::Push(4096), Feed::Push(bytes.len().max(1))] {
        let about = format!("{about}, {feed:?}");
        let outcome = run(bytes, feed);
        let (text, debug, wrong_type) = outcome.error.unwrap_or_else(|| panic!("{about}: taken"));
        assert!(wrong_type, "{about}: {text} {debug}");
        for sought in ["DXEXP", "PLV1", "record"] {
            assert!(debug.contains(sought), "{about}: {debug}");
        }
        assert_eq!(outcome.no_more_pads, 1, "{about}");
        assert!(outcome.pads.is_empty(), "{about}");
    }
}

#[test]
fn foreign_files_are_refused_with_what_was_looked_for() {
    refused(&linker_file([0x4c, 0x01]), "linker file, 32 bit");
    refused(&linker_file([0x64, 0x86]), "linker file, 64 bit");
    refused(b"", "empty file");
    refused(b"D", "one byte");
    refused(&[0; 100_000], "zeros");
    refused(&[0xff; 100_000], "ones");
    refused(&b"some text\n".repeat(10_000), "text");
    let mut avi = Avi::new(64, 48).fourcc(b"XVID");
    for coded in tiny() {
        avi.plain(coded);
    }
    refused(&avi.finish(), "AVI of another codec");
    refused(&mpeg4("64x48", "10", 48, &[]), "MPEG-4 elementary stream");
    for seed in 0..40 {
        let length = [1, 11, 12, 13, 100, 4000, 70_000][seed as usize % 7];
        refused(&noise(seed + 1, length), &format!("noise {seed}"));
    }
    refused(&noise(99, 6 << 20), "6 MiB of noise");
}

#[test]
fn noise_behind_a_header_ends_well() {
    let made = tiny_exp(24);
    let header = &made.bytes[..made.records[0].start];
    for seed in 1..30 {
        let bytes = [header, &noise(seed, 30_000)].concat();
        for feed in FEEDS {
            let outcome = run(&bytes, feed);
            let (_, debug, wrong_type) = outcome.error.expect("no picture is an error");
            assert!(!wrong_type, "{debug}");
        }
        // a recording goes on behind it
        let bytes = [&bytes, &made.records_only()[..]].concat();
        for feed in FEEDS {
            let outcome = run(&bytes, feed).well();
            all_but(&outcome, 24, &[], "after noise");
        }
    }
}

#[test]
fn bytes_broken_at_random_never_stop_it() {
    common::init();
    let made = tiny_exp(48);
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(&made.bytes).unwrap();
    let (mut frames, mut warnings) = (0, 0);
    for seed in 0..60_u32 {
        let probability = [0.0002, 0.002, 0.02][seed as usize % 3];
        let pipeline = gst::Pipeline::new();
        let make = |name| gst::ElementFactory::make(name);
        let source = make("filesrc").property("location", file.path().to_str().unwrap());
        let breaking = make("breakmydata")
            .property("seed", seed)
            .property("probability", probability)
            .property("skip", made.records[0].start as u32);
        let (source, breaking) = (source.build().unwrap(), breaking.build().unwrap());
        let demux = make("expdemux").build().unwrap();
        pipeline.add_many([&source, &breaking, &demux]).unwrap();
        gst::Element::link_many([&source, &breaking, &demux]).unwrap();
        let log = watch(&pipeline, &demux);
        pipeline.set_state(gst::State::Playing).unwrap();
        let outcome = finish(&pipeline, &demux, &log).well();
        only_pictures(&outcome, &format!("seed {seed}"));
        frames += outcome.pad("video_1").frames().len();
        warnings += outcome.warnings.len();
    }
    println!("{frames} pictures, {warnings} warnings");
    assert!(frames > 60 * 24, "{frames}");
    assert!(warnings > 60, "{warnings}");
}

#[test]
fn broken_files_are_the_same_pulled_and_pushed() {
    let (native, records) = (tiny_exp(48).bytes, tiny_exp(48).records_only());
    let mut avi = Avi::new(64, 48);
    for (n, coded) in tiny().iter().enumerate() {
        avi.picture((START / 1000) as u32 + n as u32 / 10, coded, 88);
        avi.padding(2);
    }
    let files = [native, records, avi.finish()];
    // the last two once ended a search at other places where a window began there
    for seed in (0..90).chain([647, 1977_u64]) {
        let mut bytes = files[seed as usize % 3].clone();
        let count = [1, 60, 700][seed as usize / 3 % 3];
        // the first bytes say what kind of file it is
        for place in noise(seed + 500, count * 4).as_chunks::<4>().0 {
            let word = u32::from_le_bytes(*place) as usize;
            let at = 3000 + (word >> 8) % (bytes.len() - 3000);
            bytes[at] = word as u8;
        }
        let about = format!("seed {seed}");
        let [pulled, pushed] = FEEDS.map(|feed| run(&bytes, feed).well());
        only_pictures(&pulled, &about);
        assert_eq!(pulled.names(), pushed.names(), "{about}");
        for (pulled, pushed) in pulled.pads.iter().zip(&pushed.pads) {
            assert!(pulled.story() == pushed.story(), "{about}, {}", pulled.name);
        }
        assert_eq!(pulled.warnings.len(), pushed.warnings.len(), "{about}");
    }
}

#[test]
fn a_damaged_plv1_file_loses_what_is_damaged() {
    let mut avi = Avi::new(64, 48);
    for coded in tiny() {
        avi.picture((START / 1000) as u32, coded, 96);
        avi.padding(1);
    }
    let whole = avi.finish();
    for number in [5, 8] {
        // the chunk's head stays, or goes as well
        let coded = &tiny()[number].bytes;
        let from = memchr::memmem::find(&whole, &coded[4..40]);
        let mut key = coded.clone();
        key.truncate(64);
        let swapped = key.chunks(4).flat_map(|c| c.iter().rev().copied());
        let swapped = swapped.collect::<Vec<_>>();
        let at = from.or(memchr::memmem::find(&whole, &swapped)).unwrap();
        for before in [4, 24, 104] {
            let mut bytes = whole.clone();
            bytes[at - before..at + coded.len() - 60].fill(0xa5);
            for feed in FEEDS {
                let about = format!("picture {number}, {before} bytes before it, {feed:?}");
                let outcome = run(&bytes, feed).well();
                only_pictures(&outcome, &about);
                let got = outcome.pad("video_1").frames();
                assert!(got.len() >= 46, "{about}: {}", got.len());
                assert!(got.len() < 48, "{about}");
                assert_eq!(outcome.warnings.len(), 1, "{about}: {:?}", outcome.warnings);
                assert!(outcome.warnings[0].contains("bytes at offset"));
            }
        }
    }
}

// SPDX-License-Identifier: MPL-2.0
//! The indexes of AVI files, as ffmpeg and this test write them: read where they are right, ignored where they lie.

use formats::{
    exp::probe::{self, Family},
    reader::{IndexEntry, Reader, Step, Window},
    recording::{FileSource, find_index},
};
use std::{fs::File, io::Write, os::unix::fs::FileExt, path::Path};
use testing::{
    make::{self, Coded, output, tiny},
    plv1::{Avi, Wave},
};

/// What an index lists of the file: for each entry its offset, slot, keyframe, video.
type Listed = Vec<(u64, Option<u64>, bool, bool)>;

/// A reader that has come to the first frame.
fn opened(file: &File) -> Box<dyn Reader> {
    let mut reader = probe::open(Family::Plv1).unwrap();
    let mut head = vec![0; 1 << 20];
    let shown = file.read_at(&mut head, 0).unwrap();
    head.truncate(shown);
    let mut window = Window {
        offset: 0,
        data: &head,
        last: false,
        unread: None,
    };
    loop {
        let taken = match reader.next(&window) {
            Step::Packet(_) => break,
            Step::Skip(bytes) => bytes as usize,
            Step::Damaged(damage) => damage.length,
            // the size of its frames is looked for further on
            Step::Need(_) => break,
            other => panic!("{other:?} at {}", window.offset),
        };
        window = window.skip(taken);
    }
    reader
}

/// Reads up to the first frame, finds the index as the engine does, and reads all entries.
fn listed(file: &File) -> Listed {
    let mut reader = opened(file);
    let mut requests = 0;
    while let Some((offset, bytes)) = reader.index_request() {
        requests += 1;
        assert!(requests < 1000 && bytes <= 4096);
        let mut data = vec![0; bytes];
        // no offset that a file can have: nothing is there
        let shown = file.read_at(&mut data, offset).unwrap_or(0);
        reader.show_index(&Window {
            offset,
            data: &data[..shown],
            last: shown < bytes,
            unread: None,
        });
    }
    entries(&*reader, file)
        .into_iter()
        .map(|entry| {
            assert!(entry.timestamp.is_none() && entry.camera == 1);
            (entry.offset, entry.slot, entry.key, entry.video)
        })
        .collect()
}

fn entries(reader: &dyn Reader, file: &File) -> Vec<IndexEntry> {
    let mut entries = Vec::new();
    for place in reader.index() {
        for number in 0..place.count {
            let mut entry = vec![0; place.entry_size];
            let at = place.offset + number * place.entry_size as u64;
            file.read_exact_at(&mut entry, at).unwrap();
            entries.push(reader.index_entry(&place, number, &entry).unwrap());
        }
    }
    entries
}

fn written(bytes: &[u8]) -> File {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(bytes).unwrap();
    file
}

fn chunk(out: &mut Vec<u8>, id: &[u8; 4], bytes: &[u8]) {
    out.extend(id);
    out.extend((bytes.len() as u32).to_le_bytes());
    out.extend(bytes);
    out.resize(out.len().next_multiple_of(2), 0);
}

/// A chunk of the list `movi`: its offset, FourCC, size, whether it has a keyframe, its slot.
#[derive(Clone, Copy)]
struct Found {
    at: u64,
    id: [u8; 4],
    size: u32,
    key: bool,
    slot: u64,
}

/// The chunks of the list `movi`, and the offset of its type.
fn chunks(avi: &[u8]) -> (usize, Vec<Found>) {
    let movi = memchr::memmem::find(avi, b"movi").unwrap();
    let (mut at, mut found, mut slot) = (movi + 4, Vec::new(), 0);
    while at < avi.len() {
        let id = avi[at..at + 4].try_into().unwrap();
        let size = u32::from_le_bytes(avi[at + 4..at + 8].try_into().unwrap());
        let key = &id == b"00db";
        found.push(Found {
            at: at as u64,
            id,
            size,
            key,
            slot,
        });
        slot += u64::from(id[2] == b'd');
        at += 8 + size.next_multiple_of(2) as usize;
    }
    (movi, found)
}

/// A file, with its audio where wanted, its `movi` chunks and the offset that an index counts from.
fn made(audio: bool) -> (Vec<u8>, usize, Vec<Found>) {
    let mut avi = Avi::new(64, 48);
    if audio {
        avi = avi.wave(Wave {
            tag: 7,
            rate: 8000,
            bits: 8,
            align: 1,
        });
    }
    for (n, coded) in tiny().iter().enumerate() {
        avi.picture(1_257_862_530 + n as u32 / 10, coded, 88);
        avi.padding(1);
        if audio {
            avi.audio(&[n as u8; 100]);
        }
    }
    let bytes = avi.finish();
    let (movi, chunks) = chunks(&bytes);
    (bytes, movi, chunks)
}

/// `idx1` of these chunks, offsets counted from `base`.
fn idx1(chunks: &[Found], base: u64) -> Vec<u8> {
    let mut body = Vec::new();
    for found in chunks {
        body.extend(found.id);
        body.extend(if found.key { 0x10_u32 } else { 0 }.to_le_bytes());
        body.extend(((found.at - base) as u32).to_le_bytes());
        body.extend(found.size.to_le_bytes());
    }
    let mut out = Vec::new();
    chunk(&mut out, b"idx1", &body);
    out
}

/// The file with an `idx1` behind it.
pub fn with_idx1(mut avi: Vec<u8>) -> Vec<u8> {
    let (movi, chunks) = chunks(&avi);
    avi.extend(idx1(&chunks, movi as u64));
    avi
}

fn expected(chunks: &[Found], slots: bool) -> Listed {
    let slot = |found: &Found| slots.then_some(found.slot);
    chunks
        .iter()
        .map(|found| {
            // padding takes a slot and is not a frame
            let frame = found.id[2] == b'd' && found.size > 4;
            (found.at, slot(found), found.key, frame)
        })
        .collect()
}

#[test]
fn idx1_is_read_whatever_its_offsets_count_from() {
    for audio in [false, true] {
        let (bytes, movi, chunks) = made(audio);
        for base in [movi as u64, 0] {
            let file = written(&[&bytes[..], &idx1(&chunks, base)].concat());
            // with audio between, only counting all entries would give the slots
            assert_eq!(listed(&file), expected(&chunks, !audio), "{base}, {audio}");
        }
    }
}

#[test]
fn an_idx1_that_lies_is_ignored() {
    let (bytes, movi, chunks) = made(false);
    let index = idx1(&chunks, movi as u64);
    let right = [&bytes[..], &index].concat();
    let last = right.len() - 16;
    let (none, mut files) = (Listed::new(), Vec::new());
    // FourCC, offset and size of the first and the last entry, then the count
    let first = bytes.len() + 8;
    for at in [first, first + 8, first + 12, last, last + 8, last + 12] {
        let mut file = right.clone();
        file[at] ^= 2;
        files.push(file);
    }
    let mut file = right.clone();
    file[bytes.len() + 5] ^= 0x40;
    files.push(file);
    // the file ends before the index, or in it; the list claims another size, or none
    files.push(bytes.clone());
    files.push(right[..last].to_vec());
    for size in [0, 1, 0x7fff_ffff, u32::MAX] {
        let mut file = right.clone();
        file[movi - 4..movi].copy_from_slice(&size.to_le_bytes());
        files.push(file);
    }
    for (n, file) in files.iter().enumerate() {
        assert_eq!(listed(&written(file)), none, "file {n}");
    }
    assert_eq!(listed(&written(&right)).len(), chunks.len());
}

/// Writes an OpenDML file whose parts of 16 frames are at the offsets `at`; answers what its index has to list.
fn opendml(file: &mut File, at: &[u64], change: impl Fn(usize, &mut Vec<u8>)) -> Listed {
    let frames: Vec<&Coded> = tiny().iter().collect();
    let (bytes, movi, found) = made(false);
    let list = movi - 8;
    let bytes_of = |found: &Found| {
        let at = found.at as usize;
        &bytes[at..at + 8 + found.size.next_multiple_of(2) as usize]
    };
    let (mut listed, mut super_entries) = (Listed::new(), Vec::new());
    assert_eq!(frames.len() * 2, found.len());
    for (part, chunks) in found.chunks(32).enumerate() {
        // the first part begins after the header, which has room for the super index
        let start = at[part];
        let (mut body, mut entries) = (b"movi".to_vec(), Vec::new());
        let lists = start + if part == 0 { 0 } else { 12 };
        let base = lists;
        for found in chunks {
            let chunk_at = lists + 8 + body.len() as u64;
            listed.push((chunk_at, Some(found.slot), found.key, found.size > 4));
            entries.extend(((chunk_at + 8 - base) as u32).to_le_bytes());
            entries.extend((found.size | if found.key { 0 } else { 1 << 31 }).to_le_bytes());
            body.extend(bytes_of(found));
        }
        let mut standard = vec![2, 0, 0, 1];
        standard.extend((chunks.len() as u32).to_le_bytes());
        standard.extend(b"00db");
        standard.extend(base.to_le_bytes());
        standard.extend([0; 4]);
        standard.extend(entries);
        change(part, &mut standard);
        super_entries.extend((lists + 8 + body.len() as u64).to_le_bytes());
        super_entries.extend((standard.len() as u32 + 8).to_le_bytes());
        super_entries.extend((chunks.len() as u32).to_le_bytes());
        chunk(&mut body, b"ix00", &standard);
        let mut out = Vec::new();
        if part > 0 {
            out.extend(b"RIFF");
            out.extend((body.len() as u32 + 12).to_le_bytes());
            out.extend(b"AVIX");
        }
        chunk(&mut out, b"LIST", &body);
        file.write_all_at(&out, start).unwrap();
    }
    let mut index = vec![4, 0, 0, 0];
    index.extend((at.len() as u32).to_le_bytes());
    index.extend(b"00db");
    index.extend([0; 12]);
    index.extend(super_entries);
    let mut head = bytes[..list].to_vec();
    // into the list of the stream's headers, which ends where `movi` begins
    chunk(&mut head, b"indx", &index);
    head.resize(at[0] as usize - 8, 0);
    let junk = at[0] as usize - 8 - (list + 8 + index.len());
    let place = list + 8 + index.len();
    head[place..place + 4].copy_from_slice(b"JUNK");
    head[place + 4..place + 8].copy_from_slice(&(junk as u32).to_le_bytes());
    head.extend([0; 8]);
    file.write_all_at(&head, 0).unwrap();
    listed
}

#[test]
fn opendml_indexes_are_read_through_all_parts() {
    let mut file = tempfile::tempfile().unwrap();
    let expected = opendml(&mut file, &[1024, 40_000, 80_000], |_, _| {});
    assert_eq!(listed(&file), expected);
    assert_eq!(expected.len(), 96);
    // parts of more than 4 GiB, of which nothing but the indexes is read
    let mut file = tempfile::tempfile().unwrap();
    let gib = 1 << 30;
    let expected = opendml(&mut file, &[1024, 3 * gib, 17 * gib], |_, _| {});
    assert_eq!(listed(&file), expected);
    assert!(expected.last().unwrap().0 > 17 * gib);
}

#[test]
fn an_opendml_index_that_lies_is_ignored() {
    let changes: [(usize, usize, u8); 6] = [
        // words of an entry, kind of the index, count, stream, first offset, last size
        (0, 0, 1),
        (1, 3, 1),
        (1, 6, 4),
        (1, 9, 1),
        (2, 24, 2),
        (2, 24 + 31 * 8 + 4, 2),
    ];
    for (part, at, bit) in changes {
        let mut file = tempfile::tempfile().unwrap();
        opendml(&mut file, &[1024, 40_000, 80_000], |number, standard| {
            if number == part {
                standard[at] ^= bit;
            }
        });
        assert_eq!(listed(&file), Listed::new(), "part {part}, byte {at}");
    }
}

#[test]
fn no_number_in_an_opendml_index_lists_what_is_not_there() {
    let mut file = tempfile::tempfile().unwrap();
    let expected = opendml(&mut file, &[1024, 40_000, 80_000], |_, _| {});
    let size = file.metadata().unwrap().len() as usize;
    let mut bytes = vec![0; size];
    file.read_exact_at(&mut bytes, 0).unwrap();
    let heads = |id: &[u8], length: usize| {
        let at = memchr::memmem::find_iter(&bytes, id).collect::<Vec<_>>();
        at.into_iter().flat_map(move |at| at..at + 8 + length - 3)
    };
    // the super index with its three entries, and the heads of the standard indexes
    let places: Vec<usize> = heads(b"indx", 24 + 3 * 16)
        .chain(heads(b"ix00", 24))
        .collect();
    let (mut ignored, mut whole) = (0, 0);
    for at in &places {
        for number in [0, 1, 1_000_000_000, i32::MAX as u32, 1 << 31, u32::MAX] {
            file.write_all_at(&number.to_le_bytes(), *at as u64)
                .unwrap();
            let found = listed(&file);
            // no place that is claimed makes the file unreadable
            let mut source = FileSource::new(file.try_clone().unwrap());
            find_index(&mut source, &mut *opened(&file)).unwrap();
            file.write_all_at(&bytes[*at..at + 4], *at as u64).unwrap();
            ignored += usize::from(found.is_empty());
            whole += usize::from(found == expected);
            assert!(expected.starts_with(&found), "{number} at {at}: {found:?}");
        }
    }
    println!(
        "{} numbers: {ignored} ignored, {whole} without effect",
        6 * places.len()
    );
    assert!(places.len() > 100 && ignored > places.len() && whole > 0);
}

#[test]
fn the_index_that_ffmpeg_writes_lists_what_ffprobe_reads() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ffmpeg.avi");
    let source = ["-f", "lavfi", "-i", "testsrc=size=64x48:rate=10"];
    let sine = ["-f", "lavfi", "-i", "sine=sample_rate=8000"];
    for audio in [false, true] {
        let mut args = ["-v", "error", "-y"].to_vec();
        args.extend(source);
        args.extend(if audio { &sine[..] } else { &[] });
        args.extend([
            "-t", "5", "-c:v", "mpeg4", "-g", "8", "-bf", "0", "-vtag", "PLV1",
        ]);
        args.extend(["-c:a", "pcm_mulaw", path.to_str().unwrap()]);
        output("ffmpeg", &args);
        let file = File::open(&path).unwrap();
        let have = listed(&file);
        let video = have.iter().filter(|(_, _, _, video)| *video);
        let have: Vec<(u64, bool)> = video.map(|(at, _, key, _)| (at + 8, *key)).collect();
        assert_eq!(have, probed(&path), "audio {audio}");
        assert_eq!(have.len(), 50);
    }
}

/// Offset of the bytes and keyframe of all video packets as ffprobe reads them.
fn probed(path: &Path) -> Vec<(u64, bool)> {
    let args = [
        "-select_streams",
        "v",
        "-show_entries",
        "packet=pos,flags",
        "-of",
        "csv=p=0",
    ];
    let text = make::probe(path, &args);
    let line = |line: &str| {
        let (at, flags) = line.split_once(',').unwrap();
        (at.parse().unwrap(), flags.starts_with('K'))
    };
    text.lines().map(line).collect()
}

// SPDX-License-Identifier: MPL-2.0
//! Damaged and odd NetVu streams, made on the spot: one bad packet costs that packet, lost framing is found again, a cut end is
//! no error, and nothing that is fed to a reader makes it panic or stand still.

use testing::netvu_make;

use formats::netvu::{Kind, probe};
use formats::reader::{Codec, Packet, Step};
use netvu_make::{
    Made, TRAILER, audio, little, minimal, packet, part, read_all, scan, sprite, vop,
};
use proptest::prelude::*;

#[derive(Debug, Default)]
struct Read {
    packets: Vec<(Packet, Vec<u8>)>,
    damaged: Vec<(u64, usize)>,
    cut: usize,
}

fn read(kind: Kind, data: &[u8], grow: usize) -> Read {
    let mut read = Read::default();
    let end = read_all(kind, data, grow, |offset, window, step| match step {
        Step::Packet(packet) => {
            assert!(packet.size <= window.len());
            read.packets
                .push((packet.clone(), packet.payload.to_vec(window)));
        }
        Step::Damaged(damage) => {
            assert!(damage.length >= 1 && damage.length <= window.len());
            read.damaged.push((offset, damage.length));
        }
        Step::Cut(bytes) => {
            assert_eq!(*bytes, window.len());
            read.cut += bytes;
        }
        _ => {}
    });
    assert!(end.is_some(), "no progress");
    read
}

/// Payload sizes of what was read; the sizes tell the made pictures apart.
fn sizes(read: &Read) -> Vec<usize> {
    read.packets.iter().map(|(_, made)| made.len()).collect()
}

fn made(number: usize) -> Made {
    Made {
        payload: vop(number == 0, 100 + number, number as u64),
        unix_ms: 1_700_000_000_000 + 40 * number as u64,
        ..Made::default()
    }
}

fn picture(number: usize) -> Vec<u8> {
    made(number).packet()
}

/// Ten pictures of 100, 101, … bytes, `change` applied to the packets.
fn ten(change: impl FnOnce(&mut Vec<Vec<u8>>)) -> Vec<u8> {
    let mut packets: Vec<Vec<u8>> = (0..10).map(picture).collect();
    change(&mut packets);
    packets.concat()
}

fn all_but(missing: &[usize]) -> Vec<usize> {
    (0..10)
        .filter(|number| !missing.contains(number))
        .map(|number| 100 + number)
        .collect()
}

#[test]
fn a_whole_stream() {
    let data = ten(|_| {});
    let whole = read(Kind::Binary, &data, 0);
    assert_eq!(sizes(&whole), all_but(&[]));
    assert!(whole.damaged.is_empty());
    assert_eq!(probe(&data), Some((Kind::Binary, 100)));
    for grow in [1, 7, 1000] {
        let split = read(Kind::Binary, &data, grow);
        assert_eq!(sizes(&split), all_but(&[]), "by {grow}");
    }
    let first = &whole.packets[0].0;
    assert!(first.key && first.stream.codec == Codec::Mpeg4);
    assert!(!whole.packets[1].0.key);
    let details = first.details.as_ref().unwrap();
    assert_eq!(details.title.as_deref(), Some("Yard"));
    assert_eq!(details.site.as_deref(), Some("BENCH"));
    assert_eq!(details.utc_offset, Some(60));
    let second = whole.packets[1].0.details.as_ref().unwrap();
    assert_eq!((&second.title, second.utc_offset), (&None, None));
    assert!(second.fields.iter().any(|(name, _)| name == "FrameNum"));
}

#[test]
fn a_wrong_magic_costs_nothing() {
    for grow in [0, 5] {
        let data = ten(|packets| packets[4][6] = 0);
        let read = read(Kind::Binary, &data, grow);
        assert_eq!(sizes(&read), all_but(&[]));
        assert!(read.damaged.is_empty());
    }
}

#[test]
fn a_packet_without_a_picture_header_costs_itself() {
    for grow in [0, 5] {
        let data = ten(|packets| packets[4][6..180].fill(0x77));
        let read = read(Kind::Binary, &data, grow);
        assert_eq!(sizes(&read), all_but(&[4]));
        assert_eq!(read.damaged.len(), 1);
    }
}

#[test]
fn an_unknown_type_is_skipped() {
    let data = ten(|packets| packets.insert(3, packet(0x30, 0, &[9; 61])));
    let read = read(Kind::Binary, &data, 0);
    assert_eq!(sizes(&read), all_but(&[]));
    assert!(read.damaged.is_empty());
}

#[test]
fn a_wrong_separator_costs_nothing() {
    for (at, value) in [
        (0, 0xff),
        (0, 9),
        (2, 1),
        (2, 0x55),
        (3, 0x40),
        (4, 0x7f),
        (5, 0),
    ] {
        for grow in [0, 3] {
            let data = ten(|packets| packets[4][at] = value);
            let read = read(Kind::Binary, &data, grow);
            assert_eq!(sizes(&read), all_but(&[]), "byte {at} = {value}");
            assert!(read.damaged.is_empty());
        }
    }
}

#[test]
fn a_size_that_swallows_the_next_packets_costs_nothing() {
    for (kind, more) in [(2, 200), (2, 700), (0x20, 200), (0x20, 700), (4, 200)] {
        for grow in [0, 3] {
            let data = ten(|packets| {
                packets[4][0] = kind;
                let size = packets[4].len() - 6 + more;
                packets[4][2..6].copy_from_slice(&(size as u32).to_be_bytes());
            });
            let read = read(Kind::Binary, &data, grow);
            assert_eq!(sizes(&read), all_but(&[]), "type {kind}, {more} more");
            assert!(read.damaged.is_empty());
        }
    }
}

#[test]
fn junk_between_packets_costs_nothing() {
    let junk: Vec<u8> = (0..5000u32)
        .map(|byte| ((byte * 7) >> 3) as u8 | 0x80)
        .collect();
    for grow in [0, 64] {
        let data = ten(|packets| packets.insert(5, junk.clone()));
        let read = read(Kind::Binary, &data, grow);
        assert_eq!(sizes(&read), all_but(&[]));
        let lost: usize = read.damaged.iter().map(|(_, length)| length).sum();
        assert_eq!(lost, junk.len());
    }
}

#[test]
fn a_size_over_16_mib_is_never_believed() {
    let data = ten(|packets| packets[4][2..6].copy_from_slice(&0x0100_0000u32.to_be_bytes()));
    assert_eq!(sizes(&read(Kind::Binary, &data, 0)), all_but(&[]));
    let mut needed = 0;
    read_all(Kind::Binary, &data, 100, |_, _, step| {
        if let Step::Need(bytes) = step {
            needed = needed.max(*bytes);
        }
    });
    assert!(needed < 2000, "{needed} bytes were asked for");
}

#[test]
fn a_cut_end_is_no_error() {
    let data = ten(|_| {});
    let last = picture(9).len();
    for cut in 1..last {
        let read = read(Kind::Binary, &data[..data.len() - cut], 0);
        assert_eq!(sizes(&read), all_but(&[9]), "{cut} bytes less");
        assert!(read.damaged.is_empty() && read.cut == last - cut);
    }
}

#[test]
fn line_ends_of_the_http_header_are_skipped() {
    for front in [&b"\n"[..], b"\r\n"] {
        let data = [front, &ten(|_| {})].concat();
        let read = read(Kind::Binary, &data, 1);
        assert_eq!(sizes(&read), all_but(&[]));
        assert!(read.damaged.is_empty());
        assert_eq!(probe(&data).map(|found| found.0), Some(Kind::Binary));
    }
}

#[test]
fn alarms_and_new_titles_become_text() {
    let made = |title, alarm, after: u64| {
        Made {
            title,
            alarm,
            unix_ms: 1_700_000_000_000u64 + after,
            ..Made::default()
        }
        .packet()
    };
    let data = [
        made("Yard", "", 0),
        made("Yard", "ENTRANCE", 100),
        made("Yard", "ENTRANCE", 200),
        made("Yard", "ENTRANCE", 1100),
        made("Gate", "ENTRANCE", 1200),
        made("Gate", "", 1300),
        made("Gate", "", 2400),
        made("Gate", "", 4200),
    ]
    .concat();
    for grow in [0, 1] {
        let read = read(Kind::Binary, &data, grow);
        let reported: Vec<(i64, String)> = read
            .packets
            .iter()
            .filter(|(packet, _)| packet.stream.codec == Codec::Text)
            .map(|(packet, text)| {
                assert_eq!(packet.size, 0);
                let after = packet.timestamp.unwrap().unix_ms() - 1_700_000_000_000;
                (after, String::from_utf8(text.clone()).unwrap())
            })
            .collect();
        let expected = [
            (100, "ENTRANCE"),
            (1100, "ENTRANCE"),
            (1200, "Gate\nENTRANCE"),
            (1300, "Gate"),
            (2400, "Gate"),
        ];
        assert_eq!(
            reported,
            expected.map(|(after, text)| (after, text.to_owned()))
        );
        assert_eq!(read.packets.len(), 8 + 5);
    }
}

#[test]
fn minimal_packets() {
    let info = packet(
        9,
        1,
        b"\0(JPEG)TARGSIZE 0:(MPEG)BITRATE 92160;CAM 2:Back door;IMAGESIZE 0,0:640,256;",
    );
    let mut packets = vec![info];
    packets.extend((0..10).map(|number| {
        minimal(
            1_700_000_000_206 + number * 240,
            &vop(number == 0, 50 + number as usize, number),
        )
    }));
    let data = packets.concat();
    assert_eq!(probe(&data), Some((Kind::Binary, 100)));
    let whole = read(Kind::Binary, &data, 3);
    assert_eq!(whole.packets.len(), 10);
    let first = &whole.packets[0].0;
    assert_eq!(first.timestamp.unwrap().unix_ms(), 1_700_000_000_206);
    assert_eq!(
        (first.stream.camera, first.width, first.height),
        (2, 640, 256)
    );
    assert_eq!(
        first.details.as_ref().unwrap().title.as_deref(),
        Some("Back door")
    );
    // Without the INFO packet three of them are enough to tell what they are.
    assert_eq!(probe(&packets[1..].concat()), Some((Kind::Binary, 100)));
    // A packet destroyed in the middle costs that packet.
    packets[4][0] = 0xee;
    let damaged = read(Kind::Binary, &packets.concat(), 0);
    assert_eq!(damaged.packets.len(), 9);
    assert_eq!(damaged.damaged.len(), 1);
}

#[test]
fn one_frame_of_another_codec_costs_itself_alone() {
    let idr = testing::make::h264("64x48", 1).remove(0).bytes;
    let records = |other: usize| -> Vec<u8> {
        let record = |number: usize| match (4..4 + other).contains(&number) {
            true => minimal(1_700_000_000_000 + 40 * number as u64, &idr),
            false => minimal(
                1_700_000_000_000 + 40 * number as u64,
                &vop(number == 0, 100, number as u64),
            ),
        };
        (0..12).flat_map(record).collect()
    };
    let codecs = |other| {
        let read = read(Kind::Binary, &records(other), 0);
        let packets = read.packets.iter();
        packets
            .map(|(packet, _)| packet.stream.codec)
            .collect::<Vec<_>>()
    };
    let mut wanted = vec![Codec::Mpeg4; 12];
    wanted[4] = Codec::H264;
    assert_eq!(codecs(1), wanted);
    // two make it the codec: what follows waits for a keyframe
    assert_eq!(codecs(2)[4..], [Codec::H264; 2]);
}

#[test]
fn h264_declared_as_mpeg4_is_reported() {
    let mut idr = vec![
        0, 0, 0, 1, 0x67, 0x42, 0, 0x1e, 0x80, 0, 0, 0, 1, 0x65, 0x88,
    ];
    idr.extend([7; 50]);
    let mut slice = vec![0, 0, 0, 1, 0x41, 0x9a];
    slice.extend([7; 50]);
    let data = [
        minimal(1_700_000_000_000, &idr),
        minimal(1_700_000_000_040, &slice),
    ]
    .concat();
    let read = read(Kind::Binary, &data, 0);
    let reported: Vec<_> = read
        .packets
        .iter()
        .map(|(packet, _)| (packet.stream.codec, packet.key))
        .collect();
    assert_eq!(reported, [(Codec::H264, true), (Codec::H264, false)]);
}

#[test]
fn audio_begins_before_its_timestamp() {
    let data = packet(4, 1, &audio(1_228_919_545_601, 124));
    let read = read(Kind::Binary, &data, 0);
    let (packet, made) = &read.packets[0];
    assert_eq!(packet.stream.camera, 2);
    assert_eq!(packet.timestamp.unwrap().unix_ms(), 1_228_919_545_571);
    assert_eq!((made.len(), packet.audio.unwrap().rate), (480, 8000));
}

#[test]
fn masks_and_other_packets() {
    let mut mask = b"P4\n#RLE zone\n16 2\n".to_vec();
    mask.extend([4, 0xf0]);
    let data = [
        picture(0),
        packet(14, 0, &mask),
        packet(12, 0, b"<infoList><a/></infoList>"),
        packet(5, 0, &[1, 2, 3]),
        picture(1),
    ]
    .concat();
    let read = read(Kind::Binary, &data, 0);
    let (mask, made) = &read.packets[1];
    assert_eq!(mask.stream.codec, Codec::Pbm);
    assert_eq!(mask.timestamp, read.packets[0].0.timestamp);
    assert_eq!(made, b"P4\n16 2\n\xf0\xf0\xf0\xf0");
    let fields = &read.packets[2].0.details.as_ref().unwrap().fields;
    assert!(
        fields
            .iter()
            .any(|(name, text)| name == "XML_INFO" && text.starts_with("<infoList>"))
    );
    assert_eq!(read.packets.len(), 3);
}

#[test]
fn a_mime_picture_has_the_time_of_the_text_behind_it() {
    let data = [
        part("image/admp4; xres=352; yres=256", &vop(true, 60, 1)),
        part("text/plain", TRAILER.as_bytes()),
        part("image/admp4", &vop(false, 61, 2)),
        part("image/admp4", &vop(false, 62, 3)),
        part("text/plian", b"x"),
    ]
    .concat();
    for grow in [0, 1, 50] {
        let read = read(Kind::Mime, &data, grow);
        assert_eq!(sizes(&read), [60, 61, 62]);
        let first = &read.packets[0].0;
        assert_eq!(first.timestamp.unwrap().unix_ms(), 1_228_477_417_921);
        assert_eq!(
            (first.stream.camera, first.width, first.height),
            (3, 352, 256)
        );
        assert_eq!(read.packets[1].0.timestamp, None);
        assert!(read.damaged.is_empty());
    }
}

#[test]
fn mime_damage_costs_its_part() {
    let good = |number: usize| {
        [
            part("image/admp4", &vop(true, 100 + number, number as u64)),
            part("text/plain", TRAILER.as_bytes()),
        ]
        .concat()
    };
    let parts = |change: &dyn Fn(&mut Vec<u8>)| {
        let mut all: Vec<Vec<u8>> = (0..5).map(good).collect();
        change(&mut all[2]);
        all.concat()
    };
    let wrong_type = parts(&|part| part[118] = b'x');
    assert_eq!(read(Kind::Mime, &wrong_type, 0).packets.len(), 4);
    let at = good(2)
        .windows(16)
        .position(|place| place == b"Content-length: ")
        .unwrap()
        + 16;
    for length in [b"900000", b"000900", b"000001"] {
        let data = parts(&|part| part[at..at + 6].copy_from_slice(length));
        let read = read(Kind::Mime, &data, 0);
        let whole: Vec<usize> = sizes(&read)
            .into_iter()
            .filter(|size| *size >= 100)
            .collect();
        assert_eq!(whole, [100, 101, 102, 103, 104], "{length:?}");
        assert!(read.damaged.is_empty());
    }
    let no_boundary = parts(&|part| part[..40].fill(b'?'));
    assert_eq!(
        sizes(&read(Kind::Mime, &no_boundary, 0)),
        [100, 101, 103, 104]
    );
    let bad_date = TRAILER.replace("05/12", "55/12");
    let data = [
        part("image/admp4", &vop(true, 60, 1)),
        part("text/plain", bad_date.as_bytes()),
    ]
    .concat();
    let read = read(Kind::Mime, &data, 0);
    assert_eq!(read.packets[0].0.timestamp, None);
    assert_eq!(read.packets[0].0.stream.camera, 3);
}

#[test]
fn digital_sprite_messages() {
    let mut nudge = vec![0xfa, 0xce, 0xd0, 0xff, 0, 0, 0, 24];
    nudge.extend([0; 16]);
    nudge.extend(7u32.to_be_bytes());
    let one = sprite(2, 1_700_000_000_123);
    let data = [
        one.clone(),
        nudge,
        vec![1; 50],
        one.clone(),
        one[..40].to_vec(),
    ]
    .concat();
    assert_eq!(probe(&data), Some((Kind::Sprite, 100)));
    for grow in [0, 1] {
        let read = read(Kind::Sprite, &data, grow);
        assert_eq!(read.packets.len(), 2);
        let first = &read.packets[0].0;
        assert_eq!(first.timestamp.unwrap().unix_ms(), 1_700_000_000_123);
        assert_eq!(
            (first.stream.camera, first.width, first.height),
            (3, 704, 256)
        );
        assert_eq!(
            first.details.as_ref().unwrap().title.as_deref(),
            Some("Shop")
        );
        assert_eq!(
            read.damaged.iter().map(|(_, length)| length).sum::<usize>(),
            50
        );
        assert_eq!(read.cut, 40);
    }
}

#[test]
fn other_peoples_files_are_not_claimed() {
    let mut parchive = b"PAR\0\0\0\0\0\0\0\x01\0".to_vec();
    parchive.resize(4096, 0x5a);
    let mut jpeg = vec![0xff, 0xd8, 0xff, 0xe0, 0, 16];
    jpeg.extend(b"JFIF\0\x01\x02\0\0\x01\0\x01\0\0");
    jpeg.resize(4096, 0x33);
    let parquet = [b"PAR1".as_slice(), &[0x15; 4000]].concat();
    let solid_edge = [
        &[0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1][..],
        &[0; 4000],
    ]
    .concat();
    let other_mime =
        b"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: 5\r\n\r\nabcde".to_vec();
    let mut cases = vec![parchive, jpeg, parquet, solid_edge, other_mime];
    cases.extend([
        Vec::new(),
        vec![0; 70_000],
        vec![0xff; 70_000],
        b"RIFF\0\0\0\0AVI LIST".to_vec(),
        b"\0\0\0\x20ftypisom\0\0\x02\0isomiso2avc1mp41".to_vec(),
        b"\x1a\x45\xdf\xa3\x01\0\0\0\0\0\0\x23".to_vec(),
        b"OggS\0\x02\0\0\0\0\0\0\0\0".to_vec(),
        b"\0\0\x01\xba\x44\0\x04".to_vec(),
        b"\0\0\x01\xb3\x16\0\xf0".to_vec(),
        b"HTTP/1.0 200 OK\r\nServer: other\r\nContent-length: 3\r\n\r\nabc".to_vec(),
    ]);
    for case in cases {
        assert_eq!(probe(&case), None, "{:?}", &case[..case.len().min(16)]);
    }
}

const KINDS: [Kind; 5] = [
    Kind::Binary,
    Kind::Mime,
    Kind::Raw,
    Kind::Sprite,
    Kind::Partition,
];

fn mixture() -> Vec<u8> {
    let jpeg = Made {
        format: 1,
        payload: scan(90, 5),
        ..Made::default()
    };
    [
        picture(0),
        packet(9, 0, b"\0IMAGESIZE 0,0:352,256;"),
        packet(4, 1, &audio(1_700_000_000_000, 60)),
        jpeg.packet(),
        part("image/admp4", &vop(true, 60, 1)),
        part("text/plain", TRAILER.as_bytes()),
        part("audio/adpcm; rate=8000", &audio(0, 60)[28..]),
        sprite(1, 1_700_000_000_000),
        jpeg.record(),
        netvu_make::little(&jpeg.record()),
        sprite(2, 1_700_000_000_040)[28..].to_vec(),
        minimal(1_700_000_000_100, &vop(false, 60, 9)),
    ]
    .concat()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn noise_neither_panics_nor_stands_still(data in proptest::collection::vec(any::<u8>(), 0..3000), grow in 0usize..50) {
        for kind in KINDS {
            let _ = read(kind, &data, grow);
        }
        let _ = probe(&data);
    }

    #[test]
    fn mutations_neither_panic_nor_stand_still(
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..20),
        cut in any::<prop::sample::Index>(),
        grow in 0usize..600,
    ) {
        let mut data = mixture();
        for (at, value) in changes {
            let at = at.index(data.len());
            data[at] = value;
        }
        data.truncate(cut.index(data.len()) + 1);
        for kind in KINDS {
            let _ = read(kind, &data, grow);
        }
        let _ = probe(&data);
    }

    #[test]
    fn the_steps_do_not_depend_on_the_windows(
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4),
        grow in 1usize..300,
    ) {
        let mut data = mixture();
        for (at, value) in changes {
            let at = at.index(data.len());
            data[at] = value;
        }
        for kind in [Kind::Binary, Kind::Sprite, Kind::Partition] {
            let whole: Vec<_> = read(kind, &data, 0).packets.into_iter().map(|(_, made)| made).collect();
            let split: Vec<_> = read(kind, &data, grow).packets.into_iter().map(|(_, made)| made).collect();
            prop_assert_eq!(whole, split);
        }
    }
}

/// Frames in a file as a program finds them that knows nothing of it.
fn found(data: &[u8]) -> Option<(Kind, usize)> {
    let (kind, _) = probe(data)?;
    let frames = read(kind, data, 0).packets;
    Some((
        kind,
        frames.iter().filter(|(packet, _)| packet.size > 0).count(),
    ))
}

#[test]
fn recordings_behind_something_else_are_found() {
    let noise = netvu_make::noise(2 << 20, 3);
    let par = [
        b"PAR\0".to_vec(),
        netvu_make::noise(4096, 7),
        (0..10)
            .flat_map(|number| [little(&made(number).record()), vec![0; 300]])
            .flatten()
            .collect(),
    ]
    .concat();
    let mime: Vec<u8> = (0..10)
        .flat_map(|number| part("image/jpeg", &netvu_make::jpeg_file(300, number)))
        .collect();
    let sprites: Vec<u8> = (0..10)
        .flat_map(|number| sprite(1, 1_700_000_000_000 + number))
        .collect();
    for (data, kind) in [
        (ten(|_| {}), Kind::Binary),
        (mime, Kind::Mime),
        (sprites, Kind::Sprite),
        (par, Kind::Partition),
    ] {
        assert_eq!(found(&[&noise[..], &data].concat()), Some((kind, 10)));
    }
    // the limit
    let far = [vec![0x77; formats::netvu::MAX_PROBE], ten(|_| {})].concat();
    assert_eq!(probe(&far), None);
}

#[test]
fn any_clock_is_a_clock() {
    for seconds in [0, 1, 3600, 315_532_800, 0x7fff_ffff, u32::MAX] {
        let unix_ms = u64::from(seconds) * 1000;
        let time = (seconds > 0).then_some(unix_ms as i64);
        let records: Vec<Made> = (0..10)
            .map(|number| Made {
                unix_ms,
                ..made(number)
            })
            .collect();
        let binary: Vec<u8> = records.iter().flat_map(Made::packet).collect();
        let partition: Vec<u8> = records.iter().flat_map(Made::record).collect();
        let minimal: Vec<u8> = (0..10)
            .flat_map(|number| minimal(unix_ms, &vop(number == 0, 100, number)))
            .collect();
        let blocks: Vec<u8> = (0..10)
            .flat_map(|number| packet(4, 1, &audio(unix_ms, 100 + number)))
            .collect();
        let records_of_audio: Vec<u8> = (0..10)
            .flat_map(|number| audio(unix_ms, 100 + number))
            .collect();
        for (data, front) in [
            (binary, &b""[..]),
            (minimal, b""),
            (blocks, b""),
            (partition, b"PAR\0 and other bytes"),
            (records_of_audio, b"PAR\0 and other bytes"),
        ] {
            let data = [front, &data].concat();
            assert_eq!(
                found(&data).map(|found| found.1),
                Some(10),
                "{seconds} {front:?}"
            );
            let read = read(probe(&data).unwrap().0, &data, 0);
            let first = &read.packets[0].0;
            match first.stream.codec {
                Codec::PcmS16le => assert_eq!(first.timestamp.is_some(), seconds > 0),
                _ => assert_eq!(first.timestamp.map(|time| time.unix_ms()), time),
            }
        }
    }
}

#[test]
fn two_weak_packets_in_another_file_are_chance() {
    let noise = vec![0x41; 10_000];
    let packets = |count: u32| -> Vec<u8> {
        (0..count)
            .flat_map(|number| minimal(1_700_000_000_000, &vop(number == 0, 100, number.into())))
            .collect()
    };
    assert_eq!(probe(&[&noise[..], &packets(2), &noise].concat()), None);
    // the same two before a recording do not hide it
    let recording = [&noise[..], &packets(2), &noise, &packets(10)].concat();
    assert_eq!(probe(&recording).map(|found| found.0), Some(Kind::Binary));
}

#[test]
fn one_damaged_header_decides_nothing() {
    // camera, title, width and format of one frame in ten
    let places: [(usize, u8); 5] = [
        (6 + 10, 9),
        (6 + 56, b'y'),
        (6 + 122, 0x02),
        (6 + 15, 0),
        (6 + 15, 6),
    ];
    for (at, value) in places {
        for frame in [3, 4] {
            let data = ten(|packets| packets[frame][at] ^= value);
            let read = read(Kind::Binary, &data, 0);
            let wrong = read.packets.iter().filter(|(packet, _)| {
                packet.stream.camera != 1
                    || packet.stream.codec != Codec::Mpeg4
                    || (packet.width, packet.height) != (352, 256)
            });
            let texts = read
                .packets
                .iter()
                .filter(|(packet, _)| packet.stream.codec == Codec::Text)
                .count();
            assert_eq!(wrong.count(), texts, "byte {at}");
            assert!(texts <= 1, "byte {at}: {texts} texts");
        }
    }
    // a new camera whose channel says another number loses none but the first frame to that
    let data = ten(|packets| {
        for packet in &mut packets[5..] {
            packet[6 + 11] = 2;
        }
    });
    let cameras: Vec<u16> = read(Kind::Binary, &data, 0)
        .packets
        .iter()
        .map(|(packet, _)| packet.stream.camera)
        .collect();
    assert_eq!(cameras, [1, 1, 1, 1, 1, 1, 2, 2, 2, 2]);
    // a frame that is read twice because its alarm comes first does not confirm its own number
    let data = ten(|packets| {
        let alarm = Made {
            alarm: "DOOR",
            ..made(5)
        };
        packets[5] = alarm.packet();
        packets[5][6 + 11] = 2;
    });
    let read = read(Kind::Binary, &data, 0);
    assert_eq!(read.packets.len(), 11);
    assert!(
        read.packets
            .iter()
            .all(|(packet, _)| packet.stream.camera == 1)
    );
}

#[test]
fn frames_decide_over_the_size_their_header_claims() {
    // the sequence header of a real unit: 352x256
    let vol = [
        0, 0, 1, 1, 0, 0, 1, 0x20, 0x02, 0x04, 0x40, 0x07, 0xa8, 0x58, 0x21, 0x00, 0xa3, 0x1f,
    ];
    let coded = |number: usize| match number {
        0 => [&vol[..], &vop(true, 100, 1)].concat(),
        _ => vop(false, 100 + number, number as u64),
    };
    let headed: Vec<u8> = (0..10)
        .flat_map(|number| {
            Made {
                payload: coded(number),
                size: (704, 480),
                ..made(number)
            }
            .packet()
        })
        .collect();
    let minimal: Vec<u8> = (0..10)
        .flat_map(|number| minimal(1_700_000_000_000, &coded(number)))
        .collect();
    let jpeg: Vec<u8> = (0..10)
        .flat_map(|number| {
            Made {
                format: 1,
                payload: netvu_make::jpeg_file(300, number as u64),
                ..made(number)
            }
            .packet()
        })
        .collect();
    for (data, size) in [
        (headed, (352, 256)),
        (minimal, (352, 256)),
        (jpeg, (704, 256)),
    ] {
        let read = read(Kind::Binary, &data, 0);
        assert_eq!(read.packets.len(), 10);
        assert!(
            read.packets
                .iter()
                .all(|(packet, _)| (packet.width, packet.height) == size)
        );
    }
}

#[test]
fn info_packets_announce_cameras() {
    let info = packet(
        9,
        0,
        b"\0SITE X;CAM 1:Yard;CAM 3:Gate;IMAGESIZE 0,0:352,256;",
    );
    let data = [info, picture(0)].concat();
    let mut reader = formats::netvu::open(Kind::Binary);
    let window = |at: usize| formats::reader::Window {
        offset: at as u64,
        data: &data[at..],
        last: true,
        unread: None,
    };
    assert!(matches!(reader.next(&window(0)), Step::Skip(_)));
    let cameras: Vec<_> = reader
        .info()
        .cameras
        .iter()
        .map(|camera| (camera.number, camera.title.as_str()))
        .collect();
    assert_eq!(cameras, [(1, "Yard"), (3, "Gate")]);
}

/// Bytes of the largest window until the first frame behind `from`, and where that is, of a reader whose windows grow as it asks.
fn found_behind(kind: Kind, data: &[u8], from: usize) -> (usize, Option<usize>) {
    let mut reader = formats::netvu::open(kind);
    reader.resync();
    let (mut at, mut shown, mut largest) = (from, 4096, 0);
    loop {
        let end = (at + shown).min(data.len());
        let last = end == data.len();
        largest = largest.max(end - from);
        let step = reader.next(&formats::reader::Window {
            offset: at as u64,
            data: &data[at..end],
            last,
            unread: None,
        });
        shown = 4096;
        match step {
            Step::Need(bytes) => shown = bytes,
            Step::Packet(packet) if packet.size > 0 => return (largest, Some(at)),
            Step::Packet(_) => {}
            Step::Skip(bytes) => at += bytes as usize,
            Step::Damaged(damage) => at += damage.length,
            Step::Cut(_) | Step::End => return (largest, None),
            Step::Peek { .. } => panic!("nothing is hidden"),
        }
    }
}

#[test]
fn the_next_frame_is_found_anywhere_by_reading_little() {
    const FRAME: usize = 70_000;
    let coded = |number: usize| {
        vop(
            number.is_multiple_of(10),
            FRAME - number % 3000,
            number as u64,
        )
    };
    let record = |number: usize| Made {
        payload: coded(number),
        ..made(number)
    };
    let file = |one: &dyn Fn(usize) -> Vec<u8>| {
        let records: Vec<Vec<u8>> = (0..40).map(one).collect();
        let mut starts = vec![0];
        for record in &records {
            starts.push(starts[starts.len() - 1] + record.len());
        }
        (records.concat(), starts)
    };
    let files = [
        (Kind::Binary, file(&|number| record(number).packet())),
        (
            Kind::Binary,
            file(&|number| minimal(1_700_000_000_000, &coded(number))),
        ),
        (
            Kind::Mime,
            file(&|number| part("image/admp4", &coded(number))),
        ),
        (Kind::Partition, file(&|number| record(number).record())),
        (
            Kind::Partition,
            file(&|number| little(&record(number).record())),
        ),
    ];
    for (kind, (data, starts)) in files {
        for from in (500..data.len() - 3 * FRAME).step_by(61_813) {
            let (read, found) = found_behind(kind, &data, from);
            assert_eq!(
                found,
                starts.iter().copied().find(|start| *start >= from),
                "{kind:?} from {from}"
            );
            assert!(
                read <= 3 * FRAME + 8192,
                "{kind:?} from {from}: {read} bytes"
            );
        }
    }
}

#[test]
fn hostile_numbers_lose_one_record_and_no_memory() {
    for number in [0, 1, 0x7fff_ffff, u32::MAX, 0x00ff_ffff, 0x0100_0000] {
        // the separator's size, the bytes of text and of the frame, camera, format
        for at in [2, 6 + 16, 6 + 20, 6 + 8, 6 + 12] {
            let data = ten(|packets| packets[4][at..at + 4].copy_from_slice(&number.to_be_bytes()));
            let mut most = 0;
            netvu_make::read_all(Kind::Binary, &data, 100, |_, _, step| {
                if let Step::Need(bytes) = step {
                    most = most.max(*bytes);
                }
            });
            assert!(
                most <= data.len().max(128 << 10),
                "{number:#x} at {at}: {most} bytes"
            );
            let frames = read(Kind::Binary, &data, 0).packets.len();
            assert!(frames >= 9, "{number:#x} at {at}: {frames} frames");
            // the same in a partition, where nothing but the header tells
            let record = |number: usize| made(number).record();
            let mut records: Vec<Vec<u8>> = (0..10).map(record).collect();
            if at >= 6 {
                records[4][at - 6..at - 2].copy_from_slice(&number.to_be_bytes());
            }
            let frames = read(Kind::Partition, &records.concat(), 0).packets.len();
            assert!(
                frames >= 9,
                "{number:#x} at {at}: {frames} frames in a partition"
            );
        }
    }
}

#[test]
fn keyframes_without_a_sequence_header_decide_by_their_macroblocks() {
    use testing::mpeg4_tools::{encode, have_ffmpeg, vops};
    if !have_ffmpeg() {
        return;
    }
    let encoded = |source: &str| {
        encode(
            source,
            6,
            &["-c:v", "mpeg4", "-bf", "0", "-g", "3", "-q:v", "5"],
        )
    };
    let Some(stream) = encoded("testsrc2=size=704x240:rate=25") else {
        return;
    };
    let frames = vops(&stream);
    let claims = |frame: usize| match frame {
        // one damaged header among right ones
        4 => (64, 240),
        _ => (704, 480),
    };
    let data: Vec<u8> = frames
        .iter()
        .enumerate()
        .flat_map(|(number, frame)| {
            let payload = frame.to_vec();
            Made {
                payload,
                size: claims(number),
                ..made(number)
            }
            .packet()
        })
        .collect();
    let mut reader = formats::netvu::open(Kind::Binary);
    let (mut at, mut sizes) = (0, Vec::new());
    while at < data.len() {
        let window = formats::reader::Window {
            offset: at as u64,
            data: &data[at..],
            last: true,
            unread: None,
        };
        match reader.next(&window) {
            Step::Packet(packet) => {
                sizes.push((packet.width, packet.height));
                at += packet.size;
            }
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(sizes, [(704, 240); 6]);
    let warnings = reader.take_warnings();
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    assert!(warnings[0].contains("camera 1 claims frames of 704x480, its keyframes are 704x240"));
}

// SPDX-License-Identifier: MPL-2.0
use super::*;
use crate::{
    exp::{
        header::{self, CameraEntry},
        record::{self, Kind, Parsed},
    },
    fields::tests::check_header,
};
use proptest::prelude::*;

const AT: Timestamp = Timestamp {
    seconds: 1_257_862_530,
    millis: Some(266),
};

fn head() -> Head {
    Head {
        model: "DX4104".into(),
        server: "LOBBY-DVR".into(),
        utc_offset: -300,
        standard: Standard::Ntsc,
        cameras: vec![Camera {
            number: 2,
            width: 352,
            height: 240,
            rate: Some((15, 2)),
            title: "Front door".into(),
        }],
        audio: false,
    }
}

fn picture(key: bool) -> Picture {
    Picture {
        camera: 2,
        timestamp: AT,
        mode: Mode::Motion,
        width: 352,
        height: 240,
        key,
    }
}

#[test]
fn header_fields_stand_where_the_layout_says() {
    let (writer, bytes) = Writer::new(head(), AT).unwrap();
    assert_eq!(bytes.len(), 176);
    assert_eq!(writer.offset(), 176);
    assert_eq!(&bytes[..12], b"DXEXP\0\x01\0\xb0\0\0\0");
    assert_eq!(&bytes[12..16], [0; 4], "no index, no audio");
    assert_eq!(&bytes[16..32], b"DX4104\0\0\0\0\0\0\0\0\0\0");
    assert_eq!(&bytes[32..41], b"LOBBY-DVR");
    assert_eq!(&bytes[64..68], [0, 0, 0xd4, 0xfe], "-300 minutes");
    assert_eq!(
        &bytes[68..76],
        [0x82, 0x75, 0xf9, 0x4a, 0x82, 0x75, 0xf9, 0x4a]
    );
    assert_eq!(&bytes[76..88], [0; 12], "count and index not known");
    assert_eq!(&bytes[88..96], [1, 1, 0, 0, 0x60, 1, 0xf0, 0]);
    assert_eq!(&bytes[96..124], [0; 28]);
    assert_eq!(
        bytes[124..128],
        crc32fast::hash(&bytes[..120]).to_le_bytes()
    );
    assert_eq!(
        &bytes[128..136],
        [2, 0, 0x60, 1, 0xf0, 0, 0xee, 2],
        "7.5 frames per second"
    );
    assert_eq!(&bytes[136..147], b"Front door\0");
}

#[test]
fn p_record_is_plain_and_padded() {
    let (mut writer, _) = Writer::new(head(), AT).unwrap();
    let payload = [0, 0, 1, 0xb6, 0x50];
    let bytes = writer.picture(&picture(false), &payload).unwrap();
    assert_eq!(bytes.len(), 32);
    assert_eq!(&bytes[..4], 32u32.to_le_bytes());
    assert_eq!(&bytes[4..8], 1_257_862_530u32.to_le_bytes());
    assert_eq!(&bytes[8..16], [2, 2, 1, 4, 0x0a, 1, 0, 0]);
    assert_eq!(&bytes[16..20], 5u32.to_le_bytes());
    assert_eq!(bytes[20..24], crc32fast::hash(&payload).to_le_bytes());
    assert_eq!(&bytes[24..], [0, 0, 1, 0xb6, 0x50, 0, 0, 0]);
}

#[test]
fn key_record_is_reversed_in_groups_of_four_from_byte_80_on() {
    let (mut writer, _) = Writer::new(head(), AT).unwrap();
    let payload = [0, 0, 1, 0xb6, 0x10, 0x20];
    let bytes = writer.picture(&picture(true), &payload).unwrap();
    assert_eq!(bytes.len(), 96);
    assert_eq!(bytes[11], 6);
    assert_eq!(&bytes[16..80], [0; 64]);
    assert_eq!(&bytes[80..84], [0, 0, 0, 6]);
    assert_eq!(bytes[84..88], crc32fast::hash(&payload).to_be_bytes());
    assert_eq!(&bytes[88..], [0xb6, 1, 0, 0, 0, 0, 0x20, 0x10]);
}

#[test]
fn audio_record_names_codec_and_rate() {
    let (mut writer, _) = Writer::new(head(), AT).unwrap();
    let format = AudioFormat {
        rate: 16_000,
        channels: 1,
        block_align: 0,
    };
    let bytes = writer
        .audio(1, AT, Codec::MuLaw, &format, &[9, 8, 7])
        .unwrap();
    assert_eq!(&bytes[8..12], [1, 2, 2, 1]);
    assert_eq!(&bytes[16..20], 3u32.to_le_bytes());
    assert_eq!(&bytes[24..], [9, 8, 7, 0]);
    let stereo = AudioFormat {
        channels: 2,
        ..format
    };
    assert_eq!(
        writer.audio(1, AT, Codec::MuLaw, &stereo, &[0]),
        Err(WriteError::Audio(Codec::MuLaw, 16_000))
    );
    assert_eq!(writer.records(), 1);
}

#[test]
fn index_and_header_agree_at_the_end() {
    let (mut writer, first) = Writer::new(head(), AT).unwrap();
    writer
        .picture(&picture(true), &[0, 0, 1, 0xb6, 0x10, 0x20])
        .unwrap();
    let later = Timestamp {
        seconds: AT.seconds + 9,
        millis: Some(1),
    };
    writer
        .picture(
            &Picture {
                timestamp: later,
                ..picture(false)
            },
            &[0, 0, 1, 0xb6],
        )
        .unwrap();
    let index = writer.finish();
    assert_eq!(&index[..8], b"DXIX\x02\0\0\0");
    assert_eq!(&index[8..16], 176u64.to_le_bytes());
    assert_eq!(&index[16..24], [0x82, 0x75, 0xf9, 0x4a, 0x0a, 1, 2, 6]);
    assert_eq!(&index[24..32], 272u64.to_le_bytes());
    assert_eq!(&index[32..40], [0x8b, 0x75, 0xf9, 0x4a, 1, 0, 2, 4]);
    assert_eq!(index[40..], crc32fast::hash(&index[8..40]).to_le_bytes());
    let header = writer.header();
    assert_eq!(header.len(), first.len());
    assert_eq!(&header[12..16], [1, 0, 0, 0]);
    assert_eq!(&header[72..80], [0x8b, 0x75, 0xf9, 0x4a, 2, 0, 0, 0]);
    assert_eq!(&header[80..88], 300u64.to_le_bytes());
    assert_eq!(
        header[124..128],
        crc32fast::hash(&header[..120]).to_le_bytes()
    );
}

#[test]
fn sequence_numbers_count_on_over_all_records() {
    let (mut writer, _) = Writer::new(head(), AT).unwrap();
    for n in 0..65_538u32 {
        let bytes = writer.picture(&picture(false), &[0, 0, 1, 0xb6]).unwrap();
        assert_eq!(bytes[14..16], (n as u16).to_le_bytes());
    }
}

#[test]
fn what_does_not_fit_is_refused() {
    assert_eq!(
        Writer::new(
            Head {
                cameras: vec![Camera::default()],
                ..head()
            },
            AT
        )
        .map(|_| ()),
        Err(WriteError::Number(0))
    );
    let (mut writer, _) = Writer::new(head(), AT).unwrap();
    let old = Timestamp {
        seconds: -1,
        millis: None,
    };
    assert_eq!(
        writer.picture(
            &Picture {
                timestamp: old,
                ..picture(false)
            },
            &[0]
        ),
        Err(WriteError::Clock(-1))
    );
    let huge = vec![0; MAX_RECORD];
    assert!(matches!(
        writer.picture(&picture(true), &huge),
        Err(WriteError::Size(_))
    ));
    assert_eq!(writer.records(), 0);
}

#[test]
fn format_byte_follows_the_grid() {
    let bytes = [(352, 240), (704, 240), (704, 576), (176, 120), (640, 256)]
        .map(|(w, h)| size_format(w, h));
    assert_eq!(bytes, [1, 2, 3, 0, 2]);
}

#[test]
fn headers_are_written_as_they_were_read() {
    check_header::<FileHeader>();
    check_header::<CameraEntry>();
    check_header::<index::Head>();
    check_header::<index::Entry>();
    check_header::<index::Tail>();
}

fn any_camera() -> impl Strategy<Value = Camera> {
    let size = (16..8192_u16, 16..8192_u16);
    (1..=255_u16, size, 1..=6000_u32, "[A-Za-zäß€]{0,13}").prop_map(
        |(number, (width, height), rate, title)| Camera {
            number,
            width,
            height,
            rate: Some((rate, 100)),
            title,
        },
    )
}

proptest! {
    #[test]
    fn a_header_is_read_as_it_was_written(
        cameras in proptest::collection::vec(any_camera(), 0..12),
        names in ("[a-zé]{0,7}", "[ -~]{0,30}[!-~]"),
        utc_offset in -1440..=1440_i16,
        start in 1..u32::MAX,
        audio: bool,
    ) {
        let (model, server) = names;
        let head = Head { model, server, utc_offset, standard: Standard::Pal, cameras, audio };
        let at = Timestamp { seconds: start.into(), millis: None };
        let (writer, bytes) = Writer::new(head.clone(), at).unwrap();
        let parsed = header::parse(&bytes, 7, bytes.len()).unwrap();
        prop_assert_eq!(parsed.warnings, Vec::<String>::new());
        prop_assert_eq!(writer.offset(), bytes.len() as u64);
        let info = parsed.info;
        prop_assert_eq!(info.data_start, bytes.len() as u64 + 7);
        prop_assert_eq!((&info.model, &info.server), (&head.model, &head.server));
        prop_assert_eq!(info.cameras, head.cameras);
        prop_assert_eq!((info.utc_offset, info.standard), (Some(utc_offset.into()), Standard::Pal));
        prop_assert_eq!(info.span, Some((start.into(), start.into())));
        prop_assert_eq!((info.records, info.index), (None, None));
    }

    #[test]
    fn a_record_is_read_as_it_was_written(
        key: bool,
        camera in 1..=255_u16,
        seconds in 800_000_000..2_100_000_000_i64,
        millis in 0..1000_u16,
        mode in 0..MODES.len(),
        body in proptest::collection::vec(any::<u8>(), 0..40),
    ) {
        let timestamp = Timestamp { seconds, millis: Some(millis) };
        let mode = MODES[mode];
        let picture = Picture { camera, timestamp, mode, width: 704, height: 576, key };
        // a VOP of the right type, as the record's kind is compared with it
        let payload = [&[0, 0, 1, 0xb6, if key { 0x10 } else { 0x50 }], &body[..]].concat();
        let (mut writer, _) = Writer::new(head(), AT).unwrap();
        writer.picture(&picture, &payload).unwrap();
        let bytes = writer.picture(&picture, &payload).unwrap();
        let Parsed::Record(record) = record::parse(Layout::reference(), &bytes, None) else {
            return Err(TestCaseError::fail("no record"));
        };
        prop_assert_eq!(record.kind, if key { Kind::Key } else { Kind::P });
        prop_assert_eq!((record.size, record.camera, record.mode), (bytes.len(), camera, mode));
        prop_assert_eq!((record.timestamp, record.sequence, record.format), (Some(timestamp), Some(1), 3));
        prop_assert_eq!(record.crc, Some(crc32fast::hash(&payload)));
        prop_assert_eq!(record.stored_payload().to_vec(&bytes), payload);
    }
}

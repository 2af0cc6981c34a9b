// SPDX-License-Identifier: MPL-2.0
//! A VOL written from what the pictures show makes a decoder see what it saw with the encoder's own VOL.

use testing::mpeg4_tools;

use bitstream_io::{BigEndian, BitWrite, BitWriter};
use formats::mpeg4::bits::Bits;
use formats::mpeg4::start_code::{USER_DATA, start_codes};
use formats::mpeg4::{Inference, VolParams, VopHeader, VopType};
use mpeg4_tools::{decode, encode, have_ffmpeg, vops};

/// The same pictures behind the VOL that is written for them.
fn with_written_vol(pictures: &[&[u8]], size: (u16, u16), hint: Option<u16>) -> Vec<u8> {
    let mut inference = Inference::new();
    for vop in pictures {
        inference.add(vop);
    }
    let mut stream = inference.result().vol(size.0, size.1, hint).write();
    stream.extend(pictures.concat());
    stream
}

/// The stream without user data: a decoder that finds the encoder's name there imitates its arithmetic.
fn without_user_data(stream: &[u8]) -> Vec<u8> {
    let codes: Vec<_> = start_codes(stream).collect();
    let ends = codes
        .iter()
        .skip(1)
        .map(|(at, _)| *at)
        .chain([stream.len()]);
    codes
        .iter()
        .zip(ends)
        .filter(|((_, code), _)| *code != USER_DATA)
        .flat_map(|((at, _), end)| stream[*at..end].iter().copied())
        .collect()
}

#[test]
fn decoded_pictures_are_the_same_behind_the_written_header() {
    if !have_ffmpeg() {
        return;
    }
    let sizes = [(352, 240), (176, 144), (704, 480), (640, 256), (250, 122)];
    let rates = ["30000/1001", "25", "5", "15", "1", "60", "1000"];
    for (codec, rate, (width, height)) in rates
        .iter()
        .zip(sizes.iter().cycle())
        .flat_map(|(rate, size)| ["mpeg4", "libxvid"].map(|codec| (codec, *rate, *size)))
    {
        let source = format!("testsrc2=size={width}x{height}:rate={rate}");
        let Some(original) = encode(
            &source,
            24,
            &["-c:v", codec, "-bf", "0", "-g", "10", "-q:v", "6"],
        ) else {
            continue;
        };
        let vol = VolParams::parse(&original).expect("the encoder writes a VOL");
        assert_eq!((vol.width, vol.height), (width, height));
        let pictures = vops(&original);
        let mut inference = Inference::new();
        pictures.iter().for_each(|vop| inference.add(vop));
        let found = inference.result();
        let label = format!("{codec} {width}x{height} at {rate}/s");
        assert_eq!(
            found.increment_bits, vol.increment_bits,
            "{label}: {found:?}"
        );
        assert_eq!(found.quant_bits, 5, "{label}: {found:?}");
        assert_eq!(
            found.resolution(Some(vol.increment_resolution)),
            vol.increment_resolution
        );
        for vop in &pictures {
            VopHeader::parse(vop, &vol).expect("a header under the encoder's own VOL");
        }
        let (expected, _) = decode(&without_user_data(&original));
        let stream = with_written_vol(&pictures, (width, height), None);
        let (shown, complaints) = decode(&stream);
        assert_eq!(complaints, "", "{label}");
        assert_eq!(
            expected.len(),
            24 * usize::from(width) * usize::from(height) * 3 / 2,
            "{label}"
        );
        assert!(expected == shown, "{label}: the pixels differ");
    }
}

/// The picture with a quantiser of `wide` bits instead of 5: the same number, so the same pixels.
fn widen_quantiser(vop: &[u8], vol: &VolParams, wide: u32) -> Vec<u8> {
    let header = VopHeader::parse(vop, vol).expect("a header");
    let quant_end = header.bits - if header.kind == VopType::I { 0 } else { 3 };
    // what ends a picture: a 0 and then 1s up to the next byte
    let last = *vop.last().expect("bytes");
    let end = vop.len() * 8 - last.trailing_ones() as usize - 1;
    let mut from = Bits::new(vop);
    let mut to = BitWriter::endian(Vec::new(), BigEndian);
    while from.position() < end {
        if from.position() == quant_end - 5 {
            to.write_var::<u32>(wide, from.take(5).expect("a quantiser"))
                .expect("room");
        } else {
            to.write_bit(from.flag().expect("a bit")).expect("room");
        }
    }
    to.write_bit(false).expect("room");
    while !to.byte_aligned() {
        to.write_bit(true).expect("room");
    }
    to.into_writer()
}

#[test]
fn other_quantiser_widths_are_found_and_declared() {
    if !have_ffmpeg() {
        return;
    }
    let source = "testsrc2=size=352x240:rate=30";
    let original = encode(
        source,
        60,
        &[
            "-c:v", "mpeg4", "-bf", "0", "-g", "15", "-b:v", "300k", "-threads", "1",
        ],
    )
    .expect("ffmpeg's own encoder");
    let vol = VolParams::parse(&original).expect("a VOL");
    let (expected, _) = decode(&original);
    for wide in 6..=9 {
        let pictures: Vec<_> = vops(&original)
            .iter()
            .map(|vop| widen_quantiser(vop, &vol, wide))
            .collect();
        let pictures: Vec<_> = pictures.iter().map(Vec::as_slice).collect();
        let mut inference = Inference::new();
        pictures.iter().for_each(|vop| inference.add(vop));
        let found = inference.result();
        assert_eq!(
            (found.increment_bits, u32::from(found.quant_bits)),
            (5, wide),
            "{found:?}"
        );
        let (shown, complaints) = decode(&with_written_vol(&pictures, (352, 240), None));
        assert_eq!(complaints, "", "{wide} bits");
        assert!(expected == shown, "{wide} bits: the pixels differ");
    }
}

#[test]
fn whole_keyframes_settle_a_constant_quantiser() {
    if !have_ffmpeg() {
        return;
    }
    // all headers say quantiser 6, so that their bits alone allow several widths
    for size in [(352u16, 288u16), (704, 240), (176, 144)] {
        let source = format!("testsrc2=size={}x{}:rate=30", size.0, size.1);
        let original = encode(
            &source,
            12,
            &[
                "-c:v", "mpeg4", "-bf", "0", "-g", "3", "-q:v", "6", "-threads", "1",
            ],
        )
        .expect("ffmpeg's own encoder");
        let vol = VolParams::parse(&original).expect("a VOL");
        for wide in 5..=9 {
            let mut inference = Inference::new();
            for vop in vops(&original) {
                inference.add_key(&widen_quantiser(vop, &vol, wide));
            }
            let found = inference.result();
            assert_eq!(
                (found.increment_bits, u32::from(found.quant_bits)),
                (5, wide),
                "{found:?}"
            );
            assert!(found.certain, "{found:?}");
        }
    }
}

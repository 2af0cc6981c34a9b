// SPDX-License-Identifier: MPL-2.0
//! Which streams a file has, before it is played: those that its header declares may not be all.

use super::{
    lister::{Listed, Lister},
    map::Space,
    scan::{Scanned, Scanner},
    source::Source,
};
use crate::reader::{AudioFormat, Media, Reader, StreamKey};
use std::ops::ControlFlow;

/// Files of no more bytes are gone over whole.
const WHOLE: u64 = 4 << 20;
/// Places that are looked at in larger ones.
const PLACES: u64 = 8;
/// Bytes that are looked at in each place.
const LOOK: u64 = 48 << 10;
/// Bytes read at a time there.
const STRIDE: usize = 16 << 10;
/// Entries that are looked at at the beginning of an index, how many places behind them, and entries at each.
const FIRST_ENTRIES: u64 = 4 << 10;
const INDEX_PLACES: u64 = 24;
const ENTRIES: u64 = 256;
/// Streams that are found at most.
const MAX_STREAMS: usize = 64;

/// A stream that was met.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FoundStream {
    /// Camera or channel, and codec.
    pub key: StreamKey,
    /// Frame size in pixels, 0 = unknown.
    pub width: u16,
    /// See `width`.
    pub height: u16,
    /// Audio parameters.
    pub audio: Option<AudioFormat>,
    /// Records of it that were met.
    pub records: u32,
}

/// The streams of a file's records from `start` on. `reader` knows the index. Small files are gone over whole; of large ones
/// the index, where it names cameras, and some places are looked at.
///
/// # Errors
/// Whatever the source fails with.
pub fn find_streams<S: Source + Clone>(
    source: &S,
    reader: &dyn Reader,
    start: u64,
) -> Result<Vec<FoundStream>, S::Error> {
    let mut found = Vec::new();
    let Some(end) = source.size() else {
        return Ok(found);
    };
    let mut scanner = Scanner::new(source.clone(), reader.fork());
    scanner.heads_only();
    if end.saturating_sub(start) <= WHOLE {
        look_at(&mut scanner, start, end, &mut found)?;
        return Ok(found);
    }
    scanner.set_stride(STRIDE);
    scanner.expect_few();
    let width = end.saturating_sub(start);
    for place in 0..PLACES {
        let from = width.saturating_mul(place) / PLACES;
        let from = start.saturating_add(from);
        look_at(&mut scanner, from, from.saturating_add(LOOK), &mut found)?;
    }
    // cameras that the index alone shows: their first record says the rest
    if let Some(mut index) = Lister::new(source.clone(), reader, Space::Index, 0) {
        let count = index.index().map_or(0, |all| all.count());
        let mut cameras: Vec<(u16, u64)> = Vec::new();
        let known = |camera: u16| {
            let mut video = found
                .iter()
                .filter(|one| one.key.codec.media() == Media::Video);
            video.any(|one| one.key.camera == camera)
        };
        let mut note = |listed: Listed| {
            let camera = listed.mark.camera;
            if !known(camera) && !cameras.iter().any(|(one, _)| *one == camera) {
                cameras.push((camera, listed.mark.offset));
            }
            match cameras.len() < MAX_STREAMS {
                true => ControlFlow::Continue(()),
                false => ControlFlow::Break(()),
            }
        };
        index.walk(0, FIRST_ENTRIES, false, &mut note)?;
        for place in 1..INDEX_PLACES {
            let from = count.saturating_mul(place) / INDEX_PLACES;
            if from > FIRST_ENTRIES {
                index.walk_few(from, from.saturating_add(ENTRIES), false, &mut note)?;
            }
        }
        for (_, offset) in cameras {
            look_at(&mut scanner, offset, offset.saturating_add(1), &mut found)?;
        }
    }
    Ok(found)
}

/// Notes the streams of all records that begin between two offsets.
fn look_at<S: Source>(
    scanner: &mut Scanner<S>,
    from: u64,
    to: u64,
    found: &mut Vec<FoundStream>,
) -> Result<(), S::Error> {
    scanner.jump(from);
    while scanner.offset() < to {
        let Some(scanned) = scanner.scan()? else {
            return Ok(());
        };
        let Scanned::Packet { packet, .. } = scanned else {
            continue;
        };
        let room = found.len() < MAX_STREAMS;
        let known = found.iter_mut().find(|one| one.key == packet.stream);
        match known {
            Some(one) => {
                one.records = one.records.saturating_add(1);
                if one.width == 0 {
                    (one.width, one.height) = (packet.width, packet.height);
                }
            }
            None if room => found.push(FoundStream {
                key: packet.stream,
                width: packet.width,
                height: packet.height,
                audio: packet.audio,
                records: 1,
            }),
            None => {}
        }
    }
    Ok(())
}

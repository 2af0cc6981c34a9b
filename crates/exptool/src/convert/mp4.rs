// SPDX-License-Identifier: MPL-2.0
//! Finishes an MP4 or MOV file that was written with room for its `moov` box before the media data: the box goes to the front, with
//! the recorder's time as the time of creation and a list of chapters (`chpl`, as Nero's and most other programs write it), which
//! GStreamer's muxer has not. No media data moves. Numbers are big-endian (ISO/IEC 14496-12).

use super::look::Chapter;
use crate::common::Failure;
use std::{
    fs::{File, OpenOptions},
    io::{self, Read, Seek, SeekFrom, Write},
    path::Path,
};

/// A list counts its chapters in one byte.
pub const MAX_CHAPTERS: usize = 255;
/// Largest `moov` box that is taken into memory, bytes: far more than a day of frames needs.
const MAX_MOOV: u64 = 256 << 20;
/// Seconds from 1904, where these files begin to count, to 1970.
const EPOCH: i64 = 2_082_844_800;

/// What is put into the file.
pub struct Additions<'a> {
    /// One for each run.
    pub chapters: &'a [Chapter],
    /// Seconds since 1970 of the first frame, UTC, where there is a clock.
    pub created: Option<i64>,
    /// A text in the `moov` box and what it becomes, of the same length.
    pub replace: (&'a [u8], &'a [u8]),
}

/// Moves `moov` to the front.
///
/// # Errors
/// A file that cannot be changed, or that has no room.
pub fn finish(path: &Path, additions: &Additions<'_>) -> Result<(), Failure> {
    let fail = |error: io::Error| Failure::Output(format!("{}: {error}", path.display()));
    let mut file = OpenOptions::new()
        .read(true)
        .write(true)
        .open(path)
        .map_err(fail)?;
    rewrite(&mut file, additions).map_err(fail)
}

fn rewrite(file: &mut File, additions: &Additions<'_>) -> io::Result<()> {
    let size = file.metadata()?.len();
    let mut at = 0;
    let (mut front, mut moov, mut media) = (None, None, None);
    while at + 8 <= size && media.is_none() {
        let (kind, length) = head(file, at, size)?;
        match &kind {
            b"ftyp" => front = Some(at + length),
            b"moov" => moov = Some((at, length)),
            b"mdat" => media = Some(at),
            _ => {}
        }
        at += length;
    }
    let (Some(front), Some((at, length)), Some(media)) = (front, moov, media) else {
        return Err(io::Error::other(
            "the muxer left no moov box before the media data",
        ));
    };
    if length > MAX_MOOV {
        return Err(io::Error::other("the moov box is too long"));
    }
    let mut boxes = vec![0; usize::try_from(length).unwrap_or(0)];
    file.seek(SeekFrom::Start(at))?;
    file.read_exact(&mut boxes)?;
    let boxes = change(boxes, additions);
    let room = (media - front)
        .checked_sub(boxes.len() as u64)
        .filter(|left| *left == 0 || *left >= 8)
        .and_then(|left| u32::try_from(left).ok());
    let Some(left) = room else {
        return Err(io::Error::other(
            "there is no room for the moov box before the media data",
        ));
    };
    file.seek(SeekFrom::Start(front))?;
    file.write_all(&boxes)?;
    if left > 0 {
        file.write_all(&[&left.to_be_bytes()[..], b"free"].concat())?;
        let mut zeros = io::repeat(0).take(u64::from(left) - 8);
        io::copy(&mut zeros, file)?;
    }
    file.flush()
}

/// Kind and length of the box at an offset of the file.
fn head(file: &mut File, at: u64, size: u64) -> io::Result<([u8; 4], u64)> {
    let mut head = [0; 16];
    file.seek(SeekFrom::Start(at))?;
    let count = file.read(&mut head)?;
    let (kind, length) = head
        .get(..count)
        .and_then(|head| header(head, size - at))
        .ok_or_else(|| io::Error::other(format!("the box at offset {at} has no valid size")))?;
    Ok((kind, length.0))
}

/// Kind of a box, its length and that of its head; `rest` is what there is of it.
fn header(bytes: &[u8], rest: u64) -> Option<([u8; 4], (u64, usize))> {
    let length = u32::from_be_bytes(bytes.get(..4)?.try_into().ok()?);
    let kind = bytes.get(4..8)?.try_into().ok()?;
    let (length, head) = match length {
        0 => (rest, 8),
        1 => (u64::from_be_bytes(bytes.get(8..16)?.try_into().ok()?), 16),
        length => (u64::from(length), 8),
    };
    (length >= head as u64 && length <= rest).then_some((kind, (length, head)))
}

/// The boxes that a box begins with `skip` bytes into it holds: offset, kind, head and length of each.
fn inside(bytes: &[u8], mut at: usize, end: usize) -> Vec<(usize, [u8; 4], usize, usize)> {
    let mut out = Vec::new();
    while let Some(rest) = bytes.get(at..end)
        && let Some((kind, (length, head))) = header(rest, rest.len() as u64)
    {
        let length = usize::try_from(length).unwrap_or(rest.len());
        out.push((at, kind, head, length));
        at += length;
    }
    out
}

fn change(mut boxes: Vec<u8>, additions: &Additions<'_>) -> Vec<u8> {
    let (from, to) = additions.replace;
    if let Some(at) = memchr::memmem::find(&boxes, from)
        && let Some(place) = boxes.get_mut(at..at + to.len())
    {
        place.copy_from_slice(to);
    }
    if let Some(created) = additions.created {
        let end = boxes.len();
        set_times(
            &mut boxes,
            8,
            end,
            created.saturating_add(EPOCH).max(0).unsigned_abs(),
        );
    }
    if additions.chapters.len() > 1 {
        add_chapters(&mut boxes, additions.chapters);
    }
    boxes
}

/// Sets the times of creation and change in the headers of movie, tracks and media.
fn set_times(boxes: &mut [u8], from: usize, to: usize, time: u64) {
    for (at, kind, head, length) in inside(boxes, from, to) {
        match &kind {
            b"trak" | b"mdia" => set_times(boxes, at + head, at + length, time),
            b"mvhd" | b"tkhd" | b"mdhd" => {
                let body = at + head;
                let wide = boxes.get(body) == Some(&1);
                let bytes = match (wide, u32::try_from(time)) {
                    (false, Ok(time)) => time.to_be_bytes().repeat(2),
                    (true, _) => time.to_be_bytes().repeat(2),
                    (false, Err(_)) => continue,
                };
                if let Some(place) = boxes.get_mut(body + 4..body + 4 + bytes.len()) {
                    place.copy_from_slice(&bytes);
                }
            }
            _ => {}
        }
    }
}

/// Puts the list into the last `udta` box, or into one of its own at the end.
fn add_chapters(boxes: &mut Vec<u8>, chapters: &[Chapter]) {
    let list = chpl(chapters);
    let end = boxes.len();
    let last = inside(boxes, 8, end).pop();
    match last
        .filter(|(at, kind, head, length)| kind == b"udta" && *head == 8 && at + length == end)
    {
        Some((at, _, _, length)) => {
            boxes.extend(&list);
            set_length(boxes, at, length + list.len());
        }
        None => boxes.extend(boxed(b"udta", &list)),
    }
    let length = boxes.len();
    set_length(boxes, 0, length);
}

fn set_length(boxes: &mut [u8], at: usize, length: usize) {
    if let (Some(place), Ok(length)) = (boxes.get_mut(at..at + 4), u32::try_from(length)) {
        place.copy_from_slice(&length.to_be_bytes());
    }
}

fn boxed(name: &[u8; 4], body: &[u8]) -> Vec<u8> {
    let size = u32::try_from(body.len() + 8).unwrap_or(u32::MAX);
    [&size.to_be_bytes()[..], name, body].concat()
}

/// Version 1: a reserved word, the count in one byte, then start in 100 ns, length of the title, title.
fn chpl(chapters: &[Chapter]) -> Vec<u8> {
    let listed = chapters.iter().take(MAX_CHAPTERS);
    let mut body = vec![1, 0, 0, 0, 0, 0, 0, 0];
    body.push(u8::try_from(listed.len()).unwrap_or(u8::MAX));
    for chapter in listed {
        let title = chapter.title.as_bytes();
        let title = title.get(..255).unwrap_or(title);
        body.extend_from_slice(&(chapter.start / 100).to_be_bytes());
        body.push(u8::try_from(title.len()).unwrap_or(u8::MAX));
        body.extend_from_slice(title);
    }
    boxed(b"chpl", &body)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(bytes: &[u8]) -> Vec<([u8; 4], usize)> {
        let all = inside(bytes, 0, bytes.len());
        all.into_iter()
            .map(|(_, kind, _, length)| (kind, length))
            .collect()
    }

    #[test]
    fn moov_goes_to_the_front_with_chapters_and_time() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x.mp4");
        let chapter = |start: u64, title: &str| Chapter {
            start: start * 1_000_000_000,
            end: (start + 1) * 1_000_000_000,
            title: title.into(),
        };
        let chapters = [chapter(0, "first"), chapter(1, "run")];
        let additions = Additions {
            chapters: &chapters,
            created: Some(0),
            replace: (b"#####", b"12345"),
        };
        let ftyp = boxed(b"ftyp", b"isom");
        let mvhd = boxed(b"mvhd", &[0; 20]);
        let mdat = boxed(b"mdat", b"media data");
        for udta in [Vec::new(), boxed(b"udta", &boxed(b"meta", b"#####"))] {
            let moov = boxed(b"moov", &[&mvhd[..], &udta].concat());
            let free = boxed(b"free", &[0; 200]);
            std::fs::write(&path, [&ftyp[..], &free, &moov, &free, &mdat].concat()).unwrap();
            let size = std::fs::metadata(&path).unwrap().len();
            finish(&path, &additions).unwrap();
            let bytes = std::fs::read(&path).unwrap();
            assert_eq!(bytes.len() as u64, size);
            let found = kinds(&bytes);
            let names: Vec<&[u8; 4]> = found.iter().map(|(kind, _)| kind).collect();
            assert_eq!(names, [b"ftyp", b"moov", b"free", b"mdat"]);
            assert!(bytes.ends_with(b"media data"));
            let moov = &bytes[ftyp.len()..ftyp.len() + found[1].1];
            assert!(moov.ends_with(b"\x03run"));
            assert_eq!(moov[20..24], 2_082_844_800_u32.to_be_bytes());
            assert_eq!(
                udta.is_empty(),
                memchr::memmem::find(moov, b"12345").is_none()
            );
        }
        // no room at all
        let moov = boxed(b"moov", &mvhd);
        std::fs::write(&path, [&ftyp[..], &moov, &mdat].concat()).unwrap();
        assert!(finish(&path, &additions).is_err());
    }
}

// SPDX-License-Identifier: MPL-2.0
//! Chapters: one for each run. Matroska gets them from its muxer. GStreamer's MP4 muxer writes none, so a list of chapters (`chpl`,
//! as Nero's and most other programs write it) is put into the finished file.

use super::clip::Clip;
use crate::common::Failure;
use crate::recording::{Camera, Recording, Stretch};
use std::{
    fs::{File, OpenOptions},
    io::{self, Read, Seek, SeekFrom, Write},
    path::Path,
};

/// A list in an MP4 file counts its chapters in one byte.
pub const MP4_MAX: usize = 255;
/// Runs that are made chapters of at most.
pub const MAX: usize = 1000;

/// A chapter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chapter {
    /// Nanoseconds from the output's beginning.
    pub start: u64,
    /// See `start`.
    pub end: u64,
    /// Beginning of the run in local time, and its mode.
    pub title: String,
}

/// The chapters of a camera's output.
pub fn of(
    recording: &Recording,
    camera: &Camera,
    clip: Option<&Clip>,
    preserve: bool,
    exact: bool,
) -> Vec<Chapter> {
    // a run without a keyframe shows nothing
    let wanted = |run: &&Stretch| {
        run.decodable.is_some() && clip.is_none_or(|clip| clip.meets(run.start, run.last))
    };
    let mut out: Vec<Chapter> = Vec::new();
    let mut at = 0_i64;
    let mut before: Option<i64> = None;
    for run in camera.runs.iter().filter(wanted).take(MAX) {
        let decodable = run.decodable.unwrap_or(run.start);
        // where the run begins in the output, what it shows first, and what it shows last
        let (start, shown, last) = match clip {
            None => (run.start, decodable, run.last),
            Some(clip) => clip.part((run.start, run.last), decodable, exact),
        };
        if shown > last {
            continue;
        }
        let gap = before.map_or(0, |before| start.saturating_sub(before));
        if preserve && gap > 0 {
            at = at.saturating_add(gap);
        }
        // the output begins with its first picture that can be decoded
        let late = shown.saturating_sub(start);
        if out.is_empty() {
            at = at.saturating_sub(late);
        }
        let length = last
            .saturating_sub(start)
            .saturating_add(camera.timing.interval);
        let mode = run.spans.first().and_then(|span| span.mode.name());
        let time = recording.short_time(shown);
        let zone = match recording.has_clock() {
            true => format!(" {}", recording.zone.offset_name()),
            false => String::new(),
        };
        out.push(Chapter {
            start: at.saturating_add(late).max(0).unsigned_abs(),
            end: at.saturating_add(length).max(0).unsigned_abs(),
            title: match mode {
                Some(mode) => format!("{time}{zone}, {mode}"),
                None => format!("{time}{zone}"),
            },
        });
        at = at.saturating_add(length);
        before = Some(start.saturating_add(length));
    }
    out
}

/// As a muxer wants them.
pub fn toc(chapters: &[Chapter]) -> gst::Toc {
    let mut toc = gst::Toc::new(gst::TocScope::Global);
    let signed = |time: u64| i64::try_from(time).unwrap_or(i64::MAX);
    for (n, chapter) in chapters.iter().enumerate() {
        let mut entry = gst::TocEntry::new(gst::TocEntryType::Chapter, &format!("run-{}", n + 1));
        let mut tags = gst::TagList::new();
        tags.make_mut()
            .add::<gst::tags::Title>(&chapter.title.as_str(), gst::TagMergeMode::Replace);
        let changed = entry.make_mut();
        changed.set_tags(tags);
        changed.set_start_stop_times(signed(chapter.start), signed(chapter.end));
        toc.make_mut().append_entry(entry);
    }
    toc
}

/// Puts a list of chapters into a finished MP4 file whose `moov` stands behind the pictures: nothing that the file points to moves.
///
/// # Errors
/// A file that cannot be changed, or that is built otherwise.
pub fn write_mp4(path: &Path, chapters: &[Chapter]) -> Result<(), Failure> {
    let fail = |error: io::Error| Failure::Output(format!("{}: {error}", path.display()));
    let mut file = OpenOptions::new()
        .read(true)
        .write(true)
        .open(path)
        .map_err(fail)?;
    let list = chpl(chapters);
    add(&mut file, &list).map_err(fail)
}

fn add(file: &mut File, list: &[u8]) -> io::Result<()> {
    let size = file.metadata()?.len();
    let moov = find(file, 0, size, b"moov")?.ok_or_else(|| other("there is no moov box"))?;
    if find(file, moov.end(), size, b"mdat")?.is_some() {
        return Err(other("the moov box stands before the pictures"));
    }
    let udta = find(file, moov.body(), moov.end(), b"udta")?;
    let insert = udta.as_ref().map_or(moov.end(), Place::end);
    let mut tail = Vec::new();
    file.seek(SeekFrom::Start(insert))?;
    file.read_to_end(&mut tail)?;
    let new = match udta {
        Some(_) => list.to_vec(),
        None => boxed(b"udta", list),
    };
    file.seek(SeekFrom::Start(insert))?;
    file.write_all(&new)?;
    file.write_all(&tail)?;
    for place in [Some(moov), udta].into_iter().flatten() {
        let grown = u32::try_from(place.size + new.len() as u64)
            .map_err(|_| other("the moov box is too long"))?;
        file.seek(SeekFrom::Start(place.at))?;
        file.write_all(&grown.to_be_bytes())?;
    }
    file.flush()
}

fn other(text: &str) -> io::Error {
    io::Error::other(format!("chapters cannot be added: {text}"))
}

/// A box of the file.
struct Place {
    at: u64,
    size: u64,
    head: u64,
}

impl Place {
    fn end(&self) -> u64 {
        self.at + self.size
    }

    fn body(&self) -> u64 {
        self.at + self.head
    }
}

/// Looks for a box among those between two offsets.
fn find(file: &mut File, from: u64, to: u64, name: &[u8; 4]) -> io::Result<Option<Place>> {
    let mut at = from;
    while at + 8 <= to {
        let mut head = [0; 8];
        file.seek(SeekFrom::Start(at))?;
        file.read_exact(&mut head)?;
        let [a, b, c, d, kind @ ..] = head;
        let (mut size, mut head) = (u64::from(u32::from_be_bytes([a, b, c, d])), 8);
        if size == 1 {
            let mut long = [0; 8];
            file.read_exact(&mut long)?;
            (size, head) = (u64::from_be_bytes(long), 16);
        } else if size == 0 {
            size = to - at;
        }
        if size < head || size > to - at {
            return Err(other(&format!("the box at offset {at} has no valid size")));
        }
        if kind == *name {
            return Ok(Some(Place { at, size, head }));
        }
        at += size;
    }
    Ok(None)
}

fn boxed(name: &[u8; 4], body: &[u8]) -> Vec<u8> {
    let size = u32::try_from(body.len() + 8).unwrap_or(u32::MAX);
    [&size.to_be_bytes()[..], name, body].concat()
}

/// Version 1: a reserved word, the count in one byte, then start in 100 ns, length of the title, title.
fn chpl(chapters: &[Chapter]) -> Vec<u8> {
    let listed = chapters.iter().take(MP4_MAX);
    let mut body = vec![1, 0, 0, 0, 0, 0, 0, 0];
    body.push(u8::try_from(chapters.len().min(MP4_MAX)).unwrap_or(u8::MAX));
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

    #[test]
    fn chapters_go_into_the_last_box() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x.mp4");
        let chapter = [Chapter {
            start: 1_000_000_000,
            end: 2_000_000_000,
            title: "run".into(),
        }];
        let ftyp = boxed(b"ftyp", b"isom");
        let inner = boxed(b"trak", &[1, 2, 3]);
        for udta in [Vec::new(), boxed(b"udta", &boxed(b"meta", &[9; 5]))] {
            let moov = boxed(b"moov", &[&inner[..], &udta].concat());
            std::fs::write(&path, [&ftyp[..], &moov].concat()).unwrap();
            write_mp4(&path, &chapter).unwrap();
            let bytes = std::fs::read(&path).unwrap();
            let body = &bytes[ftyp.len()..];
            assert_eq!(
                body.len(),
                u32::from_be_bytes(body[..4].try_into().unwrap()) as usize
            );
            assert!(body.ends_with(b"run"));
            let mut file = File::open(&path).unwrap();
            let moov = find(&mut file, 0, bytes.len() as u64, b"moov")
                .unwrap()
                .unwrap();
            let udta = find(&mut file, moov.body(), moov.end(), b"udta")
                .unwrap()
                .unwrap();
            let chpl = find(&mut file, udta.body(), udta.end(), b"chpl")
                .unwrap()
                .unwrap();
            assert_eq!(chpl.size, 8 + 9 + 9 + 3);
        }
        // with the moov first, offsets would move
        std::fs::write(
            &path,
            [boxed(b"moov", &inner), boxed(b"mdat", &[1])].concat(),
        )
        .unwrap();
        assert!(write_mp4(&path, &chapter).is_err());
    }
}

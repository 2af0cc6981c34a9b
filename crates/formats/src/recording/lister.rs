// SPDX-License-Identifier: MPL-2.0
//! Frames anywhere in the file, beside playback: what is where, and when it was recorded.

use super::{
    index::IndexScanner,
    map::Space,
    scan::{Scanned, Scanner},
    source::Source,
};
use crate::{
    reader::{Media, Mode, Reader},
    timeline::{FrameTiming, Interpolator, Mark, Resolution},
};
use std::ops::ControlFlow;

/// Bytes read at a time while looking for one record.
const SAMPLE: usize = 32 << 10;
/// Bytes read at a time for the record that an index entry points to.
const POINTED: usize = 1 << 10;
/// Bytes read at a time while going over many.
const STRIDE: usize = 256 << 10;

/// A frame, and where it is listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Its position: the record's offset, or the number of its index entry.
    pub position: u64,
    /// The record.
    pub mark: Mark,
    /// Sequence number of the record, wrapping at 65,536.
    pub sequence: Option<u16>,
    /// Why it was recorded, where the position says so.
    pub mode: Mode,
    /// Playing time of a block of audio, nanoseconds; 0 for frames.
    pub length: i64,
}

/// Lists the frames of a file, by its records or by its index.
pub struct Lister<S: Source + Clone> {
    scanner: Scanner<S>,
    index: Option<IndexScanner<S>>,
    camera: u16,
    audio: bool,
    /// Where audio ends that was met and has a clock, in nanoseconds of it.
    pub audio_end: Option<i64>,
}

impl<S: Source + Clone> Lister<S> {
    /// A lister in this space. `reader` is a fork of the file's reader; `camera` the only one of interest, 0 = all. `None` where
    /// the file has no index to list.
    pub fn new(source: S, reader: &dyn Reader, space: Space, camera: u16) -> Option<Lister<S>> {
        let index = match space {
            Space::Records => None,
            Space::Index => Some(IndexScanner::new(source.clone(), reader.fork())?),
        };
        let mut scanner = Scanner::new(source, reader.fork());
        scanner.heads_only();
        Some(Lister {
            scanner,
            index,
            camera,
            audio: false,
            audio_end: None,
        })
    }

    /// Lists blocks of audio among the frames.
    pub fn with_audio(mut self) -> Lister<S> {
        self.audio = true;
        self
    }

    /// Bytes read so far.
    pub fn bytes_read(&self) -> u64 {
        let index = self.index.as_ref().map_or(0, IndexScanner::bytes_read);
        self.scanner.bytes_read().saturating_add(index)
    }

    /// The index, in its space.
    pub fn index(&self) -> Option<&IndexScanner<S>> {
        self.index.as_ref()
    }

    /// The first frame at `from` or later whose position is before `to`.
    ///
    /// # Errors
    /// Whatever the source fails with.
    pub fn sample(&mut self, from: u64, to: u64) -> Result<Option<Listed>, S::Error> {
        let mut found = None;
        let mut show = |listed: Listed| {
            found = Some(listed);
            ControlFlow::Break(())
        };
        match self.index.is_some() {
            true => self.each_entry(from, to, false, &mut show)?,
            false => {
                self.scanner.set_stride(SAMPLE);
                self.each_record(from, to, true, &mut show)?;
            }
        }
        Ok(match found {
            Some(listed) if listed.mark.timestamp.is_none() && self.index.is_some() => {
                self.fill_in(listed)?
            }
            found => found,
        })
    }

    /// The record that an index entry points to; `None` where none begins there.
    ///
    /// # Errors
    /// Whatever the source fails with.
    pub fn record_at(&mut self, offset: u64) -> Result<Option<Listed>, S::Error> {
        self.scanner.set_stride(POINTED);
        let mut found = None;
        let camera = std::mem::take(&mut self.camera);
        let done = self.each_record(offset, offset.saturating_add(1), true, &mut |listed| {
            found = Some(listed);
            ControlFlow::Break(())
        });
        self.camera = camera;
        done.map(|()| found)
    }

    /// An entry with what only its record says.
    fn fill_in(&mut self, listed: Listed) -> Result<Option<Listed>, S::Error> {
        let record = self.record_at(listed.mark.offset)?;
        Ok(record.map(|record| Listed {
            mark: Mark {
                timestamp: record.mark.timestamp,
                ..listed.mark
            },
            sequence: record.sequence,
            mode: record.mode,
            ..listed
        }))
    }

    /// Shows every frame from `from` on whose position is before `to`. `jump`: no record need begin at `from`.
    ///
    /// # Errors
    /// Whatever the source fails with.
    pub fn walk(
        &mut self,
        from: u64,
        to: u64,
        jump: bool,
        show: &mut dyn FnMut(Listed) -> ControlFlow<()>,
    ) -> Result<(), S::Error> {
        if self.index.is_some() {
            return self.each_entry(from, to, true, show);
        }
        self.scanner.set_stride(STRIDE);
        self.each_record(from, to, jump, show)
    }

    /// As [`Lister::walk`] over records or entries of which only the first few are wanted.
    ///
    /// # Errors
    /// Whatever the source fails with.
    pub fn walk_few(
        &mut self,
        from: u64,
        to: u64,
        jump: bool,
        show: &mut dyn FnMut(Listed) -> ControlFlow<()>,
    ) -> Result<(), S::Error> {
        if self.index.is_some() {
            return self.each_entry(from, to, false, show);
        }
        self.scanner.set_stride(SAMPLE);
        self.scanner.expect_few();
        self.each_record(from, to, jump, show)
    }

    fn each_entry(
        &mut self,
        from: u64,
        to: u64,
        many: bool,
        show: &mut dyn FnMut(Listed) -> ControlFlow<()>,
    ) -> Result<(), S::Error> {
        let Some(index) = &mut self.index else {
            return Ok(());
        };
        for number in from..to.min(index.count()) {
            let Some(entry) = index.entry(number, many)? else {
                return Ok(());
            };
            if !entry.video || (self.camera != 0 && entry.camera != self.camera) {
                continue;
            }
            let shown = show(Listed {
                position: number,
                mark: Mark {
                    camera: entry.camera,
                    codec: crate::reader::Codec::Mpeg4,
                    video: true,
                    key: entry.key,
                    offset: entry.offset,
                    timestamp: entry.timestamp,
                    slot: entry.slot,
                },
                sequence: None,
                mode: Mode::Unknown,
                length: 0,
            });
            if shown.is_break() {
                return Ok(());
            }
        }
        Ok(())
    }

    fn each_record(
        &mut self,
        from: u64,
        to: u64,
        jump: bool,
        show: &mut dyn FnMut(Listed) -> ControlFlow<()>,
    ) -> Result<(), S::Error> {
        match jump {
            true => self.scanner.jump(from),
            false => self.scanner.place(from),
        }
        self.scanner.set_limit(to);
        let (camera, audio) = (self.camera, self.audio);
        let audio_end = &mut self.audio_end;
        while let Some(scanned) = self.scanner.scan()? {
            let (offset, packet) = match scanned {
                Scanned::Packet { offset, packet, .. } => (offset, packet),
                Scanned::Skipped { offset, length } if offset.saturating_add(length) >= to => {
                    return Ok(());
                }
                Scanned::Damaged(damage) if damage.end() >= to => return Ok(()),
                _ => continue,
            };
            if offset >= to {
                return Ok(());
            }
            let mark = Mark::new(offset, &packet);
            let is_audio = packet.stream.codec.media() == Media::Audio;
            let length = packet.audio.map_or(0, |audio| {
                audio.duration(packet.stream.codec, packet.payload.len())
            });
            if is_audio {
                let end = mark.clock().map(|clock| clock.saturating_add(length));
                *audio_end = end.or(*audio_end);
            }
            let wanted = match mark.video {
                true => camera == 0 || mark.camera == camera,
                false => audio && is_audio,
            };
            if !wanted {
                continue;
            }
            let shown = show(Listed {
                position: offset,
                mark,
                sequence: packet.sequence,
                mode: packet.mode,
                length,
            });
            if shown.is_break() {
                return Ok(());
            }
        }
        Ok(())
    }

    /// The frames from `from` on with the time they are played at, until `enough` says so. The frames of the first second are left
    /// out where the clock only counts seconds and reading began inside it; `whole`: it begins where the run does.
    ///
    /// # Errors
    /// Whatever the source fails with.
    pub fn timed(
        &mut self,
        from: u64,
        to: u64,
        timing: &FrameTiming,
        whole: bool,
        enough: &mut dyn FnMut(&Listed, i64) -> bool,
    ) -> Result<Vec<(Listed, i64)>, S::Error> {
        let mut interpolator: Interpolator<Listed> = Interpolator::new(*timing);
        let mut out = Vec::new();
        let coarse = timing.resolution == Resolution::Seconds && !whole;
        let mut first: Vec<(u16, i64)> = Vec::new();
        // a few groups of frames are wanted, of long ones the heads
        self.scanner.set_stride(SAMPLE);
        self.scanner.expect_few();
        self.each_record(from, to, !whole, &mut |listed| {
            interpolator.push(listed, listed.mark);
            while let Some((listed, mark, time)) = interpolator.pop() {
                if coarse && is_first_second(&mut first, &mark) {
                    continue;
                }
                let done = enough(&listed, time);
                out.push((listed, time));
                if done {
                    return ControlFlow::Break(());
                }
            }
            ControlFlow::Continue(())
        })?;
        interpolator.finish();
        while let Some((listed, mark, time)) = interpolator.pop() {
            if !(coarse && is_first_second(&mut first, &mark)) {
                out.push((listed, time));
            }
        }
        Ok(out)
    }
}

/// Whether a record belongs to the first second that was seen of its camera.
fn is_first_second(first: &mut Vec<(u16, i64)>, mark: &Mark) -> bool {
    let Some(timestamp) = mark.timestamp else {
        return false;
    };
    match first.iter().find(|(camera, _)| *camera == mark.camera) {
        Some((_, second)) => *second == timestamp.seconds,
        None => {
            first.push((mark.camera, timestamp.seconds));
            true
        }
    }
}

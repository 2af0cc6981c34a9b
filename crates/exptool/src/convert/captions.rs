// SPDX-License-Identifier: MPL-2.0
//! The recorder's clock as text: a line for a frame, and cues of subtitles.

use crate::common::{
    clock::{Zone, duration},
    output::NewFile,
};
use gst::prelude::*;
use std::io::Write;

/// Coded bytes in one cue. The frames of a cue wait before the muxer until its text is complete, so this bounds what waits.
const MAX_WAITING: usize = 4 << 20;
/// Longest cue where the text stays the same, nanoseconds.
const MAX_CUE: u64 = 10_000_000_000;

/// Writes the text of a moment.
#[derive(Clone, Debug)]
pub struct Words {
    /// Zone of local time.
    pub zone: Zone,
    /// Times are times of day.
    pub has_clock: bool,
    /// `camera 1 (Lobby)`.
    pub camera: String,
}

impl Words {
    /// Clock, camera and mode, with `between` after the clock.
    pub fn write(&self, clock: i64, mode: &str, between: &str) -> String {
        let time = match self.has_clock {
            true => self.zone.local(clock),
            false => format!("+{}", duration(clock)),
        };
        let comma = if mode.is_empty() { "" } else { ", " };
        format!("{time}{between}{}{comma}{mode}", self.camera)
    }
}

/// Where cues go.
pub enum Target {
    /// Into the muxer, by this `appsrc`.
    Track(gst::Element),
    /// Into a file beside the output.
    File(NewFile),
}

/// The cue that is being put together, and those before.
pub struct Cues {
    target: Target,
    text: String,
    start: u64,
    end: u64,
    bytes: usize,
    number: u64,
    failed: Option<String>,
}

impl Cues {
    /// No cue yet.
    pub fn new(target: Target) -> Cues {
        Cues {
            target,
            text: String::new(),
            start: 0,
            end: 0,
            bytes: 0,
            number: 0,
            failed: None,
        }
    }

    /// A frame is shown from `start` to `end`, nanoseconds in the output.
    pub fn frame(&mut self, text: String, start: u64, end: u64, bytes: usize) {
        let full = self.bytes >= MAX_WAITING || start.saturating_sub(self.start) >= MAX_CUE;
        // after a gap the old text is not true any more, even where it is the same
        let apart = start > self.end.saturating_add(1_000_000_000);
        if text != self.text || full || apart {
            self.flush(start);
            self.text = text;
            self.start = start;
            self.bytes = 0;
        }
        self.end = end;
        self.bytes = self.bytes.saturating_add(bytes);
    }

    fn flush(&mut self, next: u64) {
        let end = self.end.min(next.max(self.start));
        if self.text.is_empty() || end <= self.start {
            return;
        }
        self.number += 1;
        match &mut self.target {
            Target::Track(source) => {
                let mut buffer = gst::Buffer::from_slice(self.text.clone().into_bytes());
                if let Some(buffer) = buffer.get_mut() {
                    buffer.set_pts(gst::ClockTime::from_nseconds(self.start));
                    buffer.set_duration(gst::ClockTime::from_nseconds(end - self.start));
                }
                let _: gst::FlowReturn = source.emit_by_name("push-buffer", &[&buffer]);
            }
            Target::File(file) => {
                let written = write!(
                    file,
                    "{}\r\n{} --> {}\r\n{}\r\n\r\n",
                    self.number,
                    srt_time(self.start),
                    srt_time(end),
                    self.text
                );
                if let Err(error) = written {
                    self.failed.get_or_insert(error.to_string());
                }
            }
        }
    }

    /// No frame follows.
    pub fn end(&mut self) {
        self.flush(u64::MAX);
        self.text.clear();
        if let Target::Track(source) = &self.target {
            let _: gst::FlowReturn = source.emit_by_name("end-of-stream", &[]);
        }
    }

    /// The file of cues, where there is one, and what went wrong with it.
    pub fn into_file(self) -> (Option<NewFile>, Option<String>) {
        match self.target {
            Target::File(file) => (Some(file), self.failed),
            Target::Track(_) => (None, None),
        }
    }
}

/// `00:01:02,345`.
fn srt_time(ns: u64) -> String {
    let ms = ns / 1_000_000;
    let (seconds, ms) = (ms / 1000, ms % 1000);
    format!(
        "{:02}:{:02}:{:02},{ms:03}",
        seconds / 3600,
        seconds / 60 % 60,
        seconds % 60
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_in_words() {
        let words = Words {
            zone: Zone::new(None, Some(-300)),
            has_clock: true,
            camera: "camera 1 (Lobby)".to_owned(),
        };
        assert_eq!(
            Words {
                zone: words.zone.in_seconds(),
                ..words.clone()
            }
            .write(1_257_862_530_133_000_000, "motion", ", "),
            "2009-11-10 09:15:30 -05:00, camera 1 (Lobby), motion"
        );
        assert_eq!(
            words.write(1_257_862_530_133_000_000, "", "\n"),
            "2009-11-10 09:15:30.133 -05:00\ncamera 1 (Lobby)"
        );
    }

    #[test]
    fn cues_follow_the_text() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x.srt");
        let mut cues = Cues::new(Target::File(NewFile::create(&path, false).unwrap()));
        let second = 1_000_000_000;
        for n in 0..4 {
            let start = n * second / 2;
            cues.frame(format!("second {}", n / 2), start, start + second / 2, 10);
        }
        // after a gap
        cues.frame("second 9".into(), 9 * second, 9 * second + second / 2, 10);
        cues.end();
        cues.into_file().0.unwrap().finish().unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        assert_eq!(
            text.replace("\r\n", "|"),
            "1|00:00:00,000 --> 00:00:01,000|second 0||2|00:00:01,000 --> 00:00:02,000|second 1||\
             3|00:00:09,000 --> 00:00:09,500|second 9||"
        );
    }
}

// SPDX-License-Identifier: MPL-2.0
//! Lines of text about a frame: `Key: value` in text blocks, JPEG comments and the text parts of MIME streams, and the
//! `NAME value;` items of INFO packets. What of it a demuxer outputs becomes [`Facts`].

use crate::reader::Timestamp;

/// Lines of one block that are kept, the rest is dropped (assumed; 38 is the most seen).
const MAX_FIELDS: usize = 128;

/// Bytes of a title, site, zone or alarm text that are kept.
const MAX_NAME: usize = 256;

/// As much of a text as is kept.
pub(super) fn clip(bytes: &[u8]) -> &[u8] {
    bytes.get(..MAX_NAME).unwrap_or(bytes)
}

/// What is known of one frame, in one form whatever it was read from. Texts are slices of the file.
#[derive(Clone, Debug, Default)]
pub struct Facts<'a> {
    /// Camera, from 1.
    pub camera: Option<u16>,
    /// UTC.
    pub timestamp: Option<Timestamp>,
    /// Camera title.
    pub title: Option<&'a [u8]>,
    /// Text of the alarm that is on; empty = none is.
    pub alarm: Option<&'a [u8]>,
    /// Site or unit.
    pub site: Option<&'a [u8]>,
    /// Name of the time zone.
    pub locale: Option<&'a [u8]>,
    /// Minutes east of UTC.
    pub utc_offset: Option<i32>,
    /// All else, in the order of the file.
    pub fields: Vec<(String, String)>,
    /// Fields that every frame has are left out: its number, and activity masks in which nothing is set.
    pub terse: bool,
}

/// Text of unknown coding: UTF-8 where it is valid, else Latin-1 (assumed).
pub fn decode(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => bytes.iter().map(|byte| char::from(*byte)).collect(),
    }
}

/// The lines of a block as key and value. CR, LF and NUL end a line (verified: units end some lines with LF only, others pad
/// with NUL). A line without a colon or an equals sign has an empty key.
pub fn lines(block: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    block
        .split(|byte| matches!(byte, b'\r' | b'\n' | 0))
        .map(<[u8]>::trim_ascii)
        .filter(|line| !line.is_empty())
        .map(|line| match memchr::memchr2(b':', b'=', line) {
            Some(at) => (
                line.get(..at).unwrap_or_default().trim_ascii_end(),
                line.get(at.saturating_add(1)..)
                    .unwrap_or_default()
                    .trim_ascii_start(),
            ),
            None => (&b""[..], line),
        })
}

fn number<T: std::str::FromStr>(value: &[u8]) -> Option<T> {
    std::str::from_utf8(value).ok()?.trim().parse().ok()
}

fn key_is(key: &[u8], name: &str) -> bool {
    key.eq_ignore_ascii_case(name.as_bytes())
}

/// Three numbers with `by` between them.
fn three(value: &[u8], by: u8) -> Option<[i64; 3]> {
    let mut parts = value.split(|byte| *byte == by).map(number::<i64>);
    let found = [parts.next()??, parts.next()??, parts.next()??];
    parts.next().is_none().then_some(found)
}

/// Days from 1970-01-01 to a date of the Gregorian calendar; `None` where there is no such date.
fn days(year: i64, month: i64, day: i64) -> Option<i64> {
    let leap = year.rem_euclid(4) == 0 && (year.rem_euclid(100) != 0 || year.rem_euclid(400) == 0);
    let last = match month {
        4 | 6 | 9 | 11 => 30,
        2 if leap => 29,
        2 => 28,
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        _ => return None,
    };
    if !(1970..=9999).contains(&year) || !(1..=last).contains(&day) {
        return None;
    }
    // Years counted from March, so that the leap day is the last.
    let year = if month <= 2 {
        year.checked_sub(1)?
    } else {
        year
    };
    let month = month.saturating_add(9).rem_euclid(12);
    let day_of_year = month
        .saturating_mul(153)
        .saturating_add(2)
        .div_euclid(5)
        .saturating_add(day)
        .saturating_sub(1);
    Some(
        year.saturating_mul(365)
            .saturating_add(year.div_euclid(4))
            .saturating_sub(year.div_euclid(100))
            .saturating_add(year.div_euclid(400))
            .saturating_add(day_of_year)
            .saturating_sub(719_468),
    )
}

/// Date, time and milliseconds as they are in the lines; all are UTC (verified against units with an offset of 630
/// minutes). A date or time that does not exist gives no timestamp.
#[derive(Clone, Copy, Default)]
struct Clock {
    days: Option<i64>,
    seconds: Option<i64>,
    millis: Option<u16>,
}

impl Clock {
    fn timestamp(&self) -> Option<Timestamp> {
        Some(Timestamp {
            seconds: self
                .days?
                .saturating_mul(86_400)
                .saturating_add(self.seconds?),
            millis: self.millis,
        })
    }

    fn time(value: &[u8]) -> Option<i64> {
        let [hours, minutes, seconds] = three(value, b':')?;
        let valid =
            (0..24).contains(&hours) && (0..60).contains(&minutes) && (0..=60).contains(&seconds);
        valid.then(|| {
            hours
                .saturating_mul(3600)
                .saturating_add(minutes.saturating_mul(60))
                .saturating_add(seconds)
        })
    }
}

impl<'a> Facts<'a> {
    /// Reads the lines of a text block, a JPEG comment or a MIME text part. Keys are compared without regard to case.
    pub fn read(block: &'a [u8], terse: bool) -> Facts<'a> {
        let mut facts = Facts {
            terse,
            ..Facts::default()
        };
        let mut clock = Clock::default();
        for (key, value) in lines(block) {
            facts.line(key, value, &mut clock);
        }
        facts.timestamp = clock.timestamp();
        facts
    }

    /// Adds the lines of a text block to what the picture header has, which holds where both have something.
    pub fn add_text(&mut self, block: &'a [u8]) {
        let end = memchr::memchr(0, block).unwrap_or(block.len());
        let mut clock = Clock::default();
        for (key, value) in lines(block.get(..end).unwrap_or_default()) {
            self.line(key, value, &mut clock);
        }
        self.timestamp = self.timestamp.or(clock.timestamp());
    }

    fn line(&mut self, key: &'a [u8], value: &'a [u8], clock: &mut Clock) {
        if key_is(key, "Site-Id") {
            self.site = self.site.or(Some(value).filter(|site| !site.is_empty()));
        } else if key_is(key, "Number") {
            self.camera = number(value).filter(|camera| *camera > 0);
        } else if key_is(key, "Name") {
            self.title = self.title.or(Some(value));
        } else if key_is(key, "Date") {
            clock.days = three(value, b'/').and_then(|[day, month, year]| days(year, month, day));
        } else if key_is(key, "Time") {
            clock.seconds = Clock::time(value);
        } else if key_is(key, "MSec") {
            clock.millis = number(value).filter(|millis| *millis < 1000);
        } else if key_is(key, "Locale") {
            self.locale = self.locale.or(Some(value));
        } else if key_is(key, "UTCoffset") {
            let minutes = number::<i32>(value).filter(|minutes| minutes.unsigned_abs() <= 1440);
            self.utc_offset = self.utc_offset.or(minutes);
        } else if key_is(key, "Alarm-text") {
            self.alarm = self.alarm.filter(|alarm| !alarm.is_empty()).or(Some(value));
        } else if self.terse && is_routine(key, value) {
            // nothing happened
        } else if !key_is(key, "Version") && self.fields.len() < MAX_FIELDS {
            self.fields.push((decode(key), decode(value)));
        }
    }
}

/// A line that is the same for every frame of a quiet camera, or only counts.
fn is_routine(key: &[u8], value: &[u8]) -> bool {
    let nothing = |byte: &u8| matches!(byte, b'0' | b'x' | b',' | b' ');
    key_is(key, "FrameNum") || key_is(key, "Actmask") && value.iter().all(nothing)
}

/// Longest routine text block that is remembered.
const MAX_ROUTINE: usize = 1024;

/// The text block of a frame that had nothing to report but its number, so that the next ones need no reading.
#[derive(Clone, Debug, Default)]
pub(super) struct RoutineText {
    /// The block up to the frame's number.
    block: Vec<u8>,
}

impl RoutineText {
    /// The block differs from the remembered one in its number only.
    pub fn matches(&self, block: &[u8]) -> bool {
        let number = |byte: &u8| byte.is_ascii_digit() || matches!(byte, b' ' | b'\r' | b'\n' | 0);
        !self.block.is_empty()
            && block
                .strip_prefix(self.block.as_slice())
                .is_some_and(|rest| rest.iter().all(number))
    }

    /// Remembers the block of a frame whose terse facts are none that every frame has.
    pub fn remember(&mut self, block: &[u8], facts: &Facts<'_>) {
        self.block.clear();
        let last = memchr::memmem::rfind(block, b"FrameNum:");
        let end = last.map(|at| at.saturating_add(9));
        if let (true, true, Some(start)) = (
            facts.terse,
            facts.fields.is_empty(),
            end.and_then(|end| block.get(..end)),
        ) && start.len() <= MAX_ROUTINE
        {
            self.block.extend_from_slice(start);
        }
    }
}

/// What an INFO packet holds: the flag byte off, items ended by `;`, a name and a value with a blank between them. Verified for
/// `TARGSIZE`, `BITRATE` and `IMAGESIZE`, stated for the rest. Unknown items are ignored.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Info<'a> {
    /// `SITE`
    pub site: Option<&'a [u8]>,
    /// `CAM n:title`
    pub titles: Vec<(u16, &'a [u8])>,
    /// `IMAGESIZE x,y:width,height`
    pub size: Option<(u16, u16)>,
}

impl<'a> Info<'a> {
    /// Reads the text after the flag byte.
    pub fn read(text: &'a [u8]) -> Info<'a> {
        let mut info = Info::default();
        for item in text.split(|byte| *byte == b';') {
            let item = item.trim_ascii();
            let Some(at) = memchr::memchr(b' ', item) else {
                continue;
            };
            let name = item.get(..at).unwrap_or_default();
            let value = item.get(at..).unwrap_or_default().trim_ascii();
            if key_is(name, "SITE") {
                info.site = Some(value);
            } else if key_is(name, "CAM") {
                let title = memchr::memchr(b':', value).and_then(|colon| {
                    let camera = number(value.get(..colon)?)?;
                    Some((camera, value.get(colon.saturating_add(1)..)?))
                });
                info.titles.extend(title);
                info.titles.truncate(MAX_FIELDS);
            } else if key_is(name, "IMAGESIZE") {
                info.size = image_size(value);
            }
        }
        info
    }
}

fn image_size(value: &[u8]) -> Option<(u16, u16)> {
    let size = value.split(|byte| *byte == b':').nth(1)?;
    let mut parts = size.split(|byte| *byte == b',').map(number::<u16>);
    let (width, height) = (parts.next()??, parts.next()??);
    (width > 0 && height > 0).then_some((width, height))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_block_with_mixed_line_ends() {
        let block = b"Site-Id: SWD_DVIP2\r\nActmask:0x0000,0x0001\nFrameNum: 00066112\r\nodd line\r\n\0rest";
        let mut facts = Facts::default();
        facts.add_text(block);
        assert_eq!(facts.site, Some(&b"SWD_DVIP2"[..]));
        let fields = [
            ("Actmask", "0x0000,0x0001"),
            ("FrameNum", "00066112"),
            ("", "odd line"),
        ];
        assert_eq!(
            facts.fields,
            fields.map(|(key, value)| (key.to_owned(), value.to_owned()))
        );
    }

    #[test]
    fn terse_facts_are_those_of_something_that_happened() {
        let mut facts = Facts {
            terse: true,
            ..Facts::default()
        };
        facts.add_text(b"Actmask:0x0000,0x0000\nFrameNum: 00066112\r\n");
        assert!(facts.fields.is_empty());
        facts.add_text(b"Actmask:0x0000,0x0001\nFrameNum: 00066113\r\n");
        assert_eq!(facts.fields.len(), 1);
    }

    #[test]
    fn a_routine_block_is_recognised() {
        let facts = Facts {
            terse: true,
            ..Facts::default()
        };
        let mut routine = RoutineText::default();
        assert!(!routine.matches(b"Actmask:0x0000\nFrameNum: 0001\r\n"));
        routine.remember(b"Actmask:0x0000\nFrameNum: 0001\r\n", &facts);
        assert!(routine.matches(b"Actmask:0x0000\nFrameNum: 0002\r\n"));
        assert!(!routine.matches(b"Actmask:0x0001\nFrameNum: 0002\r\n"));
        assert!(!routine.matches(b"Actmask:0x0000\nFrameNum: 0002\r\nVSD:M0:1\r\n"));
        routine.remember(b"FrameNum: 0001\r\n", &Facts::default());
        assert!(!routine.matches(b"FrameNum: 0002\r\n"));
    }

    #[test]
    fn a_comment_of_a_jpeg() {
        let facts = Facts::read(
            b"Version: 00.02\r\nNumber: 1\r\nName: Camera 1\r\nDate: 14/02/2008\r\nTime: 12:29:39\r\nMSec: 86\r\n\
              Locale: BST\r\nUTCoffset: 60\r\nSite-Id: FMC_3\r\nVsdcount = 0,0,429\n\0\0  \0",
            false,
        );
        assert_eq!(facts.camera, Some(1));
        assert_eq!(facts.title, Some(&b"Camera 1"[..]));
        assert_eq!(facts.timestamp.unwrap().unix_ms(), 1_202_992_179_086);
        assert_eq!(facts.utc_offset, Some(60));
        assert_eq!(facts.locale, Some(&b"BST"[..]));
        assert_eq!(
            facts.fields,
            [("Vsdcount".to_owned(), "0,0,429".to_owned())]
        );
    }

    #[test]
    fn lines_of_the_kit_end_with_nul_and_lf() {
        let facts = Facts::read(
            b"Name: Yard\0\nDate: 01/01/1970\0\nTime: 00:00:01\0\n\0\0",
            false,
        );
        assert_eq!(facts.title, Some(&b"Yard"[..]));
        assert_eq!(facts.timestamp.unwrap().unix_ms(), 1000);
    }

    #[test]
    fn dates_that_do_not_exist_give_no_time() {
        for bad in [
            "Date: 30/02/2008\r\nTime: 12:00:00\r\n",
            "Date: 31/12/2008\r\nTime: 24:00:00\r\n",
            "Date: xx/12/2008\r\nTime: 12:00:00\r\n",
            "Date: 1/2/3/4\r\nTime: 12:00:00\r\n",
            "Time: 12:00:00\r\n",
        ] {
            assert_eq!(Facts::read(bad.as_bytes(), false).timestamp, None, "{bad}");
        }
        let leap = Facts::read(b"Date: 29/02/2008\nTime: 00:00:00\n", false);
        assert_eq!(leap.timestamp.unwrap().seconds, 1_204_243_200);
    }

    #[test]
    fn info_items() {
        let info = Info::read(
            b"SITE DVIP3S;CAM 1:TV;(JPEG)TARGSIZE 0:(MPEG)BITRATE 262144;IMAGESIZE 0,0:704,256;",
        );
        assert_eq!(info.site, Some(&b"DVIP3S"[..]));
        assert_eq!(info.titles, [(1, &b"TV"[..])]);
        assert_eq!(info.size, Some((704, 256)));
        assert_eq!(Info::read(b"JUNK;;IMAGESIZE 7;").size, None);
    }

    #[test]
    fn text_that_is_not_utf8_is_latin_1() {
        assert_eq!(decode(b"Caf\xe9"), "Caf\u{e9}");
    }
}

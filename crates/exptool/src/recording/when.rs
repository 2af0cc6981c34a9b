// SPDX-License-Identifier: MPL-2.0
//! Times as people give them on the command line.

use crate::common::{Common, Failure, Input, clock::Zone, walk::Event};
use formats::timeline::SECOND;
use jiff::{
    Timestamp,
    civil::{DateTime, Time},
    tz::Offset,
};

/// What is needed to read a time: the recording's zone and beginning.
#[derive(Clone, Copy, Debug)]
pub struct Base {
    /// Zone of local times.
    pub zone: Zone,
    /// Clock of the first record, nanoseconds.
    pub first: i64,
}

impl Base {
    /// From the first record of a file.
    ///
    /// # Errors
    /// A file that cannot be read.
    pub fn of(common: &Common, input: &Input) -> Result<Base, Failure> {
        let mut walk = input.walk()?;
        let mut first = 0;
        while let Some((_, event)) = walk.next()? {
            if let Event::Packet(packet, _) = event {
                first = packet.timestamp.map_or(0, |timestamp| timestamp.unix_ms());
                break;
            }
        }
        Ok(Base {
            zone: common.zone(walk.info().utc_offset),
            first: first.saturating_mul(1_000_000),
        })
    }

    /// Reads a time: `2009-11-10 09:15:30.5`, the same with an offset or `Z`, `09:15` (on the day that the recording begins), or
    /// `+12.5` (seconds after its beginning). Nanoseconds since 1970; without an offset it is local time.
    ///
    /// # Errors
    /// A text that is none of these.
    pub fn read(&self, text: &str) -> Result<i64, Failure> {
        let text = text.trim();
        if let Some(seconds) = text.strip_prefix('+').and_then(|text| text.parse().ok()) {
            let seconds: f64 = seconds;
            return Ok(self.first.saturating_add((seconds * SECOND as f64) as i64));
        }
        if let Ok(time) = text.parse::<Timestamp>() {
            return nanoseconds(time, text);
        }
        let offset = Offset::from_seconds(self.zone.minutes.saturating_mul(60));
        let offset = offset.unwrap_or(Offset::UTC);
        // a day alone is its midnight, an hour alone is of the day on which the recording begins
        let date_time = text.parse::<DateTime>().ok().or_else(|| {
            let time: Time = text.parse().ok()?;
            let first = Timestamp::from_nanosecond(i128::from(self.first)).ok()?;
            Some(offset.to_datetime(first).date().to_datetime(time))
        });
        let time = date_time.and_then(|time| offset.to_timestamp(time).ok());
        nanoseconds(time.ok_or_else(|| wrong(text))?, text)
    }
}

fn nanoseconds(time: Timestamp, text: &str) -> Result<i64, Failure> {
    i64::try_from(time.as_nanosecond()).map_err(|_| wrong(text))
}

fn wrong(text: &str) -> Failure {
    Failure::Use(format!(
        "{text:?} is no time, such as \"2009-11-10 09:15:30\", \"2009-11-10T14:15:30Z\", 09:15 or +12.5 (seconds from the beginning)"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_in_the_zone_of_the_recording() {
        let base = Base {
            zone: Zone::new(None, Some(-300)),
            first: 1_257_862_530 * SECOND,
        };
        for text in [
            "2009-11-10 09:15:30",
            "2009-11-10T09:15:30",
            "2009-11-10T14:15:30Z",
            "2009-11-10 09:15:30-05:00",
            "09:15:30",
            "+0",
        ] {
            assert_eq!(base.read(text), Ok(1_257_862_530 * SECOND), "{text}");
        }
        assert_eq!(
            base.read("09:15:30.250"),
            Ok(1_257_862_530 * SECOND + SECOND / 4)
        );
        assert_eq!(base.read("+12.5"), Ok(1_257_862_542 * SECOND + SECOND / 2));
        assert!(base.read("soon").is_err());
    }
}

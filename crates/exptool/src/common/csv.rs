// SPDX-License-Identifier: MPL-2.0
//! The table of all frames.

use super::{
    Failure,
    clock::Zone,
    frames::{Crc, Frame, codec_name, hex},
};
use formats::timeline::Break;
use std::io::Write;

/// Columns of the table.
pub const COLUMNS: [&str; 21] = [
    "number",
    "offset",
    "record_bytes",
    "coded_bytes",
    "camera",
    "codec",
    "key",
    "orphan",
    "mode",
    "sequence",
    "timestamp_seconds",
    "timestamp_ms",
    "time_utc",
    "time_local",
    "running_s",
    "run",
    "begins",
    "size",
    "crc",
    "sha256",
    "time_is",
];

/// Writes frames as lines of CSV.
pub struct Table<W: Write> {
    out: csv::Writer<W>,
    zone: Zone,
    name: String,
}

impl<W: Write> Table<W> {
    /// A table whose first line names the columns. `name` is for messages.
    ///
    /// # Errors
    /// An output that cannot be written.
    pub fn new(out: W, zone: Zone, name: &str) -> Result<Table<W>, Failure> {
        let mut table = Table {
            out: csv::Writer::from_writer(out),
            zone,
            name: name.to_owned(),
        };
        table
            .out
            .write_record(COLUMNS)
            .map_err(|error| failed(&table.name, &error))?;
        Ok(table)
    }

    /// Adds a frame.
    ///
    /// # Errors
    /// An output that cannot be written.
    pub fn add(&mut self, frame: &Frame) -> Result<(), Failure> {
        let zone = match frame.estimated {
            true => self.zone.in_seconds(),
            false => self.zone,
        };
        let time = |text: String| if frame.has_clock { text } else { String::new() };
        let number = |value: Option<i64>| value.map(|value| value.to_string()).unwrap_or_default();
        let line = [
            frame.number.to_string(),
            frame.offset.to_string(),
            frame.record_size.to_string(),
            frame.bytes.to_string(),
            frame.stream.camera.to_string(),
            codec_name(frame.stream.codec).to_owned(),
            u8::from(frame.key).to_string(),
            u8::from(frame.orphan).to_string(),
            frame.mode.name().unwrap_or_default().to_owned(),
            number(frame.sequence.map(i64::from)),
            number(frame.timestamp.map(|timestamp| timestamp.seconds)),
            number(
                frame
                    .timestamp
                    .and_then(|timestamp| timestamp.millis)
                    .map(i64::from),
            ),
            time(zone.format_utc(frame.clock)),
            time(zone.rfc3339(frame.clock)),
            format!(
                "{}.{:09}",
                frame.running / 1_000_000_000,
                frame.running % 1_000_000_000
            ),
            (frame.run + 1).to_string(),
            begins(frame.begins),
            match (frame.width, frame.height) {
                (0, _) | (_, 0) => String::new(),
                (width, height) => format!("{width}x{height}"),
            },
            match frame.crc {
                Crc::Absent => "",
                Crc::Right => "right",
                Crc::Wrong => "wrong",
            }
            .to_owned(),
            frame.sha256.map(|sum| hex(&sum)).unwrap_or_default(),
            match (frame.has_clock, frame.estimated) {
                (false, _) => "",
                (true, false) => "recorded",
                (true, true) => "estimated between whole seconds",
            }
            .to_owned(),
        ];
        self.out
            .write_record(&line)
            .map_err(|error| failed(&self.name, &error))
    }

    /// The table is complete; hands the output back.
    ///
    /// # Errors
    /// An output that cannot be written.
    pub fn finish(self) -> Result<W, Failure> {
        self.out
            .into_inner()
            .map_err(|error| Failure::Output(format!("{}: {}", self.name, error.error())))
    }
}

fn failed(name: &str, error: &csv::Error) -> Failure {
    Failure::Output(format!("{name}: {error}"))
}

fn begins(begins: Option<Break>) -> String {
    let seconds = |ns: i64| ns as f64 / 1e9;
    match begins {
        None => String::new(),
        Some(Break::Start) => "start".to_owned(),
        Some(Break::Gap(ns)) => format!("gap of {:.3} s", seconds(ns)),
        Some(Break::Forward(ns)) => format!("clock forward by {:.3} s", seconds(ns)),
        Some(Break::Back(ns)) => format!("clock back by {:.3} s", seconds(ns)),
    }
}

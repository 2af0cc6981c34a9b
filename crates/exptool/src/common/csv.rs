// SPDX-License-Identifier: MPL-2.0
//! The table of all frames.

use super::{
    Failure,
    clock::Zone,
    coded::{codec_name, hex},
};
use crate::recording::Frame;
use formats::timeline::{Break, Resolution};
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
        let packet = &frame.packet;
        let zone = self.zone.with_resolution(frame.resolution);
        let (has_clock, time_is) = match frame.resolution {
            Resolution::Millis => (true, "recorded"),
            Resolution::Seconds => (true, "estimated between whole seconds"),
            Resolution::Slots => (false, ""),
        };
        let time_is = match (has_clock, frame.doubtful) {
            (true, true) => "doubtful",
            _ => time_is,
        };
        let time = |text: String| if has_clock { text } else { String::new() };
        let number = |value: Option<i64>| value.map(|value| value.to_string()).unwrap_or_default();
        let timestamp = frame.timestamp;
        let millis = timestamp.and_then(|timestamp| timestamp.millis);
        let line = [
            frame.number.to_string(),
            frame.offset.to_string(),
            packet.size.to_string(),
            packet.payload.len().to_string(),
            packet.stream.camera.to_string(),
            codec_name(packet.stream.codec).to_owned(),
            u8::from(packet.key).to_string(),
            u8::from(frame.orphan).to_string(),
            packet.mode.name().unwrap_or_default().to_owned(),
            number(packet.sequence.map(i64::from)),
            number(timestamp.map(|timestamp| timestamp.seconds)),
            number(millis.map(i64::from)),
            time(zone.format_utc(frame.clock)),
            time(zone.rfc3339(frame.clock)),
            format!(
                "{}.{:09}",
                frame.running / 1_000_000_000,
                frame.running % 1_000_000_000
            ),
            (frame.run + 1).to_string(),
            describe(frame.begins),
            match (packet.width, packet.height) {
                (0, _) | (_, 0) => String::new(),
                (width, height) => format!("{width}x{height}"),
            },
            frame.checksum.name().unwrap_or_default().to_owned(),
            frame.extra.map(|sum| hex(&sum)).unwrap_or_default(),
            time_is.to_owned(),
        ];
        self.out
            .write_record(&line)
            .map_err(|error| failed(&self.name, &error))
    }

    /// The table is complete; returns the output.
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

fn describe(begins: Option<Break>) -> String {
    let Some(begins) = begins else {
        return String::new();
    };
    let seconds = begins.length() as f64 / 1e9;
    match begins {
        Break::Start => "start".to_owned(),
        Break::Gap(_) => format!("gap of {seconds:.3} s"),
        Break::Forward(_) => format!("clock forward by {seconds:.3} s"),
        Break::Back(_) => format!("clock back by {seconds:.3} s"),
    }
}

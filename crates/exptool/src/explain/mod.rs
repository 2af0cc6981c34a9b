// SPDX-License-Identifier: MPL-2.0
//! `exptool explain`: a header or record byte by byte, each field named and marked with how well it is known.

mod place;
mod sheet;

use crate::common::{
    Common, Done, Failure, Input,
    clock::{OffsetSource, RecorderClock, Zone},
    output,
};
use crate::recording::{Options, Recording};
use clap::{Args, ValueEnum};
use formats::{
    exp::{avi_fields::ChunkHead, explain, layout::Layout},
    fields::Header,
    netvu::headers,
    reader::{Media, Packet},
    timeline::Resolution,
};
use place::Wanted;
use sheet::Sheet;
use std::{io::IsTerminal, path::PathBuf};

const EXAMPLES: &str = "\
Examples:
  exptool explain lobby.exp                  the header, or the first record where there is none
  exptool explain lobby.exp --record 0       the first record (numbers as in --frames-csv)
  exptool explain lobby.exp --at 0x4a10      what is at an offset
  exptool explain unknown.exp --layout learn --color always | less -R

Each field is marked:
  verified   shown on real footage, publicly
  stated     stated by a manual or reference page
  assumed    this project's guess, to be replaced when a real file shows otherwise
  inferred   worked out from the file itself
  unknown    nobody knows

In colour, the bytes are a hexdump in which each field has a colour of its own.

Exit codes:
  0  shown, also where nothing is known of the bytes
  2  wrong use of the command, a record or an offset that the file does not have
  3  the file cannot be read or is not a recording";

/// When to use colours.
#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum Colour {
    /// On a terminal, unless NO_COLOR is set
    #[default]
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

impl Colour {
    fn is_on(self) -> bool {
        let no_color = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        match self {
            Colour::Auto => std::io::stdout().is_terminal() && !no_color,
            Colour::Always => true,
            Colour::Never => false,
        }
    }
}

/// Show a header or record byte by byte, each field named and marked with how well it is known.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub struct Explain {
    /// Recording
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Number of the record, from 0, as in the table of frames
    #[arg(long, value_name = "N", conflicts_with = "offset")]
    record: Option<u64>,
    /// Offset in the file, decimal or 0x…: the record, header or other bytes there
    #[arg(long = "at", value_name = "OFFSET", value_parser = parse_number)]
    offset: Option<u64>,
    /// Show a hexdump in colours
    #[arg(long, value_name = "WHEN", value_enum, default_value_t)]
    color: Colour,
}

fn parse_number(text: &str) -> Result<u64, String> {
    match text.strip_prefix("0x") {
        Some(digits) => u64::from_str_radix(digits, 16),
        None => text.parse(),
    }
    .map_err(|_| format!("{text:?} is not a number, such as 1234 or 0x4d2"))
}

impl Explain {
    /// Runs the command.
    pub fn run(&self, common: &Common) -> Done {
        let input = common.open(&self.file)?;
        let sheet = match (self.record, self.offset) {
            (Some(number), _) => place::find(common, &input, Wanted::Record(number))?,
            (None, Some(offset)) => place::find(common, &input, Wanted::Offset(offset))?,
            (None, None) => match place::file_header(&input)? {
                Some(sheet) => sheet,
                None => place::find(common, &input, Wanted::Record(0))?,
            },
        };
        if common.json {
            output::print_json(&sheet)?;
        } else {
            output::print(&sheet.text(&input.name, self.color.is_on()))?;
        }
        Ok(0)
    }
}

fn is_frame(packet: &Packet) -> bool {
    matches!(packet.stream.codec.media(), Media::Video | Media::Audio)
}

/// The sheet of the record at `offset`, which begins `data`.
fn record(
    common: &Common,
    input: &Input,
    offset: u64,
    packet: &Packet,
    data: &[u8],
) -> Result<Sheet, Failure> {
    let bytes = data.get(..packet.size).unwrap_or(data);
    let zone = common.zone(input.utc_offset()?);
    let layout = input.layout();
    // where the record begins: a chunk of an AVI has a head
    let kind = bytes.get(2..4).unwrap_or_default();
    let is_plv1 = layout.as_ref().is_some_and(|layout| layout.name == "plv1");
    let base = match is_plv1 && matches!(kind, b"db" | b"dc" | b"wb") {
        true => ChunkHead::SIZE,
        false => 0,
    };
    let rows = match &layout {
        None => headers::explain_frame(packet, bytes),
        Some(layout) if base > 0 => explain::chunk(layout, packet, bytes),
        Some(layout) => explain::record(layout, packet, bytes, 0),
    };
    let what = match (packet.stream.codec.media(), packet.key) {
        (Media::Video, true) => "keyframe of camera",
        (Media::Video, false) => "P frame of camera",
        _ => "audio of channel",
    };
    let stream = packet.stream;
    let title = format!("{what} {}, {}", stream.camera, stream.codec.name());
    let mut sheet = Sheet::new(title, offset, bytes, rows);
    milliseconds(common, input, &mut sheet)?;
    sheet.notes = match &layout {
        None => netvu_notes(packet, zone),
        Some(layout) => record_notes(common, layout, packet, (bytes, base), zone),
    };
    Ok(sheet)
}

fn record_notes(
    common: &Common,
    layout: &Layout,
    packet: &Packet,
    (bytes, base): (&[u8], usize),
    zone: Zone,
) -> Vec<String> {
    let mut notes = Vec::new();
    if let Some(timestamp) = packet.timestamp
        && zone.from != OffsetSource::Unknown
    {
        let local = zone
            .in_seconds()
            .local(timestamp.seconds.saturating_mul(1_000_000_000));
        let clock = match RecorderClock::from(common.recorder_clock) {
            RecorderClock::Utc => "UTC (assumed)",
            RecorderClock::Local => "local time",
        };
        let from = zone.from.name();
        notes.push(format!(
            "Local time: {local}, if the recorder's clock is {clock}; the offset is from the {from}."
        ));
    }
    if packet.stream.codec.media() == Media::Video {
        let coded = packet.payload.to_vec(bytes);
        let head: Vec<String> = coded
            .iter()
            .take(16)
            .map(|byte| format!("{byte:02x}"))
            .collect();
        notes.push(format!("The coded frame begins: {}", head.join(" ")));
    }
    if let Some(slot) = packet.slot {
        notes.push(format!("Slot {slot} of the AVI timeline."));
    }
    if layout.name == "plv1" && packet.stream.codec.media() == Media::Audio {
        notes.push("In the exports that were seen, the audio is silent.".to_owned());
        return notes;
    }
    if layout.name == "plv1" && packet.timestamp.is_none() {
        notes.push(
            "Exports without a record around each frame may exist; none was seen.".to_owned(),
        );
        return notes;
    }
    let usual = explain::part_of(layout, packet).map(|part| part.payload);
    let start = packet.payload.range().map(|range| range.start - base);
    if let (Some(usual), Some(start)) = (usual, start)
        && usual != start
    {
        notes.push(format!(
            "The coded bytes begin at {start} in the record, usually at {usual}."
        ));
    }
    notes.push(format!(
        "Layout {} ({}): {}.",
        layout.name,
        layout.status.word(),
        layout.title
    ));
    notes
}

fn netvu_notes(packet: &Packet, zone: Zone) -> Vec<String> {
    let mut notes = Vec::new();
    if let Some(timestamp) = packet.timestamp {
        let ns = timestamp.unix_ms().saturating_mul(1_000_000);
        notes.push(format!(
            "Time: {} in UTC (stated), {} local",
            Zone::utc(ns),
            zone.local(ns)
        ));
    }
    let Some(details) = &packet.details else {
        return notes;
    };
    let named = [
        ("title", &details.title),
        ("site", &details.site),
        ("alarm", &details.alarm),
    ];
    for (name, value) in named {
        notes.extend(value.iter().map(|value| format!("{name}: {value}")));
    }
    for (name, value) in &details.fields {
        notes.push(format!("{name}: {}", value.trim_end()));
    }
    notes
}

/// Records that the clock is measured over.
const CLOCK_RECORDS: u64 = 64;

/// Says so where milliseconds are ignored: they are the same in all records of a second.
fn milliseconds(common: &Common, input: &Input, sheet: &mut Sheet) -> Result<(), Failure> {
    let found = sheet
        .fields
        .iter_mut()
        .find(|field| field.name == "milliseconds");
    let Some(field) = found else {
        return Ok(());
    };
    let options = Options {
        first: Some(CLOCK_RECORDS),
        ..Options::default()
    };
    let recording = Recording::read(common, input.clone(), options, &mut |_| Ok(()))?;
    if recording.findings.profile.timing.resolution == Resolution::Seconds {
        let value = &mut field.value;
        value.push_str(" (ignored: the same in all records of a second)");
    }
    Ok(())
}

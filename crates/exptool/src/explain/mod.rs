// SPDX-License-Identifier: MPL-2.0
//! `exptool explain`: a header or record byte by byte, each field named and marked with how well it is known.

mod avi;
mod fields;
mod header;
mod index;
mod netvu;
mod place;
mod record;

use crate::common::{Common, Done, Failure, Input, output, walk::Event};
use crate::recording::{Options, Recording};
use clap::Args;
use fields::Sheet;
use formats::{
    reader::{Media, Packet},
    timeline::Resolution,
};
use std::path::PathBuf;

const EXAMPLES: &str = "\
Examples:
  exptool explain lobby.exp                  the header, or the first record where there is none
  exptool explain lobby.exp --record 0       the first record (numbers as in --frames-csv)
  exptool explain lobby.exp --at 0x4a10      what stands at an offset

Each field is marked:
  verified   shown on real footage by somebody, publicly
  stated     said by a manual or reference page
  assumed    this project's guess, to be replaced when a real file says otherwise
  inferred     worked out from the file itself
  unknown    nobody knows

Exit codes:
  0  shown, also where nothing is known of the bytes
  2  wrong use of the command, a record or an offset that the file does not have
  3  the file cannot be read or is no recording";

/// Show a header or record byte by byte, each field named and marked with how well it is known.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub struct Explain {
    /// Recording
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Number of the record, from 0, as in the table of frames
    #[arg(long, value_name = "N", conflicts_with = "at")]
    record: Option<u64>,
    /// Offset in the file, decimal or 0x…: the record, header or other bytes that stand there
    #[arg(long, value_name = "OFFSET", value_parser = parse_number)]
    at: Option<u64>,
}

fn parse_number(text: &str) -> Result<u64, String> {
    match text.strip_prefix("0x") {
        Some(digits) => u64::from_str_radix(digits, 16),
        None => text.parse(),
    }
    .map_err(|_| format!("{text:?} is no number, such as 1234 or 0x4d2"))
}

impl Explain {
    /// Runs the command.
    pub fn run(&self, common: &Common) -> Done {
        let input = common.open(&self.file)?;
        let sheet = match (self.record, self.at) {
            (Some(number), _) => numbered(common, &input, number)?,
            (None, Some(offset)) => place::at(common, &input, offset)?,
            (None, None) => match header_of(&input)? {
                Some(sheet) => sheet,
                None => numbered(common, &input, 0)?,
            },
        };
        if common.json {
            output::print_json(&sheet)?;
        } else {
            output::print(&sheet.text(&input.name))?;
        }
        Ok(0)
    }
}

/// The header's sheet, where the file has a header that is known.
fn header_of(input: &Input) -> Result<Option<Sheet>, Failure> {
    let mut walk = input.walk()?;
    match walk.next()? {
        Some((0, Event::Skip(length))) => place::head(input, length),
        // cut off before its end
        Some((0, Event::Cut(length))) => place::head(input, length),
        _ => Ok(None),
    }
}

fn is_frame(packet: &Packet) -> bool {
    matches!(packet.stream.codec.media(), Media::Video | Media::Audio)
}

/// The record of that number.
fn numbered(common: &Common, input: &Input, number: u64) -> Result<Sheet, Failure> {
    let mut walk = input.walk()?;
    let mut count = 0;
    while let Some((offset, event)) = walk.next()? {
        if let Event::Packet(packet, data) = event
            && is_frame(&packet)
        {
            if count == number {
                return sheet(common, input, offset, &packet, data);
            }
            count += 1;
        }
    }
    Err(Failure::Use(format!(
        "{}: has {count} records, numbered from 0; there is no record {number}",
        input.name
    )))
}

fn sheet(
    common: &Common,
    input: &Input,
    offset: u64,
    packet: &Packet,
    data: &[u8],
) -> Result<Sheet, Failure> {
    let bytes = data.get(..packet.size).unwrap_or(data);
    let zone = common.zone(input.utc_offset()?);
    let mut sheet = match input.layout() {
        None => netvu::sheet(packet, bytes, zone),
        Some(layout)
            if layout.name == "plv1"
                && bytes
                    .get(2..4)
                    .is_some_and(|id| matches!(id, b"db" | b"dc" | b"wb")) =>
        {
            avi::sheet(&layout, &input.layout_text(), packet, bytes, zone)
        }
        Some(layout) => record::sheet(&layout, &input.layout_text(), packet, bytes, zone),
    };
    if sheet
        .fields
        .iter()
        .any(|field| field.name == "milliseconds")
    {
        milliseconds(common, input, &mut sheet)?;
    }
    sheet.offset = offset;
    sheet.fill_unknown(bytes.len());
    sheet.take_bytes(bytes);
    Ok(sheet)
}

/// Records that the clock is measured over.
const CLOCK_RECORDS: u64 = 64;

/// Milliseconds that are the same in every record of a second are not believed.
fn milliseconds(common: &Common, input: &Input, sheet: &mut Sheet) -> Result<(), Failure> {
    let options = Options {
        first: Some(CLOCK_RECORDS),
        ..Options::default()
    };
    let recording = Recording::read(common, input.clone(), options, &mut |_| Ok(()))?;
    if recording.findings.profile.timing.resolution == Resolution::Seconds {
        for field in &mut sheet.fields {
            if field.name == "milliseconds" {
                field
                    .value
                    .push_str(" (not believed: all records of a second say the same)");
            }
        }
    }
    Ok(())
}

// SPDX-License-Identifier: MPL-2.0
//! `exptool explain`: a header or record byte by byte, each field named and marked with how well it is known.

mod avi;
mod fields;
mod header;
mod netvu;
mod record;

use crate::common::{
    Common, Done, Failure, Input, output,
    walk::{Event, Walk},
};
use crate::info::report::utc_offset;
use clap::Args;
use fields::Sheet;
use gstexp::container::{
    exp,
    reader::{Media, Packet},
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
  learnt     worked out from the file itself
  unknown    nobody knows";

/// Bytes behind the asked offset in which a record is looked for.
const LOOK: u64 = 16 << 20;

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
    /// Offset in the file, decimal or 0x…: the record that stands there, or the next one
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
            (None, Some(offset)) => at(common, &input, offset)?,
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
    let head = input.head(exp::header::SIZE + 255 * exp::header::CAMERA_SIZE)?;
    Ok(header::sheet(&head))
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

/// What stands at an offset, or the record before it that reaches over it, or the next one.
fn at(common: &Common, input: &Input, wanted: u64) -> Result<Sheet, Failure> {
    if wanted >= input.size {
        return Err(Failure::Use(format!(
            "{}: offset {wanted} is beyond its {} bytes",
            input.name, input.size
        )));
    }
    let mut start = input.walk()?;
    // headers tell the reader what it needs to know
    while let Some((offset, event)) = start.next()? {
        if offset > wanted {
            break;
        }
        match event {
            Event::Packet(packet, data) if offset + packet.size as u64 > wanted => {
                return sheet(common, input, offset, &packet, data);
            }
            Event::Packet(..) => break,
            Event::Skip(length) if offset == 0 && wanted < length => {
                if let Some(sheet) = header_of(input)? {
                    return Ok(sheet);
                }
            }
            _ => {}
        }
    }
    let from = wanted.saturating_sub(LOOK);
    let mut walk = match from {
        0 => input.walk()?,
        _ => Walk::at(input, start.fork(), from)?,
    };
    while let Some((offset, event)) = walk.next()? {
        match event {
            Event::Packet(packet, data)
                if is_frame(&packet) && offset + packet.size as u64 > wanted =>
            {
                return sheet(common, input, offset, &packet, data);
            }
            Event::Damaged { length, expected } if offset + length > wanted => {
                return Err(Failure::Input(format!(
                    "{}, offset {wanted}: inside {length} damaged bytes from offset {offset} on; expected {expected}",
                    input.name
                )));
            }
            _ if offset > wanted.saturating_add(LOOK) => break,
            _ => {}
        }
    }
    Err(Failure::Input(format!(
        "{}, offset {wanted}: expected a record here or behind, found none",
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
    let zone = common.zone(utc_offset(input)?);
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
    sheet.offset = offset;
    sheet.fill_unknown(bytes.len());
    sheet.take_bytes(bytes);
    Ok(sheet)
}

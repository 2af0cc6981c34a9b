// SPDX-License-Identifier: MPL-2.0
//! `schedule`.

use crate::failure::Failure;
use crate::input::{Input, NetArgs, open};
use crate::show::{recording_json, week_json};
use crate::show_text::{recording_text, schedule_text};
use crate::{Common, Done, output};
use clap::Args;
use parconfig::picture;
use std::path::PathBuf;

#[derive(Args)]
#[command(after_help = "\
Examples:
  parconfig schedule unit.par
  parconfig schedule unit.par --svg week.svg
  parconfig schedule recording.adbin --png recorded.png   (what was really recorded)")]
pub struct Schedule {
    /// Configuration text, recording, folder, ZIP or URL
    file: String,
    /// Write the picture as SVG
    #[arg(long, value_name = "FILE")]
    svg: Option<PathBuf>,
    /// Write the picture as PNG; words in it need a font of the system
    #[arg(long, value_name = "FILE")]
    png: Option<PathBuf>,
    /// Size of the PNG: 1 is 1000 pixels wide
    #[arg(long, default_value_t = 1.0)]
    scale: f32,
    #[command(flatten)]
    net: NetArgs,
}

impl Schedule {
    pub fn run(self, common: Common) -> Done {
        if !(0.1..=8.0).contains(&self.scale) {
            return Err(Failure::Use("--scale: 0.1 to 8 is expected".into()));
        }
        let source = open(&self.file, &self.net)?;
        let svg = match &source.input {
            Input::Recording(found) => picture::recorded_svg(found),
            _ => picture::week_svg(&source.config()?),
        };
        if let Some(path) = &self.svg {
            output::write(path, svg.as_bytes(), false)?;
        }
        if let Some(path) = &self.png {
            if !picture::has_fonts() {
                eprintln!("parconfig: the system has no font: the picture has no words");
            }
            output::write(path, &picture::png(&svg, self.scale)?, false)?;
        }
        match &source.input {
            Input::Recording(found) if common.json => output::print_json(&recording_json(found))?,
            _ if common.json => output::print_json(&week_json(&source.config()?))?,
            _ if self.svg.is_some() || self.png.is_some() => {}
            Input::Recording(found) => output::print(&recording_text(found))?,
            _ => output::print(&schedule_text(&source.config()?, common.show_secrets))?,
        }
        Ok(0)
    }
}

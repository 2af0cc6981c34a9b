// SPDX-License-Identifier: MPL-2.0
//! `exptool play`: in the viewer, else in GStreamer's own player.

use crate::common::{Common, Done, Failure, failure, output};
use clap::Args;
use std::{
    path::PathBuf,
    process::{Command, Stdio},
};

/// Keys of `gst-play-1.0`, of which it says nothing unless asked.
const KEYS: &str = "\
Keys:  space pause    left/right back and forward    0 to the beginning    up/down volume    m mute
       + - faster, slower    d backwards    v a s next camera, audio, subtitle track    q quit
";

/// Play a recording: in exp-viewer where it is installed, else in gst-play-1.0.
#[derive(Args)]
#[command(after_help = format!("Examples:\n  exptool play lobby.exp\n  exptool play lobby.exp --command\n\n{}", failure::exit_codes("played", "", &[2, 3, 5])))]
pub struct Play {
    /// Recordings
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Only print the command that plays them
    #[arg(long)]
    command: bool,
}

impl Play {
    /// Runs the command.
    pub fn run(&self, common: &Common) -> Done {
        for file in &self.files {
            common.open(file)?;
        }
        let viewer = is_there("exp-viewer", &["--version"]);
        let program = if viewer { "exp-viewer" } else { "gst-play-1.0" };
        if !viewer {
            if !is_there(program, &["--version"]) {
                return Err(Failure::Media(
                    "no player is installed: expected exp-viewer, or gst-play-1.0, which Debian has in gstreamer1.0-plugins-base-apps (apt install gstreamer1.0-plugins-base-apps)"
                        .to_owned(),
                ));
            }
            // it has this plugin only where that is installed, unlike this program
            // without a version it wants that of GStreamer
            let any_version = ["--exists", "--atleast-version=0.0", "expdemux"];
            if !is_there("gst-inspect-1.0", &any_version) {
                return Err(Failure::Media(
                    "gst-play-1.0 does not find the plugin: install gstreamer1.0-exp, or set GST_PLUGIN_PATH to the folder of libgstexp.so"
                        .to_owned(),
                ));
            }
        }
        let mut command = Command::new(program);
        command.args(&self.files);
        if self.command {
            let words = std::iter::once(program.to_owned())
                .chain(self.files.iter().map(|file| quote(&file.to_string_lossy())));
            output::print(&format!("{}\n", words.collect::<Vec<_>>().join(" ")))?;
            return Ok(0);
        }
        if !viewer {
            output::print(KEYS)?;
        }
        let done = command
            .status()
            .map_err(|error| Failure::Media(format!("{program}: {error}")))?;
        match done.success() {
            true => Ok(0),
            false => Err(Failure::Media(format!("{program} ended with {done}"))),
        }
    }
}

/// Whether a program runs and is content.
fn is_there(program: &str, arguments: &[&str]) -> bool {
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null());
    command.stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

/// A word as a shell takes it.
fn quote(word: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "-_./:+,".contains(c);
    match word.chars().all(plain) && !word.is_empty() {
        true => word.to_owned(),
        false => format!("'{}'", word.replace('\'', r"'\''")),
    }
}

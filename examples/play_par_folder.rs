// SPDX-License-Identifier: MPL-2.0
//! Plays all `.par` files of a folder as one recording, in the order of their times.
//!
//! `cargo run --example play_par_folder -- FOLDER [SINK…]`, SINK in the syntax of gst-launch, after the decoder
//! (default: `videoconvert ! autovideosink`).
//!
//! The names of partitions count up in a ring, so the newest may come first. Links in a folder of their own bring them into
//! order; `splitfilesrc` then reads them as one file, in which `netvudemux` finds every record wherever it stands.

use formats::netvu;
use gst::prelude::*;
use std::io::Read;
use std::path::{Path, PathBuf};

/// Bytes of a file in which its first record is looked for.
const LOOK: u64 = 8 << 20;

/// Time of a file's first record, and the file.
fn timed(path: PathBuf) -> Option<(i64, PathBuf)> {
    let mut head = Vec::new();
    let file = std::fs::File::open(&path).ok()?;
    file.take(LOOK).read_to_end(&mut head).ok()?;
    Some((netvu::first_time(&head)?.unix_ms(), path))
}

/// The partitions of a folder in the order of their times.
fn in_order(folder: &Path) -> std::io::Result<Vec<PathBuf>> {
    let is_partition = |path: &PathBuf| {
        let suffix = path.extension().unwrap_or_default();
        suffix.eq_ignore_ascii_case("par") || suffix.eq_ignore_ascii_case("vid")
    };
    let mut files: Vec<_> = std::fs::read_dir(folder)?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(is_partition)
        .filter_map(timed)
        .collect();
    files.sort();
    Ok(files.into_iter().map(|(_, path)| path).collect())
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut args = std::env::args().skip(1);
    let folder = args.next().ok_or("usage: play_par_folder FOLDER [SINK…]")?;
    let sink = args.collect::<Vec<_>>().join(" ");
    let sink = if sink.is_empty() {
        "videoconvert ! autovideosink"
    } else {
        &sink
    };
    gst::init()?;
    gstexp::plugin_register_static()?;

    let links = tempfile::tempdir()?;
    let files = in_order(Path::new(&folder))?;
    for (number, file) in files.iter().enumerate() {
        println!("{}", file.display());
        let link = links.path().join(format!("{number:06}.par"));
        std::os::unix::fs::symlink(file.canonicalize()?, link)?;
    }
    let pipeline = gst::parse::launch(&format!(
        "splitfilesrc location=\"{}/*.par\" ! netvudemux ! decodebin ! {sink}",
        links.path().display()
    ))?;
    let bus = pipeline.bus().ok_or("a pipeline has a bus")?;
    pipeline.set_state(gst::State::Playing)?;
    let ends = [gst::MessageType::Eos, gst::MessageType::Error];
    let message = bus.timed_pop_filtered(gst::ClockTime::NONE, &ends);
    pipeline.set_state(gst::State::Null)?;
    match message.as_ref().map(|message| message.view()) {
        Some(gst::MessageView::Error(error)) => Err(error.error().to_string().into()),
        _ => Ok(()),
    }
}

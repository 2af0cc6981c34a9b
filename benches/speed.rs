// SPDX-License-Identifier: MPL-2.0
//! How fast the demuxer is, beside its peers: `cargo bench --bench speed`. Makes its own input below `target/bench-data`, runs
//! every program over it in turn, and prints a table of medians. The plugin is the release build.
//!
//! `-- --quick` takes a tenth of the frames; `-- open seek …` runs only these parts.

mod speed {
    pub mod access;
    pub mod data;
    pub mod play;
    pub mod tools;
}

use speed::{access, play, tools::Table};

fn main() {
    let words: Vec<String> = std::env::args()
        .skip(1)
        .filter(|word| word != "--bench")
        .collect();
    let quick = words.iter().any(|word| word == "--quick");
    let wanted = |name: &str| {
        let mut parts = words
            .iter()
            .filter(|word| !word.starts_with("--"))
            .peekable();
        parts.peek().is_none() || parts.any(|word| word == name)
    };
    // the parts that seek run inside this program, one at a time, to count what they read
    if let Some(at) = words.iter().position(|word| word == "--access") {
        access::child(&words[at + 1..]);
        return;
    }
    let mut table = Table::new();
    if wanted("small") {
        play::small(&mut table, if quick { 60_000 } else { 600_000 });
    }
    if wanted("big") {
        play::big(&mut table, if quick { 900 } else { 9_000 });
    }
    if wanted("mp4") {
        play::to_mp4(&mut table, if quick { 60_000 } else { 600_000 });
    }
    if wanted("open") {
        access::open(&mut table);
    }
    if wanted("seek") {
        access::seek(&mut table, if quick { 50 } else { 300 });
    }
    let frames = if quick { 8_000 } else { 40_000 };
    if wanted("families") {
        // enough of them that starting the program does not count
        play::families(&mut table, if quick { 40_000 } else { 200_000 });
        access::families(&mut table, if quick { 30 } else { 200 }, frames);
    }
    if wanted("growth") {
        access::growth(&mut table, quick);
    }
    table.print();
}

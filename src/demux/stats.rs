// SPDX-License-Identifier: MPL-2.0
//! Counts of what was read.

/// Counts since the file was opened.
#[derive(Clone, Debug, Default)]
pub struct Stats {
    /// Short name of the family.
    pub family: String,
    /// Records output or dropped on purpose.
    pub records: u64,
    /// Bytes that were no record, damage included.
    pub skipped: u64,
    /// Damaged regions.
    pub damaged: u64,
    /// Pictures dropped because they have no reference.
    pub orphans: u64,
    /// Interruptions of the recording.
    pub gaps: u64,
    /// Steps back of the clock.
    pub clock_steps: u64,
    /// Pictures whose checksum failed.
    pub corrupted: u64,
    /// Bytes read from upstream.
    pub bytes_read: u64,
    /// The timestamps' resolution.
    pub clock: &'static str,
    /// How surely the runs, and with them duration and seeking, are known: `exact`, `sampled`, `estimated` or `unknown`.
    pub runs: &'static str,
}

impl Stats {
    /// As a structure for the `stats` property.
    pub fn structure(&self) -> gst::Structure {
        gst::Structure::builder("demux-stats")
            .field("family", &self.family)
            .field("records", self.records)
            .field("skipped-bytes", self.skipped)
            .field("damaged-regions", self.damaged)
            .field("orphans", self.orphans)
            .field("gaps", self.gaps)
            .field("clock-steps", self.clock_steps)
            .field("corrupted", self.corrupted)
            .field("bytes-read", self.bytes_read)
            .field("clock", self.clock)
            .field("runs", self.runs)
            .build()
    }
}

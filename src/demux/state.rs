// SPDX-License-Identifier: MPL-2.0
//! Everything that changes while a file is read.

use super::{
    head::{Head, Tuning},
    output::Out,
    push::PushInput,
    seek::PendingSeek,
    stats::Stats,
    streams::Stream,
    time_map::TimeMap,
};
use formats::{
    reader::{Details, Mode, Reader, StreamKey},
    timeline::{FrameTiming, GapPolicy, Interpolator, RunMap},
};
use std::sync::atomic::{AtomicBool, AtomicU64};

/// A packet whose payload has become a buffer.
pub struct Item {
    /// Where it belongs.
    pub stream: StreamKey,
    /// The coded bytes.
    pub buffer: gst::Buffer,
    /// Needs no other picture.
    pub key: bool,
    /// Its checksum failed.
    pub corrupt: bool,
    /// Offset of its record in the file.
    pub offset: u64,
    /// Picture size, 0 = not told.
    pub width: u16,
    /// See `width`.
    pub height: u16,
    /// Sound parameters.
    pub audio: Option<formats::reader::AudioFormat>,
    /// Why it was recorded.
    pub mode: Mode,
    /// Rare facts.
    pub details: Option<Box<Details>>,
    /// Stretches of damage that were met before it.
    pub damages: u32,
}

/// A damaged region that may go on.
#[derive(Clone, Copy, Debug)]
pub struct Region {
    /// Offset of its first byte.
    pub offset: u64,
    /// Bytes.
    pub length: u64,
    /// What should have been there.
    pub expected: &'static str,
}

/// Flags that are read without the lock.
#[derive(Default)]
pub struct Shared {
    /// Every push so far answered OK, so the combined flow need not be worked out.
    pub flow_trouble: AtomicBool,
    /// Bytes read from upstream.
    pub bytes_read: AtomicU64,
}

/// The state of one file.
pub struct State {
    /// The container's reader, once the file is recognised.
    pub reader: Option<Box<dyn Reader>>,
    /// The first records, held back.
    pub head: Option<Head>,
    /// As many are held back as are needed.
    pub head_full: bool,
    /// What the head told.
    pub tuning: Tuning,
    /// Places records in time.
    pub interpolator: Interpolator<Item>,
    /// Maps clock to running time.
    pub runs: RunMap,
    /// Pads.
    pub streams: Vec<Stream>,
    /// Combined flow of the pads.
    pub flow: gst_base::UniqueFlowCombiner,
    /// The segment that is played.
    pub segment: gst::FormattedSegment<gst::ClockTime>,
    /// Number of the segment's seek.
    pub seqnum: gst::Seqnum,
    /// Of all streams, from upstream where it has one.
    pub group: Option<gst::GroupId>,
    /// `no-more-pads` was signalled.
    pub pads_done: bool,
    /// The stop position was reached on all streams.
    pub stopped: bool,
    /// Stretches of damage met so far. Buffers on both sides of one do not follow each other.
    pub damages: u32,
    /// The damaged region that the reader is in.
    pub region: Option<Region>,
    /// Offset of the next byte for the reader.
    pub offset: u64,
    /// Bytes that the reader wants to see there.
    pub want: usize,
    /// Bytes of the longest record that a block's end cut so far.
    pub longest: usize,
    /// Bytes read on end since the file was opened or a seek.
    pub read_on: usize,
    /// Driven by pulling.
    pub pull: bool,
    /// Upstream was asked whether it is live.
    pub asked_live: bool,
    /// Upstream is live.
    pub live: bool,
    /// Bytes that came by push.
    pub push: PushInput,
    /// What is known of the file's run of time.
    pub map: TimeMap,
    /// Clock of the picture that was played last, since the start or a seek.
    pub last_clock: Option<i64>,
    /// After a jump backwards: the first picture at or after this offset tells where the timeline stands.
    pub resume_at: Option<u64>,
    /// Bytes that the largest survey so far might read.
    pub surveyed: u64,
    /// Offset of the first record.
    pub first_record: Option<u64>,
    /// Duration that was told.
    pub duration: Option<gst::ClockTime>,
    /// A seek that came before the file was known.
    pub pending_seek: Option<PendingSeek>,
    /// A seek that waits for bytes from upstream.
    pub push_seek: Option<super::push_seek::PushSeek>,
    /// The last seek's number, to know it again when it comes by another pad.
    pub last_seek: Option<gst::Seqnum>,
    /// Messages and the like that came up where nothing could be pushed.
    pub outs: Vec<Out>,
    /// Counts.
    pub stats: Stats,
    /// Running time at which silent streams are looked at next.
    pub gap_check: i64,
    /// Reverse playback.
    pub reverse: Option<super::reverse::Reverse>,
}

impl State {
    /// Before any byte.
    pub fn new() -> State {
        let timing = FrameTiming::default();
        State {
            reader: None,
            head: None,
            head_full: false,
            tuning: Tuning::default(),
            interpolator: Interpolator::new(timing),
            runs: RunMap::new(GapPolicy::Collapse, &timing),
            streams: Vec::new(),
            flow: gst_base::UniqueFlowCombiner::new(),
            segment: gst::FormattedSegment::new(),
            seqnum: gst::Seqnum::next(),
            group: None,
            pads_done: false,
            stopped: false,
            damages: 0,
            region: None,
            offset: 0,
            want: 0,
            longest: 0,
            read_on: 0,
            pull: false,
            asked_live: false,
            live: false,
            push: PushInput::default(),
            map: TimeMap::default(),
            last_clock: None,
            resume_at: None,
            surveyed: 0,
            first_record: None,
            duration: None,
            pending_seek: None,
            push_seek: None,
            last_seek: None,
            outs: Vec::new(),
            stats: Stats::default(),
            gap_check: 0,
            reverse: None,
        }
    }
}

// SPDX-License-Identifier: MPL-2.0
//! Everything that changes while a file is read.

use super::{
    RecorderClock, Settings, join::Join, output::Out, reverse::Reverse, seek::PendingSeek,
    stream::Stream,
};
use formats::{
    reader::{FileInfo, Media, Packet, Reader, StreamKey},
    recording::{Parser, Placed, Placement, Profile, TimeMap},
    timeline::{GapPolicy, SECOND},
};
use std::collections::{HashMap, HashSet};

/// A packet whose payload has become a buffer.
pub struct Item {
    /// The packet. Its payload's ranges are no longer of use.
    pub packet: Packet,
    /// The coded bytes.
    pub buffer: gst::Buffer,
    /// Its checksum failed.
    pub corrupt: bool,
    /// Damaged ranges that were met before it.
    pub damages: u32,
    /// It was not read before: only then it counts.
    pub fresh: bool,
}

impl Item {
    /// A frame of a camera.
    pub fn is_video(&self) -> bool {
        self.packet.stream.codec.media() == Media::Video
    }

    /// Copies the coded bytes: as a part of their block they would keep all of that in memory.
    pub fn detach(&mut self) {
        if let Ok(copy) = self.buffer.copy_deep() {
            self.buffer = copy;
        }
    }
}

/// A record that has its place, ready to be output.
pub struct Record {
    /// The record.
    pub placed: Placed<Item>,
    /// The recorder's time, nanoseconds since 1970, UTC.
    pub unix: Option<i64>,
    /// Offset of the last frame of any camera before it, or its own.
    pub last_frame: Option<u64>,
}

/// Counts since the file was opened.
#[derive(Clone, Copy, Debug, Default)]
pub struct Counts {
    /// Records read.
    pub records: u64,
    /// Bytes in damaged ranges.
    pub skipped: u64,
    /// Damaged ranges.
    pub damaged: u64,
    /// Frames dropped because they have no reference.
    pub orphans: u64,
    /// Interruptions of the recording.
    pub gaps: u64,
    /// Steps of the clock.
    pub clock_steps: u64,
    /// Frames whose checksum failed.
    pub corrupted: u64,
}

/// The state of one file.
pub struct State {
    /// The file's parser, once the file is recognised.
    pub parser: Option<Parser>,
    /// A reader that knows the file's index.
    pub indexed: Option<Box<dyn Reader>>,
    /// Places records in time.
    pub placement: Placement<Item>,
    /// Pads.
    pub streams: Vec<Stream>,
    /// Streams that were announced.
    pub announced: usize,
    /// Combined flow of the pads.
    pub flow: gst_base::UniqueFlowCombiner,
    /// The segment that is played.
    pub segment: gst::FormattedSegment<gst::ClockTime>,
    /// Number of the segment's seek.
    pub seqnum: gst::Seqnum,
    /// Of all streams, from upstream where it has one.
    pub group: Option<gst::GroupId>,
    /// Beginning of all stream ids.
    pub stream_id: String,
    /// `no-more-pads` was signalled.
    pub pads_done: bool,
    /// The file was refused, which was said.
    pub refused: bool,
    /// The stop position was reached on all streams.
    pub stopped: bool,
    /// Damaged ranges met so far. Buffers on both sides of one do not follow each other.
    pub damages: u32,
    /// Bytes that the parser wants to see.
    pub want: usize,
    /// Bytes of the longest record that a block's end cut so far.
    pub longest: usize,
    /// Bytes read in a row since the file was opened or a seek.
    pub read_on: usize,
    /// Driven by pulling.
    pub pull: bool,
    /// Upstream was asked whether it is live.
    pub asked_live: bool,
    /// Upstream is live.
    pub live: bool,
    /// Upstream flushed: what comes next decides where reading continues.
    pub follows: bool,
    /// What is known of the file's run of time.
    pub map: TimeMap,
    /// Clock of the frame that was played last, since the start or a seek.
    pub last_clock: Option<i64>,
    /// Bytes that the largest survey so far might read.
    pub surveyed: u64,
    /// Offset of the first record.
    pub first_record: Option<u64>,
    /// Duration that was answered last.
    pub duration: Option<gst::ClockTime>,
    /// A seek that came before the file was known.
    pub pending_seek: Option<PendingSeek>,
    /// The last seek's number, to know it again when it comes by another pad.
    pub last_seek: Option<gst::Seqnum>,
    /// Messages and the like that came up where nothing could be pushed.
    pub outs: Vec<Out>,
    /// Counts.
    pub counts: Counts,
    /// Offset up to which the file was counted.
    pub counted: u64,
    /// Clock faults that were reported.
    pub reported: (bool, bool, bool),
    /// The first record of cameras that nothing announced, held until a second one shows that they exist.
    pub late: HashMap<StreamKey, Option<Record>>,
    /// Bytes of these.
    pub late_bytes: usize,
    /// Streams that get no pad, which was said.
    pub warned_late: HashSet<StreamKey>,
    /// What waits for the next group of pads.
    pub join: Option<Join>,
    /// Groups of pads after the first.
    pub groups: u32,
    /// Latest running time of any stream.
    pub latest: i64,
    /// Running time at which silent streams are looked at next.
    pub gap_check: i64,
    /// Offset of the last frame of any camera.
    pub last_frame: Option<u64>,
    /// Reverse playback.
    pub reverse: Option<Reverse>,
}

impl State {
    /// Before any byte.
    pub fn new() -> State {
        State {
            parser: None,
            indexed: None,
            placement: Placement::new(GapPolicy::Collapse),
            streams: Vec::new(),
            announced: 0,
            flow: gst_base::UniqueFlowCombiner::new(),
            segment: gst::FormattedSegment::new(),
            seqnum: gst::Seqnum::next(),
            group: None,
            stream_id: String::new(),
            pads_done: false,
            refused: false,
            stopped: false,
            damages: 0,
            want: 0,
            longest: 0,
            read_on: 0,
            pull: false,
            asked_live: false,
            live: false,
            follows: false,
            map: TimeMap::default(),
            last_clock: None,
            surveyed: 0,
            first_record: None,
            duration: None,
            pending_seek: None,
            last_seek: None,
            outs: Vec::new(),
            counts: Counts::default(),
            counted: 0,
            reported: (false, false, false),
            late: HashMap::new(),
            late_bytes: 0,
            warned_late: HashSet::new(),
            join: None,
            groups: 0,
            latest: 0,
            gap_check: 0,
            last_frame: None,
            reverse: None,
        }
    }

    /// What is known of the file.
    pub fn info(&self) -> Option<&FileInfo> {
        self.parser.as_ref().map(Parser::info)
    }

    /// What its first records show.
    pub fn profile(&self) -> &Profile {
        self.placement.profile()
    }

    /// Offset of the next byte to parse.
    pub fn offset(&self) -> u64 {
        self.parser.as_ref().map_or(0, Parser::offset)
    }

    /// The file is recognised and its first records are measured.
    pub fn is_known(&self) -> bool {
        self.parser.is_some() && self.placement.head().is_none()
    }

    /// Records are held back that could be shown.
    pub fn holds_records(&self) -> bool {
        let head = self.placement.head();
        self.join.is_some() || head.is_some_and(|head| !head.items().is_empty())
    }

    /// Parsing continues at any place of the file, and time with the first frame there.
    pub fn jump_to(&mut self, offset: u64) {
        if let Some(parser) = &mut self.parser {
            parser.jump(offset);
            if offset <= self.first_record.unwrap_or(0) {
                parser.reader_mut().set_slot(0);
            }
        }
        self.want = 0;
        self.read_on = 0;
    }

    /// Frame rate of a camera: the header's, the slots', or the measured one.
    pub fn frame_rate(&self, camera: u16) -> Option<(u32, u32)> {
        let listed = self
            .info()?
            .cameras
            .iter()
            .find(|listed| listed.number == camera)
            .and_then(|camera| camera.rate);
        listed.or_else(|| self.profile().timing.frame_rate())
    }

    /// What has to be taken off a timestamp to get UTC, nanoseconds.
    pub fn clock_shift(&self, settings: &Settings) -> i64 {
        match settings.recorder_clock {
            RecorderClock::Utc => 0,
            RecorderClock::Local => self.utc_offset(settings).map_or(0, |minutes| {
                i64::from(minutes).saturating_mul(60).saturating_mul(SECOND)
            }),
        }
    }

    /// Minutes that local time is east of UTC: the property's, else the file's.
    pub fn utc_offset(&self, settings: &Settings) -> Option<i32> {
        let file = || self.info()?.utc_offset;
        settings
            .utc_offset
            .or_else(file)
            .or(settings.given.utc_offset)
    }

    /// Duration of the recording in stream time.
    pub fn playing_time(&self) -> Option<gst::ClockTime> {
        let known = self.map.duration().or_else(|| self.header_time())?;
        Some(gst::ClockTime::from_nseconds(known.max(0).unsigned_abs()))
    }

    /// Duration of a file without a clock, or that was not surveyed: its header knows the span.
    fn header_time(&self) -> Option<i64> {
        let (from, to) = self.info()?.span?;
        Some(to.saturating_sub(from).saturating_mul(SECOND))
    }

    /// Played to its end, which may be later than was known: audio goes on behind the last frame. True where that is new.
    pub fn extend_map(&mut self, end: gst::ClockTime) -> bool {
        let later = self.playing_time().is_none_or(|known| known < end);
        let end = i64::try_from(end.nseconds()).ok().filter(|_| later);
        if end.is_some() {
            self.map.audio_end = end;
        }
        end.is_some() && self.duration.is_some()
    }

    /// Time at which the recording ends, as far as it was played.
    pub fn end_position(&self) -> Option<gst::ClockTime> {
        let end = self.streams.iter().map(|stream| stream.end).max()?;
        Some(gst::ClockTime::from_nseconds(end.max(0).unsigned_abs()))
    }

    /// The counts as the `stats` property shows them.
    pub fn stats(&self, bytes_read: u64) -> gst::Structure {
        let counts = &self.counts;
        gst::Structure::builder("demux-stats")
            .field("family", self.info().map_or("", |info| info.family))
            .field("records", counts.records)
            .field("skipped-bytes", counts.skipped)
            .field("damaged-regions", counts.damaged)
            .field("orphans", counts.orphans)
            .field("gaps", counts.gaps)
            .field("clock-steps", counts.clock_steps)
            .field("corrupted", counts.corrupted)
            .field("bytes-read", bytes_read)
            .field(
                "clock",
                match self.is_known() {
                    true => self.profile().clock_name(),
                    false => "",
                },
            )
            .field("runs", self.map.accuracy.name())
            .build()
    }
}

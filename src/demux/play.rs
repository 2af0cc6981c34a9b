// SPDX-License-Identifier: MPL-2.0
//! Blocks to packets, packets to places in time, places to buffers and events for the streams.

use super::{
    Demux, Settings,
    join::AfterPads,
    output::{Out, push_buffer},
    source::Block,
    state::{Item, Record, State},
    stream::{Shape, Timing},
};
use formats::{
    reader::{Codec, Media, Packet, Payload, StreamKey, put_groups},
    recording::{
        Accuracy, DamagedRange, Event, HEAD_RECORDS, OPENING, Opened, Parser, Placed, Placement,
        Profile, Survey, find_index, find_streams,
    },
    timeline::{Break, FrameTiming, GapPolicy, Mark, Resolution, RunMap, SECOND},
};
use gst::prelude::*;
use std::{collections::HashSet, sync::atomic::Ordering};

/// Packets that are parsed before what they made is pushed. The C library keeps 7 freed pieces of a size at hand: with no more
/// buffers than that under way, allocating one costs next to nothing: 8,330 instructions for a small frame of PLV1, 8,520 one by one,
/// 8,430 with 9 and 8,650 with 16 (by callgrind).
pub const BATCH: usize = 6;

/// The silence after which a GAP event is due: well before a `queue` is full, which holds one second.
const SILENCE: i64 = SECOND / 4;
/// Records are believed to come no later in the file than so much after those of the same time.
pub const MAX_LAG: i64 = 10 * SECOND;
/// Bytes of records that are held until their stream is believed.
const MAX_LATE: usize = 8 << 20;
/// Usual distance of a live source's frames, which makes that a gap is a minute.
const LIVE_INTERVAL: i64 = 15 * SECOND;
/// Records of a camera that nothing announced that have to be there before it gets a pad: one damaged byte must not make one.
const FEW: u32 = 2;

/// What the parser wants next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// The block holds more.
    More,
    /// These bytes, from the parser's offset on, are needed.
    Need(usize),
    /// Enough is held back to settle what kind of file it is.
    Head,
    /// The file ended, or the segment did.
    End,
}

impl Demux {
    /// Before the first bytes: what has to be asked without a lock.
    pub(super) fn prepare_first_block(&self) {
        let (asked, live, waiting) = {
            let state = self.lock();
            (state.asked_live, state.live, state.streams.is_empty())
        };
        if asked && !(live && waiting) {
            return;
        }
        let Some(element) = self.element() else {
            return;
        };
        let mut latency = gst::query::Latency::new();
        let live = live || self.sink.peer_query(&mut latency) && latency.result().0;
        // what a live source sends first is shown when it comes, so running time counts on from the pipeline's
        let now = element.current_running_time().filter(|_| live);
        let group = self
            .sink
            .sticky_event::<gst::event::StreamStart>(0)
            .and_then(|event| event.group_id());
        let id = match asked {
            true => None,
            false => element
                .pad_template("video_%u")
                .map(|template| (self.functions.source_pad)(&template, "id"))
                .map(|pad| pad.create_stream_id(&element, None::<&str>).to_string()),
        };
        let mut state = self.lock();
        state.asked_live = true;
        state.live = live;
        state.group = state.group.or(group);
        if let Some(id) = id {
            state.stream_id = id;
        }
        if let Some(now) = now {
            state.segment.set_base(now);
        }
    }

    /// Parses a batch of the block from the parser's offset on, into `outs`.
    pub(super) fn parse(
        &self,
        block: &Block,
        settings: &Settings,
        outs: &mut Vec<Out>,
    ) -> Result<Next, gst::FlowError> {
        let mut state = self.lock();
        let state = &mut *state;
        if state.parser.is_none()
            && let Some(next) = self.open(state, block, settings, outs)?
        {
            return Ok(next);
        }
        let mut packets = 0;
        while packets < BATCH {
            if state.stopped {
                return Ok(Next::End);
            }
            let records = if state.live { 1 } else { HEAD_RECORDS };
            let head = state.placement.head();
            if head.is_some_and(|head| head.is_full(records)) {
                return Ok(Next::Head);
            }
            let Some(parser) = state.parser.as_mut() else {
                return Ok(Next::End);
            };
            let at = parser.offset().checked_sub(block.offset);
            let at = at
                .and_then(|at| usize::try_from(at).ok())
                .filter(|at| *at <= block.data().len());
            let window = match at {
                Some(at) => block.window(at),
                // only an event that is known already needs no window
                None if parser.has_next() => block.window(block.data().len()),
                None => return Ok(Next::Need(0)),
            };
            match parser.next(&window) {
                Event::Need(bytes) => return Ok(Next::Need(bytes)),
                // only of a window that hides something
                Event::Peek { at, bytes } => return Ok(Next::Need(at.saturating_add(bytes))),
                Event::Skipped { offset, length } => {
                    gst::trace!(self.cat, "offset {offset}: {length} bytes skipped");
                }
                Event::Packet { offset, packet } => {
                    gst::trace!(
                        self.cat,
                        "offset {offset}: {} bytes, {:?}, key {}, {:?}, sequence {:?}",
                        packet.size,
                        packet.stream,
                        packet.key,
                        packet.timestamp,
                        packet.sequence
                    );
                    self.packet(state, settings, block, offset, packet, outs);
                    packets = packets.saturating_add(1);
                }
                Event::Damaged(damage) => self.damaged(state, &damage, outs),
                Event::Cut { offset, length } => {
                    gst::info!(
                        self.cat,
                        "the last record, at offset {offset}, is cut: {length} bytes of it are there"
                    );
                    return Ok(Next::End);
                }
                Event::End => return Ok(Next::End),
            }
        }
        Ok(Next::More)
    }

    /// Recognises the file.
    fn open(
        &self,
        state: &mut State,
        block: &Block,
        settings: &Settings,
        outs: &mut Vec<Out>,
    ) -> Result<Option<Next>, gst::FlowError> {
        match self.format.open(&block.window(0)) {
            Opened::Need(bytes) => Ok(Some(Next::Need(bytes))),
            Opened::Recording {
                format,
                evidence,
                confidence,
            } => {
                let reader = self.format.reader(&format);
                let why = match evidence.is_empty() {
                    true => "its records are as described".to_owned(),
                    false => format!("{evidence} ({confidence} of 100)"),
                };
                gst::debug!(
                    self.cat,
                    "{} ({}), from {} bytes: {why}",
                    reader.info().container,
                    reader.info().family,
                    block.data().len()
                );
                state.parser = Some(Parser::new(reader));
                state.placement = Placement::new(settings.gap_policy);
                Ok(None)
            }
            Opened::Unknown { expected } => {
                let size = block.data().len();
                let element = self.element().ok_or(gst::FlowError::Flushing)?;
                let message = gst::message::Error::builder(
                    gst::StreamError::WrongType,
                    "This file is not a recording that this demuxer reads.",
                )
                .src(&element)
                .debug(&format!("looked for {expected} in the first {size} bytes"))
                .build();
                state.refused = true;
                if !std::mem::replace(&mut state.pads_done, true) {
                    outs.push(Out::NoMorePads);
                    outs.push(Out::Message(Box::new(message)));
                }
                Err(gst::FlowError::Error)
            }
        }
    }

    fn packet(
        &self,
        state: &mut State,
        settings: &Settings,
        block: &Block,
        offset: u64,
        packet: Packet,
        outs: &mut Vec<Out>,
    ) {
        // what a seek makes the demuxer read again was counted
        let fresh = offset >= state.counted;
        if fresh {
            state.counted = offset.saturating_add(packet.size as u64);
            state.counts.records = state.counts.records.saturating_add(1);
        }
        let mark = Mark::new(offset, &packet);
        if mark.video && settings.camera != 0 && mark.camera != settings.camera {
            return;
        }
        let Some((buffer, corrupt)) = self.buffer(block, offset, &packet) else {
            return;
        };
        let item = Item {
            packet,
            buffer,
            corrupt,
            damages: state.damages,
            fresh,
        };
        if state.placement.head().is_some() {
            state.first_record.get_or_insert(offset);
            // copied, since the item is moved with its buffer
            let coded = item.buffer.clone();
            let map = coded.map_readable();
            let coded: &[u8] = match &map {
                Ok(map) => map,
                Err(_) => &[],
            };
            state.placement.push(item, mark, coded, !corrupt);
            return;
        }
        if let Some(placed) = state.placement.push(item, mark, &[], !corrupt) {
            self.emit(state, settings, placed, outs);
        }
        self.drain(state, settings, outs);
    }

    /// The payload as a buffer: a part of the block, or a copy where bytes must be moved. And whether its checksum failed.
    fn buffer(&self, block: &Block, offset: u64, packet: &Packet) -> Option<(gst::Buffer, bool)> {
        let at = usize::try_from(offset.checked_sub(block.offset)?).ok()?;
        let data = block.data().get(at..)?;
        let differs = |bytes: &[u8]| packet.crc.is_some_and(|crc| crc != crc32fast::hash(bytes));
        let (mut buffer, corrupt) = match &packet.payload {
            Payload::Plain(range) => {
                let corrupt = differs(data.get(range.clone())?);
                let (from, to) = (at.checked_add(range.start)?, at.checked_add(range.end)?);
                (block.part(from, to)?, corrupt)
            }
            Payload::Swap32 { range, len, kept } => {
                let mut buffer = gst::Buffer::with_size(*len).ok()?;
                let mut corrupt = false;
                {
                    let mut map = buffer.get_mut()?.map_writable().ok()?;
                    put_groups(data.get(range.clone())?, *kept, &mut map);
                    corrupt |= differs(&map);
                }
                (buffer, corrupt)
            }
            other => {
                let bytes = other.to_vec(data);
                let corrupt = differs(&bytes);
                (gst::Buffer::from_mut_slice(bytes), corrupt)
            }
        };
        if packet.details.is_some() {
            self.format.decorate(packet, buffer.make_mut());
        }
        Some((buffer, corrupt))
    }

    /// Enough was held back: clock and codecs are settled, the file is surveyed, and what was held back goes on.
    pub(super) fn finish_head(
        &self,
        settings: &Settings,
        outs: &mut Vec<Out>,
    ) -> Result<(), gst::FlowError> {
        let profile = {
            let state = self.lock();
            let (Some(head), Some(info)) = (state.placement.head(), state.info()) else {
                return Ok(());
            };
            head.measure(info)
        };
        gst::debug!(
            self.cat,
            "clock: {}, frames every {} ns{}",
            profile.clock_name(),
            profile.timing.interval,
            if profile.timing.steady {
                ""
            } else {
                ", unsteadily"
            }
        );
        // the head is settled, so that the file can be looked over before the first buffer goes out
        let found = self.look_over(settings, &profile)?;
        let mut state = self.lock();
        let state = &mut *state;
        if state.placement.head().is_none() {
            return Ok(());
        }
        state.read_on = 0;
        self.first_streams(state, settings, &profile, &found, outs);
        self.open_silent_streams(state, &profile, outs);
        let live = state.live;
        let timing = profile.timing;
        state.placement.settle_as(profile);
        if live {
            state.placement.set_runs(live_runs(timing));
        }
        self.report_warnings(state, outs);
        self.drain(state, settings, outs);
        Ok(())
    }

    /// Finds the file's index, its streams and its runs, as far as a few bytes show them.
    fn look_over(
        &self,
        settings: &Settings,
        profile: &Profile,
    ) -> Result<Vec<Shape>, gst::FlowError> {
        let Some(mut source) = self.source() else {
            return Ok(Vec::new());
        };
        let (mut reader, start, seen, pull) = {
            let state = self.lock();
            let Some(parser) = &state.parser else {
                return Ok(Vec::new());
            };
            let start = state.first_record.unwrap_or(parser.info().data_start);
            let (reader, seen) = (parser.reader().fork(), parser.offset());
            (reader, start, seen, state.pull)
        };
        // it only looks around: what frames are like is for the parser to say
        reader.trust_sizes();
        find_index(&mut source, &mut *reader)?;
        let streams = match pull {
            true => find_streams(&source, &*reader, seen)?,
            // every look elsewhere costs a seek upstream
            false => Vec::new(),
        };
        // large records make a large head
        let read = self.shared.bytes_read.load(Ordering::Relaxed);
        let budget = (2 * OPENING)
            .saturating_sub(read)
            .clamp(OPENING / 4, OPENING);
        let survey = Survey {
            source,
            reader: &*reader,
            profile,
            policy: settings.gap_policy,
            camera: settings.camera,
            start,
            budget,
        };
        let map = survey.run()?;
        gst::debug!(
            self.cat,
            "runs: {} {}, {} parts of an index",
            map.runs.len(),
            map.accuracy.name(),
            reader.index().len()
        );
        let mut state = self.lock();
        state.surveyed = budget;
        state.map = map;
        state.indexed = Some(reader);
        Ok(streams
            .iter()
            .filter(|one| one.records >= FEW || one.key.codec.media() != Media::Video)
            .map(|one| Shape {
                key: profile.stream(one.key),
                width: one.width,
                height: one.height,
                audio: one.audio,
            })
            .collect())
    }

    /// Brings the map of the file to the best that `budget` bytes of reading give.
    pub(super) fn survey(&self, settings: &Settings, budget: u64) -> Result<(), gst::FlowError> {
        let Some(source) = self.source() else {
            return Ok(());
        };
        let (reader, profile, start, known) = {
            let mut state = self.lock();
            let state = &mut *state;
            let reader = state.indexed.as_deref();
            let Some(reader) = reader.or(state.parser.as_ref().map(Parser::reader)) else {
                return Ok(());
            };
            if state.map.complete || budget <= state.surveyed {
                return Ok(());
            }
            state.surveyed = budget;
            let start = state.first_record.unwrap_or(reader.info().data_start);
            let profile = state.placement.profile().clone();
            (reader.fork(), profile, start, state.map.accuracy)
        };
        let before = self.shared.bytes_read.load(Ordering::Relaxed);
        let survey = Survey {
            source,
            reader: &*reader,
            profile: &profile,
            policy: settings.gap_policy,
            camera: settings.camera,
            start,
            budget,
        };
        let found = survey.run()?;
        let after = self.shared.bytes_read.load(Ordering::Relaxed);
        gst::debug!(
            self.cat,
            "survey: {} runs, {}, {} bytes read",
            found.runs.len(),
            found.accuracy.name(),
            after.saturating_sub(before)
        );
        if found.accuracy > known || known == Accuracy::Unknown {
            let changed = {
                let mut state = self.lock();
                state.map = found;
                let now = state.playing_time();
                state.duration.is_some() && state.duration != now
            };
            // somebody knows another duration
            if changed {
                self.duration_changed();
            }
        }
        Ok(())
    }

    /// Makes the streams that header, head and a look over the file show, in the order of their cameras, and says that these are all.
    fn first_streams(
        &self,
        state: &mut State,
        settings: &Settings,
        profile: &Profile,
        found: &[Shape],
        outs: &mut Vec<Out>,
    ) {
        let wanted = |key: &StreamKey| {
            settings.camera == 0
                || key.codec.media() != Media::Video
                || key.camera == settings.camera
        };
        // taken out while the streams are made of it
        let placement =
            std::mem::replace(&mut state.placement, Placement::new(settings.gap_policy));
        let items = placement.head().map_or(&[][..], |head| head.items());
        state.placement = Placement::with_profile(settings.gap_policy, profile.clone());
        let mut shapes: Vec<Shape> = Vec::new();
        let add = |shapes: &mut Vec<Shape>, shape: Shape| {
            if wanted(&shape.key) && !shapes.iter().any(|known| known.key == shape.key) {
                shapes.push(shape);
            }
        };
        for (item, mark) in items {
            add(
                &mut shapes,
                Shape {
                    key: profile.stream(mark.stream()),
                    ..Shape::of_item(item)
                },
            );
        }
        for shape in found {
            add(&mut shapes, *shape);
        }
        // a header alone is not a recording
        let empty = shapes.is_empty();
        let info = state.info().cloned().unwrap_or_default();
        for (key, audio) in info.audio.iter().filter(|_| !empty) {
            add(
                &mut shapes,
                Shape {
                    key: *key,
                    width: 0,
                    height: 0,
                    audio: Some(*audio),
                },
            );
        }
        let usual = profile
            .codecs
            .first()
            .map_or(Codec::Mpeg4, |(_, codec)| *codec);
        for camera in info.cameras.iter().filter(|_| !empty) {
            let listed = |shape: &Shape| {
                shape.key.codec.media() == Media::Video && shape.key.camera == camera.number
            };
            let key = StreamKey {
                camera: camera.number,
                codec: usual,
            };
            if !shapes.iter().any(listed) && wanted(&key) && camera.number > 0 {
                shapes.push(Shape {
                    key,
                    width: camera.width,
                    height: camera.height,
                    audio: None,
                });
            }
        }
        shapes.sort_unstable_by_key(|shape| (shape.key.codec.media(), shape.key.camera, shape.key));
        let first = items
            .iter()
            .find_map(|(_, mark)| mark.clock())
            .map(|time| time.saturating_sub(state.clock_shift(settings)));
        for shape in &shapes {
            let item = items
                .iter()
                .find(|(_, mark)| profile.stream(mark.stream()) == shape.key)
                .map(|(item, _)| item);
            self.add_stream(state, settings, shape, item, first, outs);
        }
        state.placement = placement;
        self.announce(state, outs);
        if !state.streams.is_empty() {
            state.pads_done = true;
            outs.push(Out::NoMorePads);
        }
    }

    /// Streams that have nothing at the beginning learn by a GAP event that time begins: a sink that gets nothing holds up all
    /// others.
    fn open_silent_streams(&self, state: &mut State, profile: &Profile, outs: &mut Vec<Out>) {
        let head = state.placement.head();
        let items = head.map_or(&[][..], |head| head.items());
        let met: HashSet<StreamKey> = items
            .iter()
            .map(|(_, mark)| profile.stream(mark.stream()))
            .collect();
        if items.is_empty() {
            return;
        }
        for stream in &mut state.streams {
            if !met.contains(&stream.key) {
                stream.send_segment(&state.segment, state.seqnum, outs);
                stream.send_gap(stream.covered.saturating_add(1), outs);
            }
        }
    }

    fn report_warnings(&self, state: &mut State, outs: &mut Vec<Out>) {
        let warnings = match &mut state.parser {
            Some(parser) => parser.reader_mut().take_warnings(),
            None => return,
        };
        for warning in warnings {
            gst::info!(self.cat, "{warning}");
            outs.push(Out::Warning(
                "Parts of this recording do not agree with each other.".to_owned(),
                warning,
            ));
        }
    }

    /// Reports clocks that were not believed, each kind once.
    fn report_clocks(&self, state: &mut State, standing: Option<u64>, outs: &mut Vec<Out>) {
        let faults = state.placement.faults();
        if let (Some(offset), false) = (standing, state.reported.1) {
            state.reported.1 = true;
            outs.push(Out::Warning(
                "The recorder's clock stood still: frames have no time of day.".to_owned(),
                format!("the records from offset {offset} on show the same time"),
            ));
        }
        if let (Some((offset, _)), false) = (faults.stray, state.reported.0) {
            state.reported.0 = true;
            outs.push(Out::Warning(
                "A record's clock agrees with no other and was not used.".to_owned(),
                format!("the first such record is at offset {offset}"),
            ));
        }
        if let (Some((offset, _)), false) = (faults.implausible, state.reported.1) {
            state.reported.1 = true;
            outs.push(Out::Warning(
                "The recorder's clock was not set: times are doubtful.".to_owned(),
                format!("the record at offset {offset} shows a time before 1990 or after 2099"),
            ));
        }
        if let (Some((offset, _)), false) = (faults.undated, state.reported.2) {
            state.reported.2 = true;
            outs.push(Out::Warning(
                "The recorder's clock gave no time to some frames: theirs are doubtful.".to_owned(),
                format!("the first such record is at offset {offset}"),
            ));
        }
    }

    /// Outputs all records whose time is known.
    pub(super) fn drain(&self, state: &mut State, settings: &Settings, outs: &mut Vec<Out>) {
        while let Some(placed) = state.placement.pop() {
            self.emit(state, settings, placed, outs);
        }
    }

    /// The file ended: what is held back goes on.
    pub(super) fn finish(
        &self,
        settings: &Settings,
        outs: &mut Vec<Out>,
    ) -> Result<(), gst::FlowError> {
        self.finish_head(settings, outs)?;
        let mut state = self.lock();
        let state = &mut *state;
        state.placement.finish();
        self.drain(state, settings, outs);
        self.join(state, settings, outs);
        let damage = state.parser.as_mut().and_then(Parser::take_damage);
        if let Some(damage) = damage {
            self.damaged(state, &damage, outs);
        }
        self.report_warnings(state, outs);
        let single = state.late.drain().filter_map(|(_, held)| held);
        let mut single: Vec<(u64, StreamKey)> = single
            .map(|Record { placed, .. }| (placed.mark.offset, placed.item.packet.stream))
            .collect();
        single.sort_unstable();
        for (offset, key) in single {
            outs.push(Out::Warning(
                "A camera that nothing else shows has one frame, which was left out.".to_owned(),
                format!("{key:?}, at offset {offset}"),
            ));
        }
        Ok(())
    }

    /// One warning for a damaged range.
    fn damaged(&self, state: &mut State, damage: &DamagedRange, outs: &mut Vec<Out>) {
        state.damages = state.damages.wrapping_add(1);
        if damage.offset < state.counted {
            return;
        }
        state.counted = damage.end();
        let counts = &mut state.counts;
        counts.skipped = counts.skipped.saturating_add(damage.length);
        counts.damaged = counts.damaged.saturating_add(1);
        gst::info!(
            self.cat,
            "damage at offset {}: {} bytes, expected {}",
            damage.offset,
            damage.length,
            damage.expected
        );
        outs.push(Out::Warning(
            "Part of the recording is damaged and was skipped.".to_owned(),
            format!(
                "{} bytes at offset {}: expected {}",
                damage.length, damage.offset, damage.expected
            ),
        ));
    }

    /// Outputs one record that has its place.
    fn emit(
        &self,
        state: &mut State,
        settings: &Settings,
        mut placed: Placed<Item>,
        outs: &mut Vec<Out>,
    ) {
        let mark = placed.mark;
        placed.item.packet.stream = state.profile().stream(mark.stream());
        if matches!(placed.place.begins, Some(Break::Gap(_))) {
            // a gap is shown on all streams
            self.join(state, settings, outs);
        }
        if mark.video {
            self.note_frame(state, settings, &placed, outs);
            state.last_frame = Some(mark.offset);
        }
        // a clock that stands still was not used
        let standing =
            mark.timestamp.is_some() && state.profile().timing.resolution == Resolution::Slots;
        placed.doubtful |= standing;
        self.report_clocks(state, standing.then_some(mark.offset), outs);
        let unix = match state.profile().timing.resolution {
            Resolution::Slots => None,
            // a frame without a date is placed by its neighbours, which does not make that its date
            _ if mark.timestamp.is_none() => None,
            _ => Some(placed.clock.saturating_sub(state.clock_shift(settings))),
        };
        let record = Record {
            placed,
            unix,
            last_frame: state.last_frame,
        };
        let record = match state.join {
            None => Some(record),
            Some(_) => self.hold_for_join(state, settings, record, outs),
        };
        if let Some(record) = record {
            self.show(state, settings, record, outs);
        }
    }

    /// Outputs a record on its stream.
    pub(super) fn show(
        &self,
        state: &mut State,
        settings: &Settings,
        record: Record,
        outs: &mut Vec<Out>,
    ) {
        let key = record.placed.item.packet.stream;
        let Some(index) = state.streams.iter().position(|stream| stream.key == key) else {
            self.late_stream(state, settings, record, outs);
            return;
        };
        let Record {
            placed,
            unix,
            last_frame,
        } = record;
        let mark = placed.mark;
        let running = placed.place.running;
        if let Some(reverse) = &mut state.reverse {
            reverse.note(index, mark.offset, placed.orphan);
        }
        if state.is_past_stop(index, running) || !state.is_wanted(index, &placed) {
            return;
        }
        let Some(mut stream) = state.streams.get_mut(index) else {
            return;
        };
        stream.discont |= placed.place.interrupted || placed.place.begins.is_some();
        let damages = placed.item.damages;
        stream.discont |= std::mem::replace(&mut stream.damages, damages) != damages;
        self.prepare(state, settings, index, &placed, outs);
        if placed.orphan && settings.drop_orphans {
            let count = u64::from(placed.item.fresh);
            state.counts.orphans = state.counts.orphans.saturating_add(count);
            return;
        }
        if placed.item.corrupt && placed.item.fresh {
            state.counts.corrupted = state.counts.corrupted.saturating_add(1);
        }
        let timing = Timing {
            running,
            interval: state.profile().interval(mark.camera),
            unix,
            exact: mark.timestamp.is_some()
                && state.profile().timing.resolution == Resolution::Millis,
            timed: mark.timestamp.is_some(),
            last_frame,
        };
        stream = match state.streams.get_mut(index) {
            Some(stream) => stream,
            None => return,
        };
        let (frame_key, item) = (mark.key, placed.item);
        let buffer = stream.buffer(item, &timing);
        match state.reverse.as_mut() {
            Some(reverse) => reverse.collect(index, frame_key, buffer),
            None => {
                // before the buffer: where a queue is full, nobody comes to what is after it
                self.fill_silence(state, index, outs);
                if let Some(stream) = state.streams.get(index) {
                    push_buffer(outs, &stream.pad, buffer);
                }
            }
        }
    }

    /// What a frame that is played shows about the file as a whole.
    fn note_frame(
        &self,
        state: &mut State,
        settings: &Settings,
        placed: &Placed<Item>,
        outs: &mut Vec<Out>,
    ) {
        let (mark, place, clock) = (placed.mark, placed.place, placed.clock);
        let before = state.last_clock.replace(clock);
        match place.begins {
            Some(Break::Start) | None => {}
            Some(Break::Gap(gap)) => {
                gst::debug!(
                    self.cat,
                    "offset {}: camera {}: gap of {gap} ns, continues at {}",
                    mark.offset,
                    mark.camera,
                    place.running
                );
                let count = u64::from(placed.item.fresh);
                state.counts.gaps = state.counts.gaps.saturating_add(count);
                self.show_gap(state, settings, gap, place.running, outs);
            }
            Some(Break::Back(step) | Break::Forward(step)) => {
                gst::debug!(
                    self.cat,
                    "offset {}: camera {}: the clock was set by {step} ns, {}",
                    mark.offset,
                    mark.camera,
                    if matches!(place.begins, Some(Break::Back(_))) {
                        "back"
                    } else {
                        "forward"
                    }
                );
                let count = u64::from(placed.item.fresh);
                state.counts.clock_steps = state.counts.clock_steps.saturating_add(count);
            }
        }
        // nothing could be looked over
        if state.surveyed == 0 {
            let timing = state.profile().timing;
            state.map.follow(state.placement.runs().runs(), &timing);
        }
        let corrected = match (place.begins, before) {
            (Some(Break::Gap(_) | Break::Back(_) | Break::Forward(_)), Some(before)) => {
                state.map.correct(mark.offset, before, clock, place.running)
            }
            _ => false,
        };
        if corrected
            && state.duration.is_some()
            && state.duration != state.playing_time()
            && let Some(element) = self.element()
        {
            let message = gst::message::DurationChanged::builder().src(&element);
            outs.push(Out::Message(Box::new(message.build())));
        }
        state.map.note(mark.offset, clock, place.running);
    }

    /// A gap that is kept on the timeline.
    fn show_gap(
        &self,
        state: &mut State,
        settings: &Settings,
        gap: i64,
        running: i64,
        outs: &mut Vec<Out>,
    ) {
        if settings.gap_policy != GapPolicy::Preserve || state.reverse.is_some() {
            return;
        }
        for stream in &mut state.streams {
            let from = stream.covered.max(0);
            if running > from {
                stream.send_segment(&state.segment, state.seqnum, outs);
                stream.send_gap(running.min(from.saturating_add(gap)), outs);
                (stream.end, stream.covered) = (running, running);
            }
        }
    }

    /// A stream that first appears in the middle of the file begins with this record.
    fn late_stream(
        &self,
        state: &mut State,
        settings: &Settings,
        record: Record,
        outs: &mut Vec<Out>,
    ) {
        let (key, placed) = (record.placed.item.packet.stream, &record.placed);
        if state.warned_late.contains(&key) {
            return;
        }
        let after_pads = match state.pads_done {
            true => self.after_pads(state),
            false => AfterPads::Pad,
        };
        let joins = after_pads == AfterPads::Group;
        if after_pads == AfterPads::Nothing {
            state.warned_late.insert(key);
            outs.push(Out::Warning(
                "A stream begins in the middle of the recording and is not shown.".to_owned(),
                format!(
                    "{key:?}, at offset {}: nothing announced it before no-more-pads, and what plugs decoders here takes \
                     no pad later; {} alone gives it one",
                    placed.mark.offset,
                    self.cat.name()
                ),
            ));
            return;
        }
        if joins && placed.orphan && settings.drop_orphans {
            let count = u64::from(placed.item.fresh);
            state.counts.orphans = state.counts.orphans.saturating_add(count);
            return;
        }
        let mut first = None;
        if state.pads_done && key.codec.media() == Media::Video {
            match state.late.remove(&key) {
                None => return state.hold_late(record),
                Some(held) => first = held,
            }
        }
        gst::debug!(self.cat, "{key:?} was not announced");
        if let Some(first) = &first {
            let bytes = first.placed.item.buffer.size();
            state.late_bytes = state.late_bytes.saturating_sub(bytes);
        }
        let records = first.into_iter().chain([record]);
        if joins {
            self.begin_join(state, settings, records, outs);
            return;
        }
        for record in records {
            let item = &record.placed.item;
            if !state.streams.iter().any(|stream| stream.key == key) {
                let shape = Shape::of_item(item);
                self.add_stream(state, settings, &shape, Some(item), record.unix, outs);
                self.announce(state, outs);
            }
            self.show(state, settings, record, outs);
        }
    }

    /// Caps, segment and tags that the stream needs before this item.
    fn prepare(
        &self,
        state: &mut State,
        settings: &Settings,
        index: usize,
        placed: &Placed<Item>,
        outs: &mut Vec<Out>,
    ) {
        let item = &placed.item;
        let Some(stream) = state.streams.get(index) else {
            return;
        };
        let reshaped = stream.is_reshaped(item);
        let retagged = stream.is_retagged(item, placed.doubtful);
        if !reshaped && !retagged && !stream.need_segment {
            return;
        }
        // out of the list, so that the rest of the state can be read; it goes back to where it was
        let mut stream = state.streams.swap_remove(index);
        if reshaped {
            let before = stream.caps.clone();
            stream.configure(state, &*self.format, &Shape::of_item(item), Some(item));
            if stream.caps != before
                && let Some(caps) = &stream.caps
            {
                gst::debug!(
                    self.cat,
                    "offset {}: {} is {:?} from here on",
                    placed.mark.offset,
                    stream.pad.name(),
                    stream.size()
                );
                outs.push(Out::Event(stream.pad.clone(), gst::event::Caps::new(caps)));
                stream.send_header = true;
            }
        }
        stream.send_segment(&state.segment, state.seqnum, outs);
        if retagged {
            let tags = stream.update_tags(state, settings, item, placed.doubtful);
            outs.push(Out::Event(stream.pad.clone(), gst::event::Tag::new(tags)));
        }
        state.streams.push(stream);
        let last = state.streams.len().saturating_sub(1);
        state.streams.swap(index, last);
    }

    /// Before a buffer of stream `index` goes out, lets streams that have nothing to show know that time goes on.
    fn fill_silence(&self, state: &mut State, index: usize, outs: &mut Vec<Out>) {
        let Some(stream) = state.streams.get_mut(index) else {
            return;
        };
        let start = stream.last.unwrap_or(stream.end);
        state.latest = state.latest.max(start);
        let lag = state.latest.saturating_sub(start).min(MAX_LAG);
        stream.lag = stream.lag.max(lag);
        if state.latest < state.gap_check || state.streams.len() < 2 {
            return;
        }
        state.gap_check = state.latest.saturating_add(SILENCE / 2);
        for (n, stream) in state.streams.iter_mut().enumerate() {
            // what is recorded now may come later in the file
            let now = state.latest.saturating_sub(stream.lag);
            if n != index && now.saturating_sub(stream.covered) >= SILENCE {
                stream.send_segment(&state.segment, state.seqnum, outs);
                stream.send_gap(now.saturating_sub(SILENCE / 2), outs);
            }
        }
    }
}

/// The runs of a live source, which has no gaps: what it did not send did not happen.
fn live_runs(timing: FrameTiming) -> RunMap {
    let patient = FrameTiming {
        interval: LIVE_INTERVAL,
        ..timing
    };
    RunMap::new(GapPolicy::Preserve, &patient)
}

impl State {
    /// Forgets records that are held: they may be met again.
    pub fn forget_late(&mut self) {
        self.late.clear();
        self.late_bytes = 0;
        self.join = None;
        if self.reverse.is_some() {
            // forwards they can join
            self.warned_late.clear();
        }
    }

    /// Keeps the first record of a camera that nothing announced, as far as there is room.
    fn hold_late(&mut self, mut record: Record) {
        let item = &mut record.placed.item;
        let key = item.packet.stream;
        let bytes = self.late_bytes.saturating_add(item.buffer.size());
        let held = (bytes <= MAX_LATE).then(|| {
            self.late_bytes = bytes;
            record.placed.item.detach();
            record
        });
        self.late.insert(key, held);
    }

    /// Whether all that this stream still has is behind the segment's stop.
    fn is_past_stop(&mut self, index: usize, running: i64) -> bool {
        let Some(stop) = self.segment.stop() else {
            return false;
        };
        let Ok(running) = u64::try_from(running) else {
            return false;
        };
        if running < stop.nseconds() || self.reverse.is_some() {
            return false;
        }
        if let Some(stream) = self.streams.get_mut(index) {
            stream.past_stop = true;
        }
        // sparse streams do not keep the others from ending
        let late = i64::try_from(running).unwrap_or(i64::MAX);
        self.stopped = self
            .streams
            .iter()
            .filter(|stream| stream.key.codec.media() == Media::Video)
            .all(|stream| stream.past_stop || stream.end.saturating_add(2 * SECOND) < late);
        true
    }

    /// Whether a seek left this record in, and the trick mode plays it.
    fn is_wanted(&mut self, index: usize, placed: &Placed<Item>) -> bool {
        let offset = placed.mark.offset;
        if let Some(reverse) = &self.reverse
            && !reverse.counts(offset)
        {
            return false;
        }
        let flags = self.segment.flags();
        let Some(stream) = self.streams.get_mut(index) else {
            return false;
        };
        if offset < stream.from {
            return false;
        }
        let thin = flags.contains(gst::SegmentFlags::TRICKMODE_KEY_UNITS)
            && placed.mark.video
            && !placed.mark.key;
        let mute = flags.contains(gst::SegmentFlags::TRICKMODE_NO_AUDIO)
            && placed.item.packet.audio.is_some();
        stream.discont |= thin || mute;
        !(thin || mute)
    }
}

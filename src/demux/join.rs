// SPDX-License-Identifier: MPL-2.0
//! Streams that nothing announced, in a bin that takes no pad after `no-more-pads`: all streams continue in a new group of pads.
//!
//! As in chained Ogg, the pads of the new group come first, then the old ones end and go, then `no-more-pads` completes the group.
//! decodebin and parsebin keep pads that come after `no-more-pads` for a next group and expose it when every pad of the current one
//! has ended (`drain_and_switch_chains` in gstdecodebin2.c); an EOS on the old pads before there are new ones would be the end of
//! all. The new pads have the sticky events of the old ones, with the same group id, as oggdemux does it: streamsynchronizer, in
//! playbin's playsink, adds the length of a group to the running time of one with another id. So stream time and running time continue.
//!
//! A new pad means a new decoder. So each camera stays in the old group until its next keyframe, and what follows waits until all
//! cameras are so far. That loses no frame; a switch at once would lose those of each camera up to its next keyframe.
//!
//! What GStreamer 1.22 cannot do:
//! - In urisourcebin, which playbin3 and uridecodebin3 have around parsebin, a new group is the end of all. parsebin removes the old pads
//!   before anything flows on the new ones (`gst_parse_bin_expose`), and decodebin3 counts a pad of urisourcebin as an input only from
//!   its first event on (`sink_event_function` in gstdecodebin3.c): `all_inputs_are_eos` is true, and EOS goes to the sinks. Where
//!   urisourcebin has a multiqueue, it also drops what the old pads still have there (`demuxer_pad_removed_cb`).
//! - decodebin3 behind its own parsebin sometimes lost most frames of a camera in a new group, and did not end.
//! - A chain without a decoder never counts as drained (`drain_and_switch_chains`), so that a group with one is never over.

use super::{
    Demux, Settings,
    output::Out,
    play::MAX_LAG,
    state::{Record, State},
    stream::Shape,
};
use formats::{
    reader::{Media, StreamKey},
    timeline::runs::gap_after,
};
use gst::{glib, prelude::*};
use std::collections::HashSet;

/// Bytes of records that wait for the next group at most. Beyond, cameras continue in it without a keyframe.
const MAX_WAITING: usize = 8 << 20;
/// Groups that one recording makes. A damaged one may show a new camera in every other record, and each group has a pad for all.
const MAX_GROUPS: u32 = 64;
/// Elements that are looked at from a pad to the bin's end.
const DEEPEST: usize = 16;

/// What waits for the next group of pads.
pub struct Join {
    /// Streams whose records wait.
    keys: HashSet<StreamKey>,
    records: Vec<Record>,
    bytes: usize,
    /// Running time of the first record.
    since: i64,
}

impl Join {
    fn hold(&mut self, mut record: Record) {
        let item = &mut record.placed.item;
        self.keys.insert(item.packet.stream);
        self.bytes = self.bytes.saturating_add(item.buffer.size());
        item.detach();
        self.records.push(record);
    }
}

/// What a stream gets that begins after `no-more-pads`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AfterPads {
    /// A pad: an application takes it when it comes.
    Pad,
    /// A new group of pads.
    Group,
    /// Nothing can be given to it.
    Nothing,
}

impl Demux {
    /// What a stream gets now that nothing announced.
    pub(super) fn after_pads(&self, state: &State) -> AfterPads {
        let surroundings = self.surroundings();
        if surroundings != AfterPads::Group {
            return surroundings;
        }
        // the group is over once all its pads have ended, and where no decoder follows that is never
        let stuck = state.streams.iter().any(|stream| is_dead_end(&stream.pad));
        match stuck || state.reverse.is_some() || state.groups >= MAX_GROUPS {
            true => AfterPads::Nothing,
            false => AfterPads::Group,
        }
    }

    /// What the bins around the element take.
    fn surroundings(&self) -> AfterPads {
        let mut parent = self.element().and_then(|element| element.parent());
        let mut plugger = None;
        let mut nearest = true;
        while let Some(bin) = parent.and_then(|parent| parent.downcast::<gst::Element>().ok()) {
            let name = bin.factory().map(|factory| factory.name());
            match name.as_ref().map_or("", |name| name.as_str()) {
                "decodebin" | "uridecodebin" | "parsebin" => plugger = Some(bin.clone()),
                "decodebin3" | "uridecodebin3" | "urisourcebin" => return AfterPads::Nothing,
                _ if nearest => return AfterPads::Pad,
                _ => {}
            }
            nearest = false;
            parent = bin.parent();
        }
        match plugger {
            None => AfterPads::Pad,
            Some(bin) if watches_pads_go(&bin) => AfterPads::Group,
            Some(_) => AfterPads::Nothing,
        }
    }

    /// A stream that nothing announced begins with these records.
    pub(super) fn begin_join(
        &self,
        state: &mut State,
        settings: &Settings,
        records: impl Iterator<Item = Record>,
        outs: &mut Vec<Out>,
    ) {
        for record in records {
            let running = record.placed.place.running;
            let join = state.join.get_or_insert_with(|| Join {
                keys: HashSet::new(),
                records: Vec::new(),
                bytes: 0,
                since: running,
            });
            join.hold(record);
        }
        self.join_if_due(state, settings, outs);
    }

    /// The record, unless it waits for the next group.
    pub(super) fn hold_for_join(
        &self,
        state: &mut State,
        settings: &Settings,
        record: Record,
        outs: &mut Vec<Out>,
    ) -> Option<Record> {
        let (key, mark) = (record.placed.item.packet.stream, record.placed.mark);
        let now = record.placed.place.running;
        let known = state.streams.iter().any(|stream| stream.key == key);
        let join = state.join.as_mut()?;
        if !join.keys.contains(&key) && (!known || mark.video && !mark.key) {
            if now.saturating_sub(join.since) > MAX_LAG {
                self.join(state, settings, outs);
            }
            return Some(record);
        }
        join.hold(record);
        self.join_if_due(state, settings, outs);
        None
    }

    /// Joins once no camera has to be waited for, or none may be any longer.
    fn join_if_due(&self, state: &mut State, settings: &Settings, outs: &mut Vec<Out>) {
        let Some(join) = &state.join else {
            return;
        };
        let last = join.records.last();
        let now = last.map_or(join.since, |record| record.placed.place.running);
        let profile = state.profile();
        let ready = state.streams.iter().all(|stream| {
            let pauses = gap_after(profile.interval(stream.key.camera));
            stream.key.codec.media() != Media::Video
                || join.keys.contains(&stream.key)
                || now.saturating_sub(stream.end) > pauses
        });
        if ready || join.bytes > MAX_WAITING || now.saturating_sub(join.since) > MAX_LAG {
            self.join(state, settings, outs);
        }
    }

    /// Ends this group of pads, and continues all streams in the next one.
    pub(super) fn join(&self, state: &mut State, settings: &Settings, outs: &mut Vec<Out>) {
        let Some(join) = state.join.take() else {
            return;
        };
        state.groups = state.groups.saturating_add(1);
        gst::debug!(
            self.cat,
            "group {} of pads: {} records waited",
            state.groups,
            join.records.len()
        );
        let mut old = Vec::new();
        let mut streams = std::mem::take(&mut state.streams);
        for stream in &mut streams {
            if let Some(pad) = self.new_pad(state, stream.key, stream.number) {
                let before = stream.continue_on(pad.clone());
                outs.push(Out::Successor(before.clone(), pad));
                old.push(before);
            }
        }
        state.streams = streams;
        for record in &join.records {
            let (item, running) = (&record.placed.item, record.placed.place.running);
            let key = item.packet.stream;
            match state.streams.iter_mut().find(|stream| stream.key == key) {
                // while it waited, the old pad heard that nothing comes
                Some(stream) => stream.covered = stream.covered.min(running),
                None => {
                    let shape = Shape::of_item(item);
                    self.add_stream(state, settings, &shape, Some(item), record.unix, outs);
                }
            }
        }
        outs.extend(old.into_iter().map(|pad| Out::End(pad, state.seqnum)));
        state.announced = 0;
        self.announce(state, outs);
        outs.push(Out::NoMorePads);
        state.latest = state.latest.min(join.since);
        state.gap_check = state.latest;
        for stream in &mut state.streams {
            if !join.keys.contains(&stream.key) {
                stream.send_segment(&state.segment, state.seqnum, outs);
                stream.send_gap(stream.covered.saturating_add(1), outs);
            }
        }
        for record in join.records {
            self.show(state, settings, record, outs);
        }
    }
}

/// Whether somebody outside notices that a pad of the bin goes: whoever does not would lose the pads that it has to a new group.
fn watches_pads_go(bin: &gst::Element) -> bool {
    let signal = glib::subclass::SignalId::lookup("pad-removed", gst::Element::static_type());
    signal.is_some_and(|signal| glib::signal::signal_has_handler_pending(bin, signal, None, true))
}

/// Whether what a pad sends reaches no pad of the bin around it: nothing there takes it.
fn is_dead_end(pad: &gst::Pad) -> bool {
    let mut pad = pad.clone();
    // a queue, parsers, a filter and a decoder
    for _ in 0..DEEPEST {
        let Some(peer) = pad.peer() else {
            return true;
        };
        let next = peer.parent_element().and_then(|element| {
            // `sink_3` of a multiqueue goes on as `src_3`
            let name = peer.name().replacen("sink", "src", 1);
            element.static_pad(&name)
        });
        match next {
            Some(next) => pad = next,
            None => return false,
        }
    }
    false
}

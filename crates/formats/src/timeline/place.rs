// SPDX-License-Identifier: MPL-2.0
//! A time for every record, finer than the clock where the clock only counts seconds.
//!
//! The frames of one camera in one second are spread evenly over it; where the file has slots, these place them. A time depends
//! on the records of its own second and of the neighbouring ones only, so it comes out the same wherever reading began.

use super::{
    MILLI, SECOND,
    timing::{FrameTiming, Resolution, slot_time},
};
use crate::reader::{Codec, Media, Packet, StreamKey, Timestamp};
use std::collections::VecDeque;

/// Records of a second that there is room for from the beginning: most cameras record at half of the full rate or less.
const USUAL_GROUP: usize = 16;
/// A second of one camera is closed when it has this many frames, whatever follows.
const MAX_GROUP: usize = 1024;

/// A record as the timeline sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark {
    /// Camera, or audio channel.
    pub camera: u16,
    /// Codec of the payload.
    pub codec: Codec,
    /// A frame of a camera. Audio has its own groups and never moves frames.
    pub video: bool,
    /// Needs no other frame to be decoded.
    pub key: bool,
    /// Offset of the record in the file.
    pub offset: u64,
    /// The recorder's time.
    pub timestamp: Option<Timestamp>,
    /// The slot.
    pub slot: Option<u64>,
}

impl Mark {
    /// A packet whose record is at `offset`.
    pub fn new(offset: u64, packet: &Packet) -> Mark {
        Mark {
            camera: packet.stream.camera,
            codec: packet.stream.codec,
            video: packet.stream.codec.media() == Media::Video,
            key: packet.key,
            offset,
            timestamp: packet.timestamp,
            slot: packet.slot,
        }
    }

    /// The stream that it belongs to.
    pub fn stream(&self) -> StreamKey {
        StreamKey {
            camera: self.camera,
            codec: self.codec,
        }
    }

    /// Its clock as it is in the file, nanoseconds since 1970.
    pub fn clock(&self) -> Option<i64> {
        Some(self.timestamp?.unix_ms().saturating_mul(MILLI))
    }
}

#[derive(Debug)]
struct Entry<T> {
    item: T,
    mark: Mark,
    /// Nanoseconds; `None` while its second is open.
    time: Option<i64>,
    floating: bool,
}

/// One second of one camera that is still open.
#[derive(Debug)]
struct Group {
    camera: u16,
    video: bool,
    second: i64,
    /// The second before was recorded as well.
    continues: bool,
    /// Numbers of the entries, and their slots.
    entries: Vec<(u64, Option<u64>)>,
}

/// Gives times to records, in the order of the file. Holds back what cannot be placed yet.
#[derive(Debug)]
pub struct Interpolator<T> {
    timing: FrameTiming,
    queue: VecDeque<Entry<T>>,
    /// Number of the entry at the queue's front.
    front: u64,
    groups: Vec<Group>,
    last: i64,
    /// Time of each camera's last frame, where frames may lack a clock.
    cameras: Vec<(u16, i64)>,
}

impl<T> Interpolator<T> {
    /// A interpolator for a file of this timing.
    pub fn new(timing: FrameTiming) -> Interpolator<T> {
        Interpolator {
            timing,
            queue: VecDeque::new(),
            front: 0,
            groups: Vec::new(),
            last: 0,
            cameras: Vec::new(),
        }
    }

    /// Records without a clock, before any with one, belong to this time.
    pub fn begin(&mut self, timestamp: Timestamp) {
        self.last = timestamp.unix_ms().saturating_mul(MILLI);
    }

    /// The time of the next record, where its own timestamp gives it and none before it is held back. It is not taken in then.
    pub fn at_once(&mut self, mark: &Mark) -> Option<i64> {
        if self.timing.resolution != Resolution::Millis || !self.queue.is_empty() {
            return None;
        }
        self.last = mark.timestamp?.unix_ms().saturating_mul(MILLI);
        if mark.video {
            self.remember(mark.camera, self.last);
        }
        Some(self.last)
    }

    /// The time of a camera's last frame, which one without a clock of its own follows.
    fn remember(&mut self, camera: u16, time: i64) {
        match self.cameras.iter_mut().find(|(known, _)| *known == camera) {
            Some((_, last)) => *last = time,
            None => self.cameras.push((camera, time)),
        }
    }

    /// Takes the next record.
    pub fn push(&mut self, item: T, mark: Mark) {
        let time = match (self.timing.resolution, mark.timestamp) {
            (Resolution::Millis, Some(timestamp)) => {
                Some(timestamp.unix_ms().saturating_mul(MILLI))
            }
            (Resolution::Slots, _) | (_, None) => mark
                .slot
                .and_then(|slot| slot_time(i64::try_from(slot).ok()?, self.timing.slot_rate)),
            (Resolution::Seconds, Some(_)) => None,
        };
        let grouped = self.timing.resolution == Resolution::Seconds && mark.timestamp.is_some();
        let number = self.front.saturating_add(self.queue.len() as u64);
        self.queue.push_back(Entry {
            item,
            mark,
            time,
            floating: !grouped && time.is_none(),
        });
        if let (true, Some(timestamp)) = (grouped, mark.timestamp) {
            self.join(number, &mark, timestamp.seconds);
        }
    }

    /// The next record whose time is known: nanoseconds since 1970, or since the first slot in a file without a clock.
    pub fn pop(&mut self) -> Option<(T, Mark, i64)> {
        let entry = self.queue.front()?;
        let time = match entry.time {
            Some(time) => time,
            // a frame without a clock follows its camera's last one; audio belongs to what is before it
            None if entry.floating && entry.mark.video => {
                let own = self
                    .cameras
                    .iter()
                    .find(|(camera, _)| *camera == entry.mark.camera);
                own.map_or(self.last, |(_, last)| {
                    last.saturating_add(self.timing.interval)
                })
            }
            None if entry.floating => self.last,
            None => return None,
        };
        let entry = self.queue.pop_front()?;
        self.front = self.front.saturating_add(1);
        self.last = time;
        if entry.mark.video {
            self.remember(entry.mark.camera, time);
        }
        Some((entry.item, entry.mark, time))
    }

    /// The file ends, or reading continues somewhere else: every record held back gets its time.
    pub fn finish(&mut self) {
        while let Some(group) = self.groups.pop() {
            self.close(group, None);
        }
    }

    /// Forgets all it holds.
    pub fn clear(&mut self) {
        self.queue.clear();
        self.groups.clear();
        self.cameras.clear();
        self.front = 0;
    }

    /// Records held back.
    pub fn held(&self) -> usize {
        self.queue.len()
    }

    fn join(&mut self, number: u64, mark: &Mark, second: i64) {
        let mut continues = false;
        let mut n = 0;
        while let Some(group) = self.groups.get(n) {
            let own = group.camera == mark.camera && group.video == mark.video;
            // other cameras may lag by a record; after a whole second, or when the clock stepped back, they are done
            let over = second < group.second || second.saturating_sub(group.second) >= 2;
            let full = group.entries.len() >= MAX_GROUP;
            if (own && (group.second != second || full)) || (!own && over) {
                let group = self.groups.swap_remove(n);
                let next =
                    (own && second.checked_sub(group.second) == Some(1)).then_some(mark.slot);
                continues |= next.is_some();
                self.close(group, next);
            } else {
                n = n.saturating_add(1);
            }
        }
        let open = self
            .groups
            .iter_mut()
            .find(|group| group.camera == mark.camera && group.video == mark.video);
        match open {
            Some(group) => group.entries.push((number, mark.slot)),
            None => {
                let mut entries = Vec::with_capacity(USUAL_GROUP);
                entries.push((number, mark.slot));
                self.groups.push(Group {
                    camera: mark.camera,
                    video: mark.video,
                    second,
                    continues,
                    entries,
                });
            }
        }
    }

    /// Places the frames of a second. `next`: the second after it was recorded too, and its first frame has this slot.
    fn close(&mut self, group: Group, next: Option<Option<u64>>) {
        let count = i64::try_from(group.entries.len())
            .unwrap_or(i64::MAX)
            .max(1);
        let first = group.entries.first().and_then(|(_, slot)| *slot);
        let start = group.second.saturating_mul(SECOND);
        for (n, (number, slot)) in group.entries.iter().enumerate() {
            let n = i64::try_from(n).unwrap_or(i64::MAX);
            let by_slot = self.inside_by_slot(&group, first, *slot, next);
            let inside = by_slot.unwrap_or_else(|| self.inside(&group, n, count, next.is_some()));
            let time = start.saturating_add(inside.clamp(0, SECOND - 1));
            let at = number
                .checked_sub(self.front)
                .and_then(|at| usize::try_from(at).ok());
            if let Some(entry) = at.and_then(|at| self.queue.get_mut(at)) {
                entry.time = Some(time);
            }
        }
    }

    /// Nanoseconds into the second, by slots.
    fn inside_by_slot(
        &self,
        group: &Group,
        first: Option<u64>,
        slot: Option<u64>,
        next: Option<Option<u64>>,
    ) -> Option<i64> {
        let (first, slot) = (first?, slot?);
        let distance = |from: u64, to: u64| i64::try_from(to.checked_sub(from)?).ok();
        let after = distance(first, slot)?;
        match next {
            Some(next) => {
                let whole = distance(first, next?)?;
                // a second may get a slot or two more than it has room for: a frame's slot is known only to the distance of frames
                if group.continues || slot_time(whole, self.timing.slot_rate)? > SECOND {
                    return after.checked_mul(SECOND)?.checked_div(whole);
                }
                // recording began inside this second: count back from its end
                let left = slot_time(whole.checked_sub(after)?, self.timing.slot_rate)?;
                SECOND.checked_sub(left)
            }
            None => slot_time(after, self.timing.slot_rate),
        }
    }

    /// Nanoseconds into the second, by number.
    fn inside(&self, group: &Group, n: i64, count: i64, followed: bool) -> i64 {
        let even = || n.saturating_mul(SECOND).checked_div(count).unwrap_or(0);
        let interval = self.timing.interval;
        let covered = interval.saturating_mul(count);
        // the first and the last second of a run may be recorded in part
        if covered < SECOND / 4 * 3 && count > 1 {
            if !group.continues && followed {
                let left = interval.saturating_mul(count.saturating_sub(n));
                return SECOND.saturating_sub(left);
            }
            if !followed {
                return interval.saturating_mul(n);
            }
        }
        even()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn interpolator(resolution: Resolution, interval: i64) -> Interpolator<usize> {
        Interpolator::new(FrameTiming {
            resolution,
            interval,
            slot_rate: Some((30_000, 1001)),
            ..FrameTiming::default()
        })
    }

    fn run(
        interpolator: &mut Interpolator<usize>,
        records: &[(u16, i64, Option<u64>)],
    ) -> Vec<(usize, i64)> {
        let mut out = Vec::new();
        for (n, (camera, seconds, slot)) in records.iter().enumerate() {
            let timestamp = Timestamp {
                seconds: *seconds,
                millis: None,
            };
            interpolator.push(
                n,
                Mark {
                    camera: *camera,
                    codec: Codec::Mpeg4,
                    key: true,
                    offset: 0,
                    video: true,
                    timestamp: Some(timestamp),
                    slot: *slot,
                },
            );
            while let Some((n, _, time)) = interpolator.pop() {
                out.push((n, time));
            }
        }
        interpolator.finish();
        while let Some((n, _, time)) = interpolator.pop() {
            out.push((n, time));
        }
        assert_eq!(interpolator.held(), 0);
        out
    }

    #[test]
    fn a_second_is_spread_evenly() {
        let records: Vec<_> = (0..12).map(|n| (1, 100 + n / 4, None)).collect();
        let out = run(&mut interpolator(Resolution::Seconds, SECOND / 4), &records);
        let expected: Vec<_> = (0..12)
            .map(|n| (n as usize, 100 * SECOND + n * SECOND / 4))
            .collect();
        assert_eq!(out, expected);
    }

    #[test]
    fn a_record_whose_timestamp_shows_all_needs_no_place_in_the_row() {
        let mark = |millis| Mark {
            camera: 1,
            codec: Codec::Mpeg4,
            key: true,
            offset: 0,
            video: true,
            timestamp: Some(Timestamp {
                seconds: 5,
                millis: Some(millis),
            }),
            slot: None,
        };
        let mut interpolator = interpolator(Resolution::Millis, SECOND);
        assert_eq!(interpolator.at_once(&mark(250)), Some(5_250_000_000));
        interpolator.push(0, mark(300));
        assert_eq!(interpolator.at_once(&mark(350)), None, "one is before it");
        assert_eq!(
            interpolator.pop().map(|(n, _, time)| (n, time)),
            Some((0, 5_300_000_000))
        );
        let mut seconds = super::tests::interpolator(Resolution::Seconds, SECOND);
        assert_eq!(seconds.at_once(&mark(250)), None);
    }

    #[test]
    fn a_second_begun_late_is_placed_at_its_end() {
        let seconds = [100, 100, 101, 101, 101, 101, 101, 101, 101, 101, 102];
        let records: Vec<_> = seconds.iter().map(|second| (1, *second, None)).collect();
        let out = run(&mut interpolator(Resolution::Seconds, SECOND / 8), &records);
        assert_eq!(out[0].1, 101 * SECOND - SECOND / 4);
        assert_eq!(out[1].1, 101 * SECOND - SECOND / 8);
        assert_eq!(out[2].1, 101 * SECOND);
    }

    #[test]
    fn slots_place_pictures() {
        // 30 slots in the middle second; frames at its 0th, 6th and 24th
        let records = [
            (1, 100, Some(0)),
            (1, 101, Some(2)),
            (1, 101, Some(8)),
            (1, 101, Some(26)),
            (1, 102, Some(32)),
        ];
        let out = run(&mut interpolator(Resolution::Seconds, SECOND / 8), &records);
        assert_eq!(out[1].1, 101 * SECOND);
        assert_eq!(out[2].1, 101 * SECOND + SECOND / 5);
        assert_eq!(out[3].1, 101 * SECOND + SECOND / 5 * 4);
    }

    #[test]
    fn cameras_do_not_disturb_each_other_and_keep_the_order_of_the_file() {
        let records = [
            (1, 100, None),
            (2, 100, None),
            (1, 100, None),
            (1, 101, None),
            (2, 101, None),
        ];
        let out = run(&mut interpolator(Resolution::Seconds, SECOND / 2), &records);
        let order: Vec<_> = out.iter().map(|(n, _)| *n).collect();
        assert_eq!(order, [0, 1, 2, 3, 4]);
        assert_eq!(out[2].1, 100 * SECOND + SECOND / 2);
        assert_eq!(out[1].1, 100 * SECOND);
    }

    #[test]
    fn times_are_the_same_wherever_reading_began() {
        let records: Vec<_> = (0..60).map(|n| (1, 100 + n / 7, None)).collect();
        let all = run(&mut interpolator(Resolution::Seconds, SECOND / 7), &records);
        for from in 7..50 {
            let part = run(
                &mut interpolator(Resolution::Seconds, SECOND / 7),
                &records[from..],
            );
            // the second that reading began in is known only in part
            let skip = 7 - from % 7;
            for (n, time) in part.iter().skip(skip) {
                assert_eq!(all[n + from].1, *time, "from {from}");
            }
        }
    }
}

// SPDX-License-Identifier: MPL-2.0
//! The scenarios of gst-validate by their names, each compared with the run from start to end.

use testing::seek_tools;

use gst::prelude::*;
use seek_tools::*;
use std::{io::Write, time::Duration};

const FLUSH: gst::SeekFlags = gst::SeekFlags::FLUSH;
const ACCURATE: gst::SeekFlags = gst::SeekFlags::ACCURATE;
const KEY_UNIT: gst::SeekFlags = gst::SeekFlags::KEY_UNIT;
const SECOND: u64 = 1_000_000_000;

struct Scene {
    file: tempfile::NamedTempFile,
    all: Vec<Frame>,
    end: u64,
}

fn scene(plan: &Plan) -> Scene {
    let file = file(&build(plan));
    let all = straight(file.path(), false, &[]).remove("video_1").unwrap();
    let end = all.last().unwrap().pts;
    Scene { file, all, end }
}

impl Scene {
    /// A player that has played the file to its end once.
    fn ended(&self) -> Player {
        let player = Player::new(self.file.path(), false, &[]);
        player.play();
        player.wait_end();
        player.take();
        player
    }

    fn key_before(&self, time: u64) -> &Frame {
        let before = self
            .all
            .iter()
            .rfind(|frame| frame.key && frame.pts <= time);
        before.unwrap_or(self.all.first().unwrap())
    }

    fn key_after(&self, time: u64) -> Option<&Frame> {
        self.all.iter().find(|frame| frame.key && frame.pts >= time)
    }

    fn position(&self, frame: &Frame) -> usize {
        self.all
            .iter()
            .position(|other| other.number == frame.number)
            .unwrap()
    }
}

fn one(player: &Player) -> Vec<Note> {
    player.take().remove("video_1").unwrap_or_default()
}

fn segment(notes: &[Note]) -> gst::FormattedSegment<gst::ClockTime> {
    let found = notes.iter().find_map(|note| match note {
        Note::Segment(segment, _) => Some(segment.clone()),
        _ => None,
    });
    found.expect("a segment")
}

fn assert_run(have: &[Frame], want: &[Frame]) {
    for (one, other) in have.iter().zip(want) {
        assert!(one.same(other), "{one:?} where {other:?} was expected");
    }
    assert_eq!(have.len(), want.len());
}

#[test]
fn simple_seeks_and_scrubbing() {
    let scene = scene(&Plan {
        gaps: 40,
        ..Plan::default()
    });
    let player = scene.ended();
    // scrub_forward_seeking, then scrub_backward_seeking
    let steps: Vec<u64> = (0..20).chain((0..20).rev()).collect();
    for step in steps {
        let time = scene.end / 20 * step;
        assert!(player.seek(1.0, FLUSH | ACCURATE, time, None).0);
        player.wait_end();
        let notes = one(&player);
        let notes = after_flush(&notes);
        assert_eq!(
            segment(notes).start(),
            Some(gst::ClockTime::from_nseconds(time))
        );
        let at = scene.position(scene.key_before(time));
        assert_run(&frames(notes), &scene.all[at..]);
    }
}

#[test]
fn key_unit_seeks_snap_as_asked() {
    let scene = scene(&Plan {
        gaps: 60,
        group: 13,
        ..Plan::default()
    });
    let player = scene.ended();
    let mut dice = Dice(5);
    for _ in 0..25 {
        let time = dice.below(scene.end);
        let before = scene.key_before(time);
        let after = scene.key_after(time);
        let nearest = match after {
            Some(after) if after.pts - time < time.saturating_sub(before.pts) => after,
            _ => before,
        };
        let cases = [
            (gst::SeekFlags::SNAP_BEFORE, before),
            (gst::SeekFlags::empty(), before),
            (gst::SeekFlags::SNAP_AFTER, after.unwrap_or(before)),
            (gst::SeekFlags::SNAP_NEAREST, nearest),
        ];
        for (snap, want) in cases {
            assert!(player.seek(1.0, FLUSH | KEY_UNIT | snap, time, None).0);
            player.wait_end();
            let notes = one(&player);
            let notes = after_flush(&notes);
            let have = frames(notes);
            // at a run's edge the nearer keyframe may stand in the neighbouring run
            assert!(
                have[0].same(want),
                "{snap:?} {time}: {:?} {want:?}",
                have[0]
            );
            assert_eq!(segment(notes).start().unwrap().nseconds(), have[0].pts);
            assert_run(&have, &scene.all[scene.position(&have[0])..]);
        }
    }
}

#[test]
fn seek_with_stop_ends_there() {
    let scene = scene(&Plan::default());
    let player = scene.ended();
    for (start, stop) in [
        (0, 5 * SECOND),
        (7 * SECOND, 9 * SECOND),
        (20 * SECOND, 20 * SECOND + 1),
    ] {
        assert!(player.seek(1.0, FLUSH | ACCURATE, start, Some(stop)).0);
        player.wait_end();
        let notes = one(&player);
        let notes = after_flush(&notes);
        let have = frames(notes);
        let from = scene.position(scene.key_before(start));
        let to = scene
            .all
            .iter()
            .position(|frame| frame.pts >= stop)
            .unwrap();
        assert_run(&have, &scene.all[from..to]);
        assert_eq!(segment(notes).stop().unwrap().nseconds(), stop);
        assert!(notes.iter().any(|note| matches!(note, Note::Eos(_))));
    }
}

#[test]
fn seeks_at_and_past_the_end_show_the_last_picture() {
    let scene = scene(&Plan::default());
    let player = scene.ended();
    for time in [scene.end, scene.end + SECOND, scene.end * 10] {
        assert!(player.seek(1.0, FLUSH | ACCURATE, time, None).0);
        player.wait_end();
        let have = frames(after_flush(&one(&player)));
        assert_eq!(have.last(), scene.all.last());
        assert_eq!(have[0].number, scene.key_before(scene.end).number);
    }
}

/// Groups of pictures, the last first, each forwards.
fn reversed(all: &[Frame]) -> Vec<Frame> {
    let mut out = Vec::new();
    let mut rest = all;
    while let Some(at) = rest.iter().rposition(|frame| frame.key) {
        out.extend_from_slice(&rest[at..]);
        rest = &rest[..at];
    }
    out
}

#[test]
fn reverse_playback_goes_by_groups() {
    for (seed, gaps, back, size) in [
        (1, 0, false, 600),
        (2, 30, true, 600),
        (3, 25, false, 40_000),
    ] {
        let scene = scene(&Plan {
            seed,
            gaps,
            back,
            size,
            ..Plan::default()
        });
        let player = scene.ended();
        for stop in [scene.end + SECOND, scene.end / 2] {
            assert!(player.seek(-1.0, FLUSH | ACCURATE, 0, Some(stop)).0);
            player.wait_end();
            let notes = one(&player);
            let notes = after_flush(&notes);
            let have = frames(notes);
            let part: Vec<Frame> = scene
                .all
                .iter()
                .filter(|frame| frame.pts <= stop)
                .cloned()
                .collect();
            let want = reversed(&part);
            assert_run(&have, &want);
            for frame in &have {
                assert_eq!(frame.discont, frame.key, "{frame:?}");
            }
            assert!(segment(notes).rate() < 0.0);
        }
    }
}

#[test]
fn fast_forward_and_trick_mode_seeks() {
    let scene = scene(&Plan::default());
    let player = scene.ended();
    for rate in [2.0, 4.0, 16.0] {
        assert!(player.seek(rate, FLUSH | ACCURATE, 3 * SECOND, None).0);
        player.wait_end();
        let notes = one(&player);
        let notes = after_flush(&notes);
        assert_eq!(segment(notes).rate(), rate);
        let at = scene.position(scene.key_before(3 * SECOND));
        assert_run(&frames(notes), &scene.all[at..]);
        // keyframes only
        let trick = gst::SeekFlags::TRICKMODE | gst::SeekFlags::TRICKMODE_KEY_UNITS;
        assert!(player.seek(rate, FLUSH | trick, 0, None).0);
        player.wait_end();
        let have = frames(after_flush(&one(&player)));
        let keys: Vec<Frame> = scene
            .all
            .iter()
            .filter(|frame| frame.key)
            .cloned()
            .collect();
        assert_run(&have, &keys);
        assert!(have.iter().all(|frame| frame.discont));
    }
}

#[test]
fn instant_rate_change_needs_no_seek() {
    let scene = scene(&Plan::default());
    let player = scene.ended();
    let flags = gst::SeekFlags::INSTANT_RATE_CHANGE;
    // after the end of a segment pads still take events
    assert!(
        player
            .seek(1.0, FLUSH | gst::SeekFlags::SEGMENT, 0, Some(SECOND))
            .0
    );
    player.wait_end();
    let event = |rate: f64| {
        gst::event::Seek::new(
            rate,
            flags,
            gst::SeekType::None,
            gst::ClockTime::NONE,
            gst::SeekType::None,
            gst::ClockTime::NONE,
        )
    };
    let seen = std::sync::Arc::new(std::sync::Mutex::new(None));
    let kept = seen.clone();
    player
        .pad()
        .add_probe(gst::PadProbeType::EVENT_DOWNSTREAM, move |_, info| {
            if let Some(event) = info.event()
                && let gst::EventView::InstantRateChange(change) = event.view()
            {
                *kept.lock().unwrap() = Some(change.get().0);
            }
            gst::PadProbeReturn::Ok
        });
    assert!(player.pad().send_event(event(2.0)));
    assert_eq!(*seen.lock().unwrap(), Some(2.0));
    // the other way round would be a seek
    assert!(!player.pad().send_event(event(-1.0)));
}

#[test]
fn segment_looping_counts_on() {
    let scene = scene(&Plan::default());
    let player = Player::new(scene.file.path(), false, &[]);
    player.play();
    player.wait_end();
    player.take();
    let flags = gst::SeekFlags::SEGMENT;
    let (done, seqnum) = player.seek(1.0, FLUSH | ACCURATE | flags, 2 * SECOND, Some(4 * SECOND));
    assert!(done);
    let message = player.wait_end();
    assert!(
        matches!(message.view(), gst::MessageView::SegmentDone(_)),
        "{message:?}"
    );
    assert_eq!(message.seqnum(), seqnum);
    // the event follows the message
    std::thread::sleep(Duration::from_millis(50));
    let notes = one(&player);
    assert!(
        notes
            .iter()
            .any(|note| matches!(note, Note::SegmentDone(number) if *number == seqnum))
    );
    let mut base = gst::ClockTime::ZERO;
    for _ in 0..3 {
        let (done, seqnum) = player.seek(1.0, ACCURATE | flags, 2 * SECOND, Some(4 * SECOND));
        assert!(done);
        let message = player.wait_end();
        assert_eq!(message.seqnum(), seqnum);
        std::thread::sleep(Duration::from_millis(50));
        let notes = one(&player);
        let looped = segment(&notes);
        base += gst::ClockTime::from_seconds(2);
        assert_eq!(looped.base(), Some(base));
        let from = scene.position(scene.key_before(2 * SECOND));
        let to = scene
            .all
            .iter()
            .position(|frame| frame.pts >= 4 * SECOND)
            .unwrap();
        assert_run(&frames(&notes), &scene.all[from..to]);
    }
}

#[test]
fn a_seek_before_the_header_is_parsed_waits() {
    let scene = scene(&Plan::default());
    let player = Player::new(scene.file.path(), false, &[]);
    let event = gst::event::Seek::new(
        1.0,
        FLUSH | ACCURATE,
        gst::SeekType::Set,
        gst::ClockTime::from_seconds(10),
        gst::SeekType::Set,
        gst::ClockTime::NONE,
    );
    player.demux.set_state(gst::State::Ready).unwrap();
    assert!(player.demux.send_event(event));
    player.play();
    player.wait_end();
    let notes = one(&player);
    let have = frames(after_flush(&notes));
    let at = scene.position(scene.key_before(10 * SECOND));
    assert_run(&have, &scene.all[at..]);
}

#[test]
fn the_same_seek_by_two_pads_is_done_once() {
    let plan = Plan {
        cameras: 2,
        ..Plan::default()
    };
    let file = file(&build(&plan));
    let player = Player::new(file.path(), false, &[]);
    player.play();
    player.wait_end();
    player.take();
    let event = gst::event::Seek::builder(
        1.0,
        FLUSH | ACCURATE,
        gst::SeekType::Set,
        gst::ClockTime::from_seconds(5),
        gst::SeekType::Set,
        gst::ClockTime::NONE,
    )
    .build();
    for pad in player.demux.src_pads() {
        assert!(pad.send_event(event.clone()));
    }
    player.wait_end();
    for notes in player.take().values() {
        let flushes = notes
            .iter()
            .filter(|note| matches!(note, Note::FlushStop(_)))
            .count();
        assert_eq!(flushes, 1);
    }
}

#[test]
fn bursts_of_seeks_do_not_lock_up() {
    let scene = scene(&Plan {
        pictures: 3000,
        ..Plan::default()
    });
    let player = Player::new(scene.file.path(), false, &[]);
    player.play();
    player.wait_for_pads(1);
    let mut dice = Dice(9);
    for _ in 0..200 {
        assert!(player.seek(1.0, FLUSH, dice.below(scene.end), None).0);
    }
    std::thread::sleep(Duration::from_millis(5));
    player.take();
    let (done, seqnum) = player.seek(1.0, FLUSH | ACCURATE, 8 * SECOND, None);
    assert!(done);
    player.wait_end_of(seqnum);
    let have = frames(after_flush(&one(&player)));
    assert_run(
        &have,
        &scene.all[scene.position(scene.key_before(8 * SECOND))..],
    );
}

#[test]
fn non_flushing_seeks_count_on() {
    let scene = scene(&Plan::default());
    let player = scene.ended();
    assert!(
        player
            .seek(1.0, FLUSH | gst::SeekFlags::SEGMENT, 0, Some(SECOND))
            .0
    );
    player.wait_end();
    std::thread::sleep(Duration::from_millis(50));
    player.take();
    let (done, seqnum) = player.seek(1.0, ACCURATE, 10 * SECOND, Some(12 * SECOND));
    assert!(done);
    player.wait_end();
    let notes = one(&player);
    assert!(!notes.iter().any(|note| matches!(note, Note::FlushStop(_))));
    assert!(matches!(&notes[0], Note::Segment(_, number) if *number == seqnum));
    let from = scene.position(scene.key_before(10 * SECOND));
    assert!(frames(&notes)[0].same(&scene.all[from]));
}

#[test]
fn change_state_intensive() {
    let scene = scene(&Plan {
        pictures: 60,
        ..Plan::default()
    });
    let player = Player::new(scene.file.path(), false, &[]);
    for turn in 0..10 {
        player.play();
        if turn % 2 == 0 {
            player.wait_end();
            assert_run(&frames(&one(&player)), &scene.all);
        }
        player.pipeline.set_state(gst::State::Paused).unwrap();
        player.pipeline.set_state(gst::State::Ready).unwrap();
        assert!(player.demux.src_pads().is_empty());
        player.pipeline.bus().unwrap().set_flushing(true);
        player.pipeline.bus().unwrap().set_flushing(false);
        player.take();
    }
}

#[test]
fn queries_are_answered() {
    let scene = scene(&Plan {
        gaps: 50,
        ..Plan::default()
    });
    let player = scene.ended();
    let pad = player.pad();
    let duration = pad.query_duration::<gst::ClockTime>().unwrap();
    assert!(duration.nseconds() > scene.end && duration.nseconds() < scene.end + SECOND);
    assert_eq!(
        pad.query_position::<gst::ClockTime>().unwrap().nseconds(),
        scene.end
    );
    let mut seeking = gst::query::Seeking::new(gst::Format::Time);
    assert!(pad.query(&mut seeking));
    let (seekable, start, end) = seeking.result();
    assert!(seekable);
    assert_eq!(
        start,
        gst::GenericFormattedValue::Time(Some(gst::ClockTime::ZERO))
    );
    assert_eq!(end, gst::GenericFormattedValue::Time(Some(duration)));
    let frames = pad
        .query_convert::<Option<gst::format::Default>>(gst::ClockTime::from_seconds(4))
        .flatten()
        .unwrap();
    assert_eq!(*frames, 30);
    let time = pad
        .query_convert::<Option<gst::ClockTime>>(gst::format::Default::from_u64(75))
        .flatten()
        .unwrap();
    assert_eq!(time.seconds(), 10);
    assert!(
        pad.query_convert::<Option<gst::format::Bytes>>(duration)
            .flatten()
            .is_some()
    );
    let mut formats = gst::query::Formats::new();
    assert!(pad.query(&mut formats));
    assert_eq!(formats.result().len(), 3);
}

#[test]
fn a_growing_file_is_played_to_its_new_end() {
    let data = build(&Plan {
        index: false,
        pictures: 200,
        ..Plan::default()
    });
    let all = {
        let whole = file(&data);
        straight(whole.path(), false, &[])
            .remove("video_1")
            .unwrap()
    };
    // cut inside a record
    let cut = data.len() / 2 + 7;
    let mut growing = tempfile::Builder::new().suffix(".exp").tempfile().unwrap();
    growing.write_all(&data[..cut]).unwrap();
    growing.flush().unwrap();
    let player = Player::new(growing.path(), false, &[]);
    let rest = std::sync::Mutex::new(Some((growing.reopen().unwrap(), data[cut..].to_vec())));
    player.demux.connect_pad_added(move |_, pad| {
        // the recorder goes on writing once playback has begun
        if let Some((file, rest)) = rest.lock().unwrap().take() {
            pad.add_probe(gst::PadProbeType::BUFFER, {
                let state = std::sync::Mutex::new(Some((file, rest)));
                move |_, _| {
                    if let Some((mut file, rest)) = state.lock().unwrap().take() {
                        use std::io::Seek;
                        file.seek(std::io::SeekFrom::End(0)).unwrap();
                        file.write_all(&rest).unwrap();
                        file.flush().unwrap();
                    }
                    gst::PadProbeReturn::Ok
                }
            });
        }
    });
    player.play();
    player.wait_end();
    assert_run(&frames(&one(&player)), &all);
}

#[test]
fn the_recorders_clock_can_be_sought_in_both_passes_of_the_repeated_hour() {
    // 10 minutes, then the clock steps back an hour and the recording goes on
    let head = Plan {
        seed: 4,
        pictures: 600,
        interval: 1000.0,
        gaps: 0,
        ..Plan::default()
    };
    let first = build(&head);
    let mut plan = Plan {
        seed: 4,
        header: false,
        ..head
    };
    plan.seed = 4;
    let second = build(&plan);
    // the second pass carries the same times again
    let joined: Vec<u8> = [first, second].concat();
    let file = file(&joined);
    let all = straight(file.path(), false, &[]).remove("video_1").unwrap();
    let player = Player::new(file.path(), false, &[]);
    player.play();
    player.wait_end();
    player.take();
    let wanted = all[300].unix.unwrap();
    let both: Vec<&Frame> = all
        .iter()
        .filter(|frame| frame.unix == Some(wanted))
        .collect();
    assert_eq!(both.len(), 2);
    for (pass, frame) in both.iter().enumerate() {
        let flags = FLUSH | ACCURATE;
        let done: bool = player
            .demux
            .emit_by_name("seek-clock", &[&wanted, &(pass as u32), &flags]);
        assert!(done, "pass {pass}");
        player.wait_end();
        let notes = one(&player);
        let notes = after_flush(&notes);
        assert_eq!(
            segment(notes).start().unwrap().nseconds(),
            frame.pts,
            "pass {pass}"
        );
        assert!(frames(notes).iter().any(|have| have.same(frame)));
    }
    let none: bool = player
        .demux
        .emit_by_name("seek-clock", &[&wanted, &7u32, &FLUSH]);
    assert!(!none);
}

/// A recording too large to be read for a seek, without an index: pictures of 256 KiB that are mostly holes of the file.
fn large_recording(gaps: &[u64]) -> tempfile::NamedTempFile {
    use formats::{
        exp::writer::{Head, Picture, Writer},
        reader::{Camera, Mode, Standard, Timestamp},
    };
    use std::io::{Seek, SeekFrom};
    let camera = Camera {
        number: 1,
        width: 352,
        height: 240,
        ..Camera::default()
    };
    let head = Head {
        standard: Standard::Ntsc,
        cameras: vec![camera],
        ..Head::default()
    };
    let mut ms = 1_257_862_530_000_i64;
    let timestamp = |ms: i64| Timestamp {
        seconds: ms / 1000,
        millis: Some((ms % 1000) as u16),
    };
    let (mut writer, header) = Writer::new(head, timestamp(ms)).unwrap();
    let mut file = tempfile::Builder::new().suffix(".exp").tempfile().unwrap();
    file.write_all(&header).unwrap();
    let mut dice = Dice(3);
    for n in 0..1600_u64 {
        let key = n % 10 == 0;
        if gaps.contains(&n) {
            ms += 30_000;
        }
        let picture = Picture {
            camera: 1,
            timestamp: timestamp(ms),
            mode: Mode::Motion,
            width: 352,
            height: 240,
            key,
        };
        let mut payload = vop(key, n as u32, 16, &mut dice);
        payload.resize(256 << 10, 0);
        let mut record = writer.picture(&picture, &payload).unwrap();
        // no checksum: it would have to cover the hole
        let sum = if key { 84 } else { 20 };
        record[sum..sum + 4].fill(0);
        file.write_all(&record[..128]).unwrap();
        file.seek(SeekFrom::Current(record.len() as i64 - 128))
            .unwrap();
        ms += 100;
    }
    let length = writer.offset();
    file.as_file().set_len(length).unwrap();
    file
}

#[test]
fn gaps_of_a_large_file_without_index_are_found_by_samples() {
    let file = large_recording(&[200, 210, 777, 1300, 1301]);
    let all = straight(file.path(), false, &[]).remove("video_1").unwrap();
    // 400 MiB are more than the survey of the first seek may read
    assert!(file.as_file().metadata().unwrap().len() > 300 << 20);
    let scene = Scene {
        end: all.last().unwrap().pts,
        all,
        file,
    };
    let player = Player::new(scene.file.path(), false, &[]);
    player.play();
    player.wait_for_pads(1);
    let mut dice = Dice(11);
    for n in 0..12 {
        let time = dice.below(scene.end);
        assert!(
            player
                .seek(1.0, FLUSH | ACCURATE, time, Some(time + SECOND))
                .0
        );
        std::thread::sleep(Duration::from_millis(20));
        player.wait_end();
        let have = frames(after_flush(&one(&player)));
        let at = scene.position(scene.key_before(time));
        assert!(have.len() > 1, "{n}");
        assert_run(&have, &scene.all[at..at + have.len()]);
    }
}

#[test]
fn a_source_that_cannot_seek_refuses_without_an_error() {
    init();
    let pipeline =
        gst::parse::launch("appsrc name=src ! expdemux name=d ! fakesink async=false sync=false")
            .unwrap()
            .downcast::<gst::Pipeline>()
            .unwrap();
    let source = pipeline.by_name("src").unwrap();
    pipeline.set_state(gst::State::Playing).unwrap();
    let data = build(&Plan::default());
    for part in data.chunks(1000) {
        let buffer = gst::Buffer::from_mut_slice(part.to_vec());
        let flow: gst::FlowReturn = source.emit_by_name("push-buffer", &[&buffer]);
        assert_eq!(flow, gst::FlowReturn::Ok);
    }
    let demux = pipeline.by_name("d").unwrap();
    for _ in 0..1000 {
        if !demux.src_pads().is_empty() {
            break;
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    let pad = demux.src_pads()[0].clone();
    let seek = |rate| {
        gst::event::Seek::new(
            rate,
            FLUSH,
            gst::SeekType::Set,
            gst::ClockTime::from_seconds(1),
            gst::SeekType::Set,
            gst::ClockTime::NONE,
        )
    };
    assert!(!pad.send_event(seek(1.0)));
    assert!(!pad.send_event(seek(-1.0)));
    let _: gst::FlowReturn = source.emit_by_name("end-of-stream", &[]);
    let message = pipeline
        .bus()
        .unwrap()
        .timed_pop_filtered(
            gst::ClockTime::from_seconds(20),
            &[gst::MessageType::Eos, gst::MessageType::Error],
        )
        .unwrap();
    assert!(
        matches!(message.view(), gst::MessageView::Eos(_)),
        "{message:?}"
    );
    pipeline.set_state(gst::State::Null).unwrap();
}

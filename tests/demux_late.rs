// SPDX-License-Identifier: MPL-2.0
//! Cameras, audio and alarm texts that begin long after the first frame: every player lists them, shows them and comes to the end.

use crate::families::Family;
use testing::{
    common::{
        collect::{Feed, run_element},
        make::{Exp, START, tiny},
        plv1::{Avi, Wave},
        shell::Shell,
    },
    netvu_make::{Made, audio, little, packet},
};

use formats::reader::{Codec, Mode};
use std::{collections::BTreeMap, fmt::Write};

/// Milliseconds after the first frame at which camera 2, camera 3, audio and an alarm text begin; the end.
const SECOND_CAMERA: i64 = 26_000;
const THIRD_CAMERA: i64 = 370_000;
const AUDIO: i64 = 30_000;
const ALARM: i64 = 60_000;
const END: i64 = 400_000;

/// Names and bytes of recordings, and how many streams of video, audio and text they have.
fn recordings() -> Vec<(&'static str, Vec<u8>, [usize; 3])> {
    let mut exp = Exp::of(&[
        (1, 64, 48, "Gate"),
        (2, 64, 48, "Yard"),
        (3, 64, 48, "Door"),
    ]);
    let mut avi = Avi::new(64, 48).wave(Wave {
        tag: 7,
        rate: 8000,
        bits: 8,
        align: 1,
    });
    let mut binary = Vec::new();
    let mut partition = [b"PAR\0".to_vec(), vec![0x5a; 300]].concat();
    for (n, ms) in (0..END).step_by(500).enumerate() {
        let coded = |camera: usize| &tiny()[n.wrapping_sub(camera) % 8];
        for (camera, from) in [(1, 0), (2, SECOND_CAMERA), (3, THIRD_CAMERA)] {
            if ms < from {
                continue;
            }
            // each begins with a keyframe
            let coded = coded((from / 500) as usize);
            exp.camera(camera, START + ms, Mode::Motion, coded);
            let alarmed = (ALARM..ALARM + 5000).contains(&ms) && camera == 1;
            let made = Made {
                camera: i32::from(camera),
                format: if coded.key { 3 } else { 2 },
                unix_ms: (START + ms) as u64,
                payload: coded.bytes.clone(),
                size: (64, 48),
                alarm: if alarmed { "DOOR" } else { "" },
                ..Made::default()
            };
            binary.extend(made.packet());
            partition.extend(made.record());
        }
        avi.picture(((START + ms) / 1000) as u32, coded(0), 88);
        avi.padding(14);
        if ms >= AUDIO {
            let block = audio((START + ms) as u64, 2004);
            exp.audio(1, START + ms, Codec::MuLaw, 8000, &[0x55; 4000]);
            avi.audio(&[0x55; 4000]);
            binary.extend(packet(4, 0, &block));
            partition.extend(little(&block));
        }
    }
    vec![
        ("late.exp", exp.finish().bytes, [3, 1, 0]),
        ("late.avi", avi.finish(), [1, 1, 0]),
        ("late.adbin", binary, [3, 1, 1]),
        ("late.par", partition, [3, 1, 1]),
    ]
}

/// Plays a file through everything that plugs elements by itself; prints a line for each: its name and buffers by media.
const PLAY: &str = r#"
import sys, gi
gi.require_version('Gst', '1.0')
from gi.repository import Gst
Gst.init(None)
path = sys.argv[1]
uri = 'file://' + path

def sink():
    element = Gst.ElementFactory.make('fakesink')
    element.set_property('sync', False)
    return element

def play(name, pipeline, counts, select=None):
    pipeline.set_state(Gst.State.PLAYING)
    kinds = Gst.MessageType.EOS | Gst.MessageType.ERROR | Gst.MessageType.STREAM_COLLECTION | Gst.MessageType.ASYNC_DONE | Gst.MessageType.STREAMS_SELECTED
    streams, end = 0, 'no end'
    while True:
        message = pipeline.get_bus().timed_pop_filtered(60 * Gst.SECOND, kinds)
        if message is None:
            break
        if message.type == Gst.MessageType.STREAM_COLLECTION:
            collection = message.parse_stream_collection()
            streams = max(streams, collection.get_size())
        if select:
            select(message)
        if message.type == Gst.MessageType.ERROR:
            end = str(message.parse_error())
            break
        if message.type == Gst.MessageType.EOS:
            end = 'end'
            break
    n = [pipeline.get_property(p) for p in ('n-video', 'n-audio', 'n-text')] if name == 'playbin' else []
    pipeline.set_state(Gst.State.NULL)
    for pad, count in sorted(counts.items()):
        print(name, 'buffers', pad, count)
    print(name, 'streams', streams, *n)
    print(name, end, flush=True)

def counting(pad, counts, key):
    counts.setdefault(key, 0)
    def count(_, info):
        counts[key] += 1
        return Gst.PadProbeReturn.OK
    pad.add_probe(Gst.PadProbeType.BUFFER, count)

def bins(name, text):
    pipeline, counts = Gst.Pipeline(), {}
    inner = Gst.parse_bin_from_description(text, False)
    pipeline.add(inner)
    def added(_, pad):
        queue, end = Gst.ElementFactory.make('queue'), sink()
        for element in (queue, end):
            pipeline.add(element)
            element.sync_state_with_parent()
        queue.link(end)
        media = pad.query_caps(None).get_structure(0).get_name().split('/')[0]
        media = {'application': 'text', 'image': 'video'}.get(media, media)
        counting(pad, counts, '%s:%s' % (media, pad.get_name()))
        ghost = Gst.GhostPad.new(None, pad)
        ghost.set_active(True)
        inner.add_pad(ghost)
        ghost.link(queue.get_static_pad('sink'))
    pipeline.get_by_name('b').connect('pad-added', added)
    play(name, pipeline, counts)

def playbin(name, factory, second):
    pipeline, counts = Gst.ElementFactory.make(factory), {}
    pipeline.set_property('uri', uri)
    # texts wait for the clock
    pipeline.set_property('flags', 3)
    ends = {kind: sink() for kind in ('video', 'audio')}
    for kind, end in ends.items():
        pipeline.set_property(kind + '-sink', end)
        counting(end.get_static_pad('sink'), counts, kind)
    def select(message):
        if second and message.type == Gst.MessageType.ASYNC_DONE:
            pipeline.set_property('current-video', 1)
    play(name, pipeline, counts, select)

for name in ('decodebin', 'parsebin'):
    bins(name, 'filesrc location=%s ! %s name=b' % (path, name))
bins('uridecodebin3', 'uridecodebin3 name=b uri=' + uri)
for factory in ('playbin', 'playbin3'):
    playbin(factory, factory, False)
# playbin3 of GStreamer 1.22 holds its lock while it passes SELECT_STREAMS on, and takes it in pad-added, under the lock that decodebin3
# takes for SELECT_STREAMS: a choice hangs now and then, whatever is played
if sys.argv[2] == 'second':
    playbin('playbin-second', 'playbin', True)
"#;

#[test]
fn late_streams_are_listed_and_played_by_every_player() {
    let shell = Shell::new();
    shell.write("play.py", PLAY.as_bytes());
    // mpeg4videoparse of GStreamer 1.22 answers a GAP before the first frame with caps of 0x0, which its decoders complain about
    let calm = [("G_DEBUG", "")];
    let frames = |from: i64| ((END - from) / 500) as usize;
    for (name, bytes, [video, audio, text]) in recordings() {
        let path = shell.write(name, &bytes);
        let path = path.display();
        let second = if video > 1 { "second" } else { "" };
        let said = shell.run(
            &format!("/usr/bin/python3 play.py {path} '{second}'"),
            &calm,
        );
        let said = said.well().out;
        let mut ended = Vec::new();
        let mut seen: BTreeMap<(&str, &str), Vec<usize>> = BTreeMap::new();
        for line in said.lines() {
            let words: Vec<&str> = line.split(' ').collect();
            match words[..] {
                [bin, "end"] => ended.push(bin),
                [bin, "buffers", pad, count] => {
                    let kind = pad.split(':').next().unwrap();
                    let counts = seen.entry((bin, kind)).or_default();
                    counts.push(count.parse().unwrap());
                }
                [bin, "streams", ref counts @ ..] => {
                    let counts: Vec<usize> = counts.iter().map(|n| n.parse().unwrap()).collect();
                    if bin.starts_with("playbin3") || bin == "uridecodebin3" {
                        assert_eq!(counts, [video + audio + text], "{name}: {line}");
                    } else if bin == "playbin" {
                        assert_eq!(counts[1..], [video, audio, text], "{name}: {line}");
                    }
                }
                _ => panic!("{name}: {line}"),
            }
        }
        let mut bins = vec![
            "decodebin",
            "parsebin",
            "uridecodebin3",
            "playbin",
            "playbin3",
        ];
        if video > 1 {
            bins.push("playbin-second");
        }
        bins.sort_unstable();
        ended.sort_unstable();
        assert_eq!(ended, bins, "{name}: {said}");
        for bin in ["decodebin", "parsebin"] {
            let mut found = seen[&(bin, "video")].clone();
            found.sort_unstable();
            let from = [THIRD_CAMERA, SECOND_CAMERA, 0];
            let expected: Vec<_> = from[3 - video..].iter().map(|from| frames(*from)).collect();
            assert_eq!(found, expected, "{name}: {bin}");
            assert_eq!(seen[&(bin, "audio")], [frames(AUDIO)], "{name}: {bin}");
            let texts = seen.get(&(bin, "text")).map_or(0, Vec::len);
            assert_eq!(texts, text, "{name}: {bin}");
        }
        for bin in bins.iter().filter(|bin| bin.ends_with("-second")) {
            let shown = seen[&(*bin, "video")].iter().sum::<usize>();
            assert!(shown >= frames(SECOND_CAMERA) / 2, "{name}: {bin}: {shown}");
        }
        let said = shell
            .run(&format!("gst-discoverer-1.0 {path}"), &calm)
            .well();
        for (kind, count) in [("video", video), ("audio", audio), ("subtitles", text)] {
            let lines = said.out.lines().map(str::trim_start);
            let found = lines.filter(|line| line.starts_with(&format!("{kind} #")));
            assert_eq!(found.count(), count, "{name}: {kind} in {}", said.out);
        }
        let play = "gst-play-1.0 --no-interactive --videosink='fakesink sync=false' --audiosink='fakesink sync=false'";
        shell.run(&format!("{play} {path}"), &calm).well();
    }
}

/// A camera that pauses for 20 s, and one that begins after 10 s, in one MP4 file, with the queues that the README has for it.
#[test]
fn a_pause_does_not_hold_up_a_muxer() {
    let shell = Shell::new();
    for interval in [100, 500] {
        let mut exp = Exp::of(&[
            (1, 64, 48, "Gate"),
            (2, 64, 48, "Yard"),
            (3, 64, 48, "Door"),
        ]);
        let mut counts = [0; 3];
        for (n, ms) in (0..60_000).step_by(interval).enumerate() {
            for (camera, silent) in [(1, 0..0), (2, 20_000..40_000), (3, 0..10_000)] {
                if !silent.contains(&ms) {
                    // only keyframes, so that none is an orphan after the pause
                    let coded = &tiny()[8 * (n % 6)];
                    exp.camera(camera, START + ms, Mode::Motion, coded);
                    counts[usize::from(camera) - 1] += 1;
                }
            }
        }
        shell.write("x.exp", &exp.finish().bytes);
        let mut line = String::from(
            "gst-launch-1.0 filesrc location=x.exp ! expdemux name=d mp4mux name=m ! filesink location=all.mp4",
        );
        for camera in 1..=3 {
            let queue = "queue max-size-time=0 max-size-buffers=0 max-size-bytes=0";
            let _ = write!(line, " d.video_{camera} ! {queue} ! m.video_{}", camera - 1);
        }
        shell.run(&line, &[]).well();
        let probe = "ffprobe -v error -count_packets -show_entries stream=nb_read_packets -of csv=p=0 all.mp4";
        let said = shell.run(probe, &[]).well().out;
        let found: Vec<usize> = said.lines().map(|line| line.parse().unwrap()).collect();
        assert_eq!(found, counts, "every {interval} ms");
    }
}

/// Decoders wait for their clock behind queues as they are: neither a pause nor a late beginning keeps a player from its end.
#[test]
fn a_pause_does_not_hold_up_a_player_behind_ordinary_queues() {
    let shell = Shell::new();
    let mut net = Vec::new();
    for (n, ms) in (0..12_000).step_by(100).enumerate() {
        for (camera, silent) in [(1, 0..0), (2, 3000..9000), (3, 0..5000)] {
            if silent.contains(&ms) {
                continue;
            }
            let made = Made {
                camera,
                format: 3,
                unix_ms: (START + ms) as u64,
                payload: tiny()[8 * (n % 6)].bytes.clone(),
                size: (64, 48),
                alarm: if ms > 8000 { "DOOR" } else { "" },
                ..Made::default()
            };
            net.extend(made.packet());
        }
    }
    shell.write("x.adbin", &net);
    let mut line = String::from("gst-launch-1.0 filesrc location=x.adbin ! netvudemux name=d");
    for camera in 1..=3 {
        let _ = write!(
            line,
            " d.video_{camera} ! queue ! avdec_mpeg4 ! fakesink sync=true"
        );
    }
    line.push_str(" d.text_1 ! queue ! decodebin ! fakesink sync=true");
    shell.run(&line, &[]).well();
}

/// Plays what comes through a pipe, or a file, with one element; prints the running times of each stream's buffers.
const JOIN: &str = r#"
import os, sys, gi
gi.require_version('Gst', '1.0')
from gi.repository import Gst
Gst.init(None)
name, *ways = sys.argv[1].split(' ')
path = sys.argv[2] if len(sys.argv) > 2 else None
times, shown, first = {}, {}, set()

def note(pad, key=None):
    def noted(pad, info):
        buffer = info.get_buffer()
        segment = pad.get_sticky_event(Gst.EventType.SEGMENT, 0).parse_segment()
        running = segment.to_running_time(Gst.Format.TIME, buffer.pts)
        times.setdefault(key or pad.get_stream_id().split('/')[-1], []).append(running // Gst.MSECOND)
        if pad not in first and buffer.has_flags(Gst.BufferFlags.DELTA_UNIT):
            print('begins without a keyframe', pad)
        first.add(pad)
        return Gst.PadProbeReturn.OK
    pad.add_probe(Gst.PadProbeType.BUFFER, noted)

def sink():
    element = Gst.ElementFactory.make('fakesink')
    element.set_property('sync', False)
    element.set_property('async', False)
    return element

def show(_, pad):
    shown[pad] = queue, end = Gst.ElementFactory.make('queue'), sink()
    for element in shown[pad]:
        pipeline.add(element)
        element.sync_state_with_parent()
    queue.link(end)
    note(pad)
    pad.link(queue.get_static_pad('sink'))

def hide(_, pad):
    for element in shown.pop(pad):
        element.set_state(Gst.State.NULL)
        pipeline.remove(element)

if name.startswith('playbin'):
    pipeline = Gst.ElementFactory.make(name)
    pipeline.set_property('uri', 'fd://0')
    # texts wait for the clock
    pipeline.set_property('flags', 3)
    for kind in ('video', 'audio'):
        end = sink()
        pipeline.set_property(kind + '-sink', end)
        note(end.get_static_pad('sink'), kind)
else:
    pipeline = Gst.Pipeline()
    element = Gst.ElementFactory.make(name)
    pipeline.add(element)
    element.connect('pad-added', show)
    if 'blind' not in ways:
        element.connect('pad-removed', hide)
    if 'decoded' not in ways and element.find_property('caps'):
        element.set_property('caps', Gst.Caps.from_string('video/mpeg; audio/x-mulaw; audio/x-raw; text/x-raw'))
    if name.startswith('uri'):
        element.set_property('uri', 'fd://0')
    else:
        source = Gst.ElementFactory.make('filesrc' if path else 'fdsrc')
        if path:
            source.set_property('location', path)
        pipeline.add(source)
        source.link(element)
pipeline.set_state(Gst.State.PLAYING)
kinds = Gst.MessageType.EOS | Gst.MessageType.ERROR | Gst.MessageType.WARNING
end = 'no end'
while end == 'no end':
    message = pipeline.get_bus().timed_pop_filtered(60 * Gst.SECOND, kinds)
    if message is None:
        break
    if message.type == Gst.MessageType.WARNING and 'is not shown' in message.parse_warning()[0].message:
        print('left out', message.parse_warning()[1].splitlines()[-1])
    if message.type == Gst.MessageType.ERROR:
        end = str(message.parse_error())
    if message.type == Gst.MessageType.EOS:
        end = 'end'
for stream in sorted(times):
    print('times', stream, *times[stream])
print(end, flush=True)
# a pipeline that hangs would not stop
os._exit(0)
"#;

/// What `JOIN` printed: running times of each stream, milliseconds, and how many streams were left out.
type Played = (BTreeMap<String, Vec<u64>>, usize);

/// Plays a file with `bin` through a pipe, or with a demuxer that reads it by itself.
fn play_join(shell: &Shell, file: &str, bin: &str, environment: &[(&str, &str)]) -> Played {
    let mut environment = environment.to_vec();
    // decoders of GStreamer 1.22 complain of a GAP event before the first frame
    environment.push(("G_DEBUG", ""));
    let line = match bin.ends_with("demux") {
        true => format!("/usr/bin/python3 join.py {bin} {file}"),
        false => format!("cat {file} | /usr/bin/python3 join.py {bin}"),
    };
    let said = shell.run(&line, &environment).well().out;
    let (mut times, mut left_out, mut ended) = (BTreeMap::new(), 0, false);
    for line in said.lines() {
        let mut words = line.split(' ');
        match words.next() {
            Some("times") => {
                let stream = words.next().unwrap().to_owned();
                times.insert(stream, words.map(|word| word.parse().unwrap()).collect());
            }
            Some("left") => left_out += 1,
            _ => {
                assert_eq!(line, "end", "{said}");
                ended = true;
            }
        }
    }
    assert!(ended, "{line}: {said}");
    (times, left_out)
}

/// Files of which a pipe does not show all streams at once: their names and demuxers.
fn pipes(shell: &Shell) -> [(&'static str, &'static str); 3] {
    for (name, bytes, _) in recordings() {
        shell.write(name, &bytes);
    }
    // cameras that the header does not list
    let mut exp = Exp::one(64, 48);
    for (n, ms) in (0..END).step_by(500).enumerate() {
        for (camera, from) in [(1, 0), (2, SECOND_CAMERA), (3, THIRD_CAMERA)] {
            if ms >= from {
                let coded = &tiny()[(n - (from / 500) as usize) % 8];
                exp.camera(camera, START + ms, Mode::Motion, coded);
            }
        }
        if ms >= AUDIO {
            exp.audio(1, START + ms, Codec::MuLaw, 8000, &[0x55; 4000]);
        }
    }
    shell.write("unlisted.exp", &exp.finish().bytes);
    shell.write("join.py", JOIN.as_bytes());
    [
        ("unlisted.exp", "expdemux"),
        ("late.avi", "expdemux"),
        ("late.adbin", "netvudemux"),
    ]
}

/// What comes through a pipe cannot be looked over, so nothing announces a stream that begins late. It joins, with all its frames, and
/// nothing of the others is lost, repeated or at another time.
#[test]
fn streams_that_nothing_announced_join() {
    let shell = Shell::new();
    for (file, demux) in pipes(&shell) {
        let (pulled, _) = play_join(&shell, file, demux, &[]);
        let frames = |stream: &str| pulled[stream].len();
        assert_eq!(frames("001"), (END / 500) as usize, "{file}");
        assert_eq!(frames("a001"), ((END - AUDIO) / 500) as usize, "{file}");
        for bin in [
            "decodebin",
            "'decodebin decoded'",
            "uridecodebin",
            "parsebin",
        ] {
            let (times, left_out) = play_join(&shell, file, bin, &[]);
            assert!(times == pulled, "{file}: {bin}: {times:?}");
            assert_eq!(left_out, 0, "{file}: {bin}");
        }
        let (times, left_out) = play_join(&shell, file, "playbin", &[]);
        assert!(times["video"] == pulled["001"], "{file}: {times:?}");
        assert!(times["audio"] == pulled["a001"], "{file}: {times:?}");
        assert_eq!(left_out, 0, "{file}");
    }
}

/// A group of pads cannot follow where the bins of GStreamer 1.22 lose data with it, where the application does not notice that its
/// pads go, and where a stream without a decoder would keep the old group for ever. What is left out is said, and all else played.
#[test]
fn a_closed_group_of_pads_is_left_as_it_is() {
    let shell = Shell::new();
    let [(exp, _), _, (binary, demux)] = pipes(&shell);
    let (pulled, _) = play_join(&shell, binary, demux, &[]);
    for (bin, cameras) in [
        ("'decodebin blind'", ["001", "002"].as_slice()),
        ("'parsebin blind'", &["001", "002"]),
        ("uridecodebin3", &["001"]),
        ("playbin3", &["video"]),
    ] {
        let (times, left_out) = play_join(&shell, binary, bin, &[]);
        // a camera, audio and the alarm texts; the other camera is among the first 64 records
        assert_eq!(left_out, 3, "{bin}");
        assert!(times.keys().eq(cameras), "{bin}: {times:?}");
        let first = &times[cameras[0]];
        assert!(*first == pulled["001"], "{bin}: {first:?}");
    }
    // audio joins without a decoder, and keeps camera 3 from joining
    let no_audio = [("GST_PLUGIN_FEATURE_RANK", "mulawdec:NONE")];
    let (times, left_out) = play_join(&shell, exp, "playbin", &no_audio);
    assert_eq!(left_out, 1);
    assert_eq!(times["video"].len(), (END / 500) as usize);
    let launch = format!("cat {binary} | gst-launch-1.0 fdsrc ! parsebin ! fakesink sync=false");
    shell.run(&launch, &[("G_DEBUG", "")]).well();
}

/// A camera that nothing announced is shown from its first frame on, once a second one has come.
#[test]
fn nothing_of_an_unannounced_camera_is_lost() {
    for feed in [Feed::Pull, Feed::Push(4096)] {
        let mut bytes = Vec::new();
        for n in 0..200 {
            let coded = &tiny()[n % 8];
            let made = |camera| Made {
                camera,
                format: if coded.key { 3 } else { 2 },
                unix_ms: (START + 100 * n as i64) as u64,
                payload: coded.bytes.clone(),
                size: (64, 48),
                ..Made::default()
            };
            bytes.extend(made(1).packet());
            // two frames of camera 2, 3 s apart, and one of camera 3
            if n == 120 || n == 144 {
                bytes.extend(made(2).packet());
            }
            if n == 160 {
                bytes.extend(made(3).packet());
            }
        }
        let outcome = run_element(&Family::NetVu.element(), &bytes, feed).well();
        assert_eq!(outcome.pad("video_1").frames().len(), 200, "{feed:?}");
        assert_eq!(outcome.pad("video_2").frames().len(), 2, "{feed:?}");
        assert_eq!(outcome.names(), ["video_1", "video_2"], "{feed:?}");
        let reported = outcome
            .warnings
            .iter()
            .any(|text| text.contains("one frame"));
        assert!(reported, "{feed:?}: {:?}", outcome.warnings);
    }
}

// SPDX-License-Identifier: MPL-2.0
//! What the window shows, without a window.

use crate::footage::{self, INTERVAL, SECOND_RUN, SET_BACK, TITLES};
use formats::{
    reader::Mode,
    timeline::{GapPolicy, SECOND},
    zone::Zone,
};
use std::path::Path;
use testing::make::START;
use viewer::model::{
    axis::{Axis, View},
    inputs,
    look::{Aspect, Field, Look, Zoom},
    notes::{Bookmark, Notes},
    playback::Playback,
    recording::{OpenError, Part, Place, Recording},
    shortcuts,
    state::State,
    tools, when, words,
};

const MILLI: i64 = 1_000_000;

fn read(name: &str) -> Recording {
    let part = Part::read(&footage::file(name), GapPolicy::Collapse, &mut |_| true).unwrap();
    Recording::new(vec![part])
}

/// A moment so many milliseconds after the beginning, on the recorder's clock.
fn clock(ms: i64) -> i64 {
    (START + ms) * MILLI
}

fn place(ms: i64) -> Place {
    Place {
        part: 0,
        time: ms * MILLI,
    }
}

#[test]
fn cameras_runs_and_modes_are_those_that_were_recorded() {
    let recording = read("lobby.exp");
    let titles: Vec<&str> = recording
        .rows
        .iter()
        .map(|row| row.title.as_str())
        .collect();
    assert_eq!(titles, TITLES);
    assert_eq!(recording.cameras(), [1, 2, 3, 4]);
    assert_eq!(recording.runs.len(), 3);
    assert_eq!(recording.title(), "LOBBY-DVR");
    assert_eq!(recording.subtitle(), "lobby.exp");
    let starts: Vec<i64> = recording.runs.iter().map(|run| run.start).collect();
    assert_eq!(starts, [clock(0), clock(SECOND_RUN), clock(SET_BACK.0)]);
    assert_eq!(
        recording.runs[2].pass, 1,
        "these seconds were recorded twice"
    );
    assert_eq!(recording.steps.len(), 1);
    let alarms: Vec<i64> = recording.alarms.iter().map(|one| one.clock).collect();
    assert_eq!(alarms, [clock(SECOND_RUN)]);
    let lanes: Vec<u32> = recording.rows.iter().map(|row| row.lanes).collect();
    assert_eq!(
        lanes,
        [1, 2, 1, 1],
        "camera 1 had ended before its second pass"
    );
    // 20 s, then the gap is left out, then 10 s of camera 1 and 20 s of the others
    assert_eq!(recording.mode_at(1, place(5000)), Some(Mode::Motion));
    assert_eq!(recording.mode_at(1, place(21_000)), Some(Mode::Alarm));
    assert_eq!(recording.mode_at(1, place(35_000)), None);
    assert_eq!(recording.mode_at(2, place(35_000)), Some(Mode::Continuous));
    assert_eq!(recording.mode_at(3, place(45_000)), None);
}

#[test]
fn a_clock_time_has_its_place_and_back() {
    let recording = read("lobby.exp");
    for (ms, pass) in [
        (0, 0),
        (12_300, 0),
        (SECOND_RUN, 0),
        (SET_BACK.0 + 1000, 0),
        (SET_BACK.0 + 1000, 1),
    ] {
        let (place, recorded) = recording.place_of(clock(ms), pass).unwrap();
        assert!(recorded, "{ms}");
        assert_eq!(recording.clock_at(place), Some(clock(ms)), "{ms}");
        assert_eq!(recording.pass_at(place), pass);
    }
    let first = recording.place_of(clock(SET_BACK.0 + 1000), 0).unwrap().0;
    let second = recording.place_of(clock(SET_BACK.0 + 1000), 1).unwrap().0;
    assert!(first < second);
    assert_eq!(
        recording.camera_pass(1, second),
        Some(0),
        "camera 1 had ended in the first pass"
    );
    assert_eq!(recording.camera_pass(2, second), Some(1));
    let (place, recorded) = recording.place_of(clock(50_000), 0).unwrap();
    assert!(!recorded);
    assert_eq!(
        recording.clock_at(place),
        Some(clock(SECOND_RUN)),
        "the next run"
    );
    let (_, recorded) = recording.place_of(clock(500_000), 0).unwrap();
    assert!(!recorded);
}

#[test]
fn gaps_that_keep_their_length_are_in_the_stream_time() {
    let part = Part::read(
        &footage::file("lobby.exp"),
        GapPolicy::Preserve,
        &mut |_| true,
    )
    .unwrap();
    let recording = Recording::new(vec![part]);
    let (at, _) = recording.place_of(clock(SECOND_RUN), 0).unwrap();
    assert_eq!(at, place(SECOND_RUN));
    assert_eq!(
        recording.clock_at(place(50_000)),
        Some(clock(50_000)),
        "the clock goes on in the gap"
    );
    assert_eq!(recording.mode_at(2, place(50_000)), None);
}

#[test]
fn steps_go_from_frame_to_frame() {
    let recording = read("lobby.exp");
    assert_eq!(
        recording.frame_after(Some(1), place(0)),
        Some(place(INTERVAL))
    );
    assert_eq!(recording.frame_after(Some(1), place(130)), Some(place(200)));
    assert_eq!(
        recording.frame_before(Some(1), place(INTERVAL)),
        Some(place(0))
    );
    assert_eq!(recording.frame_before(Some(1), place(0)), None);
    assert_eq!(recording.frame_at(Some(1), place(150)), Some(place(100)));
    // over the gap
    let last = recording.frame_before(Some(1), recording.place_of(clock(SECOND_RUN), 0).unwrap().0);
    assert_eq!(
        recording.clock_at(last.unwrap()),
        Some(clock(20_000 - INTERVAL))
    );
    assert_eq!(recording.frame_after(Some(3), recording.last()), None);
    let run = recording.run_after(place(3000)).unwrap();
    assert_eq!(recording.clock_at(run), Some(clock(SECOND_RUN)));
    assert_eq!(recording.run_before(run), Some(place(0)));
    let alarm = |from: Place, forward| from.neighbour(recording.alarm_places(), forward);
    assert_eq!(alarm(place(0), true), Some(run));
    assert_eq!(alarm(run, true), None);
    assert_eq!(alarm(run, false), None);
    assert_eq!(alarm(recording.last(), false), Some(run));
}

#[test]
fn files_that_continue_each_other_are_one_recording() {
    let opening = inputs::open(&[footage::folder().path.clone()]);
    assert_eq!(opening.problems, Vec::<String>::new());
    assert_eq!(opening.skipped, 1, "foreign.txt");
    let files: Vec<usize> = opening
        .recordings
        .iter()
        .map(|one| one.parts.len())
        .collect();
    assert_eq!(opening.recordings.len(), 7, "{files:?}");
    let yard = ["yard-1.exp", "yard-2.exp"]
        .map(|name| Part::read(&footage::file(name), GapPolicy::Collapse, &mut |_| true).unwrap());
    let joined = Recording::group(yard.into()).pop().unwrap();
    assert_eq!(joined.parts.len(), 2);
    let last = Place {
        part: 0,
        time: 9900 * MILLI,
    };
    let next = joined.frame_after(Some(1), last).unwrap();
    assert_eq!((next.part, joined.clock_at(next)), (1, Some(clock(10_000))));
    assert_eq!(joined.frame_before(Some(1), next), Some(last));
    let (place, _) = joined.place_of(clock(12_000), 0).unwrap();
    assert_eq!(
        place,
        Place {
            part: 1,
            time: 2000 * MILLI
        }
    );
    assert_eq!(joined.axis.pieces.len(), 1);
}

#[test]
fn foreign_files_are_refused_in_plain_words() {
    let path = footage::file("foreign.txt");
    let error = Part::open(&path).unwrap_err();
    assert!(matches!(error, OpenError::Unknown { .. }));
    let text = inputs::explain(&path, &error);
    assert!(
        text.contains("foreign.txt is not a recording that can be read: expected "),
        "{text}"
    );
    let opening = inputs::open(&[Path::new("/nowhere/x.exp").to_owned()]);
    assert!(
        opening.problems[0].contains("/nowhere/x.exp: No such file"),
        "{:?}",
        opening.problems
    );
}

#[test]
fn damage_is_on_the_timeline() {
    let recording = read("damaged.exp");
    assert!(!recording.damage.is_empty());
    let inside = recording
        .damage
        .iter()
        .all(|at| (clock(0)..clock(20_000)).contains(at));
    assert!(inside, "{:?}", recording.damage);
    assert!(read("lobby.exp").damage.is_empty());
}

#[test]
fn reading_ends_when_nobody_wants_it_any_more() {
    let read = Part::read(
        &footage::file("lobby.exp"),
        GapPolicy::Collapse,
        &mut |_| false,
    );
    assert!(matches!(read, Err(OpenError::Cancelled)));
}

#[test]
fn the_axis_folds_long_gaps_and_finds_every_place_again() {
    let hour = 3600 * SECOND;
    let axis = Axis::new(vec![
        (0, hour),
        (100 * hour, 101 * hour),
        (101 * hour + SECOND, 102 * hour),
    ]);
    let folded: Vec<bool> = axis.pieces.iter().map(|piece| piece.folded).collect();
    assert_eq!(folded, [false, true, false]);
    for clock in [0, hour / 2, 50 * hour, 100 * hour + SECOND, 102 * hour - 1] {
        let back = axis.clock(axis.place(clock));
        assert!(
            back.abs_diff(clock) < SECOND.unsigned_abs() * 10,
            "{clock} {back}"
        );
    }
    assert!(axis.length() < 4.0 * hour as f64);
    let mut view = View::new(&axis);
    assert!(!view.is_zoomed());
    let fixed = view.place(0.25);
    view.zoom(0.1, 0.25);
    assert!(view.is_zoomed());
    assert!((view.place(0.25) - fixed).abs() < 1.0);
    view.pan(-100.0);
    assert_eq!(view.start, 0.0);
    view.zoom(1e9, 0.5);
    assert!(!view.is_zoomed());
}

#[test]
fn times_are_read_as_they_are_written() {
    let zone = Zone::new(None, Some(-300));
    let (here, first) = (clock(60_000), clock(0));
    for (text, wanted) in [
        ("2009-11-10 09:15:30", clock(0)),
        ("2009-11-10 09:15:30.200", clock(200)),
        ("2009-11-10 09:15:30.200 -05:00", clock(200)),
        ("2009-11-10T14:15:30Z", clock(0)),
        ("2009-11-10 15:15:30 +01:00", clock(0)),
        ("09:15:31", clock(1000)),
        ("9:16", clock(30_000)),
        ("+12.5", clock(12_500)),
        ("+12.5 s", clock(12_500)),
    ] {
        assert_eq!(when::read(text, &zone, here, first), Some(wanted), "{text}");
    }
    for text in ["", "yesterday", "2009-13-10 09:15", "25:00", "+x"] {
        assert_eq!(when::read(text, &zone, here, first), None, "{text}");
    }
    let unknown = Zone::new(None, None);
    let shown = unknown.local(clock(200));
    assert_eq!(
        when::read(&shown, &unknown, here, first),
        Some(clock(200)),
        "{shown}"
    );
}

#[test]
fn j_k_l_change_direction_and_speed() {
    let mut playback = Playback::default();
    playback.shuttle(false);
    assert_eq!((playback.playing, playback.rate()), (true, 1.0));
    playback.shuttle(false);
    playback.shuttle(false);
    assert_eq!(playback.rate(), 4.0);
    playback.shuttle(true);
    assert_eq!(playback.rate(), -1.0);
    playback.toggle();
    assert!(!playback.playing);
    for _ in 0..9 {
        playback.change_speed(true);
    }
    assert_eq!(playback.speed(), 16.0);
    for _ in 0..9 {
        playback.change_speed(false);
    }
    assert_eq!(playback.speed(), 0.25);
}

#[test]
fn a_loop_begins_before_it_ends() {
    let mut playback = Playback::default();
    playback.mark(true, place(2000));
    playback.mark(false, place(5000));
    assert_eq!(playback.range(), Some((place(2000), place(5000))));
    assert_eq!(playback.wrap(place(5000)), Some(place(2000)));
    assert_eq!(playback.wrap(place(4000)), None);
    playback.mark(true, place(6000));
    assert_eq!(
        playback.range(),
        None,
        "the end would be before the beginning"
    );
    playback.mark(false, place(7000));
    assert_eq!(playback.range(), Some((place(6000), place(7000))));
}

#[test]
fn looking_changes_pixels_as_it_says() {
    let frame: Vec<u8> = (0..4 * 4 * 4).map(|n| n as u8 * 3).collect();
    let apply = |look: Look| {
        let mut pixels = frame.clone();
        look.apply(&mut pixels, 16, 4);
        pixels
    };
    assert_eq!(apply(Look::default()), frame);
    assert!(!Look::default().is_adjusted());
    let bright = apply(Look {
        brightness: 0.2,
        ..Look::default()
    });
    assert!(
        bright[0] > frame[0] && bright[3] == frame[3],
        "opacity is left alone"
    );
    let dark = apply(Look {
        gamma: 0.5,
        ..Look::default()
    });
    assert!(dark[30] < frame[30]);
    let flat = apply(Look {
        contrast: 0.0,
        ..Look::default()
    });
    assert!(flat[0].abs_diff(flat[40]) <= 1);
    let upper = apply(Look {
        field: Field::Upper,
        ..Look::default()
    });
    assert_eq!(upper[16..32], frame[0..16]);
    let lower = apply(Look {
        field: Field::Lower,
        ..Look::default()
    });
    assert_eq!(lower[0..16], frame[16..32]);
    assert!(
        Look {
            aspect: Aspect::Wide,
            ..Look::default()
        }
        .is_adjusted()
    );
    assert!(
        !Look {
            aspect: Aspect::Wide,
            ..Look::default()
        }
        .changes_pixels()
    );
    assert_eq!(
        Aspect::Recorded.ratio(704, 240, 0.4545),
        704.0 / 240.0 * 0.4545
    );
    let mut zoom = Zoom::default();
    zoom.scale(4.0, (0.0, 0.0));
    assert_eq!((zoom.factor, zoom.x, zoom.y), (4.0, 0.125, 0.125));
    zoom.pan(9.0, 0.0);
    assert_eq!(zoom.x, 0.875);
}

#[test]
fn bookmarks_make_a_viewing_log_that_is_read_again() {
    let recording = read("lobby.exp");
    let mut notes = Notes::default();
    notes.add(Bookmark {
        clock: clock(5000),
        pass: 0,
        camera: 1,
        note: "left, then \"right\"".to_owned(),
    });
    notes.add(Bookmark {
        clock: clock(1000),
        pass: 0,
        camera: 2,
        note: String::new(),
    });
    let mut bytes = Vec::new();
    notes.write(&recording, &mut bytes).unwrap();
    let text = String::from_utf8(bytes.clone()).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    assert!(
        lines[1].starts_with("2009-11-10 09:15:31.000 -05:00,2009-11-10T14:15:31.000Z,"),
        "{text}"
    );
    assert!(
        lines[2].contains(",Front door,")
            && lines[2].contains("lobby.exp,\"left, then \"\"right\"\"\""),
        "{text}"
    );
    assert_eq!(Notes::read(&bytes[..]).unwrap(), notes);
    let folder = tempfile::tempdir().unwrap();
    notes.save(folder.path(), &recording).unwrap();
    assert_eq!(Notes::load(folder.path(), &recording), notes);
    assert_eq!(
        Notes::load(folder.path(), &read("damaged.exp")),
        Notes::default()
    );
}

#[test]
fn what_is_remembered_is_read_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state").join("state.toml");
    let mut state = State::load(&path);
    assert_eq!(state, State::default());
    for n in 0..12 {
        state.add_recent(vec![format!("/x/{n}.exp").into()]);
    }
    state.add_recent(vec!["/x/5.exp".into()]);
    state.width = 812;
    state.save(&path).unwrap();
    let again = State::load(&path);
    assert_eq!(again, state);
    assert_eq!(again.recent.len(), 10);
    assert_eq!(again.recent[0], [Path::new("/x/5.exp")]);
    std::fs::write(&path, "not toml [").unwrap();
    assert_eq!(State::load(&path), State::default());
}

#[test]
fn exptool_is_asked_for_the_very_frame() {
    let recording = read("lobby.exp");
    let words = tools::snapshot(&recording, 2, place(300), Path::new("/tmp/x.png")).unwrap();
    let words: Vec<&str> = words.iter().map(|word| word.to_str().unwrap()).collect();
    assert_eq!(
        words[2..8],
        [
            "--camera",
            "2",
            "--at",
            "2009-11-10T14:15:30.3Z",
            "--pass",
            "0"
        ]
    );
    let clip = tools::Clip {
        purpose: tools::Purpose::Court,
        camera: Some(2),
        range: Some((clock(1000), clock(2000))),
        folder: "/tmp/out".into(),
    };
    let words = tools::convert(&recording, &clip);
    let words: Vec<&str> = words.iter().map(|word| word.to_str().unwrap()).collect();
    assert_eq!(
        words[2..8],
        [
            "--for",
            "court",
            "--camera",
            "2",
            "--from-time",
            "2009-11-10T14:15:31Z"
        ]
    );
}

#[test]
fn no_key_does_two_things() {
    let mut keys = Vec::new();
    for shortcut in shortcuts::GROUPS
        .iter()
        .flat_map(|(_, shortcuts)| *shortcuts)
    {
        keys.extend(shortcut.keys.split(' '));
    }
    let count = keys.len();
    keys.sort_unstable();
    keys.dedup();
    assert_eq!(keys.len(), count);
}

/// Texts that the sources show, as `tr("…")` or `trf("…"`, or as words of tables.
fn texts() -> Vec<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut texts = Vec::new();
    let mut folders = vec![root];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap().flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            if path.extension().is_none_or(|suffix| suffix != "rs") {
                continue;
            }
            let source = std::fs::read_to_string(&path).unwrap();
            for start in ["tr(", "trf("] {
                for (at, _) in source.match_indices(start) {
                    let before = source[..at].chars().next_back().unwrap_or(' ');
                    let rest = source[at + start.len()..].trim_start();
                    if before.is_alphanumeric() || before == '_' || !rest.starts_with('"') {
                        continue;
                    }
                    texts.push(literal(rest));
                }
            }
        }
    }
    for (group, shortcuts) in &shortcuts::GROUPS {
        texts.push((*group).to_owned());
        texts.extend(shortcuts.iter().map(|shortcut| shortcut.text.to_owned()));
    }
    let menus =
        std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/window/mod.rs"))
            .unwrap();
    for line in menus
        .lines()
        .map(str::trim)
        .filter(|line| line.starts_with("(\"") && line.contains("\", \"win."))
    {
        texts.push(literal(&line[1..]));
    }
    for text in ["Follow the system", "Light", "Dark"] {
        texts.push(text.to_owned());
    }
    texts.sort();
    texts.dedup();
    texts
}

/// The text of a string literal at the beginning of a source.
fn literal(source: &str) -> String {
    let mut out = String::new();
    let mut chars = source.chars().skip(1);
    while let Some(one) = chars.next() {
        match one {
            '"' => break,
            '\\' => out.extend(chars.next()),
            one => out.push(one),
        }
    }
    out
}

#[test]
fn every_text_is_in_every_language() {
    let texts = texts();
    assert!(texts.len() > 100, "{}", texts.len());
    for (language, catalog) in words::CATALOGS {
        let known = words::read(catalog);
        let missing: Vec<&String> = texts
            .iter()
            .filter(|text| !known.contains_key(*text))
            .collect();
        assert!(missing.is_empty(), "{language} lacks {missing:#?}");
        for (text, translated) in &known {
            assert!(
                texts.contains(text),
                "{language}: {text:?} is not shown any more"
            );
            let values = |text: &str| {
                let mut values: Vec<String> = text
                    .split('{')
                    .skip(1)
                    .filter_map(|rest| Some(rest.split_once('}')?.0.to_owned()))
                    .collect();
                values.sort();
                values
            };
            assert_eq!(values(text), values(translated), "{language}: {text}");
        }
    }
}

#[test]
fn the_language_is_the_users() {
    let choose = |language: &str, all: &str, lang: &str| {
        let chosen = words::choose(&[
            language.to_owned(),
            all.to_owned(),
            String::new(),
            lang.to_owned(),
        ]);
        let known = words::CATALOGS
            .iter()
            .find(|(_, text)| Some(*text) == chosen);
        known.map(|(code, _)| *code)
    };
    assert_eq!(choose("", "", "de_AT.UTF-8"), Some("de"));
    assert_eq!(choose("", "C.UTF-8", "de_AT.UTF-8"), None);
    assert_eq!(choose("fr:nl", "", "de_DE"), Some("nl"));
    assert_eq!(choose("en:nl", "", "de_DE"), None);
    assert_eq!(choose("nl", "C", "nl"), None);
    assert_eq!(choose("", "", ""), None);
}

#[test]
fn files_of_the_same_time_are_played_beside_each_other() {
    let folder = footage::file("hall");
    let mut opening = inputs::open(std::slice::from_ref(&folder));
    assert_eq!(opening.recordings.len(), 1);
    let opened = opening.recordings.pop().unwrap();
    let names = ["hall-1.exp", "hall-2.exp"].map(|name| folder.join(name));
    let inputs = &opened.parts[0].inputs;
    assert_eq!([&inputs[0].path, &inputs[1].path], [&names[0], &names[1]]);
    assert_eq!(inputs[1].offset, 1000 * MILLI);
    let read = names.map(|path| Part::read(&path, GapPolicy::Preserve, &mut |_| true).unwrap());
    let recording = Recording::group(read.into()).pop().unwrap();
    assert_eq!(recording.cameras(), [1, 2]);
    assert_eq!(recording.runs.len(), 1);
    for (ms, second) in [(500, None), (4000, Some(Mode::Continuous)), (8500, None)] {
        assert_eq!(recording.clock_at(place(ms)), Some(clock(ms)));
        assert_eq!(recording.mode_at(1, place(ms)), Some(Mode::Continuous));
        assert_eq!(recording.mode_at(2, place(ms)), second, "{ms}");
    }
    assert_eq!(recording.frame_after(Some(2), place(0)), Some(place(1000)));
    assert_eq!(
        recording.frame_before(Some(2), place(9000)),
        Some(place(7900))
    );
    let words = tools::snapshot(&recording, 2, place(4000), Path::new("/tmp/x.png")).unwrap();
    assert_eq!(words[1], folder.join("hall-2.exp"));
    // the same cameras twice are no pair
    let same = ["yard-1.exp", "yard-1.exp"]
        .map(|name| Part::read(&footage::file(name), GapPolicy::Preserve, &mut |_| true).unwrap());
    assert!(
        Recording::group(same.into())
            .iter()
            .all(|one| one.parts[0].inputs.len() == 1)
    );
}

#[test]
fn what_is_adjusted_is_described() {
    let look = Look {
        brightness: 0.2,
        field: Field::Upper,
        aspect: Aspect::Wide,
        ..Look::default()
    };
    let text = "brightness +0.20, contrast 1.00, gamma 1.00, upper field, shape 16:9";
    assert_eq!(look.describe(), text);
}

// SPDX-License-Identifier: MPL-2.0
//! The pipeline does what was asked for, and the window shows where it is.

use super::{Window, trace};
use crate::{
    model::{
        playback::Playback,
        recording::Place,
        when,
        words::{tr, trf},
    },
    player::{Event, Player, Precision, Seek, Source},
    widgets::{
        tile::{Tile, picture},
        timeline::{self, Act, ActPlace},
    },
};
use adw::prelude::*;
use formats::{timeline::SECOND, zone::Zone};
use gtk::{gdk, glib};
use std::{rc::Rc, sync::atomic::Ordering};

/// Runs shorter than this are not waited for at the end of a file, nanoseconds.
const FRAME: i64 = SECOND / 1000;
/// Pixels of the timeline's height that are there in small windows, too.
const MIN_TIMELINE: i32 = 96;

impl Window {
    /// What plays a part, or one of its cameras, and whether gaps keep their length.
    fn source_of(&self, part: usize, camera: Option<u16>) -> Option<(Source, bool)> {
        let recording = self.recording();
        let part = recording.parts.get(part)?;
        let inputs = match camera {
            Some(camera) => vec![part.input_of(camera)?],
            None => part.inputs.iter().collect(),
        };
        let preserve = part.keeps_gaps() || !self.0.state.borrow().skip_gaps;
        Some((
            Source::Files(inputs.into_iter().cloned().collect()),
            preserve,
        ))
    }

    /// Opens the file of a place there; plays if `resume`.
    pub(super) fn enter(&self, place: Place, resume: bool) {
        let inner = &self.0;
        inner.place.set(place);
        inner.resume.set(resume);
        inner.entering.set(Some(place));
        if let Some((source, preserve)) = self.source_of(place.part, None) {
            self.start(&source, preserve);
        }
    }

    /// Builds the pipeline.
    pub(super) fn start(&self, source: &Source, preserve: bool) {
        let inner = &self.0;
        *inner.player.borrow_mut() = None;
        let weak = self.weak();
        let player = Player::new(source, preserve, None, move |player, event| {
            if let Some(window) = weak.upgrade().map(Window) {
                window.hear(player, event);
            }
        });
        match player {
            Ok(player) => {
                player.set_muted(inner.state.borrow().muted);
                *inner.player.borrow_mut() = Some(player);
            }
            Err(text) => self.show_problem(&text),
        }
    }

    fn player(&self) -> Option<Rc<Player>> {
        self.0.player.borrow().clone()
    }

    fn hear(&self, player: &Player, event: Event) {
        let inner = &self.0;
        if !inner
            .player
            .borrow()
            .as_ref()
            .is_some_and(|own| std::ptr::eq(&**own, player))
        {
            return;
        }
        match event {
            Event::Frames => {
                if player.is_live() {
                    self.add_live_cameras(player);
                }
                for frame in player.take_frames() {
                    if let Some(tile) = inner.grid.tile(frame.camera) {
                        inner.trace.frame(player, &frame);
                        tile.set_frame(frame);
                    }
                }
                self.update();
            }
            Event::Settled => {
                if let Some(place) = inner.entering.take() {
                    inner.controls.mute.set_visible(player.has_audio());
                    let rate = inner.playback.get().rate();
                    if place.time > 0 || rate != 1.0 {
                        self.seek_in_file(place, Precision::Exact);
                    }
                }
                if inner.resume.take() {
                    self.change_playback(|playback| playback.playing = true);
                }
                self.update();
            }
            Event::Ended => self.end_of_file(),
            Event::Failed(text) => {
                self.change_playback(|playback| playback.playing = false);
                self.show_problem(&trf("Playback ended: {reason}", &[("reason", &text)]));
            }
            Event::Title(camera, title) => {
                // a recording knows its own
                if player.is_live() {
                    inner.titles.borrow_mut().insert(camera, title);
                }
            }
            Event::Warning(text) => {
                if !self.0.problem.is_revealed() {
                    self.show_problem(&text);
                }
            }
        }
    }

    /// Cameras of a live stream are those whose frames come.
    fn add_live_cameras(&self, player: &Player) {
        let frames = player.take_frames();
        let mut cameras: Vec<u16> = self.0.grid.tiles().iter().map(|tile| tile.camera).collect();
        let known = cameras.len();
        cameras.extend(frames.iter().map(|frame| frame.camera));
        cameras.sort_unstable();
        cameras.dedup();
        if cameras.len() > known {
            let window = self.clone();
            self.0
                .grid
                .set_cameras(&cameras, |tile| window.connect_tile(tile));
            self.0.grid.fit();
        }
        for frame in frames {
            if let Some(tile) = self.0.grid.tile(frame.camera) {
                tile.set_frame(frame);
            }
        }
    }

    fn end_of_file(&self) {
        let inner = &self.0;
        let recording = self.recording();
        let playback = inner.playback.get();
        let here = inner.place.get();
        if let Some((a, b)) = playback.range() {
            let place = if playback.backwards { b } else { a };
            self.go(place, Precision::Exact);
            return;
        }
        let next = match playback.backwards {
            true => here.part.checked_sub(1).map(|part| Place {
                part,
                time: recording.end_of(part),
            }),
            false => {
                let part = here.part + 1;
                recording.parts.get(part).map(|_| recording.entry(part))
            }
        };
        match next {
            Some(place) => self.enter(place, playback.playing),
            None => {
                self.change_playback(|playback| playback.playing = false);
                let place = match playback.backwards {
                    true => recording.first(),
                    false => recording.last(),
                };
                let mut playback = inner.playback.get();
                playback.backwards = false;
                inner.playback.set(playback);
                self.go(place, Precision::Exact);
                self.check_growth();
            }
        }
    }

    /// A recorder may still be writing the file: what is new is read.
    pub(super) fn check_growth(&self) {
        let recording = self.recording();
        let grown = recording.is_complete()
            && recording
                .inputs()
                .any(|one| std::fs::metadata(&one.path).is_ok_and(|meta| meta.len() > one.size));
        if grown {
            self.toast(tr("The file has grown: what is new is being read"));
            self.enter(self.0.place.get(), false);
            self.read_recording();
        }
    }

    /// Where the pipeline is.
    pub(super) fn here(&self) -> Place {
        let inner = &self.0;
        let place = inner.place.get();
        match self.player() {
            Some(player) if inner.playback.get().playing && inner.entering.get().is_none() => {
                Place {
                    part: place.part,
                    time: player.position(),
                }
            }
            _ => place,
        }
    }

    /// Where a search for something before or after this moment begins. While it plays, something that has just been passed is no
    /// longer searched for.
    pub(super) fn search_from(&self, forward: bool) -> Place {
        let here = self.here();
        let passed = match !forward && self.0.playback.get().playing {
            true => SECOND,
            false => 0,
        };
        Place {
            time: here.time.saturating_sub(passed),
            ..here
        }
    }

    /// Goes to a place, in another file too.
    pub(super) fn go(&self, place: Place, precision: Precision) {
        let inner = &self.0;
        trace::asked("go");
        let playing = inner.playback.get().playing;
        let failed = self.player().is_none_or(|player| player.has_failed());
        if place.part != inner.place.get().part || failed {
            self.enter(place, playing);
        } else {
            inner.place.set(place);
            self.seek_in_file(place, precision);
        }
        self.update();
    }

    fn seek_in_file(&self, place: Place, precision: Precision) {
        let playback = self.0.playback.get();
        // paused, a place is shown as when played forwards
        let rate = if playback.playing {
            playback.rate()
        } else {
            1.0
        };
        let stop = playback.range().and_then(|(a, b)| match rate < 0.0 {
            true => (a.part == place.part && a.time < place.time).then_some(a.time),
            false => (b.part == place.part && b.time > place.time).then_some(b.time),
        });
        if let Some(player) = self.player() {
            player.seek(Seek {
                time: place.time,
                precision,
                rate,
                stop: stop.filter(|_| playback.playing),
            });
        }
    }

    /// Plays, pauses, or plays otherwise.
    pub(super) fn change_playback(&self, change: impl FnOnce(&mut Playback)) {
        let inner = &self.0;
        let before = inner.playback.get();
        let here = self.here();
        let mut playback = before;
        change(&mut playback);
        let Some(player) = self.player().filter(|player| !player.is_live()) else {
            return;
        };
        inner.playback.set(playback);
        if before.playing && !playback.playing {
            player.set_playing(false);
            let place = self.shown(here);
            inner.place.set(place);
            // of two cameras, one may have shown a frame more
            self.seek_in_file(place, Precision::Exact);
        } else if playback.playing {
            let turned = before.playing && before.rate() != playback.rate();
            let begun = !before.playing && (playback.rate() != 1.0 || playback.range().is_some());
            let recording = self.recording();
            inner.place.set(here);
            let at_end = here >= recording.last() && recording.is_complete();
            if !before.playing && !playback.backwards && at_end {
                self.go(playback.a.unwrap_or_default(), Precision::Exact);
            } else if turned || begun || before.range() != playback.range() {
                self.seek_in_file(here, Precision::Exact);
            }
            player.set_playing(true);
        }
        self.show_playback();
        self.update();
    }

    fn show_playback(&self) {
        let inner = &self.0;
        let playback = inner.playback.get();
        let (icon, text) = match playback.playing {
            true => ("media-playback-pause-symbolic", tr("Pause")),
            false => ("media-playback-start-symbolic", tr("Play")),
        };
        inner.controls.play.set_icon_name(icon);
        inner.controls.play.set_tooltip_text(Some(text));
        match playback.playing && playback.backwards {
            true => inner.controls.backwards.add_css_class("suggested-action"),
            false => inner
                .controls
                .backwards
                .remove_css_class("suggested-action"),
        }
        inner
            .controls
            .speed
            .set_label(Playback::speed_text(playback.speed_number()));
        self.show_marks();
    }

    /// Marks one end of the loop here.
    pub(super) fn mark_loop(&self, begin: bool) {
        let here = self.here();
        self.change_playback(|playback| playback.mark(begin, here));
        self.show_marks();
    }

    /// Where the frame of the chosen camera begins that is shown at a place; in a gap the place itself.
    fn shown(&self, here: Place) -> Place {
        let (recording, selected) = (self.recording(), self.0.grid.selected());
        let near = recording.interval(here.part, selected).saturating_mul(2);
        let shown = recording.frame_at(Some(selected).filter(|camera| *camera > 0), here);
        let shown = shown.filter(|shown| here.time.saturating_sub(shown.time) < near);
        shown.unwrap_or(here)
    }

    /// One frame of the chosen camera further, or back.
    pub(super) fn step(&self, forward: bool) {
        if self.0.playback.get().playing {
            self.change_playback(|playback| playback.playing = false);
            return;
        }
        let recording = self.recording();
        let here = self.shown(self.here());
        let selected = Some(self.0.grid.selected()).filter(|camera| *camera > 0);
        let next = match forward {
            true => recording.frame_after(selected, here),
            false => recording.frame_before(selected, here),
        };
        let guess = || {
            let interval = recording.interval(here.part, self.0.grid.selected());
            let time = match forward {
                true => here.time.saturating_add(interval),
                false => here.time.saturating_sub(interval).max(0),
            };
            (!recording.is_complete()).then_some(Place { time, ..here })
        };
        match next.or_else(guess) {
            Some(place) => self.go(place, Precision::Exact),
            None => self.toast(match forward {
                true => tr("This is the last frame of this camera"),
                false => tr("This is the first frame of this camera"),
            }),
        }
    }

    /// Moves by a time of the recording.
    pub(super) fn move_by(&self, nanoseconds: i64) {
        let recording = self.recording();
        let here = self.here();
        let time = here.time.saturating_add(nanoseconds);
        let end = recording.end_of(here.part);
        let place = if time < 0 {
            match here.part.checked_sub(1) {
                Some(part) => Place {
                    part,
                    time: recording.end_of(part).saturating_add(time).max(0),
                },
                None => Place { time: 0, ..here },
            }
        } else if time >= end && recording.is_complete() {
            match recording.parts.get(here.part + 1) {
                Some(_) => {
                    let entry = recording.entry(here.part + 1);
                    Place {
                        time: entry.time.saturating_add(time - end),
                        ..entry
                    }
                }
                None => recording.last(),
            }
        } else {
            Place { time, ..here }
        };
        self.go(place, Precision::Exact);
    }

    /// Goes to a date and time that somebody typed.
    pub(super) fn go_to(&self, text: &str) {
        let recording = self.recording();
        let here = recording.clock_at(self.here()).unwrap_or(0);
        let first = recording.first_clock();
        let Some(clock) = when::read(text, &recording.zone(), here, first) else {
            self.toast(&trf(
                "{text} is not a date and time: expected such as 2009-11-10 09:15:30",
                &[("text", text)],
            ));
            return;
        };
        self.0.controls.clock.popdown();
        self.focus();
        self.go_to_clock(clock, recording.pass_at(self.here()));
    }

    /// Goes to a time of the recorder's clock; says so where nothing was recorded then.
    pub(super) fn go_to_clock(&self, clock: i64, pass: u32) {
        let recording = self.recording();
        if let Some((place, recorded)) = recording.place_of(clock, pass) {
            self.go(place, Precision::Exact);
            if !recorded {
                let time = recording.time_text(clock);
                self.toast(&trf("Nothing was recorded at {time}", &[("time", &time)]));
            }
        }
    }

    /// Somebody does something with the timeline.
    pub(super) fn timeline_act(&self, act: Act, place: ActPlace) {
        let recording = self.recording();
        if recording.runs.is_empty() {
            return;
        }
        let found = recording.place_of(place.clock, place.pass);
        match act {
            Act::Leave => {
                self.0.peek_at.set(None);
                self.0.hover.popdown();
            }
            Act::Hover(x) => self.peek(x, place),
            Act::Drag | Act::Release => {
                self.0.hover.popdown();
                let precision = match act {
                    Act::Drag => Precision::Keyframe,
                    _ => Precision::Exact,
                };
                if let Some((found, _)) = found {
                    self.go(found, precision);
                }
                self.0.timeline.set_position(
                    Some(place.clock)
                        .filter(|_| act == Act::Drag)
                        .or_else(|| recording.clock_at(self.here())),
                    false,
                );
            }
        }
    }

    /// Shows time and a small picture of what the mouse points at.
    fn peek(&self, x: f64, place: ActPlace) {
        let inner = &self.0;
        let recording = self.recording();
        inner
            .hover_text
            .set_label(&timeline::describe(&recording, place));
        let at = gdk::Rectangle::new(x as i32, 0, 1, 1);
        inner.hover.set_pointing_to(Some(&at));
        inner.hover.popup();
        let before = inner.peek_at.replace(Some(place));
        if before.is_none() {
            inner.hover_picture.show(None, 4.0 / 3.0);
        }
        // the picture follows when the mouse rests
        let weak = self.weak();
        glib::timeout_add_local_once(std::time::Duration::from_millis(120), move || {
            if let Some(window) = weak.upgrade().map(Window)
                && window.0.peek_at.get() == Some(place)
            {
                window.peek_picture(place);
            }
        });
    }

    fn peek_picture(&self, place: ActPlace) {
        let inner = &self.0;
        let recording = self.recording();
        let Some((found, true)) = recording.place_of(place.clock, place.pass) else {
            inner.hover_picture.show(None, 4.0 / 3.0);
            return;
        };
        let camera = match place.camera {
            0 => inner.grid.selected(),
            camera => camera,
        };
        let known = inner
            .peek
            .borrow()
            .as_ref()
            .is_some_and(|(player, part, shown)| {
                (*part, *shown) == (found.part, camera) && !player.has_failed()
            });
        if !known {
            let Some((source, preserve)) = self.source_of(found.part, Some(camera)) else {
                return;
            };
            let weak = self.weak();
            let player = Player::new(&source, preserve, Some(camera), move |player, event| {
                if let (Event::Frames, Some(inner)) = (event, weak.upgrade()) {
                    for frame in player.take_frames() {
                        let ratio = frame.pixel_aspect * f64::from(frame.width)
                            / f64::from(frame.height.max(1));
                        let look = crate::model::look::Look::default();
                        inner
                            .hover_picture
                            .show(Some(picture(&frame, &look)), ratio);
                    }
                }
            });
            *inner.peek.borrow_mut() = player.ok().map(|player| (player, found.part, camera));
        }
        if let Some((player, ..)) = &*inner.peek.borrow() {
            player.seek(Seek {
                time: found.time,
                precision: Precision::Keyframe,
                rate: 1.0,
                stop: None,
            });
        }
    }

    /// A new tile.
    pub(super) fn connect_tile(&self, tile: &Rc<Tile>) {
        let camera = tile.camera;
        tile.set_look(self.0.look.get());
        let click = gtk::GestureClick::new();
        let weak = self.weak();
        click.connect_released(move |_, presses, _, _| {
            if let Some(window) = weak.upgrade().map(Window) {
                window.0.grid.select(camera);
                if presses == 2 {
                    window.0.grid.toggle_enlarged();
                }
                window.focus();
                window.update();
            }
        });
        tile.root.add_controller(click);
        let focus = gtk::EventControllerFocus::new();
        let weak = self.weak();
        focus.connect_enter(move |_| {
            if let Some(inner) = weak.upgrade()
                && inner.grid.selected() != camera
            {
                // not while focus is being moved: the tiles are arranged anew
                glib::idle_add_local_once(move || inner.grid.select(camera));
            }
        });
        tile.root.add_controller(focus);
        let scroll = gtk::EventControllerScroll::new(gtk::EventControllerScrollFlags::VERTICAL);
        let zoomed = Rc::downgrade(tile);
        let pointer = Rc::new(std::cell::Cell::new((0.5, 0.5)));
        let motion = gtk::EventControllerMotion::new();
        let (at, weak) = (pointer.clone(), tile.screen.downgrade());
        motion.connect_motion(move |_, x, y| {
            if let Some(screen) = weak.upgrade() {
                at.set(screen.part_at(x, y));
            }
        });
        tile.screen.add_controller(motion);
        scroll.connect_scroll(move |_, _, dy| {
            if let Some(tile) = zoomed.upgrade() {
                tile.zoom(|zoom| zoom.scale(1.25_f64.powf(-dy), pointer.get()));
            }
            glib::Propagation::Stop
        });
        tile.screen.add_controller(scroll);
        let drag = gtk::GestureDrag::new();
        let dragged = Rc::downgrade(tile);
        let before = Rc::new(std::cell::Cell::new((0.0, 0.0)));
        let start = before.clone();
        drag.connect_drag_begin(move |_, _, _| start.set((0.0, 0.0)));
        drag.connect_drag_update(move |_, dx, dy| {
            if let Some(tile) = dragged.upgrade() {
                let (x, y) = before.replace((dx, dy));
                let (x, y) = tile.screen.part_of(dx - x, dy - y);
                tile.zoom(|zoom| zoom.pan(-x, -y));
            }
        });
        tile.screen.add_controller(drag);
    }

    /// Called twenty times a second.
    pub(super) fn tick(&self) {
        let inner = &self.0;
        inner.grid.adapt();
        // pictures need the room more
        let room = (inner.window.height() / 5).max(MIN_TIMELINE);
        if inner.timeline_room.max_content_height() != room {
            inner.timeline_room.set_max_content_height(room);
        }
        if let Some(player) = self.player()
            && let Some(event) = player.catch_up()
        {
            self.hear(&player, event);
        }
        let reading = inner.reading.borrow().clone();
        let total = reading.total.load(Ordering::Relaxed);
        if total > 0
            && !self.recording().is_complete()
            && !reading.cancelled.load(Ordering::Relaxed)
        {
            let done = reading.done.load(Ordering::Relaxed);
            inner.timeline.set_reading(Some(done as f64 / total as f64));
        }
        if !inner.playback.get().playing {
            return;
        }
        let here = self.here();
        // a loop that ends in another file, or began beyond its end
        if let Some(place) = inner.playback.get().wrap(Place {
            time: here.time + FRAME,
            ..here
        }) && self.player().is_some_and(|player| !player.is_busy())
            && inner.entering.get().is_none()
        {
            self.go(place, Precision::Exact);
        }
        inner.place.set(here);
        self.skip_gap(here);
        self.update();
    }

    /// Files beside each other keep their gaps: what none of them recorded is skipped here.
    fn skip_gap(&self, here: Place) {
        let (recording, playback) = (self.recording(), self.0.playback.get());
        let part = recording.parts.get(here.part);
        let skips = self.0.state.borrow().skip_gaps
            && part.is_some_and(|part| part.keeps_gaps())
            && self.0.entering.get().is_none()
            && self.player().is_some_and(|player| !player.is_busy());
        let Some(run) = recording.run_at(here).filter(|_| skips) else {
            return;
        };
        let end = run.time.saturating_add(run.end.saturating_sub(run.start));
        let next = match playback.backwards {
            false => recording.run_after(here),
            true => Some(Place {
                time: end.saturating_sub(1),
                ..here
            }),
        };
        if let Some(next) = next.filter(|next| here.time >= end && next.part == here.part) {
            self.go(next, Precision::Exact);
        }
    }

    /// Shows what is known of this moment.
    pub(super) fn update(&self) {
        let inner = &self.0;
        let recording = self.recording();
        let live = self.player().is_some_and(|player| player.is_live());
        let here = self.here();
        let clock = recording.clock_at(here);
        if !live {
            let text = clock
                .map(|clock| recording.time_text(clock))
                .unwrap_or_default();
            if inner.controls.clock.label().as_deref() != Some(&text) {
                inner.controls.clock.set_label(&text);
            }
            inner
                .timeline
                .set_position(clock, inner.playback.get().playing);
        }
        let known = recording
            .parts
            .get(here.part)
            .is_some_and(|part| part.complete);
        for tile in inner.grid.tiles() {
            let mode = recording.mode_at(tile.camera, here).filter(|_| known);
            tile.set_recorded(!known || mode.is_some());
            let titles = inner.titles.borrow();
            let title = match titles.get(&tile.camera).filter(|_| live) {
                Some(title) => title,
                None => recording.title_of(tile.camera),
            };
            let shown = mode.filter(|mode| *mode != formats::reader::Mode::Unknown);
            tile.set_name(title, shown);
            if let Some(frame) = tile.frame().filter(|_| tile.is_recorded()) {
                let time = frame.clock.or_else(|| {
                    recording.clock_at(Place {
                        part: here.part,
                        time: frame.time,
                    })
                });
                // nobody knows a unit's zone while it is live: its clock is shown as it is
                let text = |time| match live {
                    true => Zone::new(None, None).local(time),
                    false => recording.time_text(time),
                };
                tile.set_clock(&time.map(text).unwrap_or_default());
            }
        }
    }
}

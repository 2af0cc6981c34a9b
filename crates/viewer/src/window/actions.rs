// SPDX-License-Identifier: MPL-2.0
//! Actions of the window: what menus, buttons and keys do.

use super::{Window, print};
use crate::{
    model::{look::Look, playback::Playback, recording::Place, shortcuts, words::tr},
    player::Precision,
};
use adw::prelude::*;
use formats::timeline::SECOND;
use gtk::{gio, glib};

/// Actions that need a recording.
const NEED_RECORDING: [&str; 47] = [
    "play",
    "shuttle-back",
    "pause",
    "shuttle",
    "faster",
    "slower",
    "frame-back",
    "frame",
    "loop-a",
    "loop-b",
    "loop-clear",
    "mute",
    "back",
    "forward",
    "back-long",
    "forward-long",
    "first",
    "last",
    "previous-run",
    "next-run",
    "previous-alarm",
    "next-alarm",
    "previous-bookmark",
    "next-bookmark",
    "go-to",
    "zoom-time-in",
    "zoom-time-out",
    "zoom-time-all",
    "enlarge",
    "next-camera",
    "previous-camera",
    "grid-1",
    "grid-4",
    "grid-9",
    "grid-16",
    "picture-in",
    "picture-out",
    "look-reset",
    "bookmark",
    "snapshot",
    "snapshot-adjusted",
    "copy",
    "export",
    "details",
    "verify",
    "report",
    "print",
];

impl Window {
    fn act(&self, name: &str, run: impl Fn(&Window) + 'static) {
        let action = gio::SimpleAction::new(name, None);
        let weak = self.weak();
        action.connect_activate(move |_, _| {
            if let Some(window) = weak.upgrade().map(Window) {
                run(&window);
            }
        });
        self.0.window.add_action(&action);
    }

    fn act_number(&self, name: &str, run: impl Fn(&Window, usize) + 'static) {
        let action = gio::SimpleAction::new(name, Some(glib::VariantTy::INT32));
        let weak = self.weak();
        action.connect_activate(move |_, value| {
            let number = value.and_then(|value| value.get::<i32>());
            let number = number.and_then(|number| usize::try_from(number).ok());
            if let (Some(window), Some(number)) = (weak.upgrade().map(Window), number) {
                run(&window, number);
            }
        });
        self.0.window.add_action(&action);
    }

    fn act_switch(&self, name: &str, on: bool, run: impl Fn(&Window, bool) + 'static) {
        let action = gio::SimpleAction::new_stateful(name, None, &on.to_variant());
        let weak = self.weak();
        action.connect_activate(move |action, _| {
            let on = !action
                .state()
                .and_then(|state| state.get::<bool>())
                .unwrap_or(false);
            action.set_state(&on.to_variant());
            if let Some(window) = weak.upgrade().map(Window) {
                run(&window, on);
            }
        });
        self.0.window.add_action(&action);
    }

    /// Actions that need a recording are off without one.
    pub(super) fn enable(&self) {
        let inner = &self.0;
        let shown = inner.stack.visible_child_name().as_deref() == Some("playing");
        for name in NEED_RECORDING {
            if let Some(action) = inner
                .window
                .lookup_action(name)
                .and_downcast::<gio::SimpleAction>()
            {
                action.set_enabled(shown);
            }
        }
    }

    pub(super) fn add_actions(&self) {
        self.add_playing();
        self.add_searching();
        self.add_looking();
        self.add_saving();
        self.add_keys();
    }

    fn add_playing(&self) {
        self.act("play", |window| window.change_playback(Playback::toggle));
        self.act("pause", |window| {
            window.change_playback(|playback| playback.playing = false)
        });
        self.act("shuttle", |window| {
            window.change_playback(|playback| playback.shuttle(false))
        });
        self.act("shuttle-back", |window| {
            window.change_playback(|playback| playback.shuttle(true))
        });
        self.act("faster", |window| {
            window.change_playback(|playback| playback.change_speed(true))
        });
        self.act("slower", |window| {
            window.change_playback(|playback| playback.change_speed(false))
        });
        self.act_number("speed", |window, number| {
            window.change_playback(|playback| playback.set_speed(number))
        });
        self.act("frame", |window| window.step(true));
        self.act("frame-back", |window| window.step(false));
        self.act("loop-a", |window| window.mark_loop(true));
        self.act("loop-b", |window| window.mark_loop(false));
        self.act("loop-clear", |window| {
            window.change_playback(|playback| (playback.a, playback.b) = (None, None));
        });
        let (muted, skip) = {
            let state = self.0.state.borrow();
            (state.muted, state.skip_gaps)
        };
        self.act_switch("mute", muted, |window, on| {
            window.0.state.borrow_mut().muted = on;
            if let Some(player) = &*window.0.player.borrow() {
                player.set_muted(on);
            }
        });
        self.act_switch("skip-gaps", skip, |window, on| {
            let recording = window.recording();
            let here = window.here();
            let clock = recording.clock_at(here);
            window.0.state.borrow_mut().skip_gaps = on;
            *window.0.peek.borrow_mut() = None;
            if recording.parts.is_empty() {
                return;
            }
            // stream times change: the same clock is gone to when they are known
            let playing = window.0.playback.get().playing;
            window.change_playback(|playback| *playback = Playback::default());
            window.reread(clock, recording.pass_at(here), playing);
        });
    }

    fn add_searching(&self) {
        for (name, seconds) in [
            ("back", -5),
            ("forward", 5),
            ("back-long", -60),
            ("forward-long", 60),
        ] {
            self.act(name, move |window| window.move_by(seconds * SECOND));
        }
        let go = |window: &Window, place: Option<Place>, none: &str| match place {
            Some(place) => window.go(place, Precision::Exact),
            None => window.toast(none),
        };
        self.act("first", |window| {
            window.go(window.recording().first(), Precision::Exact)
        });
        self.act("last", |window| {
            window.go(window.recording().last(), Precision::Exact);
            window.check_growth();
        });
        self.act("next-run", move |window| {
            go(
                window,
                window.recording().run_after(window.here()),
                tr("There is no run after this one"),
            );
        });
        self.act("previous-run", move |window| {
            let recording = window.recording();
            let before = recording.run_before(window.here());
            go(window, before.or(Some(recording.first())), "");
        });
        for (name, forward) in [("next-alarm", true), ("previous-alarm", false)] {
            self.act(name, move |window| {
                let recording = window.recording();
                let from = window.search_from(forward);
                go(
                    window,
                    from.neighbour(recording.alarm_places(), forward),
                    tr("There is no other alarm in this direction"),
                );
            });
        }
        for (name, forward) in [("next-bookmark", true), ("previous-bookmark", false)] {
            self.act(name, move |window| {
                let marked = window.0.notes.borrow().places(&window.recording());
                let places = marked.iter().map(|(place, _)| *place);
                let place = window.search_from(forward).neighbour(places, forward);
                if let Some((_, camera)) = marked.iter().find(|(one, _)| Some(*one) == place) {
                    window.0.grid.select(*camera);
                }
                go(
                    window,
                    place,
                    tr("There is no other bookmark in this direction"),
                );
            });
        }
        self.act("go-to", |window| window.0.controls.clock.popup());
        self.act("zoom-time-in", |window| window.0.timeline.zoom(0.5, None));
        self.act("zoom-time-out", |window| window.0.timeline.zoom(2.0, None));
        self.act("zoom-time-all", |window| window.0.timeline.zoom_all());
    }

    fn add_looking(&self) {
        self.act("enlarge", |window| {
            window.0.grid.toggle_enlarged();
            window.update();
        });
        for (name, forward) in [("next-camera", true), ("previous-camera", false)] {
            self.act(name, move |window| {
                window.0.grid.select_next(forward);
                window.update();
            });
        }
        for places in [1, 4, 9, 16] {
            self.act(&format!("grid-{places}"), move |window| {
                window.0.grid.set_places(places);
                window.update();
            });
        }
        for (name, factor) in [("picture-in", 1.5), ("picture-out", 1.0 / 1.5)] {
            self.act(name, move |window| {
                if let Some(tile) = window.0.grid.tile(window.0.grid.selected()) {
                    tile.zoom(|zoom| zoom.scale(factor, (0.5, 0.5)));
                }
            });
        }
        self.act("look-reset", |window| window.set_look(Look::default()));
        self.act("fullscreen", |window| {
            let full = window.0.window.is_fullscreen();
            window.0.window.set_fullscreened(!full);
        });
        self.act("panel", |window| {
            let flap = &window.0.flap;
            flap.set_reveal_flap(!flap.reveals_flap());
        });
        let style = self.0.state.borrow().style.clone();
        let action = gio::SimpleAction::new_stateful(
            "style",
            Some(glib::VariantTy::STRING),
            &style.to_variant(),
        );
        let weak = self.weak();
        action.connect_activate(move |action, value| {
            if let (Some(window), Some(value)) = (weak.upgrade().map(Window), value) {
                action.set_state(value);
                window.0.state.borrow_mut().style = value.get().unwrap_or_default();
                window.apply_style();
            }
        });
        self.0.window.add_action(&action);
    }

    fn add_saving(&self) {
        self.act("open", |window| {
            window.ask_files(gtk::FileChooserAction::Open)
        });
        self.act("open-folder", |window| {
            window.ask_files(gtk::FileChooserAction::SelectFolder)
        });
        self.act("open-address", |window| window.ask_address());
        self.act_number("recent", |window, number| {
            let paths = window.0.state.borrow().recent.get(number).cloned();
            if let Some(paths) = paths {
                window.open_paths(paths);
            }
        });
        self.act("forget-recent", |window| {
            window.0.state.borrow_mut().recent.clear();
            window.keep_state();
            window.show_recent();
        });
        self.act_number("recording", |window, number| {
            window.choose_recording(number)
        });
        self.act("bookmark", |window| window.add_bookmark());
        self.act("save-log", |window| window.save_log());
        self.act("snapshot", |window| window.save_snapshot(Look::default()));
        self.act("snapshot-adjusted", |window| {
            window.save_snapshot(window.0.look.get())
        });
        self.act("copy", |window| window.copy_picture());
        self.act("export", |window| window.export());
        self.act("details", |window| window.show_details());
        self.act("verify", |window| window.verify());
        self.act("report", |window| window.write_report());
        self.act("print", print::print);
        self.act("shortcuts", Window::show_shortcuts);
        self.act("about", |window| {
            let about = adw::AboutWindow::builder()
                .application_name(tr("Viewer"))
                .application_icon(super::icon())
                .version(env!("CARGO_PKG_VERSION"))
                .comments(tr("Plays and searches exports of surveillance recorders. It never writes to them, and sends nothing anywhere."))
                .license_type(gtk::License::Mpl20)
                .transient_for(&window.0.window)
                .build();
            about.present();
        });
        self.act("close", |window| window.0.window.close());
    }

    /// Lists all keys. GtkShortcutsWindow would be wider than small screens.
    fn show_shortcuts(&self) {
        let page = adw::PreferencesPage::new();
        for (title, shortcuts) in &shortcuts::GROUPS {
            let group = adw::PreferencesGroup::builder().title(tr(title)).build();
            for shortcut in *shortcuts {
                let row = adw::ActionRow::builder().title(tr(shortcut.text)).build();
                let keys = shortcut.keys.split(' ');
                // those of the number pad have the same signs on them
                for key in keys.filter(|key| !key.starts_with("KP_")) {
                    let label = gtk::ShortcutLabel::new(key);
                    label.set_valign(gtk::Align::Center);
                    row.add_suffix(&label);
                }
                group.add(&row);
            }
            page.add(&group);
        }
        let list = adw::PreferencesWindow::builder()
            .title(tr("Keyboard shortcuts"))
            .transient_for(&self.0.window)
            .modal(true)
            .default_width(560)
            .default_height(560)
            .build();
        list.add(&page);
        list.present();
    }

    /// Keys go to actions where no entry and no button takes them.
    fn add_keys(&self) {
        let keys = gtk::ShortcutController::new();
        keys.set_scope(gtk::ShortcutScope::Local);
        for shortcut in shortcuts::GROUPS
            .iter()
            .flat_map(|(_, shortcuts)| *shortcuts)
        {
            for key in shortcut.keys.split(' ') {
                let trigger = gtk::ShortcutTrigger::parse_string(key);
                let action = gtk::NamedAction::new(&format!("win.{}", shortcut.action));
                keys.add_shortcut(gtk::Shortcut::new(trigger, Some(action)));
            }
        }
        if let Some(content) = self.0.window.content() {
            content.add_controller(keys);
        }
    }
}

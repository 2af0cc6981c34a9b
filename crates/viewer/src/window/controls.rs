// SPDX-License-Identifier: MPL-2.0
//! The row of buttons below the cameras.

use super::{button, dress, menu_button};
use crate::{
    model::{
        playback::{Playback, SPEEDS},
        words::tr,
    },
    widgets::named,
};
use adw::prelude::*;
use gtk::gio;

/// The row of buttons below the cameras.
pub struct Controls {
    pub root: gtk::Box,
    pub clock: gtk::MenuButton,
    pub go_to: gtk::Entry,
    pub play: gtk::Button,
    pub backwards: gtk::Button,
    pub speed: gtk::MenuButton,
    pub mute: gtk::ToggleButton,
}

impl Controls {
    /// Buttons for the actions of the window.
    pub fn new() -> Controls {
        let bar = gtk::Box::builder()
            .spacing(2)
            .margin_top(4)
            .margin_bottom(4)
            .margin_start(6)
            .margin_end(6)
            .build();
        bar.add_css_class("toolbar");
        bar.add_css_class("controls");
        let play = button(
            "media-playback-start-symbolic",
            "win.play",
            tr("Play or pause"),
        );
        let backwards = button(
            "media-seek-backward-symbolic",
            "win.shuttle-back",
            tr("Play backwards, then faster"),
        );
        bar.append(&button(
            "media-skip-backward-symbolic",
            "win.previous-run",
            tr("Previous run"),
        ));
        bar.append(&button(
            "go-previous-symbolic",
            "win.frame-back",
            tr("One frame back"),
        ));
        bar.append(&backwards);
        bar.append(&play);
        bar.append(&button(
            "go-next-symbolic",
            "win.frame",
            tr("One frame forward"),
        ));
        bar.append(&button(
            "media-skip-forward-symbolic",
            "win.next-run",
            tr("Next run"),
        ));
        let speed = menu_button("", tr("Speed"));
        speed.set_label(Playback::speed_text(2));
        speed.set_menu_model(Some(&speed_menu()));
        speed.set_direction(gtk::ArrowType::Up);
        bar.append(&speed);

        let go_to: gtk::Entry = named(tr("Date and time"));
        go_to.set_width_chars(30);
        let inside = gtk::Box::new(gtk::Orientation::Vertical, 6);
        inside.append(&go_to);
        // a popover is too low for a label that wraps
        for text in [
            tr("Date and time on the recorder,"),
            tr("or a time of that day: 9:15,"),
            tr("or seconds from the beginning: +90"),
        ] {
            let hint = gtk::Label::builder().label(text).xalign(0.0).build();
            hint.add_css_class("dim-label");
            inside.append(&hint);
        }
        let popover = gtk::Popover::builder().child(&inside).build();
        let clock = menu_button("", tr("Go to a date and time"));
        clock.set_label("");
        clock.set_popover(Some(&popover));
        clock.set_hexpand(true);
        clock.set_halign(gtk::Align::Center);
        clock.set_direction(gtk::ArrowType::Up);
        clock.add_css_class("clock-button");
        clock.add_css_class("numeric");
        bar.append(&clock);

        let letter = |text: &str, action: &str, tip: &str| {
            let button = button("", action, tip);
            button.set_label(text);
            button
        };
        bar.append(&letter("A", "win.loop-a", tr("Loop from here")));
        bar.append(&letter("B", "win.loop-b", tr("Loop up to here")));
        bar.append(&button(
            "edit-clear-symbolic",
            "win.loop-clear",
            tr("End the loop"),
        ));
        let skip: gtk::ToggleButton = named(tr("Skip times without recording"));
        dress(
            &skip,
            "go-jump-symbolic",
            "win.skip-gaps",
            tr("Skip times without recording"),
        );
        bar.append(&skip);
        let mute: gtk::ToggleButton = named(tr("Audio off"));
        dress(
            &mute,
            "audio-volume-muted-symbolic",
            "win.mute",
            tr("Audio off"),
        );
        mute.set_visible(false);
        bar.append(&mute);
        Controls {
            root: bar,
            clock,
            go_to,
            play,
            backwards,
            speed,
            mute,
        }
    }
}

fn speed_menu() -> gio::Menu {
    let menu = gio::Menu::new();
    for number in 0..SPEEDS.len() {
        let text = Playback::speed_text(number);
        menu.append(Some(text), Some(&format!("win.speed({number})")));
    }
    menu
}

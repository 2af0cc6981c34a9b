// SPDX-License-Identifier: MPL-2.0
//! When things are on the screen: `G_MESSAGES_DEBUG=exp-viewer` prints it, for the benchmark and for whoever looks for what is slow.
//! Times are microseconds of CLOCK_MONOTONIC.

use crate::player::{Frame, Player};
use gtk::{glib, prelude::*};
use std::{cell::RefCell, rc::Rc};

/// Frames that were handed to GTK and are not painted yet: camera, stream time in nanoseconds, and when they were due.
type Waiting = Rc<RefCell<Vec<(u16, i64, i64)>>>;

/// What is printed.
#[derive(Default)]
pub struct Trace {
    waiting: Waiting,
}

impl Trace {
    /// Follows what a window paints.
    pub fn watch(&self, window: &impl IsA<gtk::Widget>) {
        let waiting = self.waiting.clone();
        window.connect_realize(move |window| {
            let waiting = waiting.clone();
            if let Some(clock) = window.frame_clock() {
                clock.connect_after_paint(move |_| paint(&waiting));
            }
        });
    }

    /// A frame goes to its tile.
    pub fn frame(&self, player: &Player, frame: &Frame) {
        let late = player.late(frame) / 1000;
        let due = glib::monotonic_time().saturating_sub(late);
        let mut waiting = self.waiting.borrow_mut();
        waiting.push((frame.camera, frame.time, due));
    }
}

fn paint(waiting: &Waiting) {
    let now = glib::monotonic_time();
    glib::g_debug!("exp-viewer", "painted {now}");
    for (camera, time, due) in waiting.take() {
        glib::g_debug!("exp-viewer", "frame {now} {camera} {time} {due}");
    }
}

/// Something was asked for.
pub fn asked(what: &str) {
    glib::g_debug!("exp-viewer", "{what} {}", glib::monotonic_time());
}

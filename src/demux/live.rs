// SPDX-License-Identifier: MPL-2.0
//! Sources that send what happens now.

use super::{Inner, Settings, state::State};
use formats::timeline::{FrameTiming, GapPolicy, RunMap, SECOND};
use gst::prelude::*;
use std::time::Duration;

/// Longest time that the first records of a pushed file are held back, counted from the first of them.
pub const PATIENCE: Duration = Duration::from_millis(500);

/// Usual distance of a live source's pictures, which makes that a gap is a minute.
const INTERVAL: i64 = 15 * SECOND;

impl Inner {
    /// Asks upstream once whether it is live. What a live source sends first is shown when it comes, so running time counts on
    /// from the pipeline's.
    pub(super) fn ask_live(&self) {
        let (asked, live, waiting) = {
            let state = self.lock();
            (state.asked_live, state.live, state.streams.is_empty())
        };
        if asked && !(live && waiting) {
            return;
        }
        let live = live || {
            let mut query = gst::query::Latency::new();
            self.sink.peer_query(&mut query) && query.result().0
        };
        let now = self
            .element()
            .and_then(|element| element.current_running_time());
        let mut state = self.lock();
        state.asked_live = true;
        state.live = live;
        if let (true, Some(now)) = (live, now) {
            state.segment.set_base(now);
        }
    }
}

impl State {
    /// The map from clock to running time. A live source has no gaps: what it did not send did not happen.
    pub fn run_map(&self, settings: &Settings, timing: FrameTiming) -> RunMap {
        if !self.live {
            return RunMap::new(settings.gap_policy, &timing);
        }
        let patient = FrameTiming {
            interval: INTERVAL,
            ..timing
        };
        RunMap::new(GapPolicy::Preserve, &patient)
    }
}

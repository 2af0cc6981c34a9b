// SPDX-License-Identifier: MPL-2.0
//! The tests of this package, as one program.

mod conformance;
mod demux_audio;
mod demux_clock;
mod demux_large;
mod demux_late;
mod demux_panic;
mod demux_par_config;
mod demux_pushed;
mod demux_reverse;
mod demux_slow;
mod demux_states;
mod desktop;
mod doc_cache;
mod examples;
mod exp_round_trip;
mod expdemux_autoplug;
mod expdemux_damage;
mod expdemux_estimated;
mod expdemux_frames;
mod expdemux_picture;
mod expdemux_remux;
mod expdemux_reuse;
mod expdemux_scenarios;
mod expdemux_seek;
mod expdemux_sound;
mod expdemux_streams;
mod expdemux_time;
mod expdemux_unknown;
mod expmux;
mod families;
mod netvu_carve;
mod netvu_http;
mod netvu_pictures;
mod netvudemux;
mod regressions;

// SPDX-License-Identifier: MPL-2.0
//! `par-config`: what the recording does not tell comes from the unit's configuration, and only that.

use testing::seek_tools;

use gst::prelude::*;
use seek_tools::*;
use std::sync::{Arc, Mutex};

const CONFIG: &str = "[unit]\nname = 'Depot'\nutc-offset = 60\n[camera.1]\ntitle = 'Yard'\n[camera.2]\ntitle = 'Gate'\n";

/// All tags that a recording's pads send, as text.
fn tags(data: &[u8], config: &std::path::Path) -> String {
    let recording = file(data);
    let player = Player::new(
        recording.path(),
        false,
        &[("par-config", config.to_str().unwrap())],
    );
    let seen = Arc::new(Mutex::new(String::new()));
    let kept = seen.clone();
    player.demux.connect_pad_added(move |_, pad| {
        pad.sticky_events_foreach(|event| {
            if let gst::EventView::Tag(tag) = event.view() {
                kept.lock().unwrap().push_str(&tag.tag().to_string());
            }
            std::ops::ControlFlow::Continue(gst::EventForeachAction::Keep)
        });
    });
    player.play();
    player.wait_end();
    seen.lock().unwrap().clone()
}

#[test]
fn titles_and_names_fill_in_what_is_missing() {
    init();
    let config = file(CONFIG.as_bytes());
    let plan = Plan {
        cameras: 2,
        pictures: 40,
        ..Plan::default()
    };
    let bare = tags(
        &build(&Plan {
            header: false,
            ..plan.clone()
        }),
        config.path(),
    );
    for reported in ["title=(string)Yard", "title=(string)Gate", "Depot"] {
        assert!(bare.contains(reported), "{reported} in {bare}");
    }
    // what the recording says itself stays
    let own = tags(&build(&plan), config.path());
    assert!(
        own.contains("Camera\\ 1") || own.contains("\"Camera 1\""),
        "{own}"
    );
    assert!(!own.contains("Yard") && !own.contains("Depot"), "{own}");
}

#[test]
fn a_configuration_that_cannot_be_read_is_an_error() {
    init();
    let recording = file(&build(&Plan {
        pictures: 20,
        ..Plan::default()
    }));
    let player = Player::new(recording.path(), false, &[("par-config", "nowhere.par")]);
    assert!(player.pipeline.set_state(gst::State::Paused).is_err());
    let bus = player.pipeline.bus().unwrap();
    let message = bus
        .pop_filtered(&[gst::MessageType::Error])
        .expect("an error");
    let gst::MessageView::Error(error) = message.view() else {
        unreachable!("an error was asked for");
    };
    assert!(error.debug().unwrap().contains("nowhere.par"), "{error:?}");
}

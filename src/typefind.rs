// SPDX-License-Identifier: MPL-2.0
//! Typefinders: which caps a file has, known from its bytes. The score grows with the number of consecutive valid records.

use formats::{
    exp::probe::{self, Family, Probe},
    reader::Window,
};
use gst::{TypeFind, TypeFindProbability, glib};

/// Bytes that a typefinder looks at most at; records after a longer unknown header are left to the element.
const LOOK: usize = 256 << 10;

/// Registers the typefinders.
pub fn register(plugin: &gst::Plugin) -> Result<(), glib::BoolError> {
    find_exp(plugin)?;
    find_plv1(plugin)
}

/// The longest beginning of the file that can be had, at most `most` bytes.
pub fn beginning(find: &mut TypeFind, most: usize) -> Option<Vec<u8>> {
    let most = match find.length() {
        Some(length) => most.min(usize::try_from(length).unwrap_or(most)),
        None => most,
    };
    let mut size = most;
    while size >= 12 {
        if let Some(data) = find.peek(0, u32::try_from(size).ok()?) {
            return Some(data.to_vec());
        }
        size /= 2;
    }
    None
}

fn find_exp(plugin: &gst::Plugin) -> Result<(), glib::BoolError> {
    let caps = gst::Caps::new_empty_simple("video/x-pelco-exp");
    TypeFind::register(
        Some(plugin),
        "pelco-exp",
        gst::Rank::PRIMARY,
        Some("exp"),
        Some(&caps.clone()),
        move |find| {
            if let Some((family, probability)) = look(find)
                && family != Family::Plv1
            {
                find.suggest(probability, &caps);
            }
        },
    )
}

/// The PLV1 AVI. The generic AVI typefinder is as sure of these files, and the first of two equally sure ones wins: the higher
/// rank and the same suffix put this one first. It says nothing of AVI files without a PLV1 track.
fn find_plv1(plugin: &gst::Plugin) -> Result<(), glib::BoolError> {
    let caps = gst::Caps::new_empty_simple("video/x-pelco-plv1");
    TypeFind::register(
        Some(plugin),
        "pelco-plv1",
        gst::Rank::PRIMARY + 1,
        Some("avi,exp"),
        Some(&caps.clone()),
        move |find| {
            if let Some((Family::Plv1, probability)) = look(find) {
                find.suggest(probability, &caps);
            }
        },
    )
}

/// Most files are known by their first bytes; the others by more of them.
fn look(find: &mut TypeFind) -> Option<(Family, TypeFindProbability)> {
    let small = beginning(find, 4096)?;
    match suggest(&small) {
        None if small.len() == 4096 && probe_again(&small) => {
            beginning(find, LOOK).as_deref().and_then(suggest)
        }
        found => found,
    }
}

/// Whether more bytes could make a file ours.
fn probe_again(data: &[u8]) -> bool {
    let window = Window {
        offset: 0,
        data,
        last: false,
        unread: None,
    };
    matches!(probe::probe(&window), Probe::Need(_))
}

/// Family and score of a file that begins with these bytes.
fn suggest(data: &[u8]) -> Option<(Family, TypeFindProbability)> {
    // what is not looked at is not known: the window is no end of the file
    let window = Window {
        offset: 0,
        data,
        last: false,
        unread: None,
    };
    let Probe::Is { family, records } = probe::probe(&window) else {
        return None;
    };
    let probability = match (family, records) {
        (Family::Plv1 | Family::Native, _) => TypeFindProbability::Maximum,
        (Family::Records, 8..) => TypeFindProbability::Maximum,
        (Family::Records, 4..) => TypeFindProbability::NearlyCertain,
        (Family::Records, _) => TypeFindProbability::Likely,
    };
    Some((family, probability))
}

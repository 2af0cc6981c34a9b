// SPDX-License-Identifier: MPL-2.0
//! Typefinders for the NetVu forms.

use formats::netvu::{self, Kind};

/// The boundary that every unit seen so far uses.
pub const BOUNDARY: &str = "0plm(NetVu-Connected:Server-Push:Boundary-String)1qaz";

/// Bytes that are looked at, as many as there are.
const LOOK: [u32; 7] = [65_536, 32_768, 16_384, 4096, 1024, 256, 64];

/// Caps of binary, minimal and raw streams and Digital Sprite messages.
pub fn stream_caps() -> gst::Caps {
    gst::Caps::new_empty_simple("video/x-netvu")
}

/// Caps of partitions.
pub fn partition_caps() -> gst::Caps {
    gst::Caps::new_empty_simple("video/x-dm-par")
}

/// Caps of MIME streams that this typefinder recognised. Other server families have another word in the boundary, so a field
/// of its own tells them from everybody else's streams.
fn mime_caps() -> gst::Caps {
    gst::Caps::builder("multipart/x-mixed-replace")
        .field("boundary", BOUNDARY)
        .field("variant", "netvu")
        .build()
}

/// All caps that the demuxer takes.
pub fn all_caps() -> gst::Caps {
    let mut caps = stream_caps();
    caps.merge(partition_caps());
    caps.merge(
        gst::Caps::builder("multipart/x-mixed-replace")
            .field("boundary", BOUNDARY)
            .build(),
    );
    caps
}

fn probability(score: u32) -> gst::TypeFindProbability {
    match score {
        100.. => gst::TypeFindProbability::Maximum,
        80.. => gst::TypeFindProbability::Likely,
        50.. => gst::TypeFindProbability::Possible,
        _ => gst::TypeFindProbability::Minimum,
    }
}

fn find(typefind: &mut gst::TypeFind, wanted: impl Fn(Kind) -> bool, caps: &gst::Caps) {
    for size in LOOK {
        let Some(head) = typefind.peek(0, size) else {
            continue;
        };
        if let Some((kind, score)) = netvu::probe(head)
            && wanted(kind)
        {
            typefind.suggest(probability(score), caps);
        }
        return;
    }
    // a whole file shorter than the shortest look
    let rest = typefind
        .length()
        .and_then(|length| u32::try_from(length).ok());
    if let Some(head) = rest
        .filter(|length| *length > 0)
        .and_then(|length| typefind.peek(0, length))
        && let Some((kind, score)) = netvu::probe(head)
        && wanted(kind)
    {
        typefind.suggest(probability(score), caps);
    }
}

/// Registers the typefinders. Their rank puts them before the general ones, so that a MIME stream of a unit is not taken for
/// any other.
pub fn register(plugin: &gst::Plugin) -> Result<(), gst::glib::BoolError> {
    let rank = gst::Rank::PRIMARY + 1;
    let caps = stream_caps();
    gst::TypeFind::register(
        Some(plugin),
        "video/x-netvu",
        rank,
        None,
        Some(&stream_caps()),
        move |typefind| {
            find(
                typefind,
                |kind| matches!(kind, Kind::Binary | Kind::Raw | Kind::Sprite),
                &caps,
            );
        },
    )?;
    let caps = mime_caps();
    gst::TypeFind::register(
        Some(plugin),
        "multipart/x-netvu",
        rank,
        None,
        Some(&mime_caps()),
        move |typefind| {
            find(typefind, |kind| kind == Kind::Mime, &caps);
        },
    )?;
    let caps = partition_caps();
    gst::TypeFind::register(
        Some(plugin),
        "video/x-dm-par",
        rank,
        Some("par"),
        Some(&partition_caps()),
        move |typefind| {
            find(typefind, |kind| kind == Kind::Partition, &caps);
        },
    )
}

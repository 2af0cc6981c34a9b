// SPDX-License-Identifier: MPL-2.0
//! The GStreamer plugin `exp`: recordings of surveillance recorders (Pelco DX `.exp` and PLV1 AVI, Dedicated Micros NetVu) as streams.
//!
//! | element | |
//! |---|---|
//! | [`expdemux`] | `.exp` and PLV1 AVI |
//! | [`netvudemux`] | NetVu streams and partitions, from files and live |
//! | [`expmux`] | writes `.exp` |
//!
//! [`tags`] are those that GStreamer does not have, [`netvudemux::facts`] is the meta of NetVu frames, [`typefind`] recognises the formats. Programs link
//! the plugin in by [`plugin_register_static`]; players load it. The formats without GStreamer are in the crate `formats`.

pub mod demux;
pub mod expdemux;
pub mod expmux;
pub mod netvudemux;
mod properties;
pub mod tags;
pub mod typefind;

/// The recorder's time that a buffer of the demuxers carries: nanoseconds since 1970, UTC. `None` where the record has none.
pub fn recorder_time(buffer: &gst::BufferRef) -> Option<i64> {
    let mut metas = buffer.iter_meta::<gst::ReferenceTimestampMeta>();
    let unix = metas.find(|meta| {
        let reference = meta.reference().structure(0);
        reference.is_some_and(|reference| reference.name() == "timestamp/x-unix")
    })?;
    i64::try_from(unix.timestamp().nseconds()).ok()
}

/// Registers what this plugin has. Called once by GStreamer, or by [`plugin_register_static`].
fn plugin_init(plugin: &gst::Plugin) -> Result<(), glib::BoolError> {
    tags::register();
    properties::register();
    expdemux::register(plugin)?;
    expmux::register(plugin)?;
    netvudemux::register(plugin)?;
    typefind::register(plugin)?;
    Ok(())
}

gst::plugin_define!(
    exp,
    env!("CARGO_PKG_DESCRIPTION"),
    plugin_init,
    concat!(env!("CARGO_PKG_VERSION"), "-", env!("COMMIT_ID")),
    "MPL-2.0",
    env!("CARGO_PKG_NAME"),
    env!("CARGO_PKG_NAME"),
    // GStreamer's own text for a build that has no address
    "Unknown package origin",
    env!("BUILD_REL_DATE")
);

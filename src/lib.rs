// SPDX-License-Identifier: MPL-2.0
#![doc = include_str!("../README.md")]

pub mod demux;
pub mod expdemux;
pub mod expmux;
pub mod netvudemux;
mod properties;
pub mod tags;
pub mod typefind;

/// Registers what this plugin has. Called once by GStreamer, or by [`plugin_register_static`].
fn plugin_init(plugin: &gst::Plugin) -> Result<(), glib::BoolError> {
    tags::register();
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

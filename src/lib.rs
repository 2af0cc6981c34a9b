// SPDX-License-Identifier: MPL-2.0
#![doc = include_str!("../README.md")]

pub mod container;
pub mod parconfig;

#[cfg(feature = "plugin")]
pub mod elements;

/// Registers what this plugin has. Called once by GStreamer, or by [`plugin_register_static`].
#[cfg(feature = "plugin")]
fn plugin_init(plugin: &gst::Plugin) -> Result<(), glib::BoolError> {
    elements::tags::register();
    elements::expdemux::register(plugin)?;
    elements::expmux::register(plugin)?;
    elements::netvudemux::register(plugin)?;
    elements::typefind::register(plugin)?;
    Ok(())
}

#[cfg(feature = "plugin")]
gst::plugin_define!(
    exp,
    env!("CARGO_PKG_DESCRIPTION"),
    plugin_init,
    concat!(env!("CARGO_PKG_VERSION"), "-", env!("COMMIT_ID")),
    "MPL-2.0",
    env!("CARGO_PKG_NAME"),
    env!("CARGO_PKG_NAME"),
    env!("CARGO_PKG_REPOSITORY"),
    env!("BUILD_REL_DATE")
);

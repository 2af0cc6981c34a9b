// SPDX-License-Identifier: MPL-2.0
//! The tests of this package, as one program.

mod agreement;
mod convert;
mod convert_edges;
mod convert_join;
mod convert_tasks;
mod docs;
mod examples;
mod explain;
mod exptool_tools;
mod info;
mod inputs;
mod killed;
mod learn;
mod make;
mod pictures;
mod recording_tools;
mod report;
mod snapshot;
mod timeline;
mod verify;

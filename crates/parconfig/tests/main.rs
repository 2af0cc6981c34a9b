// SPDX-License-Identifier: MPL-2.0
//! The tests of this package, as one program.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects
)]

mod apply;
mod bad;
mod check;
mod check_alarms;
mod command;
mod convert;
mod docs;
mod laws;
mod live;
mod netvu;
mod parconfig_rules;
mod parconfig_run;
mod parconfig_unit;
mod pictures;
mod units;

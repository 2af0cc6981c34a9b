// SPDX-License-Identifier: MPL-2.0
//! The tests of this package, as one program.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects
)]

mod exp_container;
mod exp_damage;
mod exp_faults;
mod exp_index;
mod explain;
mod heads;
mod hostile;
mod infer;
mod infer_makers;
mod mpeg4_size;
mod mpeg4_vol;
mod netvu_container;
mod netvu_damage;
mod netvu_damage_rates;
mod netvu_partition;
mod regressions;

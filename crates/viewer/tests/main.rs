// SPDX-License-Identifier: MPL-2.0
//! The tests of this package, as one program.

mod footage;
mod model;
mod player;
mod window;

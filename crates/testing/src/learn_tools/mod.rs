// SPDX-License-Identifier: MPL-2.0
//! Makes files in random layouts.

pub mod made;
pub mod pool;
pub mod random;

// SPDX-License-Identifier: MPL-2.0
//! One change for many units.

pub mod table;

// SPDX-License-Identifier: MPL-2.0
//! Pelco DX-series exports: native `.exp` and the PLV1 AVI.
//!
//! - [`layout`]: where the fields of a record stand, as data
//! - [`time`], [`codes`]: what its numbers stand for
//! - [`record`]: one record, read by a layout and made to prove itself
//! - [`coded`]: where the coded picture of a record begins, and what it is
//! - [`header`]: the file header of the reference layout
//! - [`native`]: records behind each other, with or without a header
//! - `apart`: blocks of headers before their frames
//! - [`avi`]: records in the chunks of the AVI export
//! - [`riff`], [`avi_fields`]: its chunks, and their headers as tables
//! - [`probe`]: which of these a file is
//! - [`infer`]: works out the layout of a file nobody described
//! - [`explain`]: what the bytes of all these stand for
//! - [`writer`]: writes the reference layout

mod apart;
pub mod avi;
pub mod avi_fields;
mod avi_index;
pub mod coded;
pub mod codes;
pub mod explain;
pub mod header;
pub mod index;
pub mod infer;
pub mod layout;
#[cfg(test)]
mod linear_tests;
pub mod native;
mod parts;
pub mod probe;
pub mod record;
pub mod riff;
mod scan;
mod sizes;
mod streams;
pub mod time;
pub mod writer;

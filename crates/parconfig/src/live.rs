// SPDX-License-Identifier: MPL-2.0
//! Reads a live unit over HTTP. Only ever asks, never sets; never asks for the unit's FTP log-in.
//!
//! Requests and answers are **stated** (vendor's SDK, a public client of newer units): `GET /variable.cgi?variable=NAME[]&type=include`,
//! `camlist.cgi?format=json`, `vparts.cgi?format=csv`, basic authentication, `Server: ADH-Web`, and newer units that keep the
//! connection open after the last byte. The last is why this is a small client of its own: an answer without a length ends
//! when nothing came for [`Options::silence`], which clients in general have no notion of.

mod client;
mod unit;

pub use client::{Client, Options, Url};
pub use unit::{Live, Partition, VARIABLES, pull};

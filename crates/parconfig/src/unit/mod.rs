// SPDX-License-Identifier: MPL-2.0
//! Units: their files by FTP as sets that are fetched, pushed and restored, and what they report over HTTP.

pub mod ftp;
pub mod history;
pub mod http;
pub mod push;
pub mod set;

// SPDX-License-Identifier: MPL-2.0
//! Pelco DX-series exports: native `.exp` and the PLV1 AVI.

pub mod writer;

// SPDX-License-Identifier: MPL-2.0
//! MPEG-4 Part 2 visual: start codes, VOP headers, and the VOL that the recorders leave out. And as much of H.264 as tells
//! the two apart.
//!
//! Facts about the bit stream are of ISO/IEC 14496-2 unless a comment says otherwise.

pub mod bits;
pub mod h264;
pub mod infer;
mod intra_vlc;
pub mod macroblocks;
pub mod size;
pub mod start_code;
pub mod vol;
pub mod vop;

pub use bits::BitError;
pub use infer::{Inference, Inferred};
pub use macroblocks::IntraPicture;
pub use size::{SizeHint, keyframe_size, picture_size};
pub use start_code::{looks_like_mpeg4, vop_offset};
pub use vol::VolParams;
pub use vop::{VopHeader, VopType, vop_type};

// SPDX-License-Identifier: MPL-2.0
//! MPEG-4 Part 2 visual: start codes, VOP headers, and the VOL that the recorders leave out.

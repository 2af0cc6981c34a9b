// SPDX-License-Identifier: MPL-2.0
//! Dedicated Micros (NetVu) streams, captures and partitions.

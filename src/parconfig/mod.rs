// SPDX-License-Identifier: MPL-2.0
//! Configuration of Dedicated Micros units: read, edit, compare and roll out. Needs no GStreamer.

// SPDX-License-Identifier: MPL-2.0
//! The recorder's clock turned into running time.
//!
//! Three steps, each a file of its own: [`timing`] measures what kind of clock the file has and how far apart frames usually
//! are; [`place`] gives every record a time finer than the clock where the clock only counts seconds; [`runs`] cuts the recording
//! where it was interrupted or its clock stepped back, and maps what is left to a running time that never goes back.
//!
//! All times are nanoseconds in `i64`; clock times count from 1970.

pub mod place;
pub mod runs;
pub mod timing;

pub use place::{Interpolator, Mark};
pub use runs::{Break, GapPolicy, Place, Run, RunMap, is_implausible};
pub use timing::{FrameTiming, Resolution, TimingSample};

/// Nanoseconds in a second.
pub const SECOND: i64 = 1_000_000_000;
/// Nanoseconds in a millisecond.
pub const MILLI: i64 = 1_000_000;

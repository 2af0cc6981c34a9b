// SPDX-License-Identifier: MPL-2.0
//! Cameras as people name them on the command line: by number or title.

use super::Failure;
use crate::recording::{Camera, Recording};

/// The cameras that `--camera` means: all without it, else the one of this number, of this title in any case, or with this in its
/// title where no other has it.
///
/// # Errors
/// No such camera, or several; a recording without video.
pub fn choose<'a>(
    recording: &'a Recording,
    wanted: Option<&str>,
) -> Result<Vec<&'a Camera>, Failure> {
    let name = &recording.input.name;
    let all: Vec<&Camera> = recording.contents.cameras.iter().collect();
    let Some(wanted) = wanted.filter(|_| !all.is_empty()) else {
        return match all.is_empty() {
            true => Err(Failure::Input(format!(
                "{name}: no video frames were found"
            ))),
            false => Ok(all),
        };
    };
    let lower = wanted.trim().to_lowercase();
    let with = |fits: &dyn Fn(&Camera) -> bool| -> Vec<&'a Camera> {
        all.iter().copied().filter(|camera| fits(camera)).collect()
    };
    let found = [
        with(&|camera| camera.number.to_string() == lower),
        with(&|camera| camera.title.trim().to_lowercase() == lower),
        with(&|camera| camera.title.to_lowercase().contains(&lower)),
    ];
    let found = found.into_iter().find(|found| !found.is_empty());
    let list = |cameras: &[&Camera]| {
        let names = cameras.iter().map(|camera| camera.name());
        names.collect::<Vec<_>>().join(", ")
    };
    match found.as_deref() {
        Some([one]) => Ok(vec![one]),
        Some(several) => Err(Failure::Use(format!(
            "{name}: --camera {wanted:?} fits several cameras: {}",
            list(several)
        ))),
        None => Err(Failure::Input(format!(
            "{name}: no camera {wanted}: expected one of {}",
            list(&all)
        ))),
    }
}

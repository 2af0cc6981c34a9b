// SPDX-License-Identifier: MPL-2.0
//! Whether the first key pictures are as large as the file says: their macroblocks are counted.

use gstexp::container::{
    mpeg4::{Inference, SizeHint, VolParams, picture_size, start_code},
    reader::{Codec, Packet},
};
use std::collections::HashMap;

/// Key pictures of a camera that are counted.
const TRIES: u8 = 4;

/// Counts key pictures, camera by camera.
#[derive(Debug, Default)]
pub struct SizeCheck {
    tries: HashMap<u16, u8>,
}

impl SizeCheck {
    /// Takes a picture. Tells, once for each camera, that its size is not what the file says.
    pub fn add(&mut self, offset: u64, packet: &Packet, coded: &[u8]) -> Option<String> {
        if !packet.key || packet.stream.codec != Codec::Mpeg4 || packet.width == 0 {
            return None;
        }
        let camera = packet.stream.camera;
        let tries = self.tries.entry(camera).or_insert(TRIES);
        *tries = tries.checked_sub(1)?;
        let (width, height) = counted(coded)?;
        if (width, height) == (packet.width, packet.height) {
            return None;
        }
        *tries = 0;
        Some(format!(
            "camera {camera}: the key picture at offset {offset} is {width}x{height} by its macroblocks, where header and record say {}x{}",
            packet.width, packet.height
        ))
    }
}

/// The size of a key picture by its own sequence header, else by its macroblocks; `None` where they do not settle it.
fn counted(picture: &[u8]) -> Option<(u16, u16)> {
    let vop = picture.get(start_code::vop_offset(picture)?..)?;
    let own = start_code::start_codes(picture)
        .find(|(_, code)| start_code::VOL.contains(code))
        .and_then(|(at, _)| VolParams::parse(picture.get(at..)?).ok());
    if let Some(vol) = own.filter(|vol| vol.width > 0 && vol.height > 0) {
        return Some((vol.width, vol.height));
    }
    let mut inference = Inference::new();
    inference.add_key(vop);
    let widths = inference.result();
    picture_size(&[vop], &widths.vol(0, 0, None), SizeHint::default())
}

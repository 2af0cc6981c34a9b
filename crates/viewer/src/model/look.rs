// SPDX-License-Identifier: MPL-2.0
//! How frames are looked at: brightness, contrast, gamma, fields, aspect ratio. It changes what is shown, never the recording.

/// Which lines of a frame are shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Field {
    /// All.
    #[default]
    Both,
    /// Only the upper field, its lines twice.
    Upper,
    /// Only the lower field.
    Lower,
    /// The mean of each two lines.
    Blend,
}

/// Shape of the picture.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Aspect {
    /// As the decoder has it: 4:3 for television sizes.
    #[default]
    Recorded,
    /// Square pixels.
    Square,
    /// 4:3.
    Standard,
    /// 16:9.
    Wide,
}

impl Aspect {
    /// Width divided by height of a frame of this size and pixel aspect ratio.
    pub fn ratio(self, width: u32, height: u32, pixel: f64) -> f64 {
        let square = f64::from(width.max(1)) / f64::from(height.max(1));
        match self {
            Aspect::Recorded => square * pixel,
            Aspect::Square => square,
            Aspect::Standard => 4.0 / 3.0,
            Aspect::Wide => 16.0 / 9.0,
        }
    }
}

/// How frames are looked at.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Look {
    /// -1 to 1.
    pub brightness: f64,
    /// 0 to 3.
    pub contrast: f64,
    /// 0.2 to 5.
    pub gamma: f64,
    pub field: Field,
    pub aspect: Aspect,
}

impl Default for Look {
    fn default() -> Look {
        Look {
            brightness: 0.0,
            contrast: 1.0,
            gamma: 1.0,
            field: Field::Both,
            aspect: Aspect::Recorded,
        }
    }
}

impl Look {
    /// Pixels are not those that were recorded.
    pub fn changes_pixels(&self) -> bool {
        let usual = Look {
            aspect: self.aspect,
            ..Look::default()
        };
        *self != usual
    }

    /// Anything differs from what was recorded.
    pub fn is_adjusted(&self) -> bool {
        *self != Look::default()
    }

    /// What differs, for a file's texts.
    pub fn describe(&self) -> String {
        let mut all = vec![
            format!("brightness {:+.2}", self.brightness),
            format!("contrast {:.2}", self.contrast),
            format!("gamma {:.2}", self.gamma),
        ];
        match self.field {
            Field::Both => {}
            Field::Upper => all.push("upper field".to_owned()),
            Field::Lower => all.push("lower field".to_owned()),
            Field::Blend => all.push("fields blended".to_owned()),
        }
        match self.aspect {
            Aspect::Recorded => {}
            Aspect::Square => all.push("square pixels".to_owned()),
            Aspect::Standard => all.push("shape 4:3".to_owned()),
            Aspect::Wide => all.push("shape 16:9".to_owned()),
        }
        all.join(", ")
    }

    /// Changes the pixels of a frame, rows of `line` bytes. Of each pixel's `bytes`, those after the third are left alone.
    pub fn apply(&self, pixels: &mut [u8], line: usize, bytes: usize) {
        if line == 0 || bytes == 0 {
            return;
        }
        self.show_field(pixels, line);
        if (self.brightness, self.contrast, self.gamma) == (0.0, 1.0, 1.0) {
            return;
        }
        let table: [u8; 256] = std::array::from_fn(|value| self.level(value as u8));
        let rows = pixels.chunks_mut(line);
        for pixel in rows.flat_map(|row| row.chunks_exact_mut(bytes)) {
            for value in pixel.iter_mut().take(3) {
                *value = table[usize::from(*value)];
            }
        }
    }

    fn level(&self, value: u8) -> u8 {
        let linear = (f64::from(value) / 255.0 - 0.5) * self.contrast + 0.5 + self.brightness;
        let curved = linear.clamp(0.0, 1.0).powf(1.0 / self.gamma.max(0.01));
        (curved * 255.0).round() as u8
    }

    fn show_field(&self, pixels: &mut [u8], line: usize) {
        let pairs = pixels.chunks_exact_mut(line * 2);
        for (upper, lower) in pairs.map(|pair| pair.split_at_mut(line)) {
            match self.field {
                Field::Both => return,
                Field::Upper => lower.copy_from_slice(upper),
                Field::Lower => upper.copy_from_slice(lower),
                Field::Blend => {
                    for (a, b) in upper.iter_mut().zip(lower) {
                        let mean = (u16::from(*a) + u16::from(*b)).div_ceil(2) as u8;
                        (*a, *b) = (mean, mean);
                    }
                }
            }
        }
    }
}

/// Enlargement of a picture inside its tile.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Zoom {
    /// 1 to 16.
    pub factor: f64,
    /// Centre of what is shown, in parts of width and height.
    pub x: f64,
    pub y: f64,
}

impl Default for Zoom {
    fn default() -> Zoom {
        Zoom {
            factor: 1.0,
            x: 0.5,
            y: 0.5,
        }
    }
}

impl Zoom {
    /// Enlarges around a point, in parts of width and height of what is shown.
    pub fn scale(&mut self, factor: f64, (x, y): (f64, f64)) {
        let (px, py) = (
            self.x + (x - 0.5) / self.factor,
            self.y + (y - 0.5) / self.factor,
        );
        self.factor = (self.factor * factor).clamp(1.0, 16.0);
        self.x = px - (x - 0.5) / self.factor;
        self.y = py - (y - 0.5) / self.factor;
        self.limit();
    }

    /// Moves by parts of what is shown.
    pub fn pan(&mut self, x: f64, y: f64) {
        self.x += x / self.factor;
        self.y += y / self.factor;
        self.limit();
    }

    fn limit(&mut self) {
        let half = 0.5 / self.factor;
        self.x = self.x.clamp(half, 1.0 - half);
        self.y = self.y.clamp(half, 1.0 - half);
    }
}

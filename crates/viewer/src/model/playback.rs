// SPDX-License-Identifier: MPL-2.0
//! How a recording is being played: direction, speed, loop.

use super::recording::Place;

/// Speeds, slowest first.
pub const SPEEDS: [f64; 7] = [0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0];
/// Place of the usual one.
const USUAL: usize = 2;

/// How a recording is being played.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Playback {
    pub playing: bool,
    pub backwards: bool,
    speed: usize,
    /// Beginning and end of what is played again and again.
    pub a: Option<Place>,
    pub b: Option<Place>,
}

impl Default for Playback {
    fn default() -> Playback {
        Playback {
            playing: false,
            backwards: false,
            speed: USUAL,
            a: None,
            b: None,
        }
    }
}

impl Playback {
    /// Rate for the pipeline: negative backwards.
    pub fn rate(&self) -> f64 {
        let speed = self.speed();
        if self.backwards { -speed } else { speed }
    }

    /// Its size.
    pub fn speed(&self) -> f64 {
        SPEEDS.get(self.speed).copied().unwrap_or(1.0)
    }

    /// Takes one of [`SPEEDS`] by its number.
    pub fn set_speed(&mut self, number: usize) {
        self.speed = number.min(SPEEDS.len() - 1);
    }

    /// Its number in [`SPEEDS`].
    pub fn speed_number(&self) -> usize {
        self.speed
    }

    /// Faster or slower by one step.
    pub fn change_speed(&mut self, faster: bool) {
        match faster {
            true => self.set_speed(self.speed + 1),
            false => self.speed = self.speed.saturating_sub(1),
        }
    }

    /// Space: plays in the direction it was in, or pauses.
    pub fn toggle(&mut self) {
        self.playing = !self.playing;
    }

    /// L and J: plays in a direction at the usual speed; where it already does, faster.
    pub fn shuttle(&mut self, backwards: bool) {
        if self.playing && self.backwards == backwards {
            self.change_speed(true);
        } else {
            *self = Playback {
                playing: true,
                backwards,
                speed: USUAL,
                ..*self
            };
        }
    }

    /// Marks one end of the loop. An end before the beginning takes its place.
    pub fn mark(&mut self, begin: bool, place: Place) {
        match begin {
            true => self.a = Some(place),
            false => self.b = Some(place),
        }
        if let (Some(a), Some(b)) = (self.a, self.b)
            && b <= a
        {
            (self.a, self.b) = match begin {
                true => (self.a, None),
                false => (None, self.b),
            };
        }
    }

    /// Both ends of the loop.
    pub fn range(&self) -> Option<(Place, Place)> {
        self.a.zip(self.b)
    }

    /// Where playback continues when it has come to `place` and must not go beyond the loop.
    pub fn wrap(&self, place: Place) -> Option<Place> {
        let (a, b) = self.range()?;
        match self.backwards {
            false if place >= b => Some(a),
            true if place <= a => Some(b),
            _ => None,
        }
    }

    /// `1×`, `¼×`.
    pub fn speed_text(number: usize) -> &'static str {
        ["¼×", "½×", "1×", "2×", "4×", "8×", "16×"]
            .get(number)
            .copied()
            .unwrap_or("1×")
    }
}

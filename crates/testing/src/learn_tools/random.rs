// SPDX-License-Identifier: MPL-2.0
//! Numbers that are the same on every run.

/// A small generator (splitmix64).
pub struct Random(u64);

impl Random {
    /// Every seed gives its own series.
    pub fn new(seed: u64) -> Random {
        Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x5851_f42d_4c95_7f2d)
    }

    /// The next number.
    #[allow(
        clippy::should_implement_trait,
        reason = "it never ends and is no iterator"
    )]
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// 0 up to `n`, without it.
    pub fn below(&mut self, n: usize) -> usize {
        (self.next() % n.max(1) as u64) as usize
    }

    /// `low` up to `high`, with both, small numbers as likely as large ones.
    pub fn spread(&mut self, low: usize, high: usize) -> usize {
        let share = self.below(1 << 20) as f64 / f64::from(1 << 20);
        let (low, high) = (low as f64, high as f64 + 1.0);
        (low * (high / low).powf(share)) as usize
    }

    /// True that often in a hundred.
    pub fn percent(&mut self, chance: usize) -> bool {
        self.below(100) < chance
    }

    /// One of these.
    pub fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len())]
    }

    /// Mixes them.
    pub fn shuffle<T>(&mut self, list: &mut [T]) {
        for n in (1..list.len()).rev() {
            list.swap(n, self.below(n + 1));
        }
    }
}

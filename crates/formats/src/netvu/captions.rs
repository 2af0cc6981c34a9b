// SPDX-License-Identifier: MPL-2.0
//! The text stream of a camera: the alarm that is on, and a title that is another than before.

use super::text::{Facts, clip, decode};
use crate::reader::TEXT_MILLIS;

/// Milliseconds for which a new title is shown.
const TITLE_MILLIS: i64 = 3000;

/// What the text stream showed last.
#[derive(Clone, Debug, Default)]
pub struct Captions {
    title: Option<Vec<u8>>,
    /// The title before, while the one now has been seen once only.
    before: Option<Vec<u8>>,
    /// Time at which the title changed, in Unix milliseconds.
    renamed: Option<i64>,
    text: String,
    /// Time at which `text` was shown, in Unix milliseconds.
    shown: Option<i64>,
}

impl Captions {
    /// Makes what holds be shown again.
    pub fn repeat(&mut self) {
        self.text.clear();
        self.shown = None;
    }

    /// The text of a frame, where there is a new one or one to be shown again: each is shown for [`TEXT_MILLIS`].
    pub fn update(&mut self, facts: &Facts<'_>) -> Option<String> {
        let now = facts.timestamp.map(|timestamp| timestamp.unix_ms());
        let title = facts.title.filter(|title| !title.is_empty()).map(clip);
        if let Some(title) = title {
            self.rename(title, now);
        }
        let fresh = within(self.renamed, now, TITLE_MILLIS);
        let alarm = facts.alarm.map(clip).filter(|alarm| !alarm.is_empty());
        if !fresh && alarm.is_none() {
            self.text.clear();
            return None;
        }
        let lines = [title.filter(|_| fresh).map(decode), alarm.map(decode)];
        let text = lines.into_iter().flatten().collect::<Vec<_>>().join("\n");
        let untimed = self.shown.is_none() || now.is_none();
        if self.text == text && (untimed || within(self.shown, now, TEXT_MILLIS)) {
            return None;
        }
        self.shown = now;
        self.text.clone_from(&text);
        Some(text)
    }

    fn rename(&mut self, title: &[u8], now: Option<i64>) {
        if self.title.as_deref() == Some(title) {
            // the same frame is shown again after its text
            self.before = self.before.take().filter(|_| self.renamed == now);
            return;
        }
        // a title that a single frame has is damaged, and the one after it no new one
        let back = self.before.as_deref() == Some(title);
        self.before = self.title.replace(title.to_vec()).filter(|_| !back);
        self.renamed = self.before.is_some().then_some(now).flatten();
    }
}

/// Whether it is less than so many milliseconds since then.
fn within(then: Option<i64>, now: Option<i64>, millis: i64) -> bool {
    match (then, now) {
        (Some(then), Some(now)) => (0..millis).contains(&now.saturating_sub(then)),
        _ => false,
    }
}

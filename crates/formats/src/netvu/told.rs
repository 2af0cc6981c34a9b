// SPDX-License-Identifier: MPL-2.0
//! What a camera's text stream has to say: the alarm that is on, and a title that is another than before.

use super::text::{Facts, clip, decode};
use crate::reader::TEXT_MILLIS;

/// Milliseconds for which a new title is told.
const TITLE_MILLIS: i64 = 3000;

/// What was told.
#[derive(Clone, Debug, Default)]
pub struct Told {
    title: Option<Vec<u8>>,
    /// Time at which the title changed, in Unix milliseconds.
    renamed: Option<i64>,
    text: String,
    at: Option<i64>,
}

impl Told {
    /// What holds is told again.
    pub fn again(&mut self) {
        self.text.clear();
        self.at = None;
    }

    /// The text of a picture, where there is something new to say, or something to say again: each is shown for
    /// [`TEXT_MILLIS`].
    pub fn tell(&mut self, facts: &Facts<'_>) -> Option<String> {
        let now = facts.timestamp.map(|timestamp| timestamp.unix_ms());
        let title = facts.title.filter(|title| !title.is_empty()).map(clip);
        if let Some(title) = title
            && self.title.as_deref() != Some(title)
        {
            self.renamed = self.title.is_some().then_some(now).flatten();
            self.title = Some(title.to_vec());
        }
        let fresh = within(self.renamed, now, TITLE_MILLIS);
        let alarm = facts.alarm.map(clip).filter(|alarm| !alarm.is_empty());
        if !fresh && alarm.is_none() {
            self.text.clear();
            return None;
        }
        let lines = [title.filter(|_| fresh).map(decode), alarm.map(decode)];
        let text = lines.into_iter().flatten().collect::<Vec<_>>().join("\n");
        let untimed = self.at.is_none() || now.is_none();
        if self.text == text && (untimed || within(self.at, now, TEXT_MILLIS)) {
            return None;
        }
        self.at = now;
        self.text.clone_from(&text);
        Some(text)
    }
}

/// Whether it is less than so many milliseconds since then.
fn within(then: Option<i64>, now: Option<i64>, millis: i64) -> bool {
    match (then, now) {
        (Some(then), Some(now)) => (0..millis).contains(&now.saturating_sub(then)),
        _ => false,
    }
}

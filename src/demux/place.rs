// SPDX-License-Identifier: MPL-2.0
//! Where a stream's pictures come from, as their own records say.

use crate::tags::{RecorderUtcOffset, SiteId, TimeZone};
use formats::reader::Details;

/// What a stream's pictures say of camera, site and zone.
#[derive(Default)]
pub struct Place {
    /// Camera title.
    pub title: Option<String>,
    site: Option<String>,
    zone: Option<String>,
    utc_offset: Option<i32>,
}

impl Place {
    /// Whether these details say something new.
    pub fn changed(&self, details: &Details) -> bool {
        let new = |now: &Option<String>, known| now.is_some() && now != known;
        new(&details.title, &self.title)
            || new(&details.site, &self.site)
            || new(&details.locale, &self.zone)
            || details.utc_offset.is_some() && details.utc_offset != self.utc_offset
    }

    /// Keeps what these details say.
    pub fn take(&mut self, details: &Details) {
        let take = |known: &mut Option<String>, now: &Option<String>| {
            if now.is_some() {
                known.clone_from(now);
            }
        };
        take(&mut self.title, &details.title);
        take(&mut self.site, &details.site);
        take(&mut self.zone, &details.locale);
        self.utc_offset = details.utc_offset.or(self.utc_offset);
    }

    /// All but the title.
    pub fn add_tags(&self, tags: &mut gst::TagListRef, mode: gst::TagMergeMode) {
        if let Some(site) = self.site.as_deref().filter(|site| !site.is_empty()) {
            tags.add::<SiteId>(&site, mode);
        }
        if let Some(zone) = self.zone.as_deref().filter(|zone| !zone.is_empty()) {
            tags.add::<TimeZone>(&zone, mode);
        }
        if let Some(offset) = &self.utc_offset {
            tags.add::<RecorderUtcOffset>(offset, mode);
        }
    }
}

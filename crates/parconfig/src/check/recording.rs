// SPDX-License-Identifier: MPL-2.0
//! Rules on cameras, profiles and the schedule.

use super::super::schema::DAYS;
use super::super::{schema, times, week};
use super::Check;
use std::collections::{HashMap, HashSet};

pub(super) fn check(check: &mut Check<'_>) {
    titles(check);
    let used = cameras(check);
    profiles(check, &used);
    overlaps(check);
    modes(check);
    unit(check);
}

/// Cameras that are not switched off.
fn enabled(check: &Check<'_>) -> Vec<String> {
    check
        .config
        .numbers_of("camera")
        .into_iter()
        .map(|number| format!("camera.{number}"))
        .filter(|name| check.config.canonical(name, "enabled").as_deref() != Some("no"))
        .collect()
}

fn titles(check: &mut Check<'_>) {
    let mut seen: HashMap<String, String> = HashMap::new();
    for (_, section) in check.config.sections_of("camera") {
        let Some(title) = section.value("title").filter(|title| !title.is_empty()) else {
            continue;
        };
        let name = section.name.clone();
        match seen.get(&title.to_lowercase()) {
            Some(first) => {
                let message = format!("{title:?} is the title of {first} too");
                check.warn("two-titles", &name, "title", message);
            }
            None => {
                seen.insert(title.to_lowercase(), name);
            }
        }
    }
}

/// Gives back the profiles in use.
fn cameras(check: &mut Check<'_>) -> HashSet<String> {
    let config = check.config;
    let modes = week::modes(config);
    let mut used = HashSet::new();
    for (_, section) in config.sections_of("camera") {
        for entry in &section.entries {
            let is_profile = entry.key == "profile" || entry.key.starts_with("profile-");
            if !is_profile || schema::lookup(&section.name, &entry.key).is_none() {
                continue;
            }
            let profile = format!("profile.{}", entry.value.to_ascii_lowercase());
            if config.section(&profile).is_none() {
                let message = format!("there is no [{profile}]");
                check.error("no-profile", &section.name, &entry.key, message);
            }
            used.insert(profile);
        }
    }
    for name in enabled(check) {
        let has = |key: &str| config.value(&name, key).is_some();
        let without: Vec<&str> = modes
            .iter()
            .copied()
            .filter(|mode| !has("profile") && !has(&format!("profile-{mode}")))
            .collect();
        if without.len() == modes.len() {
            let message =
                "is recorded by no profile; allowed: profile, or profile-MODE for each mode";
            check.warn("not-recorded", &name, "", message);
        } else if !without.is_empty() {
            let message = format!("has no profile in mode {}", without.join(", "));
            check.warn("not-recorded", &name, "", message);
        }
        let own = config.canonical(&name, "standard");
        let all = config.canonical("unit", "standard");
        if let (Some(own), Some(all)) = (own, all)
            && own != all
        {
            let message = format!("is {own}, the unit is {all}");
            check.warn("standard", &name, "standard", message);
        }
    }
    used
}

fn profiles(check: &mut Check<'_>, used: &HashSet<String>) {
    let config = check.config;
    let model = config.value("unit", "model").unwrap_or_default();
    let wide = model.to_ascii_uppercase().contains("BX2");
    for (_, section) in config.sections_of("profile") {
        let name = section.name.as_str();
        if !used.contains(name) {
            check.warn("unused-profile", name, "", "is used by no camera");
        }
        // The range is stated, that only the BX2 has the wide one too.
        if let Some(rate) = config.number(name, "bit-rate")
            && !wide
            && !(45..=2500).contains(&rate)
        {
            let message =
                format!("{rate} is not allowed; allowed: 45 to 2500 kbit/s (on a BX2 8 to 8192)");
            check.error("bit-rate", name, "bit-rate", message);
        }
        let compression = config.canonical(name, "compression");
        let useless: &[&str] = match compression.as_deref() {
            Some("jpeg") => &["bit-rate", "i-interval"],
            Some(_) => &["jpeg-size"],
            None => &[],
        };
        for key in useless {
            if section.value(key).is_some() {
                let message = format!(
                    "means nothing with compression {}",
                    compression.as_deref().unwrap_or_default()
                );
                check.warn("no-effect", name, key, message);
            }
        }
        rate_limit(check, name, "rate");
    }
}

/// PAL has 25 frames per second.
fn rate_limit(check: &mut Check<'_>, section: &str, key: &str) {
    let standard = check.config.canonical("unit", "standard");
    let rate = check.config.canonical(section, key);
    if let (Some("PAL"), Some(rate)) = (standard.as_deref(), rate)
        && times::per_second(&rate).is_some_and(|rate| rate > 25.0)
    {
        let message = format!("{rate} is not allowed with PAL; allowed: at most 25 pictures/s");
        check.error("rate", section, key, message);
    }
}

/// A span in minutes of the week, with the section and key that give it.
type Given = (u32, u32, String, &'static str);

/// The spans of these keys, sorted. What goes on after Sunday counts before Monday as well.
fn given(check: &Check<'_>, keys: &[&'static str]) -> Vec<Given> {
    let day_length = u32::from(times::DAY);
    let week_length = day_length.saturating_mul(7);
    let mut spans = Vec::new();
    for (at, day) in (0_u32..).zip(DAYS) {
        let start = at.saturating_mul(day_length);
        for key in keys {
            for (from, to) in week::spans_of(check.config, day, key).unwrap_or_default() {
                let from = start.saturating_add(u32::from(from));
                let to = start.saturating_add(u32::from(to));
                spans.push((from, to, format!("schedule.{day}"), *key));
                if to > week_length {
                    let over = to.saturating_sub(week_length);
                    spans.push((0, over, format!("schedule.{day}"), *key));
                }
            }
        }
    }
    spans.sort();
    spans
}

/// Times that overlap, also with the day before where those go on after midnight.
fn overlaps(check: &mut Check<'_>) {
    let groups: [&[&'static str]; 3] = [&["day", "night"], &["set", "unset"], &["override"]];
    for group in groups {
        let mut open: Option<(u32, String, &str)> = None;
        for (from, to, section, key) in given(check, group) {
            if let Some((end, other, other_key)) = &open
                && from < *end
            {
                let hours = (from / 60) % 24;
                let message = format!(
                    "overlaps {other}.{other_key} at {hours:02}:{:02}; times must follow each other",
                    from % 60
                );
                check.error("overlap", &section, key, message);
            }
            if open.as_ref().is_none_or(|(end, ..)| to > *end) {
                open = Some((to, section, key));
            }
        }
    }
}

fn modes(check: &mut Check<'_>) {
    let config = check.config;
    let set_style = week::is_set_style(config);
    let wrong: &[&str] = if set_style {
        &["day", "night"]
    } else {
        &["set", "unset", "override"]
    };
    for day in DAYS {
        let section = format!("schedule.{day}");
        for key in wrong {
            if config.value(&section, key).is_some() {
                let message = format!(
                    "means nothing: the unit's modes are {}",
                    week::modes(config).join(", ")
                );
                check.warn("no-effect", &section, key, message);
            }
        }
    }
    let has = |key: &str| config.value("schedule", key).is_some();
    match (has("weekend-start"), has("weekend-end")) {
        (true, false) => check.error("weekend", "schedule", "weekend-start", "needs weekend-end"),
        (false, true) => check.error("weekend", "schedule", "weekend-end", "needs weekend-start"),
        _ => {}
    }
    for mode in schema::MODES {
        let rates = week::rates(config, mode);
        let speed =
            |rate: &Option<String>| rate.as_deref().map(|r| times::per_second(r).unwrap_or(0.0));
        let key = format!("event-rate-{mode}");
        if let (Some(standard), Some(event)) = (speed(&rates.standard), speed(&rates.event))
            && event < standard
        {
            let message = "is slower than the standard rate of this mode";
            check.warn("event-rate", "schedule", &key, message);
        }
        rate_limit(check, "schedule", &format!("rate-{mode}"));
        rate_limit(check, "schedule", &key);
    }
}

/// A fixed offset that the time zone never has.
fn unit(check: &mut Check<'_>) {
    let config = check.config;
    let (Some(offset), Some(zone)) = (
        config.number("unit", "utc-offset"),
        config.canonical("unit", "time-zone"),
    ) else {
        return;
    };
    let Ok(found) = jiff::tz::TimeZone::get(&zone) else {
        return;
    };
    let mut allowed: Vec<i32> = (1..=12_i8)
        .filter_map(|month| jiff::civil::Date::new(2026, month, 1).ok())
        .filter_map(|date| date.to_zoned(found.clone()).ok())
        .filter_map(|time| time.offset().seconds().checked_div(60))
        .collect();
    allowed.sort_unstable();
    allowed.dedup();
    if !allowed.contains(&offset) {
        let allowed: Vec<String> = allowed.iter().map(i32::to_string).collect();
        let message = format!(
            "{offset} minutes is no offset of {zone}; allowed: {}",
            allowed.join(", ")
        );
        check.warn("time-zone", "unit", "utc-offset", message);
    }
}

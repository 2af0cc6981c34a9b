// SPDX-License-Identifier: MPL-2.0
//! Times of a day, of a week, and frame rates.

/// Weekdays in the order of a week that starts on Monday.
pub const DAYS: [&str; 7] = [
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
];

/// Minutes of a day.
pub const DAY: u16 = 1440;

/// Minutes of a week.
const WEEK: u16 = 7 * DAY;

/// From and to, in minutes since midnight. `to` is more than `from`; it is over [`DAY`] where the span ends on the next day.
pub type Span = (u16, u16);

/// `HH:MM` as minutes since midnight, `24:00` included.
pub fn minute(text: &str) -> Option<u16> {
    let (hours, minutes) = text.trim().split_once(':')?;
    let digits = |part: &str| {
        ((1..=2).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit()))
            .then(|| part.parse::<u16>().ok())
            .flatten()
    };
    let (hours, minutes) = (digits(hours)?, digits(minutes)?);
    let total = hours.checked_mul(60)?.checked_add(minutes)?;
    (minutes < 60 && total <= DAY).then_some(total)
}

/// The spans of a value such as `08:00-12:00, 22:00-06:00`, sorted by their start. They may overlap.
pub fn spans(text: &str) -> Option<Vec<Span>> {
    match text.to_ascii_lowercase().as_str() {
        "all" => return Some(vec![(0, DAY)]),
        "never" => return Some(Vec::new()),
        _ => {}
    }
    let mut found = Vec::new();
    for part in text.split(',') {
        let (from, to) = part.split_once('-')?;
        let (from, mut to) = (minute(from)?, minute(to)?);
        if from == to || from >= DAY {
            return None;
        }
        if to < from {
            to = to.checked_add(DAY)?;
        }
        found.push((from, to));
    }
    found.sort_unstable();
    Some(found)
}

/// A minute of the day as `HH:MM`.
pub fn clock(minute: u16) -> String {
    let within = if minute > DAY {
        minute.saturating_sub(DAY)
    } else {
        minute
    };
    format!("{:02}:{:02}", within / 60, within % 60)
}

/// The canonical spelling of spans.
pub fn spell_spans(spans: &[Span]) -> String {
    match spans {
        [] => "never".into(),
        [(0, DAY)] => "all".into(),
        _ => {
            let parts: Vec<String> = spans
                .iter()
                .map(|(from, to)| format!("{}-{}", clock(*from), clock(*to)))
                .collect();
            parts.join(", ")
        }
    }
}

/// A weekday, of which three letters are enough, and a time as minutes since Monday, 00:00.
pub fn moment(text: &str) -> Option<u16> {
    let text = text.to_ascii_lowercase();
    let (day, time) = text.split_once(' ')?;
    let at = DAYS
        .iter()
        .position(|name| day.len() >= 3 && name.starts_with(day))?;
    let day = u16::try_from(at).ok()?;
    let minute = minute(time)?;
    day.checked_mul(DAY)?
        .checked_add(minute)
        .and_then(|m| m.checked_rem(WEEK))
}

/// The canonical spelling of a time of the week.
pub fn spell_moment(minutes: u16) -> String {
    let day = DAYS
        .get(usize::from(minutes / DAY))
        .copied()
        .unwrap_or_default();
    format!("{day} {}", clock(minutes % DAY))
}

/// Milliseconds between frames, exact as numerator and denominator: `25` is 1000/25, `40 ms` is 40/1.
pub fn rate(text: &str) -> Option<(u32, u32)> {
    if let Some(ms) = text.strip_suffix("ms") {
        let ms: u32 = ms.trim().parse().ok()?;
        if !(33..=60_000).contains(&ms) {
            return None;
        }
        return match 1000_u32.checked_rem(ms) {
            Some(0) => Some((1000, 1000_u32.checked_div(ms)?)),
            _ => Some((ms, 1)),
        };
    }
    let number = ["frames/s", "pictures/s", "pps", "fps", "/s"]
        .iter()
        .find_map(|unit| text.strip_suffix(unit))
        .unwrap_or(text);
    let number: u32 = number.trim().parse().ok()?;
    (1..=30).contains(&number).then_some((1000, number))
}

/// The canonical spelling of a rate: whole frames per second where it is that, else milliseconds.
pub fn spell_rate((ms, frames): (u32, u32)) -> String {
    if frames == 1 && ms != 1000 {
        format!("{ms} ms")
    } else {
        frames.to_string()
    }
}

/// Frames per second of a canonical rate; `None` for `off` and for no rate.
pub fn per_second(text: &str) -> Option<f64> {
    rate(&text.to_ascii_lowercase()).map(|(ms, n)| 1000.0 * f64::from(n) / f64::from(ms))
}

// SPDX-License-Identifier: MPL-2.0
//! What a value of the configuration text may be. Each type keeps its canonical spelling, so that equal values are equal text.

use super::times;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::net::Ipv4Addr;

/// A value as it is written: text, a number, or a list of these.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Raw {
    /// Text.
    Text(String),
    /// Whole number.
    Number(i64),
    /// Several.
    List(Vec<Raw>),
    /// Anything else, which no value is.
    #[serde(skip_serializing)]
    Other(serde::de::IgnoredAny),
}

impl Raw {
    fn text(&self) -> Option<String> {
        match self {
            Raw::Text(text) => Some(text.trim().to_owned()),
            Raw::Number(number) => Some(number.to_string()),
            Raw::List(list) => {
                let parts: Option<Vec<String>> = list.iter().map(Raw::text).collect();
                parts.map(|parts| parts.join(", "))
            }
            Raw::Other(_) => None,
        }
    }
}

/// The canonical spelling of a value that `read` accepts, else a message with what is allowed.
fn canonical(
    raw: &Raw,
    allowed: &str,
    read: impl Fn(&str) -> Option<String>,
) -> Result<String, String> {
    let Some(text) = raw.text() else {
        return Err(format!("is not text or a number; allowed: {allowed}"));
    };
    if let Some(c) = text.chars().find(|c| c.is_control()) {
        return Err(format!(
            "control character U+{:04X}; allowed: {allowed}",
            u32::from(c)
        ));
    }
    read(&text).ok_or_else(|| {
        let short: String = text.chars().take(60).collect();
        format!("{short:?} is not allowed; allowed: {allowed}")
    })
}

/// A type whose values are text in canonical spelling.
macro_rules! text_types {
    ($($(#[$doc:meta])* $name:ident as $into:literal: $allowed:expr, $read:expr;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(try_from = "Raw", into = $into)]
        pub struct $name(String);

        impl $name {
            /// What is allowed, for people.
            pub const ALLOWED: &str = $allowed;
        }

        /// The canonical spelling.
        impl std::ops::Deref for $name {
            type Target = str;

            fn deref(&self) -> &str {
                &self.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl TryFrom<Raw> for $name {
            type Error = String;

            fn try_from(raw: Raw) -> Result<Self, String> {
                canonical(&raw, Self::ALLOWED, $read).map($name)
            }
        }

        impl From<$name> for String {
            fn from(value: $name) -> String {
                value.0
            }
        }

        impl From<$name> for Raw {
            fn from(value: $name) -> Raw {
                value.0.parse().map_or(Raw::Text(value.0), Raw::Number)
            }
        }
    )*};
}

text_types! {
    /// Name of a profile or account.
    Name as "String": "a name of letters, digits, '-' and '_', at most 30 characters", |text| {
        let plain = text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'));
        (plain && (1..=30).contains(&text.len())).then(|| text.to_ascii_lowercase())
    };
    /// Frame size. The four named ones are **stated**; 640x256 and 768x288 are **verified** in captures of a DS2 and an older unit.
    Resolution as "String": "QCIF, CIF, 2CIF, 4CIF, or 176x128, 352x256, 704x256, 720x512, 640x256, 768x288", resolution;
    /// Frames per second, or milliseconds between frames.
    Rate as "Raw": "1 to 30 (frames per second), or 33 to 60000 with ms", |text| times::rate(&text.to_ascii_lowercase()).map(times::spell_rate);
    /// The same, or `off`.
    RateOrOff as "Raw": "off, 1 to 30 (frames per second), or 33 to 60000 with ms", |text| {
        let lower = text.to_ascii_lowercase();
        if lower == "off" { Some(lower) } else { times::rate(&lower).map(times::spell_rate) }
    };
    /// Times of a day.
    Times as "String": "times such as 08:00-12:00, 13:00-17:30, or all, never", |text| times::spans(text).map(|spans| times::spell_spans(&spans));
    /// A time of the week.
    Moment as "String": "a weekday and a time such as friday 18:00", |text| times::moment(text).map(times::spell_moment);
    /// Days of a year.
    Dates as "String": "days such as 2026-12-25, or 12-25 for every year", dates;
    /// When something is done.
    When as "String": "always, never, on-alarm, manual, or times such as 22:00-06:00", |text| {
        let lower = text.to_ascii_lowercase();
        if matches!(lower.as_str(), "always" | "on-alarm" | "manual") { return Some(lower); }
        times::spans(text).map(|spans| times::spell_spans(&spans))
    };
    /// IPv4 address.
    Address as "String": "an IPv4 address such as 192.168.1.20", |text| text.parse::<Ipv4Addr>().ok().map(|a| a.to_string());
    /// IPv4 mask.
    Mask as "String": "a mask such as 255.255.255.0 or /24", |text| mask(text).map(|(mask, _)| mask.to_string());
    /// IPv4 networks and addresses.
    Networks as "String": "addresses and networks such as 10.0.0.5, 192.168.1.0/24", |text| {
        let spell = |net: &ipnet::Ipv4Net| if net.prefix_len() == 32 { net.addr().to_string() } else { net.to_string() };
        networks(text).map(|nets| nets.iter().map(spell).collect::<Vec<_>>().join(", "))
    };
    /// IPv4 address or name of a host.
    Host as "String": "an IPv4 address or a host name", |text| is_host(text).then(|| text.to_ascii_lowercase());
    /// Mail addresses.
    Mail as "String": "mail addresses separated by commas", mail;
    /// Telephone number.
    Phone as "String": "3 to 20 digits, with '+', '-' and blanks", phone;
    /// IANA time zone.
    TimeZone as "String": "a time zone such as Europe/London", |text| jiff::tz::TimeZone::get(text).ok()?.iana_name().map(str::to_owned);
    /// Motion zone.
    Motion as "String": "normal, last-trigger, static, disabled, then count % and change %", motion;
    /// Module of an alarm input.
    Module as "Raw": "aux, direct, or 1 to 16", |text| {
        let lower = text.to_ascii_lowercase();
        let number = lower.parse::<u8>().is_ok_and(|n| (1..=16).contains(&n));
        (number || matches!(lower.as_str(), "aux" | "direct")).then_some(lower)
    };
    /// Quality of an encoder.
    Quality as "Raw": "cbr, or 1 to 255", |text| {
        let lower = text.to_ascii_lowercase();
        (lower == "cbr" || lower.parse::<u8>().is_ok_and(|n| n > 0)).then_some(lower)
    };
}

/// Text of at most `MAX` characters.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "Raw", into = "String")]
pub struct Text<const MAX: usize>(String);

impl<const MAX: usize> std::ops::Deref for Text<MAX> {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl<const MAX: usize> Text<MAX> {
    /// As much of a text as is allowed.
    pub fn cut(text: &str) -> Text<MAX> {
        let plain: String = text.chars().filter(|c| !c.is_control()).take(MAX).collect();
        Text(plain.trim().to_owned())
    }
}

impl<const MAX: usize> TryFrom<Raw> for Text<MAX> {
    type Error = String;

    fn try_from(raw: Raw) -> Result<Self, String> {
        let allowed = format!("text of at most {MAX} characters");
        canonical(&raw, &allowed, |text| {
            (text.chars().count() <= MAX).then(|| text.to_owned())
        })
        .map(Text)
    }
}

impl<const MAX: usize> From<Text<MAX>> for String {
    fn from(text: Text<MAX>) -> String {
        text.0
    }
}

/// A password. No message and no `Debug` output holds it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Raw", into = "String")]
pub struct Secret(String);

impl Secret {
    /// The password.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret")
    }
}

impl TryFrom<Raw> for Secret {
    type Error = String;

    fn try_from(raw: Raw) -> Result<Self, String> {
        let text = raw
            .text()
            .filter(|text| text.chars().count() <= 60 && !text.chars().any(char::is_control));
        text.map(Secret)
            .ok_or_else(|| "is not allowed; allowed: text of at most 60 characters".into())
    }
}

impl From<Secret> for String {
    fn from(secret: Secret) -> String {
        secret.0
    }
}

/// A whole number from `MIN` to `MAX`; a unit after it in text is read over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "Raw", into = "i64")]
pub struct Int<const MIN: i64, const MAX: i64>(i64);

impl<const MIN: i64, const MAX: i64> Int<MIN, MAX> {
    /// The number.
    pub fn get(self) -> i64 {
        self.0
    }
}

impl<const MIN: i64, const MAX: i64> TryFrom<Raw> for Int<MIN, MAX> {
    type Error = String;

    fn try_from(raw: Raw) -> Result<Self, String> {
        let read = |text: &str| {
            let unit = |c: char| c.is_ascii_alphabetic() || matches!(c, ' ' | '/');
            let number = text.trim_end_matches(unit).parse::<i64>().ok()?;
            (MIN..=MAX).contains(&number).then(|| number.to_string())
        };
        let text = canonical(&raw, &format!("{MIN} to {MAX}"), read)?;
        text.parse().map(Int).map_err(|_| text)
    }
}

impl<const MIN: i64, const MAX: i64> From<Int<MIN, MAX>> for i64 {
    fn from(int: Int<MIN, MAX>) -> i64 {
        int.0
    }
}

/// The number in a section's name, from 1 to `MAX`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Id<const MAX: u16>(pub u16);

impl<const MAX: u16> TryFrom<String> for Id<MAX> {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        // As it is printed: without a sign and without zeros before it.
        let number: Option<u16> = text.parse().ok().filter(|n: &u16| n.to_string() == text);
        match number.filter(|number| (1..=MAX).contains(number)) {
            Some(number) => Ok(Id(number)),
            None => Err(format!(
                "{text:?} is not allowed; allowed: a number from 1 to {MAX}"
            )),
        }
    }
}

impl<const MAX: u16> From<Id<MAX>> for String {
    fn from(id: Id<MAX>) -> String {
        id.0.to_string()
    }
}

/// Numbers from 1 to `MAX`: `1-3,6`, a list, `all` or `none`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Raw", into = "String")]
pub struct Numbers<const MAX: u16> {
    /// The numbers.
    pub set: BTreeSet<u16>,
    /// Written as `all`.
    pub all: bool,
}

impl<const MAX: u16> TryFrom<Raw> for Numbers<MAX> {
    type Error = String;

    fn try_from(raw: Raw) -> Result<Self, String> {
        let allowed = format!("numbers from 1 to {MAX} such as 1-3,6, all or none");
        let text = canonical(&raw, &allowed, |text| {
            numbers(text, MAX).map(|_| text.to_owned())
        })?;
        let set = numbers(&text, MAX).unwrap_or_default();
        Ok(Numbers {
            set,
            all: text.eq_ignore_ascii_case("all"),
        })
    }
}

impl<const MAX: u16> From<Numbers<MAX>> for String {
    fn from(numbers: Numbers<MAX>) -> String {
        if numbers.all {
            "all".into()
        } else {
            spell_numbers(&numbers.set)
        }
    }
}

fn list(text: &str) -> impl Iterator<Item = &str> {
    text.split(',')
        .map(str::trim)
        .filter(|part| !part.is_empty())
}

fn numbers(text: &str, max: u16) -> Option<BTreeSet<u16>> {
    match text.to_ascii_lowercase().as_str() {
        "all" => return Some((1..=max).collect()),
        "none" => return Some(BTreeSet::new()),
        _ => {}
    }
    let mut set = BTreeSet::new();
    for part in list(text) {
        let (from, to) = part.split_once('-').unwrap_or((part, part));
        let (from, to): (u16, u16) = (from.trim().parse().ok()?, to.trim().parse().ok()?);
        if from == 0 || from > to || to > max {
            return None;
        }
        set.extend(from..=to);
    }
    Some(set)
}

fn spell_numbers(set: &BTreeSet<u16>) -> String {
    let mut ranges: Vec<(u16, u16)> = Vec::new();
    for number in set {
        match ranges.last_mut() {
            Some((_, to)) if to.checked_add(1) == Some(*number) => *to = *number,
            _ => ranges.push((*number, *number)),
        }
    }
    let spell = |(from, to): &(u16, u16)| {
        if from == to {
            from.to_string()
        } else {
            format!("{from}-{to}")
        }
    };
    match ranges.as_slice() {
        [] => "none".into(),
        ranges => ranges.iter().map(spell).collect::<Vec<_>>().join(","),
    }
}

fn resolution(text: &str) -> Option<String> {
    const SIZES: [(&str, &str); 6] = [
        ("qcif", "176x128"),
        ("cif", "352x256"),
        ("2cif", "704x256"),
        ("4cif", "720x512"),
        ("640x256", "640x256"),
        ("768x288", "768x288"),
    ];
    let text = text
        .to_ascii_lowercase()
        .replace([' ', '×'], "")
        .replace('*', "x");
    SIZES
        .iter()
        .find(|(name, size)| *name == text || *size == text)
        .map(|(_, size)| (*size).to_owned())
}

fn dates(text: &str) -> Option<String> {
    let mut days = BTreeSet::new();
    for part in list(text) {
        // A leap year, so that 29 February may be a holiday of every year.
        let whole = if part.len() == 5 {
            format!("2024-{part}")
        } else {
            part.to_owned()
        };
        if whole.len() != 10 || whole.parse::<jiff::civil::Date>().is_err() {
            return None;
        }
        days.insert(part);
    }
    Some(days.into_iter().collect::<Vec<_>>().join(", "))
}

/// A mask and its number of one bits.
pub fn mask(text: &str) -> Option<(Ipv4Addr, u8)> {
    let net = match text.strip_prefix('/') {
        Some(bits) => ipnet::Ipv4Net::new(Ipv4Addr::UNSPECIFIED, bits.parse().ok()?).ok()?,
        None => ipnet::Ipv4Net::with_netmask(Ipv4Addr::UNSPECIFIED, text.parse().ok()?).ok()?,
    };
    Some((net.netmask(), net.prefix_len()))
}

/// Networks and single addresses, separated by commas.
pub fn networks(text: &str) -> Option<Vec<ipnet::Ipv4Net>> {
    let read = |part: &str| match part.parse::<Ipv4Addr>() {
        Ok(address) => Some(ipnet::Ipv4Net::from(address)),
        Err(_) => part.parse::<ipnet::Ipv4Net>().ok().map(|net| net.trunc()),
    };
    list(text).map(read).collect()
}

/// A host name (RFC 1123, underscore allowed) or an IPv4 address.
fn is_host(text: &str) -> bool {
    let label = |part: &str| {
        let plain = part
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'));
        plain && (1..=63).contains(&part.len()) && !part.starts_with('-') && !part.ends_with('-')
    };
    if text.contains('.') && text.bytes().all(|b| b.is_ascii_digit() || b == b'.') {
        return text.parse::<Ipv4Addr>().is_ok();
    }
    text.len() <= 253 && text.split('.').all(label)
}

fn mail(text: &str) -> Option<String> {
    let read = |part| {
        let (user, host) = str::rsplit_once(part, '@')?;
        let plain = |c: char| !c.is_whitespace() && !matches!(c, '@' | '<' | '>' | '"');
        (!user.is_empty() && user.chars().all(plain) && is_host(host)).then_some(part)
    };
    let mails: Vec<&str> = list(text).map(read).collect::<Option<_>>()?;
    (!mails.is_empty()).then(|| mails.join(", "))
}

fn phone(text: &str) -> Option<String> {
    let (plus, rest) = match text.strip_prefix('+') {
        Some(rest) => ("+", rest),
        None => ("", text),
    };
    let digits = rest.replace([' ', '-'], "");
    let good = (3..=20).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
    good.then(|| format!("{plus}{digits}"))
}

fn motion(text: &str) -> Option<String> {
    const MODES: [&str; 4] = ["normal", "last-trigger", "static", "disabled"];
    let text = text.to_ascii_lowercase();
    let mut parts = text.split(',').map(str::trim);
    let mode = parts.next().filter(|mode| MODES.contains(mode))?;
    let percent = |part: &str| {
        part.trim_end_matches(['%', ' '])
            .parse::<u8>()
            .ok()
            .filter(|n| *n <= 100)
    };
    match (parts.next(), parts.next(), parts.next()) {
        (None, ..) => Some(mode.to_owned()),
        (Some(count), Some(change), None) => {
            Some(format!("{mode}, {}, {}", percent(count)?, percent(change)?))
        }
        _ => None,
    }
}

// SPDX-License-Identifier: MPL-2.0
//! The sections and keys of the configuration text.
//!
//! What a unit lets one configure and in which ranges is **stated** (manuals of the DS2, DV-IP and BX2); the names of sections and
//! keys are **assumed**, they are this project's own. A key is added by one line here.

use super::types::*;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Longest title of a camera, alarm or zone, in characters (stated; a frame header has room for 30 and a NUL, verified).
pub const TITLE: usize = 30;
/// Highest camera number (assumed: the largest units list 64 cameras in their masks).
pub const CAMERAS: u16 = 64;
/// Zones of a unit (stated). From number 27 on their meaning is preset: archive slow, archive fault, disk low, disk full, disk
/// fault, panic.
pub const ZONES: u16 = 32;
/// First preset zone.
pub const PRESET_ZONE: u16 = 27;

/// A section: every key may be left out, none may be unknown. The text of each key is its documentation here and in docs.
macro_rules! sections {
    ($($(#[$doc:meta])* $name:ident { $($field:ident: $kind:ty = $text:literal,)* })*) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
        #[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
        pub struct $name {
            $(#[doc = $text] #[serde(skip_serializing_if = "is_default")] pub $field: $kind,)*
        }

        impl $name {
            /// The keys as Rust spells them, and what they are for.
            pub const KEYS: &[(&str, &str)] = &[$((stringify!($field), $text)),*];
        }
    )*};
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

sections! {
    /// A whole configuration.
    Config {
        unit: Unit = "the unit itself",
        camera: BTreeMap<Id<CAMERAS>, Camera> = "camera inputs by number",
        profile: BTreeMap<Name, Profile> = "how frames are coded, by name",
        schedule: Schedule = "when which mode holds, and how much is recorded then",
        alarm: BTreeMap<Id<512>, Alarm> = "alarm inputs by number",
        zone: BTreeMap<Id<ZONES>, Zone> = "alarm inputs that make one alarm, by number",
        relay: BTreeMap<Id<64>, Relay> = "relay outputs by number",
        network: Network = "addresses and ports",
        reporting: Reporting = "who is notified of alarms",
        archive: Archive = "copies to an FTP server, and webcam images",
        account: BTreeMap<Name, Account> = "who may log in, by name",
    }

    /// The unit itself.
    Unit {
        name: Option<Text<60>> = "its name",
        site: Option<Text<60>> = "site id, as recordings carry it",
        model: Option<Text<60>> = "model, such as DS2 or BX2",
        standard: Option<Standard> = "television standard",
        utc_offset: Option<Int<-1440, 1440>> = "minutes that local time is east of UTC",
        time_zone: Option<TimeZone> = "local time with its summer time",
        locale: Option<Text<30>> = "the unit's own name of its time zone",
    }

    /// A camera input.
    Camera {
        enabled: Option<bool> = "the input is in use",
        title: Option<Text<TITLE>> = "title in the picture",
        standard: Option<Standard> = "television standard",
        fail_notice: Option<bool> = "notify when the picture is lost",
        telemetry: Option<Telemetry> = "how the camera is moved",
        profile: Option<Name> = "profile in every mode that has none of its own",
        profiles: BTreeMap<Mode, Name> = "profiles by mode",
        motion: BTreeMap<Id<16>, Motion> = "motion zones by number: mode, pixel count %, pixel change %",
    }

    /// How frames are coded.
    Profile {
        compression: Option<Compression> = "coding",
        resolution: Option<Resolution> = "frame size",
        jpeg_size: Option<Int<5, 45>> = "size of a JPEG image in KB",
        bit_rate: Option<Int<8, 8192>> = "bit rate in kbit/s: 45 to 2500, on a BX2 8 to 8192",
        quality: Option<Quality> = "constant bit rate, or a level",
        rate: Option<Rate> = "frames per second, or milliseconds between frames",
        i_interval: Option<Int<1, 60>> = "seconds between keyframes",
    }

    /// When which mode holds, and how much is recorded then.
    Schedule {
        modes: Option<Modes> = "which three modes the unit knows",
        weekend_start: Option<Moment> = "day and time the weekend begins",
        weekend_end: Option<Moment> = "day and time the weekend ends",
        holidays: Option<Dates> = "days that count as weekend",
        rate: BTreeMap<Mode, RateOrOff> = "standard rate by mode",
        event_rate: BTreeMap<Mode, RateOrOff> = "rate during an event by mode",
        event_mode: Option<EventMode> = "what an event does to the other cameras",
        expiry: Option<Int<0, 3650>> = "days that recordings are kept, 0 = off",
        monday: DayTimes = "times of Monday",
        tuesday: DayTimes = "times of Tuesday",
        wednesday: DayTimes = "times of Wednesday",
        thursday: DayTimes = "times of Thursday",
        friday: DayTimes = "times of Friday",
        saturday: DayTimes = "times of Saturday",
        sunday: DayTimes = "times of Sunday",
    }

    /// The times of one weekday.
    DayTimes {
        day: Option<Times> = "times of day; the rest is night",
        night: Option<Times> = "times of night",
        set: Option<Times> = "times the unit is set; the rest is unset",
        unset: Option<Times> = "times the unit is unset",
        r#override: Option<Times> = "times of override, which takes precedence over set",
    }

    /// An alarm input.
    Alarm {
        enabled: Option<bool> = "the input is in use",
        title: Option<Text<TITLE>> = "text of the alarm",
        module: Option<Module> = "where it is wired to",
        contact: Option<Int<1, 256>> = "contact number on the module",
        normally_closed: Option<bool> = "opening the contact is the alarm",
        end_of_line: Option<bool> = "the line is supervised",
        pulse_extension: Option<Int<0, 999>> = "seconds that a pulse is held",
        preset: Option<Int<0, 256>> = "camera position to go to, 0 = none",
        zone: Option<Int<1, 32>> = "zone it belongs to",
    }

    /// Alarm inputs that make one alarm; 27 to 32 are preset.
    Zone {
        title: Option<Text<TITLE>> = "name of the zone",
        pre_alarm: Option<Int<0, 3600>> = "seconds recorded before the alarm",
        duration: Option<Int<0, 86400>> = "seconds recorded after the alarm",
        inputs: Option<Numbers<512>> = "alarm inputs",
        combine: Option<Combine> = "how the inputs make an alarm",
        cameras: Option<Numbers<CAMERAS>> = "cameras to record",
    }

    /// A relay output.
    Relay {
        title: Option<Text<TITLE>> = "name of the relay",
        triggers: Vec<Trigger> = "what closes it",
    }

    /// Addresses and ports.
    Network {
        name: Option<Host> = "name in the network",
        address: Option<Address> = "0.0.0.0 = by DHCP",
        mask: Option<Mask> = "mask of the unit's network",
        gateway: Option<Address> = "the router",
        dns_1: Option<Address> = "first name server",
        dns_2: Option<Address> = "second name server",
        http_port: Option<Int<1, 65535>> = "web port, 80 by default",
        ftp_port: Option<Int<1, 65535>> = "FTP port, 21 by default",
        bandwidth_limit: Option<Int<0, 1_000_000>> = "ethernet, kbit/s, 0 = no limit",
        bandwidth_limit_dial: Option<Int<0, 1_000_000>> = "dial-up, kbit/s, 0 = no limit",
        allowed: Option<Networks> = "who may connect; nothing = everybody",
    }

    /// Who is notified of alarms.
    Reporting {
        smtp_server: Option<Host> = "mail server",
        smtp_from: Option<Mail> = "sender",
        smtp_to: Option<Mail> = "recipient",
        sms_number: Option<Phone> = "number for text messages",
        alarm_host_primary: Option<Host> = "host that is notified first",
        alarm_host_secondary: Option<Host> = "host that is notified if the first does not answer",
    }

    /// Copies to an FTP server, and webcam images.
    Archive {
        ftp_server: Option<Host> = "server that recordings are copied to",
        ftp_port: Option<Int<1, 65535>> = "21 by default",
        directory: Option<Text<250>> = "folder on the server",
        user: Option<Text<60>> = "user on the server",
        password: Option<Secret> = "password on the server",
        when: Option<When> = "when copies are made",
        webcam_interval: Option<Int<1, 86400>> = "seconds between webcam images",
        webcam_resolution: Option<Resolution> = "size of webcam images",
        webcam_when: Option<When> = "when webcam images are made",
    }

    /// Who may log in.
    Account {
        r#type: Option<AccountType> = "what it is for",
        user: Option<Text<60>> = "user name",
        password: Option<Secret> = "password",
        cameras: Option<Numbers<CAMERAS>> = "cameras that may be seen; nothing = all",
    }
}

/// Enumerations of words.
macro_rules! words {
    ($($(#[$doc:meta])* $name:ident { $($word:ident = $text:literal,)* })*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
        pub enum $name {
            $(#[doc = $text] #[serde(rename = $text)] $word,)*
        }

        impl $name {
            /// All of them.
            pub const ALL: &[$name] = &[$($name::$word),*];

            /// The word as it is written.
            pub fn as_str(self) -> &'static str {
                match self {
                    $($name::$word => $text,)*
                }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }
    )*};
}

words! {
    /// Television standard.
    Standard { Pal = "PAL", Ntsc = "NTSC", }
    /// How a camera is moved.
    Telemetry { None = "none", CoaxBbv = "coax-bbv", CoaxPelco = "coax-pelco", CoaxDennard = "coax-dennard", Rs485 = "rs485", }
    /// Coding.
    Compression { Jpeg = "jpeg", Mpeg4 = "mpeg4", H264 = "h264", }
    /// The six recording modes that a schedule can know (stated).
    Mode { Day = "day", Night = "night", Weekend = "weekend", Unset = "unset", Set = "set", Override = "override", }
    /// Which three modes a unit knows.
    Modes { DayNightWeekend = "day-night-weekend", SetUnsetOverride = "set-unset-override", }
    /// What an event does to the other cameras.
    EventMode { Unchanged = "unchanged", Exclusive = "exclusive", Interleave = "interleave", }
    /// How the inputs of a zone make an alarm.
    Combine { Or = "or", And = "and", Not = "not", }
    /// What closes a relay.
    Trigger { GlobalAlarm = "global-alarm", Vmd = "vmd", CameraFail = "camera-fail", Schedule = "schedule", PrimarySignallingFailure = "primary-signalling-failure", Weekend = "weekend", }
    /// What an account is for.
    AccountType { AdminFtp = "admin-ftp", Telnet = "telnet", Serial = "serial", WebAdmin = "web-admin", Viewer = "viewer", }
}

impl Schedule {
    /// The weekdays with their times, from Monday.
    pub fn days(&self) -> [(&'static str, &DayTimes); 7] {
        [
            ("monday", &self.monday),
            ("tuesday", &self.tuesday),
            ("wednesday", &self.wednesday),
            ("thursday", &self.thursday),
            ("friday", &self.friday),
            ("saturday", &self.saturday),
            ("sunday", &self.sunday),
        ]
    }
}

impl DayTimes {
    /// The times of a mode.
    pub fn of_mode(&self, mode: Mode) -> Option<&Times> {
        match mode {
            Mode::Day => self.day.as_ref(),
            Mode::Night => self.night.as_ref(),
            Mode::Set => self.set.as_ref(),
            Mode::Unset => self.unset.as_ref(),
            Mode::Override => self.r#override.as_ref(),
            Mode::Weekend => None,
        }
    }
}

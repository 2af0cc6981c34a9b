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

/// A section: every key may be left out, none may be unknown.
macro_rules! sections {
    ($($(#[$doc:meta])* $name:ident { $($(#[$field_doc:meta])* $field:ident: $kind:ty,)* })*) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
        #[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
        pub struct $name {
            $($(#[$field_doc])* #[serde(skip_serializing_if = "is_default")] pub $field: $kind,)*
        }
    )*};
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

sections! {
    /// A whole configuration.
    Config {
        /// The unit itself.
        unit: Unit,
        /// Camera inputs by number.
        camera: BTreeMap<Id<CAMERAS>, Camera>,
        /// How frames are coded, by name.
        profile: BTreeMap<Name, Profile>,
        /// When which mode holds, and how much is recorded then.
        schedule: Schedule,
        /// Alarm inputs by number.
        alarm: BTreeMap<Id<512>, Alarm>,
        /// Alarm inputs that make one alarm, by number.
        zone: BTreeMap<Id<ZONES>, Zone>,
        /// Relay outputs by number.
        relay: BTreeMap<Id<64>, Relay>,
        /// Addresses and ports.
        network: Network,
        /// Who is notified of alarms.
        reporting: Reporting,
        /// Copies to an FTP server, and webcam images.
        archive: Archive,
        /// Who may log in, by name.
        account: BTreeMap<Name, Account>,
    }

    /// The unit itself.
    Unit {
        /// Its name.
        name: Option<Text<60>>,
        /// Site id, as recordings carry it.
        site: Option<Text<60>>,
        /// Model, such as DS2 or BX2.
        model: Option<Text<60>>,
        /// Television standard.
        standard: Option<Standard>,
        /// Minutes that local time is east of UTC.
        utc_offset: Option<Int<-1440, 1440>>,
        /// Local time with its summer time.
        time_zone: Option<TimeZone>,
        /// The unit's own name of its time zone.
        locale: Option<Text<30>>,
    }

    /// A camera input.
    Camera {
        /// The input is in use.
        enabled: Option<bool>,
        /// Title in the picture.
        title: Option<Text<TITLE>>,
        /// Television standard.
        standard: Option<Standard>,
        /// Notify when the picture is lost.
        fail_notice: Option<bool>,
        /// How the camera is moved.
        telemetry: Option<Telemetry>,
        /// Profile in every mode that has none of its own.
        profile: Option<Name>,
        /// Profiles by mode.
        profiles: BTreeMap<Mode, Name>,
        /// Motion zones by number: mode, pixel count %, pixel change %.
        motion: BTreeMap<Id<16>, Motion>,
    }

    /// How frames are coded.
    Profile {
        /// Coding.
        compression: Option<Compression>,
        /// Frame size.
        resolution: Option<Resolution>,
        /// Size of a JPEG image in KB.
        jpeg_size: Option<Int<5, 45>>,
        /// Bit rate in kbit/s: 45 to 2500, on a BX2 8 to 8192.
        bit_rate: Option<Int<8, 8192>>,
        /// Constant bit rate, or a level.
        quality: Option<Quality>,
        /// Frames per second, or milliseconds between frames.
        rate: Option<Rate>,
        /// Seconds between keyframes.
        i_interval: Option<Int<1, 60>>,
    }

    /// When which mode holds, and how much is recorded then.
    Schedule {
        /// Which three modes the unit knows.
        modes: Option<Modes>,
        /// Day and time the weekend begins.
        weekend_start: Option<Moment>,
        /// Day and time the weekend ends.
        weekend_end: Option<Moment>,
        /// Days that count as weekend.
        holidays: Option<Dates>,
        /// Standard rate by mode.
        rate: BTreeMap<Mode, RateOrOff>,
        /// Rate during an event by mode.
        event_rate: BTreeMap<Mode, RateOrOff>,
        /// What an event does to the other cameras.
        event_mode: Option<EventMode>,
        /// Days that recordings are kept, 0 = off.
        expiry: Option<Int<0, 3650>>,
        /// Times of Monday.
        monday: DayTimes,
        /// Times of Tuesday.
        tuesday: DayTimes,
        /// Times of Wednesday.
        wednesday: DayTimes,
        /// Times of Thursday.
        thursday: DayTimes,
        /// Times of Friday.
        friday: DayTimes,
        /// Times of Saturday.
        saturday: DayTimes,
        /// Times of Sunday.
        sunday: DayTimes,
    }

    /// The times of one weekday.
    DayTimes {
        /// Times of day; the rest is night.
        day: Option<Times>,
        /// Times of night.
        night: Option<Times>,
        /// Times the unit is set; the rest is unset.
        set: Option<Times>,
        /// Times the unit is unset.
        unset: Option<Times>,
        /// Times of override, which takes precedence over set.
        r#override: Option<Times>,
    }

    /// An alarm input.
    Alarm {
        /// The input is in use.
        enabled: Option<bool>,
        /// Text of the alarm.
        title: Option<Text<TITLE>>,
        /// Where it is wired to.
        module: Option<Module>,
        /// Contact number on the module.
        contact: Option<Int<1, 256>>,
        /// Opening the contact is the alarm.
        normally_closed: Option<bool>,
        /// The line is supervised.
        end_of_line: Option<bool>,
        /// Seconds that a pulse is held.
        pulse_extension: Option<Int<0, 999>>,
        /// Camera position to go to, 0 = none.
        preset: Option<Int<0, 256>>,
        /// Zone it belongs to.
        zone: Option<Int<1, 32>>,
    }

    /// Alarm inputs that make one alarm; 27 to 32 are preset.
    Zone {
        /// Name of the zone.
        title: Option<Text<TITLE>>,
        /// Seconds recorded before the alarm.
        pre_alarm: Option<Int<0, 3600>>,
        /// Seconds recorded after the alarm.
        duration: Option<Int<0, 86400>>,
        /// Alarm inputs.
        inputs: Option<Numbers<512>>,
        /// How the inputs make an alarm.
        combine: Option<Combine>,
        /// Cameras to record.
        cameras: Option<Numbers<CAMERAS>>,
    }

    /// A relay output.
    Relay {
        /// Name of the relay.
        title: Option<Text<TITLE>>,
        /// What closes it.
        triggers: Vec<Trigger>,
    }

    /// Addresses and ports.
    Network {
        /// Name in the network.
        name: Option<Host>,
        /// 0.0.0.0 = by DHCP.
        address: Option<Address>,
        /// Mask of the unit's network.
        mask: Option<Mask>,
        /// The router.
        gateway: Option<Address>,
        /// First name server.
        dns_1: Option<Address>,
        /// Second name server.
        dns_2: Option<Address>,
        /// Web port, 80 by default.
        http_port: Option<Int<1, 65535>>,
        /// FTP port, 21 by default.
        ftp_port: Option<Int<1, 65535>>,
        /// Ethernet, kbit/s, 0 = no limit.
        bandwidth_limit: Option<Int<0, 1_000_000>>,
        /// Dial-up, kbit/s, 0 = no limit.
        bandwidth_limit_dial: Option<Int<0, 1_000_000>>,
        /// Who may connect; nothing = everybody.
        allowed: Option<Networks>,
    }

    /// Who is notified of alarms.
    Reporting {
        /// Mail server.
        smtp_server: Option<Host>,
        /// Sender.
        smtp_from: Option<Mail>,
        /// Recipient.
        smtp_to: Option<Mail>,
        /// Number for text messages.
        sms_number: Option<Phone>,
        /// Host that is notified first.
        alarm_host_primary: Option<Host>,
        /// Host that is notified if the first does not answer.
        alarm_host_secondary: Option<Host>,
    }

    /// Copies to an FTP server, and webcam images.
    Archive {
        /// Server that recordings are copied to.
        ftp_server: Option<Host>,
        /// 21 by default.
        ftp_port: Option<Int<1, 65535>>,
        /// Folder on the server.
        directory: Option<Text<250>>,
        /// User on the server.
        user: Option<Text<60>>,
        /// Password on the server.
        password: Option<Secret>,
        /// When copies are made.
        when: Option<When>,
        /// Seconds between webcam images.
        webcam_interval: Option<Int<1, 86400>>,
        /// Size of webcam images.
        webcam_resolution: Option<Resolution>,
        /// When webcam images are made.
        webcam_when: Option<When>,
    }

    /// Who may log in.
    Account {
        /// What it is for.
        r#type: Option<AccountType>,
        /// User name.
        user: Option<Text<60>>,
        /// Password.
        password: Option<Secret>,
        /// Cameras that may be seen; nothing = all.
        cameras: Option<Numbers<CAMERAS>>,
    }
}

/// Enumerations of words.
macro_rules! words {
    ($($(#[$doc:meta])* $name:ident { $($(#[$word_doc:meta])* $word:ident = $text:literal,)* })*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
        pub enum $name {
            $($(#[$word_doc])* #[serde(rename = $text)] $word,)*
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
    )*};
}

words! {
    /// Television standard.
    Standard {
        /// 25 frames per second.
        Pal = "PAL",
        /// 30 frames per second.
        Ntsc = "NTSC",
    }
    /// How a camera is moved.
    Telemetry {
        /// It is not.
        None = "none",
        /// Over its video cable.
        CoaxBbv = "coax-bbv",
        /// Over its video cable.
        CoaxPelco = "coax-pelco",
        /// Over its video cable.
        CoaxDennard = "coax-dennard",
        /// Over a serial line.
        Rs485 = "rs485",
    }
    /// Coding.
    Compression {
        /// JPEG images.
        Jpeg = "jpeg",
        /// MPEG-4 Part 2.
        Mpeg4 = "mpeg4",
        /// H.264.
        H264 = "h264",
    }
    /// The six recording modes that a schedule can know (stated).
    Mode {
        /// By day.
        Day = "day",
        /// By night.
        Night = "night",
        /// At the weekend.
        Weekend = "weekend",
        /// While the site is not guarded.
        Unset = "unset",
        /// While the site is guarded.
        Set = "set",
        /// Instead of both.
        Override = "override",
    }
    /// Which three modes a unit knows.
    Modes {
        /// Day, night, weekend.
        DayNightWeekend = "day-night-weekend",
        /// Set, unset, override.
        SetUnsetOverride = "set-unset-override",
    }
    /// What an event does to the other cameras.
    EventMode {
        /// Nothing.
        Unchanged = "unchanged",
        /// They are not recorded.
        Exclusive = "exclusive",
        /// They share the rate.
        Interleave = "interleave",
    }
    /// How the inputs of a zone make an alarm.
    Combine {
        /// Any of them.
        Or = "or",
        /// All of them.
        And = "and",
        /// None of them.
        Not = "not",
    }
    /// What closes a relay.
    Trigger {
        /// Any alarm.
        GlobalAlarm = "global-alarm",
        /// Motion.
        Vmd = "vmd",
        /// A camera that fails.
        CameraFail = "camera-fail",
        /// The schedule.
        Schedule = "schedule",
        /// The first host does not answer.
        PrimarySignallingFailure = "primary-signalling-failure",
        /// The weekend.
        Weekend = "weekend",
    }
    /// What an account is for.
    AccountType {
        /// FTP with write access.
        AdminFtp = "admin-ftp",
        /// Telnet.
        Telnet = "telnet",
        /// Serial line.
        Serial = "serial",
        /// Web pages that change settings.
        WebAdmin = "web-admin",
        /// Web pages that show cameras.
        Viewer = "viewer",
    }
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

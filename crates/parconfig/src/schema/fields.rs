// SPDX-License-Identifier: MPL-2.0
//! The table of all sections and keys. What can be configured and the ranges are **stated** (manuals), the names **assumed**.

use super::{CAMERAS, FieldDef, Id, SectionDef, TITLE, ZONES};
use crate::value::Type;

const fn field(key: &'static str, kind: Type, help: &'static str) -> FieldDef {
    FieldDef { key, kind, help }
}

/// All kinds of section, in the order they are written.
pub static SECTIONS: &[SectionDef] = &[
    SectionDef {
        name: "unit",
        id: Id::None,
        fields: UNIT,
        help: "the unit itself",
    },
    SectionDef {
        name: "camera",
        id: Id::Number(CAMERAS),
        fields: CAMERA,
        help: "a camera input",
    },
    SectionDef {
        name: "profile",
        id: Id::Name,
        fields: PROFILE,
        help: "how pictures are coded",
    },
    SectionDef {
        name: "schedule",
        id: Id::None,
        fields: SCHEDULE,
        help: "when which mode holds, and how much is recorded then",
    },
    SectionDef {
        name: "schedule",
        id: Id::Day,
        fields: SCHEDULE_DAY,
        help: "the times of one weekday",
    },
    SectionDef {
        name: "alarm",
        id: Id::Number(512),
        fields: ALARM,
        help: "an alarm input",
    },
    SectionDef {
        name: "zone",
        id: Id::Number(ZONES),
        fields: ZONE,
        help: "inputs that make one alarm; 27 to 32 are preset",
    },
    SectionDef {
        name: "relay",
        id: Id::Number(64),
        fields: RELAY,
        help: "a relay output",
    },
    SectionDef {
        name: "network",
        id: Id::None,
        fields: NETWORK,
        help: "addresses and ports",
    },
    SectionDef {
        name: "reporting",
        id: Id::None,
        fields: REPORTING,
        help: "whom alarms are told to",
    },
    SectionDef {
        name: "archive",
        id: Id::None,
        fields: ARCHIVE,
        help: "copies to an FTP server, and webcam pictures",
    },
    SectionDef {
        name: "account",
        id: Id::Name,
        fields: ACCOUNT,
        help: "who may log in",
    },
];

const UNIT: &[FieldDef] = &[
    field("name", Type::Text(60), "name of the unit"),
    field("site", Type::Text(60), "site id, as recordings carry it"),
    field("model", Type::Text(60), "model, such as DS2 or BX2"),
    field(
        "standard",
        Type::Choice(&["PAL", "NTSC"]),
        "television standard",
    ),
    field(
        "utc-offset",
        Type::Int(-1440, 1440, "minutes east of UTC"),
        "local time",
    ),
    field(
        "time-zone",
        Type::TimeZone,
        "local time with its summer time",
    ),
    field(
        "locale",
        Type::Text(30),
        "the unit's own name of its time zone",
    ),
];

const CAMERA: &[FieldDef] = &[
    field("enabled", Type::Bool, "the input is in use"),
    field("title", Type::Text(TITLE), "title in the picture"),
    field(
        "standard",
        Type::Choice(&["PAL", "NTSC"]),
        "television standard",
    ),
    field("fail-notice", Type::Bool, "tell when the picture is lost"),
    field(
        "telemetry",
        Type::Choice(&["none", "coax-bbv", "coax-pelco", "coax-dennard", "rs485"]),
        "how the camera is moved",
    ),
    field(
        "profile",
        Type::Name,
        "profile in every mode that has none of its own",
    ),
    field("profile-day", Type::Name, "profile by day"),
    field("profile-night", Type::Name, "profile by night"),
    field("profile-weekend", Type::Name, "profile at the weekend"),
    field("profile-unset", Type::Name, "profile while unset"),
    field("profile-set", Type::Name, "profile while set"),
    field("profile-override", Type::Name, "profile in override"),
    field(
        "motion-#",
        Type::Motion,
        "motion zone: mode, pixel count %, pixel change %",
    ),
];

const PROFILE: &[FieldDef] = &[
    field(
        "compression",
        Type::Choice(&["jpeg", "mpeg4", "h264"]),
        "coding",
    ),
    field("resolution", Type::Resolution, "picture size"),
    field(
        "jpeg-size",
        Type::Int(5, 45, "KB"),
        "size of a JPEG picture",
    ),
    field(
        "bit-rate",
        Type::Int(8, 8192, "kbit/s"),
        "45-2500, on a BX2 8-8192",
    ),
    field(
        "quality",
        Type::ChoiceOrInt(&["cbr"], 1, 255),
        "constant bit rate, or a level",
    ),
    field(
        "rate",
        Type::Rate,
        "frames per second, or milliseconds between pictures",
    ),
    field(
        "i-interval",
        Type::Int(1, 60, "seconds"),
        "time between I pictures",
    ),
];

const SCHEDULE: &[FieldDef] = &[
    field(
        "modes",
        Type::Choice(&["day-night-weekend", "set-unset-override"]),
        "which three modes the unit knows",
    ),
    field(
        "weekend-start",
        Type::Moment,
        "day and time the weekend begins",
    ),
    field("weekend-end", Type::Moment, "day and time the weekend ends"),
    field("holidays", Type::Dates, "days that count as weekend"),
    field("rate-day", Type::RateOrOff, "standard rate by day"),
    field("rate-night", Type::RateOrOff, "standard rate by night"),
    field(
        "rate-weekend",
        Type::RateOrOff,
        "standard rate at the weekend",
    ),
    field("rate-unset", Type::RateOrOff, "standard rate while unset"),
    field("rate-set", Type::RateOrOff, "standard rate while set"),
    field(
        "rate-override",
        Type::RateOrOff,
        "standard rate in override",
    ),
    field(
        "event-rate-day",
        Type::RateOrOff,
        "rate during an event by day",
    ),
    field(
        "event-rate-night",
        Type::RateOrOff,
        "rate during an event by night",
    ),
    field(
        "event-rate-weekend",
        Type::RateOrOff,
        "rate during an event at the weekend",
    ),
    field(
        "event-rate-unset",
        Type::RateOrOff,
        "rate during an event while unset",
    ),
    field(
        "event-rate-set",
        Type::RateOrOff,
        "rate during an event while set",
    ),
    field(
        "event-rate-override",
        Type::RateOrOff,
        "rate during an event in override",
    ),
    field(
        "event-mode",
        Type::Choice(&["unchanged", "exclusive", "interleave"]),
        "what an event does to the other cameras",
    ),
    field(
        "expiry",
        Type::Int(0, 3650, "days"),
        "days that recordings are kept, 0 = off",
    ),
];

const SCHEDULE_DAY: &[FieldDef] = &[
    field("day", Type::Times, "times of day; the rest is night"),
    field("night", Type::Times, "times of night"),
    field(
        "set",
        Type::Times,
        "times the unit is set; the rest is unset",
    ),
    field("unset", Type::Times, "times the unit is unset"),
    field(
        "override",
        Type::Times,
        "times of override, which goes before set",
    ),
];

const ALARM: &[FieldDef] = &[
    field("enabled", Type::Bool, "the input is in use"),
    field("title", Type::Text(TITLE), "text of the alarm"),
    field(
        "module",
        Type::ChoiceOrInt(&["aux", "direct"], 1, 16),
        "where it is wired to",
    ),
    field(
        "contact",
        Type::Int(1, 256, ""),
        "contact number on the module",
    ),
    field(
        "normally-closed",
        Type::Bool,
        "opening the contact is the alarm",
    ),
    field("end-of-line", Type::Bool, "the line is supervised"),
    field(
        "pulse-extension",
        Type::Int(0, 999, "seconds"),
        "how long a pulse is held",
    ),
    field(
        "preset",
        Type::Int(0, 256, ""),
        "camera position to go to, 0 = none",
    ),
    field("zone", Type::Int(1, 32, ""), "zone it belongs to"),
];

const ZONE: &[FieldDef] = &[
    field("title", Type::Text(TITLE), "name of the zone"),
    field(
        "pre-alarm",
        Type::Int(0, 3600, "seconds"),
        "recorded before the alarm",
    ),
    field(
        "duration",
        Type::Int(0, 86400, "seconds"),
        "recorded after the alarm",
    ),
    field("inputs", Type::Numbers(512), "alarm inputs"),
    field(
        "combine",
        Type::Choice(&["or", "and", "not"]),
        "how the inputs make an alarm",
    ),
    field("cameras", Type::Numbers(CAMERAS), "cameras to record"),
];

const RELAY: &[FieldDef] = &[
    field("title", Type::Text(TITLE), "name of the relay"),
    field(
        "triggers",
        Type::Choices(&[
            "global-alarm",
            "vmd",
            "camera-fail",
            "schedule",
            "primary-signalling-failure",
            "weekend",
        ]),
        "what closes it",
    ),
];

const NETWORK: &[FieldDef] = &[
    field("name", Type::Host, "name in the network"),
    field("address", Type::Address, "0.0.0.0 = by DHCP"),
    field("mask", Type::Mask, "mask of the unit's network"),
    field("gateway", Type::Address, "way out of the network"),
    field("dns-1", Type::Address, "first name server"),
    field("dns-2", Type::Address, "second name server"),
    field(
        "http-port",
        Type::Int(1, 65535, ""),
        "web port, 80 unless told",
    ),
    field(
        "ftp-port",
        Type::Int(1, 65535, ""),
        "FTP port, 21 unless told",
    ),
    field(
        "bandwidth-limit",
        Type::Int(0, 1_000_000, "kbit/s"),
        "Ethernet, 0 = none",
    ),
    field(
        "bandwidth-limit-dial",
        Type::Int(0, 1_000_000, "kbit/s"),
        "dial-up, 0 = none",
    ),
    field(
        "allowed",
        Type::Networks,
        "who may connect; nothing = everybody",
    ),
];

const REPORTING: &[FieldDef] = &[
    field("smtp-server", Type::Host, "mail server"),
    field("smtp-from", Type::Mail, "sender"),
    field("smtp-to", Type::Mail, "receiver"),
    field("sms-number", Type::Phone, "number for text messages"),
    field("alarm-host-primary", Type::Host, "who is told first"),
    field(
        "alarm-host-secondary",
        Type::Host,
        "who is told if the first does not answer",
    ),
];

const ARCHIVE: &[FieldDef] = &[
    field(
        "ftp-server",
        Type::Host,
        "server that recordings are copied to",
    ),
    field("ftp-port", Type::Int(1, 65535, ""), "21 unless told"),
    field("directory", Type::Text(250), "folder on the server"),
    field("user", Type::Text(60), "user on the server"),
    field("password", Type::Secret, "password on the server"),
    field("when", Type::When, "when copies are made"),
    field(
        "webcam-interval",
        Type::Int(1, 86400, "seconds"),
        "time between webcam pictures",
    ),
    field(
        "webcam-resolution",
        Type::Resolution,
        "size of webcam pictures",
    ),
    field("webcam-when", Type::When, "when webcam pictures are made"),
];

const ACCOUNT: &[FieldDef] = &[
    field(
        "type",
        Type::Choice(&["admin-ftp", "telnet", "serial", "web-admin", "viewer"]),
        "what it is for",
    ),
    field("user", Type::Text(60), "user name"),
    field("password", Type::Secret, "password"),
    field(
        "cameras",
        Type::Numbers(CAMERAS),
        "cameras that may be seen; nothing = all",
    ),
];

// SPDX-License-Identifier: MPL-2.0
//! The configuration text: values, rules, the week, differences and merges.

use crate::{put, run, text};
use parconfig::ConfigText;
use parconfig::config::fields::{Mode, Schedule};
use parconfig::config::text::keys_of;
use parconfig::config::times::{moment, per_second, rate, spans, spell_moment, spell_spans};
use parconfig::config::types::*;
use parconfig::config::week::{Block, grid, week};

#[test]
fn spellings_of_one_meaning() {
    macro_rules! same {
        ($($kind:ident: $a:expr => $b:expr,)*) => {$(
            assert_eq!(&*$kind::try_from(Raw::Text($a.into())).unwrap(), $b);
            assert_eq!(&*$kind::try_from(Raw::Text($b.into())).unwrap(), $b, "{} is stable", $b);
        )*};
    }
    same! {
        Resolution: "4CIF" => "720x512",
        Resolution: "704 x 256" => "704x256",
        Rate: "40 ms" => "25",
        Rate: "33 ms" => "33 ms",
        Mask: "/24" => "255.255.255.0",
        Networks: "10.1.2.3/8, 10.0.0.5" => "10.0.0.0/8, 10.0.0.5",
        Motion: "static, 5 %, 10%" => "static, 5, 10",
        Phone: "+44 1928-706400" => "+441928706400",
        TimeZone: "europe/london" => "Europe/London",
        Dates: "12-26,12-25" => "12-25, 12-26",
        When: "22:00-6:00" => "22:00-06:00",
    }
    let numbers = Numbers::<16>::try_from(Raw::List(vec![
        Raw::Number(3),
        Raw::Text("1-2".into()),
        Raw::Number(6),
    ]));
    assert_eq!(String::from(numbers.unwrap()), "1-3,6");
    assert_eq!(
        Int::<0, 999>::try_from(Raw::Text("12 seconds".into())).map(Int::get),
        Ok(12)
    );
}

#[test]
fn what_is_not_allowed_is_refused_with_what_is() {
    macro_rules! bad {
        ($($kind:ident: $text:expr,)*) => {$(
            let message = $kind::try_from(Raw::Text($text.into())).unwrap_err();
            assert!(message.contains($kind::ALLOWED), "{message}");
        )*};
    }
    bad! {
        Mask: "255.0.255.0", Host: "300.1.1.1", Host: "-a", Dates: "2026-02-30", TimeZone: "Mars/Base",
        Resolution: "1x1", Motion: "normal, 5", Rate: "31", Times: "8-12", Moment: "friday", Name: "a b",
    }
    assert!(Int::<5, 45>::try_from(Raw::Number(46)).is_err());
    assert!(
        Int::<5, 45>::try_from(Raw::Number(4))
            .unwrap_err()
            .contains("5 to 45")
    );
    assert!(Text::<3>::try_from(Raw::Text("abcd".into())).is_err());
    assert!(Text::<3>::try_from(Raw::Text("a\u{7}".into())).is_err());
    for bad in ["0", "3-1", "17"] {
        assert!(
            Numbers::<16>::try_from(Raw::Text(bad.into())).is_err(),
            "{bad}"
        );
    }
    let message = Secret::try_from(Raw::Text("p4ssw0rd".repeat(10))).unwrap_err();
    assert!(!message.contains("p4ss"), "{message}");
}

#[test]
fn times_of_a_day() {
    assert_eq!(
        spans("08:00-12:00, 7:00-7:30"),
        Some(vec![(420, 450), (480, 720)])
    );
    assert_eq!(spans("22:00-06:00"), Some(vec![(1320, 1800)]));
    assert_eq!(spell_spans(&[(1320, 1800)]), "22:00-06:00");
    assert_eq!(
        spans("00:00-24:00").map(|s| spell_spans(&s)).as_deref(),
        Some("all")
    );
    for bad in [
        "",
        "8-12",
        "08:60-09:00",
        "25:00-26:00",
        "08:00-08:00",
        "24:00-01:00",
        "8:00",
    ] {
        assert_eq!(spans(bad), None, "{bad}");
    }
}

#[test]
fn a_time_of_the_week() {
    assert_eq!(moment("tue 00:30"), Some(1470));
    assert_eq!(moment("sunday 24:00"), Some(0));
    assert_eq!(spell_moment(1470), "tuesday 00:30");
    assert_eq!(moment("friday"), None);
}

#[test]
fn rates_of_the_manuals_agree() {
    for (ms, frames) in [
        (40, 25),
        (50, 20),
        (100, 10),
        (125, 8),
        (200, 5),
        (500, 2),
        (1000, 1),
    ] {
        assert_eq!(rate(&format!("{ms} ms")), rate(&frames.to_string()));
    }
    assert_eq!(rate("31"), None);
    assert_eq!(per_second("33 ms").map(|r| r.round()), Some(30.0));
    assert_eq!(per_second("2000 ms"), Some(0.5));
}

fn schedule(text: &str) -> Schedule {
    ConfigText::parse(text.as_bytes())
        .unwrap()
        .config()
        .schedule
        .clone()
}

fn block(from: u16, to: u16, mode: Mode) -> Block {
    Block { from, to, mode }
}

#[test]
fn day_night_and_weekend() {
    let week = week(&schedule(
        "[schedule]\nweekend-start = 'fri 18:00'\nweekend-end = 'mon 06:00'\n\
         [schedule.monday]\nday = '05:00-08:00'\n[schedule.friday]\nday = '08:00-20:00'\n",
    ));
    assert_eq!(
        week[0],
        [
            block(0, 360, Mode::Weekend),
            block(360, 480, Mode::Day),
            block(480, 1440, Mode::Night)
        ]
    );
    assert_eq!(week[1], [block(0, 1440, Mode::Night)]);
    assert_eq!(
        week[4],
        [
            block(0, 480, Mode::Night),
            block(480, 1080, Mode::Day),
            block(1080, 1440, Mode::Weekend)
        ]
    );
    assert_eq!(week[6], [block(0, 1440, Mode::Weekend)]);
}

#[test]
fn a_span_over_midnight_ends_on_the_next_day() {
    let schedule = schedule("[schedule.sunday]\nset = '22:00-06:00'\n");
    let week = week(&schedule);
    assert_eq!(
        week[6],
        [block(0, 1320, Mode::Unset), block(1320, 1440, Mode::Set)]
    );
    assert_eq!(
        week[0],
        [block(0, 360, Mode::Set), block(360, 1440, Mode::Unset)]
    );
    assert!(grid(&schedule).contains(&format!(
        "monday      {}{}\n",
        "S".repeat(12),
        "U".repeat(36)
    )));
}

#[test]
fn no_times_are_all_day() {
    assert!(
        week(&Schedule::default())
            .iter()
            .all(|day| *day == [block(0, 1440, Mode::Day)])
    );
    let unset = schedule("[schedule.monday]\nunset = '08:00-12:00'\n");
    assert_eq!(
        week(&unset)[1],
        [block(0, 1440, Mode::Set)],
        "the rest is set"
    );
}

/// The findings of a text as `LINE:COLUMN rule path`.
fn findings(text: &str) -> Vec<String> {
    let found = ConfigText::parse(text.as_bytes()).unwrap().check();
    found
        .iter()
        .map(|f| {
            format!(
                "{}:{} {} {}",
                f.position.line, f.position.column, f.rule, f.path
            )
        })
        .collect()
}

#[test]
fn every_problem_of_a_text_is_found_with_its_place() {
    let text = "[unit]\nstandart = 'PAL'\nutc-offset = 'one'\n[camrea.2]\ntitle = 'x'\n[camera.3]\nenabled = 1\n\
                telemetry = 'coax-bvb'\nprofile = 'none'\n[camera.99]\ntitle = 'y'\n";
    assert_eq!(
        findings(text),
        [
            "2:1 unknown unit.standart",
            "3:1 value unit.utc-offset",
            "5:1 unknown camrea.2.title",
            "7:1 value camera.3.enabled",
            "8:1 unknown camera.3.telemetry",
            "9:1 no-profile camera.3.profile",
            "11:1 value camera.99.title",
        ]
    );
    let messages: Vec<String> = ConfigText::parse(text.as_bytes())
        .unwrap()
        .check()
        .into_iter()
        .map(|f| f.message)
        .collect();
    for (at, hint) in [
        (0, "did you mean \"standard\"?"),
        (2, "did you mean \"camera\"?"),
        (4, "did you mean \"coax-bbv\"?"),
        (6, "1 to 64"),
    ] {
        assert!(messages[at].contains(hint), "{}", messages[at]);
    }
}

#[test]
fn rules_across_fields() {
    for (text, expected) in [
        (
            "[camera.1]\ntitle='A'\nprofile='p'\n[camera.2]\ntitle='a'\nprofile='p'\n[profile.p]\n",
            "5:1 two-titles camera.2.title",
        ),
        ("[camera.1]\n", "1:1 not-recorded camera.1"),
        (
            "[camera.1]\nprofiles.day='p'\n[profile.p]\n",
            "1:1 not-recorded camera.1",
        ),
        (
            "[unit]\nstandard='PAL'\n[camera.1]\nprofile='p'\nstandard='NTSC'\n[profile.p]\n",
            "5:1 standard camera.1.standard",
        ),
        ("[profile.p]\n", "1:1 unused-profile profile.p"),
        (
            "[camera.1]\nprofile='p'\n[profile.p]\nbit-rate=3000\n",
            "4:1 bit-rate profile.p.bit-rate",
        ),
        (
            "[camera.1]\nprofile='p'\n[profile.p]\ncompression='jpeg'\nbit-rate=300\n",
            "5:1 no-effect profile.p.bit-rate",
        ),
        (
            "[unit]\nstandard='PAL'\n[camera.1]\nprofile='p'\n[profile.p]\nrate=30\n",
            "6:1 rate profile.p.rate",
        ),
        (
            "[schedule]\nweekend-start='friday 18:00'\n",
            "2:1 weekend schedule.weekend-start",
        ),
        (
            "[schedule]\nrate.day=6\nevent-rate.day=2\n",
            "3:12 event-rate schedule.event-rate.day",
        ),
        (
            "[schedule.monday]\nday='07:00-09:00'\nset='07:00-09:00'\n",
            "2:1 no-effect schedule.monday.day",
        ),
        (
            "[schedule.monday]\nset='00:00-09:00'\n[schedule.sunday]\nset='22:00-02:00'\n",
            "2:1 overlap schedule.monday.set",
        ),
        (
            "[alarm.1]\nmodule='aux'\ncontact=1\n[alarm.2]\nmodule='aux'\ncontact=1\n",
            "6:1 contact-again alarm.2.contact",
        ),
        ("[alarm.1]\nzone=3\n", "2:1 no-zone alarm.1.zone"),
        ("[alarm.1]\nzone=27\n", ""),
        (
            "[zone.1]\ninputs='1'\ncameras='all'\n",
            "2:1 missing zone.1.inputs",
        ),
        ("[zone.1]\ncameras='all'\n", "1:1 no-inputs zone.1"),
        (
            "[alarm.1]\n[zone.1]\ninputs='1'\ncombine='and'\ncameras='all'\n",
            "4:1 combine zone.1.combine",
        ),
        ("[zone.27]\n", "1:1 no-cameras zone.27"),
        ("[zone.27]\ncameras=[2]\n", "2:1 missing zone.27.cameras"),
        (
            "[network]\naddress='10.0.0.0'\nmask='/24'\n",
            "2:1 address network.address",
        ),
        (
            "[network]\naddress='127.0.0.1'\nmask='/8'\n",
            "2:1 address network.address",
        ),
        (
            "[network]\naddress='10.0.0.5'\n",
            "2:1 no-mask network.address",
        ),
        (
            "[network]\naddress='10.0.0.5'\nmask='/24'\ngateway='10.0.1.1'\n",
            "4:1 gateway network.gateway",
        ),
        (
            "[network]\naddress='10.0.0.5'\nmask='/24'\ngateway='10.0.0.5'\n",
            "4:1 gateway network.gateway",
        ),
        (
            "[network]\naddress='0.0.0.0'\ngateway='10.0.0.5'\n",
            "3:1 dhcp network.gateway",
        ),
        (
            "[network]\naddress='10.0.0.5'\nmask='/24'\nallowed='10.9.0.0/16'\n",
            "4:1 allowed network.allowed",
        ),
        (
            "[network]\nhttp-port=80\nftp-port=80\n",
            "3:1 port network.ftp-port",
        ),
        (
            "[reporting]\nsmtp-server='m'\nsmtp-to='a@b'\n",
            "2:1 incomplete reporting.smtp-server",
        ),
        (
            "[reporting]\nalarm-host-secondary='m'\n",
            "2:1 incomplete reporting.alarm-host-secondary",
        ),
        (
            "[archive]\nftp-server='m'\n",
            "2:1 incomplete archive.ftp-server",
        ),
        (
            "[archive]\npassword='admin'\n",
            "2:1 factory-password archive.password",
        ),
        (
            "[account.a]\ntype='web-admin'\nuser='joe'\npassword='Joe'\n",
            "4:1 user-as-password account.a.password",
        ),
        (
            "[account.a]\ntype='web-admin'\n",
            "1:1 no-password account.a",
        ),
        (
            "[account.a]\npassword='Heron-31'\n",
            "1:1 no-type account.a",
        ),
        (
            "[account.a]\ntype='viewer'\npassword='Heron-31'\n",
            "1:1 open account.a",
        ),
        (
            "[unit]\nutc-offset=5\ntime-zone='Europe/London'\n",
            "2:1 time-zone unit.utc-offset",
        ),
    ] {
        let found = findings(text);
        let good = if expected.is_empty() {
            found.is_empty()
        } else {
            found.iter().any(|f| f == expected)
        };
        assert!(good, "{text}\nexpected {expected}, found {found:?}");
    }
}

#[test]
fn set_keeps_comments_and_order_and_answers_for_what_it_breaks() {
    let folder = tempfile::tempdir().unwrap();
    put(
        &folder,
        "u.toml",
        "# mine\n[network]\naddress = '10.0.0.5' # fixed\nmask = '/24'\n\n# last\n",
    );
    let set = |values: &[&str]| run(folder.path(), &[&["set", "u.toml"], values].concat());
    let done = set(&[
        "network.address=10.0.0.6",
        "camera.3.title=Gate",
        "camera.3.enabled=yes",
    ]);
    assert_eq!(done.status.code(), Some(0), "{}", text(&done));
    let read = || std::fs::read_to_string(folder.path().join("u.toml")).unwrap();
    assert_eq!(
        read(),
        "# mine\n[network]\naddress = \"10.0.0.6\" # fixed\nmask = '/24'\n\n[camera.3]\ntitle = \"Gate\"\nenabled = true\n\n# last\n"
    );
    assert!(
        std::fs::read_to_string(folder.path().join("u.toml~"))
            .unwrap()
            .contains("10.0.0.5")
    );
    let breaks = set(&["network.gateway=10.0.1.1"]);
    assert_eq!(breaks.status.code(), Some(1));
    assert!(
        text(&breaks).contains("cannot be reached"),
        "{}",
        text(&breaks)
    );
    let before = read();
    for (bad, message) in [
        ("camera.3.titel=x", "did you mean \"title\"?"),
        ("network.mask=/40", "such as 255.255.255.0"),
        ("x=y", "such as camera.3.title"),
    ] {
        let refused = set(&[bad, "camera.1.title=never"]);
        assert!(
            refused.status.code() == Some(3) && text(&refused).contains(message),
            "{}",
            text(&refused)
        );
    }
    assert_eq!(read(), before);
    assert!(
        set(&["--delete", "camera.3.title", "--delete", "camera.3.enabled"])
            .status
            .success()
    );
    assert!(!read().contains("camera"));
}

#[test]
fn diff_and_merge_are_by_meaning() {
    let folder = tempfile::tempdir().unwrap();
    put(
        &folder,
        "base.toml",
        "[camera.2]\ntitle = 'A'\nenabled = true\n[camera.10]\ntitle = 'J'\n[profile.p]\nresolution = '4CIF'\n",
    );
    put(
        &folder,
        "ours.toml",
        "# ours\n[profile.p]\nresolution = '720x512'\n[camera.10]\ntitle = 'K'\n[camera.2]\ntitle = 'B'\nenabled = true\n",
    );
    put(
        &folder,
        "theirs.toml",
        "[camera.2]\ntitle = 'C'\n[camera.10]\ntitle = 'J'\n[profile.p]\nresolution = '4CIF'\nrate = 6\n[account.a]\npassword = 'Heron-31'\n",
    );
    let diff = run(folder.path(), &["diff", "base.toml", "ours.toml"]);
    assert_eq!(
        (diff.status.code(), text(&diff).as_str()),
        (
            Some(1),
            "~ camera.2.title: A -> B\n~ camera.10.title: J -> K\n"
        )
    );
    let diff = run(folder.path(), &["diff", "base.toml", "theirs.toml"]);
    assert!(
        text(&diff).contains("+ account.a.password = ********\n- camera.2.enabled = true\n"),
        "{}",
        text(&diff)
    );
    let merge = |more: &[&str]| {
        let texts = [
            "merge",
            "base.toml",
            "ours.toml",
            "theirs.toml",
            "-o",
            "m.toml",
        ];
        run(folder.path(), &[&texts[..], more].concat())
    };
    let refused = merge(&[]);
    assert_eq!(refused.status.code(), Some(1), "{}", text(&refused));
    let conflict = "conflict: camera.2.title: base A, ours B, theirs C\n";
    assert!(text(&refused).contains(conflict), "{}", text(&refused));
    assert!(!folder.path().join("m.toml").exists());
    for (side, title) in [("ours", "title = 'B'\n"), ("theirs", "title = \"C\"\n")] {
        assert_eq!(merge(&["--prefer", side]).status.code(), Some(1));
        let merged = std::fs::read_to_string(folder.path().join("m.toml")).unwrap();
        assert!(
            merged.starts_with("# ours\n[profile.p]\nresolution = '720x512'\nrate = 6\n"),
            "{merged}"
        );
        assert!(
            merged.contains(title) && !merged.contains("enabled") && merged.contains("Heron-31"),
            "{merged}"
        );
    }
}

/// One text of the older form with every kind of value, taken over whole.
#[test]
fn a_text_of_the_older_form_is_imported() {
    let folder = tempfile::tempdir().unwrap();
    put(
        &folder,
        "old.par",
        "\u{feff}; par 1\r\n[unit]\r\nname = \" 12\"\r\nstandard = pal\r\n[camera.3]\r\nenabled = Yes\r\nmotion-2 = normal, 5, 10\r\n\
         profile-day = P\r\n[schedule]\r\nrate-day = 40 ms\r\nevent-rate-day = 25\r\n[schedule.monday]\r\nday = 7:00-19:00\r\n\
         [zone.1]\r\ninputs = 3\r\n[relay.1]\r\ntriggers = VMD, weekend\r\n[own]\r\nx = 1\r\nstray\r\n",
    );
    let shown = run(folder.path(), &["show", "old.par"]);
    assert!(
        text(&shown).contains("parconfig import converts it"),
        "{}",
        text(&shown)
    );
    let done = run(folder.path(), &["import", "old.par", "-o", "new.toml"]);
    assert!(done.status.success(), "{}", text(&done));
    assert!(
        text(&done).contains("unknown key \"own\"") && text(&done).contains("\"stray\""),
        "{}",
        text(&done)
    );
    let got = run(folder.path(), &["get", "new.toml", "*"]);
    assert_eq!(
        text(&got),
        "unit.name=12\nunit.standard=PAL\ncamera.3.enabled=true\ncamera.3.profiles.day=p\ncamera.3.motion.2=normal, 5, 10\n\
         schedule.rate.day=25\nschedule.event-rate.day=25\nschedule.monday.day=07:00-19:00\nzone.1.inputs=3\nrelay.1.triggers=vmd, weekend\n"
    );
}

/// The plugin reads names out of the same text.
#[test]
fn names_are_readable_by_the_plugin() {
    let config = "[unit]\nname = 'Depot'\nutc-offset = 60\n[camera.2]\ntitle = 'Gate'\n[profile.p]\nrate = 6\n";
    let config = ConfigText::parse(config.as_bytes()).unwrap();
    let text = ConfigText::from_config(config.config()).unwrap();
    let titles = formats::titles::Titles::parse(text.text()).unwrap();
    assert_eq!(
        (titles.unit.as_deref(), titles.utc_offset),
        (Some("Depot"), Some(60))
    );
    assert_eq!(titles.cameras[&2], "Gate");
}

#[test]
fn the_week_is_drawn_with_contrast_and_inside_its_frame() {
    let folder = tempfile::tempdir().unwrap();
    put(
        &folder,
        "u.toml",
        "[unit]\nname = 'A & <B> with a name that is as long as sixty characters may'\n[schedule]\nrate.day = '60000 ms'\nevent-rate.day = 'off'\n[schedule.monday]\nday = '07:00-19:00'\n",
    );
    let done = run(
        folder.path(),
        &["schedule", "u.toml", "--svg", "w.svg", "--png", "w.png"],
    );
    assert!(done.status.success(), "{}", text(&done));
    let svg = std::fs::read_to_string(folder.path().join("w.svg")).unwrap();
    assert!(svg.contains("A &amp; &lt;B&gt;"));
    let lint = std::process::Command::new("xmllint")
        .arg("--noout")
        .arg(folder.path().join("w.svg"))
        .status()
        .unwrap();
    assert!(lint.success());
    assert!(
        std::fs::read(folder.path().join("w.png"))
            .unwrap()
            .starts_with(b"\x89PNG")
    );
    // Every fill that white text is on, WCAG 2.1: relative luminance.
    let fills: std::collections::BTreeSet<&str> = svg
        .split("fill=\"#")
        .skip(1)
        .map(|rest| &rest[..6])
        .collect();
    let luminance = |hex: &str| {
        let channel = |at: usize| {
            let c = f64::from(u8::from_str_radix(&hex[at..at + 2], 16).unwrap()) / 255.0;
            if c <= 0.04045 {
                c / 12.92
            } else {
                ((c + 0.055) / 1.055).powf(2.4)
            }
        };
        0.2126 * channel(0) + 0.7152 * channel(2) + 0.0722 * channel(4)
    };
    assert!(fills.len() > 4, "{fills:?}");
    for fill in fills
        .iter()
        .filter(|fill| !["ffffff", "f0f0f0", "222222"].contains(fill))
    {
        assert!(1.05 / (luminance(fill) + 0.05) >= 4.5, "#{fill}");
    }
    // Nothing begins outside of the image.
    for number in svg.split(" x=\"").skip(1) {
        let x: f64 = number.split('"').next().unwrap().parse().unwrap();
        assert!((0.0..=1000.0).contains(&x), "{x}");
    }
}

#[test]
fn keys_are_listed() {
    assert!(keys_of("camera.1").contains(&"telemetry".to_owned()));
    assert_eq!(keys_of("").len(), 11);
}

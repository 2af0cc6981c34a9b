// SPDX-License-Identifier: MPL-2.0
//! Pictures of what was recorded, and titles out of files.

use parconfig::effective::{Camera, Effective};
use parconfig::picture::recorded_svg;
use parconfig::{Error, titles};
use std::fs;
use std::process::Command;

/// 2026-03-02, 00:00 UTC, a Monday.
const START: i64 = 1_772_409_600_000;
const HOUR: i64 = 3_600_000;

fn camera(title: &str, spans: &[(i64, i64)]) -> Camera {
    let mut camera = Camera::default();
    camera.titles.push(title.to_owned());
    camera.spans = spans
        .iter()
        .map(|(from, to)| (START + from * HOUR, START + to * HOUR))
        .collect();
    camera
}

/// Three days of two cameras, in a zone an hour east.
fn three_days() -> Effective {
    let mut found = Effective {
        site: Some("A & B <site>".into()),
        utc_offset: Some(60),
        ..Effective::default()
    };
    found
        .cameras
        .insert(1, camera("Gate", &[(6, 18), (30, 42), (54, 66)]));
    found.cameras.insert(2, camera("Yard", &[(20, 31)]));
    found
}

#[test]
fn days_are_rows_in_local_time() {
    let svg = recorded_svg(&three_days());
    for day in ["2026-03-02", "2026-03-03", "2026-03-04"] {
        assert!(svg.contains(&format!(">{day}</text>")), "{svg}");
    }
    assert!(
        svg.contains("<title>1 Gate: 2026-03-02 07:00:00 - 2026-03-02 19:00:00</title>"),
        "{svg}"
    );
    assert!(svg.contains("A &amp; B &lt;site&gt;"));
    // Camera 2 goes on after midnight: a box on each of the two days.
    assert_eq!(svg.matches("<title>2 Yard:").count(), 2);
    assert_eq!(svg.matches("<title>1 Gate:").count(), 3);
    // 07:00 is 7/24 of the 840 pixels from 130 on.
    assert!(svg.contains("<rect x=\"375.00\""), "{svg}");
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("days.svg");
    fs::write(&file, &svg).unwrap();
    if let Ok(copy) = std::env::var("PARCONFIG_KEEP_PICTURE") {
        fs::write(copy, &svg).unwrap();
    }
    match Command::new("xmllint").arg("--noout").arg(&file).status() {
        Ok(status) => assert!(status.success()),
        Err(_) => eprintln!("SKIPPED: no xmllint to judge the SVG"),
    }
}

#[test]
fn a_picture_of_endless_spans_is_bounded() {
    let mut found = three_days();
    let spans: Vec<(i64, i64)> = (0..4000).map(|n| (n, n)).collect();
    for number in 3..200 {
        found.cameras.insert(number, camera("x", &spans));
    }
    let svg = recorded_svg(&found);
    assert!(svg.len() < 8 << 20, "{}", svg.len());
    assert!(svg.contains("more spans than can be drawn"));
}

#[test]
fn titles_come_out_of_a_configuration_text() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("u.par");
    let text = "; par 1\n[unit]\nname = Gate house\nutc-offset = -300\n[camera.1]\ntitle = Door\n[camera.7]\ntitle =\n";
    fs::write(&file, text).unwrap();
    let found = titles(&file).unwrap();
    assert_eq!(found.unit.as_deref(), Some("Gate house"));
    assert_eq!(found.utc_offset_at(0), Some(-300));
    assert_eq!(
        found.cameras.into_iter().collect::<Vec<_>>(),
        [(1, "Door".to_owned())]
    );
    fs::write(&file, "PAR1 and more").unwrap();
    assert!(matches!(titles(&file), Err(Error::Foreign(_))));
    fs::write(&file, "; par 1\n[unit]\nname = \u{7}\n").unwrap();
    assert!(matches!(titles(&file), Err(Error::Text { .. })));
    assert!(matches!(
        titles(&folder.path().join("none")),
        Err(Error::Io { .. })
    ));
}

// SPDX-License-Identifier: MPL-2.0
//! What `data/` tells a desktop: MIME types by content, and the thumbnailer.

use formats::reader::Mode;
use std::path::{Path, PathBuf};
use std::process::Command;
use testing::{
    common::shell::Place,
    make::{self, Exp, START},
    netvu_make, plv1,
};

fn data(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("data")
        .join(name)
}

fn native() -> make::Made {
    let mut exp = Exp::one(64, 48);
    for (n, coded) in (0..).zip(&make::tiny()[..16]) {
        exp.camera(1, START + n * 100, Mode::Motion, coded);
    }
    exp.finish()
}

fn avi(fourcc: &[u8; 4]) -> Vec<u8> {
    let mut avi = plv1::Avi::new(64, 48).fourcc(fourcc);
    for coded in &make::tiny()[..16] {
        avi.picture(1_257_862_530, coded, 88);
    }
    avi.finish()
}

/// The content type of each file, as file managers ask for it.
fn content_types(files: &[(&str, Vec<u8>)]) -> Vec<String> {
    let home = tempfile::tempdir().unwrap();
    let packages = home.path().join("mime/packages");
    std::fs::create_dir_all(&packages).unwrap();
    std::fs::copy(data("gst-plugin-exp.xml"), packages.join("x.xml")).unwrap();
    // so that these types compete with all others
    let standard = Path::new("/usr/share/mime/packages/freedesktop.org.xml");
    std::fs::copy(standard, packages.join("freedesktop.org.xml"))
        .expect("shared-mime-info is installed");
    let made = Command::new("update-mime-database")
        .arg(home.path().join("mime"))
        .env("XDG_DATA_HOME", home.path())
        .output()
        .expect("update-mime-database runs");
    let complaint = String::from_utf8_lossy(&made.stderr);
    assert!(made.status.success() && complaint.is_empty(), "{complaint}");
    let content_type = |(name, bytes): &(&str, Vec<u8>)| {
        let path = home.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        let asked = Command::new("gio")
            .args(["info", "-a", "standard::content-type"])
            .arg(&path)
            .env("XDG_DATA_HOME", home.path())
            .env("XDG_DATA_DIRS", home.path().join("none"))
            .output()
            .expect("gio runs");
        let text = String::from_utf8(asked.stdout).unwrap();
        let found = text.split("standard::content-type: ").nth(1);
        found
            .unwrap_or_else(|| panic!("{name}: {text}"))
            .trim()
            .to_owned()
    };
    files.iter().map(content_type).collect()
}

#[test]
fn recordings_are_known_by_their_content() {
    let native = native();
    let [binary, mime, raw, sprite, partition] = netvu_make::one_of_each();
    let files = [
        ("x.exp", native.bytes.clone(), "video/x-pelco-exp"),
        ("records.exp", native.records_only(), "video/x-pelco-exp"),
        ("x", native.bytes, "video/x-pelco-exp"),
        ("avi.exp", avi(b"PLV1"), "video/x-pelco-plv1"),
        ("x.adbin", binary, "video/x-netvu"),
        ("x.mime", mime, "video/x-netvu"),
        ("raw", raw, "video/x-netvu"),
        ("sprite", sprite, "video/x-netvu"),
        ("x.par", partition, "video/x-dm-par"),
    ];
    let given: Vec<_> = files
        .iter()
        .map(|(name, bytes, _)| (*name, bytes.clone()))
        .collect();
    for ((name, _, wanted), found) in files.iter().zip(content_types(&given)) {
        assert_eq!(&found, wanted, "{name}");
    }
}

#[test]
fn other_files_with_the_same_suffix_are_not_claimed() {
    let padded = |front: &[u8]| [front, &[0; 400]].concat();
    let files = [
        // export files of Microsoft's linker are COFF objects: x86-64, x86, and anonymous ones
        ("amd64.exp", padded(b"\x64\x86\x02\x00\x11\x22\x33\x44")),
        ("i386.exp", padded(b"\x4c\x01\x02\x00\x11\x22\x33\x44")),
        ("import.exp", padded(b"\x00\x00\xff\xff\x00\x00\x64\x86")),
        (
            "script.exp",
            b"#!/usr/bin/expect\nspawn true\nexpect eof\n".to_vec(),
        ),
        ("aix.exp", b"#!libx.so\nfunction\n".to_vec()),
        // Parchive 1 and 2, a Perl archive, Parquet
        ("one.par", padded(b"PAR\0\0\0\0\0\0\0\x01\0")),
        ("two.par", padded(b"PAR2\0PKT")),
        ("perl.par", padded(b"PK\x03\x04\x14\0")),
        ("parquet.par", padded(b"PAR1\x15\x04")),
        ("xvid.avi", avi(b"XVID")),
        ("xvid.exp", avi(b"XVID")),
    ];
    for ((name, _), found) in files.iter().zip(content_types(&files)) {
        let ours = ["x-pelco", "x-netvu", "x-dm-par"];
        assert!(
            !ours.iter().any(|ours| found.contains(ours)),
            "{name}: {found}"
        );
    }
}

/// Lines of a key file: key and value.
fn key(file: &str, key: &str) -> String {
    let text = std::fs::read_to_string(data(file)).unwrap();
    let start = format!("{key}=");
    text.lines()
        .find_map(|line| line.strip_prefix(&start))
        .unwrap()
        .to_owned()
}

#[test]
fn every_type_has_a_thumbnailer_a_player_and_a_description() {
    let xml = std::fs::read_to_string(data("gst-plugin-exp.xml")).unwrap();
    let types: Vec<_> = xml
        .split("<mime-type type=\"")
        .skip(1)
        .map(|rest| rest.split('"').next().unwrap())
        .collect();
    assert_eq!(types.len(), 4);
    let listed = key("gst-plugin-exp.thumbnailer", "MimeType");
    let played = key("exptool-play.desktop", "MimeType");
    let hints = std::fs::read_to_string(data("mimeapps.list")).unwrap();
    for name in types {
        assert!(listed.contains(name), "{name}");
        assert!(played.contains(name), "{name}");
        assert!(hints.contains(&format!("\n{name}=")), "{name}");
    }
    let checked = Command::new("desktop-file-validate")
        .arg(data("exptool-play.desktop"))
        .output()
        .expect("desktop-file-validate runs");
    assert!(checked.status.success(), "{checked:?}");
}

#[test]
fn the_thumbnailer_makes_a_picture() {
    let place = Place::new();
    std::fs::rename(place.path("x.exp"), place.path("four cameras.exp")).unwrap();
    let [binary, ..] = netvu_make::one_of_each();
    std::fs::write(place.path("x.adbin"), binary).unwrap();
    for (input, size) in [("four cameras.exp", "256,192"), ("x.adbin", "256,")] {
        let line = key("gst-plugin-exp.thumbnailer", "Exec")
            .replace("%s", "256")
            .replace("%i", &format!("'{}'", place.path(input).display()))
            .replace("%o", &format!("'{}'", place.path("out").display()));
        place.run("bash", &["-c", &line]);
        let args = "-v error -show_entries stream=codec_name,width,height -of csv=p=0 out";
        let args: Vec<_> = args.split(' ').collect();
        let found = place.run("ffprobe", &args);
        assert!(
            found.starts_with(&format!("png,{size}")),
            "{input}: {found}"
        );
        std::fs::remove_file(place.path("out")).unwrap();
    }
}

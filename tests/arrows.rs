// SPDX-License-Identifier: MPL-2.0
//! Rules of the house that a compiler does not hold: which folder may know which, and how long a file may be.

use std::path::{Path, PathBuf};

fn sources(folder: &str) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|suffix| suffix == "rs") {
                let text = std::fs::read_to_string(&path).unwrap();
                found.push((path, text));
            }
        }
    }
    assert!(!found.is_empty());
    found
}

/// Lines of code: comments out, and all from the file's test module on.
fn code(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let body = text.split("\n#[cfg(test)]\n").next().unwrap_or_default();
    let lines = (1..).zip(body.lines());
    lines.filter(|(_, line)| !line.trim_start().starts_with("//"))
}

fn is_test(path: &Path) -> bool {
    path.file_stem()
        .is_some_and(|stem| stem.to_string_lossy().ends_with("tests"))
}

/// `line` has `word`, and not as a part of a longer name.
fn word(line: &str, word: &str) -> bool {
    let in_name = |c: char| c.is_alphanumeric() || c == '_';
    line.match_indices(word).any(|(at, _)| {
        let (before, after) = (&line[..at], &line[at + word.len()..]);
        let longer = word.ends_with(in_name) && after.starts_with(in_name);
        !before.ends_with(in_name) && !longer
    })
}

/// Complains of each line of code under `folder` in which `wrong` sees something.
fn no_line(folder: &str, wrong: impl Fn(&str) -> bool) {
    let mut found = Vec::new();
    for (path, text) in sources(folder).iter().filter(|(path, _)| !is_test(path)) {
        for (number, line) in code(text).filter(|(_, line)| wrong(line)) {
            found.push(format!("{}:{number}: {}", path.display(), line.trim()));
        }
    }
    assert!(found.is_empty(), "\n{}", found.join("\n"));
}

#[test]
fn containers_know_no_gstreamer_and_none_of_the_rest() {
    let others = ["gst", "gst_base", "glib", "elements", "parconfig"];
    no_line("src/container", |line| {
        others.iter().any(|other| word(line, &format!("{other}::")))
    });
}

#[test]
fn parconfig_knows_no_gstreamer() {
    let others = ["gst", "gst_base", "glib", "elements"];
    no_line("src/parconfig", |line| {
        others.iter().any(|other| word(line, &format!("{other}::")))
    });
}

#[test]
fn readers_and_parconfig_cannot_panic_by_hand() {
    let calls = [
        ".unwrap()",
        ".expect(",
        "panic!(",
        "unreachable!(",
        "todo!(",
        "unimplemented!(",
    ];
    for folder in ["src/container", "src/parconfig"] {
        no_line(folder, |line| calls.iter().any(|call| line.contains(call)));
    }
}

#[test]
fn no_unsafe_code() {
    no_line("src", |line| word(line, "unsafe"));
}

#[test]
fn files_are_short() {
    let long = (sources("src").into_iter())
        .filter(|(path, _)| !is_test(path))
        .map(|(path, text)| {
            (
                path,
                text.split("\n#[cfg(test)]\n")
                    .next()
                    .unwrap_or("")
                    .lines()
                    .count(),
            )
        })
        .filter(|(_, lines)| *lines > 500)
        .collect::<Vec<_>>();
    assert!(long.is_empty(), "over 500 lines: {long:?}");
}

#[test]
fn examples_fit_on_two_pages() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() {
            let lines = std::fs::read_to_string(&path).unwrap().lines().count();
            assert!(lines < 100, "{} has {lines} lines", path.display());
        }
    }
}

#[test]
fn every_source_names_its_licence() {
    for folder in ["src", "tests", "fuzz"] {
        for (path, text) in sources(folder) {
            let is_made = path.components().any(|part| part.as_os_str() == "target");
            let is_ours = !is_made && text.lines().count() > 1;
            assert!(
                !is_ours || text.starts_with("// SPDX-License-Identifier: MPL-2.0"),
                "{}",
                path.display()
            );
        }
    }
}

#[test]
fn the_words_are_found_as_words() {
    assert!(word("use gst::prelude", "gst::"));
    assert!(word("    unsafe {", "unsafe"));
    assert!(!word("use my_gst::prelude", "gst::"));
    assert!(!word("let unsafely = 1;", "unsafe"));
}

// SPDX-License-Identifier: MPL-2.0
//! Runs the programs that come with GStreamer, and others, with the plugin in sight.

use std::{
    path::PathBuf,
    process::{Command, Stdio},
};

/// A folder of its own with the plugin in it.
pub struct Shell {
    dir: tempfile::TempDir,
}

/// What a program said.
#[derive(Debug)]
pub struct Said {
    pub well: bool,
    pub out: String,
    pub err: String,
}

impl Said {
    /// It ended well.
    pub fn well(self) -> Said {
        assert!(self.well, "{}\n{}", self.out, self.err);
        self
    }
}

/// The plugin as cargo has built it for this test.
fn plugin() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let target = test.ancestors().nth(2).unwrap();
    let places = ["deps/libgstexp.so", "libgstexp.so"].map(|name| target.join(name));
    let built = places
        .iter()
        .filter_map(|path| Some((path.metadata().ok()?.modified().ok()?, path)));
    let newest = built.max().expect("cargo builds the plugin for its tests");
    newest.1.clone()
}

impl Default for Shell {
    fn default() -> Shell {
        Shell::new()
    }
}

impl Shell {
    pub fn new() -> Shell {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join("plugin")).unwrap();
        std::fs::copy(plugin(), dir.path().join("plugin/libgstexp.so")).unwrap();
        Shell { dir }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub fn write(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.path(name);
        std::fs::write(&path, bytes).unwrap();
        path
    }

    pub fn read(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.path(name)).unwrap()
    }

    /// Runs a line of shell in the folder. Without a display; a critical ends the program.
    pub fn run(&self, line: &str, environment: &[(&str, &str)]) -> Said {
        let output = Command::new("timeout")
            .args(["120", "bash", "-o", "pipefail", "-c", line])
            .current_dir(self.dir.path())
            .stdin(Stdio::null())
            .env("GST_PLUGIN_PATH", self.path("plugin"))
            .env("GST_REGISTRY", registry())
            .env("G_DEBUG", "fatal-criticals")
            .env_remove("DISPLAY")
            .env_remove("WAYLAND_DISPLAY")
            .envs(environment.iter().copied())
            .output()
            .unwrap();
        Said {
            well: output.status.success(),
            out: String::from_utf8_lossy(&output.stdout).into_owned(),
            err: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}

/// A registry that the runs of a test program share: writing one takes seconds.
fn registry() -> PathBuf {
    std::env::temp_dir().join(format!("registry-{}", std::process::id()))
}

// SPDX-License-Identifier: MPL-2.0
//! Runs the programs that come with GStreamer, and others, with the plugin in sight.

use crate::make::{self, Exp};
use formats::reader::{Codec, Mode};
use std::{
    ffi::OsStr,
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::OnceLock,
    time::{Duration, Instant, SystemTime},
};

/// A folder of its own, for programs that see the plugin.
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

/// Where cargo puts what it builds for this test.
fn built() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    test.ancestors().nth(2).unwrap().to_owned()
}

/// The folder with the plugin that cargo has built for this test, and with a registry of GStreamer: writing one takes seconds.
///
/// It is a copy, since another cargo takes the file away while it links it anew.
fn plugin() -> &'static Path {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| {
        let folder = built().join("plugin-for-tests");
        fs::create_dir_all(&folder).unwrap();
        let begun = Instant::now();
        while !copy_plugin(&folder) {
            let waited = begun.elapsed() < Duration::from_secs(120);
            assert!(waited, "cargo builds the plugin for its tests");
            std::thread::sleep(Duration::from_millis(200));
        }
        folder
    })
}

/// Brings the copy in `folder` up to date. False where the plugin is not there, or not whole.
fn copy_plugin(folder: &Path) -> bool {
    let age = |path: &Path| -> Option<SystemTime> { path.metadata().ok()?.modified().ok() };
    let places = ["deps/libgstexp.so", "libgstexp.so"].map(|name| built().join(name));
    let newest = places
        .iter()
        .filter_map(|path| Some((age(path)?, path)))
        .max();
    let Some((time, source)) = newest else {
        return false;
    };
    let copy = folder.join("libgstexp.so");
    if age(&copy) == Some(time) {
        return true;
    }
    // each program makes its own and moves it there
    let fresh = tempfile::tempdir_in(folder).unwrap();
    let file = fresh.path().join("libgstexp.so");
    if fs::copy(source, &file).is_err() || age(source) != Some(time) {
        return false;
    }
    let loads = Command::new("gst-inspect-1.0")
        .arg(&file)
        .env("GST_REGISTRY", folder.join("registry"))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    if !loads.unwrap().success() {
        return false;
    }
    let opened = fs::File::options().write(true).open(&file).unwrap();
    opened.set_modified(time).unwrap();
    fs::rename(&file, &copy).unwrap();
    true
}

/// The Rust example of that name. `cargo test` builds it, unless it is asked for one test program alone.
pub fn built_example(name: &str) -> PathBuf {
    let program = built().join("examples").join(name);
    let help = "`cargo build --examples` builds it";
    let listed = fs::read_to_string(program.with_extension("d"));
    let listed = listed.unwrap_or_else(|error| panic!("{name}: {error}: {help}"));
    let age = |path: &str| fs::metadata(path).unwrap().modified().unwrap();
    let made = age(program.to_str().unwrap());
    let sources = listed.split_whitespace();
    for source in sources.filter(|path| path.ends_with(".rs")) {
        assert!(age(source) <= made, "{source} is newer than {name}: {help}");
    }
    program
}

impl Default for Shell {
    fn default() -> Shell {
        Shell::new()
    }
}

impl Shell {
    pub fn new() -> Shell {
        let dir = tempfile::tempdir().unwrap();
        Shell { dir }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub fn write(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.path(name);
        fs::write(&path, bytes).unwrap();
        path
    }

    pub fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.path(name)).unwrap()
    }

    /// A program to run in the folder, for at most `seconds`.
    pub fn command(&self, seconds: u32, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new("timeout");
        command
            .arg(seconds.to_string())
            .arg(program)
            .current_dir(self.dir.path())
            .stdin(Stdio::null())
            .env("GST_PLUGIN_PATH", plugin())
            .env("GST_REGISTRY", plugin().join("registry"));
        command
    }

    /// Runs a line of shell in the folder. Without a display; a critical ends the program.
    pub fn run(&self, line: &str, environment: &[(&str, &str)]) -> Said {
        let output = self
            .command(120, "bash")
            .args(["-o", "pipefail", "-c", line])
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

/// A folder with a recording of four cameras and audio, `x.exp`.
pub struct Place {
    shell: Shell,
}

/// 2009-11-10 14:15:30 UTC, in milliseconds.
const START: i64 = 1_257_862_530_000;

/// Cameras of the recording: title, colour, first and last frame of 45, at 7.5 frames per second. Yard and Hall begin and end elsewhere.
const CAMERAS: [(&str, &str, usize, usize); 4] = [
    ("Gate", "red", 0, 45),
    ("Yard", "lime", 24, 45),
    ("Door", "blue", 0, 45),
    ("Hall", "white", 0, 30),
];

/// Four cameras, each of one colour, and G.711 audio for 6 s.
fn recording() -> Vec<u8> {
    let listed: Vec<_> = (1..)
        .zip(CAMERAS)
        .map(|(n, camera)| (n, 352, 240, camera.0))
        .collect();
    let coded = CAMERAS.map(|(_, colour, _, _)| {
        let fill = format!("drawbox=c={colour}:t=fill");
        make::pictures(&make::mpeg4("352x240", "15/2", 45, &["-vf", &fill]))
    });
    let mut exp = Exp::of(&listed);
    for n in 0..45 {
        let ms = START + n as i64 * 400 / 3;
        for ((camera, (_, _, from, to)), frames) in (1..).zip(CAMERAS).zip(&coded) {
            if (from..to).contains(&n) {
                exp.camera(camera, ms, Mode::Motion, &frames[n]);
            }
        }
        if n % 3 == 0 {
            exp.audio(1, ms, Codec::MuLaw, 8000, &[0xff; 3200]);
        }
    }
    exp.finish().bytes
}

impl Default for Place {
    fn default() -> Place {
        Place::new()
    }
}

impl Place {
    pub fn new() -> Place {
        let shell = Shell::new();
        shell.write("x.exp", &recording());
        Place { shell }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.shell.path(name)
    }

    /// Runs a program with the plugin in sight; answers what it printed.
    pub fn run(&self, program: impl AsRef<Path>, args: &[&str]) -> String {
        let program = program.as_ref();
        // what hangs is an error, too
        let output = self
            .shell
            .command(300, program)
            .args(args)
            // GStreamer 1.22's libav decoders complain of a GAP event before a camera's first frame
            .env_remove("G_DEBUG")
            .output()
            .unwrap_or_else(|error| panic!("{}: {error}", program.display()));
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        let complaint = String::from_utf8_lossy(&output.stderr);
        assert!(
            output.status.success(),
            "{}: {said}{complaint}",
            program.display()
        );
        said
    }
}

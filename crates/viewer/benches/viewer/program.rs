// SPDX-License-Identifier: MPL-2.0
//! The program on a display of its own, keys and mouse for it, and what it prints of what is on the screen.

use std::{
    collections::BTreeMap,
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
    sync::mpsc::{Receiver, RecvTimeoutError, channel},
    time::{Duration, Instant},
};
use testing::display::Display;

/// The window, which fills the screen.
const SIZE: (u32, u32) = (1280, 860);
/// Longest that anything is waited for.
const PATIENCE: Duration = Duration::from_secs(60);

/// A frame on the screen: microseconds of CLOCK_MONOTONIC, and stream time in nanoseconds.
#[derive(Clone, Copy, Debug)]
pub struct Shown {
    pub painted: i64,
    pub camera: u16,
    pub time: i64,
    pub due: i64,
}

/// The program.
pub struct Program {
    display: Display,
    process: Child,
    lines: Receiver<String>,
    /// When it was started.
    pub begun: i64,
    _home: tempfile::TempDir,
}

impl Program {
    /// Starts it with these files.
    pub fn start(files: &[&Path]) -> Program {
        let (width, height) = SIZE;
        let display = Display::start(&format!("{width}x{height}"));
        let home = tempfile::tempdir().expect("folder");
        let state = home.path().join("exp-viewer");
        std::fs::create_dir(&state).expect("folder");
        let size = format!("width = {width}\nheight = {height}\n");
        std::fs::write(state.join("state.toml"), size).expect("state");
        let built = env!("CARGO_BIN_EXE_exp-viewer");
        let program = std::env::var("EXP_VIEWER").unwrap_or(built.to_owned());
        let mut command = Command::new(program);
        command.args(files).stdout(Stdio::piped());
        command
            .env("DISPLAY", &display.name)
            .env("GDK_BACKEND", "x11")
            .env("GSK_RENDERER", "cairo")
            .env("GTK_A11Y", "none")
            .env("DBUS_SESSION_BUS_ADDRESS", "disabled:")
            .env("G_MESSAGES_DEBUG", "exp-viewer")
            .env("LC_ALL", "C.UTF-8")
            .env("GST_REGISTRY", registry())
            .env_remove("WAYLAND_DISPLAY");
        for name in ["XDG_STATE_HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME"] {
            command.env(name, home.path());
        }
        let begun = glib::monotonic_time();
        let mut process = command.spawn().expect("exp-viewer");
        let (send, lines) = channel();
        let out = BufReader::new(process.stdout.take().expect("stdout"));
        std::thread::spawn(move || {
            for line in out.lines().map_while(Result::ok) {
                let Some((_, text)) = line.split_once("DEBUG: ") else {
                    continue;
                };
                let text = text.split_once(": ").map_or(text, |(_, text)| text);
                if send.send(text.to_owned()).is_err() {
                    return;
                }
            }
        });
        Program {
            display,
            process,
            lines,
            begun,
            _home: home,
        }
    }

    /// Microseconds of CLOCK_MONOTONIC.
    pub fn now(&self) -> i64 {
        glib::monotonic_time()
    }

    fn next(&self) -> String {
        let line = self.lines.recv_timeout(PATIENCE);
        line.expect("the viewer prints nothing any more")
    }

    /// Waits for the next line that begins with a word; the time in it.
    pub fn line(&mut self, word: &str) -> i64 {
        loop {
            let line = self.next();
            if let Some(rest) = line.strip_prefix(word)
                && let Ok(time) = rest.trim().parse()
            {
                return time;
            }
        }
    }

    /// Waits until so many cameras have a new frame; the first of each.
    pub fn frames(&mut self, cameras: u16) -> Vec<Shown> {
        let mut found = BTreeMap::new();
        while found.len() < usize::from(cameras) {
            if let Some(frame) = read(&self.next()) {
                found.entry(frame.camera).or_insert(frame);
            }
        }
        found.into_values().collect()
    }

    /// All frames of a while.
    pub fn watch(&mut self, length: Duration) -> Vec<Shown> {
        let end = Instant::now() + length;
        let mut frames = Vec::new();
        loop {
            match self
                .lines
                .recv_timeout(end.saturating_duration_since(Instant::now()))
            {
                Ok(line) => frames.extend(read(&line)),
                Err(RecvTimeoutError::Timeout) => return frames,
                Err(RecvTimeoutError::Disconnected) => panic!("the viewer ended"),
            }
        }
    }

    /// Waits until all cameras are shown and the file has been read, and gives the window the keys.
    pub fn settle(&mut self, cameras: u16) {
        // whichever comes first
        let (mut shown, mut has_read) = (std::collections::BTreeSet::new(), false);
        while shown.len() < usize::from(cameras) || !has_read {
            let line = self.next();
            has_read |= line.starts_with("read ");
            shown.extend(read(&line).map(|frame| frame.camera));
        }
        self.watch(Duration::from_millis(500));
        let window = self.tool(&["search", "--onlyvisible", "--sync", "--name", "."]);
        let window = window.split_whitespace().next_back().expect("a window");
        self.tool(&["windowfocus", "--sync", window]);
        self.watch(Duration::from_millis(500));
    }

    fn tool(&self, words: &[&str]) -> String {
        let mut command = Command::new("xdotool");
        command.args(words).env("DISPLAY", &self.display.name);
        let output = command.output().expect("xdotool");
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// Presses a key.
    pub fn key(&self, name: &str) {
        self.tool(&["key", "--delay", "0", name]);
    }

    /// Where a part of all time is on the timeline.
    pub fn timeline(&self, part: f64) -> (String, String) {
        // names are left of it
        let (left, right) = (120.0, f64::from(SIZE.0) - 10.0);
        let x = left + (right - left) * part;
        (format!("{x:.0}"), (SIZE.1 - 60).to_string())
    }

    /// Clicks somewhere.
    pub fn click(&self, (x, y): (String, String)) {
        self.tool(&["mousemove", &x, &y, "click", "1"]);
    }

    /// Presses the mouse's button somewhere.
    pub fn press(&self, (x, y): (String, String)) {
        self.tool(&["mousemove", &x, &y, "mousedown", "1"]);
    }

    /// Moves the mouse along the timeline, 60 times a second, while this goes on.
    pub fn drag(&self, from: f64, to: f64, length: Duration) {
        let steps = (length.as_secs_f64() * 60.0) as u32;
        let mut words = Vec::new();
        for n in 0..=steps {
            let (x, y) = self.timeline(from + (to - from) * f64::from(n) / f64::from(steps));
            words.extend([
                "mousemove".to_owned(),
                x,
                y,
                "sleep".to_owned(),
                "0.0167".to_owned(),
            ]);
        }
        let mut command = Command::new("xdotool");
        command.args(words).env("DISPLAY", &self.display.name);
        let mut process = command.spawn().expect("xdotool");
        std::thread::spawn(move || process.wait());
    }

    fn status(&self, field: &str) -> u64 {
        let path = format!("/proc/{}/status", self.process.id());
        let text = std::fs::read_to_string(path).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix(field));
        let words = line.and_then(|line| line.split_whitespace().next());
        words.and_then(|word| word.parse().ok()).unwrap_or(0)
    }

    /// Time that it has computed so far, milliseconds of one core. This counts on a busy machine, too.
    pub fn computed(&self) -> u64 {
        let path = format!("/proc/{}/stat", self.process.id());
        let text = std::fs::read_to_string(path).unwrap_or_default();
        // after the name, which may hold anything: user and system time in hundredths of a second
        let fields = text.rsplit_once(')').map_or("", |(_, fields)| fields);
        let times = fields.split_whitespace().skip(11).take(2);
        times
            .filter_map(|time| time.parse::<u64>().ok())
            .sum::<u64>()
            * 10
    }

    /// Resident memory, KiB.
    pub fn memory(&self) -> u64 {
        self.status("VmRSS:")
    }

    /// The most that it was, KiB.
    pub fn most_memory(&self) -> u64 {
        self.status("VmHWM:")
    }

    /// Ends it.
    pub fn end(mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn registry() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/bench-data/viewer-registry.bin")
}

/// `frame PAINTED CAMERA TIME DUE`.
fn read(line: &str) -> Option<Shown> {
    let mut words = line.strip_prefix("frame ")?.split(' ');
    let mut number = || words.next()?.parse::<i64>().ok();
    Some(Shown {
        painted: number()?,
        camera: u16::try_from(number()?).ok()?,
        time: number()?,
        due: number()?,
    })
}

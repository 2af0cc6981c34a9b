// SPDX-License-Identifier: MPL-2.0
//! Running programs, and the table.

use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::OnceLock,
    time::{Duration, Instant},
};

/// Rounds in which every program runs once.
pub const ROUNDS: usize = 5;

pub struct Table {
    rows: Vec<[String; 4]>,
}

impl Table {
    pub fn new() -> Table {
        Table { rows: Vec::new() }
    }

    /// A row: what, the figure, what it must be, and whether it is.
    pub fn row(&mut self, what: &str, figure: String, must: &str, holds: Option<bool>) {
        let verdict = match holds {
            Some(true) => "yes",
            Some(false) => "no",
            None => "",
        };
        println!("{what}: {figure}  (aim {must}) {verdict}");
        self.rows
            .push([what.into(), figure, must.into(), verdict.into()]);
    }

    pub fn print(&self) {
        let machine = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        let name = machine
            .lines()
            .find_map(|line| line.strip_prefix("model name"))
            .map_or("unknown", |name| name.trim_start_matches(['\t', ':', ' ']));
        let cores = std::thread::available_parallelism().map_or(0, usize::from);
        let date = output("date", &["-u", "+%Y-%m-%d"]);
        println!("\n{name}, {cores} cores, {}\n", date.trim());
        println!("| what | measured | aim | met |\n|---|---|---|---|");
        for [what, figure, must, verdict] in &self.rows {
            println!("| {what} | {figure} | {must} | {verdict} |");
        }
    }
}

/// Folder for the input, below the build folder.
pub fn folder() -> PathBuf {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/bench-data");
    std::fs::create_dir_all(&path).expect("target/bench-data");
    path
}

/// The folder of the release plugin, which is built where it is not that of the sources.
pub fn plugin() -> PathBuf {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    let path = BUILT.get_or_init(|| {
        let built = Command::new(env!("CARGO"))
            .args(["build", "--locked", "--release", "--lib"])
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .status();
        assert!(built.is_ok_and(|status| status.success()), "the plugin");
        Path::new(env!("CARGO_MANIFEST_DIR")).join("target/release")
    });
    path.clone()
}

pub fn command(program: &str, args: &[&str]) -> Command {
    let mut command = Command::new(program);
    command
        .args(args)
        .env("GST_PLUGIN_PATH", plugin())
        .env("GST_REGISTRY", folder().join("registry.bin"))
        .stdin(Stdio::null());
    command
}

pub fn output(program: &str, args: &[&str]) -> String {
    let output = command(program, args).output().expect(program);
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Runs a program to its end; it must succeed.
pub fn run(program: &str, args: &[&str]) -> Duration {
    let begin = Instant::now();
    let status = command(program, args)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .unwrap_or_else(|error| panic!("{program}: {error}"));
    assert!(status.success(), "{program} {args:?}: {status}");
    begin.elapsed()
}

/// Medians of several programs that take turns.
pub fn turns(jobs: &[Vec<&str>]) -> Vec<Duration> {
    let mut times = vec![Vec::new(); jobs.len()];
    for round in 0..=ROUNDS {
        for (job, times) in jobs.iter().zip(&mut times) {
            let time = run(job[0], &job[1..]);
            // the first round brings the files into memory
            if round > 0 {
                times.push(time);
            }
        }
    }
    times
        .into_iter()
        .map(|mut times| median(&mut times))
        .collect()
}

pub fn median(times: &mut [Duration]) -> Duration {
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

pub fn part(times: &[Duration], of: f64) -> Duration {
    let at = (times.len() as f64 * of) as usize;
    times
        .get(at.min(times.len().saturating_sub(1)))
        .copied()
        .unwrap_or_default()
}

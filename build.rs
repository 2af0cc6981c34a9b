use std::{path::Path, process::Command};

/// What the plugin says about itself: the last commit and its date in a git tree, else the release date in `Cargo.toml`.
fn main() {
    println!("cargo:rerun-if-changed=Cargo.toml");
    let log = Command::new("git")
        .args(["rev-parse", "--git-path", "logs/HEAD"])
        .output();
    if let Ok(log) = log
        && Path::new(".git").exists()
    {
        let path = String::from_utf8_lossy(&log.stdout).trim().to_owned();
        // a file that is not there would count as changed
        if Path::new(&path).is_file() {
            println!("cargo:rerun-if-changed={path}");
        }
    }
    gst_plugin_version_helper::info()
}

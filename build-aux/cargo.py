#!/usr/bin/env python3
# SPDX-License-Identifier: MPL-2.0
"""Builds the plugin with cargo for meson: OUTDIR DEPFILE SOURCE [--release] [--cargo-c] --prefix P --libdir L."""
import argparse
import os
import shutil
import subprocess
from pathlib import Path

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("outdir", type=Path)
parser.add_argument("depfile", type=Path)
parser.add_argument("source", type=Path)
parser.add_argument("--prefix", required=True)
parser.add_argument("--libdir", required=True)
parser.add_argument("--release", action="store_true")
parser.add_argument("--cargo-c", action="store_true")
args = parser.parse_args()

# Meson gives paths relative to the build folder; cargo runs elsewhere.
outdir, depfile = args.outdir.resolve(), args.depfile.resolve()
target = outdir / "target"
command = ["cargo", "cbuild" if args.cargo_c else "build", "--locked", "--manifest-path", args.source / "Cargo.toml"]
command += ["--target-dir", target]
if args.cargo_c:
    command += ["--prefix", args.prefix, "--libdir", args.libdir]
else:
    command += ["--lib"]
if args.release:
    command += ["--release"]
env = {k: v for k, v in os.environ.items() if k != "CARGO_TARGET_DIR"}
subprocess.run(command, check=True, env=env, cwd=args.source)

profile = "release" if args.release else "debug"
wanted = ["libgstexp.so"] + (["libgstexp.a", "gstexp.pc"] if args.cargo_c else [])
for name in wanted:
    found = list(target.glob(f"{profile}/{name}")) + list(target.glob(f"*/{profile}/{name}"))
    newest = max(found, key=lambda path: path.stat().st_mtime)
    shutil.copy2(newest, outdir / name)

# cargo's own list of sources, under the name that ninja knows the output by
lists = list(target.glob(f"{profile}/libgstexp.d")) + list(target.glob(f"*/{profile}/libgstexp.d"))
sources = lists[0].read_text().split(":", 1)[1].split("\n", 1)[0] if lists else ""
sources += "".join(f" {args.source / name}" for name in ("Cargo.toml", "Cargo.lock", "build.rs"))
depfile.write_text(f"libgstexp.so:{sources}\n")

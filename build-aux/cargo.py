#!/usr/bin/env python3
# SPDX-License-Identifier: MPL-2.0
"""Builds with cargo for meson: OUTDIR DEPFILE SOURCE [--release] [--strip] OUTPUT…

An OUTPUT is libgstexp.so, libgstexp.a or the name of a program. CARGO_TARGET_DIR is used where it is set.
"""
import argparse
import os
import shutil
import subprocess
from pathlib import Path

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("outdir", type=Path)
parser.add_argument("depfile", type=Path)
parser.add_argument("source", type=Path)
parser.add_argument("--release", action="store_true")
parser.add_argument("--strip", action="store_true")
parser.add_argument("outputs", nargs="+")
args = parser.parse_args()

# Meson gives paths relative to the build folder; cargo runs elsewhere.
outdir, depfile, source = args.outdir.resolve(), args.depfile.resolve(), args.source.resolve()
target = Path(os.environ.get("CARGO_TARGET_DIR") or outdir / "target").resolve()
profile = "release" if args.release else "debug"
env = dict(os.environ, CARGO_TARGET_DIR=str(target))
if args.strip:
    name = "RELEASE" if args.release else "DEV"
    env |= {f"CARGO_PROFILE_{name}_STRIP": "symbols", f"CARGO_PROFILE_{name}_DEBUG": "0"}


def cargo(*arguments):
    command = ["cargo", *arguments, "--locked"] + (["--release"] if args.release else [])
    subprocess.run(command, check=True, env=env, cwd=source)


programs = [name for name in args.outputs if not name.startswith("libgstexp")]
if programs or "libgstexp.so" in args.outputs:
    cargo("build", "--package", "gst-plugin-exp", "--lib", *(word for name in programs for word in ("--package", name, "--bin", name)))
if "libgstexp.a" in args.outputs:
    cargo("rustc", "--package", "gst-plugin-exp", "--lib", "--crate-type", "staticlib")
for name in args.outputs:
    shutil.copy2(target / profile / name, outdir / name)

# cargo's own lists of sources, under the name that ninja knows the first output by
sources = set()
for name in ["libgstexp.d"] + [f"{program}.d" for program in programs]:
    for line in (target / profile / name).read_text().splitlines():
        sources.update(line.split(":", 1)[1].split())
sources.update(str(source / name) for name in ("Cargo.toml", "Cargo.lock", "build.rs"))
depfile.write_text(f"{args.outputs[0]}: {' '.join(sorted(sources))}\n")

#!/usr/bin/python3
# SPDX-License-Identifier: MPL-2.0
"""Does with the viewer what a person does: reads what is on the window through AT-SPI, presses keys and moves the mouse.

window.py VIEWER EXPTOOL FOLDER: runs inside Xvfb and a D-Bus session. What is shown is compared with the tables of frames that
exptool writes.
"""

import csv
import os
import re
import shutil
import subprocess
import sys
import time
import zlib

import gi

gi.require_version("Atspi", "2.0")
from gi.repository import Atspi  # noqa: E402

VIEWER, EXPTOOL, FOLDER = sys.argv[1:4]
WORK = os.environ["VIEWER_WORK"]
SHOTS = os.environ.get("VIEWER_SCREENSHOTS")
LIVE = os.environ["VIEWER_LIVE"]
# names of parts, for whoever works on one of them
ONLY = os.environ.get("VIEWER_PARTS", "").split()
PATIENCE = 60 if "VIEWER_PARTS" not in os.environ else 25
CLOCK = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} -05:00")


def run(*words, **more):
    return subprocess.run(words, check=True, stdout=subprocess.PIPE, **more).stdout


def key(*names):
    for name in names:
        run("xdotool", "key", "--delay", "40", name)
        time.sleep(0.1)


def type_text(text):
    run("xdotool", "type", "--delay", "15", text)


def wait(what, found, patience=PATIENCE):
    end = time.monotonic() + patience
    while True:
        try:
            value = found()
        except gi.repository.GLib.Error:
            value = None
        if value:
            return value
        if time.monotonic() > end:
            screen("failed")
            raise AssertionError(f"{what}: not within {patience} s; shown: {shown_texts()}")
        time.sleep(0.1)


def nodes(root):
    stack = [root]
    while stack:
        node = stack.pop()
        if node is None:
            continue
        yield node
        try:
            count = node.get_child_count()
            stack.extend(node.get_child_at_index(n) for n in reversed(range(count)))
        except gi.repository.GLib.Error:
            pass


def application():
    desktop = Atspi.get_desktop(0)
    for n in range(desktop.get_child_count()):
        one = desktop.get_child_at_index(n)
        if one and one.get_name() in ("exp-viewer", "io.github.gst_plugin_exp.Viewer"):
            return one
    return None


def is_shown(node):
    return node.get_state_set().contains(Atspi.StateType.VISIBLE)


def find(name, role=None, root=None):
    for node in nodes(root or application()):
        if node.get_name() == name and (role is None or node.get_role_name() == role) and is_shown(node):
            return node
    return None


def labels(root):
    return [node.get_name() for node in nodes(root) if node.get_role_name() == "label" and is_shown(node)]


def shown_texts():
    root = application()
    return labels(root) if root else None


def tile(camera):
    return find(f"Camera {camera}")


def tile_clock(camera):
    root = tile(camera)
    texts = labels(root) if root else []
    return next((text for text in texts if CLOCK.fullmatch(text)), None)


def main_clock():
    button = find("Go to a date and time")
    for node in nodes(button) if button else []:
        found = CLOCK.search(node.get_name() or "")
        if found:
            return found.group()
    return None


def says(text):
    return any(text in shown for shown in shown_texts())


def click(name):
    """Clicks on a button of a dialog, which has its buttons twice, for wide and for narrow windows; one of them has no size."""

    def area():
        for node in nodes(application()):
            if node.get_name() == name:
                box = node.get_extents(Atspi.CoordType.WINDOW)
                if box.width > 1 and box.height > 1:
                    return box
        return None

    box = wait(name, area)
    run("xdotool", "mousemove", str(box.x + box.width // 2), str(box.y + box.height // 2), "click", "1")


def screen(name):
    if SHOTS:
        subprocess.run(["import", "-window", "root", os.path.join(SHOTS, f"{name}.png")])


def step(text):
    print("-", text, flush=True)


class Viewer:
    """The program with some files."""

    def __init__(self, *files, **environment):
        self.process = subprocess.Popen([VIEWER, *files], env={**os.environ, **environment}, cwd=WORK)
        wait("a window", lambda: self.process.poll() is not None or (application() and find("Main menu")))
        assert self.process.poll() is None, "the viewer ended at once"
        window = run("xdotool", "search", "--onlyvisible", "--sync", "--name", ".", timeout=PATIENCE).split()[-1]
        run("xdotool", "windowfocus", "--sync", window)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        assert self.process.poll() is None, f"the viewer ended by itself: {self.process.returncode}"
        key("ctrl+w")
        try:
            code = self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            code = self.process.wait()
        if sys.exc_info()[0] is None:
            assert code == 0, f"the viewer ended with {code}"
        end = time.monotonic() + 20
        while application() and time.monotonic() < end:
            time.sleep(0.1)


def table(name):
    """The table of frames: camera to local times, in the order of the file."""
    folder = os.path.join(WORK, "table-" + name.replace("/", "-"))
    run(EXPTOOL, "--no-progress", "convert", os.path.join(FOLDER, name), "--frames-csv", "-o", folder + "/")
    times = {}
    for file in sorted(os.listdir(folder)):
        if not file.endswith(".csv"):
            continue
        with open(os.path.join(folder, file), newline="") as rows:
            for row in csv.DictReader(rows):
                if not row["codec"].startswith("MPEG-4"):
                    continue
                camera = int(row["camera"])
                times.setdefault(camera, []).append(row["time_local"])
    return times


def as_shown(time_text):
    """2009-11-10T09:15:30.000-05:00 as the window shows it."""
    return re.sub(r"T(.*)([+-]\d\d:\d\d)$", r" \1 \2", time_text)


def pixels(path):
    return run("ffmpeg", "-v", "error", "-i", path, "-f", "rawvideo", "-pix_fmt", "rgb24", "-")


def shows(camera, text):
    return wait(f"camera {camera} at {text}", lambda: tile_clock(camera) == text)


def go_to(text):
    key("ctrl+g")
    wait("the entry", lambda: find("Date and time"))
    time.sleep(0.3)
    key("ctrl+a")
    type_text(text)
    key("Return")


def lobby():
    times = {camera: [as_shown(one) for one in all] for camera, all in table("lobby.exp").items()}
    lobby = os.path.join(FOLDER, "lobby.exp")
    with Viewer(lobby):
        step("opens, and shows the first frame of each camera")
        for camera in range(1, 5):
            shows(camera, times[camera][0])
        wait("what was found", lambda: says("Alarms: 1") and says("Clock steps: 1"))
        wait("titles and modes", lambda: says("1 · Front door · motion") and says("4 · Loading bay · schedule"))
        screen("four")

        step("steps from frame to frame, both ways")
        for n in (1, 2, 3):
            key("period")
            shows(1, times[1][n])
            shows(4, times[4][n])
        key("comma")
        shows(1, times[1][2])

        step("goes to a time")
        go_to("2009-11-10 09:15:42.300")
        wanted = "2009-11-10 09:15:42.300 -05:00"
        assert wanted in times[3]
        for camera in range(1, 5):
            shows(camera, wanted)
        wait("the clock", lambda: main_clock() == wanted)

        step("plays in step, and pauses at a frame that was recorded")
        key("space")
        wait("playback", lambda: (main_clock() or "") > "2009-11-10 09:15:43.600")
        key("k")
        time.sleep(0.5)
        clocks = [wait("a clock", lambda: tile_clock(camera)) for camera in range(1, 5)]
        for camera, clock in enumerate(clocks, 1):
            assert clock in times[camera], clock
        places = [times[camera].index(clock) for camera, clock in enumerate(clocks, 1)]
        assert max(places) - min(places) <= 1, clocks

        step("plays backwards")
        before = main_clock()
        key("j")
        wait("the clock to go back", lambda: (main_clock() or "9") < "2009-11-10 09:15:42")
        key("k")
        assert main_clock() < before

        step("leaves out the gap, and says what was not recorded")
        key("ctrl+Right")
        shows(1, "2009-11-10 09:16:50.000 -05:00")
        wait("the mode", lambda: says("1 · Front door · alarm"))
        key("Home", "alt+Page_Down")
        shows(1, "2009-11-10 09:16:50.000 -05:00")
        key("End")
        shows(1, times[1][-1])
        wait("that nothing was recorded", lambda: "Nothing recorded at this moment" in labels(tile(3)))
        assert tile_clock(3) is None
        assert "Nothing recorded at this moment" not in labels(tile(2))
        screen("gap")

        step("scrubs on the timeline")
        box = find("Timeline").get_extents(Atspi.CoordType.WINDOW)
        at = lambda part: (box.x + 120 + int((box.width - 125) * part), box.y + 30)
        run("xdotool", "mousemove", *map(str, at(0.1)))
        run("xdotool", "mousedown", "1")
        for part in (0.12, 0.15, 0.07):
            run("xdotool", "mousemove", *map(str, at(part)))
            time.sleep(0.2)
        screen("scrub")
        run("xdotool", "mouseup", "1")
        wait("the place", lambda: "2009-11-10 09:15:35" < (main_clock() or "") < "2009-11-10 09:15:39")
        time.sleep(0.5)
        here = main_clock()
        shows(2, [one for one in times[2] if one <= here and one < "2009-11-10 09:16"][-1])
        screen("scrubbed")

        step("enlarges a camera")
        go_to("2009-11-10 09:15:35.000")
        shows(1, "2009-11-10 09:15:35.000 -05:00")
        box = tile(2).get_extents(Atspi.CoordType.WINDOW)
        run("xdotool", "mousemove", str(box.x + box.width // 2), str(box.y + box.height // 3))
        run("xdotool", "click", "--repeat", "2", "--delay", "80", "1")
        wait("one camera", lambda: tile(2) and not tile(1))
        screen("one")
        shows(2, "2009-11-10 09:15:35.000 -05:00")
        key("Return")
        wait("all cameras", lambda: tile(1))

        step("bookmarks a moment")
        key("ctrl+d")
        wait("the note", lambda: find("Note on 2009-11-10 09:15:35.000 -05:00"))
        time.sleep(0.5)
        type_text("red car")
        key("Return")
        logs = os.path.join(os.environ["XDG_DATA_HOME"], "exp-viewer", "logs")
        kept = lambda: [open(os.path.join(logs, name)).read() for name in os.listdir(logs)] if os.path.isdir(logs) else []
        log = wait("the log", lambda: next((log for log in kept() if "red car" in log), None))
        assert "2009-11-10 09:15:35.000 -05:00" in log and ",2,0,Gate," not in log, log
        screen("panel")

        step("saves a picture that is that of exptool, pixel for pixel")
        saved = os.path.join(WORK, "saved.png")
        key("ctrl+s")
        wait("the dialog", lambda: find("Cancel"))
        time.sleep(1)
        key("ctrl+a")
        type_text(saved)
        key("Return")
        wait("the picture", lambda: os.path.exists(saved) and not find("Saving the picture"))
        wanted = os.path.join(WORK, "wanted.png")
        run(EXPTOOL, "snapshot", lobby, "--camera", "2", "--at", "2009-11-10 09:15:35", "-o", wanted)
        assert pixels(saved) == pixels(wanted)
        assert len(pixels(saved)) == 320 * 240 * 3

        step("exports a clip")
        out = os.path.join(WORK, "out")
        os.mkdir(out)
        key("ctrl+e")
        wait("the dialog", lambda: find("Choose a folder"))
        time.sleep(0.5)
        click("Choose a folder")
        wait("the folders", lambda: find("Export"))
        time.sleep(1)
        type_text(out + "/")
        time.sleep(1)
        key("Return")
        made = lambda: [name for name in os.listdir(out) if name.endswith(".mp4")]
        name = wait("the clip", lambda: made() and not find("Exporting") and made()[0])
        count = run(
            "ffprobe", "-v", "error", "-count_frames", "-select_streams", "v", "-show_entries", "stream=nb_read_frames",
            "-of", "csv=p=0", os.path.join(out, name),
        )
        assert int(count) == len(times[2]), count


def others():
    step("names a file that is not a recording")
    with Viewer(os.path.join(FOLDER, "foreign.txt")):
        wait("the message", lambda: says("is not a recording that can be read"))
        wait("the first page", lambda: find("Open a folder"))
    step("plays a damaged recording, and says that it is damaged")
    with Viewer(os.path.join(FOLDER, "damaged.exp")):
        wait("the damage", lambda: says("Damaged places: "))
        shows(1, "2009-11-10 09:15:30.000 -05:00")
    step("plays two files as one recording")
    with Viewer(os.path.join(FOLDER, "yard-2.exp"), os.path.join(FOLDER, "yard-1.exp")):
        shows(1, "2009-11-10 09:15:30.000 -05:00")
        wait("both files", lambda: says("yard-1.exp … yard-2.exp (2)"))
        go_to("09:15:39.900")
        shows(1, "2009-11-10 09:15:39.900 -05:00")
        key("period")
        shows(1, "2009-11-10 09:15:40.000 -05:00")
        key("comma")
        shows(1, "2009-11-10 09:15:39.900 -05:00")
        key("space")
        wait("the second file", lambda: (main_clock() or "") > "2009-11-10 09:15:41")



def exptool_snapshot(name, *words):
    path = os.path.join(WORK, "wanted.png")
    run(EXPTOOL, "snapshot", os.path.join(FOLDER, name), "--force", *words, "-o", path)
    return pixels(path)


def save_picture(keys, name):
    path = os.path.join(WORK, name)
    key(keys)
    wait("the dialog", lambda: find("Cancel"))
    time.sleep(1)
    key("ctrl+a")
    type_text(path)
    key("Return")
    return path


def passes():
    times = {camera: [as_shown(one) for one in all] for camera, all in table("lobby.exp").items()}
    with Viewer(os.path.join(FOLDER, "lobby.exp")):
        shows(1, times[1][0])
        wait("what was found", lambda: says("Clock steps: 1"))
        step("shows both passes of a time that was recorded twice")
        moment = "2009-11-10 09:17:01.000 -05:00"
        both = [n for n, one in enumerate(times[2]) if one == moment]
        assert len(both) == 2, both
        saved = []
        for number in (0, 1):
            if number:
                # the run after the second begins when the clock was set back
                key("Home", "ctrl+Right", "ctrl+Right")
                shows(2, "2009-11-10 09:17:00.000 -05:00")
            go_to(moment)
            shows(2, moment)
            key("n") if number == 0 else None
            # the frame before is another one in each pass
            key("comma")
            shows(2, times[2][both[number] - 1])
            key("period")
            shows(2, moment)
            path = save_picture("ctrl+s", f"pass{number}.png")
            wait("the picture", lambda: os.path.exists(path) and not find("Saving the picture"))
            saved.append(pixels(path))
            at = ["--camera", "2", "--at", "2009-11-10 09:17:01", "--pass", str(number)]
            assert saved[number] == exptool_snapshot("lobby.exp", *at), f"pass {number}"
        assert saved[0] != saved[1]

        step("plays a part again and again")
        for text, mark in (("09:15:40", "a"), ("09:15:41.5", "b")):
            key("Home")
            go_to(text)
            shows(2, f"2009-11-10 {text.zfill(8):0<12} -05:00" if "." in text else f"2009-11-10 {text}.000 -05:00")
            key(mark)
        key("space")
        seen = []
        wait("three rounds", lambda: seen.append(main_clock()) or sum(a > b for a, b in zip(seen, seen[1:])) >= 3)
        assert all("2009-11-10 09:15:40" <= one <= "2009-11-10 09:15:41.6" for one in seen[1:] if one), seen
        key("k", "shift+l")

        step("keeps real time in gaps when it is asked to, and skips them otherwise")
        go_to("09:15:49.500")
        shows(2, "2009-11-10 09:15:49.500 -05:00")
        key("l")
        wait("what comes after the gap", lambda: (main_clock() or "") > "2009-11-10 09:16:50")
        key("k")
        click("Skip times without recording")
        go_to("09:15:49.500")
        shows(2, "2009-11-10 09:15:49.500 -05:00")
        key("l")
        wait("the gap", lambda: "2009-11-10 09:15:51" < (main_clock() or "") < "2009-11-10 09:16:40")
        key("k")
        for camera in range(1, 5):
            wait("that nothing was recorded", lambda: "Nothing recorded at this moment" in labels(tile(camera)))
        click("Skip times without recording")


def saving():
    with Viewer(os.path.join(FOLDER, "lobby.exp")):
        step("saves the picture as it is shown, and says so in it")
        wait("what was found", lambda: says("Clock steps: 1"))
        key("n")
        go_to("09:15:35")
        shows(2, "2009-11-10 09:15:35.000 -05:00")
        plain = save_picture("ctrl+s", "plain.png")
        wait("the picture", lambda: os.path.exists(plain) and not find("Saving the picture"))
        key("F9")
        slider = wait("the slider", lambda: find("Brightness", "slider"))
        Atspi.Value.set_current_value(slider, 0.2)
        wait("the badge", lambda: says("adjusted"))
        screen("adjusted")
        asked = save_picture("ctrl+shift+s", "bright.png")
        shown = os.path.join(WORK, "bright.adjusted.png")
        wait("the picture", lambda: os.path.exists(shown) and not find("Saving the picture"))
        assert not os.path.exists(asked)
        with open(shown, "rb") as file:
            assert b"brightness +0.20" in file.read()
        assert pixels(shown) == bytes(min(255, round(min(1, one / 255 + 0.2) * 255)) for one in pixels(plain))
        key("r")
        original = save_picture("ctrl+s", "original.png")
        wait("the picture", lambda: os.path.exists(original) and not find("Saving the picture"))
        assert pixels(original) == pixels(plain)
        key("F9")



def printing():
    with Viewer(os.path.join(FOLDER, "lobby.exp")):
        step("prints the picture with its time")
        shows(2, "2009-11-10 09:15:30.000 -05:00")
        key("n")
        key("ctrl+p")
        wait("the details of the case", lambda: find("Print"))
        time.sleep(0.5)
        click("Print")
        wait("the printers", lambda: find("Print to File"))
        time.sleep(1)
        click("Print to File")
        time.sleep(1)
        screen("print")
        key("alt+p")
        printed = lambda: next((os.path.join(place, name) for place, _, names in os.walk(WORK) for name in names if name.endswith(".pdf")), None)
        pdf = wait("the PDF", printed)
        time.sleep(1)
        inside = picture_of_pdf(pdf)
        assert len(inside) == 320 * 240 * 3
        apart = sum(abs(a - b) for a, b in zip(inside, exptool_snapshot("lobby.exp", "--camera", "2", "--at", "+0"))) / len(inside)
        assert apart < 1.5, apart


def picture_of_pdf(path):
    with open(path, "rb") as file:
        data = file.read()
    for head, body in re.findall(rb"<<([^<>]*/Subtype /Image[^<>]*)>>\s*stream\r?\n(.*?)endstream", data, re.S):
        if b"/Width 320" in head and b"/Height 240" in head and b"/DeviceRGB" in head:
            return zlib.decompressobj().decompress(body)
    raise AssertionError("no picture in the PDF")


def sixteen():
    step("shows sixteen cameras, nine, four and one")
    times = {camera: [as_shown(one) for one in all] for camera, all in table("many/sixteen.exp").items()}
    with Viewer(os.path.join(FOLDER, "many", "sixteen.exp")):
        for camera in range(1, 17):
            shows(camera, times[camera][0])
        key("period")
        for camera in range(1, 17):
            shows(camera, times[camera][1])
        screen("sixteen")
        for name, count in (("1", 1), ("2", 4), ("3", 9), ("4", 16)):
            key(name)
            wait(f"{count} cameras", lambda: [n for n in range(1, 17) if tile(n)] == list(range(1, count + 1)))
        key("2", "n", "n", "n", "n")
        wait("the next four", lambda: [n for n in range(1, 17) if tile(n)] == [5, 6, 7, 8])
        shows(6, times[6][1])


def beside():
    step("plays files of the same time beside each other, in step")
    names = ["hall-1.exp", "hall-2.exp"]
    times = {}
    for name in names:
        times.update(table(f"hall/{name}"))
    times = {camera: [as_shown(one) for one in all] for camera, all in times.items()}
    with Viewer(os.path.join(FOLDER, "hall")):
        shows(1, times[1][0])
        wait("the camera that began later", lambda: "Nothing recorded at this moment" in labels(tile(2)))
        go_to("09:15:33.000")
        for camera in (1, 2):
            wanted = "2009-11-10 09:15:33.000 -05:00"
            assert wanted in times[camera]
            shows(camera, wanted)
        key("period")
        for camera in (1, 2):
            shows(camera, "2009-11-10 09:15:33.100 -05:00")
        key("space")
        wait("playback", lambda: (main_clock() or "") > "2009-11-10 09:15:34.500")
        key("k")
        time.sleep(0.5)
        clocks = [wait("a clock", lambda: tile_clock(camera)) for camera in (1, 2)]
        assert clocks[0] == clocks[1] and clocks[0] in times[1], clocks
        key("j")
        wait("the clock to go back", lambda: (main_clock() or "9") < "2009-11-10 09:15:33")
        key("k")
        time.sleep(0.5)
        clocks = [wait("a clock", lambda: tile_clock(camera)) for camera in (1, 2)]
        assert clocks[0] == clocks[1] and clocks[0] in times[2], clocks
        screen("beside")
        path = save_picture("ctrl+s", "hall.png")
        wait("the picture", lambda: os.path.exists(path) and not find("Saving the picture"))
        assert pixels(path) == exptool_snapshot("hall/hall-1.exp", "--at", clocks[0].replace(" -", "-"))


def growing():
    step("plays what a recorder has written since")
    whole = open(os.path.join(FOLDER, "yard-1.exp"), "rb").read()
    path = os.path.join(WORK, "growing.exp")
    times = [as_shown(one) for one in table("yard-1.exp")[1]]
    with open(path, "wb") as file:
        file.write(whole[: len(whole) // 2])
    with Viewer(path):
        shows(1, times[0])
        key("End")
        half = wait("the end", lambda: tile_clock(1) if (tile_clock(1) or "") > times[20] else None)
        assert half in times and half < times[-1], half
        with open(path, "ab") as file:
            file.write(whole[len(whole) // 2 :])
        key("End")
        wait("that it has grown", lambda: says("has grown"))
        shows(1, half)
        key("End")
        shows(1, times[-1])


SHIM = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
static int gone(int fd) {
    char link[64], path[4096];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length <= 0) return 0;
    path[length] = 0;
    return strcmp(path, getenv("DISC")) == 0 && access(getenv("PULLED"), F_OK) == 0;
}
ssize_t read(int fd, void *to, size_t count) {
    static ssize_t (*real)(int, void *, size_t);
    if (!real) real = dlsym(RTLD_NEXT, "read");
    if (gone(fd)) { errno = EIO; return -1; }
    return real(fd, to, count);
}
"""


def disc():
    step("says that the disc was pulled out, and plays again when it is back")
    path, pulled = os.path.join(WORK, "disc.exp"), os.path.join(WORK, "pulled")
    shutil.copy(os.path.join(FOLDER, "lobby.exp"), path)
    shim = os.path.join(WORK, "shim.so")
    run("cc", "-shared", "-fPIC", "-x", "c", "-", "-o", shim, "-ldl", input=SHIM.encode())
    times = [as_shown(one) for one in table("lobby.exp")[1]]
    with Viewer(path, LD_PRELOAD=shim, DISC=path, PULLED=pulled):
        shows(1, times[0])
        wait("all of it", lambda: says("Clock steps: 1"))
        open(pulled, "w").close()
        go_to("09:16:55")
        wait("the message", lambda: says("Playback ended: ") and says("Input/output error"))
        screen("pulled")
        os.remove(pulled)
        go_to("09:16:56")
        shows(1, "2009-11-10 09:16:56.000 -05:00")


def live():
    step("plays a unit's live stream with user and password")
    with Viewer():
        wait("the first page", lambda: find("Open a folder"))
        key("ctrl+u")
        wait("the dialog", lambda: find("Open", "push button"))
        time.sleep(0.5)
        for text, after in ((LIVE, "Tab"), ("viewer", "Tab"), ("secret", "Return")):
            type_text(text)
            key(after)
        wait("a frame", lambda: tile(3) and tile_time(3))
        assert tile_time(3).startswith("2023-11-14 22:13:2"), tile_time(3)
        wait("its title", lambda: says("3 · Quay"))
        wait("that it is live", lambda: says("live"))
        screen("live")


def tile_time(camera):
    return next((text for text in labels(tile(camera)) if re.match(r"\d{4}-\d\d-\d\d ", text)), None)


DRAG = """
import sys
import gi
gi.require_version("Gtk", "4.0")
from gi.repository import Gdk, Gio, GObject, Gtk
def activate(app):
    window = Gtk.ApplicationWindow(application=app, title="files", default_width=90, default_height=90, decorated=False)
    source = Gtk.DragSource(actions=Gdk.DragAction.COPY)
    files = Gdk.FileList.new_from_list([Gio.File.new_for_path(path) for path in sys.argv[1:]])
    source.connect("prepare", lambda *_: Gdk.ContentProvider.new_for_value(GObject.Value(Gdk.FileList, files)))
    label = Gtk.Label(label="files")
    label.add_controller(source)
    window.set_child(label)
    window.present()
app = Gtk.Application(application_id="x.files", flags=Gio.ApplicationFlags.NON_UNIQUE)
app.connect("activate", activate)
app.run([])
"""


def drops():
    step("opens files that are dropped on it")
    with Viewer():
        wait("the first page", lambda: find("Open a folder"))
        files = [os.path.join(FOLDER, name) for name in ("yard-2.exp", "yard-1.exp")]
        source = subprocess.Popen(["/usr/bin/python3", "-c", DRAG, *files])
        window = run("xdotool", "search", "--sync", "--onlyvisible", "--name", "^files$", timeout=PATIENCE).split()[-1]
        time.sleep(1)
        run("xdotool", "windowmove", "--sync", window, "0", "0", "windowraise", window)
        run("xdotool", "mousemove", "45", "45", "mousedown", "1")
        for n in range(1, 30):
            run("xdotool", "mousemove", str(45 + n * 20), str(45 + n * 14))
            time.sleep(0.03)
        time.sleep(0.5)
        run("xdotool", "mouseup", "1")
        wait("both files", lambda: says("yard-1.exp … yard-2.exp (2)"))
        source.kill()
        source.wait()


def missing():
    step("names the package of a GStreamer plugin that is missing")
    plugins = os.path.join(WORK, "plugins")
    os.mkdir(plugins)
    system = run("pkg-config", "--variable=pluginsdir", "gstreamer-1.0", text=True).strip()
    for name in os.listdir(system):
        if name.endswith(".so") and "libav" not in name:
            os.symlink(os.path.join(system, name), os.path.join(plugins, name))
    more = {"GST_PLUGIN_SYSTEM_PATH_1_0": plugins, "GST_PLUGIN_PATH_1_0": "", "GST_REGISTRY": os.path.join(WORK, "few.bin")}
    with Viewer(os.path.join(FOLDER, "lobby.exp"), **more):
        wait("the package", lambda: says("apt install gstreamer1.0-libav"))


BEFORE = sorted(os.listdir(FOLDER))
PARTS = [lobby, others, passes, saving, printing, sixteen, beside, growing, disc, live, drops, missing]
for part in PARTS:
    if not ONLY or part.__name__ in ONLY:
        part()
assert sorted(os.listdir(FOLDER)) == BEFORE, "a file was written beside the recordings"
print("done")

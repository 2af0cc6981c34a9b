#!/usr/bin/python3
# SPDX-License-Identifier: MPL-2.0
"""Does with the viewer what a person does: reads what is on the window through AT-SPI, presses keys and moves the mouse.

window.py VIEWER EXPTOOL FOLDER: runs inside Xvfb and a D-Bus session. What is shown is compared with the tables of frames that
exptool writes.
"""

import csv
import os
import re
import subprocess
import sys
import time

import gi

gi.require_version("Atspi", "2.0")
from gi.repository import Atspi  # noqa: E402

VIEWER, EXPTOOL, FOLDER = sys.argv[1:4]
WORK = os.environ["VIEWER_WORK"]
SHOTS = os.environ.get("VIEWER_SCREENSHOTS")
PATIENCE = 60
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

    def __init__(self, *files):
        self.process = subprocess.Popen([VIEWER, *files])
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
    folder = os.path.join(WORK, f"table-{name}")
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

    assert sorted(os.listdir(FOLDER)) == BEFORE, "a file was written beside the recordings"


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


BEFORE = sorted(os.listdir(FOLDER))
lobby()
others()
print("done")

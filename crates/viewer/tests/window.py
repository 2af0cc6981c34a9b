#!/usr/bin/python3
# SPDX-License-Identifier: MPL-2.0
"""Does with the viewer what a person does: reads what is on the window through AT-SPI, presses keys and moves the mouse.

window.py VIEWER EXPTOOL FOLDER PART…: runs inside Xvfb and a D-Bus session. What is shown is compared with the tables of frames that
exptool writes.
"""

import csv
import hashlib
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
        begun = time.monotonic()
        try:
            value = found()
        except gi.repository.GLib.Error:
            value = None
        if value:
            return value
        if time.monotonic() > end:
            screen("failed")
            raise AssertionError(f"{what}: not within {patience} s; shown: {shown_texts()}")
        # asking for hundreds of widgets keeps the window from what is waited for
        time.sleep(min(max(0.1, 2 * (time.monotonic() - begun)), 0.5))


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


def choose(name):
    """Goes down a menu to an entry, and takes it."""
    entry = wait(name, lambda: find(name, "menu item"))
    for _ in range(20):
        if entry.get_state_set().contains(Atspi.StateType.FOCUSED):
            key("Return")
            return
        key("Down")
    raise AssertionError(f"{name} is not reached by keys")


def screen(name):
    if SHOTS:
        path = os.path.join(SHOTS, f"{name}.png")
        run("ffmpeg", "-v", "error", "-y", "-f", "x11grab", "-i", os.environ["DISPLAY"], "-frames:v", "1", "-update", "1", path)


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
                if not row["size"]:
                    continue
                camera = int(row["camera"])
                times.setdefault(camera, []).append(row["time_local"])
    return times


def as_shown(time_text):
    """2009-11-10T09:15:30.000-05:00 as the window shows it."""
    # RFC 3339 has -00:00 for an offset that is not known
    return re.sub(r"T(.*)([+-]\d\d:\d\d)$", r" \1 \2", time_text).replace(" -00:00", " (UTC offset unknown)")


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
    if keys:
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


def drawn(area):
    """What is drawn in a part of the window, as pixels."""
    x, y, width, height = area
    return run(
        "ffmpeg", "-v", "error", "-f", "x11grab", "-draw_mouse", "0", "-video_size", f"{width}x{height}",
        "-i", f"{os.environ['DISPLAY']}+{x},{y}", "-frames:v", "1", "-f", "rawvideo", "-pix_fmt", "rgb24", "-",
    )


def looking():
    """The part of a picture that is drawn is that of exptool's picture, enlarged."""
    lobby = os.path.join(FOLDER, "lobby.exp")
    with Viewer(lobby):
        step("enlarges and moves a picture with the mouse, and says so")
        wait("what was found", lambda: says("Clock steps: 1"))
        go_to("09:15:35")
        shows(1, "2009-11-10 09:15:35.000 -05:00")
        exptool_snapshot("lobby.exp", "--camera", "1", "--at", "2009-11-10 09:15:35")
        wanted = os.path.join(WORK, "wanted.png")
        box = next(node for node in nodes(tile(1)) if node.get_name() == "Picture").get_extents(Atspi.CoordType.WINDOW)
        width, height = min(box.width, box.height * 4 // 3), min(box.height, box.width * 3 // 4)
        # GTK draws a border where nobody else does, outside of what has places
        window = next(node for node in nodes(application()) if node.get_role_name() == "frame").get_extents(Atspi.CoordType.WINDOW)
        geometry = run("xdotool", "getwindowfocus", "getwindowgeometry", "--shell").decode()
        border = (int(re.search(r"WIDTH=(\d+)", geometry).group(1)) - window.width) // 2
        left, top = border + box.x + (box.width - width) // 2, border + box.y + (box.height - height) // 2
        # without the frame of the camera that is chosen, and the corner with the badge
        inset = (width // 8, height // 8)
        area = (left + inset[0], top + inset[1], width - 2 * inset[0], height - 2 * inset[1])

        def apart(factor, x, y):
            """How far what is drawn is from a part of the picture: `factor` times enlarged, `x` and `y` of the whole left out before it."""
            place = lambda start, cut, length, whole: (start + cut / factor / length) * whole
            crop = ":".join(str(one) for one in (
                f"w={area[2] / width / factor * 320 * 4:.0f}", f"h={area[3] / height / factor * 240 * 4:.0f}",
                f"x={place(x, inset[0], width, 1280):.0f}", f"y={place(y, inset[1], height, 960):.0f}",
            ))
            scale = f"scale=1280:960:flags=bilinear,crop={crop}:exact=1,scale={area[2]}:{area[3]}:flags=bilinear"
            part = run("ffmpeg", "-v", "error", "-i", wanted, "-vf", scale, "-f", "rawvideo", "-pix_fmt", "rgb24", "-")
            shown = drawn(area)
            assert len(part) == len(shown)
            return sum(abs(a - b) for a, b in zip(part, shown)) / len(part)

        at = (left + width // 4, top + height * 3 // 4)
        run("xdotool", "mousemove", *map(str, at))
        wait("the picture", lambda: apart(1, 0, 0) < 7)
        run("xdotool", "click", "--repeat", "5", "--delay", "60", "4")
        wait("how far it is enlarged", lambda: "3.1 ×" in labels(tile(1)))
        # what the mouse points at stays where it is
        factor = 1.25**5
        x, y = 0.25 * (1 - 1 / factor), 0.75 * (1 - 1 / factor)
        wait("the part of the picture", lambda: apart(factor, x, y) < 7)
        screen("enlarged")
        assert apart(1, 0, 0) > 20
        step("moves it")
        run("xdotool", "mousedown", "1")
        for n in range(1, 5):
            run("xdotool", "mousemove", str(at[0] - n * width // 32), str(at[1] + n * height // 32))
            time.sleep(0.05)
        run("xdotool", "mouseup", "1")
        x, y = x + 0.125 / factor, y - 0.125 / factor
        wait("the other part", lambda: apart(factor, x, y) < 7)
        # no other camera is enlarged, and what is saved is the picture
        assert not [text for text in labels(tile(2)) if "×" in text]
        saved = save_picture("ctrl+s", "whole.png")
        wait("the picture", lambda: os.path.exists(saved) and not find("Saving the picture"))
        assert pixels(saved) == pixels(wanted)
        key("r")
        wait("the whole picture", lambda: apart(1, 0, 0) < 7 and not [text for text in labels(tile(1)) if "×" in text])


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


def rows_of(name):
    """The table of frames, by camera."""
    with open(os.path.join(WORK, "table-" + name.replace("/", "-"), os.path.splitext(os.path.basename(name))[0] + ".csv"), newline="") as file:
        rows = {}
        for row in csv.DictReader(file):
            if row["size"]:
                rows.setdefault(int(row["camera"]), []).append(row)
        return rows


def seconds(text):
    """Seconds of the day of a time as it is shown."""
    hours, minutes, rest = re.search(r"(\d\d):(\d\d):([\d.]+)", text).groups()
    return int(hours) * 3600 + int(minutes) * 60 + float(rest)


def picture_at(path, size, number=0):
    """Grey values of a picture, or of the screen where there is no path."""
    source = ["-i", path] if path else ["-f", "x11grab", "-i", os.environ["DISPLAY"]]
    scale = ["-vf", f"scale={size[0]}:{size[1]}:flags=area"] if size else []
    return run("ffmpeg", "-v", "error", *source, *scale, "-frames:v", "1", "-f", "rawvideo", "-pix_fmt", "gray", "-")


class Axis:
    """The timeline with the mouse: the part of the screen that it takes, and what it says of a point."""

    def __init__(self):
        self.node = find("Timeline")
        box = self.node.get_extents(Atspi.CoordType.WINDOW)
        # a window has a shadow around it, which is not part of it for AT-SPI
        window = run("xdotool", "search", "--onlyvisible", "--name", ".").split()[-1]
        shape = run("xdotool", "getwindowgeometry", "--shell", window, text=True)
        edge = (int(re.search(r"WIDTH=(\d+)", shape).group(1)) - box.width) // 2
        self.left, self.top, self.width = box.x + edge + 112, box.y + edge, box.width - 112

    def point(self, part, row=1, lane=0.25):
        return round(self.left + part * self.width), round(self.top + 20 + 18 * (row - 1) + 18 * lane)

    def texts(self):
        self.node.clear_cache()
        return [text for text in labels(self.node) if re.match(r"\d{4}-\d\d-\d\d ", text)]

    def hover(self, part, row=1, lane=0.25):
        """The lines that are shown for a point."""
        x, y = self.point(part, row, lane)
        run("xdotool", "mousemove", str(x), str(y - 30), "mousemove", str(x - 2), str(y), "sleep", "0.05", "mousemove", str(x), str(y))
        time.sleep(0.3)
        return wait("what is pointed at", self.texts)[0].split("\n")

    def is_at(self, part, wanted, length):
        """Pointing shows a time to the pixel, where so many seconds are as wide as the timeline."""
        shown = seconds(self.hover(part)[0])
        assert abs(shown - wanted) <= 2 * length / self.width, (shown, wanted)


def difference(small, screen_size, screen_pixels, left, top):
    """Mean difference of a small picture of 160x120 and a place of the screen, by each sixth pixel."""
    total = count = 0
    for y in range(6, 120, 6):
        for x in range(6, 160, 6):
            total += abs(small[y * 160 + x] - screen_pixels[(top + y) * screen_size[0] + left + x])
            count += 1
    return total / count


def timeline():
    table("lobby.exp")
    rows = rows_of("lobby.exp")
    begin = seconds("09:15:30")
    whole = 100
    lobby = os.path.join(FOLDER, "lobby.exp")
    with Viewer(lobby):
        step("says what the mouse points at on the timeline, and shows it")
        wait("what was found", lambda: says("Clock steps: 1"))
        axis = Axis()
        pixel = 2 * whole / axis.width
        lines = axis.hover(0.125)
        shown = seconds(lines[0])
        assert abs(shown - begin - 12.5) <= pixel and lines[1] == "motion", lines
        assert lines[0].endswith(" -05:00"), lines
        times = [seconds(row["time_local"]) for row in rows[1]]
        assert rows[1][max(n for n, one in enumerate(times) if one <= shown)]["mode"] == "motion"
        # the keyframe that is nearest, not the one before or after it
        small = {}
        keys = sorted({one for one, row in zip(times, rows[1]) if row["key"] == "1"}, key=lambda one: abs(one - shown))[:3]
        assert len(keys) == 3
        for one in keys:
            path = os.path.join(WORK, "key.png")
            at = f"2009-11-10 {int(one // 3600):02}:{int(one // 60 % 60):02}:{one % 60:06.3f}"
            run(EXPTOOL, "snapshot", lobby, "--camera", "1", "--at", at, "--force", "-o", path)
            small[one] = picture_at(path, (160, 120))
        size = (1280, 860)
        x = axis.point(0.125)[0]

        def nearest_is_shown():
            on_screen = picture_at(None, None)
            places = [(x - 80 + dx, y) for dx in (-1, 0, 1) for y in range(axis.top - 220, axis.top - 100)]
            found = {one: min(difference(small[one], size, on_screen, *place) for place in places) for one in keys}
            return found if found[keys[0]] < 6 else None

        found = wait("the picture", nearest_is_shown)
        assert min(found.values()) == found[keys[0]] and found[keys[1]] > 2 * found[keys[0]], found
        assert axis.hover(0.5)[1:] == ["nothing recorded"]
        # what was recorded twice has both passes below each other
        second = (seconds("09:17:02") - begin) / whole
        assert axis.hover(second, row=2, lane=0.25)[1:] == ["continuous"]
        assert axis.hover(second, row=2, lane=0.7)[1:] == ["instant"]
        run("xdotool", "mousemove", "400", "200")
        wait("that nothing is pointed at", lambda: not axis.texts())

        step("enlarges the time around the mouse with its wheel, and moves it")
        axis.is_at(0.125, begin + 12.5, whole)
        run("xdotool", "click", "--repeat", "3", "--delay", "60", "4")
        length = whole * 0.8**3
        start = begin + 12.5 - 0.125 * length
        axis.is_at(0.125, begin + 12.5, length)
        axis.is_at(0.25, start + 0.25 * length, length)
        run("xdotool", "mousemove", *map(str, axis.point(0.2)), "click", "1")
        wanted = start + 0.2 * length
        there = wait("the place", lambda: abs(seconds(main_clock()) - wanted) < 0.15 and main_clock())
        shows(2, [as_shown(row["time_local"]) for row in rows[2] if as_shown(row["time_local"]) <= there][-1])
        axis.hover(0.3)
        run("xdotool", "keydown", "shift", "click", "--repeat", "2", "--delay", "60", "5", "keyup", "shift")
        start += 0.2 * length
        axis.is_at(0.3, start + 0.3 * length, length)
        for pixels_moved in (-150, -40, 60):
            x, y = axis.point(0.5)
            run("xdotool", "mousemove", str(x), str(y), "mousedown", "2")
            for n in range(1, 6):
                run("xdotool", "mousemove", str(x + pixels_moved * n // 5), str(y))
                time.sleep(0.05)
            run("xdotool", "mouseup", "2")
            start -= pixels_moved / axis.width * length
            axis.is_at(0.3, start + 0.3 * length, length)
        key("ctrl+0")
        axis.is_at(0.25, begin + 25, whole)
        key("Home", "ctrl+plus")
        axis.is_at(0.5, begin + 25, whole / 2)
        key("ctrl+minus")
        axis.is_at(0.5, begin + 50, whole)


def marks():
    times = {camera: [as_shown(one) for one in all] for camera, all in table("lobby.exp").items()}
    alarm = next(row["time_local"] for row in rows_of("lobby.exp")[1] if row["mode"] == "alarm")
    # a file of its own, which has no bookmarks yet
    path = os.path.join(WORK, "marks.exp")
    shutil.copy(os.path.join(FOLDER, "lobby.exp"), path)
    with Viewer(path):
        step("goes from bookmark to bookmark, in both passes of a time, and from alarm to alarm")
        wait("what was found", lambda: says("Clock steps: 1"))
        go_to("09:17:03")
        shows(2, "2009-11-10 09:17:03.000 -05:00")
        places = [("2009-11-10 09:17:03.000 -05:00", "2 · Gate · continuous")]
        key("n", "ctrl+d", "Return")
        key("period")
        shows(2, "2009-11-10 09:17:03.100 -05:00")
        places.append(("2009-11-10 09:17:03.100 -05:00", "2 · Gate · continuous"))
        key("ctrl+d", "Return")
        # the same moment in the second pass
        key("Home", "ctrl+Right", "ctrl+Right")
        shows(2, "2009-11-10 09:17:00.000 -05:00")
        go_to("09:17:03")
        shows(2, "2009-11-10 09:17:03.000 -05:00")
        wait("the second pass", lambda: says("2 · Gate · instant"))
        places.append(("2009-11-10 09:17:03.000 -05:00", "2 · Gate · instant"))
        key("ctrl+d", "Return")
        key("Home", "shift+n")
        for found in [places, places[1::-1]]:
            for text, name in found:
                key("ctrl+Page_Down" if found is places else "ctrl+Page_Up")
                shows(2, text)
                wait("its pass", lambda: name in labels(tile(2)))
            if found is places:
                # what is said goes away by itself
                wait("that this was the last", lambda: key("ctrl+Page_Down") or says("There is no other bookmark in this direction"))
        # stepping shows that the bookmark's camera was chosen
        key("comma")
        shows(2, times[2][times[2].index(places[0][0]) - 1])
        key("alt+Page_Up")
        shows(1, as_shown(alarm))
        wait("the alarm", lambda: says("1 · Front door · alarm"))
        wait("that this was the first", lambda: key("alt+Page_Up") or says("There is no other alarm in this direction"))
        key("End", "alt+Page_Up")
        shows(1, as_shown(alarm))
        key("Home", "alt+Page_Down")
        shows(1, as_shown(alarm))

        step("plays backwards to the beginning, through frames that were recorded")
        go_to("09:15:33")
        shows(1, "2009-11-10 09:15:33.000 -05:00")
        # slowly, for what looks on
        key("j", "minus", "minus")
        # each change of speed begins anew where it was heard
        time.sleep(1.5)
        gate, seen = tile(2), []
        shown = lambda: next((text for text in labels(gate) if CLOCK.fullmatch(text)), None)
        wait("the beginning", lambda: seen.append(shown()) or seen[-1] == times[2][0])
        seen = [one for one in seen if one]
        assert seen == sorted(seen, reverse=True) and set(seen) <= set(times[2][:31]), seen
        assert len(set(seen)) >= 3, seen
        time.sleep(1)
        for camera in range(1, 5):
            shows(camera, times[camera][0])
        assert main_clock() == times[1][0]
        # it ended there, and space plays forwards
        key("space")
        wait("playback", lambda: (main_clock() or "") > times[1][10])
        key("k")


CLIPBOARD = """
import sys
import gi
gi.require_version("Gtk", "4.0")
from gi.repository import Gdk, GLib, Gtk
Gtk.init()
loop = GLib.MainLoop()
found = []
def done(clipboard, result):
    loop.quit()
    found.append(clipboard.read_texture_finish(result).save_to_png(sys.argv[1]))
Gdk.Display.get_default().get_clipboard().read_texture_async(None, done)
loop.run()
sys.exit(not found)
"""


def pictures():
    lobby = os.path.join(FOLDER, "lobby.exp")
    table("lobby.exp")
    row = next(row for row in rows_of("lobby.exp")[2] if row["time_local"].startswith("2009-11-10T09:15:35.300"))
    with open(lobby, "rb") as file:
        sum_of_file = hashlib.sha256(file.read()).hexdigest()
    with Viewer(lobby):
        step("writes time, camera and hashes into pictures, PNG and JPEG")
        wait("what was found", lambda: says("Clock steps: 1"))
        key("n")
        go_to("09:15:35.300")
        shows(2, "2009-11-10 09:15:35.300 -05:00")
        for name in ("still.png", "still.jpg"):
            path = save_picture("ctrl+s", name)
            wait("the picture", lambda: os.path.exists(path) and not find("Saving the picture"))
            with open(path, "rb") as file:
                data = file.read()
            assert data.startswith(b"\x89PNG" if name.endswith("png") else b"\xff\xd8\xff"), data[:4]
            for text in ("2009-11-10 09:15:35.300 -05:00", "camera 2 (Gate)", "lobby.exp", sum_of_file, row["sha256"]):
                assert text.encode() in data, (name, text)
            wanted = os.path.join(WORK, "wanted-" + name)
            run(EXPTOOL, "snapshot", lobby, "--camera", "2", "--at", "2009-11-10 09:15:35.300", "--force", "-o", wanted)
            assert pixels(path) == pixels(wanted), name
        still = pixels(os.path.join(WORK, "still.png"))
        lossy = pixels(os.path.join(WORK, "still.jpg"))
        assert sum(abs(a - b) for a, b in zip(still, lossy)) / len(still) < 8

        step("copies the picture")
        key("ctrl+c")
        pasted = os.path.join(WORK, "pasted.png")
        paste = ["/usr/bin/python3", "-c", CLIPBOARD, pasted]
        wait("the picture", lambda: subprocess.run(paste, timeout=PATIENCE, stderr=subprocess.DEVNULL).returncode == 0)
        assert pixels(pasted) == still
        assert not [name for name in os.listdir("/tmp") if name.startswith("exp-viewer-")]


def text_of(name):
    """The text of a window that exptool's output is shown in."""

    def found():
        for node in nodes(application()):
            if node.get_role_name() == "text" and node.get_name() == name and is_shown(node):
                return Atspi.Text.get_text(node, 0, Atspi.Text.get_character_count(node))
        return None

    return wait(name, found)


def documents():
    lobby, plv1 = os.path.join(FOLDER, "lobby.exp"), os.path.join(FOLDER, "other", "plv1.avi")
    damaged = os.path.join(FOLDER, "damaged.exp")
    words = set()
    for path in (lobby, plv1, damaged):
        with Viewer(path):
            step(f"shows details of {os.path.basename(path)}, and verifies it, as exptool does")
            wait("the recording", lambda: tile(1) and tile_time(1))
            for keys, name, command in (("ctrl+i", "File details", "info"), ("ctrl+shift+v", "Verification", "verify")):
                key(keys)
                shown = text_of(name)
                wanted = subprocess.run([EXPTOOL, "--no-progress", command, path], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
                assert shown.split() == (wanted.stdout + wanted.stderr).split(), (shown, wanted)
                words.update(re.findall(r"verified|stated|assumed", shown))
                if command == "verify":
                    assert ("no problems found" in shown) == (path != damaged), shown
                    screen("verify-" + os.path.basename(path))
                key("Escape")
                wait("the window to close", lambda: not find(name, "text"))
    assert {"verified", "assumed"} <= words, words
    with Viewer(damaged):
        step("writes a report with the bookmarks, of a damaged recording too")
        wait("the damage", lambda: says("Damaged places: "))
        key("ctrl+d")
        wait("the note", lambda: find("Note on 2009-11-10 09:15:30.000 -05:00"))
        time.sleep(0.5)
        type_text("seen by A. Nybody")
        key("Return")
        click("Main menu")
        choose("Write a report")
        page = save_picture(None, "report.html")
        wait("the report", lambda: os.path.exists(page) and not find("Writing the report"))
        assert not [text for text in shown_texts() if page in text and "Saved as" not in text]
        with open(page) as file, open(damaged, "rb") as recorded:
            text = file.read()
            assert "seen by A. Nybody" in text and hashlib.sha256(recorded.read()).hexdigest() in text


def exporting():
    lobby = os.path.join(FOLDER, "lobby.exp")
    times = [as_shown(one) for one in table("lobby.exp")[2]]

    def export_to(folder):
        os.mkdir(folder)
        click("Choose a folder")
        wait("the folders", lambda: find("Export"))
        time.sleep(1)
        type_text(folder + "/")
        time.sleep(1)
        key("Return")

    with Viewer(lobby):
        step("exports what is between A and B, by a purpose")
        wait("what was found", lambda: says("Clock steps: 1"))
        key("n")
        for text, mark in (("09:15:40", "a"), ("09:15:42", "b")):
            go_to(text)
            shows(2, f"2009-11-10 {text}.000 -05:00")
            key(mark)
        key("ctrl+e")
        wait("the dialog", lambda: find("Purpose", "combo box"))
        time.sleep(0.5)
        screen("export")
        key("space", "End", "Return")
        time.sleep(0.5)
        part = os.path.join(WORK, "part")
        export_to(part)
        wait("the clip", lambda: any(name.endswith(".mkv") for name in os.listdir(part)) and not find("Exporting"))
        names = sorted(os.listdir(part))
        clip = next(name for name in names if name.endswith(".mkv"))
        assert any(name.endswith(".csv") for name in names), names
        count = run(
            "ffprobe", "-v", "error", "-count_frames", "-select_streams", "v", "-show_entries", "stream=nb_read_frames",
            "-of", "csv=p=0", os.path.join(part, clip),
        )
        inside = [one for one in times if "2009-11-10 09:15:40" <= one <= "2009-11-10 09:15:42.000 -05:00"]
        assert int(count) in (len(inside), len(inside) - 1), (count, len(inside))
        key("shift+l")

        step("leaves nothing of an export that was cancelled")
        key("ctrl+e")
        wait("the dialog", lambda: find("Purpose", "combo box"))
        time.sleep(0.5)
        key("space", "Home", "Down", "Return")
        time.sleep(0.5)
        # all cameras
        key("Tab", "space", "Home", "Return")
        time.sleep(0.5)
        out = os.path.join(WORK, "cancelled")
        export_to(out)
        wait("something half written", lambda: find("Exporting") and any(os.path.getsize(os.path.join(out, name)) for name in os.listdir(out)))
        screen("exporting")
        key("Escape")
        wait("its end, and that nothing is left", lambda: not find("Exporting") and os.listdir(out) == [])
        time.sleep(1)
        assert os.listdir(out) == [], os.listdir(out)


def recent():
    state = os.path.join(os.environ["XDG_STATE_HOME"], "exp-viewer", "state.toml")
    files = [os.path.join(FOLDER, name) for name in ("yard-1.exp", "lobby.exp")]
    for path in files:
        with Viewer(path):
            wait("the recording", lambda: tile(1) and tile_clock(1))
    step("opens what was opened before, from the menu, and forgets it")
    with Viewer():
        wait("the first page", lambda: find("Open a folder"))
        click("Recent files")
        wait("the newest", lambda: find("lobby.exp", "menu item"))
        screen("recent")
        shown = [node.get_name() for node in nodes(application()) if node.get_role_name() == "menu item" and is_shown(node)]
        assert shown.index("lobby.exp") < shown.index("yard-1.exp"), shown
        choose("yard-1.exp")
        wait("the recording", lambda: says("YARD-DVR"))
        shows(1, "2009-11-10 09:15:30.000 -05:00")
        click("Recent files")
        choose("Forget recent files")
        wait("that it is forgotten", lambda: "lobby.exp" not in open(state).read())
    assert "yard-1.exp" not in open(state).read()


def families():
    for name in ("other/plv1.avi", "other/unit.par"):
        title = os.path.basename(name)
        step(f"plays {title} with no other digits of the time than were recorded")
        table(name)
        rows = rows_of(name)
        with Viewer(os.path.join(FOLDER, name)):
            for camera in rows:
                wanted = as_shown(rows[camera][0]["time_local"])
                wait(f"camera {camera} at {wanted}", lambda: tile_time(camera) == wanted)
            wait("all of it", lambda: says("Runs: 1"))
            for n in (1, 2):
                key("period")
                for camera in rows:
                    wanted = as_shown(rows[camera][n]["time_local"])
                    wait(f"camera {camera} at {wanted}", lambda: tile_time(camera) == wanted)
            first = min(rows)
            path = save_picture("ctrl+s", title + ".png")
            wait("the picture", lambda: os.path.exists(path) and not find("Saving the picture"))
            # by a second way: all frames of the file, in their order
            folder = os.path.join(WORK, "frames-" + title)
            run(EXPTOOL, "--no-progress", "convert", os.path.join(FOLDER, name), "--camera", str(first), "--to", "mkv", "-o", folder + "/")
            converted = os.path.join(folder, next(one for one in os.listdir(folder) if one.endswith(".mkv")))
            frames = run("ffmpeg", "-v", "error", "-i", converted, "-frames:v", "3", "-f", "rawvideo", "-pix_fmt", "rgb24", "-")
            saved = pixels(path)
            apart = lambda n: sum(abs(a - b) for a, b in zip(saved, frames[n * len(saved) : (n + 1) * len(saved)])) / len(saved)
            assert apart(2) < 3 and apart(1) > apart(2), (apart(1), apart(2))
            key("End")
            wanted = as_shown(rows[first][-1]["time_local"])
            wait("the end", lambda: tile_time(first) == wanted)
            key("j")
            wait("it to go back", lambda: (tile_time(first) or "9") < as_shown(rows[first][-15]["time_local"]))
            key("k")
            time.sleep(0.5)
            assert tile_time(first) in {as_shown(row["time_local"]) for row in rows[first]}
            screen(title)


def keys():
    step("lists all keys, and has a name for all that is pressed")
    source = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "src", "model", "shortcuts.rs")
    with open(source) as file:
        table = re.findall(r'key\(\s*"[a-z0-9-]+",\s*"[^"]+",\s*"([^"]+)",?\s*\)', file.read())
    assert len(table) > 45, len(table)
    with Viewer(os.path.join(FOLDER, "lobby.exp")):
        wait("what was found", lambda: says("Clock steps: 1"))
        key("F9")
        pressed = ("push button", "toggle button", "entry", "slider", "combo box", "list", "image", "menu item")
        nameless = [
            node.get_role_name() + " " + node.get_name()
            for node in nodes(application())
            if node.get_role_name() in pressed and re.match("Gtk|Adw|ExpScreen|ExpTimeline|$", node.get_name()) and is_shown(node)
            # what GTK puts together of several parts has its name outside, and what is not shown yet has none
            and node.get_parent().get_role_name() not in ("combo box", "slider") and not find_above(node, "GtkInfoBar")
        ]
        assert nameless == [], nameless
        key("F1")
        wait("the list", lambda: set(table) <= set(labels(application())))
        key("Escape")
        wait("its end", lambda: not find("Keyboard shortcuts", "frame"))


def find_above(node, name):
    while node:
        if node.get_name() == name:
            return node
        node = node.get_parent()
    return None


BEFORE = [(place, sorted(names)) for place, _, names in os.walk(FOLDER)]
for part in sys.argv[4:]:
    globals()[part]()
assert [(place, sorted(names)) for place, _, names in os.walk(FOLDER)] == BEFORE, "a file was written beside the recordings"
print("done")

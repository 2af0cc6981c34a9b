#!/usr/bin/python3
# SPDX-License-Identifier: MPL-2.0
"""Decodes all cameras of a recording in sync and shows them side by side, two in a row, with their audio.

The cell of a camera that has not begun or has ended is black. Cells are 320x240 square pixels, whatever the cameras' sizes.
Needs python3-gi and python3-gst-1.0, and the plugin on GST_PLUGIN_PATH.

usage: decode_all.py FILE [VIDEO [AUDIO]]    sinks in the syntax of gst-launch-1.0, default: autovideosink autoaudiosink"""
import sys

import gi

gi.require_version("Gst", "1.0")
from gi.repository import Gst

WIDTH, HEIGHT = 320, 240


def main(path, video="autovideosink", audio="autoaudiosink"):
    Gst.init(None)
    pipeline = Gst.parse_launch(
        "filesrc name=source ! decodebin name=decode "
        f"compositor name=all background=black ! videoconvert ! {video}"
    )
    pipeline.get_by_name("source").set_property("location", path)
    compositor, cells = pipeline.get_by_name("all"), []

    def added(_decode, pad):
        # A camera that begins later has no caps yet.
        kind = (pad.get_current_caps() or pad.query_caps()).get_structure(0).get_name()
        # Each pad has a queue, so that no camera waits for another one.
        texts = {
            "video/x-raw": "queue ! videoconvert ! videoscale ! "
            f"capsfilter caps=video/x-raw,width={WIDTH},height={HEIGHT},pixel-aspect-ratio=1/1",
            "audio/x-raw": f"queue ! audioconvert ! audioresample ! {audio}",
        }
        branch = Gst.parse_bin_from_description(texts.get(kind, "queue ! fakesink"), True)
        pipeline.add(branch)
        if kind == "video/x-raw":
            cell = compositor.request_pad_simple("sink_%u")
            cell.set_property("xpos", len(cells) % 2 * WIDTH)
            cell.set_property("ypos", len(cells) // 2 * HEIGHT)
            cells.append(cell)
            branch.get_static_pad("src").link(cell)
        branch.sync_state_with_parent()
        pad.link(branch.get_static_pad("sink"))

    pipeline.get_by_name("decode").connect("pad-added", added)
    pipeline.set_state(Gst.State.PLAYING)
    ends = Gst.MessageType.EOS | Gst.MessageType.ERROR
    message = pipeline.get_bus().timed_pop_filtered(Gst.CLOCK_TIME_NONE, ends)
    pipeline.set_state(Gst.State.NULL)
    if message.type == Gst.MessageType.ERROR:
        sys.exit(message.parse_error()[0].message)


if __name__ == "__main__":
    if not 2 <= len(sys.argv) <= 4:
        sys.exit(__doc__)
    main(*sys.argv[1:])

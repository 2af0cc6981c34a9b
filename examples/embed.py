#!/usr/bin/python3
# SPDX-License-Identifier: MPL-2.0
"""Opens a recording in a Python application: lists its cameras with their titles, the number of frames, and the
recorder's time of the first and the last one. Needs python3-gi and python3-gst-1.0, and the plugin on GST_PLUGIN_PATH.

usage: embed.py FILE.exp"""
import sys
from datetime import datetime, timezone

import gi

gi.require_version("Gst", "1.0")
from gi.repository import Gst

UNIX = "timestamp/x-unix"


def recorder_time(buffer):
    """When the recorder took the frame, in nanoseconds since 1970."""
    meta = buffer.get_reference_timestamp_meta(Gst.Caps.from_string(UNIX))
    return meta.timestamp if meta else None


def title(pad):
    """The camera's title, of the tags that the pad keeps."""
    found, n = "", 0
    while event := pad.get_sticky_event(Gst.EventType.TAG, n):
        known, text = event.parse_tag().get_string(Gst.TAG_TITLE)
        found, n = text if known else found, n + 1
    return found


def text(ns):
    return datetime.fromtimestamp(ns // Gst.SECOND, timezone.utc).strftime("%Y-%m-%d %H:%M:%S")


def main(path):
    Gst.init(None)
    pipeline = Gst.Pipeline.new()
    source = Gst.ElementFactory.make("filesrc")
    demux = Gst.ElementFactory.make("expdemux")
    if demux is None:
        sys.exit("no expdemux: is the plugin on GST_PLUGIN_PATH?")
    source.set_property("location", path)
    pipeline.add(source)
    pipeline.add(demux)
    source.link(demux)
    times = {}

    def frame(pad, info, _data=None):
        times.setdefault(pad.get_name(), []).append(recorder_time(info.get_buffer()))
        return Gst.PadProbeReturn.OK

    def added(_demux, pad):
        # Each pad has a queue, so that no camera waits for another one. An application would put a decoder and a window after it.
        branch = Gst.parse_bin_from_description("queue ! fakesink", True)
        pipeline.add(branch)
        branch.sync_state_with_parent()
        pad.link(branch.get_static_pad("sink"))
        if pad.get_name().startswith("video"):
            pad.add_probe(Gst.PadProbeType.BUFFER, frame)

    demux.connect("pad-added", added)
    pipeline.set_state(Gst.State.PLAYING)
    ends = Gst.MessageType.EOS | Gst.MessageType.ERROR
    message = pipeline.get_bus().timed_pop_filtered(Gst.CLOCK_TIME_NONE, ends)
    if message.type == Gst.MessageType.ERROR:
        sys.exit(message.parse_error()[0].message)
    for name in sorted(times):
        seen = [time for time in times[name] if time is not None]
        about = title(demux.get_static_pad(name))
        print(f'{name} "{about}": {len(seen)} frames from {text(seen[0])} to {text(seen[-1])}')
    pipeline.set_state(Gst.State.NULL)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(sys.argv[1])

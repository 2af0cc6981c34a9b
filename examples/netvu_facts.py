#!/usr/bin/python3
# SPDX-License-Identifier: MPL-2.0
"""Prints what a NetVu unit recorded about each frame: one line a frame, with the recorder's time and the fields of its
GstNetVuFactsMeta. Decoders copy that meta to the raw frame, as they do with the reference timestamp, so it can be read there as well.
Needs python3-gi and python3-gst-1.0, and the plugin on GST_PLUGIN_PATH.

usage: netvu_facts.py FILE.par"""
import sys
from datetime import datetime, timezone

import gi

gi.require_version("Gst", "1.0")
from gi.repository import Gst

UNIX = "timestamp/x-unix"


def main(path):
    Gst.init(None)
    pipeline = Gst.parse_launch("filesrc name=source ! netvudemux name=demux frame-facts=all")
    pipeline.get_by_name("source").set_property("location", path)

    def frame(_pad, info, name):
        buffer = info.get_buffer()
        time = buffer.get_reference_timestamp_meta(Gst.Caps.from_string(UNIX))
        date = datetime.fromtimestamp(time.timestamp / Gst.SECOND, timezone.utc) if time else "unknown time"
        meta = buffer.get_custom_meta("GstNetVuFactsMeta")
        facts = meta.get_structure() if meta else None
        fields = [facts.nth_field_name(n) for n in range(facts.n_fields())] if facts else []
        print(name, date, *(f"{field}={facts.get_value(field)!r}" for field in fields))
        return Gst.PadProbeReturn.OK

    def added(_demux, pad):
        if pad.get_name().startswith("video"):
            pad.add_probe(Gst.PadProbeType.BUFFER, frame, pad.get_name())
        branch = Gst.parse_bin_from_description("queue ! fakesink", True)
        pipeline.add(branch)
        branch.sync_state_with_parent()
        pad.link(branch.get_static_pad("sink"))

    pipeline.get_by_name("demux").connect("pad-added", added)
    pipeline.set_state(Gst.State.PLAYING)
    ends = Gst.MessageType.EOS | Gst.MessageType.ERROR
    message = pipeline.get_bus().timed_pop_filtered(Gst.CLOCK_TIME_NONE, ends)
    pipeline.set_state(Gst.State.NULL)
    if message.type == Gst.MessageType.ERROR:
        sys.exit(message.parse_error()[0].message)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(sys.argv[1])

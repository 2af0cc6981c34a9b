#!/usr/bin/python3
# SPDX-License-Identifier: MPL-2.0
"""Seeks to a time of the recorder's clock and prints where each camera continues.

The query `exp-clock` gives the stream time without seeking; the action signal `seek-clock` seeks. Where nothing was recorded at
that time, the element message `exp-clock-seek` says where the seek went.
Needs python3-gi and python3-gst-1.0, and the plugin on GST_PLUGIN_PATH.

usage: seek_clock.py FILE.exp '2009-11-10 14:15:33'    (UTC)"""
import sys
from datetime import datetime, timezone

import gi

gi.require_version("Gst", "1.0")
from gi.repository import Gst

UNIX = "timestamp/x-unix"


def text(ns):
    return datetime.fromtimestamp(ns / Gst.SECOND, timezone.utc).strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]


def stream_time(demux, clock):
    """Stream time of a recorder's time, and whether something was recorded then."""
    asked = Gst.Structure.new_from_string(f"exp-clock, clock=(guint64){clock}")
    query = Gst.Query.new_custom(Gst.QueryType.CUSTOM, asked)
    if not demux.srcpads[0].query(query):
        return None, False
    answer = query.get_structure()
    return answer.get_uint64("stream-time").value, answer.get_boolean("recorded").value


def main(path, time):
    clock = int(datetime.fromisoformat(time).replace(tzinfo=timezone.utc).timestamp()) * Gst.SECOND
    Gst.init(None)
    pipeline = Gst.parse_launch("filesrc name=source ! expdemux name=demux")
    pipeline.get_by_name("source").set_property("location", path)
    demux, sinks = pipeline.get_by_name("demux"), {}

    def added(_demux, pad):
        branch = Gst.parse_bin_from_description("queue ! fakesink name=out enable-last-sample=true", True)
        sinks[pad.get_name()] = branch.get_by_name("out")
        pipeline.add(branch)
        branch.sync_state_with_parent()
        pad.link(branch.get_static_pad("sink"))

    demux.connect("pad-added", added)
    bus = pipeline.get_bus()

    def wait():
        """Waits until each sink has a frame, and prints what the demuxer reports."""
        kinds = Gst.MessageType.ASYNC_DONE | Gst.MessageType.ELEMENT | Gst.MessageType.ERROR
        while message := bus.timed_pop_filtered(Gst.CLOCK_TIME_NONE, kinds):
            if message.type == Gst.MessageType.ERROR:
                sys.exit(message.parse_error()[0].message)
            if message.type == Gst.MessageType.ASYNC_DONE:
                return
            report = message.get_structure()
            if report.get_name() == "exp-clock-seek":
                where, reached = report.get_string("where"), report.get_uint64("reached").value
                print(f"not recorded ({where}); the seek goes to {text(reached)}")

    pipeline.set_state(Gst.State.PAUSED)
    wait()
    position, recorded = stream_time(demux, clock)
    if position is not None:
        print(f"stream time {position / Gst.SECOND:.3f} s, {'recorded' if recorded else 'not recorded'}")
    if not demux.emit("seek-clock", clock, 0, Gst.SeekFlags.FLUSH | Gst.SeekFlags.ACCURATE):
        sys.exit("the recording cannot be sought in, or has no clock")
    wait()
    for name in sorted(sinks):
        sample = sinks[name].get_property("last-sample")
        meta = sample and sample.get_buffer().get_reference_timestamp_meta(Gst.Caps.from_string(UNIX))
        print(f"{name}: {text(meta.timestamp) if meta else 'nothing there'}")
    pipeline.set_state(Gst.State.NULL)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(*sys.argv[1:])

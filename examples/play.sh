#!/bin/bash
# SPDX-License-Identifier: MPL-2.0
# Plays recordings in a window: examples/play.sh FILE… [options of gst-play-1.0]
# Any player that is built on GStreamer does the same once it finds the plugin (totem, parole, Clapper, …).
exec gst-play-1.0 "$@"

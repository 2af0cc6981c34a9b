#!/bin/bash
# SPDX-License-Identifier: MPL-2.0
# Makes of a recording what a broadcast chain takes: H.264 of constant rate and 25 frames per second in an MPEG transport
# stream, with the recorder's clock (UTC) in the picture.
# usage: examples/transcode.sh FILE.exp OUT.ts [KBIT]
set -euo pipefail
[ $# -ge 2 ] || { sed -n 's/^# usage: /usage: /p' "$0" >&2; exit 2; }
in=$1 out=$2 kbit=${3:-1000}

# Recorders keep 1 to 30 frames per second and leave gaps: videorate repeats frames until the rate is constant.
# The encoder fills up to the rate (nal-hrd), and the multiplexer pads the stream with null packets above it.
exec gst-launch-1.0 -q filesrc location="$in" ! expdemux gap-policy=preserve camera=1 \
    ! queue ! avdec_mpeg4 ! videoconvert \
    ! timeoverlay time-mode=reference-timestamp reference-timestamp-caps=timestamp/x-unix show-times-as-dates=true \
      datetime-epoch=1970-01-01T00:00:00Z \
    ! videorate ! videoscale ! video/x-raw,format=I420,framerate=25/1,width=704,height=576,pixel-aspect-ratio=12/11 \
    ! x264enc pass=cbr bitrate="$kbit" vbv-buf-capacity=1000 key-int-max=25 bframes=0 option-string=nal-hrd=cbr:force-cfr=1 \
    ! h264parse ! mpegtsmux bitrate=$((kbit * 1200)) alignment=7 ! filesink location="$out"

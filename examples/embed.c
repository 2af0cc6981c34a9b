// SPDX-License-Identifier: MPL-2.0
// Opens a recording in a C application: lists its cameras with their titles, the number of frames, and the recorder's time
// of the first and the last one. The plugin has to be on GST_PLUGIN_PATH.
//
// cc embed.c -o embed $(pkg-config --cflags --libs gstreamer-1.0) && ./embed FILE.exp
//
// With the plugin linked in, it has to be on no path (libgstexp.a and gstexp.pc are installed by Meson):
// cc -DLINKED_IN embed.c -o embed $(pkg-config --static --cflags --libs gstexp gstreamer-1.0)
#include <gst/gst.h>

#ifdef LINKED_IN
GST_PLUGIN_STATIC_DECLARE(exp);
#endif

typedef struct {
  guint frames;
  GstClockTime first, last;
} Camera;

static GstPadProbeReturn frame(GstPad *pad, GstPadProbeInfo *info, gpointer data) {
  static GstStaticCaps unix_caps = GST_STATIC_CAPS("timestamp/x-unix");
  Camera *camera = data;
  GstCaps *caps = gst_static_caps_get(&unix_caps);
  GstReferenceTimestampMeta *meta =
      gst_buffer_get_reference_timestamp_meta(GST_PAD_PROBE_INFO_BUFFER(info), caps);
  gst_caps_unref(caps);
  if (meta) {
    if (camera->frames++ == 0)
      camera->first = meta->timestamp;
    camera->last = meta->timestamp;
  }
  return GST_PAD_PROBE_OK;
}

static void pad_added(GstElement *demux, GstPad *pad, gpointer pipeline) {
  // Each pad has a queue, so that no camera waits for another one. An application would put a decoder and a window after it.
  GstElement *queue = gst_element_factory_make("queue", NULL), *sink = gst_element_factory_make("fakesink", NULL);
  gst_bin_add_many(GST_BIN(pipeline), queue, sink, NULL);
  gst_element_link(queue, sink);
  gst_element_sync_state_with_parent(sink);
  gst_element_sync_state_with_parent(queue);
  GstPad *sink_pad = gst_element_get_static_pad(queue, "sink");
  gst_pad_link(pad, sink_pad);
  gst_object_unref(sink_pad);
  if (g_str_has_prefix(GST_PAD_NAME(pad), "video")) {
    Camera *camera = g_new0(Camera, 1);
    g_object_set_data_full(G_OBJECT(pad), "camera", camera, g_free);
    gst_pad_add_probe(pad, GST_PAD_PROBE_TYPE_BUFFER, frame, camera, NULL);
  }
}

static gchar *text(GstClockTime time) {
  GDateTime *date = g_date_time_new_from_unix_utc(time / GST_SECOND);
  gchar *text = g_date_time_format(date, "%Y-%m-%d %H:%M:%S");
  g_date_time_unref(date);
  return text;
}

static gboolean print_camera(GstElement *demux, GstPad *pad, gpointer data) {
  Camera *camera = g_object_get_data(G_OBJECT(pad), "camera");
  GstEvent *event;
  gchar *title = NULL;
  if (!camera || !camera->frames)
    return TRUE;
  for (guint n = 0; (event = gst_pad_get_sticky_event(pad, GST_EVENT_TAG, n)); n++) {
    GstTagList *tags;
    gst_event_parse_tag(event, &tags);
    gst_tag_list_get_string(tags, GST_TAG_TITLE, &title);
    gst_event_unref(event);
  }
  gchar *first = text(camera->first), *last = text(camera->last);
  g_print("%s \"%s\": %u frames from %s to %s\n", GST_PAD_NAME(pad), title ? title : "", camera->frames, first, last);
  g_free(title), g_free(first), g_free(last);
  return TRUE;
}

int main(int argc, char **argv) {
  gst_init(&argc, &argv);
#ifdef LINKED_IN
  GST_PLUGIN_STATIC_REGISTER(exp);
#endif
  GstElement *demux = gst_element_factory_make("expdemux", NULL);
  if (argc != 2 || !demux) {
    g_printerr(demux ? "usage: embed FILE.exp\n" : "no expdemux: is the plugin on GST_PLUGIN_PATH?\n");
    return 2;
  }
  GstElement *pipeline = gst_pipeline_new(NULL), *source = gst_element_factory_make("filesrc", NULL);
  g_object_set(source, "location", argv[1], NULL);
  gst_bin_add_many(GST_BIN(pipeline), source, demux, NULL);
  gst_element_link(source, demux);
  g_signal_connect(demux, "pad-added", G_CALLBACK(pad_added), pipeline);
  gst_element_set_state(pipeline, GST_STATE_PLAYING);
  GstBus *bus = gst_element_get_bus(pipeline);
  GstMessage *end = gst_bus_timed_pop_filtered(bus, GST_CLOCK_TIME_NONE, GST_MESSAGE_EOS | GST_MESSAGE_ERROR);
  int failed = GST_MESSAGE_TYPE(end) == GST_MESSAGE_ERROR;
  if (!failed)
    gst_element_foreach_src_pad(demux, print_camera, NULL);
  gst_element_set_state(pipeline, GST_STATE_NULL);
  gst_message_unref(end), gst_object_unref(bus), gst_object_unref(pipeline);
  return failed;
}

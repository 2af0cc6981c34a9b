// SPDX-License-Identifier: MPL-2.0
//! The timeline: a row for each camera with its runs coloured by mode, gaps, damage, alarms, clock steps, bookmarks, and the moment
//! that is played. Below each other in a row: the passes of an hour that was recorded twice.

use super::{colour, mode_text};
use crate::model::{
    axis::{View, label_step},
    recording::Recording,
    words::{tr, trf},
};
use formats::{timeline::SECOND, zone::duration};
use gtk::{gdk, glib, graphene, pango, prelude::*, subclass::prelude::*};
use std::{
    cell::{Cell, RefCell},
    rc::Rc,
};

/// Width of the names, height of the labels, of a row, and around its bars.
const NAMES: f32 = 112.0;
const LABELS: f32 = 20.0;
const ROW: f32 = 18.0;
const AROUND: f32 = 3.0;
/// Pixels between two labels.
const SPACING: f64 = 120.0;
/// Bars of a row that are drawn: there are no more pixels than these.
const MAX_BARS: usize = 20_000;

/// What somebody does with the timeline.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Act {
    /// Points at a time: where in the widget.
    Hover(f64),
    /// Points at nothing any more.
    Leave,
    /// Drags to a time.
    Drag,
    /// Clicked at a time, or let go of it.
    Release,
}

/// A time on the timeline: nanoseconds of the recorder's clock, and which pass of a repeated hour.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ActPlace {
    pub clock: i64,
    pub pass: u32,
    /// Camera of the row, 0 = none.
    pub camera: u16,
}

type Handler = Box<dyn Fn(Act, ActPlace)>;

/// What is drawn beside the recording.
#[derive(Clone, Debug, Default)]
pub struct Marks {
    pub bookmarks: Vec<i64>,
    pub a: Option<i64>,
    pub b: Option<i64>,
}

mod imp {
    use super::*;

    #[derive(Default)]
    pub struct Timeline {
        pub recording: RefCell<Rc<Recording>>,
        pub view: Cell<Option<View>>,
        pub position: Cell<Option<i64>>,
        pub hover: Cell<Option<f64>>,
        pub marks: RefCell<Marks>,
        pub handler: RefCell<Option<Handler>>,
        pub reading: Cell<Option<f64>>,
        pub dragging: Cell<bool>,
    }

    #[glib::object_subclass]
    impl ObjectSubclass for Timeline {
        const NAME: &'static str = "ExpTimeline";
        type Type = super::Timeline;
        type ParentType = gtk::Widget;

        fn class_init(class: &mut Self::Class) {
            class.set_accessible_role(gtk::AccessibleRole::Img);
            class.set_css_name("timeline");
        }
    }

    impl ObjectImpl for Timeline {
        fn constructed(&self) {
            self.parent_constructed();
            self.obj().connect();
        }
    }

    impl WidgetImpl for Timeline {
        fn snapshot(&self, snapshot: &gtk::Snapshot) {
            self.obj().draw(snapshot);
        }

        fn measure(&self, orientation: gtk::Orientation, _: i32) -> (i32, i32, i32, i32) {
            match orientation {
                gtk::Orientation::Horizontal => (240, 600, -1, -1),
                _ => {
                    let rows = self.recording.borrow().rows.len().max(1);
                    let height = (LABELS + ROW * rows as f32 + 4.0) as i32;
                    (height, height, -1, -1)
                }
            }
        }
    }
}

glib::wrapper! {
    /// The timeline.
    pub struct Timeline(ObjectSubclass<imp::Timeline>)
        @extends gtk::Widget,
        @implements gtk::Buildable, gtk::ConstraintTarget;
}

impl Default for Timeline {
    fn default() -> Timeline {
        let timeline: Timeline = crate::widgets::named(tr("Timeline"));
        timeline.set_hexpand(true);
        timeline.set_overflow(gtk::Overflow::Hidden);
        timeline
    }
}

impl Timeline {
    /// What is done with it goes to `handler`.
    pub fn set_handler(&self, handler: impl Fn(Act, ActPlace) + 'static) {
        *self.imp().handler.borrow_mut() = Some(Box::new(handler));
    }

    /// Shows a recording. The part that was shown stays where it is the same one, read further.
    pub fn set_recording(&self, recording: Rc<Recording>, reading: Option<f64>) {
        let imp = self.imp();
        if recording.axis != imp.recording.borrow().axis {
            imp.view.set(None);
        }
        *imp.recording.borrow_mut() = recording;
        imp.reading.set(reading);
        self.queue_resize();
        self.queue_draw();
    }

    /// How much of the recording has been read, 0 to 1.
    pub fn set_reading(&self, reading: Option<f64>) {
        self.imp().reading.set(reading);
        self.queue_draw();
    }

    /// Shows the moment that is played.
    pub fn set_position(&self, clock: Option<i64>, reveal: bool) {
        let imp = self.imp();
        let before = imp.position.replace(clock);
        if before == clock {
            return;
        }
        if let (Some(clock), true, false) = (clock, reveal, imp.dragging.get()) {
            let mut view = self.view();
            let moved = view;
            view.reveal(imp.recording.borrow().axis.place(clock));
            imp.view.set(Some(view));
            // while it plays, most frames are less than a pixel apart
            let pixel = |clock| self.x(&view, clock).round();
            if moved == view && before.map(pixel) == Some(pixel(clock)) {
                return;
            }
        }
        self.queue_draw();
    }

    /// Shows bookmarks and the loop.
    pub fn set_marks(&self, marks: Marks) {
        *self.imp().marks.borrow_mut() = marks;
        self.queue_draw();
    }

    /// Shows `factor` times as much time, around the moment that is played or `at`, a fraction of the width.
    pub fn zoom(&self, factor: f64, at: Option<f64>) {
        let mut view = self.view();
        let here = self.imp().position.get().map(|clock| {
            let place = self.imp().recording.borrow().axis.place(clock);
            view.fraction(place).clamp(0.0, 1.0)
        });
        view.zoom(factor, at.or(here).unwrap_or(0.5));
        self.imp().view.set(Some(view));
        self.queue_draw();
    }

    /// Shows all of it.
    pub fn zoom_all(&self) {
        self.imp().view.set(None);
        self.queue_draw();
    }

    fn view(&self) -> View {
        let imp = self.imp();
        let view = imp.view.get();
        view.unwrap_or_else(|| View::new(&imp.recording.borrow().axis))
    }

    fn names_width(&self) -> f32 {
        NAMES.min(WidgetExt::width(self) as f32 / 4.0)
    }

    fn axis_width(&self) -> f64 {
        f64::from((WidgetExt::width(self) as f32 - self.names_width()).max(1.0))
    }

    /// The time at a point.
    fn place_at(&self, x: f64, y: f64) -> ActPlace {
        let imp = self.imp();
        let fraction = (x - f64::from(self.names_width())) / self.axis_width();
        let recording = imp.recording.borrow();
        let clock = recording
            .axis
            .clock(self.view().place(fraction.clamp(0.0, 1.0)));
        let row = (y as f32 - LABELS) / ROW;
        let found = (row >= 0.0)
            .then(|| recording.rows.get(row as usize))
            .flatten();
        let pass = found.map_or(0, |row_there| {
            let into = (y as f32 - LABELS).rem_euclid(ROW) / ROW;
            (into * row_there.lanes as f32) as u32
        });
        ActPlace {
            clock,
            pass,
            camera: found.map_or(0, |row| row.camera),
        }
    }

    fn act(&self, act: Act, x: f64, y: f64) {
        let place = self.place_at(x, y);
        if let Some(handler) = &*self.imp().handler.borrow() {
            handler(act, place);
        }
    }

    fn connect(&self) {
        let drag = gtk::GestureDrag::new();
        let weak = self.downgrade();
        drag.connect_drag_begin(move |_, x, y| {
            if let Some(timeline) = weak.upgrade() {
                timeline.imp().dragging.set(true);
                timeline.act(Act::Drag, x, y);
            }
        });
        let weak = self.downgrade();
        drag.connect_drag_update(move |gesture, dx, dy| {
            if let (Some(timeline), Some((x, y))) = (weak.upgrade(), gesture.start_point()) {
                timeline.act(Act::Drag, x + dx, y + dy);
            }
        });
        let weak = self.downgrade();
        drag.connect_drag_end(move |gesture, dx, dy| {
            if let (Some(timeline), Some((x, y))) = (weak.upgrade(), gesture.start_point()) {
                timeline.imp().dragging.set(false);
                timeline.act(Act::Release, x + dx, y + dy);
            }
        });
        self.add_controller(drag);
        let pan = gtk::GestureDrag::builder()
            .button(gdk::BUTTON_MIDDLE)
            .build();
        let last = Rc::new(Cell::new(0.0));
        let begun = last.clone();
        pan.connect_drag_begin(move |_, _, _| begun.set(0.0));
        let weak = self.downgrade();
        pan.connect_drag_update(move |_, dx, _| {
            if let Some(timeline) = weak.upgrade() {
                timeline.pan((last.replace(dx) - dx) / timeline.axis_width());
            }
        });
        self.add_controller(pan);
        let motion = gtk::EventControllerMotion::new();
        let weak = self.downgrade();
        motion.connect_motion(move |_, x, y| {
            if let Some(timeline) = weak.upgrade() {
                timeline.imp().hover.set(Some(x));
                timeline.act(Act::Hover(x), x, y);
                timeline.queue_draw();
            }
        });
        let weak = self.downgrade();
        motion.connect_leave(move |_| {
            if let Some(timeline) = weak.upgrade() {
                timeline.imp().hover.set(None);
                timeline.act(Act::Leave, 0.0, 0.0);
                timeline.queue_draw();
            }
        });
        self.add_controller(motion);
        let scroll = gtk::EventControllerScroll::new(gtk::EventControllerScrollFlags::BOTH_AXES);
        let weak = self.downgrade();
        scroll.connect_scroll(move |scroll, dx, dy| {
            let Some(timeline) = weak.upgrade() else {
                return glib::Propagation::Proceed;
            };
            let keys = scroll.current_event_state();
            if keys.contains(gdk::ModifierType::SHIFT_MASK) || dx != 0.0 {
                timeline.pan((dx + dy) / 10.0);
            } else {
                let hover = timeline.imp().hover.get().unwrap_or(0.0);
                let at = (hover - f64::from(timeline.names_width())) / timeline.axis_width();
                timeline.zoom(1.25_f64.powf(dy), Some(at.clamp(0.0, 1.0)));
            }
            glib::Propagation::Stop
        });
        self.add_controller(scroll);
    }

    fn pan(&self, fraction: f64) {
        let mut view = self.view();
        view.pan(fraction);
        self.imp().view.set(Some(view));
        self.queue_draw();
    }

    fn x(&self, view: &View, clock: i64) -> f32 {
        let place = self.imp().recording.borrow().axis.place(clock);
        self.names_width() + (view.fraction(place) * self.axis_width()) as f32
    }

    fn text(
        &self,
        snapshot: &gtk::Snapshot,
        text: &str,
        at: (f32, f32),
        width: f32,
        colour: &gdk::RGBA,
    ) {
        let layout = self.create_pango_layout(Some(text));
        let mut font = self.pango_context().font_description().unwrap_or_default();
        font.set_size(pango::SCALE * 8);
        layout.set_font_description(Some(&font));
        if width > 0.0 {
            layout.set_width(width as i32 * pango::SCALE);
            layout.set_ellipsize(pango::EllipsizeMode::End);
        }
        snapshot.save();
        snapshot.translate(&graphene::Point::new(at.0, at.1));
        snapshot.append_layout(&layout, colour);
        snapshot.restore();
    }

    fn draw(&self, snapshot: &gtk::Snapshot) {
        let imp = self.imp();
        let recording = imp.recording.borrow().clone();
        let view = self.view();
        let ink = self.style_context().color();
        let faint = gdk::RGBA::new(ink.red(), ink.green(), ink.blue(), 0.15);
        let soft = gdk::RGBA::new(ink.red(), ink.green(), ink.blue(), 0.7);
        let (left, width) = (self.names_width(), WidgetExt::width(self) as f32);
        let bottom = LABELS + ROW * recording.rows.len() as f32;
        let rect = graphene::Rect::new;
        for (n, row) in recording.rows.iter().enumerate() {
            let y = LABELS + ROW * n as f32;
            let name = match row.title.as_str() {
                "" => trf("Camera {number}", &[("number", &row.camera.to_string())]),
                title => format!("{} {title}", row.camera),
            };
            self.text(snapshot, &name, (6.0, y + 2.0), left - 10.0, &ink);
        }
        snapshot.push_clip(&rect(
            left,
            0.0,
            width - left,
            WidgetExt::height(self) as f32,
        ));
        self.draw_labels(snapshot, &recording, &view, (&soft, &faint), bottom);
        for (n, row) in recording.rows.iter().enumerate() {
            let y = LABELS + ROW * n as f32 + AROUND;
            let height = ROW - 2.0 * AROUND;
            snapshot.append_color(&faint, &rect(left, y, width - left, height));
            let lane = height / row.lanes.max(1) as f32;
            for bar in row.bars.iter().take(MAX_BARS) {
                let (from, to) = (self.x(&view, bar.start), self.x(&view, bar.end));
                if to < left || from > width {
                    continue;
                }
                let (from, to) = (from.max(left), to.min(width).max(from + 1.0));
                let top = y + lane * bar.pass.min(row.lanes.saturating_sub(1)) as f32;
                snapshot.append_color(&colour(bar.mode), &rect(from, top, to - from, lane));
            }
        }
        for piece in recording.axis.pieces.iter().filter(|piece| piece.folded) {
            let (from, to) = (self.x(&view, piece.start), self.x(&view, piece.end));
            if to >= left && from <= width {
                self.draw_fold(snapshot, (from, to), bottom, &soft);
                let length = duration(piece.end.saturating_sub(piece.start) / SECOND * SECOND);
                if to - from > 40.0 {
                    self.text(snapshot, &length, (from + 2.0, 2.0), to - from - 2.0, &soft);
                }
            }
        }
        self.draw_marks(snapshot, &recording, &view, bottom);
        if let Some(hover) = imp.hover.get().filter(|x| *x as f32 >= left) {
            snapshot.append_color(&soft, &rect(hover as f32, LABELS, 1.0, bottom - LABELS));
        }
        if let Some(clock) = imp.position.get() {
            let x = self.x(&view, clock);
            let red = gdk::RGBA::new(0.88, 0.1, 0.14, 1.0);
            snapshot.append_color(
                &red,
                &rect(x - 1.0, LABELS - 6.0, 2.0, bottom - LABELS + 8.0),
            );
            snapshot.append_color(&red, &rect(x - 4.0, LABELS - 8.0, 8.0, 5.0));
        }
        snapshot.pop();
        if let Some(part) = imp.reading.get() {
            let percent = format!("{:.0}", part * 100.0);
            let text = trf(
                "Reading the recording: {percent} %",
                &[("percent", &percent)],
            );
            self.text(snapshot, &text, (left + 6.0, 2.0), 0.0, &ink);
            let done = (width - left) * part as f32;
            let accent = gdk::RGBA::new(0.2, 0.5, 0.9, 1.0);
            snapshot.append_color(&accent, &rect(left, 0.0, done, 2.0));
        }
    }

    fn draw_labels(
        &self,
        snapshot: &gtk::Snapshot,
        recording: &Recording,
        view: &View,
        (soft, faint): (&gdk::RGBA, &gdk::RGBA),
        bottom: f32,
    ) {
        if recording.runs.is_empty() || self.imp().reading.get().is_some() {
            return;
        }
        let step = label_step(view.length / self.axis_width() * SPACING).saturating_mul(SECOND);
        let zone = recording.zone();
        let (left, right) = (self.names_width(), WidgetExt::width(self) as f32);
        for piece in recording.axis.pieces.iter().filter(|piece| !piece.folded) {
            if self.x(view, piece.end) < left || self.x(view, piece.start) > right {
                continue;
            }
            // full steps of local time
            let shift = zone.local_ns(piece.start).saturating_sub(piece.start);
            let shown = recording
                .axis
                .clock(view.start)
                .max(piece.start)
                .saturating_add(shift);
            let mut local = shown.div_euclid(step).saturating_mul(step);
            let last = recording.axis.clock(view.start + view.length);
            let mut end = 0.0;
            for _ in 0..64 {
                let clock = local.saturating_sub(shift);
                if clock > piece.end.min(last) {
                    break;
                }
                local = local.saturating_add(step);
                if clock < piece.start {
                    continue;
                }
                let x = self.x(view, clock);
                snapshot.append_color(
                    faint,
                    &graphene::Rect::new(x, LABELS - 5.0, 1.0, bottom - LABELS + 5.0),
                );
                if x >= end {
                    let time = recording.short_time(clock);
                    // the date only where it is wanted
                    let time = match time.split_once(' ') {
                        Some((date, "00:00:00")) => date.to_owned(),
                        Some((_, time)) if step % (60 * SECOND) == 0 => {
                            time.get(..5).unwrap_or(time).to_owned()
                        }
                        Some((_, time)) => time.to_owned(),
                        None => time,
                    };
                    self.text(snapshot, &time, (x + 3.0, 1.0), 0.0, soft);
                    end = x + 70.0;
                }
            }
        }
    }

    fn draw_fold(
        &self,
        snapshot: &gtk::Snapshot,
        (from, to): (f32, f32),
        bottom: f32,
        ink: &gdk::RGBA,
    ) {
        let mut x = from + 2.0;
        while x < to {
            snapshot.append_color(ink, &graphene::Rect::new(x, LABELS, 1.0, bottom - LABELS));
            x += 5.0;
        }
    }

    fn draw_marks(
        &self,
        snapshot: &gtk::Snapshot,
        recording: &Recording,
        view: &View,
        bottom: f32,
    ) {
        let rect = graphene::Rect::new;
        let line = |clock: i64, colour: &gdk::RGBA, width: f32| {
            let x = self.x(view, clock);
            snapshot.append_color(colour, &rect(x, LABELS, width, bottom - LABELS));
            x
        };
        let damage = gdk::RGBA::new(0.75, 0.0, 0.13, 1.0);
        for clock in &recording.damage {
            let x = line(*clock, &damage, 1.5);
            snapshot.append_color(&damage, &rect(x - 3.0, bottom - 3.0, 7.0, 5.0));
        }
        let step = gdk::RGBA::new(0.55, 0.1, 0.75, 1.0);
        for (before, after) in &recording.steps {
            for clock in [before, after] {
                let x = self.x(view, *clock);
                let mut y = LABELS;
                while y < bottom {
                    snapshot.append_color(&step, &rect(x, y, 1.5, 3.0));
                    y += 6.0;
                }
            }
        }
        let alarm = gdk::RGBA::new(0.83, 0.37, 0.0, 1.0);
        for one in &recording.alarms {
            let row = recording
                .rows
                .iter()
                .position(|row| row.camera == one.camera);
            let y = LABELS + ROW * row.unwrap_or(0) as f32;
            let x = self.x(view, one.clock);
            snapshot.append_color(&alarm, &rect(x - 1.0, y, 3.0, ROW));
        }
        let marks = self.imp().marks.borrow();
        let bookmark = gdk::RGBA::new(0.15, 0.55, 0.3, 1.0);
        for clock in &marks.bookmarks {
            let x = line(*clock, &bookmark, 1.5);
            snapshot.append_color(&bookmark, &rect(x, LABELS - 6.0, 8.0, 6.0));
        }
        let between = gdk::RGBA::new(0.2, 0.5, 0.9, 0.25);
        let ends = marks.a.zip(marks.b);
        if let Some((a, b)) = ends {
            let (from, to) = (self.x(view, a), self.x(view, b));
            snapshot.append_color(&between, &rect(from, LABELS, to - from, bottom - LABELS));
        }
        let solid = gdk::RGBA::new(0.2, 0.5, 0.9, 1.0);
        for (clock, letter) in [(marks.a, "A"), (marks.b, "B")] {
            if let Some(clock) = clock {
                let x = line(clock, &solid, 2.0);
                self.text(snapshot, letter, (x + 3.0, LABELS), 0.0, &solid);
            }
        }
    }
}

/// What is at a time, for people: for the small picture.
pub fn describe(recording: &Recording, place: ActPlace) -> String {
    let mut text = recording.time_text(place.clock);
    let row = recording.rows.iter().find(|row| row.camera == place.camera);
    let bar = row.and_then(|row| {
        let bars = row.bars.iter().filter(|bar| bar.pass <= place.pass);
        bars.filter(|bar| (bar.start..bar.end).contains(&place.clock))
            .max_by_key(|bar| bar.pass)
    });
    match bar {
        Some(bar) => text.push_str(&format!("\n{}", mode_text(bar.mode))),
        None if recording
            .place_of(place.clock, place.pass)
            .is_some_and(|(_, there)| !there) =>
        {
            text.push_str(&format!("\n{}", tr("nothing recorded")));
        }
        None => {}
    }
    let near = |alarm: &&crate::model::recording::Alarm| {
        alarm.clock.abs_diff(place.clock) < 2 * SECOND.unsigned_abs() && !alarm.text.is_empty()
    };
    if let Some(alarm) = recording.alarms.iter().find(near) {
        text.push_str(&format!("\n{}", alarm.text));
    }
    text
}

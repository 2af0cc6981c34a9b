// SPDX-License-Identifier: MPL-2.0
//! A picture of a camera: as large as there is room in its shape, or enlarged.

use crate::model::{look::Zoom, words::tr};
use gtk::{cairo, gdk, glib, graphene, gsk, prelude::*, subclass::prelude::*};
use std::cell::{Cell, OnceCell, RefCell};

/// Pixels, and what is drawn of them.
pub struct Picture {
    width: i32,
    height: i32,
    /// Blue, green, red, opacity, which is full; rows without padding.
    pixels: glib::Bytes,
    texture: OnceCell<gdk::MemoryTexture>,
    surface: OnceCell<Option<cairo::ImageSurface>>,
    /// A surface of the same size whose pixels nobody needs any more.
    spare: Cell<Option<cairo::ImageSurface>>,
}

impl Picture {
    /// A picture of so many pixels, in bytes of blue, green, red and full opacity; rows without padding.
    pub fn new(width: u32, height: u32, pixels: glib::Bytes) -> Picture {
        Picture {
            width: i32::try_from(width).unwrap_or(1),
            height: i32::try_from(height).unwrap_or(1),
            pixels,
            texture: OnceCell::new(),
            surface: OnceCell::new(),
            spare: Cell::new(None),
        }
    }

    fn texture(&self) -> &gdk::MemoryTexture {
        self.texture.get_or_init(|| {
            gdk::MemoryTexture::new(
                self.width,
                self.height,
                // all of it is opaque, and this is the format that needs no conversion
                gdk::MemoryFormat::B8g8r8a8Premultiplied,
                &self.pixels,
                self.width as usize * 4,
            )
        })
    }

    /// The picture for cairo.
    pub fn surface(&self) -> Option<&cairo::ImageSurface> {
        let make = || {
            if let Some(filled) = self.spare.take().and_then(|spare| self.fill(spare)) {
                return Some(filled);
            }
            let (format, pixels) = (cairo::Format::Rgb24, self.pixels.to_vec());
            let row = self.width.checked_mul(4)?;
            cairo::ImageSurface::create_for_data(pixels, format, self.width, self.height, row).ok()
        };
        self.surface.get_or_init(make).as_ref()
    }

    /// Puts the pixels into a surface, unless something is still drawn of it: new memory for each frame takes longer than the copy.
    fn fill(&self, mut spare: cairo::ImageSurface) -> Option<cairo::ImageSurface> {
        if (spare.width(), spare.height()) != (self.width, self.height) {
            return None;
        }
        let mut pixels = spare.data().ok()?;
        let own = self.pixels.get(..pixels.len())?;
        pixels.copy_from_slice(own);
        drop(pixels);
        Some(spare)
    }

    /// Paints it into a rectangle.
    pub fn paint(&self, context: &cairo::Context, area: &graphene::Rect) -> Option<()> {
        let (x, y) = (f64::from(area.x()), f64::from(area.y()));
        let scale = f64::from(area.width()) / f64::from(self.width);
        let down = f64::from(area.height()) / f64::from(self.height);
        let pattern = cairo::SurfacePattern::create(self.surface()?);
        pattern.set_extend(cairo::Extend::Pad);
        // the better filters for a smaller picture take ten times as long
        if scale.min(down) > 0.5 {
            pattern.set_filter(cairo::Filter::Bilinear);
        }
        context.save().ok()?;
        context.rectangle(x, y, area.width().into(), area.height().into());
        context.clip();
        context.translate(x, y);
        context.scale(scale, down);
        context.set_source(&pattern).ok()?;
        context.paint().ok()?;
        context.restore().ok()
    }
}

mod imp {
    use super::*;

    #[derive(Default)]
    pub struct Screen {
        pub picture: RefCell<Option<Picture>>,
        /// What is drawn until the next picture is. Cairo copies a surface that ends while something is drawn of it.
        pub before: RefCell<Option<cairo::ImageSurface>>,
        pub ratio: Cell<f64>,
        pub zoom: Cell<Zoom>,
        pub small: Cell<bool>,
    }

    #[glib::object_subclass]
    impl ObjectSubclass for Screen {
        const NAME: &'static str = "ExpScreen";
        type Type = super::Screen;
        type ParentType = gtk::Widget;

        fn class_init(class: &mut Self::Class) {
            class.set_accessible_role(gtk::AccessibleRole::Img);
        }
    }

    impl ObjectImpl for Screen {}

    impl WidgetImpl for Screen {
        fn snapshot(&self, snapshot: &gtk::Snapshot) {
            let widget = self.obj();
            let (width, height) = widget.size();
            let all = graphene::Rect::new(0.0, 0.0, width, height);
            snapshot.append_color(&gdk::RGBA::BLACK, &all);
            let picture = self.picture.borrow();
            let Some(picture) = picture.as_ref() else {
                return;
            };
            let shown = widget.picture_area();
            snapshot.push_clip(&shown);
            let zoom = self.zoom.get();
            let factor = zoom.factor as f32;
            let (w, h) = (shown.width() * factor, shown.height() * factor);
            let x = shown.x() + shown.width() / 2.0 - zoom.x as f32 * w;
            let y = shown.y() + shown.height() / 2.0 - zoom.y as f32 * h;
            let rect = graphene::Rect::new(x, y, w, h);
            // GTK takes textures to cairo by way of floating point
            let renderer = widget.native().and_then(|native| native.renderer());
            match renderer.is_some_and(|renderer| renderer.is::<gsk::CairoRenderer>()) {
                true => {
                    let _ = picture.paint(&snapshot.append_cairo(&shown), &rect);
                }
                false => snapshot.append_texture(picture.texture(), &rect),
            }
            snapshot.pop();
        }

        fn measure(&self, orientation: gtk::Orientation, _: i32) -> (i32, i32, i32, i32) {
            let (least, usual) = match orientation {
                gtk::Orientation::Horizontal => (48, 320),
                _ => (36, 240),
            };
            match self.small.get() {
                true => (usual / 2, usual / 2, -1, -1),
                false => (least, usual, -1, -1),
            }
        }
    }
}

glib::wrapper! {
    /// A picture of a camera.
    pub struct Screen(ObjectSubclass<imp::Screen>)
        @extends gtk::Widget,
        @implements gtk::Buildable, gtk::ConstraintTarget;
}

impl Default for Screen {
    fn default() -> Screen {
        let screen: Screen = super::named(tr("Picture"));
        screen.set_hexpand(true);
        screen.set_vexpand(true);
        screen.set_overflow(gtk::Overflow::Hidden);
        screen
    }
}

impl Screen {
    /// Shows a picture of this shape (width divided by height), or black.
    pub fn show(&self, picture: Option<Picture>, ratio: f64) {
        let imp = self.imp();
        let before = imp.picture.replace(None);
        let before = before.and_then(|before| before.surface.into_inner().flatten());
        let spare = match before {
            Some(_) => imp.before.replace(before),
            // it was never drawn
            None => None,
        };
        if let Some(picture) = &picture {
            picture.spare.set(spare);
        }
        *imp.picture.borrow_mut() = picture;
        imp.ratio.set(ratio);
        self.queue_draw();
    }

    /// Takes no more room than a small picture needs.
    pub fn set_small(&self) {
        self.imp().small.set(true);
        self.queue_resize();
    }

    /// Enlargement.
    pub fn zoom(&self) -> Zoom {
        self.imp().zoom.get()
    }

    /// Enlarges the picture.
    pub fn set_zoom(&self, zoom: Zoom) {
        self.imp().zoom.set(zoom);
        self.queue_draw();
    }

    fn size(&self) -> (f32, f32) {
        let width = WidgetExt::width(self);
        (width as f32, WidgetExt::height(self) as f32)
    }

    /// Where the picture is.
    fn picture_area(&self) -> graphene::Rect {
        let (width, height) = self.size();
        let ratio = self.imp().ratio.get().max(0.01) as f32;
        let (w, h) = match width / height.max(1.0) > ratio {
            true => (height * ratio, height),
            false => (width, width / ratio),
        };
        graphene::Rect::new((width - w) / 2.0, (height - h) / 2.0, w, h)
    }

    /// A point of the widget in parts of the picture's width and height.
    pub fn part_at(&self, x: f64, y: f64) -> (f64, f64) {
        let area = self.picture_area();
        let part = |at: f64, start: f32, length: f32| {
            ((at - f64::from(start)) / f64::from(length.max(1.0))).clamp(0.0, 1.0)
        };
        (
            part(x, area.x(), area.width()),
            part(y, area.y(), area.height()),
        )
    }

    /// A length in the widget in parts of the picture.
    pub fn part_of(&self, x: f64, y: f64) -> (f64, f64) {
        let area = self.picture_area();
        (
            x / f64::from(area.width().max(1.0)),
            y / f64::from(area.height().max(1.0)),
        )
    }
}

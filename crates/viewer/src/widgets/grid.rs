// SPDX-License-Identifier: MPL-2.0
//! The cameras side by side: 1, 4, 9 or 16, or one of them alone.

use super::tile::Tile;
use gtk::prelude::*;
use std::{
    cell::{Cell, RefCell},
    rc::Rc,
};

/// Pixels that title and clock need beside each other.
const NARROW: i32 = 340;

/// The cameras.
#[derive(Clone)]
pub struct Grid {
    pub root: gtk::Grid,
    inner: Rc<Inner>,
}

struct Inner {
    tiles: RefCell<Vec<Rc<Tile>>>,
    /// Cameras at a time.
    places: Cell<usize>,
    enlarged: Cell<bool>,
    selected: Cell<u16>,
    /// Cameras that are in the grid.
    shown: RefCell<Vec<u16>>,
    columns: Cell<usize>,
    /// What the tiles were told last.
    narrow: Cell<Option<bool>>,
}

impl Default for Grid {
    fn default() -> Grid {
        let root = gtk::Grid::builder()
            .row_homogeneous(true)
            .column_homogeneous(true)
            .row_spacing(2)
            .column_spacing(2)
            .hexpand(true)
            .vexpand(true)
            .build();
        root.add_css_class("cameras");
        Grid {
            root,
            inner: Rc::new(Inner {
                tiles: RefCell::default(),
                places: Cell::new(4),
                enlarged: Cell::new(false),
                selected: Cell::new(0),
                shown: RefCell::default(),
                columns: Cell::new(1),
                narrow: Cell::new(None),
            }),
        }
    }
}

impl Grid {
    /// Shows these cameras. A new tile is shown to `connect`.
    pub fn set_cameras(&self, cameras: &[u16], connect: impl Fn(&Rc<Tile>)) {
        let known: Vec<u16> = self.tiles().iter().map(|tile| tile.camera).collect();
        if known == cameras {
            return;
        }
        let tiles = cameras.iter().map(|camera| {
            self.tile(*camera).unwrap_or_else(|| {
                let tile = Rc::new(Tile::new(*camera));
                connect(&tile);
                tile
            })
        });
        let tiles: Vec<Rc<Tile>> = tiles.collect();
        *self.inner.tiles.borrow_mut() = tiles;
        self.inner.shown.take();
        self.inner.narrow.set(None);
        let selected = self.inner.selected.get();
        if !cameras.contains(&selected) {
            self.inner
                .selected
                .set(cameras.first().copied().unwrap_or(0));
        }
        self.arrange();
    }

    /// As many cameras as there is room for.
    pub fn fit(&self) {
        let count = self.inner.tiles.borrow().len();
        let places = [1, 4, 9, 16].into_iter().find(|places| *places >= count);
        self.set_places(places.unwrap_or(16));
    }

    /// All tiles.
    pub fn tiles(&self) -> Vec<Rc<Tile>> {
        self.inner.tiles.borrow().clone()
    }

    /// The tile of a camera.
    pub fn tile(&self, camera: u16) -> Option<Rc<Tile>> {
        let tiles = self.inner.tiles.borrow();
        tiles.iter().find(|tile| tile.camera == camera).cloned()
    }

    /// The chosen camera, 0 = none.
    pub fn selected(&self) -> u16 {
        self.inner.selected.get()
    }

    /// Chooses a camera.
    pub fn select(&self, camera: u16) {
        if self.inner.selected.replace(camera) != camera {
            self.arrange();
        }
    }

    /// Chooses the next camera, or the one before.
    pub fn select_next(&self, forward: bool) {
        let tiles = self.tiles();
        let here = tiles.iter().position(|tile| tile.camera == self.selected());
        let (Some(here), count) = (here, tiles.len()) else {
            return;
        };
        let next = if forward { here + 1 } else { here + count - 1 } % count;
        if let Some(tile) = tiles.get(next) {
            self.select(tile.camera);
        }
    }

    /// Shows so many cameras at a time.
    pub fn set_places(&self, places: usize) {
        self.inner.places.set(places);
        self.inner.enlarged.set(false);
        self.arrange();
    }

    /// Cameras at a time.
    pub fn places(&self) -> usize {
        self.inner.places.get()
    }

    /// Shows the chosen camera alone, or all again.
    pub fn toggle_enlarged(&self) {
        self.inner.enlarged.set(!self.inner.enlarged.get());
        self.arrange();
    }

    /// Puts the clock below the title where tiles are narrow.
    pub fn adapt(&self) {
        let columns = self.inner.columns.get().max(1) as i32;
        let narrow = self.root.width() / columns < NARROW;
        if self.root.width() > 0 && self.inner.narrow.replace(Some(narrow)) != Some(narrow) {
            for tile in self.tiles() {
                tile.set_narrow(narrow);
            }
        }
    }

    fn arrange(&self) {
        let tiles = self.tiles();
        let selected = self.selected();
        let places = match self.inner.enlarged.get() {
            true => 1,
            false => self.places().max(1),
        };
        let here = tiles.iter().position(|tile| tile.camera == selected);
        let page = here.unwrap_or(0) / places;
        // two cameras need no second row
        let count = places.min(tiles.len());
        let columns = (1..=4).find(|side| side * side >= count).unwrap_or(4);
        self.inner.columns.set(columns);
        let shown: Vec<u16> = tiles
            .iter()
            .skip(page * places)
            .take(places)
            .map(|tile| tile.camera)
            .collect();
        // a tile that is taken out and put back loses clicks and focus
        let stays = *self.inner.shown.borrow() == shown;
        if !stays {
            while let Some(child) = self.root.first_child() {
                self.root.remove(&child);
            }
        }
        for (n, tile) in tiles.iter().enumerate() {
            let is_shown = n / places == page;
            tile.root.set_visible(is_shown);
            match tile.camera == selected && tiles.len() > 1 {
                true => tile.root.add_css_class("chosen"),
                false => tile.root.remove_css_class("chosen"),
            }
            if is_shown && !stays {
                let place = n % places;
                let (row, column) = (place / columns, place % columns);
                let (row, column) = (row as i32, column as i32);
                self.root.attach(&tile.root, column, row, 1, 1);
                tile.refresh();
            }
        }
        *self.inner.shown.borrow_mut() = shown;
    }
}

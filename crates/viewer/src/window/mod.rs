// SPDX-License-Identifier: MPL-2.0
//! The main window.

mod actions;
mod controls;
mod details;
mod job;
mod opening;
mod panel;
mod playing;
mod print;
mod save;
mod trace;

use self::controls::Controls;
use crate::{
    APP_ID,
    model::{
        look::Look,
        notes::Notes,
        playback::Playback,
        recording::{Place, Recording},
        state::State,
        words::tr,
    },
    player::{self, Player},
    widgets::{grid::Grid, named, timeline::Timeline},
};
use adw::prelude::*;
use gtk::{gio, glib};
use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
    path::PathBuf,
    process::ExitCode,
    rc::{Rc, Weak},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64},
    },
};

/// Runs the program.
///
/// # Errors
/// No display, or a GStreamer that does not start.
pub fn run() -> Result<ExitCode, String> {
    player::init()?;
    if gtk::init().is_err() {
        return Err(tr("no display: the viewer needs a graphical session").to_owned());
    }
    let flags = gio::ApplicationFlags::HANDLES_OPEN;
    let app = adw::Application::builder()
        .application_id(APP_ID)
        .flags(flags)
        .build();
    app.connect_startup(|_| {
        adw::init().ok();
        let provider = gtk::CssProvider::new();
        provider.load_from_data(include_str!("style.css"));
        if let Some(display) = gtk::gdk::Display::default() {
            let priority = gtk::STYLE_PROVIDER_PRIORITY_APPLICATION;
            gtk::style_context_add_provider_for_display(&display, &provider, priority);
        }
        gtk::Window::set_default_icon_name(APP_ID);
    });
    app.connect_activate(|app| Window::new(app).present());
    app.connect_open(|app, files, _| {
        let window = Window::new(app);
        window.present();
        window.open_files(files);
    });
    let code = app.run();
    Ok(code.into())
}

/// What is read of a recording in another thread.
#[derive(Default)]
struct Reading {
    done: AtomicU64,
    total: AtomicU64,
    cancelled: AtomicBool,
}

/// The main window.
#[derive(Clone)]
pub struct Window(Rc<Inner>);

struct Inner {
    window: adw::ApplicationWindow,
    toasts: adw::ToastOverlay,
    title: adw::WindowTitle,
    /// `empty`, `busy` or `playing`.
    stack: gtk::Stack,
    problem: gtk::InfoBar,
    problem_text: gtk::Label,
    recordings: gtk::MenuButton,
    recent: gio::Menu,
    grid: Grid,
    flap: adw::Flap,
    panel: panel::Panel,
    timeline: Timeline,
    timeline_room: gtk::ScrolledWindow,
    hover: gtk::Popover,
    hover_picture: crate::widgets::screen::Screen,
    hover_text: gtk::Label,
    controls: Controls,

    state: RefCell<State>,
    playback: Cell<Playback>,
    look: Cell<Look>,
    /// What was opened, and which of it is shown.
    opened: RefCell<Vec<Rc<Recording>>>,
    recording: RefCell<Rc<Recording>>,
    notes: RefCell<Notes>,
    reading: RefCell<Arc<Reading>>,
    player: RefCell<Option<Rc<Player>>>,
    /// Shows the moment that the mouse points at.
    peek: RefCell<Option<(Rc<Player>, usize, u16)>>,
    peek_at: Cell<Option<crate::widgets::timeline::ActPlace>>,
    /// Where the pipeline is, while it does not play.
    place: Cell<Place>,
    /// What the pipeline does when it is ready.
    entering: Cell<Option<Place>>,
    resume: Cell<bool>,
    /// Where to go when the recording has been read: clock, pass, and whether to play.
    after_reading: Cell<Option<(i64, u32, bool)>>,
    dialogs: RefCell<Vec<gtk::FileChooserNative>>,
    trace: trace::Trace,
    /// Titles of live cameras.
    titles: RefCell<BTreeMap<u16, String>>,
}

impl Window {
    fn weak(&self) -> Weak<Inner> {
        Rc::downgrade(&self.0)
    }

    /// Shows it.
    pub fn present(&self) {
        self.0.window.present();
        player::load_elements();
    }

    /// A window without a recording.
    pub fn new(app: &adw::Application) -> Window {
        let state = State::load(&state_path());
        let recent = gio::Menu::new();
        let title = adw::WindowTitle::new(tr("Viewer"), "");
        let header = adw::HeaderBar::builder().title_widget(&title).build();
        let open = button("", "win.open", tr("Open files"));
        open.set_label(tr("Open"));
        let arrow = menu_button("pan-down-symbolic", tr("Recent files"));
        arrow.set_menu_model(Some(&recent));
        // AdwSplitButton has no name for its arrow
        let both = gtk::Box::default();
        both.add_css_class("linked");
        both.append(&open);
        both.append(&arrow);
        header.pack_start(&both);
        let recordings = menu_button("view-list-symbolic", tr("Recordings that were opened"));
        recordings.set_visible(false);
        header.pack_start(&recordings);
        let menu = menu_button("open-menu-symbolic", tr("Main menu"));
        menu.set_menu_model(Some(&main_menu()));
        menu.set_primary(true);
        header.pack_end(&menu);
        header.pack_end(&button(
            "sidebar-show-right-symbolic",
            "win.panel",
            tr("Bookmarks and picture settings"),
        ));
        let layout = menu_button("view-grid-symbolic", tr("Cameras side by side"));
        layout.set_menu_model(Some(&layout_menu()));
        header.pack_end(&layout);
        header.pack_end(&button(
            "document-save-symbolic",
            "win.export",
            tr("Export a clip"),
        ));
        header.pack_end(&button(
            "camera-photo-symbolic",
            "win.snapshot",
            tr("Save a picture"),
        ));
        header.pack_end(&button(
            "bookmark-new-symbolic",
            "win.bookmark",
            tr("Bookmark this moment"),
        ));

        let grid = Grid::default();
        let timeline = Timeline::default();
        let panel = panel::Panel::new();
        let flap = adw::Flap::builder()
            .content(&grid.root)
            .flap(&panel.root)
            .flap_position(gtk::PackType::End)
            .reveal_flap(state.panel)
            .separator(&gtk::Separator::new(gtk::Orientation::Vertical))
            .vexpand(true)
            .build();
        let scrolled = gtk::ScrolledWindow::builder()
            .child(&timeline)
            .hscrollbar_policy(gtk::PolicyType::Never)
            .propagate_natural_height(true)
            .build();

        let controls = Controls::new();
        let problem_text = gtk::Label::builder()
            .wrap(true)
            .xalign(0.0)
            .selectable(true)
            .build();
        problem_text.set_wrap_mode(gtk::pango::WrapMode::WordChar);
        let problem = gtk::InfoBar::builder()
            .message_type(gtk::MessageType::Error)
            .show_close_button(true)
            .revealed(false)
            .build();
        problem.add_child(&problem_text);
        problem.connect_response(|bar, _| bar.set_revealed(false));
        let playing = gtk::Box::new(gtk::Orientation::Vertical, 0);
        playing.append(&flap);
        playing.append(&controls.root);
        playing.append(&scrolled);

        let stack = gtk::Stack::builder().vexpand(true).build();
        stack.add_named(&empty_page(), Some("empty"));
        stack.add_named(&busy_page(), Some("busy"));
        stack.add_named(&playing, Some("playing"));
        let content = gtk::Box::new(gtk::Orientation::Vertical, 0);
        content.append(&header);
        content.append(&problem);
        content.append(&stack);
        let toasts = adw::ToastOverlay::new();
        toasts.set_child(Some(&content));
        let window = adw::ApplicationWindow::builder()
            .application(app)
            .title(tr("Viewer"))
            .default_width(state.width)
            .default_height(state.height)
            .width_request(480)
            .height_request(360)
            .maximized(state.maximized)
            .content(&toasts)
            .build();

        let hover_picture = crate::widgets::screen::Screen::default();
        hover_picture.set_small();
        let hover_text = gtk::Label::builder()
            .justify(gtk::Justification::Center)
            .build();
        hover_text.add_css_class("hover-text");
        let inside = gtk::Box::new(gtk::Orientation::Vertical, 4);
        inside.append(&hover_picture);
        inside.append(&hover_text);
        let hover = gtk::Popover::builder()
            .child(&inside)
            .autohide(false)
            .can_focus(false)
            .can_target(false)
            .position(gtk::PositionType::Top)
            .build();
        hover.set_parent(&timeline);

        let window = Window(Rc::new(Inner {
            window,
            toasts,
            title,
            stack,
            problem,
            problem_text,
            recordings,
            recent,
            grid,
            flap,
            panel,
            timeline,
            timeline_room: scrolled,
            hover,
            hover_picture,
            hover_text,
            controls,
            state: RefCell::new(state),
            playback: Cell::default(),
            look: Cell::default(),
            opened: RefCell::default(),
            recording: RefCell::default(),
            notes: RefCell::default(),
            reading: RefCell::default(),
            player: RefCell::default(),
            peek: RefCell::default(),
            peek_at: Cell::new(None),
            place: Cell::default(),
            entering: Cell::new(None),
            resume: Cell::new(false),
            after_reading: Cell::new(None),
            dialogs: RefCell::default(),
            trace: trace::Trace::default(),
            titles: RefCell::default(),
        }));
        window.0.trace.watch(&window.0.window);
        window.add_actions();
        window.connect();
        window.show_recent();
        window.apply_style();
        window.enable();
        window
    }

    fn connect(&self) {
        let inner = &self.0;
        // this keeps all of it alive until the window goes
        let window = self.clone();
        inner.window.connect_close_request(move |_| {
            window.leave();
            glib::Propagation::Proceed
        });
        let drop = gtk::DropTarget::new(
            gtk::gdk::FileList::static_type(),
            gtk::gdk::DragAction::COPY,
        );
        let weak = self.weak();
        drop.connect_drop(move |_, value, _, _| {
            let files = value.get::<gtk::gdk::FileList>();
            let (Ok(files), Some(inner)) = (files, weak.upgrade()) else {
                return false;
            };
            Window(inner).open_files(&files.files());
            true
        });
        inner.window.add_controller(drop);
        let weak = self.weak();
        inner.controls.go_to.connect_activate(move |entry| {
            if let Some(inner) = weak.upgrade() {
                Window(inner).go_to(&entry.text());
            }
        });
        let weak = self.weak();
        if let Some(popover) = inner.controls.clock.popover() {
            popover.connect_show(move |_| {
                if let Some(inner) = weak.upgrade() {
                    inner
                        .controls
                        .go_to
                        .set_text(&inner.controls.clock.label().unwrap_or_default());
                    inner.controls.go_to.grab_focus();
                }
            });
        }
        let weak = self.weak();
        inner.timeline.set_handler(move |act, place| {
            if let Some(inner) = weak.upgrade() {
                Window(inner).timeline_act(act, place);
            }
        });
        let weak = self.weak();
        glib::timeout_add_local(std::time::Duration::from_millis(50), move || {
            match weak.upgrade() {
                Some(inner) => {
                    Window(inner).tick();
                    glib::ControlFlow::Continue
                }
                None => glib::ControlFlow::Break,
            }
        });
        self.connect_panel();
    }

    /// Remembers what is remembered, and ends what runs.
    fn leave(&self) {
        let inner = &self.0;
        self.stop_reading();
        *inner.player.borrow_mut() = None;
        *inner.peek.borrow_mut() = None;
        inner.hover.unparent();
        {
            let mut state = inner.state.borrow_mut();
            state.maximized = inner.window.is_maximized();
            if !state.maximized {
                (state.width, state.height) = inner.window.default_size();
            }
            state.panel = inner.flap.reveals_flap();
        }
        self.keep_notes();
        self.keep_state();
    }

    fn keep_state(&self) {
        if let Err(error) = self.0.state.borrow().save(&state_path()) {
            glib::g_warning!("exp-viewer", "settings are not kept: {error}");
        }
    }

    fn keep_notes(&self) {
        let inner = &self.0;
        let recording = inner.recording.borrow().clone();
        if let Err(error) = inner.notes.borrow().save(&log_folder(), &recording) {
            self.toast(&format!("{}: {error}", tr("The bookmarks are not kept")));
        }
    }

    /// A short message.
    fn toast(&self, text: &str) {
        // a toast takes markup
        let text = glib::markup_escape_text(text);
        self.0.toasts.add_toast(adw::Toast::new(&text));
    }

    /// A message that stays.
    fn show_problem(&self, text: &str) {
        self.0.problem_text.set_label(text);
        self.0.problem.set_revealed(true);
    }

    fn apply_style(&self) {
        let scheme = match self.0.state.borrow().style.as_str() {
            "light" => adw::ColorScheme::ForceLight,
            "dark" => adw::ColorScheme::ForceDark,
            _ => adw::ColorScheme::Default,
        };
        adw::StyleManager::default().set_color_scheme(scheme);
    }

    fn recording(&self) -> Rc<Recording> {
        self.0.recording.borrow().clone()
    }
}

/// A button with an icon: text for the mouse and for screen readers.
fn button(icon: &str, action: &str, text: &str) -> gtk::Button {
    let button: gtk::Button = named(text);
    dress(&button, icon, action, text);
    button
}

fn dress(
    button: &(impl IsA<gtk::Button> + IsA<gtk::Widget> + IsA<gtk::Actionable>),
    icon: &str,
    action: &str,
    text: &str,
) {
    button.set_icon_name(icon);
    button.set_action_name(Some(action));
    button.set_tooltip_text(Some(text));
    // space goes on playing after a click
    button.set_focus_on_click(false);
}

/// A button with a menu.
fn menu_button(icon: &str, text: &str) -> gtk::MenuButton {
    let button: gtk::MenuButton = named(text);
    button.set_icon_name(icon);
    button.set_tooltip_text(Some(text));
    button
}

/// The program's own icon, which is there when it is installed.
fn icon() -> &'static str {
    let display = gtk::gdk::Display::default();
    let themes = display.map(|display| gtk::IconTheme::for_display(&display));
    match themes.is_some_and(|theme| theme.has_icon(APP_ID)) {
        true => APP_ID,
        false => "camera-video-symbolic",
    }
}

fn empty_page() -> adw::StatusPage {
    let open = gtk::Button::builder()
        .label(tr("Open files"))
        .action_name("win.open")
        .build();
    open.add_css_class("suggested-action");
    open.add_css_class("pill");
    let folder = gtk::Button::builder()
        .label(tr("Open a folder"))
        .action_name("win.open-folder")
        .build();
    folder.add_css_class("pill");
    let buttons = gtk::Box::builder()
        .spacing(12)
        .halign(gtk::Align::Center)
        .build();
    buttons.append(&open);
    buttons.append(&folder);
    adw::StatusPage::builder()
        .icon_name(icon())
        .title(tr("No recording"))
        .description(tr(
            "Open exports of surveillance recorders, or drop files or folders here",
        ))
        .child(&buttons)
        .build()
}

fn busy_page() -> gtk::Box {
    let page = gtk::Box::builder()
        .orientation(gtk::Orientation::Vertical)
        .spacing(12)
        .valign(gtk::Align::Center)
        .build();
    let spinner = gtk::Spinner::builder()
        .spinning(true)
        .width_request(32)
        .height_request(32)
        .build();
    page.append(&spinner);
    page.append(&gtk::Label::new(Some(tr("Looking at the files"))));
    page
}

fn main_menu() -> gio::Menu {
    let section = |entries: &[(&'static str, &str)]| {
        let menu = gio::Menu::new();
        for (text, action) in entries {
            menu.append(Some(tr(text)), Some(action));
        }
        menu
    };
    let menu = gio::Menu::new();
    menu.append_section(
        None,
        &section(&[
            ("Open a folder", "win.open-folder"),
            ("Open a live address", "win.open-address"),
        ]),
    );
    menu.append_section(
        None,
        &section(&[
            ("Copy the picture", "win.copy"),
            ("Save the picture as it is shown", "win.snapshot-adjusted"),
            ("Print the picture", "win.print"),
            ("Save the viewing log", "win.save-log"),
        ]),
    );
    menu.append_section(
        None,
        &section(&[
            ("File details", "win.details"),
            ("Verify the files", "win.verify"),
            ("Write a report", "win.report"),
        ]),
    );
    let style = section(&[]);
    for (text, value) in [
        ("Follow the system", "system"),
        ("Light", "light"),
        ("Dark", "dark"),
    ] {
        style.append(Some(tr(text)), Some(&format!("win.style::{value}")));
    }
    let styles = gio::Menu::new();
    styles.append_submenu(Some(tr("Style")), &style);
    menu.append_section(None, &styles);
    menu.append_section(
        None,
        &section(&[
            ("Full screen", "win.fullscreen"),
            ("Keyboard shortcuts", "win.shortcuts"),
            ("About", "win.about"),
        ]),
    );
    menu
}

fn layout_menu() -> gio::Menu {
    let menu = gio::Menu::new();
    for (text, action) in [
        ("One camera", "win.grid-1"),
        ("Four cameras", "win.grid-4"),
        ("Nine cameras", "win.grid-9"),
        ("Sixteen cameras", "win.grid-16"),
    ] {
        menu.append(Some(tr(text)), Some(action));
    }
    menu
}

/// Where the program remembers what it remembers.
fn state_path() -> PathBuf {
    // GLib has it from 2.72 on
    let state = std::env::var_os("XDG_STATE_HOME").map(PathBuf::from);
    let state = state.filter(|path| path.is_absolute());
    let state = state.unwrap_or_else(|| glib::home_dir().join(".local/state"));
    state.join("exp-viewer").join("state.toml")
}

/// Where viewing logs are kept.
fn log_folder() -> PathBuf {
    glib::user_data_dir().join("exp-viewer").join("logs")
}

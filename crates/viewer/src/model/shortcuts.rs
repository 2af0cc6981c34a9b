// SPDX-License-Identifier: MPL-2.0
//! Keys: what the window listens to and what its list of shortcuts shows are the same table.

/// An action of the window, its keys, and what it does.
pub struct Shortcut {
    /// Name of the action, without `win.`.
    pub action: &'static str,
    /// Keys as GTK writes them, separated by spaces.
    pub keys: &'static str,
    pub text: &'static str,
}

const fn key(action: &'static str, keys: &'static str, text: &'static str) -> Shortcut {
    Shortcut { action, keys, text }
}

/// All of them, by group.
pub const GROUPS: [(&str, &[Shortcut]); 4] = [
    (
        "Play",
        &[
            key("play", "space", "Play or pause"),
            key("shuttle-back", "j", "Play backwards, then faster"),
            key("pause", "k", "Pause"),
            key("shuttle", "l", "Play, then faster"),
            key("faster", "plus equal KP_Add", "Faster"),
            key("slower", "minus KP_Subtract", "Slower"),
            key("frame-back", "comma", "One frame back"),
            key("frame", "period", "One frame forward"),
            key("loop-a", "a", "Loop from here"),
            key("loop-b", "b", "Loop up to here"),
            key("loop-clear", "<Shift>l", "End the loop"),
            key("mute", "m", "Audio on or off"),
        ],
    ),
    (
        "Search",
        &[
            key("back", "Left", "5 seconds back"),
            key("forward", "Right", "5 seconds forward"),
            key("back-long", "<Shift>Left", "1 minute back"),
            key("forward-long", "<Shift>Right", "1 minute forward"),
            key("first", "Home", "Beginning"),
            key("last", "End", "End"),
            key("previous-run", "<Control>Left", "Previous run"),
            key("next-run", "<Control>Right", "Next run"),
            key("previous-alarm", "<Alt>Page_Up", "Previous alarm"),
            key("next-alarm", "<Alt>Page_Down", "Next alarm"),
            key("previous-bookmark", "<Control>Page_Up", "Previous bookmark"),
            key("next-bookmark", "<Control>Page_Down", "Next bookmark"),
            key("go-to", "<Control>g", "Go to a date and time"),
            key(
                "zoom-time-in",
                "<Control>plus <Control>equal",
                "Show less time",
            ),
            key("zoom-time-out", "<Control>minus", "Show more time"),
            key("zoom-time-all", "<Control>0", "Show all of the time"),
        ],
    ),
    (
        "Cameras",
        &[
            key("enlarge", "Return KP_Enter", "Enlarge the chosen camera"),
            key("next-camera", "n", "Next camera"),
            key("previous-camera", "<Shift>n", "Previous camera"),
            key("grid-1", "1", "One camera"),
            key("grid-4", "2", "Four cameras"),
            key("grid-9", "3", "Nine cameras"),
            key("grid-16", "4", "Sixteen cameras"),
            key("picture-in", "z", "Enlarge the picture"),
            key("picture-out", "<Shift>z", "Reduce the picture"),
            key("look-reset", "r", "Show the picture as it was recorded"),
            key("fullscreen", "F11 f", "Full screen"),
        ],
    ),
    (
        "Save",
        &[
            key("open", "<Control>o", "Open files"),
            key("open-folder", "<Control><Shift>o", "Open a folder"),
            key("open-address", "<Control>u", "Open a live address"),
            key("bookmark", "<Control>d", "Bookmark this moment"),
            key("snapshot", "<Control>s", "Save a picture"),
            key(
                "snapshot-adjusted",
                "<Control><Shift>s",
                "Save the picture as it is shown",
            ),
            key("copy", "<Control>c", "Copy the picture"),
            key("export", "<Control>e", "Export a clip"),
            key("details", "<Control>i", "File details"),
            key("verify", "<Control><Shift>v", "Verify the files"),
            key("print", "<Control>p", "Print the picture"),
            key("panel", "F9", "Bookmarks and picture settings"),
            key("shortcuts", "<Control>question F1", "Keyboard shortcuts"),
            key("close", "<Control>w <Control>q", "Close"),
        ],
    ),
];

// SPDX-License-Identifier: MPL-2.0
//! What a live unit tells, as a configuration.

use super::client::{Client, Options, Url};
use crate::error::{Error, Result};
use crate::model::Config;
use crate::path::Path;
use crate::schema::{CAMERAS, TITLE};

/// Everything that is ever asked for (stated names). The two variables that hold the unit's FTP log-in are not among them.
pub const VARIABLES: [&str; 13] = [
    "c_title[]",
    "utc_offset",
    "live_cam[]",
    "coax_telm_enable_mask[]",
    "rs485_telm_enable_mask[]",
    "has_rtc",
    "current_julian",
    "va_horizontal_resolution[]",
    "va_vertical_resolution[]",
    "output_titles[]",
    "layouts[]",
    "camconfig[]",
    "alarm_title[]",
];

/// Most elements of one answer that are kept (the largest units have 64 cameras and 512 alarm inputs, assumed).
pub const MAX_ELEMENTS: usize = 1024;

/// A video partition of the unit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Partition {
    /// Path as the unit spells it.
    pub path: String,
    /// First and last second, Unix time.
    pub start: i64,
    /// See `start`.
    pub end: i64,
}

/// What a unit told.
#[derive(Clone, Debug, Default)]
pub struct Live {
    /// What the `Server` header says; `ADH-Web` (stated).
    pub server: String,
    /// Variables by name, in the order they were asked for.
    pub variables: Vec<(String, Vec<String>)>,
    /// Cameras of `camlist.cgi`: number and title.
    pub camera_list: Vec<(u16, String)>,
    /// Partitions of `vparts.cgi`.
    pub partitions: Vec<Partition>,
    /// What was not answered, or not as expected.
    pub warnings: Vec<String>,
}

/// Asks a unit for its configuration.
///
/// # Errors
/// [`Error::Net`] where the unit cannot be reached, refuses the log-in or answers nothing at all of what is asked. A single
/// question that fails is a warning.
pub fn pull(url: Url, options: Options) -> Result<Live> {
    let client = Client::new(url, options);
    let mut live = Live::default();
    let mut answered = 0_usize;
    let mut last = None;
    for name in VARIABLES {
        let path = format!("/variable.cgi?variable={name}&type=include");
        match ask(&client, &path, &mut live) {
            Ok(Some(body)) => {
                answered = answered.saturating_add(1);
                live.variables
                    .push((name.into(), elements(body.trim_end())));
            }
            Ok(None) => {}
            // A unit that cannot be reached once will not be reached eleven times more.
            Err(error) if answered == 0 => return Err(error),
            Err(error) => last = Some(error),
        }
        if let Some(error) = last.take() {
            live.warnings.push(error.to_string());
        }
    }
    match ask(&client, "/camlist.cgi?format=json", &mut live) {
        Ok(Some(body)) => {
            answered = answered.saturating_add(1);
            camera_list(&body, &mut live);
        }
        Ok(None) => {}
        Err(error) => live.warnings.push(error.to_string()),
    }
    match ask(
        &client,
        "/vparts.cgi?format=csv&listlength=100&pathstyle=long",
        &mut live,
    ) {
        Ok(Some(body)) => {
            answered = answered.saturating_add(1);
            live.partitions = body.lines().filter_map(partition).collect();
        }
        Ok(None) => {}
        Err(error) => live.warnings.push(error.to_string()),
    }
    if answered == 0 {
        return Err(Error::Net(format!(
            "nothing was answered: {}",
            live.warnings.join("; ")
        )));
    }
    Ok(live)
}

/// The body as text; nothing where the unit does not know the question.
fn ask(client: &Client, path: &str, live: &mut Live) -> Result<Option<String>> {
    let answer = client.get(path)?;
    if live.server.is_empty() {
        live.server = answer.server;
        if live.server != "ADH-Web" {
            live.warnings.push(format!(
                "the server says it is {:?}; \"ADH-Web\" is expected",
                live.server
            ));
        }
    }
    match answer.status {
        200 => Ok(Some(
            crate::code_page::CodePage::detect(&answer.body).decode(&answer.body),
        )),
        401 | 403 => Err(Error::Net(format!(
            "{path}: the unit wants another user or password (status {})",
            answer.status
        ))),
        status => {
            live.warnings.push(format!("{path}: status {status}"));
            Ok(None)
        }
    }
}

/// The elements of an answer: separated by commas, texts in double quotes, empty elements kept (stated).
pub fn elements(line: &str) -> Vec<String> {
    let mut found = vec![String::new()];
    let mut quoted = false;
    for c in line.trim().chars() {
        match c {
            '"' => quoted = !quoted,
            ',' if !quoted && found.len() >= MAX_ELEMENTS => break,
            ',' if !quoted => found.push(String::new()),
            c => {
                if let Some(last) = found.last_mut() {
                    last.push(c);
                }
            }
        }
    }
    found
        .into_iter()
        .map(|text| text.trim().to_owned())
        .collect()
}

/// Newer units: a list of cameras somewhere in the JSON, each with a number and a title. The names of the members are assumed, so
/// several are tried.
fn camera_list(body: &str, live: &mut Live) {
    let value: serde_json::Value = match serde_json::from_str(body) {
        Ok(value) => value,
        Err(error) => {
            live.warnings
                .push(format!("/camlist.cgi: no JSON: {error}"));
            return;
        }
    };
    let list = match &value {
        serde_json::Value::Array(list) => Some(list),
        serde_json::Value::Object(map) => map.values().find_map(serde_json::Value::as_array),
        _ => None,
    };
    for (at, camera) in (1_u64..).zip(list.into_iter().flatten()) {
        let of = |names: &[&str]| names.iter().find_map(|name| camera.get(name));
        let number = of(&["cam", "camera", "number", "id", "index"])
            .and_then(|v| v.as_u64().or_else(|| v.as_str()?.parse().ok()))
            .unwrap_or(at);
        let title = of(&["title", "name"])
            .or_else(|| camera.is_string().then_some(camera))
            .and_then(serde_json::Value::as_str);
        if let (Ok(number), Some(title)) = (u16::try_from(number), title) {
            live.camera_list.push((number, title.to_owned()));
        }
    }
}

/// A line of `vparts.cgi`: the columns are told by what they hold, as old and new units order them differently (stated).
pub fn partition(line: &str) -> Option<Partition> {
    let cells: Vec<&str> = line
        .split(',')
        .map(|cell| cell.trim().trim_matches('"'))
        .collect();
    let at = cells.iter().position(|cell| {
        let upper = cell.to_ascii_uppercase();
        upper.ends_with(".PAR") || upper.ends_with(".VID")
    })?;
    let file = cells.get(at)?;
    // The old form has the folder in a column of its own.
    let folder = at
        .checked_sub(1)
        .and_then(|before| cells.get(before))
        .filter(|cell| cell.contains(['\\', '/']) && !file.contains(['\\', '/']));
    let mut times = cells
        .iter()
        .skip(at)
        .filter(|cell| (9..=10).contains(&cell.len()))
        .filter_map(|cell| cell.parse::<i64>().ok());
    Some(Partition {
        path: folder.map_or_else(|| (*file).to_owned(), |folder| format!("{folder}\\{file}")),
        start: times.next()?,
        end: times.next()?,
    })
}

/// Bit `n` of masks that come as one number or as a list of numbers of 32 bits.
fn bit(words: &[String], n: u16) -> Option<bool> {
    let word = words.get(usize::from(n / 32))?;
    let value = match word.strip_prefix("0x").or_else(|| word.strip_prefix("0X")) {
        Some(hex) => u32::from_str_radix(hex, 16).ok()?,
        None => word.parse().ok()?,
    };
    Some(value >> (n % 32) & 1 == 1)
}

impl Live {
    /// The elements of a variable.
    pub fn variable(&self, name: &str) -> &[String] {
        self.variables
            .iter()
            .find(|(found, _)| found == name)
            .map_or(&[], |(_, elements)| elements)
    }

    /// The configuration that the answers give. Titles that are too long or hold control characters are cut to what is allowed.
    pub fn config(&self) -> Config {
        let mut config = Config::default();
        let mut set = |section: &str, key: &str, value: &str| {
            if config.set(&Path::new(section, key), value).is_err() {
                let text: String = value
                    .chars()
                    .filter(|c| !c.is_control())
                    .take(TITLE)
                    .collect();
                let _ = config.set(&Path::new(section, key), text.trim());
            }
        };
        if let Some(offset) = self.variable("utc_offset").first() {
            set("unit", "utc-offset", offset);
        }
        let live = self.variable("live_cam[]");
        let coax = self.variable("coax_telm_enable_mask[]");
        let serial = self.variable("rs485_telm_enable_mask[]");
        for (number, title) in (1..=CAMERAS).zip(self.variable("c_title[]")) {
            let camera = format!("camera.{number}");
            if let Some(on) = live.get(usize::from(number).saturating_sub(1)) {
                set(
                    &camera,
                    "enabled",
                    if on == "0" || on.is_empty() {
                        "no"
                    } else {
                        "yes"
                    },
                );
            }
            set(&camera, "title", title);
            let mask_bit = number.saturating_sub(1);
            if bit(serial, mask_bit) == Some(true) {
                set(&camera, "telemetry", "rs485");
            } else if bit(coax, mask_bit) == Some(false) && bit(serial, mask_bit) == Some(false) {
                set(&camera, "telemetry", "none");
            }
        }
        for (number, title) in &self.camera_list {
            if (1..=CAMERAS).contains(number) {
                set(&format!("camera.{number}"), "title", title);
            }
        }
        for (number, title) in (1_u32..=512).zip(self.variable("alarm_title[]")) {
            if !title.is_empty() {
                set(&format!("alarm.{number}"), "title", title);
            }
        }
        config
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_keep_empty_ones_and_commas_in_quotes() {
        assert_eq!(
            elements("\"Front, door\",,\"\",3\r\n"),
            ["Front, door", "", "", "3"]
        );
        assert_eq!(elements(""), [""]);
    }

    #[test]
    fn partitions_of_old_and_new_units() {
        let old =
            partition(r"2, C:\VIDEO, VID02495.VID, 958038878, 958038962, 0, 519, 15").unwrap();
        assert_eq!(old.path, r"C:\VIDEO\VID02495.VID");
        assert_eq!((old.start, old.end), (958_038_878, 958_038_962));
        let new = partition(r"1,0,x,\VIDEO\A00001.PAR,1750000000,1750000600,0").unwrap();
        assert_eq!(new.path, r"\VIDEO\A00001.PAR");
        assert_eq!((new.start, new.end), (1_750_000_000, 1_750_000_600));
        assert_eq!(partition("index, path, start"), None);
        assert_eq!(partition("1,0,x,unavailable,1750000000,1750000600"), None);
    }

    #[test]
    fn the_ftp_log_in_is_never_asked_for() {
        assert!(
            VARIABLES
                .iter()
                .all(|name| !name.contains("ftp") && !name.contains("pass"))
        );
    }
}

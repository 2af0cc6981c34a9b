// SPDX-License-Identifier: MPL-2.0
//! What a unit reports over HTTP. Only reads, and never asks for the unit's FTP login.
//!
//! Requests and answers are **stated** (vendor's SDK, a public client of newer units): `GET /variable.cgi?variable=NAME[]&type=include`,
//! `camlist.cgi?format=json`, `vparts.cgi?format=csv`, basic authentication, `Server: ADH-Web`, and newer units that keep the
//! connection open after the last byte.

use crate::code_page::CodePage;
use crate::config::fields::{CAMERAS, Config, TITLE};
use crate::config::text::{config_of, value_of};
use crate::config::types::Text;
use crate::error::{Error, Result};
use base64::Engine;
use serde_json::Value as Json;
use std::io::Read;
use std::sync::mpsc;
use std::time::{Duration, Instant};

/// Everything that is asked for (stated names). The two variables that hold the unit's FTP login are not among them.
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
/// Most bytes of one answer.
pub const MAX_ANSWER: usize = 256 << 10;
/// Most elements of one answer that are kept (the largest units have 64 cameras and 512 alarm inputs, assumed).
const MAX_ELEMENTS: usize = 1024;

/// Who asks, and how long to wait.
#[derive(Clone)]
pub struct HttpOptions {
    /// User and password for basic authentication. Not sent to any other host: redirects are not followed.
    pub login: Option<(String, String)>,
    /// For one whole answer; all together may take five times as long.
    pub timeout: Duration,
    /// An answer without a length ends when nothing came for so long.
    pub silence: Duration,
}

/// A video partition of the unit.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Partition {
    /// Path as the unit spells it.
    pub path: String,
    /// First second, Unix time.
    pub start: i64,
    /// Last second, Unix time.
    pub end: i64,
}

/// What a unit reported.
#[derive(Clone, Debug, Default, serde::Serialize)]
pub struct Report {
    /// The `Server` header; `ADH-Web` (stated).
    pub server: String,
    /// Variables by name, in the order they were asked for.
    pub variables: Vec<(String, Vec<String>)>,
    /// Cameras of `camlist.cgi`: number and title.
    pub cameras: Vec<(u16, String)>,
    /// Partitions of `vparts.cgi`.
    pub partitions: Vec<Partition>,
    /// What was not answered, or not as expected.
    pub warnings: Vec<String>,
}

struct Client {
    url: String,
    options: HttpOptions,
    agent: ureq::Agent,
    deadline: Instant,
}

impl Client {
    fn new(url: &str, options: &HttpOptions) -> Result<Client> {
        // A URL with a login is not repeated.
        let is_bad = |c: char| matches!(c, '@' | '?' | '#') || c.is_whitespace();
        let host = url.strip_prefix("http://").unwrap_or_default();
        if host.is_empty() || host.contains(is_bad) {
            let message =
                "expected http://HOST[:PORT]; the login goes into --user and PARCONFIG_PASSWORD";
            return Err(Error::Usage(message.into()));
        }
        let config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .timeout_global(Some(options.timeout))
            .max_idle_connections(0)
            // Units are in the user's own network, and a login is for nobody else.
            .proxy(None)
            .user_agent(concat!("parconfig/", env!("CARGO_PKG_VERSION")))
            .build();
        let (now, timeout) = (Instant::now(), options.timeout.saturating_mul(5));
        Ok(Client {
            url: url.trim_end_matches('/').to_owned(),
            options: options.clone(),
            agent: config.into(),
            deadline: now.checked_add(timeout).unwrap_or(now),
        })
    }

    /// Asks one question; nothing where the unit does not know it.
    fn ask(&self, path: &str, report: &mut Report) -> Result<Option<String>> {
        let fail = |message: String| Error::Net(format!("{}{path}: {message}", self.url));
        if Instant::now() > self.deadline {
            return Err(fail("the unit answers too slowly".into()));
        }
        let request = self.agent.get(format!("{}{path}", self.url));
        let mut request = request.header("Connection", "close");
        if let Some((user, password)) = &self.options.login {
            let login = base64::prelude::BASE64_STANDARD.encode(format!("{user}:{password}"));
            request = request.header("Authorization", format!("Basic {login}"));
        }
        let response = request.call().map_err(|error| fail(error.to_string()))?;
        let (head, body) = response.into_parts();
        if report.server.is_empty() {
            let server = head.headers.get("server");
            let server = server.and_then(|value| value.to_str().ok());
            report.server = server.unwrap_or_default().to_owned();
            if report.server != "ADH-Web" {
                let warning = format!("the server is {:?}; \"ADH-Web\" is expected", report.server);
                report.warnings.push(warning);
            }
        }
        let mut lengths = ["content-length", "transfer-encoding"].iter();
        let has_end = lengths.any(|name| head.headers.contains_key(*name));
        let what = match head.status.as_u16() {
            200 => {
                let bytes = self.read(body, has_end).map_err(fail)?;
                return Ok(Some(CodePage::detect(&bytes).decode(&bytes)));
            }
            status @ (401 | 403) => {
                let message = format!("{path}: login refused (status {status})");
                return Err(Error::Net(message));
            }
            300..=399 => ", a redirect, which is not followed",
            _ => "",
        };
        let status = head.status.as_u16();
        report
            .warnings
            .push(format!("{path}: status {status}{what}"));
        Ok(None)
    }

    /// Reads the body in a thread, so that one without an end is over when nothing comes any more. The thread ends with the
    /// time-out of the answer.
    fn read(&self, body: ureq::Body, has_end: bool) -> Result<Vec<u8>, String> {
        let (sender, receiver) = mpsc::channel();
        std::thread::spawn(move || {
            let mut reader = body.into_reader();
            let mut block = [0; 8192];
            loop {
                let bytes = reader.read(&mut block);
                let is_last = bytes.as_ref().is_ok_and(|bytes| *bytes == 0) || bytes.is_err();
                let part = bytes.map(|bytes| block.get(..bytes).unwrap_or_default().to_vec());
                if sender.send(part).is_err() || is_last {
                    return;
                }
            }
        });
        let wait = match has_end {
            true => self.options.timeout,
            false => self.options.silence,
        };
        let mut got = Vec::new();
        loop {
            match receiver.recv_timeout(wait) {
                Ok(Ok(part)) if part.is_empty() => return Ok(got),
                Ok(Ok(part)) => got.extend_from_slice(&part),
                Ok(Err(error)) => return Err(format!("the answer is not complete: {error}")),
                Err(_) if has_end => return Err("the answer is not complete: timed out".into()),
                Err(_) => return Ok(got),
            }
            if got.len() > MAX_ANSWER {
                return Err(format!("larger than the limit of {MAX_ANSWER} bytes"));
            }
        }
    }
}

/// Asks a unit. A question that the unit does not know is a warning; one that is not answered ends the asking.
///
/// # Errors
/// [`Error::Net`] where nothing at all was answered.
pub fn pull(url: &str, options: &HttpOptions) -> Result<Report> {
    let client = Client::new(url, options)?;
    let mut report = Report::default();
    let mut answered = 0_usize;
    let mut paths: Vec<String> = VARIABLES
        .iter()
        .map(|name| format!("/variable.cgi?variable={name}&type=include"))
        .collect();
    paths.push("/camlist.cgi?format=json".into());
    paths.push("/vparts.cgi?format=csv&listlength=100&pathstyle=long".into());
    for (at, path) in paths.iter().enumerate() {
        let body = match client.ask(path, &mut report) {
            Ok(Some(body)) => body,
            Ok(None) => continue,
            Err(error) if answered == 0 => return Err(error),
            Err(error) => {
                report
                    .warnings
                    .push(format!("{error}; nothing more was asked"));
                break;
            }
        };
        answered = answered.saturating_add(1);
        if let Some(name) = VARIABLES.get(at) {
            report
                .variables
                .push(((*name).into(), elements(body.trim_end())));
        } else if path.starts_with("/camlist") {
            camera_list(&body, &mut report);
        } else {
            report.partitions = body.lines().filter_map(partition).collect();
        }
    }
    if answered == 0 {
        return Err(Error::Net(format!(
            "{url}: nothing was answered: {}",
            report.warnings.join("; ")
        )));
    }
    Ok(report)
}

/// The elements of an answer: separated by commas, texts in double quotes, empty elements kept (stated).
pub fn elements(line: &str) -> Vec<String> {
    let mut quoted = false;
    let parts = line.trim().split(|c| {
        quoted ^= c == '"';
        c == ',' && !quoted
    });
    parts
        .take(MAX_ELEMENTS)
        .map(|part| part.replace('"', "").trim().to_owned())
        .collect()
}

/// Newer units: a list of cameras somewhere in the JSON, each with a number and a title. The names of the members are assumed, so
/// several are tried.
fn camera_list(body: &str, report: &mut Report) {
    let value: Json = match serde_json::from_str(body) {
        Ok(value) => value,
        Err(error) => {
            return report
                .warnings
                .push(format!("/camlist.cgi: not JSON: {error}"));
        }
    };
    let list = match &value {
        Json::Object(map) => map.values().find_map(Json::as_array),
        value => value.as_array(),
    };
    for (at, camera) in (1_u64..).zip(list.into_iter().flatten()) {
        let member = |names: &[&str]| names.iter().find_map(|name| camera.get(name));
        let number = member(&["cam", "camera", "number", "id", "index"])
            .and_then(|v| v.as_u64().or_else(|| v.as_str()?.parse().ok()))
            .unwrap_or(at);
        let title = member(&["title", "name"])
            .or_else(|| camera.is_string().then_some(camera))
            .and_then(Json::as_str);
        if let (Ok(number), Some(title)) = (u16::try_from(number), title) {
            report.cameras.push((number, title.to_owned()));
        }
    }
}

/// A line of `vparts.cgi`: columns are recognised by what they hold, as old and new units order them differently (stated).
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
    let folder = at.checked_sub(1).and_then(|before| cells.get(before));
    let folder = folder.filter(|cell| cell.contains(['\\', '/']) && !file.contains(['\\', '/']));
    let is_time = |cell: &&&str| (9..=10).contains(&cell.len());
    let mut times = cells
        .iter()
        .skip(at)
        .filter(is_time)
        .filter_map(|cell| cell.parse().ok());
    Some(Partition {
        path: folder.map_or_else(|| (*file).to_owned(), |folder| format!("{folder}\\{file}")),
        start: times.next()?,
        end: times.next()?,
    })
}

/// Bit `n` of masks that come as one number or as a list of numbers of 32 bits.
fn bit(words: &[String], n: usize) -> Option<bool> {
    let word = words.get(n / 32)?;
    let value = match word.strip_prefix("0x").or_else(|| word.strip_prefix("0X")) {
        Some(hex) => u32::from_str_radix(hex, 16).ok()?,
        None => word.parse().ok()?,
    };
    Some(value >> (n % 32) & 1 == 1)
}

impl Report {
    /// The elements of a variable.
    pub fn variable(&self, name: &str) -> &[String] {
        self.variables
            .iter()
            .find(|(found, _)| found == name)
            .map_or(&[], |(_, elements)| elements)
    }

    /// The configuration that the answers give. Titles are cut to what is allowed; what is not allowed is left out.
    pub fn config(&self) -> Config {
        let mut values = Vec::new();
        let mut put = |path: String, value: &str| {
            let cut = String::from(Text::<TITLE>::cut(value));
            let value = value_of(&path, value).or_else(|_| value_of(&path, &cut));
            values.extend(value.ok().map(|value| (path, value)));
        };
        if let Some(offset) = self.variable("utc_offset").first() {
            put("unit.utc-offset".into(), offset);
        }
        let live = self.variable("live_cam[]");
        let coax = self.variable("coax_telm_enable_mask[]");
        let serial = self.variable("rs485_telm_enable_mask[]");
        let titles = self.variable("c_title[]").iter().enumerate();
        for (at, title) in titles.take(usize::from(CAMERAS)) {
            let camera = format!("camera.{}", at.saturating_add(1));
            if let Some(on) = live.get(at) {
                let is_on = !matches!(on.as_str(), "" | "0");
                put(
                    format!("{camera}.enabled"),
                    if is_on { "yes" } else { "no" },
                );
            }
            put(format!("{camera}.title"), title);
            match (bit(serial, at), bit(coax, at)) {
                (Some(true), _) => put(format!("{camera}.telemetry"), "rs485"),
                (Some(false), Some(false)) => put(format!("{camera}.telemetry"), "none"),
                _ => {}
            }
        }
        for (number, title) in &self.cameras {
            put(format!("camera.{number}.title"), title);
        }
        for (number, title) in (1_u32..).zip(self.variable("alarm_title[]")) {
            if !title.is_empty() {
                put(format!("alarm.{number}.title"), title);
            }
        }
        config_of(values)
    }
}

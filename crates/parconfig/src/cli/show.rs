// SPDX-License-Identifier: MPL-2.0
//! `show`.

use crate::failure::Failure;
use crate::input::{Input, NetArgs, Source, open};
use crate::show_text::{config_text, live_text, recording_text};
use crate::{Common, Done, output};
use clap::Args;
use parconfig::archive::Member;
use parconfig::diff::{MASK, is_secret};
use parconfig::effective::Effective;
use parconfig::ini::Ini;
use parconfig::live::Live;
use parconfig::sniff::Kind;
use parconfig::{Config, ConfigText, Path, tree, week};
use serde_json::{Value, json};

/// What `--section` allows.
const SECTIONS: [&str; 11] = [
    "unit",
    "camera",
    "profile",
    "schedule",
    "alarm",
    "zone",
    "relay",
    "network",
    "reporting",
    "archive",
    "account",
];

#[derive(Args)]
#[command(after_help = "\
Examples:
  parconfig show unit.par
  parconfig show unit.par --section schedule
  parconfig show recording.adbin
  parconfig show backup.zip --json
  PARCONFIG_PASSWORD=… parconfig show http://10.0.0.5 --user viewer")]
pub struct Show {
    /// File, folder, ZIP or URL
    file: String,
    /// Only this part: unit, camera, profile, schedule, alarm, zone, relay, network, reporting, archive, account
    #[arg(long, value_parser = SECTIONS)]
    section: Option<String>,
    #[command(flatten)]
    net: NetArgs,
}

impl Show {
    pub fn run(self, common: Common) -> Done {
        let source = open(&self.file, &self.net)?;
        let only = self.section.as_deref();
        if common.json {
            output::print_json(&source_json(&source, only, common.show_secrets)?)?;
            return Ok(0);
        }
        let mut out = format!("{}: {}\n", source.name, source.kind);
        match &source.input {
            Input::Config(text) => {
                out.push_str(&config_text(text.config(), only, common.show_secrets))
            }
            Input::Ini(ini) => out.push_str(&ini_text(ini, common.show_secrets)),
            Input::Recording(found) => {
                out.push_str(&recording_text(found));
                out.push_str(&config_text(&found.config(), only, common.show_secrets));
            }
            Input::Live(live) => {
                out.push_str(&live_text(live));
                out.push_str(&config_text(&live.config(), only, common.show_secrets));
            }
            Input::Set(members) => {
                for member in members {
                    out.push_str(&format!("\n== {}: {}\n", member.name, member.kind.name()));
                    out.push_str(&member_text(member, only, common.show_secrets)?);
                }
            }
        }
        output::print(&out)?;
        Ok(0)
    }
}

fn member_text(member: &Member, only: Option<&str>, secrets: bool) -> Result<String, Failure> {
    let fail = |error| Failure::input(&member.name, &error);
    let bytes = member.bytes.as_deref().unwrap_or_default();
    Ok(match member.kind {
        Kind::Config => config_text(
            ConfigText::parse(bytes).map_err(fail)?.config(),
            only,
            secrets,
        ),
        Kind::Ini => ini_text(&Ini::parse(bytes).map_err(fail)?, secrets),
        Kind::Zip => "a ZIP inside is not opened\n".into(),
        Kind::Recording(_) => "unpack it to read it\n".into(),
        _ => String::new(),
    })
}

/// A unit's own file: its sections and keys as they are.
fn ini_text(ini: &Ini, secrets: bool) -> String {
    let mut out = format!("{} text\n", ini.code_page().name());
    let mut section = None;
    for entry in ini.entries() {
        if section.as_ref() != Some(&entry.section) {
            out.push_str(&format!("[{}]\n", entry.section));
            section = Some(entry.section.clone());
        }
        let path = Path::new(&entry.section, &entry.key);
        out.push_str(&format!(
            "  {} = {}\n",
            entry.key,
            output::masked(&path, &entry.value, secrets)
        ));
    }
    out
}

fn source_json(source: &Source, only: Option<&str>, secrets: bool) -> Result<Value, Failure> {
    let mut value = json!({ "file": source.name, "kind": source.kind });
    let mut put = |key: &str, part: Value| {
        if let Some(object) = value.as_object_mut() {
            object.insert(key.into(), part);
        }
    };
    match &source.input {
        Input::Config(text) => put("config", config_json(text.config(), only, secrets)?),
        Input::Ini(ini) => put("ini", ini_json(ini, secrets)),
        Input::Recording(found) => {
            put("recording", recording_json(found));
            put("config", config_json(&found.config(), only, secrets)?);
        }
        Input::Live(live) => {
            put("live", live_json(live));
            put("config", config_json(&live.config(), only, secrets)?);
        }
        Input::Set(members) => {
            let mut list = Vec::new();
            for member in members {
                list.push(member_json(member, only, secrets)?);
            }
            put("files", Value::Array(list));
        }
    }
    Ok(value)
}

fn member_json(member: &Member, only: Option<&str>, secrets: bool) -> Result<Value, Failure> {
    let fail = |error| Failure::input(&member.name, &error);
    let bytes = member.bytes.as_deref().unwrap_or_default();
    let (config, ini) = match member.kind {
        Kind::Config => {
            let text = ConfigText::parse(bytes).map_err(fail)?;
            (Some(config_json(text.config(), only, secrets)?), None)
        }
        Kind::Ini => (
            None,
            Some(ini_json(&Ini::parse(bytes).map_err(fail)?, secrets)),
        ),
        _ => (None, None),
    };
    Ok(json!({ "file": member.name, "kind": member.kind.name(), "config": config, "ini": ini }))
}

fn config_json(config: &Config, only: Option<&str>, secrets: bool) -> Result<Value, Failure> {
    let mut value = tree::to_json(config, secrets)?;
    if let Some(object) = value.as_object_mut() {
        if let Some(only) = only {
            object.retain(|key, _| key == only || key == "par");
        }
        if only.is_none_or(|only| only == "schedule")
            && config
                .sections
                .iter()
                .any(|s| s.name.starts_with("schedule"))
        {
            object.insert("week".into(), week_json(config));
        }
    }
    Ok(value)
}

/// The week in blocks of one mode, minutes since midnight.
pub fn week_json(config: &Config) -> Value {
    let days = week::week(config).days;
    let all = parconfig::schema::DAYS
        .iter()
        .zip(days)
        .map(|(day, blocks)| {
            let blocks: Vec<Value> = blocks
                .iter()
                .map(|b| json!({ "from": b.from, "to": b.to, "mode": b.mode }))
                .collect();
            ((*day).to_owned(), Value::Array(blocks))
        });
    Value::Object(all.collect())
}

fn ini_json(ini: &Ini, secrets: bool) -> Value {
    let entries: Vec<Value> = ini
        .entries()
        .map(|entry| {
            let secret = is_secret(&Path::new(&entry.section, &entry.key)) && !secrets;
            let value = if secret { MASK } else { entry.value.as_str() };
            json!({ "section": entry.section, "key": entry.key, "value": value, "line": entry.place.line })
        })
        .collect();
    json!({ "code_page": ini.code_page().name(), "entries": entries })
}

/// What a recording says, in full.
pub fn recording_json(found: &Effective) -> Value {
    let cameras: Vec<Value> = found
        .cameras
        .iter()
        .map(|(number, camera)| {
            json!({
                "camera": number,
                "titles": camera.titles,
                "codec": camera.codec.map(|codec| format!("{codec:?}").to_lowercase()),
                "sizes": camera.sizes.iter().map(|(w, h)| format!("{w}x{h}")).collect::<Vec<_>>(),
                "pictures": camera.pictures,
                "keyframes": camera.keys,
                "rate": camera.rate(),
                "target": camera.target,
                "source": camera.crop.map(|crop| format!("{}x{}", crop.source.0, crop.source.1)),
                "crop": camera.crop.map(|crop| format!("{},{}", crop.offset.0, crop.offset.1)),
                "quality_factor": camera.quality,
                "spans_ms": camera.spans,
            })
        })
        .collect();
    json!({
        "site": found.site,
        "utc_offset": found.utc_offset,
        "locale": found.locale,
        "cameras": cameras,
        "alarms": found.alarms,
        "masks": found.masks,
        "sound_blocks": found.sounds,
        "damaged_bytes": found.damaged,
        "warnings": found.warnings,
    })
}

/// What a unit told, in full.
pub fn live_json(live: &Live) -> Value {
    let variables = live
        .variables
        .iter()
        .map(|(name, values)| (name.clone(), json!(values)));
    let partitions = live
        .partitions
        .iter()
        .map(|p| json!({ "path": p.path, "start": p.start, "end": p.end }));
    json!({
        "server": live.server,
        "variables": Value::Object(variables.collect()),
        "cameras": live.camera_list.iter().map(|(n, t)| json!({ "camera": n, "title": t })).collect::<Vec<_>>(),
        "partitions": partitions.collect::<Vec<_>>(),
        "warnings": live.warnings,
    })
}

// SPDX-License-Identifier: MPL-2.0
//! The page.

use super::Part;
use crate::common::{
    clock::{OffsetSource, Zone, duration},
    coded::codec_name,
};
use crate::draw::escape;
use crate::recording::{Camera, Recording};
use base64::{Engine, engine::general_purpose::STANDARD};
use std::{fmt::Write, path::PathBuf};

/// Rows of a table at most; what is left out is told.
const MAX_ROWS: usize = 500;

const STYLE: &str = "
:root { color-scheme: light dark; --paper: #fff; --ink: #1b1f24; --soft: #57606a; --rule: #d0d7de; --band: #f6f8fa; --bad: #b00020; --good: #1a7f37 }
@media (prefers-color-scheme: dark) { :root { --paper: #14171c; --ink: #e6e9ed; --soft: #9aa4b0; --rule: #3a414b; --band: #1d2229; --bad: #ff7b86; --good: #6fdd8b } }
* { box-sizing: border-box }
body { margin: 0 auto; max-width: 66rem; padding: 2rem 1.5rem; background: var(--paper); color: var(--ink); font: 15px/1.5 system-ui, 'DejaVu Sans', sans-serif }
h1 { font-size: 1.7rem; margin: 0 } h2 { font-size: 1.3rem; margin: 2.5rem 0 .6rem; border-bottom: 2px solid var(--rule) } h3 { font-size: 1.05rem; margin: 1.4rem 0 .4rem }
p { margin: .3rem 0 } .soft { color: var(--soft) } .bad { color: var(--bad); font-weight: 600 } .good { color: var(--good); font-weight: 600 }
table { border-collapse: collapse; width: 100%; font-size: .9rem; font-variant-numeric: tabular-nums } caption { text-align: left; color: var(--soft) }
th, td { text-align: left; vertical-align: top; padding: .25rem .6rem .25rem 0; border-bottom: 1px solid var(--rule) } td.n, th.n { text-align: right } .n + td:not(.n), .n + th:not(.n) { padding-left: .6rem }
table.facts th { width: 13rem; font-weight: 600 } code { font-family: 'DejaVu Sans Mono', monospace; font-size: .85em; overflow-wrap: anywhere }
figure { margin: .8rem 0; overflow-x: auto } .wide { overflow-x: auto } .wide th, .wide td { white-space: nowrap } .wide code { white-space: normal }
.sheet { display: grid; grid-template-columns: repeat(auto-fill, minmax(13.2rem, 1fr)); gap: .8rem; margin: .8rem 0 } .sheet figure { margin: 0; overflow: hidden } .sheet img { display: block; width: 100%; border: 0 }
.sheet figcaption { font-size: .78rem; line-height: 1.35; margin-top: .2rem; font-variant-numeric: tabular-nums; overflow-wrap: anywhere } .none { aspect-ratio: 4 / 3; display: grid; place-items: center; background: var(--band); color: var(--soft) }
@media (max-width: 40rem) { body { padding: 1rem } table.facts th { width: 6.5rem } } figure img, figure svg { max-width: 100%; height: auto; border: 1px solid var(--rule) }
svg .paper { fill: var(--paper) } svg .ink { fill: var(--ink) } svg .grid { stroke: var(--rule) } svg .gap { stroke: var(--soft) }
.words dt { font-weight: 600; margin-top: .5rem } .words dd { margin: 0 0 0 1.2rem }
@media print { :root { --paper: #fff; --ink: #000; --soft: #444; --rule: #aaa; --band: #eee; --bad: #900; --good: #060 } body { max-width: none; padding: 0; font-size: 10pt }
  h2, h3 { break-after: avoid } tr, figure { break-inside: avoid } thead { display: table-header-group } .wide { overflow: visible } .wide th, .wide td { white-space: normal } @page { margin: 15mm } }
";

/// Builds the page.
pub fn html(
    parts: &[Part],
    timelines: &[String],
    made: &[(PathBuf, u64, String)],
    case: Option<&str>,
) -> String {
    let title = case.map_or_else(|| "Report on recordings".to_owned(), escape);
    let mut out = format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>{title}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<h1>{title}</h1>\n"
    );
    let now = jiff::Timestamp::now().strftime("%Y-%m-%d %H:%M:%S UTC");
    let _ = writeln!(
        out,
        "<p class=\"soft\">Written {now} by exptool {}.</p>",
        env!("CARGO_PKG_VERSION")
    );
    let command: Vec<String> = std::env::args_os()
        .map(|argument| quoted(&argument.to_string_lossy()))
        .collect();
    let _ = writeln!(
        out,
        "<p>Command line: <code>{}</code></p>",
        escape(&command.join(" "))
    );
    for (part, timeline) in parts.iter().zip(timelines) {
        recording(&mut out, part, timeline);
    }
    outputs(&mut out, made);
    assumed(&mut out, parts);
    out.push_str("</body>\n</html>\n");
    out
}

/// As a shell would take it.
fn quoted(argument: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./=:+,@%".contains(c);
    match !argument.is_empty() && argument.chars().all(plain) {
        true => argument.to_owned(),
        false => format!("'{}'", argument.replace('\'', "'\\''")),
    }
}

fn fact(out: &mut String, name: &str, html: &str) {
    let _ = writeln!(out, "<tr><th scope=\"row\">{name}</th><td>{html}</td></tr>");
}

fn recording(out: &mut String, part: &Part, timeline: &str) {
    let r = &part.recording;
    let name = r
        .input
        .path
        .file_name()
        .unwrap_or_default()
        .to_string_lossy();
    let _ = writeln!(
        out,
        "<section>\n<h2>{}</h2>\n<table class=\"facts\">",
        escape(&name)
    );
    file_facts(out, part);
    recorder_facts(out, r);
    checks(out, r);
    out.push_str("</table>\n");
    cameras(out, r);
    if let Some(start) = timeline.find("<svg") {
        out.push_str("<h3>Timeline</h3>\n<figure>\n");
        out.push_str(timeline.get(start..).unwrap_or_default());
        out.push_str("</figure>\n");
    }
    for camera in &r.contents.cameras {
        runs(out, r, camera);
    }
    damage(out, r);
    pictures(out, part);
    out.push_str("</section>\n");
}

fn file_facts(out: &mut String, part: &Part) {
    let r = &part.recording;
    let path = std::fs::canonicalize(&r.input.path).unwrap_or_else(|_| r.input.path.clone());
    fact(
        out,
        "File",
        &format!("<code>{}</code>", escape(&path.to_string_lossy())),
    );
    fact(out, "Size", &format!("{} bytes", r.input.size));
    fact(
        out,
        "SHA-256",
        &format!("<code class=\"sha256\">{}</code>", part.sha256),
    );
    let info = &r.findings.info;
    let family = format!(
        "{} ({}), confidence {}&nbsp;%: {}",
        escape(info.container),
        escape(info.family),
        r.input.confidence,
        escape(&r.input.evidence)
    );
    fact(out, "Format", &family);
}

fn recorder_facts(out: &mut String, r: &Recording) {
    let info = &r.findings.info;
    let recorder: Vec<&str> = [info.model.as_str(), info.server.as_str()]
        .into_iter()
        .filter(|text| !text.is_empty())
        .collect();
    if !recorder.is_empty() {
        fact(out, "Recorder", &escape(&recorder.join(", ")));
    }
    let offset = match r.zone.from {
        OffsetSource::Unknown => "shown in UTC: no offset of local time is known".to_owned(),
        from => format!(
            "local time is UTC{} ({})",
            r.zone.offset_name(),
            from.name()
        ),
    };
    fact(
        out,
        "Clock",
        &format!("{}; {offset}", r.findings.profile.clock_name()),
    );
    let first = r.contents.span.map(|(first, _)| first);
    let last = r.contents.span.map(|(_, last)| last);
    if let Some((first, last)) = first.zip(last) {
        let mut text = format!("{} to {}", r.time(first), r.time(last));
        if r.has_clock() {
            let _ = write!(
                text,
                "<br><span class=\"soft\">{} to {}</span>",
                Zone::utc(first),
                Zone::utc(last)
            );
        }
        fact(out, "Recorded", &text);
    }
}

fn checks(out: &mut String, r: &Recording) {
    let summary = &r.findings;
    let sums = match (summary.checked, summary.mismatches) {
        (0, _) => "the records have none".to_owned(),
        (checked, 0) => format!("<span class=\"good\">all {checked} right</span>"),
        (checked, wrong) => format!("<span class=\"bad\">{wrong} of {checked} wrong</span>"),
    };
    fact(out, "Checksums", &sums);
    let mut hurt = Vec::new();
    if let Some((offset, length)) = summary.front {
        hurt.push(crate::info::front_text(offset, length));
    }
    if summary.damaged > 0 {
        let (places, s) = (summary.damaged, if summary.damaged == 1 { "" } else { "s" });
        hurt.push(format!(
            "{places} place{s}, {} bytes",
            summary.damaged_bytes
        ));
    }
    if summary.cut.is_some() {
        hurt.push("the file ends inside a record".to_owned());
    }
    let hurt = match hurt.is_empty() {
        true => "<span class=\"good\">none found</span>".to_owned(),
        false => format!("<span class=\"bad\">{}</span>", hurt.join("; ")),
    };
    fact(out, "Damage", &hurt);
    if let Some(records) = summary.info.records {
        let agree = if records == summary.records {
            "as many as there are"
        } else {
            "not as many as there are"
        };
        fact(
            out,
            "Records",
            &format!("{}; the header says {records}, {agree}", summary.records),
        );
    } else {
        fact(out, "Records", &summary.records.to_string());
    }
    for warning in summary.warnings.iter().take(20) {
        fact(
            out,
            "Does not agree",
            &format!("<span class=\"bad\">{}</span>", escape(warning)),
        );
    }
}

fn cameras(out: &mut String, r: &Recording) {
    out.push_str(
        "<h3>Cameras</h3>\n<div class=\"wide\"><table>\n<thead><tr><th>Camera</th><th>Codec</th><th>Size</th><th class=\"n\">Rate</th><th class=\"n\">Runs</th>\
         <th class=\"n\">Frames</th><th class=\"n\">Without reference</th><th class=\"n\">Recorded</th><th>Sound</th></tr></thead>\n<tbody>\n",
    );
    for camera in &r.contents.cameras {
        let orphans = camera.orphans;
        let length = camera.recorded();
        let size = match camera.width {
            0 => "unknown".to_owned(),
            width => format!("{width}×{}", camera.height),
        };
        let _ = writeln!(
            out,
            "<tr><td>{}</td><td>{}</td><td>{size}</td><td class=\"n\">{:.2}/s</td><td class=\"n\">{}</td><td class=\"n\">{}</td>\
             <td class=\"n\">{orphans}</td><td class=\"n\">{}</td><td>{}</td></tr>",
            escape(&camera.name()),
            codec_name(camera.codec),
            1e9 / camera.interval.max(1) as f64,
            camera.runs.len() as u64 + camera.more_runs,
            camera.frames,
            duration(length),
            r.contents
                .audio_of(camera.number)
                .map_or("none", |audio| codec_name(audio.key.codec))
        );
    }
    out.push_str("</tbody></table></div>\n");
}

fn runs(out: &mut String, r: &Recording, camera: &Camera) {
    let _ = writeln!(
        out,
        "<h3>Runs of {}</h3>\n<div class=\"wide\"><table>\n<thead><tr><th class=\"n\">Run</th><th>From</th><th>To</th><th>Before it</th><th>Mode</th>\
         <th class=\"n\">Frames</th></tr></thead>\n<tbody>",
        escape(&camera.name())
    );
    for (n, run) in camera.runs.iter().enumerate().take(MAX_ROWS) {
        let gap = r.describe_break(run.begins).unwrap_or_default();
        let mut modes: Vec<&str> = run
            .modes
            .iter()
            .map(|span| span.mode.name().unwrap_or("unknown"))
            .collect();
        modes.dedup();
        let _ = writeln!(
            out,
            "<tr><td class=\"n\">{}</td><td>{}</td><td>{}</td><td>{gap}</td><td>{}</td><td class=\"n\">{}</td></tr>",
            n + 1,
            r.time(run.start),
            r.time(run.last),
            modes.join(", "),
            run.frames + run.orphans
        );
    }
    out.push_str("</tbody></table></div>\n");
    rest(out, camera.runs.len() as u64 + camera.more_runs);
}

fn rest(out: &mut String, all: u64) {
    if all > MAX_ROWS as u64 {
        let _ = writeln!(
            out,
            "<p class=\"soft\">and {} more</p>",
            all - MAX_ROWS as u64
        );
    }
}

fn damage(out: &mut String, r: &Recording) {
    if r.contents.damage.is_empty() {
        return;
    }
    out.push_str(
        "<h3>Damage</h3>\n<div class=\"wide\"><table>\n<thead><tr><th class=\"n\">Offset</th><th class=\"n\">Bytes</th><th>Shortly after</th></tr></thead>\n<tbody>\n",
    );
    for hurt in r.contents.damage.iter().take(MAX_ROWS) {
        let time = hurt
            .clock
            .map_or_else(|| "the beginning".to_owned(), |clock| r.time(clock));
        let _ = writeln!(
            out,
            "<tr><td class=\"n\">{}</td><td class=\"n\">{}</td><td>{time}</td></tr>",
            hurt.offset, hurt.length
        );
    }
    out.push_str("</tbody></table></div>\n");
    rest(out, r.contents.damage.len() as u64);
}

fn pictures(out: &mut String, part: &Part) {
    if part.shots.is_empty() && part.note.is_none() {
        return;
    }
    out.push_str("<h3>Pictures</h3>\n<div class=\"sheet\">\n");
    for shot in &part.shots {
        let coded = shot.coded.as_deref().map_or_else(String::new, |sum| {
            format!(" title=\"SHA-256 of the coded picture: {sum}\"")
        });
        let (time, run) = (escape(&shot.time), escape(&shot.run));
        let picture = match &shot.png {
            Some(png) => {
                let data = STANDARD.encode(png);
                format!("<img alt=\"{run}, {time}\"{coded} src=\"data:image/png;base64,{data}\">")
            }
            None => "<div class=\"none\">no picture</div>".to_owned(),
        };
        let _ = writeln!(
            out,
            "<figure>{picture}<figcaption>{time}<br>{run}</figcaption></figure>"
        );
    }
    out.push_str("</div>\n");
    if part.left_out > 0 {
        let count = part.left_out;
        let _ = writeln!(
            out,
            "<p class=\"soft\">and {count} more, which a page has no room for: exptool contact-sheet shows all</p>"
        );
    }
    if let Some(note) = &part.note {
        let _ = writeln!(out, "<p class=\"bad\">{}</p>", escape(note));
    }
}

fn outputs(out: &mut String, made: &[(PathBuf, u64, String)]) {
    if made.is_empty() {
        return;
    }
    out.push_str(
        "<section>\n<h2>Files made of these recordings</h2>\n<div class=\"wide\"><table>\n<thead><tr><th>File</th><th class=\"n\">Bytes</th><th>SHA-256</th></tr></thead>\n<tbody>\n",
    );
    for (path, size, sum) in made {
        let name = escape(&path.to_string_lossy());
        let _ = writeln!(
            out,
            "<tr><td><code>{name}</code></td><td class=\"n\">{size}</td><td><code class=\"sha256\">{sum}</code></td></tr>"
        );
    }
    out.push_str("</tbody></table></div>\n</section>\n");
}

fn assumed(out: &mut String, parts: &[Part]) {
    out.push_str("<section>\n<h2>What is known of the format</h2>\n<dl class=\"words\">\n");
    if parts
        .iter()
        .any(|part| part.recording.input.demuxer() == "expdemux")
    {
        out.push_str(
            "<dt>Verified (shown on real footage, publicly)</dt>\
             <dd>The frame record of the PLV1 AVI export: the recorder's time in whole seconds, P or keyframe, length, the MPEG-4 picture; \
             keyframes stored in reversed groups of four bytes.</dd>\n\
             <dt>Stated (by a manual, without bytes)</dt>\
             <dd>A native file holds MPEG-4 video, date and time, camera number, video format and recording mode. A clock may be set back; the hour \
             at the end of daylight saving occurs twice.</dd>\n\
             <dt>Assumed (by this program, until a real file says otherwise)</dt>\
             <dd>All else in a native file: its header and camera titles, the places of camera number, mode and milliseconds in a record, sound, \
             the index, the checksums, the offset from UTC. That the recorder timestamps UTC. Where only seconds are stored, the pictures of a second \
             are spread evenly over it. Pictures are shown 4:3.</dd>\n",
        );
    }
    if parts
        .iter()
        .any(|part| part.recording.input.demuxer() != "expdemux")
    {
        out.push_str(
            "<dt>NetVu recordings</dt><dd>Known from captures of real units and from published programs; times are taken as the units write them.</dd>\n",
        );
    }
    out.push_str("</dl>\n</section>\n");
}

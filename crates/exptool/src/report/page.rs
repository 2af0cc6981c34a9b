// SPDX-License-Identifier: MPL-2.0
//! The page.

use super::{Heading, Output, Part, Shot, log::Bookmark};
use crate::common::{
    clock::{OffsetSource, duration},
    coded::codec_name,
};
use crate::info::{Facts, front_text};
use crate::recording::{Camera, Recording};
use base64::{Engine, engine::general_purpose::STANDARD};
use maud::{DOCTYPE, Markup, PreEscaped, html};

/// Rows of a table at most; how many are left out is written below it.
const MAX_ROWS: usize = 500;
/// Warnings of a file at most.
const MAX_WARNINGS: usize = 20;

const STYLE: &str = "
:root { color-scheme: light dark; --paper: #fff; --ink: #1b1f24; --soft: #57606a; --rule: #d0d7de; --band: #f6f8fa; --bad: #b00020; --good: #1a7f37 }
@media (prefers-color-scheme: dark) { :root { --paper: #14171c; --ink: #e6e9ed; --soft: #9aa4b0; --rule: #3a414b; --band: #1d2229; --bad: #ff7b86; --good: #6fdd8b } }
* { box-sizing: border-box }
body { margin: 0 auto; max-width: 66rem; padding: 2rem 1.5rem; background: var(--paper); color: var(--ink); font: 15px/1.5 system-ui, 'DejaVu Sans', sans-serif }
h1 { font-size: 1.7rem; margin: 0 } h2 { font-size: 1.3rem; margin: 2.5rem 0 .6rem; border-bottom: 2px solid var(--rule) } h3 { font-size: 1.05rem; margin: 1.4rem 0 .4rem }
p { margin: .3rem 0 } a { color: inherit } .soft { color: var(--soft) } .bad { color: var(--bad); font-weight: 600 } .good { color: var(--good); font-weight: 600 }
table { border-collapse: collapse; width: 100%; font-size: .9rem; font-variant-numeric: tabular-nums }
th, td { text-align: left; vertical-align: top; padding: .25rem .6rem .25rem 0; border-bottom: 1px solid var(--rule) } td.n, th.n { text-align: right } .n + td:not(.n), .n + th:not(.n) { padding-left: .6rem }
table.facts th { width: 13rem; font-weight: 600 } code { font-family: 'DejaVu Sans Mono', monospace; font-size: .85em; overflow-wrap: anywhere }
figure { margin: .8rem 0; overflow-x: auto } .wide { overflow-x: auto } .wide th, .wide td { white-space: nowrap } .wide code, .wide .wrap { white-space: normal }
.sheet { display: grid; grid-template-columns: repeat(auto-fill, minmax(13.2rem, 1fr)); gap: .8rem; margin: .8rem 0 } .sheet figure { margin: 0; overflow: hidden } .sheet img { display: block; width: 100%; border: 0 }
.sheet figcaption { font-size: .78rem; line-height: 1.35; margin-top: .2rem; font-variant-numeric: tabular-nums; overflow-wrap: anywhere } .none { aspect-ratio: 4 / 3; display: grid; place-items: center; background: var(--band); color: var(--soft) }
@media (max-width: 40rem) { body { padding: 1rem } table.facts th { width: 6.5rem } } figure img, figure svg { max-width: 100%; height: auto; border: 1px solid var(--rule) }
svg .paper { fill: var(--paper) } svg .ink { fill: var(--ink) } svg .grid { stroke: var(--rule) } svg .gap { stroke: var(--soft) }
.words dt { font-weight: 600; margin-top: .5rem } .words dd { margin: 0 0 0 1.2rem }
@media print { :root { --paper: #fff; --ink: #000; --soft: #444; --rule: #aaa; --band: #eee; --bad: #900; --good: #060 } body { max-width: none; padding: 0; font-size: 10pt }
  h2, h3 { break-after: avoid } tr, figure { break-inside: avoid } thead { display: table-header-group } .wide { overflow: visible } .wide th, .wide td { white-space: normal }
  @page { size: A4; margin: 15mm 15mm 20mm; @bottom-right { content: 'Page ' counter(page) ' of ' counter(pages); font: 8pt 'DejaVu Sans', sans-serif; color: #444 } } }
";

/// Builds the page.
pub fn html(
    heading: &Heading,
    parts: &[Part],
    log: &[Bookmark],
    together: Option<&str>,
    made: &[Output],
) -> String {
    let title = heading.case.as_deref().unwrap_or("Report on recordings");
    let command = std::env::args_os().map(|argument| quoted(&argument.to_string_lossy()));
    let command = command.collect::<Vec<_>>().join(" ");
    let now = jiff::Timestamp::now().strftime("%Y-%m-%d %H:%M:%S UTC");
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (title) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                h1 { (title) }
                p.soft { "Written " (now) " by exptool " (env!("CARGO_PKG_VERSION")) "." }
                table.facts {
                    @if let Some(case) = &heading.case { (fact("Case", html! { (case) })) }
                    @if let Some(examiner) = &heading.examiner { (fact("Examiner", html! { (examiner) })) }
                    @if let Some(window) = &heading.window { (fact("Limited to", html! { (window) })) }
                    (fact("Command line", html! { code { (command) } }))
                }
                (summary(parts))
                (between(parts))
                (viewing_log(log))
                @if let Some(svg) = together.and_then(body_of) {
                    h2 #timeline { "All recordings" }
                    figure { (PreEscaped(svg)) }
                }
                @for (n, part) in parts.iter().enumerate() { (recording(n, part)) }
                (outputs(made))
                (format(parts))
            }
        }
    }
    .into_string()
}

/// As a shell would take it.
fn quoted(argument: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./=:+,@%".contains(c);
    match !argument.is_empty() && argument.chars().all(plain) {
        true => argument.to_owned(),
        false => format!("'{}'", argument.replace('\'', "'\\''")),
    }
}

/// An SVG without its XML declaration.
fn body_of(svg: &str) -> Option<&str> {
    svg.find("<svg").and_then(|start| svg.get(start..))
}

fn fact(name: &str, value: Markup) -> Markup {
    html! { tr { th scope="row" { (name) } td { (value) } } }
}

fn name(recording: &Recording) -> String {
    let name = recording.input.path.file_name().unwrap_or_default();
    name.to_string_lossy().into_owned()
}

/// What, when, which cameras, damage and verdict, and where the rest is.
fn summary(parts: &[Part]) -> Markup {
    html! {
        h2 #summary { "Summary" }
        div.wide { table {
            thead { tr { th { "Recording" } th { "Recorder" } th { "Recorded" } th { "Cameras" } th.n { "Gaps" } th { "Result" } } }
            tbody {
                @for (n, part) in parts.iter().enumerate() {
                    @let r = &part.facts.recording;
                    tr {
                        td { a href=(format!("#recording-{n}")) { (name(r)) } }
                        td.wrap { (r.recorder()) }
                        td { @match r.contents.span {
                            Some((first, last)) => { (r.zone_time(first)) br; (r.zone_time(last)) }
                            None => { "no frames" }
                        } }
                        td.wrap { @for camera in &r.contents.cameras { (camera.name()) br; } }
                        td.n { (r.contents.gaps) }
                        td.wrap { (verdict(part)) }
                    }
                }
            }
        } }
    }
}

/// How the files of one recorder follow each other.
fn between(parts: &[Part]) -> Markup {
    let mut lines = Vec::new();
    for (n, next) in parts.iter().enumerate() {
        let r = &next.facts.recording;
        let earlier = parts.get(..n).unwrap_or_default().iter().rev();
        let before = earlier.map(|part| &part.facts.recording);
        let mut before = before.filter(|one| one.has_clock() && one.has_recorder_of(r));
        let (Some(one), Some((start, last)), true) =
            (before.next(), r.contents.span, r.has_clock())
        else {
            continue;
        };
        let Some((_, end)) = one.contents.span else {
            continue;
        };
        let timing = &one.findings.profile.timing;
        let apart = start.saturating_sub(end.saturating_add(timing.interval));
        let (one, next) = (name(one), name(r));
        lines.push(match apart {
            _ if last <= end => format!("{next} lies within the time of {one}"),
            apart if apart >= timing.gap() => {
                format!(
                    "nothing was recorded for {} between {one} and {next}",
                    r.length(apart)
                )
            }
            apart if apart < 0 => {
                format!(
                    "{one} and {next} overlap by {}",
                    r.length(apart.saturating_abs())
                )
            }
            _ => format!("{next} continues {one}"),
        });
    }
    html! {
        @if !lines.is_empty() {
            h3 { "From file to file" }
            ul { @for line in &lines { li { (line) } } }
        }
    }
}

fn verdict(part: &Part) -> Markup {
    let problems = part.problems();
    html! {
        @if problems.is_empty() {
            span.good { "nothing wrong was found" }
        } @else {
            span.bad { (problems.join("; ")) }
        }
    }
}

fn recording(n: usize, part: &Part) -> Markup {
    let r = &part.facts.recording;
    html! {
        section {
            h2 id=(format!("recording-{n}")) { (name(r)) }
            table.facts {
                (file_facts(part))
                (recorder_facts(r))
                (checks(part))
            }
            (cameras(part))
            @if let Some(svg) = part.timeline.as_deref().and_then(body_of) {
                h3 { "Timeline" }
                figure { (PreEscaped(svg)) }
            }
            @for camera in part.cameras() { (runs(part, camera)) }
            (damage(r))
            (pictures(part))
        }
    }
}

fn file_facts(part: &Part) -> Markup {
    let input = &part.facts.recording.input;
    let info = &part.facts.recording.findings.info;
    let path = std::fs::canonicalize(&input.path).unwrap_or_else(|_| input.path.clone());
    html! {
        (fact("File", html! { code { (path.to_string_lossy()) } }))
        (fact("Size", html! { (input.size) " bytes" }))
        @if let Some(modified) = &part.modified { (fact("Last modified", html! { (modified) })) }
        (fact("SHA-256", html! { code.sha256 { (part.sha256) } }))
        @if let Some(md5) = &part.md5 { (fact("MD5", html! { code { (md5) } })) }
        (fact("Format", html! { (info.container) " (" (info.family) "), " (input.confidence) " % sure: " (input.evidence) }))
    }
}

fn recorder_facts(r: &Recording) -> Markup {
    let info = &r.findings.info;
    let recorder = [info.model.as_str(), info.server.as_str()];
    let recorder: Vec<&str> = recorder.into_iter().filter(|s| !s.is_empty()).collect();
    let offset = match r.zone.from {
        OffsetSource::Unknown => "shown as recorded: the offset from UTC is unknown".to_owned(),
        from => format!("local time is {} ({})", r.zone.describe(), from.name()),
    };
    html! {
        @if !recorder.is_empty() { (fact("Recorder", html! { (recorder.join(", ")) })) }
        (fact("Clock", html! { (r.findings.profile.clock_name()) "; " (offset) }))
        @if let Some((first, last)) = r.contents.span {
            (fact("Recorded", html! {
                (r.time(first)) " to " (r.time(last))
                @if r.has_clock() { br; span.soft { (r.zone.format_utc(first)) " to " (r.zone.format_utc(last)) } }
            }))
        }
    }
}

fn checks(part: &Part) -> Markup {
    let r = &part.facts.recording;
    let findings = &r.findings;
    let mut damage = Vec::new();
    if let Some((offset, length)) = findings.front {
        damage.push(front_text(offset, length));
    }
    match findings.damaged {
        0 => {}
        1 => damage.push(format!("1 range, {} bytes", findings.damaged_bytes)),
        ranges => damage.push(format!("{ranges} ranges, {} bytes", findings.damaged_bytes)),
    }
    if part.facts.cut().is_some() {
        damage.push("the file ends inside a record".to_owned());
    }
    html! {
        (fact("Checksums", match (findings.checked, findings.mismatches) {
            (0, _) => html! { "the records have none" },
            (checked, 0) => html! { span.good { "all " (checked) " ok" } },
            (checked, wrong) => html! { span.bad { (wrong) " of " (checked) " do not match" } },
        }))
        (fact("Damage", match damage.is_empty() {
            true => html! { span.good { "none found" } },
            false => html! { span.bad { (damage.join("; ")) } },
        }))
        (fact("Records", html! {
            (findings.records)
            @match findings.info.records {
                Some(listed) if listed == findings.records => { ", as many as in the header" }
                Some(listed) => { ", " (listed) " in the header" }
                None => {}
            }
        }))
        @for warning in part.facts.warnings().iter().take(MAX_WARNINGS) {
            (fact("Warning", html! { span.bad { (warning) } }))
        }
    }
}

fn cameras(part: &Part) -> Markup {
    let r = &part.facts.recording;
    html! {
        h3 { "Cameras" }
        div.wide { table {
            thead { tr {
                th { "Camera" } th { "Codec" } th { "Size" } th.n { "Rate" } th.n { "Runs" } th.n { "Gaps" } th.n { "Frames" }
                th.n { "Without reference" } th.n { "Recorded" } th { "Audio" }
            } }
            tbody {
                @for camera in part.cameras() { tr {
                    td { (camera.name()) }
                    td { (codec_name(camera.codec)) }
                    td { @match camera.width { 0 => "unknown", width => { (width) "×" (camera.height) } } }
                    td.n { @if let Some(rate) = camera.rate() { (format!("{rate:.2}/s")) } }
                    td.n { (camera.runs.len() as u64 + camera.more_runs) }
                    td.n { (camera.gaps()) }
                    td.n { (camera.frames) }
                    td.n { (camera.orphans) }
                    td.n { (duration(camera.recorded())) }
                    td { (r.contents.audio_of(camera.number).map_or("none", |audio| codec_name(audio.key.codec))) }
                } }
            }
        } }
    }
}

fn runs(part: &Part, camera: &Camera) -> Markup {
    let r = &part.facts.recording;
    let (from, to) = part.window;
    let shown = camera.runs.iter().enumerate();
    let shown = shown.filter(|(_, run)| run.last >= from && run.start <= to);
    html! {
        h3 { "Runs of " (camera.name()) }
        div.wide { table {
            thead { tr { th.n { "Run" } th { "From" } th { "To" } th { "Before it" } th { "Mode" } th.n { "Frames" } } }
            tbody {
                @for (n, run) in shown.take(MAX_ROWS) { tr {
                    td.n { (n + 1) }
                    td { (r.time(run.start)) @if run.doubtful > 0 { " " span.bad { "doubtful" } } }
                    td { (r.time(run.last)) }
                    td { (r.describe_break(run.begins).unwrap_or_default()) }
                    td { (modes(run)) }
                    td.n { (run.all_frames()) }
                } }
            }
        } }
        (rest(camera.runs.len() as u64 + camera.more_runs))
    }
}

fn modes(run: &crate::recording::CameraRun) -> String {
    let modes = run.modes.iter();
    let mut modes: Vec<&str> = modes
        .map(|span| span.mode.name().unwrap_or("unknown"))
        .collect();
    modes.dedup();
    modes.join(", ")
}

fn rest(all: u64) -> Markup {
    let more = all.saturating_sub(MAX_ROWS as u64);
    html! { @if more > 0 { p.soft { "and " (more) " more" } } }
}

fn damage(r: &Recording) -> Markup {
    let places = &r.contents.damage;
    html! {
        @if !places.is_empty() {
            h3 { "Damage" }
            div.wide { table {
                thead { tr { th.n { "Offset" } th.n { "Bytes" } th { "Shortly after" } } }
                tbody {
                    @for place in places.iter().take(MAX_ROWS) { tr {
                        td.n { (place.offset) }
                        td.n { (place.length) }
                        td { @match place.clock { Some(clock) => (r.time(clock)), None => "the beginning" } }
                    } }
                }
            } }
            (rest(places.len() as u64))
        }
    }
}

fn picture(shot: &Shot) -> Markup {
    html! {
        @match &shot.png {
            Some(png) => img alt=(format!("{}, {}", shot.run, shot.time))
                title=[shot.coded.as_ref().map(|sum| format!("SHA-256 of the coded frame: {sum}"))]
                src=(format!("data:image/png;base64,{}", STANDARD.encode(png)));,
            None => div.none { "no picture" },
        }
    }
}

/// What somebody marked while looking at the recordings.
fn viewing_log(log: &[Bookmark]) -> Markup {
    html! {
        @if !log.is_empty() {
            h2 #log { "Viewing log" }
            div.sheet {
                @for one in log { figure {
                    (picture(&one.shot))
                    figcaption {
                        @if !one.note.is_empty() { strong { (one.note) } br; }
                        (one.shot.time) br; (one.shot.run) br; (one.file)
                        @if let Some(lack) = &one.lack { br; span.bad { (lack) } }
                    }
                } }
            }
        }
    }
}

fn pictures(part: &Part) -> Markup {
    html! {
        @if !part.shots.is_empty() || part.note.is_some() {
            h3 { "Pictures" }
            div.sheet {
                @for shot in &part.shots { figure {
                    (picture(shot))
                    figcaption { (shot.time) br; (shot.run) }
                } }
            }
            @if part.left_out > 0 {
                p.soft { "and " (part.left_out) " more, for which a page has no room: exptool contact-sheet shows all" }
            }
            @if let Some(note) = &part.note { p.bad { (note) } }
        }
    }
}

fn outputs(made: &[Output]) -> Markup {
    html! {
        @if !made.is_empty() {
            section {
                h2 #outputs { "Files made of these recordings" }
                div.wide { table {
                    thead { tr { th { "File" } th.n { "Bytes" } th { "SHA-256" } } }
                    tbody {
                        @for output in made { tr {
                            td { code { (output.path.to_string_lossy()) } }
                            td.n { (output.size) }
                            td { code.sha256 { (output.sha256) } }
                        } }
                    }
                } }
            }
        }
    }
}

/// What of the format is verified, stated or assumed.
fn format(parts: &[Part]) -> Markup {
    let native = |part: &Part| part.facts.recording.input.demuxer() == "expdemux";
    html! {
        section {
            h2 #format { "What is known of the format" }
            dl.words {
                @if parts.iter().any(native) {
                    dt { "Verified (shown on real footage, publicly)" }
                    dd { "The frame record of the PLV1 AVI export: the recorder's time in whole seconds, P frame or keyframe, length, the MPEG-4 frame; \
                        keyframes stored in reversed groups of four bytes." }
                    dt { "Stated (by a manual, without bytes)" }
                    dd { "A native file holds MPEG-4 video, date and time, camera number, video format and recording mode. A clock may be set back; the \
                        hour at the end of daylight saving occurs twice." }
                    dt { "Assumed (by this program, until a real file shows otherwise)" }
                    dd { "All else in a native file: its header and camera titles, the places of camera number, mode and milliseconds in a record, audio, \
                        the index, the checksums, the offset from UTC. That the recorder's timestamps are UTC. Where only seconds are stored, the frames of \
                        a second are spread evenly over it. Frames are shown 4:3." }
                }
                @if !parts.iter().all(native) {
                    dt { "NetVu recordings" }
                    dd { "Known from captures of real units and from published programs; times are taken as the units write them." }
                }
            }
        }
    }
}

/// What the recording of a part shows of its facts.
impl Part {
    /// What was found, in words; empty where nothing is wrong.
    fn problems(&self) -> Vec<String> {
        let Facts { recording, .. } = &self.facts;
        let findings = &recording.findings;
        let mut problems = Vec::new();
        if findings.mismatches > 0 {
            problems.push(match findings.mismatches {
                1 => "1 checksum does not match".to_owned(),
                wrong => format!("{wrong} checksums do not match"),
            });
        }
        if findings.front.is_some() || findings.damaged > 0 {
            problems.push("damaged".to_owned());
        }
        if self.facts.cut().is_some() {
            problems.push("ends inside a record".to_owned());
        }
        if findings.faults.doubtful().is_some() {
            problems.push("time doubtful".to_owned());
        }
        if recording.contents.cameras.is_empty() {
            problems.push("no video frames were found".to_owned());
        }
        problems
    }
}

//! Every adapter against bodies and what they mean: `tests/fixtures/adapter/<kind>/<trap>.txt`.
//!
//! A fixture is a body, a line `=== read` and what it reads as. It may open with headers and a
//! query, `name: value` and `?name=value`, and a line `=== body`; one of the kind `generic` opens
//! with its paths. `BLESS=1` writes the last part anew; read the difference
//! before it is committed.

#![expect(clippy::unwrap_used, reason = "any function of a test may fail it")]

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use incidentd::domain::event::Ends;
use incidentd::domain::event::adapter::{self, Context, Head, Kind, Limits, Read, Unreadable};
use incidentd::domain::value::Labels;

const MARK: &str = "\n=== read\n";
const NOW: &str = "2026-03-01T12:00:00Z";
const BODY: &str = "\n=== body\n";

#[test]
fn every_fixture_reads_as_it_says() {
    let mut wrong = String::new();
    let mut count = 0;
    for path in files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/adapter")) {
        let text = fs::read_to_string(&path).unwrap();
        let (body, expected) = text.split_once(MARK).unwrap_or((text.trim_end(), ""));
        let kind = path.parent().unwrap().file_name().unwrap().to_str().unwrap();
        let actual = check(kind, body);
        count += 1;
        if actual == expected {
            continue;
        }
        if std::env::var_os("BLESS").is_some() {
            fs::write(&path, format!("{body}{MARK}{actual}")).unwrap();
            continue;
        }
        let _ = writeln!(wrong, "--- {}\n{actual}", path.display());
    }
    assert!(count > 0, "there are fixtures");
    assert!(wrong.is_empty(), "these read otherwise:\n{wrong}");
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] })
        .collect();
    found.sort();
    found
}

fn check(kind: &str, body: &str) -> String {
    let (before, body) = body.split_once(BODY).map_or(("", body), |(before, body)| (before, body));
    let (kind, head) = if kind == "generic" {
        (Kind::Generic(serde_json::from_str(before).unwrap()), Head::default())
    } else {
        let kind = Kind::named(kind).unwrap_or_else(|| panic!("there is no kind `{kind}`"));
        (kind, head(before))
    };
    let limits = if kind.is_prometheus() { Limits::API_V2 } else { Limits::default() };
    let read = |context: &Context| adapter::read(&kind, body.as_bytes(), context);
    match with_context(NOW, &limits, &head, read) {
        Ok(read) => show(&read),
        Err(error) => refuse(&error),
    }
}

/// Scalars that stand where another was.
const STRAYS: [&str; 4] = ["null", "7", "true", "\"{x}\""];

/// Senders change a field's type, leave it out, or fill in nothing: what they meant may be lost,
/// that they said something may not.
#[test]
fn no_stray_value_makes_an_element_vanish() {
    let mut wrong = String::new();
    for path in files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/adapter")) {
        let text = fs::read_to_string(&path).unwrap();
        let name = path.parent().unwrap().file_name().unwrap().to_str().unwrap();
        let (body, _) = text.split_once(MARK).unwrap();
        let (before, body) = body.split_once(BODY).unwrap_or(("", body));
        let Ok(body) = serde_json::from_str::<serde_json::Value>(body) else { continue };
        let kind = if name == "generic" {
            Kind::Generic(serde_json::from_str(before).unwrap())
        } else {
            Kind::named(name).unwrap()
        };
        let head = head(before);
        let read = |body: &serde_json::Value| {
            let body = serde_json::to_vec(body).unwrap();
            with_context(NOW, &Limits::default(), &head, |context| {
                adapter::read(&kind, &body, context)
                    .map_or(usize::MAX, |read| read.said() + read.rejected.len() + read.notes.len())
            })
        };
        if read(&body) == 0 {
            continue;
        }
        let mut leaves = Vec::new();
        leaves_of(&body, String::new(), &mut leaves);
        for leaf in leaves {
            for stray in STRAYS {
                let mut body = body.clone();
                *body.pointer_mut(&leaf).unwrap() = serde_json::from_str(stray).unwrap();
                if read(&body) == 0 {
                    let _ = writeln!(wrong, "{}: {leaf} = {stray}", path.display());
                }
            }
        }
    }
    assert!(wrong.is_empty(), "nothing is said of these:\n{wrong}");
}

/// JSON pointers (RFC 6901) to every scalar.
fn leaves_of(value: &serde_json::Value, at: String, leaves: &mut Vec<String>) {
    match value {
        serde_json::Value::Object(fields) => {
            for (name, value) in fields {
                let name = name.replace('~', "~0").replace('/', "~1");
                leaves_of(value, format!("{at}/{name}"), leaves);
            }
        }
        serde_json::Value::Array(items) => {
            for (index, value) in items.iter().enumerate() {
                leaves_of(value, format!("{at}/{index}"), leaves);
            }
        }
        _ => leaves.push(at),
    }
}

/// Lines `name: value`; the query of the URL is a line `?name=value`.
fn head(text: &str) -> Head {
    let query = text.lines().find_map(|line| line.strip_prefix('?')).unwrap_or("");
    Head::new(text.lines().filter_map(|line| line.split_once(": ")), query)
}

/// While the leases in the samples for API v2 last.
const SAMPLES_NOW: &str = "2024-05-14T10:17:00Z";

/// Bodies that other projects keep as samples, where a checkout of them lies beside this one.
/// `tests/fixtures/samples/<folder>.txt` says what those of a folder read as: file, kind, and
/// signal, severity and key of what is in it; runs are counted. A first line `type NAME` names the
/// kind of sources that do not tell it by their shape, and lines `name: value` below it are headers.
#[test]
fn samples_of_other_projects_read_as_they_are_meant() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let found = ["../shared/payloads", "../../shared/payloads"].map(|place| root.join(place));
    let Some(samples) = found.iter().find(|folder| folder.is_dir()) else {
        println!("SKIPPED: no folder of payload samples beside the repository");
        return;
    };
    let mut wrong = String::new();
    for expected in files(&root.join("tests/fixtures/samples")) {
        let text = fs::read_to_string(&expected).unwrap();
        let (type_, lines) = match text.split_once("\n\n") {
            Some((head, lines)) => (head, lines),
            None => ("", text.as_str()),
        };
        let folder = samples.join(expected.file_stem().unwrap());
        let actual = folder_of_samples(&folder, type_);
        if std::env::var_os("BLESS").is_some() {
            let type_ = if type_.is_empty() { String::new() } else { format!("{type_}\n\n") };
            fs::write(&expected, format!("{type_}{actual}")).unwrap();
        }
        // Samples that came later are read without a complaint, which is checked above.
        for line in lines.lines().filter(|line| !actual.contains(&format!("{line}\n"))) {
            let _ = writeln!(wrong, "{}: expected {line}\nin\n{actual}", expected.display());
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

fn folder_of_samples(folder: &Path, type_: &str) -> String {
    let mut actual = String::new();
    let head = head(type_);
    let declared = type_.lines().next().and_then(|line| line.strip_prefix("type "));
    // Descriptions of requests are no bodies.
    for path in files(folder).into_iter().filter(|path| path.extension() != Some("yaml".as_ref())) {
        let body = sample(&fs::read(&path).unwrap());
        let kind = match declared {
            Some(name) => Kind::named(name).unwrap(),
            None => Kind::Known(adapter::detect(&body, &head).unwrap_or_else(|| {
                panic!("{}: of no known shape", path.display());
            })),
        };
        let read = with_context(SAMPLES_NOW, &Limits::default(), &head, |context| {
            adapter::read(&kind, &body, context)
        });
        let read = read.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        assert!(read.rejected.is_empty(), "{}: {:?}", path.display(), read.rejected);
        assert!(read.said() + read.notes.len() > 0, "{}: nothing said", path.display());
        let name = path.file_stem().unwrap().to_str().unwrap();
        let _ = writeln!(actual, "{name}: {}: {}", kind.name(), in_short(&read));
    }
    actual
}

fn in_short(read: &Read) -> String {
    let word = |word: &str| if word.is_empty() { "-".to_owned() } else { word.to_owned() };
    let mut lines: Vec<(String, usize)> = Vec::new();
    let events = read.events.iter().map(|event| {
        let signal = format!("{:?}", event.signal).to_lowercase();
        format!("{signal} {} {}", word(event.labels.get("severity")), word(&event.key))
    });
    let remarks = read.remarks.iter().map(|remark| {
        format!("{} {}", format!("{:?}", remark.saying).to_lowercase(), word(&remark.key))
    });
    let beats = read.heartbeats.iter().map(|beat| format!("heartbeat {}", beat.name));
    let deployments = read.deployments.iter().map(|notice| {
        let (status, service) = (notice.status.name(), &notice.service);
        format!("deployment {status} {service} {} {}", word(&notice.version), word(&notice.key))
    });
    for line in events.chain(remarks).chain(beats).chain(deployments) {
        match lines.last_mut().filter(|(last, _)| *last == line) {
            Some((_, count)) => *count += 1,
            None => lines.push((line, 1)),
        }
    }
    let lines: Vec<String> = lines.into_iter().map(|(line, n)| format!("{n}x {line}")).collect();
    if lines.is_empty() { format!("{} notes", read.notes.len()) } else { lines.join("; ") }
}

/// A sample may be a template: a `payload`, and `parameters` of which the first values are taken. A
/// PagerDuty event has a `payload`, too.
fn sample(text: &[u8]) -> Vec<u8> {
    let Ok(mut sample) = serde_json::from_slice::<serde_json::Value>(text) else {
        return text.to_vec();
    };
    if sample.get("event_action").is_some() {
        return text.to_vec();
    }
    let Some(mut body) = sample.get_mut("payload").map(serde_json::Value::take) else {
        return text.to_vec();
    };
    for (path, values) in sample["parameters"].as_object().into_iter().flatten() {
        let (object, name) = path.split_once('.').unwrap_or(("", path));
        let target = if object.is_empty() { &mut body } else { &mut body[object] };
        target[name] = values[0].clone();
    }
    serde_json::to_vec(&body).unwrap()
}

fn with_context<T>(now: &str, limits: &Limits, head: &Head, read: impl FnOnce(&Context) -> T) -> T {
    let source = Arc::from("src");
    read(&Context { head, ..Context::new(&source, now.parse().unwrap(), limits) })
}

fn refuse(error: &Unreadable) -> String {
    format!("refused {}: {error}\n", error.status())
}

fn show(read: &Read) -> String {
    let mut out = String::new();
    for event in &read.events {
        let signal = format!("{:?}", event.signal).to_lowercase();
        let _ = writeln!(out, "{signal} {}", event.labels);
        let ends = match event.ends {
            Ends::At(at) => at.to_string(),
            Ends::Timeout(at) => format!("timeout {at}"),
            Ends::Never => "never".to_owned(),
        };
        let _ = writeln!(out, "  from {} until {ends}", event.starts_at);
        if !event.annotations.is_empty() {
            let _ = writeln!(out, "  says {}", event.annotations);
        }
        texts_of(&mut out, [("url", &event.url), ("key", &event.key)]);
    }
    for remark in &read.remarks {
        let saying = format!("{:?}", remark.saying).to_lowercase();
        let _ = writeln!(out, "remark {saying} {}", remark.labels);
        let texts = [("by", &remark.author), ("says", &remark.text), ("key", &remark.key)];
        texts_of(&mut out, texts);
    }
    for beat in &read.heartbeats {
        let within = beat.within.map_or_else(|| "-".to_owned(), |within| within.to_string());
        let _ = writeln!(out, "heartbeat {} within {within} {}", beat.name, beat.labels);
    }
    for notice in &read.deployments {
        let (status, at) = (notice.status.name(), notice.at);
        let _ = writeln!(out, "deployment {status} of {} at {at}", notice.service);
        let texts = [
            ("environment", &notice.environment),
            ("version", &notice.version),
            ("by", &notice.actor),
            ("says", &notice.summary),
            ("url", &notice.url),
            ("key", &notice.key),
        ];
        texts_of(&mut out, texts);
        if notice.labels != Labels::default() {
            let _ = writeln!(out, "  labels {}", notice.labels);
        }
    }
    if !read.delivery.is_empty() {
        let _ = writeln!(out, "delivery {}", read.delivery);
    }
    for rejection in &read.rejected {
        let _ = writeln!(out, "rejected {}: {rejection}", rejection.at);
    }
    for note in &read.notes {
        let at = note.at.map_or_else(|| "body".to_owned(), |at| at.to_string());
        let _ = writeln!(out, "note {at}: {}", note.what);
    }
    if read.counted > 0 {
        let _ = writeln!(out, "counted {}", read.counted);
    }
    if out.is_empty() { "nothing\n".to_owned() } else { out }
}

fn texts_of<'a>(out: &mut String, texts: impl IntoIterator<Item = (&'a str, &'a Box<str>)>) {
    for (what, text) in texts.into_iter().filter(|(_, text)| !text.is_empty()) {
        let _ = writeln!(out, "  {what} {text}");
    }
}

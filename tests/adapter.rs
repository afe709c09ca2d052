//! Every adapter against bodies and what they mean: `tests/fixtures/adapter/<kind>/<trap>.txt`.
//!
//! A fixture is a body, a line `=== read` and what it reads as; one of the kind `generic` opens
//! with its paths and a line `=== body`. `BLESS=1` writes the last part anew; read the difference
//! before it is committed.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use incidentd::domain::event::Ends;
use incidentd::domain::event::adapter::{self, Context, Kind, Limits, Read, Unreadable};
use incidentd::domain::value::{Span, Timestamp};

const MARK: &str = "\n=== read\n";
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
    let (kind, body) = match body.split_once(BODY) {
        Some((paths, body)) => (Kind::Generic(serde_json::from_str(paths).unwrap()), body),
        None => (Kind::named(kind).unwrap(), body),
    };
    let source = Arc::from("src");
    let limits = if kind == Kind::Prometheus { Limits::API_V2 } else { Limits::default() };
    let context = Context {
        source: &source,
        now: "2026-03-01T12:00:00Z".parse::<Timestamp>().unwrap(),
        resolve_timeout: Span::minutes(5),
        limits: &limits,
        utf8: true,
    };
    match adapter::read(&kind, body.as_bytes(), &context) {
        Ok(read) => show(&read),
        Err(error) => refuse(&error),
    }
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
        for (what, text) in [("url", &event.url), ("key", &event.key)] {
            if !text.is_empty() {
                let _ = writeln!(out, "  {what} {text}");
            }
        }
    }
    for rejection in &read.rejected {
        let _ = writeln!(out, "rejected {}: {rejection}", rejection.at);
    }
    for note in &read.notes {
        let at = note.at.map_or_else(|| "body".to_owned(), |at| at.to_string());
        let _ = writeln!(out, "note {at}: {}", note.what);
    }
    if out.is_empty() { "nothing\n".to_owned() } else { out }
}

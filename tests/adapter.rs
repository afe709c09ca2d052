//! Every adapter against bodies and what they mean: `tests/fixtures/adapter/<kind>/<trap>.txt`.
//!
//! A fixture is a body, a line `=== read` and what it reads as; one of the kind `generic` opens
//! with its paths and a line `=== body`. `BLESS=1` writes the last part anew; read the difference
//! before it is committed.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use incidentd::domain::event::Ends;
use incidentd::domain::event::adapter::{self, Context, Kind, Limits, Read, Unreadable};
use incidentd::domain::value::Span;

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
    let (kind, body) = match body.split_once(BODY) {
        Some((paths, body)) => (Kind::Generic(serde_json::from_str(paths).unwrap()), body),
        None => (Kind::named(kind).unwrap(), body),
    };
    let limits = if kind == Kind::Prometheus { Limits::API_V2 } else { Limits::default() };
    match with_context(NOW, &limits, |context| adapter::read(&kind, body.as_bytes(), context)) {
        Ok(read) => show(&read),
        Err(error) => refuse(&error),
    }
}

/// Bodies that other projects keep as samples, where a checkout of them lies beside this one.
const SAMPLES: [&str; 5] = [
    "alertmanager-webhook",
    "alertmanager-api-v2-post",
    "alertmanager-alert-object",
    "grafana-unified",
    "grafana-legacy",
];

/// While the leases in the samples for API v2 last.
const SAMPLES_NOW: &str = "2024-05-14T10:17:00Z";

/// File, kind it is detected as, and signal, severity and key of each alert; runs are counted.
const SAMPLES_EXPECTED: &str = "\
VersusControl_README: alertmanager-webhook: 1x firing critical -
alerta_prometheus_v3_alert: alertmanager-webhook: 1x firing critical -
alerta_prometheus_v4_alert: alertmanager-webhook: 1x firing critical -
oneuptime_docs: alertmanager-webhook: 2x firing critical -
oneuptime_docs_templating: alertmanager-webhook: 2x firing - -; 1x resolved - -
prom2teams_all_ok: alertmanager-webhook: 1x resolved severe -
prom2teams_all_ok_extra_annotations: alertmanager-webhook: 1x resolved severe -
prom2teams_all_ok_extra_labels: alertmanager-webhook: 1x resolved severe -
prom2teams_all_ok_multiple: alertmanager-webhook: 1x resolved severe -; 1x resolved critical -
prom2teams_with_common_items: alertmanager-webhook: 1x resolved warning -
prom2teams_without_instance_field: alertmanager-webhook: 1x resolved severe -
prom2teams_without_mandatory_field: alertmanager-webhook: 1x resolved severe -
prom2teams_without_optional_field: alertmanager-webhook: 1x resolved severe -
prometheus_bot_big_output: alertmanager-webhook: 1x firing warning -
prometheus_bot_noGenURL: alertmanager-webhook: 8x resolved critical -
prometheus_bot_production_example: alertmanager-webhook: 1x firing Critical -; \
3x firing Warning -; 1x firing Critical -; 1x firing Warning -; 1x firing Critical -; \
4x firing Warning -
prometheus_bot_simpe: alertmanager-webhook: 1x firing warning -
derived_post_alerts_firing: prometheus: 1x firing critical -; 1x firing warning -
derived_post_alerts_resolved: prometheus: 1x resolved critical -; 1x firing warning -
keep_mock_DiskSpaceLow: alertmanager-webhook: 1x firing warning -
keep_mock_HighCPUUsage: alertmanager-webhook: 1x firing critical -
keep_mock_MQFull_Message_queue_is_full_: alertmanager-webhook: 1x firing critical -
keep_mock_MQThirdFull_Message_queue_is_over_33_: alertmanager-webhook: 1x firing warning -
keep_mock_NetworkLatencyHigh: alertmanager-webhook: 1x firing info -
keep_grafana12: grafana: 1x firing - 1/c4edaaf9f9f839b0
keep_mock_HighMemoryConsumption: alertmanager-webhook: 1x firing warning -
keep_mock_NetworkLatencyIsHigh: alertmanager-webhook: 1x firing info -
alerta_grafana_6: grafana-legacy: 1x firing warning 58
alerta_grafana_alert_alerting: grafana-legacy: 1x firing - 7
alerta_grafana_alert_ok: grafana-legacy: 1x resolved - 7
goalert_smoke_grafana: grafana-legacy: 1x firing - 1
";

#[test]
fn samples_of_other_projects_read_as_they_are_meant() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let found = ["../shared/payloads", "../../shared/payloads"].map(|place| root.join(place));
    let Some(samples) = found.iter().find(|folder| folder.is_dir()) else {
        println!("SKIPPED: no folder of payload samples beside the repository");
        return;
    };
    let mut seen = BTreeSet::new();
    let mut actual = String::new();
    for path in SAMPLES.iter().flat_map(|folder| files(&samples.join(folder))) {
        let body = sample(&fs::read(&path).unwrap());
        let kind = adapter::detect(&body).unwrap();
        let read = with_context(SAMPLES_NOW, &Limits::default(), |context| {
            adapter::read(&kind, &body, context)
        });
        let read = read.unwrap();
        assert!(read.rejected.is_empty(), "{}: {:?}", path.display(), read.rejected);
        let name = path.file_stem().unwrap().to_str().unwrap();
        let mut lines: Vec<(String, usize)> = Vec::new();
        for event in &read.events {
            let signal = format!("{:?}", event.signal).to_lowercase();
            let words = [event.labels.get("severity"), &*event.key];
            let [severity, key] = words.map(|word| if word.is_empty() { "-" } else { word });
            let line = format!("{signal} {severity} {key}");
            match lines.last_mut().filter(|(last, _)| *last == line) {
                Some((_, count)) => *count += 1,
                None => lines.push((line, 1)),
            }
        }
        let lines: Vec<String> =
            lines.into_iter().map(|(line, count)| format!("{count}x {line}")).collect();
        let _ = writeln!(actual, "{name}: {}: {}", kind.name(), lines.join("; "));
        seen.insert(name.to_owned());
    }
    // Samples that came later are read without a complaint, which is checked above.
    let known = |line: &&str| line.split(':').next().is_some_and(|name| seen.contains(name));
    for expected in SAMPLES_EXPECTED.lines().filter(known) {
        assert!(actual.contains(expected), "expected {expected}\nin\n{actual}");
    }
    println!("{actual}");
}

/// A sample may be a template: a `payload`, and `parameters` of which the first values are taken.
fn sample(text: &[u8]) -> Vec<u8> {
    let mut sample: serde_json::Value = serde_json::from_slice(text).unwrap();
    let Some(mut body) = sample.get_mut("payload").map(serde_json::Value::take) else {
        return text.to_vec();
    };
    for (path, values) in sample["parameters"].as_object().unwrap() {
        let (object, name) = path.split_once('.').unwrap_or(("", path));
        let target = if object.is_empty() { &mut body } else { &mut body[object] };
        target[name] = values[0].clone();
    }
    serde_json::to_vec(&body).unwrap()
}

fn with_context<T>(now: &str, limits: &Limits, read: impl FnOnce(&Context) -> T) -> T {
    let source = Arc::from("src");
    read(&Context {
        source: &source,
        now: now.parse().unwrap(),
        resolve_timeout: Span::minutes(5),
        limits,
        utf8: true,
    })
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

//! `incidentctl template render`: what a template makes of data, in amtool's flags and words.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::Deserialize;

use super::failure::Failure;
use crate::domain::template::{Library, Value};
use crate::domain::value::{Labels, Timestamp};

/// A larger file is no data for a message.
const DATA_BYTES_MAX: u64 = 16 << 20;

/// More files than this are a pattern that says too much.
const FILES_MAX: usize = 10_000;

/// What is to be rendered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Render {
    /// Patterns of template files.
    pub globs: Vec<String>,
    /// The template.
    pub text: String,
    /// Escape for HTML what the data brings.
    pub html: bool,
    /// A file with the data in JSON; without one a sample is taken.
    pub data: Option<PathBuf>,
}

/// Alertmanager's `template.Data` as JSON. What is missing is empty, as in Go.
#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct Sheet {
    receiver: String,
    status: String,
    alerts: Vec<SheetAlert>,
    group_labels: BTreeMap<String, String>,
    common_labels: BTreeMap<String, String>,
    common_annotations: BTreeMap<String, String>,
    route_labels: BTreeMap<String, String>,
    notification_reason: String,
    #[serde(rename = "externalURL")]
    external_url: String,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct SheetAlert {
    status: String,
    labels: BTreeMap<String, String>,
    annotations: BTreeMap<String, String>,
    starts_at: Option<String>,
    ends_at: Option<String>,
    #[serde(rename = "generatorURL")]
    generator_url: String,
    fingerprint: String,
}

/// Data in the form of Alertmanager's `template.Data`, for those who have none at hand.
const SAMPLE: &str = r#"{
  "receiver": "receiver", "status": "firing", "externalURL": "http://localhost:9093",
  "groupLabels": {"alertname": "DiskFull"},
  "commonLabels": {"alertname": "DiskFull", "severity": "critical"},
  "commonAnnotations": {"summary": "The disk is nearly full"},
  "alerts": [{
    "status": "firing", "fingerprint": "0123456789abcdef",
    "labels": {"alertname": "DiskFull", "instance": "db-1", "severity": "critical"},
    "annotations": {"summary": "The disk is nearly full"},
    "startsAt": "2026-03-01T00:00:00Z", "generatorURL": "http://localhost:9090/graph"
  }]
}"#;

/// Renders. `now` is what templates take for the present.
///
/// # Errors
/// When a file cannot be read, or the template fails.
pub(super) fn render(asked: &Render, now: Timestamp) -> Result<String, Failure> {
    let failed = |why: String| Failure::Template(why);
    let mut library = Library::with_defaults();
    for pattern in &asked.globs {
        let found = glob::glob(pattern).map_err(|error| {
            failed(format!("`{pattern}` is no pattern of file names: {}", error.msg))
        })?;
        for file in found.filter_map(Result::ok).filter(|path| path.is_file()).take(FILES_MAX) {
            let text = read(&file)?;
            library
                .add(&file.to_string_lossy(), &text)
                .map_err(|error| failed(error.to_string()))?;
        }
    }
    let (name, json) = match &asked.data {
        Some(file) => (file.display().to_string(), read(file)?),
        None => ("the sample".to_owned(), SAMPLE.to_owned()),
    };
    let sheet: Sheet =
        serde_json::from_str(&json).map_err(|error| failed(format!("{name}: {error}")))?;
    let value = value(&sheet).map_err(|why| failed(format!("{name}: {why}")))?;
    let template =
        library.compile("text", &asked.text).map_err(|error| failed(error.to_string()))?;
    let rendered = if asked.html {
        library.html(&template, &value, now)
    } else {
        library.text(&template, &value, now)
    };
    rendered.map_err(|error| failed(error.to_string()))
}

fn read(file: &Path) -> Result<String, Failure> {
    let told = |why: String| Failure::Template(format!("cannot read `{}`: {why}", file.display()));
    let length = fs::metadata(file).map_err(|error| told(error.to_string()))?.len();
    if length > DATA_BYTES_MAX {
        return Err(told("it is larger than 16 MiB".to_owned()));
    }
    fs::read_to_string(file).map_err(|error| told(error.to_string()))
}

fn value(sheet: &Sheet) -> Result<Value, String> {
    let alerts: Result<Vec<Value>, String> = sheet.alerts.iter().map(alert).collect();
    Ok(Value::map([
        ("Receiver", text(&sheet.receiver)),
        ("Status", text(&sheet.status)),
        ("Alerts", Value::alerts(alerts?)),
        ("NotificationReason", text(&sheet.notification_reason)),
        ("GroupLabels", kv(&sheet.group_labels)),
        ("CommonLabels", kv(&sheet.common_labels)),
        ("CommonAnnotations", kv(&sheet.common_annotations)),
        ("RouteLabels", kv(&sheet.route_labels)),
        ("ExternalURL", text(&sheet.external_url)),
        ("Incident", Value::Nil),
        ("Problem", Value::Nil),
        ("Delayed", Value::Nil),
    ]))
}

fn alert(alert: &SheetAlert) -> Result<Value, String> {
    let time = |field: &str, written: &Option<String>| match written {
        None => Ok(Value::Time(Timestamp::GO_ZERO)),
        Some(written) => match written.parse() {
            Ok(time) => Ok(Value::Time(time)),
            Err(_) => {
                Err(format!("`{field}` is `{written}`, no instant like 2026-03-01T00:00:00Z"))
            }
        },
    };
    Ok(Value::map([
        ("Status", text(&alert.status)),
        ("Labels", kv(&alert.labels)),
        ("Annotations", kv(&alert.annotations)),
        ("StartsAt", time("startsAt", &alert.starts_at)?),
        ("EndsAt", time("endsAt", &alert.ends_at)?),
        ("GeneratorURL", text(&alert.generator_url)),
        ("Fingerprint", text(&alert.fingerprint)),
    ]))
}

fn text(text: &str) -> Value {
    Value::Text(text.into())
}

fn kv(labels: &BTreeMap<String, String>) -> Value {
    Value::Kv(Arc::new(Labels::new(labels)))
}

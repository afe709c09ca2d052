//! What templates promise, feature by feature: template, data, text.

mod defaults;
mod errors;
mod evaluation;
mod functions;
mod html;
mod printing;
mod random;
mod syntax;

use super::{Library, TemplateError, Value};
use crate::domain::value::{Labels, Timestamp};

/// 2026-03-01 02:05:09.250 UTC, a Sunday.
const NOW: Timestamp = Timestamp(1_772_330_709_250);

fn alert(status: &str, name: &str, instance: &str) -> Value {
    let labels = Labels::new([("alertname", name), ("instance", instance), ("cluster", "a")]);
    Value::map([
        ("Status", Value::from(status)),
        ("Labels", Value::from(labels)),
        ("Annotations", Value::from(Labels::new([("summary", "p99 is 2s & rising")]))),
        ("StartsAt", Value::from(Timestamp(NOW.0 - 3_723_250))),
        ("EndsAt", Value::from(Timestamp::GO_ZERO)),
        ("GeneratorURL", Value::from("http://prometheus/graph?g0.expr=up&g0.tab=1")),
        ("Fingerprint", Value::from("00c0ffee00c0ffee")),
    ])
}

/// A message's data as Alertmanager gives it.
fn message() -> Vec<(&'static str, Value)> {
    let alerts = [
        alert("firing", "Slow", "web-1"),
        alert("firing", "Slow", "web-2"),
        alert("resolved", "Slow", "web-3"),
    ];
    vec![
        ("Receiver", Value::from("team a")),
        ("Status", Value::from("firing")),
        ("Alerts", Value::alerts(alerts)),
        ("NotificationReason", Value::from("first notification")),
        ("GroupLabels", Value::from(Labels::new([("alertname", "Slow")]))),
        ("CommonLabels", Value::from(Labels::new([("alertname", "Slow"), ("cluster", "a")]))),
        ("CommonAnnotations", Value::from(Labels::new([("summary", "p99 is 2s & rising")]))),
        ("RouteLabels", Value::from(Labels::new([("tier", "one")]))),
        ("ExternalURL", Value::from("http://am:9093")),
        ("Incident", Value::Nil),
        ("Problem", Value::Nil),
    ]
}

/// Besides the message: values of every kind.
fn sample() -> Value {
    let more = vec![
        ("text", Value::from("hello")),
        ("empty", Value::from("")),
        ("int", Value::from(42_i64)),
        ("zero", Value::from(0_i64)),
        ("float", Value::from(2.5)),
        ("yes", Value::from(true)),
        ("no", Value::from(false)),
        ("nil", Value::Nil),
        ("list", Value::list(["a", "b", "c"])),
        ("none", Value::list(Vec::<Value>::new())),
        ("map", Value::map([("b", Value::from(2_i64)), ("a", Value::from(1_i64))])),
        ("labels", Value::from(Labels::new([("zone", "z"), ("alertname", "N"), ("b", "2")]))),
        ("time", Value::from(NOW)),
        ("evil", Value::from("<b onclick='x'>\"a\" & b+c</b>")),
    ];
    Value::map(message().into_iter().chain(more))
}

fn text(template: &str) -> Result<String, TemplateError> {
    let library = Library::default();
    library.text(&library.compile("test", template)?, &sample(), NOW)
}

fn html(template: &str) -> Result<String, TemplateError> {
    let library = Library::default();
    library.html(&library.compile("test", template)?, &sample(), NOW)
}

fn check_text(table: &[(&str, &str)]) {
    for (template, expected) in table {
        let rendered = text(template).unwrap_or_else(|err| format!("error: {err}"));
        assert_eq!(rendered, *expected, "{template}");
    }
}

fn check_html(table: &[(&str, &str)]) {
    for (template, expected) in table {
        let rendered = html(template).unwrap_or_else(|err| format!("error: {err}"));
        assert_eq!(rendered, *expected, "{template}");
    }
}

//! Tries the templates of a receiver out before anybody depends on them.
//!
//! What fails on a sample may work on what really comes, and Alertmanager takes such a file: so it
//! is told as a warning. What no data can mend, such as a call of a template that does not exist,
//! was told as an error when the field was compiled.

use super::check::Check;
use super::node::{Node, Place, Yaml};
use crate::domain::notification::message::{AlertStatus, Fault, sample, write};
use crate::domain::notification::receiver::Integration;
use crate::domain::template::TemplateError;
use crate::domain::value::{Labels, Timestamp};

/// When the samples are: any moment will do, but the same one for the same answer.
const NOW: Timestamp = Timestamp(1_772_323_200_000);

const LABELS: [(&str, &str); 5] = [
    ("alertname", "DiskFull"),
    ("instance", "db-1.example.org:9100"),
    ("job", "node"),
    ("service", "shop"),
    ("severity", "critical"),
];

const ANNOTATIONS: [(&str, &str); 3] = [
    ("description", "The disk of db-1 has 2 % left."),
    ("runbook_url", "https://runbooks.example.org/disk-full"),
    ("summary", "The disk is nearly full"),
];

/// Writes a sample of what begins, and of what ends where that is told, and warns of what fails.
pub(super) fn try_out(check: &mut Check, receiver: &str, node: &Node, integration: &Integration) {
    let ends = integration.send_resolved.then_some(AlertStatus::Resolved);
    let library = check.library.clone();
    let mut told = Vec::new();
    for status in [AlertStatus::Firing].into_iter().chain(ends) {
        let texts = (Labels::new(LABELS), Labels::new(ANNOTATIONS));
        let letter = sample(receiver, "http://localhost:9093", status, texts, NOW);
        let Err(error) = write(&letter, integration, &library) else { continue };
        for fault in error.faults() {
            let Fault::Template { field, source } = fault else { continue };
            if told.contains(source) {
                continue;
            }
            told.push(source.clone());
            let place = place(check, node, source);
            let sample = match status {
                AlertStatus::Firing => "an alert that fires",
                AlertStatus::Resolved => "an alert that has ended",
            };
            check.warn(place, format!("`{field}` fails for {sample}: {}", source.why));
        }
    }
}

/// Where a template failed: in a field of the integration, in a file of `templates:`, or, inside of
/// what is built in, in what calls it.
fn place(check: &Check, node: &Node, error: &TemplateError) -> Place {
    if let Some(file) = check.sources.iter().position(|source| source.name == error.name) {
        return Place { file, line: error.line, column: error.column, byte: 0 };
    }
    match field(check, node, &error.name) {
        Some(field) => check.inside(field, error.line, error.column),
        None => node.place,
    }
}

/// The template that was compiled under this name, which is its place.
fn field<'n>(check: &Check, node: &'n Node, name: &str) -> Option<&'n Node> {
    match &node.value {
        Yaml::Null => None,
        Yaml::Scalar { text, .. } => {
            (text.contains("{{") && check.whereabouts(node.place) == name).then_some(node)
        }
        Yaml::List(items) => items.iter().find_map(|item| field(check, item, name)),
        Yaml::Map(entries) => entries.iter().find_map(|(_, value)| field(check, value, name)),
    }
}

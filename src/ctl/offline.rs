//! What needs no daemon: questions to files.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::failure::Failure;
use super::render::{self, Render};
use super::tree;
use crate::config;
use crate::domain::Settings;
use crate::domain::event::adapter::kind::sample;
use crate::domain::explain::routes;
use crate::domain::value::Labels;
use crate::shell::clock;

/// A question to files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Offline {
    /// Renders a template.
    Render(Render),
    /// Shows the routing tree.
    Routes {
        /// The configuration file.
        file: PathBuf,
    },
    /// Prints a body as sources of a type send it.
    Sample {
        /// The type.
        kind: String,
    },
    /// Names the receivers of an alert.
    Test {
        /// The configuration file.
        file: PathBuf,
        /// The alert's labels.
        labels: Vec<(String, String)>,
        /// Whether the routes on the way are shown.
        tree: bool,
        /// The receivers that they must be, comma-separated.
        verify: Option<String>,
    },
}

/// Answers in JSON, as the daemon would.
///
/// # Errors
/// When a file cannot be used.
pub(super) fn answer(question: &Offline) -> Result<Value, Failure> {
    match question {
        Offline::Render(asked) => render::render(asked, clock::now()).map(Value::String),
        Offline::Sample { kind } => Ok(sample::of(kind).map_or(Value::Null, |sample| {
            let headers = sample.headers.iter();
            let headers = headers.map(|(name, value)| ((*name).to_owned(), Value::from(*value)));
            json!({
                "type": kind,
                "headers": headers.collect::<serde_json::Map<_, _>>(),
                "query": sample.query,
                "body": sample.body,
            })
        })),
        Offline::Routes { file } => Ok(routes::tree(&settings(file)?)),
        Offline::Test { file, labels, .. } => {
            let labels = Labels::new(labels.iter().map(|(name, value)| (name, value)));
            let state = crate::domain::State::default();
            Ok(routes::labels(&state, &settings(file)?, &labels, clock::now()))
        }
    }
}

fn settings(file: &Path) -> Result<Settings, Failure> {
    let loaded = config::load(file, &|name| std::env::var(name).ok())
        .map_err(|errors| Failure::Configuration(errors.to_string()))?;
    Ok(loaded.settings)
}

/// Writes the answer for people.
pub(super) fn shown(question: &Offline, answer: &Value) -> String {
    match question {
        Offline::Render(_) => answer.as_str().unwrap_or_default().to_owned(),
        Offline::Routes { .. } => tree::routes(answer),
        Offline::Sample { .. } => {
            format!("{}\n", answer["body"].as_str().unwrap_or_default().trim_end())
        }
        Offline::Test { tree, .. } => tree::receivers(answer, *tree),
    }
}

/// Holds the answer against what it must be.
///
/// # Errors
/// When other receivers are reached than those that must be.
pub(super) fn verify(expected: Option<&str>, answer: &Value) -> Result<(), Failure> {
    let Some(expected) = expected else { return Ok(()) };
    let told = tree::names(answer).join(",");
    if told == expected {
        return Ok(());
    }
    Err(Failure::OtherReceivers { expected: expected.to_owned(), told })
}

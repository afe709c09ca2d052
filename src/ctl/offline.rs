//! What needs no daemon: questions to a configuration file.

use std::path::PathBuf;

use serde_json::Value;

use super::failure::Failure;
use super::tree;
use crate::config;
use crate::domain::explain::routes;
use crate::domain::value::Labels;

/// A question to a configuration file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Offline {
    /// Shows the routing tree.
    Routes {
        /// The configuration file.
        file: PathBuf,
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
/// When the file is no configuration.
pub(super) fn answer(question: &Offline) -> Result<Value, Failure> {
    let (Offline::Routes { file } | Offline::Test { file, .. }) = question;
    let loaded = config::load(file, &|name| std::env::var(name).ok())
        .map_err(|errors| Failure::Configuration(errors.to_string()))?;
    Ok(match question {
        Offline::Routes { .. } => routes::tree(&loaded.settings),
        Offline::Test { labels, .. } => {
            let labels = Labels::new(labels.iter().map(|(name, value)| (name, value)));
            let state = crate::domain::State::default();
            routes::labels(&state, &loaded.settings, &labels, crate::shell::clock::now())
        }
    })
}

/// Writes the answer for people.
pub(super) fn shown(question: &Offline, answer: &Value) -> String {
    match question {
        Offline::Routes { .. } => tree::routes(answer),
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

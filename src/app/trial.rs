//! `incidentd check --payload`: what a body would become, step by step, without a daemon.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use super::flags::{Features, Trial};
use super::{Failure, sources};
use crate::config;
use crate::ctl::payload;
use crate::domain::State;
use crate::domain::event::adapter::{self, Head};
use crate::domain::explain;
use crate::domain::value::matcher::ParseMode;
use crate::shell::clock;

/// Shows what a body would become, for a daemon that knows of nothing yet.
///
/// # Errors
/// When the configuration or the body cannot be read, or when not all of the body is taken.
pub(super) fn show(
    path: &Path,
    features: &[String],
    file: &Path,
    trial: &Trial,
) -> Result<(), Failure> {
    let features = Features::read(features.iter().map(String::as_str)).map_err(Failure::Feature)?;
    let loaded = config::load_in_mode(path, features.matchers, &|name| std::env::var(name).ok());
    let loaded = loaded.map_err(Failure::Configuration)?;
    let sources = sources::sources(&loaded.daemon);
    let name = trial.source.as_deref().unwrap_or_default();
    let Some(intake) = sources.get(name) else {
        let known = sources.names().collect::<Vec<_>>().join(", ");
        return Err(Failure::NoSource { name: name.to_owned(), known });
    };
    let failed = |source| Failure::Payload { path: file.to_owned(), source };
    let body = read(file, intake.limits.body_bytes_max).map_err(failed)?;
    let headers = trial.headers.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    let head = Head::new(headers, &trial.query);
    let context = adapter::Context {
        resolve_timeout: loaded.settings.resolve_timeout,
        utf8: features.matchers != ParseMode::Classic,
        head: &head,
        severity_map: &intake.severity_map,
        ..adapter::Context::new(&intake.name, clock::now(), &intake.limits.event)
    };
    let state = State::default();
    let settings = &loaded.settings;
    let told = explain::payload::payload(&state, settings, &intake.kind, &body, &context);
    say(&payload::shown(&told));
    let whole = told["rejected"].as_array().is_some_and(Vec::is_empty);
    if whole { Ok(()) } else { Err(Failure::Untaken) }
}

fn read(file: &Path, bytes_max: usize) -> io::Result<Vec<u8>> {
    let mut body = Vec::new();
    let limit = (bytes_max as u64).saturating_add(1);
    if file == Path::new("-") {
        io::stdin().take(limit).read_to_end(&mut body)?;
    } else {
        File::open(file)?.take(limit).read_to_end(&mut body)?;
    }
    if body.len() > bytes_max {
        let why = format!("it is longer than the {bytes_max} bytes that the source may send");
        return Err(io::Error::other(why));
    }
    Ok(body)
}

#[expect(clippy::print_stdout, reason = "the result of a task is for its standard output")]
fn say(text: &str) {
    print!("{text}");
}

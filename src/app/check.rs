//! `incidentd check`: reads everything, says everything that is wrong, runs the rule files' tests.

use std::path::Path;
use std::sync::Arc;

use super::Failure;
use super::flags::Features;
use crate::config;
use crate::engine::scenario;

/// Checks the configuration and runs the tests inside its rule files.
///
/// # Errors
/// When something is wrong or a test fails; all of it was printed.
pub(super) fn check(path: &Path, features: &[String]) -> Result<(), Failure> {
    let features = Features::read(features.iter().map(String::as_str)).map_err(Failure::Feature)?;
    let loaded = config::load_in_mode(path, features.matchers, &|name| std::env::var(name).ok());
    let loaded = loaded.map_err(Failure::Configuration)?;
    for warning in &loaded.warnings {
        say(&format!("warning: {warning}"));
    }
    let settings = Arc::new(loaded.settings);
    let mut failed = 0;
    for test in &loaded.tests {
        let name = format!("{}: {}", test.place, test.name);
        match scenario::check(Arc::clone(&settings), &test.input, &test.expect) {
            Ok(mismatches) if mismatches.is_empty() => say(&format!("ok      {name}")),
            Ok(mismatches) => {
                failed += 1;
                say(&format!("FAILED  {name}"));
                for mismatch in mismatches {
                    let scenario::Mismatch { line, expected, found } = mismatch;
                    say(&format!(
                        "        line {line} expected: {expected}\n        found: {found}"
                    ));
                }
            }
            Err(error) => {
                failed += 1;
                say(&format!("FAILED  {name}: {error}"));
            }
        }
    }
    // Those that answer mails are ours; nobody wrote them.
    let hidden = settings.sources.values().filter(|source| source.auto_reply.is_some()).count();
    say(&format!(
        "{}: {} receivers, {} routes, {} tests, configuration {}",
        path.display(),
        settings.receivers.len() - hidden,
        settings.routes.nodes().len(),
        loaded.tests.len(),
        settings.hash,
    ));
    if failed == 0 { Ok(()) } else { Err(Failure::Tests(failed)) }
}

#[expect(clippy::print_stdout, reason = "the result of a task is for its standard output")]
fn say(text: &str) {
    println!("{text}");
}

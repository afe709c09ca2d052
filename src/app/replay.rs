//! `incidentd replay`: the stored events under other rules, beside what the rules in force make of
//! them.

use std::path::Path;
use std::sync::Arc;

use super::{Failure, store};
use crate::config;
use crate::domain::value::{Span, Timestamp};
use crate::engine::replay::{Events, Summary, difference};
use crate::shell::store::Seq;
use crate::shell::{clock, restore};

/// Plays the stored events under the configured rules and under those of another directory, and
/// prints the difference.
///
/// # Errors
/// When one of the configurations is wrong or the store cannot be read.
pub(super) fn replay(
    path: &Path,
    storage: &Path,
    rules: Option<&Path>,
    since: Span,
) -> Result<(), Failure> {
    let env = |name: &str| std::env::var(name).ok();
    let before = config::load(path, &env).map_err(Failure::Configuration)?.settings;
    let after =
        config::load_with_rules(path, rules, &env).map_err(Failure::Configuration)?.settings;

    let opened = store::open_existing(&store::Places::below(storage))?;
    let mut events = Events::default();
    restore::each_record(&opened.store, Seq(0), |_, record| {
        events.take(record.at, &record.facts);
    })
    .map_err(Failure::Restore)?;

    let since = Timestamp(clock::now().0) - since;
    let (before, after) = (Arc::new(before), Arc::new(after));
    let was = events.play(Arc::clone(&before), since);
    let is = events.play(Arc::clone(&after), since);
    say(&format!("{} stored events, since {since}", events.len()));
    say(&format!("configured rules ({}): {}", before.hash, words(&was)));
    say(&format!("other rules      ({}): {}", after.hash, words(&is)));
    for line in difference(&was, &is) {
        say(&line);
    }
    Ok(())
}

fn words(summary: &Summary) -> String {
    let members: usize = summary.incidents.iter().map(|(_, members)| members).sum();
    let messages: usize = summary.messages.values().sum();
    format!(
        "{} incidents with {members} alerts, {} problems, {messages} messages",
        summary.incidents.len(),
        summary.problems,
    )
}

#[expect(clippy::print_stdout, reason = "the result of a task is for its standard output")]
fn say(text: &str) {
    println!("{text}");
}

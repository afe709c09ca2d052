//! What was typed → what it means: YAML files become [`Settings`] and what only the shell needs.
//!
//! ```text
//! files ─▶ node (values know their places) ─▶ shape (known keys, right kinds)
//!       ─▶ routes, receivers, sources, rules … (meaning) ─▶ Loaded | ConfigErrors
//! ```

mod auto_reply;
mod check;
mod daemon;
mod diagnostic;
mod duration;
mod files;
mod http;
mod imap;
mod inhibitions;
mod intervals;
mod listen;
mod node;
mod original;
mod people;
mod polls;
mod receivers;
mod routes;
mod rules;
mod schema;
mod secrets;
mod senders;
mod shape;
mod snmp;
mod snmp_users;
mod sources;
mod spans;
#[cfg(test)]
mod tests;
mod text_rules;
mod trial;
pub mod web;
mod wire;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub use daemon::{
    Algorithm, ApiToken, Auth, Daemon, Encoding, Intake, Limits, Listen, Paths, Poll, Protocol,
    Scope, Signing, Stamp, Team, User, Way,
};
pub use diagnostic::{ConfigErrors, Diagnostic, ERRORS_MAX};
pub use duration::parse as duration;
pub use rules::RuleTest;
pub use spans::{Tracing, TracingClient};

use crate::domain::Settings;
use crate::domain::event::SELF;
use crate::domain::settings::Source;
use crate::domain::silence::SilenceLimits;
use crate::domain::value::matcher::{Operator, ParseMode};
use crate::domain::value::{Matcher, Span};
use check::Check;
use node::Node;

/// A configuration that is whole and makes sense.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// For the pure rooms. `external_url` is a flag's business and is left empty.
    pub settings: Settings,
    /// For the shell.
    pub daemon: Daemon,
    /// What works, but perhaps not as it was meant.
    pub warnings: Vec<Diagnostic>,
    /// The tests in the rule files.
    pub tests: Vec<RuleTest>,
    /// The configuration written out again, with secrets as `<secret>`.
    pub original: String,
}

/// Alertmanager's `resolve_timeout` where none is given.
const RESOLVE_TIMEOUT: Span = Span::minutes(5);

/// Reads the file at `path` and everything it names. `env` looks environment variables up.
///
/// # Errors
/// Everything that is wrong, each with its place, as far as it can be told at once.
pub fn load(path: &Path, env: &dyn Fn(&str) -> Option<String>) -> Result<Loaded, ConfigErrors> {
    load_as(path, ParseMode::Fallback, None, env)
}

/// As [`load`], with matchers read as `mode` says (`--enable-feature` of Alertmanager).
///
/// # Errors
/// As [`load`].
pub fn load_in_mode(
    path: &Path,
    mode: ParseMode,
    env: &dyn Fn(&str) -> Option<String>,
) -> Result<Loaded, ConfigErrors> {
    load_as(path, mode, None, env)
}

/// As [`load`], with the rule files of a folder in place of those that the file names: the same
/// days under other rules.
///
/// # Errors
/// As [`load`].
pub fn load_with_rules(
    path: &Path,
    rules: Option<&Path>,
    env: &dyn Fn(&str) -> Option<String>,
) -> Result<Loaded, ConfigErrors> {
    load_as(path, ParseMode::Fallback, rules, env)
}

fn load_as(
    path: &Path,
    mode: ParseMode,
    rules: Option<&Path>,
    env: &dyn Fn(&str) -> Option<String>,
) -> Result<Loaded, ConfigErrors> {
    let base = path.parent().map_or_else(PathBuf::new, Path::to_path_buf);
    let mut check = Check::new(base, env, mode);
    let understood =
        files::read_main(&mut check, path).map(|root| understand(&mut check, &root, rules));
    let warnings = check.verdict()?;
    let mut loaded = understood.expect("a main file that cannot be read is an error");
    loaded.warnings = warnings;
    Ok(loaded)
}

fn understand(check: &mut Check, root: &Node, rules: Option<&Path>) -> Loaded {
    files::read_templates(check, root);
    let mut receivers = receivers::read(check, root);
    let receiver_names: BTreeSet<String> = receivers.keys().cloned().collect();
    let zone = people::default_zone(check, root);
    let intervals = intervals::read(check, root, &zone);
    let interval_names: BTreeSet<String> = intervals.keys().cloned().collect();
    let inhibitions = inhibitions::read(check, root);
    let names = routes::Names { receivers: &receiver_names, intervals: &interval_names };
    let routes = routes::read(check, root, &names);
    if let Some(value) = root.get("event_recorder") {
        let why = "`event_recorder` is accepted and not used: events are recorded in the audit \
                   trail only";
        check.warn(value.place, why);
    }

    let limits = sources::read_limits(check, root.get("limits"), Limits::default());
    let (mut sources, intakes) = sources::read(check, root, limits, &zone);
    auto_reply::read(check, root, &mut sources, &mut receivers);
    let polls = polls::read(check, root, &zone);
    for (name, poll) in &polls {
        let source = Source { resend: polls::resend(poll), ..Source::default() };
        sources.entry(name.clone()).or_insert(source);
    }
    let admins = root.get("admins");
    let admins = admins.and_then(|node| people::read_receiver(check, node, &receiver_names));
    let routes = match &admins {
        Some(receiver) => {
            let ours = Matcher::new("source", Operator::Equal, SELF).expect("no pattern");
            routes.with_first(vec![ours], receiver)
        }
        None => routes,
    };
    let daemon = Daemon {
        sources: intakes,
        polls,
        tokens: people::read_tokens(check, root),
        limits,
        trusted_proxies: senders::networks(check, root.get("trusted_proxies")),
        admins,
        teams: people::read_teams(check, root, &receiver_names),
        users: people::read_users(check, root, &zone),
        tracing: spans::read(check, root),
        zone,
    };

    let rule_files = files::read_rules(check, root, rules);
    let rules::Rules { events, incidents, problems, tests } = rules::read(check, &rule_files);
    let own = |name: &str| schema::OWN_KEYS.iter().any(|(key, _)| *key == name);
    let global = root.get("global");
    let settings = Settings {
        silences: SilenceLimits::default(),
        hash: files::hash(&check.sources),
        bare: !root.entries().iter().any(|(key, _)| own(&key.name)),
        resolve_timeout: global
            .and_then(|global| global.span_at("resolve_timeout"))
            .unwrap_or(RESOLVE_TIMEOUT),
        defaults: people::read_defaults(root),
        external_url: String::new(),
        sources,
        events,
        incidents,
        problems,
        inhibitions: Arc::new(inhibitions),
        intervals,
        send_resolved_when_suppressed: tells_ends(root),
        routes,
        receivers,
        receiver_labels: receivers::labels(root),
        quiet_until: None,
        services: people::read_services(check, root),
        templates: check.library.clone(),
    };
    // What was included is in the map already.
    let keys: Vec<_> =
        schema::top().iter().copied().filter(|(name, _)| *name != "include").collect();
    let original = original::write(&original::filled(root, check.mode), &keys);
    Loaded { settings, daemon, warnings: Vec::new(), tests, original }
}

/// `send_resolved_when_suppressed` stands at the top level or in `global`; the former counts.
fn tells_ends(root: &Node) -> bool {
    let global = root.get("global");
    let found = [Some(root), global].into_iter().flatten().find_map(|node| node.get(TELLS_ENDS));
    found.and_then(Node::boolean).unwrap_or(true)
}

/// Whether what is silenced, inhibited or muted is told as ended all the same. In Alertmanager it
/// is not.
const TELLS_ENDS: &str = "send_resolved_when_suppressed";

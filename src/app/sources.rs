//! From what the configuration says to what the doors need: intakes, tokens, polls.

use std::sync::Arc;

use crate::config::{self as typed, Daemon};
use crate::domain::event::adapter::{self, GenericPaths, JsonPath, Kind, StatusPath};
use crate::domain::event::poll::{Past, PollState};
use crate::engine::Engine;
use crate::shell::api::{Scope, Token};
use crate::shell::intake::http::auth::Auth;
use crate::shell::intake::http::{ALERTMANAGER, Intake, Limits, Rate, Sources};
use crate::shell::intake::poll::Poll;
use crate::shell::intake::sns::Gate;

/// Everything that may send over HTTP. `/api/v2/alerts` is always open to who may send to the
/// source `alertmanager`, as with Alertmanager itself. Like there, it has no limits but those that
/// somebody wrote down.
pub(super) fn sources(daemon: &Daemon) -> Sources {
    let intakes = daemon.sources.iter().map(|(name, source)| intake(name, source));
    let plain = (daemon.limits != typed::Limits::default())
        .then(|| Intake::new(ALERTMANAGER, Kind::PROMETHEUS, Vec::new(), limits(&daemon.limits)));
    // A source of that name counts more: of two intakes, the later one stays.
    Sources::new(plain.into_iter().chain(intakes), ALERTMANAGER)
        .behind(daemon.trusted_proxies.clone())
}

/// Who may use the API.
pub(super) fn tokens(daemon: &Daemon) -> Vec<Token> {
    let scope = |scope: &typed::Scope| match scope {
        typed::Scope::Read => Scope::Read,
        typed::Scope::Operate => Scope::Operate,
        typed::Scope::Admin => Scope::Admin,
    };
    let token = |token: &typed::ApiToken| Token {
        name: token.name.clone(),
        sha256: token.sha256,
        scopes: token.scopes.iter().map(scope).collect(),
    };
    daemon.tokens.iter().map(token).collect()
}

/// What is looked at regularly. Alerts of a poll that fire already go on, so that their end is
/// told after a restart, too.
pub(super) fn polls(daemon: &Daemon, engine: &Engine) -> Vec<Poll> {
    daemon.polls.iter().map(|(name, poll)| self::poll(name, poll, engine)).collect()
}

fn poll(name: &str, poll: &typed::Poll, engine: &Engine) -> Poll {
    let mut state = PollState::new(name.into(), name, poll.rules.clone());
    let events = &engine.state().event;
    for (_, alert) in events.alerts().filter(|(_, alert)| alert.is_firing()) {
        if events.source(alert.source()).is_some_and(|source| source.name == name) {
            state.resume(alert.source_key(), &events.labels(alert), alert.starts_at);
        }
    }
    let (when, probe) = (poll.when.clone(), poll.probe.clone());
    let mut running = Poll::new(name.to_owned(), when, poll.timeout, probe, state);
    running.jitter = poll.jitter;
    running.past = Past::new(poll.past);
    running
}

fn intake(name: &str, source: &typed::Intake) -> Intake {
    let kind = match &source.paths {
        Some(declared) => Kind::Generic(Box::new(paths(declared))),
        None => source.kind.clone(),
    };
    let ways = source.auth.ways.iter().flat_map(auth).collect();
    let mut intake = Intake::new(name, kind, ways, limits(&source.limits));
    intake.allow.clone_from(&source.auth.allow);
    intake.communities.clone_from(&source.communities);
    intake.snmp_users = Arc::new(source.snmp_users.clone());
    if let (Some(gate), Some(verify)) = (&mut intake.sns, source.verify_signature) {
        *gate = Gate::new(verify);
    }
    intake.severity_map.clone_from(&source.severity_map);
    intake
}

fn auth(way: &typed::Way) -> Vec<Auth> {
    match way {
        typed::Way::Bearer(secrets) => secrets.iter().cloned().map(Auth::Bearer).collect(),
        typed::Way::Basic { username, passwords } => passwords
            .iter()
            .map(|password| Auth::Basic { username: username.clone(), password: password.clone() })
            .collect(),
        typed::Way::Hmac { signing, secrets } => secrets
            .iter()
            .map(|secret| Auth::Hmac { signing: signing.clone(), secret: secret.clone() })
            .collect(),
        typed::Way::Header { name, values } => values
            .iter()
            .map(|value| Auth::Header { name: name.clone(), value: value.clone() })
            .collect(),
        typed::Way::Certificate { names } => vec![Auth::Certificate { names: names.clone() }],
        typed::Way::PathToken(secrets) => secrets.iter().cloned().map(Auth::PathToken).collect(),
    }
}

fn limits(limits: &typed::Limits) -> Limits {
    let size = |value: u64| usize::try_from(value).unwrap_or(usize::MAX);
    let number = |value: u64| u32::try_from(value.max(1)).unwrap_or(u32::MAX);
    Limits {
        body_bytes_max: size(limits.body_bytes_max),
        rate: Some(Rate { per_second: number(limits.rate), burst: number(limits.burst) }),
        new_alerts_max_per_hour: limits.new_alerts_max_per_hour,
        event: adapter::Limits {
            labels_max: size(limits.labels_max),
            label_value_bytes_max: size(limits.label_value_bytes_max),
            ..adapter::Limits::default()
        },
    }
}

fn paths(paths: &typed::Paths) -> GenericPaths {
    let path = |text: &Option<String>| JsonPath::try_from(text.clone()?).ok();
    let all = |map: &std::collections::BTreeMap<String, String>| {
        let pairs = map.iter().filter_map(|(name, text)| {
            Some((name.clone(), JsonPath::try_from(text.clone()).ok()?))
        });
        pairs.collect()
    };
    let mut annotations: std::collections::BTreeMap<String, JsonPath> = all(&paths.annotations);
    if let Some(title) = path(&paths.title) {
        annotations.insert("summary".to_owned(), title);
    }
    GenericPaths {
        each: path(&paths.events),
        key: path(&paths.key),
        name: path(&paths.name)
            .or_else(|| path(&Some("alertname".to_owned())))
            .expect("`alertname` is a path"),
        status: path(&paths.status).map(|path| {
            let mut status = StatusPath::new(path);
            if !paths.resolved_when.is_empty() {
                status.resolved.clone_from(&paths.resolved_when);
            }
            status
        }),
        severity: path(&paths.severity),
        labels: all(&paths.labels),
        annotations,
        url: path(&paths.url),
        starts_at: path(&paths.starts_at),
    }
}

//! What the configuration files mean, checked: the rules in force at one time.
//!
//! `config` makes it of what was typed. A reload is an input of the engine, so a replay changes
//! rules at the same point as the day it replays.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::event::inhibit::Inhibitions;
use super::event::rules::EventRules;
use super::incident::rules::IncidentRules;
use super::notification::interval::TimeInterval;
use super::notification::receiver::Receiver;
use super::notification::route::Routes;
use super::problem::rules::ProblemRules;
use super::silence::SilenceLimits;
use super::template::Library;
use super::value::{Impact, Labels, Matchers, Severity, Span, Timestamp};

/// Everything the pure rooms need to know of the configuration.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// Names this configuration: the first 16 hex digits of a SHA-256 over its files.
    pub hash: String,
    /// True for a plain `alertmanager.yml` without a key of ours: Alertmanager's rules hold where
    /// ours differ (an alert whose lease ran out is resolved, though its source be silent).
    pub bare: bool,
    /// How long an alert without an end lives on after it was last heard (`global.resolve_timeout`).
    pub resolve_timeout: Span,
    /// What is assumed while no rule says otherwise.
    pub defaults: Defaults,
    /// Where people reach this daemon: links in messages begin with it.
    pub external_url: String,
    /// The sources by name.
    pub sources: BTreeMap<String, Source>,
    /// Enrich, dedupe, flap, correlate.
    pub events: EventRules,
    /// Incident and resolve.
    pub incidents: IncidentRules,
    /// Problem.
    pub problems: ProblemRules,
    /// Which alerts keep others from people (`inhibit_rules`).
    pub inhibitions: Arc<Inhibitions>,
    /// Where messages go.
    pub routes: Routes,
    /// `time_intervals` and `mute_time_intervals` by name; an instant lies in one if it lies in any
    /// of its parts.
    pub intervals: BTreeMap<String, Vec<TimeInterval>>,
    /// Tells that something has ended also while it is silenced, inhibited or muted; Alertmanager
    /// does not.
    pub send_resolved_when_suppressed: bool,
    /// Who gets them, by name.
    pub receivers: BTreeMap<String, Receiver>,
    /// The labels of each receiver, its `name` among them, in the order of the file.
    pub receiver_labels: Vec<Labels>,
    /// Before this nothing is told to anybody (`--dispatch.start-delay` of Alertmanager): sources
    /// have time to say how things stand.
    pub quiet_until: Option<Timestamp>,
    /// What is known of services, by name.
    pub services: BTreeMap<String, Service>,
    /// How many silences there may be, how large, and for how long they are kept.
    pub silences: SilenceLimits,
    /// Named templates that receiver fields may call.
    pub templates: Library,
}

impl Settings {
    /// How bad a source says an alert is, in our words.
    pub fn severity_of(&self, source: &str, word: &str) -> Severity {
        let own = self.sources.get(source).and_then(|source| source.severity_map.get(word));
        own.copied().unwrap_or_else(|| Severity::parse(word))
    }

    /// How much of the business a service's outage touches: its tier, where the catalogue says.
    pub fn impact_of(&self, service: &str) -> Option<Impact> {
        self.services.get(service)?.impact
    }
}

/// What is assumed while no rule says otherwise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Defaults {
    /// The team that owns what no rule gives to another: an incident is never unowned.
    pub team: String,
    /// How long all alerts of an incident must be clear before it resolves by itself.
    pub resolve_after: Span,
    /// How long after its resolution an incident opens again when its alerts come back.
    pub reopen_window: Span,
    /// How long after its resolution an incident closes for good.
    pub close_after: Span,
    /// How long after its end an alert that fires again is still the same alert.
    pub refire_window: Span,
}

impl Default for Defaults {
    fn default() -> Self {
        Self {
            team: "default".to_owned(),
            resolve_after: Span::minutes(5),
            reopen_window: Span::minutes(30),
            close_after: Span::hours(72),
            refire_window: Span::minutes(10),
        }
    }
}

/// A source as the pure rooms see it; how its bodies are read and who may send them is the
/// shell's business.
#[derive(Debug, Clone, Default)]
pub struct Source {
    /// Sources of one group speak of the same alerts, such as a pair of Prometheus servers.
    pub group: String,
    /// Labels that tell members of the group apart and are no part of an alert's identity.
    pub drop_labels: Vec<String>,
    /// How often the source repeats what still fires; nothing if it says it once.
    pub resend: Option<Span>,
    /// When the source counts as dead.
    pub deadman: Option<Deadman>,
    /// The source's own words for severities, beyond those that everybody uses.
    pub severity_map: BTreeMap<String, Severity>,
    /// Whether the end of an alert says only what is news: what its source said before still holds
    /// beside it. Alertmanager's API takes the words of an end for all that there are.
    pub terse_ends: bool,
    /// How mails that open something are answered; nothing if they are not.
    pub auto_reply: Option<AutoReply>,
}

/// How mails that open something are answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AutoReply {
    /// The name of the receiver that is the way out; the mail says who gets the answer.
    pub receiver: String,
    /// Answers to one address within an hour.
    pub per_hour_max: usize,
}

/// When a source counts as dead.
#[derive(Debug, Clone)]
pub struct Deadman {
    /// Events that prove life; empty means any event.
    pub matchers: Matchers,
    /// How long without one before people are told.
    pub after: Span,
}

/// What is known of a service. An alert belongs to the one that its label `service` names.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Service {
    /// How much the business depends on it: 1 is the most, 4 the least.
    pub tier: Option<u8>,
    /// How much of the business its failure touches; the tier, unless said otherwise.
    pub impact: Option<Impact>,
    /// The team that owns it.
    pub owner: Option<String>,
    /// As people call it; may be empty.
    pub title: String,
    /// Where it is written what to do; may be empty.
    pub runbook: String,
}

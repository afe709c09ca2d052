//! What is counted: Alertmanager's names, so that its dashboards go on working, and our own.

mod alertmanager;
mod make;
mod own;
#[cfg(target_os = "linux")]
mod process;
mod still;
mod summary;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use prometheus::{Registry, TextEncoder};

use crate::domain::Tally;
use crate::domain::event::Suppressed;
use crate::domain::value::{Span, Timestamp};

use alertmanager::{Alertmanager, with_reason};
use own::Own;

/// The release of Alertmanager whose API and metrics these are. Clients look at it.
pub const ALERTMANAGER_VERSION: &str = "0.34.0";

/// The version of this daemon.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// How much detail is shown: labels that `--enable-feature` asks for, and the cluster of one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Detail {
    /// `alert-names-in-metrics`.
    pub alert_names: bool,
    /// `receiver-name-in-metrics`.
    pub receiver_names: bool,
    /// `group-key-in-metrics`.
    pub group_keys: bool,
    /// The daemon's name as a peer, where a cluster is asked for.
    pub peer: Option<String>,
}

/// Everything that is counted. Share it behind an `Arc`.
#[derive(Debug)]
pub struct Metrics {
    detail: Detail,
    registry: Registry,
    theirs: Alertmanager,
    own: Own,
}

/// What the store has done since the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pulse {
    /// Groups of facts made durable.
    pub commits: u64,
    /// Facts in them.
    pub facts: u64,
    /// When the last one became durable.
    pub last_commit_at: Option<Timestamp>,
    /// Checkpoints written.
    pub checkpoints: u64,
}

/// Why a span did not reach its collector.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SpanLoss {
    /// Too many waited already.
    Full,
    /// It ended when the configuration no longer named its collector.
    Late,
    /// The collector was away for longer than is waited for.
    Unreachable,
    /// The collector did not want the batch.
    Refused,
    /// The collector took the batch without it.
    Rejected,
}

impl SpanLoss {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::Full, Self::Late, Self::Unreachable, Self::Refused, Self::Rejected];

    fn name(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Late => "late",
            Self::Unreachable => "unreachable",
            Self::Refused => "refused",
            Self::Rejected => "rejected",
        }
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

impl Metrics {
    /// Starts to count, without any detail that somebody must ask for.
    pub fn new() -> Self {
        Self::with(Detail::default())
    }

    /// Starts to count.
    ///
    /// # Panics
    /// When two metrics have one name, which is our own bug and shows at the first start.
    pub fn with(detail: Detail) -> Self {
        let registry = Registry::new();
        // The process collector reads /proc, which only Linux has.
        #[cfg(target_os = "linux")]
        process::expose(&registry);
        still::expose(&registry, detail.peer.as_deref());
        let theirs = Alertmanager::new(&registry, &detail);
        Self { theirs, own: Own::new(&registry), registry, detail }
    }

    /// How much detail is shown.
    pub fn detail(&self) -> &Detail {
        &self.detail
    }

    /// Events posted to `/api/v2/alerts`.
    pub fn received(&self, firing: u64, resolved: u64, invalid: u64) {
        for (status, count) in [("firing", firing), ("resolved", resolved)] {
            if count > 0 {
                self.theirs.received.with_label_values(&[status, "v2"]).inc_by(count);
            }
        }
        self.theirs.invalid.with_label_values(&["v2"]).inc_by(invalid);
    }

    /// Alerts of one name that were dropped because there were too many of them.
    pub fn alerts_limited(&self, name: &str, dropped: u64) {
        let labels = self.detail.alert_names.then_some(name);
        self.theirs.limited.with_label_values(labels.as_slice()).inc_by(dropped);
    }

    /// How many alerts of one name there may be; 0 means no limit.
    pub fn set_alerts_limit(&self, limit: usize) {
        self.theirs.limit.set(signed(limit));
    }

    /// What became of the events of one request.
    pub fn source_taken(&self, source: &str, tally: Tally, rejected: usize) {
        let Tally { new, changed, duplicate, stale, resolved_unknown, resolved, passed_over } =
            tally;
        for (disposition, count) in [
            ("new", new),
            ("changed", changed),
            ("duplicate", duplicate),
            ("stale", stale),
            ("resolved_unknown", resolved_unknown),
            ("resolved", resolved),
            ("passed_over", passed_over),
            ("rejected", rejected as u64),
        ] {
            if count > 0 {
                self.own.events.with_label_values(&[source, disposition]).inc_by(count);
            }
        }
    }

    /// A request of a source of which nothing was taken.
    pub fn source_turned(&self, source: &str, reason: &str) {
        self.own.turned.with_label_values(&[source, reason]).inc();
    }

    /// A body of a source was taken in: when, what there is to know of it, and how many new alerts
    /// found no room.
    pub fn source_heard(&self, source: &str, at: Timestamp, notes: usize, limited: u64) {
        self.own.heard_at.with_label_values(&[source]).set(at.0 / 1_000);
        if notes > 0 {
            self.own.notes.with_label_values(&[source]).inc_by(notes as u64);
        }
        if limited > 0 {
            self.own.events.with_label_values(&[source, "limited"]).inc_by(limited);
        }
    }

    /// A sender has delivered once more what it had delivered before.
    pub fn source_redelivered(&self, source: &str) {
        self.own.redelivered.with_label_values(&[source]).inc();
    }

    /// What a source has said beside events, by the word for it.
    pub fn source_said<const N: usize>(&self, source: &str, counts: [(&str, usize); N]) {
        for (what, count) in counts.into_iter().filter(|(_, count)| *count > 0) {
            self.own.said.with_label_values(&[source, what]).inc_by(count as u64);
        }
    }

    /// The length of a body of somebody who was let in.
    pub fn source_bytes(&self, source: &str, bytes: usize) {
        self.own.bytes.with_label_values(&[source]).inc_by(bytes as u64);
    }

    /// A body was kept that could not be taken in.
    pub fn source_quarantined(&self, source: &str) {
        self.own.quarantined.with_label_values(&[source]).inc();
    }

    /// What was counted of a source since the start, by the last words of each metric's name and
    /// its other label.
    pub fn of_source(&self, source: &str) -> BTreeMap<String, u64> {
        self.own.of_source(source)
    }

    /// Elements of a source that are counted and nothing more.
    pub fn source_counted(&self, source: &str, count: usize) {
        if count > 0 {
            self.own.events.with_label_values(&[source, "counted"]).inc_by(count as u64);
        }
    }

    /// Messages that reached a listener and were not taken, or not whole.
    pub fn source_dropped(&self, source: &str, reason: &str, count: usize) {
        self.own.dropped.with_label_values(&[source, reason]).inc_by(count as u64);
    }

    /// A mailbox of a source could not be looked at.
    pub fn source_fetch_failed(&self, source: &str) {
        self.own.fetch_failures.with_label_values(&[source]).inc();
    }

    /// A connection to a listener was opened (+1) or closed (-1).
    pub fn source_connections(&self, source: &str, change: i64) {
        self.own.connections.with_label_values(&[source]).add(change);
    }

    /// A notification has left the house, or has failed for one of Alertmanager's reasons.
    pub fn notified(&self, integration: &str, receiver: &str, took: Span, failure: Option<&str>) {
        let labels = self.labels(integration, receiver);
        self.theirs.notifications.with_label_values(&labels).inc();
        #[expect(clippy::cast_precision_loss, reason = "a latency is far below 2^52 ms")]
        let seconds = took.0 as f64 / 1_000.0;
        self.theirs.latency.with_label_values(&labels).observe(seconds);
        if let Some(reason) = failure {
            let labels = with_reason(&labels, reason);
            self.theirs.notifications_failed.with_label_values(&labels).inc();
        }
    }

    /// Alerts that were kept from people.
    pub fn suppressed(&self, suppressed: Suppressed) {
        for (by, count) in suppressed.counts().into_iter().filter(|(_, count)| *count > 0) {
            self.theirs.suppressed.with_label_values(&[by.name()]).inc_by(count);
        }
    }

    /// One attempt to send a notification.
    pub fn notification_request(&self, integration: &str, receiver: &str, succeeded: bool) {
        let labels = self.labels(integration, receiver);
        self.theirs.requests.with_label_values(&labels).inc();
        if !succeeded {
            self.theirs.requests_failed.with_label_values(&labels).inc();
        }
    }

    /// Parts of a message that could not be written as configured.
    pub fn template_errors(&self, integration: &str, parts: u64) {
        self.own.template_errors.with_label_values(&[integration]).inc_by(parts);
    }

    /// An integration of the configuration in force: its series begin at zero.
    pub fn known_integration(&self, integration: &str, receiver: &str) {
        self.template_errors(integration, 0);
        self.theirs.begin_integration(&self.labels(integration, receiver));
    }

    /// The labels of what is counted of an integration.
    fn labels<'a>(&self, integration: &'a str, receiver: &'a str) -> Vec<&'a str> {
        let receiver = self.detail.receiver_names.then_some(receiver);
        std::iter::once(integration).chain(receiver).collect()
    }

    /// A configuration has come into force. `hash` is [`crate::domain::Settings::hash`].
    pub fn reloaded(&self, hash: &str, at: Timestamp) {
        // 48 bits, because a metric is a float of 53.
        let number = hash.get(..12).and_then(|hash| u64::from_str_radix(hash, 16).ok());
        #[expect(clippy::cast_precision_loss, reason = "48 bits fit into a float's 53")]
        self.theirs.config_hash.set(number.unwrap_or(0) as f64);
        self.theirs.reload_successful.set(1);
        #[expect(clippy::cast_precision_loss, reason = "seconds since 1970 fit into 53 bits")]
        self.theirs.reload_success_at.set((at.0 / 1_000) as f64);
    }

    /// A configuration was refused.
    pub fn reload_failed(&self) {
        self.theirs.reload_successful.set(0);
    }

    /// A group of facts has become durable.
    pub fn committed(&self, facts: u64, took_seconds: f64, at: Timestamp) {
        self.own.commits.inc();
        self.own.facts.inc_by(facts);
        self.own.commit_seconds.with_label_values::<&str>(&[]).observe(took_seconds);
        self.own.commit_at.set(at.0);
    }

    /// A checkpoint has been written.
    pub fn checkpointed(&self, pages: u64, took_seconds: f64) {
        self.own.checkpoints.inc();
        self.own.checkpoint_pages.inc_by(pages);
        self.own.checkpoint_seconds.with_label_values::<&str>(&[]).observe(took_seconds);
    }

    /// Deliveries that wait to be sent.
    pub fn set_waiting(&self, deliveries: usize) {
        self.own.waiting.set(signed(deliveries));
    }

    /// Notification groups.
    pub fn set_groups(&self, groups: usize) {
        self.theirs.groups.set(signed(groups));
    }

    /// Receivers and integrations of the configuration in force.
    pub fn set_receivers(&self, receivers: usize, integrations: usize) {
        self.theirs.receivers.set(signed(receivers));
        self.theirs.integrations.set(signed(integrations));
    }

    /// Inhibition rules of the configuration in force.
    pub fn set_inhibition_rules(&self, rules: usize) {
        self.theirs.inhibition_rules.set(signed(rules));
    }

    /// Silences by state.
    pub fn set_silences(&self, active: usize, pending: usize, expired: usize) {
        for (state, count) in [("active", active), ("pending", pending), ("expired", expired)] {
            self.theirs.silences.with_label_values(&[state]).set(signed(count));
        }
        self.theirs.silences_kept.set(signed(active + pending + expired));
        self.theirs.silences_indexed.set(signed(active + pending));
    }

    /// Alerts that hold, by Alertmanager's states. Where metrics say in which group, see
    /// [`Metrics::set_group_alerts`].
    pub fn set_alerts(&self, active: usize, suppressed: usize) {
        if !self.detail.group_keys {
            self.set_states(active, suppressed, None);
        }
    }

    /// Alerts that hold, by group: its key, how many people are told of, how many not.
    pub fn set_group_alerts(&self, groups: &BTreeMap<String, (usize, usize)>) {
        if !self.detail.group_keys {
            return;
        }
        self.theirs.alerts.reset();
        for (key, (active, suppressed)) in groups {
            self.set_states(*active, *suppressed, Some(key));
        }
    }

    fn set_states(&self, active: usize, suppressed: usize, group: Option<&str>) {
        for (state, count) in [("active", active), ("suppressed", suppressed), ("unprocessed", 0)] {
            let labels: Vec<&str> = std::iter::once(state).chain(group).collect();
            self.theirs.alerts.with_label_values(&labels).set(signed(count));
        }
    }

    /// Open incidents, priority 1 first.
    pub fn set_incidents(&self, by_priority: [usize; 5]) {
        for (level, count) in (1..).zip(by_priority) {
            self.own.incidents.with_label_values(&[&format!("P{level}")]).set(signed(count));
        }
    }

    /// A request begins to be answered.
    pub fn http_began(&self, method: &str) {
        self.theirs.http_in_flight.with_label_values(&[method]).inc();
    }

    /// A request has been answered, or its asker has gone.
    pub fn http_ended(&self, method: &str) {
        self.theirs.http_in_flight.with_label_values(&[method]).dec();
    }

    /// How a request was answered.
    pub fn http_answered(&self, handler: &str, method: &str, code: &str, seconds: f64) {
        self.theirs.http_seconds.with_label_values(&[handler, method, code]).observe(seconds);
    }

    /// How many bytes an answer had.
    pub fn http_sent(&self, handler: &str, method: &str, bytes: u64) {
        #[expect(clippy::cast_precision_loss, reason = "an answer is far below 2^52 bytes")]
        self.theirs.http_bytes.with_label_values(&[handler, method]).observe(bytes as f64);
    }

    /// A request was turned away because too many were being answered.
    pub fn http_limited(&self) {
        self.theirs.http_limited.with_label_values(&["get"]).inc();
    }

    /// Spans that a collector has taken.
    pub fn spans_sent(&self, spans: u64) {
        self.own.spans.inc_by(spans);
    }

    /// Spans that a collector has not got.
    pub fn spans_dropped(&self, loss: SpanLoss, spans: u64) {
        self.own.spans_dropped.with_label_values(&[loss.name()]).inc_by(spans);
    }

    /// Deliveries that wait to be sent, as last set.
    pub fn waiting(&self) -> i64 {
        self.own.waiting.get()
    }

    /// What the store has done since the start.
    pub fn pulse(&self) -> Pulse {
        let commits = self.own.commits.get();
        Pulse {
            commits,
            facts: self.own.facts.get(),
            last_commit_at: (commits > 0).then(|| Timestamp(self.own.commit_at.get())),
            checkpoints: self.own.checkpoints.get(),
        }
    }

    /// Everything in Prometheus' text format.
    pub fn text(&self) -> String {
        let families = self.registry.gather();
        TextEncoder::new().encode_to_string(&families).expect("metrics are plain text")
    }
}

fn signed(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

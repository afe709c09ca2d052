//! What is counted: Alertmanager's names, so that its dashboards go on working, and our own.

use prometheus::core::Collector;
use prometheus::{
    Gauge, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge, IntGaugeVec, Opts,
    Registry, TextEncoder,
};

use crate::domain::Tally;
use crate::domain::value::{Span, Timestamp};

/// The release of Alertmanager whose API and metrics these are. Clients look at it.
pub const ALERTMANAGER_VERSION: &str = "0.34.0";

/// The version of this daemon.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Integrations whose series exist from the start, as Alertmanager's do.
const INTEGRATIONS: [&str; 3] = ["email", "slack", "webhook"];

/// Why Alertmanager says that a notification failed.
const FAILURES: [&str; 7] = [
    "other",
    "clientError",
    "serverError",
    "contextCanceled",
    "contextDeadlineExceeded",
    "authError",
    "rateLimited",
];

/// Everything that is counted. Cheap to share behind an `Arc`.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    alerts: IntGaugeVec,
    received: IntCounterVec,
    invalid: IntCounter,
    notifications: IntCounterVec,
    notifications_failed: IntCounterVec,
    requests: IntCounterVec,
    requests_failed: IntCounterVec,
    latency: HistogramVec,
    config_hash: Gauge,
    reload_successful: IntGauge,
    reload_success_at: Gauge,
    groups: IntGauge,
    receivers: IntGauge,
    integrations: IntGauge,
    http_seconds: HistogramVec,
    http_in_flight: IntGaugeVec,
    http_limited: IntCounterVec,
    events: IntCounterVec,
    turned: IntCounterVec,
    incidents: IntGaugeVec,
    commits: IntCounter,
    commit_seconds: HistogramVec,
    commit_at: IntGauge,
    facts: IntCounter,
    checkpoints: IntCounter,
    checkpoint_seconds: HistogramVec,
    checkpoint_pages: IntCounter,
    waiting: IntGauge,
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

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

impl Metrics {
    /// Starts to count.
    ///
    /// # Panics
    /// When two metrics have one name, which is our own bug and shows at the first start.
    pub fn new() -> Self {
        let registry = Registry::new();
        let r = &registry;
        // The process collector needs /proc; where there is none, its series are missing.
        #[cfg(target_os = "linux")]
        register(r, prometheus::process_collector::ProcessCollector::for_self());
        build_info(r);
        let one = |name: &str, help: &str| gauge(r, name, help);
        let cluster = one("alertmanager_cluster_enabled", "Whether gossip is on; it never is.");
        cluster.set(0);
        let metrics = Self {
            alerts: gauges(r, "alertmanager_alerts", "Alerts by state.", &["state"]),
            received: counters(
                r,
                "alertmanager_alerts_received_total",
                "Alerts posted to the API.",
                &["status", "version"],
            ),
            invalid: counter(
                r,
                "alertmanager_alerts_invalid_total",
                "Alerts posted to the API that made no sense.",
            ),
            notifications: counters(
                r,
                "alertmanager_notifications_total",
                "Notifications attempted.",
                &["integration"],
            ),
            notifications_failed: counters(
                r,
                "alertmanager_notifications_failed_total",
                "Notifications that failed.",
                &["integration", "reason"],
            ),
            requests: counters(
                r,
                "alertmanager_notification_requests_total",
                "Requests made for notifications, every attempt counted.",
                &["integration"],
            ),
            requests_failed: counters(
                r,
                "alertmanager_notification_requests_failed_total",
                "Requests made for notifications that failed.",
                &["integration"],
            ),
            latency: histograms(
                r,
                "alertmanager_notification_latency_seconds",
                "How long a notification took.",
                &["integration"],
                &[1.0, 5.0, 10.0, 15.0, 20.0],
            ),
            config_hash: float(
                r,
                "alertmanager_config_hash",
                "A number made of the hash of the configuration in force.",
            ),
            reload_successful: one(
                "alertmanager_config_last_reload_successful",
                "Whether the last attempt to read the configuration succeeded.",
            ),
            reload_success_at: float(
                r,
                "alertmanager_config_last_reload_success_timestamp_seconds",
                "When the configuration in force was read.",
            ),
            groups: one("alertmanager_dispatcher_aggregation_groups", "Notification groups."),
            receivers: one("alertmanager_receivers", "Configured receivers."),
            integrations: one("alertmanager_integrations", "Configured integrations."),
            http_seconds: histograms(
                r,
                "alertmanager_http_request_duration_seconds",
                "How long a request took.",
                &["handler", "method", "code"],
                &[0.001, 0.005, 0.025, 0.1, 0.5, 1.0, 5.0, 60.0],
            ),
            http_in_flight: gauges(
                r,
                "alertmanager_http_requests_in_flight",
                "Requests being answered.",
                &["method"],
            ),
            http_limited: counters(
                r,
                "alertmanager_http_concurrency_limit_exceeded_total",
                "Requests turned away because too many were being answered.",
                &["method"],
            ),
            events: counters(
                r,
                "incidentd_source_events_total",
                "Events by source and by what became of them.",
                &["source", "disposition"],
            ),
            turned: counters(
                r,
                "incidentd_source_requests_refused_total",
                "Requests of sources of which nothing was taken, by reason.",
                &["source", "reason"],
            ),
            incidents: gauges(
                r,
                "incidentd_incidents_open",
                "Open incidents by priority.",
                &["priority"],
            ),
            commits: counter(r, "incidentd_commits_total", "Groups of facts made durable."),
            commit_seconds: histograms(
                r,
                "incidentd_commit_seconds",
                "How long it took to make a group of facts durable.",
                &[],
                &[0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.1, 0.5, 2.0],
            ),
            commit_at: one(
                "incidentd_last_commit_timestamp_milliseconds",
                "When the last group of facts became durable.",
            ),
            facts: counter(r, "incidentd_facts_total", "Facts made durable."),
            checkpoints: counter(r, "incidentd_checkpoints_total", "Checkpoints written."),
            checkpoint_seconds: histograms(
                r,
                "incidentd_checkpoint_seconds",
                "How long a checkpoint took.",
                &[],
                &[0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 20.0],
            ),
            checkpoint_pages: counter(
                r,
                "incidentd_checkpoint_pages_total",
                "Pages written by checkpoints.",
            ),
            waiting: one("incidentd_courier_waiting", "Deliveries that wait to be sent."),
            registry,
        };
        metrics.begin();
        metrics
    }

    /// Makes the series that dashboards expect to find at zero.
    fn begin(&self) {
        for integration in INTEGRATIONS {
            self.notifications.with_label_values(&[integration]);
            self.requests.with_label_values(&[integration]);
            self.requests_failed.with_label_values(&[integration]);
            self.latency.with_label_values(&[integration]);
            for reason in FAILURES {
                self.notifications_failed.with_label_values(&[integration, reason]);
            }
        }
        for status in ["firing", "resolved"] {
            self.received.with_label_values(&[status, "v2"]);
        }
        self.http_limited.with_label_values(&["get"]);
    }

    /// Events posted to `/api/v2/alerts`.
    pub fn received(&self, firing: u64, resolved: u64, invalid: u64) {
        for (status, count) in [("firing", firing), ("resolved", resolved)] {
            if count > 0 {
                self.received.with_label_values(&[status, "v2"]).inc_by(count);
            }
        }
        self.invalid.inc_by(invalid);
    }

    /// What became of the events of one request.
    pub fn source_taken(&self, source: &str, tally: Tally, rejected: usize) {
        let Tally { new, changed, duplicate, stale, resolved_unknown, resolved } = tally;
        for (disposition, count) in [
            ("new", new),
            ("changed", changed),
            ("duplicate", duplicate),
            ("stale", stale),
            ("resolved_unknown", resolved_unknown),
            ("resolved", resolved),
            ("rejected", rejected as u64),
        ] {
            if count > 0 {
                self.events.with_label_values(&[source, disposition]).inc_by(count);
            }
        }
    }

    /// A request of a source of which nothing was taken.
    pub fn source_turned(&self, source: &str, reason: &str) {
        self.turned.with_label_values(&[source, reason]).inc();
    }

    /// A notification has left the house, or has failed for one of Alertmanager's reasons.
    pub fn notified(&self, integration: &str, took: Span, failure: Option<&str>) {
        self.notifications.with_label_values(&[integration]).inc();
        #[expect(clippy::cast_precision_loss, reason = "a latency is far below 2^52 ms")]
        let seconds = took.0 as f64 / 1_000.0;
        self.latency.with_label_values(&[integration]).observe(seconds);
        if let Some(reason) = failure {
            self.notifications_failed.with_label_values(&[integration, reason]).inc();
        }
    }

    /// One attempt to send a notification.
    pub fn notification_request(&self, integration: &str, succeeded: bool) {
        self.requests.with_label_values(&[integration]).inc();
        if !succeeded {
            self.requests_failed.with_label_values(&[integration]).inc();
        }
    }

    /// A configuration has come into force. `hash` is [`crate::domain::Settings::hash`].
    pub fn reloaded(&self, hash: &str, at: Timestamp) {
        // 48 bits, because a metric is a float of 53.
        let number = hash.get(..12).and_then(|hash| u64::from_str_radix(hash, 16).ok());
        #[expect(clippy::cast_precision_loss, reason = "48 bits fit into a float's 53")]
        self.config_hash.set(number.unwrap_or(0) as f64);
        self.reload_successful.set(1);
        #[expect(clippy::cast_precision_loss, reason = "seconds since 1970 fit into 53 bits")]
        self.reload_success_at.set((at.0 / 1_000) as f64);
    }

    /// A configuration was refused.
    pub fn reload_failed(&self) {
        self.reload_successful.set(0);
    }

    /// A group of facts has become durable.
    pub fn committed(&self, facts: u64, took_seconds: f64, at: Timestamp) {
        self.commits.inc();
        self.facts.inc_by(facts);
        self.commit_seconds.with_label_values::<&str>(&[]).observe(took_seconds);
        self.commit_at.set(at.0);
    }

    /// A checkpoint has been written.
    pub fn checkpointed(&self, pages: u64, took_seconds: f64) {
        self.checkpoints.inc();
        self.checkpoint_pages.inc_by(pages);
        self.checkpoint_seconds.with_label_values::<&str>(&[]).observe(took_seconds);
    }

    /// Deliveries that wait to be sent.
    pub fn set_waiting(&self, deliveries: usize) {
        self.waiting.set(signed(deliveries));
    }

    /// Notification groups.
    pub fn set_groups(&self, groups: usize) {
        self.groups.set(signed(groups));
    }

    /// Receivers and integrations of the configuration in force.
    pub fn set_receivers(&self, receivers: usize, integrations: usize) {
        self.receivers.set(signed(receivers));
        self.integrations.set(signed(integrations));
    }

    /// Alerts that hold, by Alertmanager's states.
    pub fn set_alerts(&self, active: usize, suppressed: usize) {
        for (state, count) in [("active", active), ("suppressed", suppressed), ("unprocessed", 0)] {
            self.alerts.with_label_values(&[state]).set(signed(count));
        }
    }

    /// Open incidents, priority 1 first.
    pub fn set_incidents(&self, by_priority: [usize; 5]) {
        for (level, count) in (1..).zip(by_priority) {
            self.incidents.with_label_values(&[&format!("P{level}")]).set(signed(count));
        }
    }

    /// A request begins to be answered.
    pub fn http_began(&self, method: &str) {
        self.http_in_flight.with_label_values(&[method]).inc();
    }

    /// A request has been answered, or its asker has gone.
    pub fn http_ended(&self, method: &str) {
        self.http_in_flight.with_label_values(&[method]).dec();
    }

    /// How a request was answered.
    pub fn http_answered(&self, handler: &str, method: &str, code: &str, seconds: f64) {
        self.http_seconds.with_label_values(&[handler, method, code]).observe(seconds);
    }

    /// A request was turned away because too many were being answered.
    pub fn http_limited(&self) {
        self.http_limited.with_label_values(&["get"]).inc();
    }

    /// Deliveries that wait to be sent, as last set.
    pub fn waiting(&self) -> i64 {
        self.waiting.get()
    }

    /// What the store has done since the start.
    pub fn pulse(&self) -> Pulse {
        let commits = self.commits.get();
        Pulse {
            commits,
            facts: self.facts.get(),
            last_commit_at: (commits > 0).then(|| Timestamp(self.commit_at.get())),
            checkpoints: self.checkpoints.get(),
        }
    }

    /// Everything in Prometheus' text format.
    pub fn text(&self) -> String {
        let families = self.registry.gather();
        TextEncoder::new().encode_to_string(&families).expect("metrics are plain text")
    }
}

fn build_info(r: &Registry) {
    let labels = ["version", "revision", "branch"];
    let ours = gauges(r, "incidentd_build_info", "What runs here.", &labels);
    ours.with_label_values(&[VERSION, "", ""]).set(1);
    let theirs = gauges(
        r,
        "alertmanager_build_info",
        "The release of Alertmanager whose API this is.",
        &labels,
    );
    theirs.with_label_values(&[ALERTMANAGER_VERSION, VERSION, "incidentd"]).set(1);
}

fn register(registry: &Registry, collector: impl Collector + 'static) {
    registry.register(Box::new(collector)).expect("names are unique");
}

/// Makes a metric and registers it. `$make` says what kind.
macro_rules! metric {
    ($registry:expr, $make:expr) => {{
        let metric = $make.expect("name and help are well-formed");
        register($registry, metric.clone());
        metric
    }};
}

fn counter(r: &Registry, name: &str, help: &str) -> IntCounter {
    metric!(r, IntCounter::new(name, help))
}

fn counters(r: &Registry, name: &str, help: &str, labels: &[&str]) -> IntCounterVec {
    metric!(r, IntCounterVec::new(Opts::new(name, help), labels))
}

fn gauge(r: &Registry, name: &str, help: &str) -> IntGauge {
    metric!(r, IntGauge::new(name, help))
}

fn gauges(r: &Registry, name: &str, help: &str, labels: &[&str]) -> IntGaugeVec {
    metric!(r, IntGaugeVec::new(Opts::new(name, help), labels))
}

fn float(r: &Registry, name: &str, help: &str) -> Gauge {
    metric!(r, Gauge::new(name, help))
}

fn histograms(
    r: &Registry,
    name: &str,
    help: &str,
    labels: &[&str],
    buckets: &[f64],
) -> HistogramVec {
    let opts = HistogramOpts::new(name, help).buckets(buckets.to_vec());
    metric!(r, HistogramVec::new(opts, labels))
}

fn signed(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

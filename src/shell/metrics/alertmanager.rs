//! Alertmanager's metrics by its names, as far as its dashboards and rules look at them.

use prometheus::{Gauge, HistogramVec, IntCounterVec, IntGauge, IntGaugeVec, Registry};

use super::make::{LATENCY_S, counters, float, gauge, gauges, histograms};
use super::{ALERTMANAGER_VERSION, Detail, VERSION};
use crate::domain::event::Suppressed;

/// Integrations whose series exist from the start, as Alertmanager's do.
const INTEGRATIONS: [&str; 18] = [
    "discord",
    "email",
    "incidentio",
    "jira",
    "mattermost",
    "msteams",
    "msteamsv2",
    "opsgenie",
    "pagerduty",
    "pushover",
    "rocketchat",
    "slack",
    "sns",
    "telegram",
    "victorops",
    "webex",
    "webhook",
    "wechat",
];

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

/// Alertmanager's buckets for notifications.
const NOTIFICATION_S: [f64; 5] = [1.0, 5.0, 10.0, 15.0, 20.0];

/// Alertmanager's buckets for answers.
const ANSWER_BYTES: [f64; 7] = [100.0, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8];

#[derive(Debug)]
pub(super) struct Alertmanager {
    pub(super) alerts: IntGaugeVec,
    pub(super) received: IntCounterVec,
    pub(super) invalid: IntCounterVec,
    pub(super) limited: IntCounterVec,
    pub(super) limit: IntGauge,
    pub(super) silences: IntGaugeVec,
    pub(super) silences_kept: IntGauge,
    pub(super) silences_indexed: IntGauge,
    pub(super) inhibition_rules: IntGauge,
    pub(super) notifications: IntCounterVec,
    pub(super) notifications_failed: IntCounterVec,
    pub(super) requests: IntCounterVec,
    pub(super) requests_failed: IntCounterVec,
    pub(super) suppressed: IntCounterVec,
    pub(super) latency: HistogramVec,
    pub(super) config_hash: Gauge,
    pub(super) reload_successful: IntGauge,
    pub(super) reload_success_at: Gauge,
    pub(super) groups: IntGauge,
    pub(super) receivers: IntGauge,
    pub(super) integrations: IntGauge,
    pub(super) http_seconds: HistogramVec,
    pub(super) http_bytes: HistogramVec,
    pub(super) http_in_flight: IntGaugeVec,
    pub(super) http_limited: IntCounterVec,
}

impl Alertmanager {
    pub(super) fn new(r: &Registry, detail: &Detail) -> Self {
        let name = |rest: &str| format!("alertmanager_{rest}");
        let one = |rest: &str, help: &str| gauge(r, &name(rest), help);
        let some = |rest: &str, help: &str, labels: &[&str]| gauges(r, &name(rest), help, labels);
        let each = |rest: &str, help: &str, labels: &[&str]| counters(r, &name(rest), help, labels);
        let number = |rest: &str, help: &str| float(r, &name(rest), help);
        let times = |rest: &str, help: &str, labels: &[&str], buckets: &[f64]| {
            histograms(r, &name(rest), help, labels, buckets)
        };
        let named = |labels: &[&'static str], more: bool, name: &'static str| {
            let more = more.then_some(name);
            labels.iter().copied().chain(more).collect::<Vec<_>>()
        };
        let by = named(&["integration"], detail.receiver_names, "receiver_name");
        let failed = named(&["integration", "reason"], detail.receiver_names, "receiver_name");
        let build = ["version", "revision", "branch", "goarch", "goos", "goversion", "tags"];
        let (machine, os) = (std::env::consts::ARCH, std::env::consts::OS);
        some("build_info", "The release of Alertmanager whose API this is.", &build)
            .with_label_values(&[ALERTMANAGER_VERSION, VERSION, "incidentd", machine, os, "", ""])
            .set(1);
        one("cluster_enabled", "Whether a cluster of one is shown.")
            .set(i64::from(detail.peer.is_some()));
        let metrics = Self {
            alerts: some(
                "alerts",
                "Alerts by state.",
                &named(&["state"], detail.group_keys, "group_key"),
            ),
            received: each("alerts_received_total", "Alerts posted.", &["status", "version"]),
            invalid: each("alerts_invalid_total", "Alerts that made no sense.", &["version"]),
            limited: each(
                "alerts_limited_total",
                "Alerts dropped because there were too many of one name.",
                &named(&[], detail.alert_names, "alertname"),
            ),
            limit: one("alerts_per_alert_limit", "Alerts of one name at a time; 0 is no limit."),
            silences: some("silences", "Silences by state.", &["state"]),
            silences_kept: one("silences_state_size", "Silences in memory."),
            silences_indexed: one("silences_matcher_index_size", "Silences found by matchers."),
            inhibition_rules: one("inhibition_rules", "Configured inhibition rules."),
            notifications: each("notifications_total", "Notifications attempted.", &by),
            notifications_failed: each(
                "notifications_failed_total",
                "Notifications that failed.",
                &failed,
            ),
            requests: each("notification_requests_total", "Attempts to notify.", &by),
            requests_failed: each(
                "notification_requests_failed_total",
                "Attempts to notify that failed.",
                &by,
            ),
            suppressed: each(
                "notifications_suppressed_total",
                "Alerts kept out of notifications.",
                &["reason"],
            ),
            latency: times(
                "notification_latency_seconds",
                "How long a notification took.",
                &by,
                &NOTIFICATION_S,
            ),
            config_hash: number("config_hash", "Made of the hash of the configuration in force."),
            reload_successful: one(
                "config_last_reload_successful",
                "Whether the last attempt to read the configuration succeeded.",
            ),
            reload_success_at: number(
                "config_last_reload_success_timestamp_seconds",
                "When the configuration in force was read.",
            ),
            groups: one("dispatcher_aggregation_groups", "Notification groups."),
            receivers: one("receivers", "Configured receivers."),
            integrations: one("integrations", "Configured integrations."),
            http_seconds: times(
                "http_request_duration_seconds",
                "How long a request took.",
                &["handler", "method", "code"],
                &LATENCY_S,
            ),
            http_bytes: times(
                "http_response_size_bytes",
                "How long an answer was.",
                &["handler", "method"],
                &ANSWER_BYTES,
            ),
            http_in_flight: some("http_requests_in_flight", "Requests in work.", &["method"]),
            http_limited: each(
                "http_concurrency_limit_exceeded_total",
                "Requests turned away because too many were in work.",
                &["method"],
            ),
        };
        metrics.begin(detail);
        metrics
    }

    /// Makes the series that dashboards expect to find at zero.
    fn begin(&self, detail: &Detail) {
        // Whose they are is not known before the configuration.
        for integration in INTEGRATIONS.into_iter().filter(|_| !detail.receiver_names) {
            self.begin_integration(&[integration]);
        }
        for (by, _) in Suppressed::default().counts() {
            self.suppressed.with_label_values(&[by.name()]);
        }
        for status in ["firing", "resolved"] {
            self.received.with_label_values(&[status, "v2"]);
        }
        for state in ["active", "pending", "expired"] {
            self.silences.with_label_values(&[state]);
        }
        self.invalid.with_label_values(&["v2"]);
        if !detail.alert_names {
            self.limited.with_label_values::<&str>(&[]);
        }
        self.http_limited.with_label_values(&["get"]);
        self.http_in_flight.with_label_values(&["get"]);
    }

    /// Makes the series of an integration: its kind, and its receiver where metrics say whose.
    pub(super) fn begin_integration(&self, labels: &[&str]) {
        self.notifications.with_label_values(labels);
        self.requests.with_label_values(labels);
        self.requests_failed.with_label_values(labels);
        self.latency.with_label_values(labels);
        for reason in FAILURES {
            let labels: Vec<&str> = with_reason(labels, reason);
            self.notifications_failed.with_label_values(&labels);
        }
    }
}

/// The labels of a failure: the reason stands behind the kind.
pub(super) fn with_reason<'a>(labels: &[&'a str], reason: &'a str) -> Vec<&'a str> {
    let (kind, receiver) = labels.split_at(1);
    kind.iter().chain([&reason]).chain(receiver).copied().collect()
}

//! Alertmanager's metrics by its names, as far as its dashboards and rules look at them.

use prometheus::{Gauge, HistogramVec, IntCounter, IntCounterVec, IntGauge, IntGaugeVec, Registry};

use super::make::{counter, counters, float, gauge, gauges, histograms};
use super::{ALERTMANAGER_VERSION, VERSION};

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

/// Alertmanager's buckets.
const LATENCY_S: [f64; 5] = [1.0, 5.0, 10.0, 15.0, 20.0];

const HTTP_S: [f64; 8] = [0.001, 0.005, 0.025, 0.1, 0.5, 1.0, 5.0, 60.0];

#[derive(Debug)]
pub(super) struct Alertmanager {
    pub(super) alerts: IntGaugeVec,
    pub(super) received: IntCounterVec,
    pub(super) invalid: IntCounter,
    pub(super) notifications: IntCounterVec,
    pub(super) notifications_failed: IntCounterVec,
    pub(super) requests: IntCounterVec,
    pub(super) requests_failed: IntCounterVec,
    pub(super) latency: HistogramVec,
    pub(super) config_hash: Gauge,
    pub(super) reload_successful: IntGauge,
    pub(super) reload_success_at: Gauge,
    pub(super) groups: IntGauge,
    pub(super) receivers: IntGauge,
    pub(super) integrations: IntGauge,
    pub(super) http_seconds: HistogramVec,
    pub(super) http_in_flight: IntGaugeVec,
    pub(super) http_limited: IntCounterVec,
}

impl Alertmanager {
    pub(super) fn new(r: &Registry) -> Self {
        let name = |rest: &str| format!("alertmanager_{rest}");
        let one = |rest: &str, help: &str| gauge(r, &name(rest), help);
        let some = |rest: &str, help: &str, labels: &[&str]| gauges(r, &name(rest), help, labels);
        let each = |rest: &str, help: &str, labels: &[&str]| counters(r, &name(rest), help, labels);
        let number = |rest: &str, help: &str| float(r, &name(rest), help);
        let times = |rest: &str, help: &str, labels: &[&str], buckets: &[f64]| {
            histograms(r, &name(rest), help, labels, buckets)
        };
        let by = ["integration"];
        let build = ["version", "revision", "branch"];
        some("build_info", "The release of Alertmanager whose API this is.", &build)
            .with_label_values(&[ALERTMANAGER_VERSION, VERSION, "incidentd"])
            .set(1);
        one("cluster_enabled", "Whether gossip is on; it never is.").set(0);
        let metrics = Self {
            alerts: some("alerts", "Alerts by state.", &["state"]),
            received: each("alerts_received_total", "Alerts posted.", &["status", "version"]),
            invalid: counter(r, &name("alerts_invalid_total"), "Alerts that made no sense."),
            notifications: each("notifications_total", "Notifications attempted.", &by),
            notifications_failed: each(
                "notifications_failed_total",
                "Notifications that failed.",
                &["integration", "reason"],
            ),
            requests: each("notification_requests_total", "Attempts to notify.", &by),
            requests_failed: each(
                "notification_requests_failed_total",
                "Attempts to notify that failed.",
                &by,
            ),
            latency: times(
                "notification_latency_seconds",
                "How long a notification took.",
                &by,
                &LATENCY_S,
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
                &HTTP_S,
            ),
            http_in_flight: some("http_requests_in_flight", "Requests in work.", &["method"]),
            http_limited: each(
                "http_concurrency_limit_exceeded_total",
                "Requests turned away because too many were in work.",
                &["method"],
            ),
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
}

//! What Alertmanager does not count: sources, incidents, the store, the courier.

use prometheus::{HistogramVec, IntCounter, IntCounterVec, IntGauge, IntGaugeVec, Registry};

use super::VERSION;
use super::make::{counter, counters, gauge, gauges, histograms};

const COMMIT_S: [f64; 9] = [0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.1, 0.5, 2.0];

const CHECKPOINT_S: [f64; 7] = [0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 20.0];

#[derive(Debug)]
pub(super) struct Own {
    pub(super) events: IntCounterVec,
    pub(super) turned: IntCounterVec,
    pub(super) dropped: IntCounterVec,
    pub(super) connections: IntGaugeVec,
    pub(super) template_errors: IntCounterVec,
    pub(super) incidents: IntGaugeVec,
    pub(super) commits: IntCounter,
    pub(super) commit_seconds: HistogramVec,
    pub(super) commit_at: IntGauge,
    pub(super) facts: IntCounter,
    pub(super) checkpoints: IntCounter,
    pub(super) checkpoint_seconds: HistogramVec,
    pub(super) checkpoint_pages: IntCounter,
    pub(super) waiting: IntGauge,
}

impl Own {
    pub(super) fn new(r: &Registry) -> Self {
        let name = |rest: &str| format!("incidentd_{rest}");
        let total = |rest: &str, help: &str| counter(r, &name(rest), help);
        let each = |rest: &str, help: &str, labels: &[&str]| counters(r, &name(rest), help, labels);
        let times = |rest: &str, help: &str, buckets: &[f64]| {
            histograms(r, &name(rest), help, &[], buckets)
        };
        gauges(r, &name("build_info"), "What runs here.", &["version"])
            .with_label_values(&[VERSION])
            .set(1);
        Self {
            events: each(
                "source_events_total",
                "Events by what became of them.",
                &["source", "disposition"],
            ),
            turned: each(
                "source_requests_refused_total",
                "Requests of sources of which nothing was taken.",
                &["source", "reason"],
            ),
            dropped: each(
                "source_messages_dropped_total",
                "Messages that arrived at a listener and were not taken, or not whole.",
                &["source", "reason"],
            ),
            connections: gauges(
                r,
                &name("source_connections"),
                "Open connections of a listener.",
                &["source"],
            ),
            template_errors: each(
                "template_errors_total",
                "Parts of messages that were told in plain words because a template failed.",
                &["integration"],
            ),
            incidents: gauges(r, &name("incidents_open"), "Open incidents.", &["priority"]),
            commits: total("commits_total", "Groups of facts made durable."),
            commit_seconds: times(
                "commit_seconds",
                "How long it took to make a group of facts durable.",
                &COMMIT_S,
            ),
            commit_at: gauge(
                r,
                &name("last_commit_timestamp_milliseconds"),
                "When the last group of facts became durable.",
            ),
            facts: total("facts_total", "Facts made durable."),
            checkpoints: total("checkpoints_total", "Checkpoints written."),
            checkpoint_seconds: times(
                "checkpoint_seconds",
                "How long a checkpoint took.",
                &CHECKPOINT_S,
            ),
            checkpoint_pages: total("checkpoint_pages_total", "Pages written by checkpoints."),
            waiting: gauge(r, &name("courier_waiting"), "Deliveries that wait to be sent."),
        }
    }
}

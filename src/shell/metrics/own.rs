//! What Alertmanager does not count: sources, incidents, the store, the courier.

use std::collections::BTreeMap;

use prometheus::core::Collector;
use prometheus::{HistogramVec, IntCounter, IntCounterVec, IntGauge, IntGaugeVec, Registry};

use super::VERSION;
use super::make::{counter, counters, gauge, gauges, histograms};

const COMMIT_S: [f64; 9] = [0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.1, 0.5, 2.0];

const CHECKPOINT_S: [f64; 7] = [0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 20.0];

#[derive(Debug)]
pub(super) struct Own {
    pub(super) events: IntCounterVec,
    pub(super) turned: IntCounterVec,
    pub(super) redelivered: IntCounterVec,
    pub(super) said: IntCounterVec,
    pub(super) notes: IntCounterVec,
    pub(super) bytes: IntCounterVec,
    pub(super) quarantined: IntCounterVec,
    pub(super) heard_at: IntGaugeVec,
    pub(super) dropped: IntCounterVec,
    pub(super) fetch_failures: IntCounterVec,
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
    pub(super) spans: IntCounter,
    pub(super) spans_dropped: IntCounterVec,
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
                "Events by what became of them; `limited` ones were new alerts beyond the source's hour.",
                &["source", "disposition"],
            ),
            turned: each(
                "source_requests_refused_total",
                "Requests of sources of which nothing was taken.",
                &["source", "reason"],
            ),
            redelivered: each(
                "source_redeliveries_total",
                "Requests without effect, because their sender had delivered them before.",
                &["source"],
            ),
            said: each(
                "source_said_total",
                "What was said beside events: remarks, heartbeats, deployments.",
                &["source", "what"],
            ),
            notes: each(
                "source_notes_total",
                "Elements that were taken otherwise than they were said, or say nothing.",
                &["source"],
            ),
            bytes: each(
                "source_bytes_total",
                "Bytes of the bodies of senders that were let in.",
                &["source"],
            ),
            quarantined: each(
                "source_quarantined_total",
                "Bodies that were kept because not all of them could be taken in.",
                &["source"],
            ),
            heard_at: gauges(
                r,
                &name("source_last_seen_timestamp_seconds"),
                "When a body of a source was last taken in.",
                &["source"],
            ),
            dropped: each(
                "source_messages_dropped_total",
                "Messages that arrived at a listener and were not taken, or not whole.",
                &["source", "reason"],
            ),
            fetch_failures: each(
                "source_fetch_failures_total",
                "Times that a mailbox could not be looked at.",
                &["source"],
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
            spans: total("spans_sent_total", "Spans that the collector has taken."),
            spans_dropped: each(
                "spans_dropped_total",
                "Spans that the collector has not got, by why.",
                &["reason"],
            ),
        }
    }
    /// What was counted of a source: the word of the metric and its other label, if it has one.
    pub(super) fn of_source(&self, source: &str) -> BTreeMap<String, u64> {
        let counters = [
            ("", &self.events),
            ("refused_", &self.turned),
            ("said_", &self.said),
            ("redelivered", &self.redelivered),
            ("notes", &self.notes),
            ("bytes", &self.bytes),
            ("quarantined", &self.quarantined),
        ];
        let mut counts = BTreeMap::new();
        for (word, counter) in counters {
            for family in counter.collect() {
                for series in family.get_metric() {
                    let label = |is_source: bool| {
                        let pairs = series.get_label().iter();
                        let mut pairs = pairs.filter(|pair| (pair.name() == "source") == is_source);
                        pairs.next().map_or("", |pair| pair.value())
                    };
                    if label(true) == source {
                        #[expect(
                            clippy::cast_possible_truncation,
                            clippy::cast_sign_loss,
                            reason = "a counter of whole things, far below 2^52"
                        )]
                        let count = series.get_counter().get_value() as u64;
                        counts.insert(format!("{word}{}", label(false)), count);
                    }
                }
            }
        }
        counts
    }
}

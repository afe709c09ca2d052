//! Metrics of Alertmanager about parts that this daemon does not have: the notification log and the
//! silences as files, gossip, queues between goroutines. Dashboards and rules find them, and find
//! that nothing happens there.

use prometheus::Registry;

use super::make::{LATENCY_S, counters, gauges, histograms, register};
use super::summary::Summary;

/// What a family is.
#[derive(Debug, Clone, Copy)]
enum Kind {
    Counter,
    Gauge,
    Summary,
    Histogram,
}

/// A family whose values never change: name behind `alertmanager_`, help, label and its values.
type Family = (Kind, &'static str, &'static str, &'static str, &'static [&'static str], u32);

use Kind::{Counter, Gauge, Histogram};

const ALONE: [Family; 28] = [
    (
        Counter,
        "alerts_subscriber_channel_writes_total",
        "Writes to queues; there are none.",
        "subscriber",
        &["dispatcher", "inhibitor"],
        0,
    ),
    (
        Counter,
        "dispatcher_aggregation_group_creation_given_up_total",
        "Alerts dropped for want of a group; none ever is.",
        "",
        &[],
        0,
    ),
    (
        Counter,
        "dispatcher_aggregation_group_creation_retries_total",
        "Groups made at the second try; one writer makes them.",
        "",
        &[],
        0,
    ),
    (
        Counter,
        "dispatcher_aggregation_group_limit_reached_total",
        "Groups not made; their number has no limit.",
        "",
        &[],
        0,
    ),
    (
        Kind::Summary,
        "dispatcher_alert_processing_duration_seconds",
        "Time between queue and group; there is no queue.",
        "",
        &[],
        0,
    ),
    (
        Kind::Summary,
        "nflog_gc_duration_seconds",
        "Cleaning of the notification log; it is part of the state.",
        "",
        &[],
        0,
    ),
    (
        Counter,
        "nflog_gossip_messages_propagated_total",
        "Entries passed on to peers; there are none.",
        "",
        &[],
        0,
    ),
    (
        Counter,
        "nflog_maintenance_errors_total",
        "Failed snapshots of the notification log; none is made.",
        "",
        &[],
        0,
    ),
    (
        Counter,
        "nflog_maintenance_total",
        "Snapshots of the notification log; none is made.",
        "",
        &[],
        0,
    ),
    (
        Counter,
        "nflog_queries_total",
        "Queries of the notification log; it is part of the state.",
        "",
        &[],
        0,
    ),
    (Histogram, "nflog_query_duration_seconds", "How long such queries took.", "", &[], 0),
    (Counter, "nflog_query_errors_total", "Such queries that failed.", "", &[], 0),
    (
        Kind::Summary,
        "nflog_snapshot_duration_seconds",
        "How long snapshots of the notification log took.",
        "",
        &[],
        0,
    ),
    (Gauge, "nflog_snapshot_size_bytes", "Size of the last such snapshot.", "", &[], 0),
    (
        Kind::Summary,
        "silences_gc_duration_seconds",
        "Cleaning of silences; each goes at its own time.",
        "",
        &[],
        0,
    ),
    (Counter, "silences_gc_errors_total", "Cleanings of silences that failed.", "", &[], 0),
    (
        Counter,
        "silences_gossip_messages_propagated_total",
        "Silences passed on to peers; there are none.",
        "",
        &[],
        0,
    ),
    (
        Counter,
        "silences_maintenance_errors_total",
        "Failed snapshots of silences; none is made.",
        "",
        &[],
        0,
    ),
    (Counter, "silences_maintenance_total", "Snapshots of silences; none is made.", "", &[], 0),
    (
        Counter,
        "silences_matcher_compile_errors_total",
        "Matchers that did not compile; such silences are refused.",
        "stage",
        &["index", "load_snapshot"],
        0,
    ),
    (
        Counter,
        "silences_queries_total",
        "Queries of silences; they are part of the state.",
        "",
        &[],
        0,
    ),
    (Histogram, "silences_query_duration_seconds", "How long such queries took.", "", &[], 0),
    (Counter, "silences_query_errors_total", "Such queries that failed.", "", &[], 0),
    (
        Counter,
        "silences_query_silences_scanned_total",
        "Silences that such queries looked at.",
        "",
        &[],
        0,
    ),
    (
        Counter,
        "silences_query_silences_skipped_total",
        "Silences that such queries passed over.",
        "",
        &[],
        0,
    ),
    (
        Kind::Summary,
        "silences_snapshot_duration_seconds",
        "How long snapshots of silences took.",
        "",
        &[],
        0,
    ),
    (Gauge, "silences_snapshot_size_bytes", "Size of the last snapshot of silences.", "", &[], 0),
    (
        Gauge,
        "silences_version_index_size",
        "Entries of an index over versions; there is none.",
        "",
        &[],
        0,
    ),
];

/// In place of the name that the daemon has as a peer.
const SELF: &[&str] = &["<self>"];
const MESSAGES: &[&str] = &["full_state", "update"];
const STATES: &[&str] = &["nfl", "sil"];

/// What a cluster of one has to say beside [`ALONE`].
const CLUSTER: [Family; 25] = [
    (Gauge, "cluster_members", "Peers, this daemon among them.", "", &[], 1),
    (Gauge, "cluster_failed_peers", "Peers that went away.", "", &[], 0),
    (Gauge, "cluster_health_score", "0 is healthy.", "", &[], 0),
    (Gauge, "cluster_messages_queued", "Messages to peers that wait.", "", &[], 0),
    (Gauge, "cluster_peer_info", "This daemon's name as a peer.", "peer", SELF, 1),
    (Gauge, "peer_position", "This daemon's place among its peers.", "", &[], 0),
    (Counter, "cluster_alive_messages_total", "Signs of life.", "peer", SELF, 1),
    (Counter, "cluster_messages_pruned_total", "Messages dropped.", "", &[], 0),
    (
        Counter,
        "cluster_messages_received_size_total",
        "Bytes of messages received.",
        "msg_type",
        MESSAGES,
        0,
    ),
    (Counter, "cluster_messages_received_total", "Messages received.", "msg_type", MESSAGES, 0),
    (
        Counter,
        "cluster_messages_sent_size_total",
        "Bytes of messages sent.",
        "msg_type",
        MESSAGES,
        0,
    ),
    (Counter, "cluster_messages_sent_total", "Messages sent.", "msg_type", MESSAGES, 0),
    (Counter, "cluster_peer_name_conflicts_total", "Peers of one name.", "", &[], 0),
    (Counter, "cluster_peers_joined_total", "Peers that came.", "", &[], 1),
    (Counter, "cluster_peers_left_total", "Peers that left.", "", &[], 0),
    (Counter, "cluster_peers_update_total", "Peers that changed.", "", &[], 0),
    (Histogram, "cluster_pings_seconds", "How long pings took.", "peer", &[], 0),
    (Counter, "cluster_reconnections_failed_total", "Peers not found again.", "", &[], 0),
    (Counter, "cluster_reconnections_total", "Peers found again.", "", &[], 0),
    (Counter, "cluster_refresh_join_failed_total", "Peers looked up in vain.", "", &[], 0),
    (Counter, "cluster_refresh_join_total", "Peers looked up.", "", &[], 0),
    (
        Counter,
        "oversized_gossip_message_dropped_total",
        "Large messages dropped.",
        "key",
        STATES,
        0,
    ),
    (
        Counter,
        "oversized_gossip_message_failure_total",
        "Large messages that failed.",
        "key",
        STATES,
        0,
    ),
    (Counter, "oversized_gossip_message_sent_total", "Large messages sent.", "key", STATES, 0),
    (
        Histogram,
        "oversize_gossip_message_duration_seconds",
        "How long large messages took.",
        "key",
        STATES,
        0,
    ),
];

/// Registers all of them; those about a cluster only where the daemon has a name as a peer.
pub(super) fn expose(r: &Registry, peer: Option<&str>) {
    for family in &ALONE {
        one(r, family, "");
    }
    let Some(peer) = peer else { return };
    for family in &CLUSTER {
        one(r, family, peer);
    }
}

fn one(r: &Registry, family: &Family, peer: &str) {
    let (kind, name, help, label, series, value) = *family;
    let name = format!("alertmanager_{name}");
    let label = Some(label).filter(|label| !label.is_empty());
    let labels: &[&str] = label.as_slice();
    // A family without a label has one series; one with a label has those of its values.
    let series = series.iter().map(|text| Some(if *text == SELF[0] { peer } else { *text }));
    let bare = label.is_none().then_some(None);
    let series: Vec<Option<&str>> = series.chain(bare).collect();
    match kind {
        Kind::Counter => {
            let counters = counters(r, &name, help, labels);
            for one in &series {
                counters.with_label_values(one.as_slice()).inc_by(value.into());
            }
        }
        Kind::Gauge => {
            let gauges = gauges(r, &name, help, labels);
            for one in &series {
                gauges.with_label_values(one.as_slice()).set(value.into());
            }
        }
        Kind::Summary => register(r, Summary::new(&name, help)),
        Kind::Histogram => {
            let histograms = histograms(r, &name, help, labels, &LATENCY_S);
            for one in &series {
                histograms.with_label_values(one.as_slice());
            }
        }
    }
}

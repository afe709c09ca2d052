//! The families that Alertmanager's dashboards and rules may ask for, with types and labels.

use std::collections::{BTreeMap, BTreeSet};

use super::*;

/// `type name labels`, without the prefix; labels of series that exist from the start.
const FAMILIES: &str = "
gauge     alerts                                                  -
counter   alerts_invalid_total                                    version
counter   alerts_limited_total                                    -
gauge     alerts_per_alert_limit                                  -
counter   alerts_received_total                                   status,version
counter   alerts_subscriber_channel_writes_total                  subscriber
gauge     build_info                                              branch,goarch,goos,goversion,revision,tags,version
gauge     cluster_enabled                                         -
gauge     config_hash                                             -
gauge     config_last_reload_success_timestamp_seconds            -
gauge     config_last_reload_successful                           -
counter   dispatcher_aggregation_group_creation_given_up_total    -
counter   dispatcher_aggregation_group_creation_retries_total     -
counter   dispatcher_aggregation_group_limit_reached_total        -
gauge     dispatcher_aggregation_groups                           -
summary   dispatcher_alert_processing_duration_seconds            -
counter   http_concurrency_limit_exceeded_total                   method
gauge     http_requests_in_flight                                 method
gauge     inhibition_rules                                        -
gauge     integrations                                            -
summary   nflog_gc_duration_seconds                               -
counter   nflog_gossip_messages_propagated_total                  -
counter   nflog_maintenance_errors_total                          -
counter   nflog_maintenance_total                                 -
counter   nflog_queries_total                                     -
histogram nflog_query_duration_seconds                            -
counter   nflog_query_errors_total                                -
summary   nflog_snapshot_duration_seconds                         -
gauge     nflog_snapshot_size_bytes                               -
histogram notification_latency_seconds                            integration
counter   notification_requests_failed_total                      integration
counter   notification_requests_total                             integration
counter   notifications_failed_total                              integration,reason
counter   notifications_suppressed_total                          reason
counter   notifications_total                                     integration
gauge     receivers                                               -
gauge     silences                                                state
summary   silences_gc_duration_seconds                            -
counter   silences_gc_errors_total                                -
counter   silences_gossip_messages_propagated_total               -
counter   silences_maintenance_errors_total                       -
counter   silences_maintenance_total                              -
counter   silences_matcher_compile_errors_total                   stage
gauge     silences_matcher_index_size                             -
counter   silences_queries_total                                  -
histogram silences_query_duration_seconds                         -
counter   silences_query_errors_total                             -
counter   silences_query_silences_scanned_total                   -
counter   silences_query_silences_skipped_total                   -
summary   silences_snapshot_duration_seconds                      -
gauge     silences_snapshot_size_bytes                            -
gauge     silences_state_size                                     -
gauge     silences_version_index_size                             -
";

/// What a cluster shows beside them.
const CLUSTER: &str = "
counter   cluster_alive_messages_total                            peer
gauge     cluster_failed_peers                                    -
gauge     cluster_health_score                                    -
gauge     cluster_members                                         -
counter   cluster_messages_pruned_total                           -
gauge     cluster_messages_queued                                 -
counter   cluster_messages_received_size_total                    msg_type
counter   cluster_messages_received_total                         msg_type
counter   cluster_messages_sent_size_total                        msg_type
counter   cluster_messages_sent_total                             msg_type
gauge     cluster_peer_info                                       peer
counter   cluster_peer_name_conflicts_total                       -
counter   cluster_peers_joined_total                              -
counter   cluster_peers_left_total                                -
counter   cluster_peers_update_total                              -
counter   cluster_reconnections_failed_total                      -
counter   cluster_reconnections_total                             -
counter   cluster_refresh_join_failed_total                       -
counter   cluster_refresh_join_total                              -
histogram oversize_gossip_message_duration_seconds                key
counter   oversized_gossip_message_dropped_total                  key
counter   oversized_gossip_message_failure_total                  key
counter   oversized_gossip_message_sent_total                     key
gauge     peer_position                                           -
";

/// Every family of a text, with its type and the names of its labels.
fn families(text: &str) -> BTreeMap<String, (String, BTreeSet<String>)> {
    let mut found: BTreeMap<String, (String, BTreeSet<String>)> = BTreeMap::new();
    for line in text.lines() {
        if let Some(rest) = line.strip_prefix("# TYPE alertmanager_") {
            let (name, kind) = rest.split_once(' ').unwrap();
            found.insert(name.to_owned(), (kind.to_owned(), BTreeSet::new()));
        } else if let Some(series) = line.strip_prefix("alertmanager_") {
            let (name, rest) = series.split_at(series.find(['{', ' ']).unwrap());
            let family =
                ["_bucket", "_sum", "_count"].iter().find_map(|end| name.strip_suffix(end));
            let family = family.filter(|family| found.contains_key(*family)).unwrap_or(name);
            let (_, labels) = found.get_mut(family).unwrap_or_else(|| panic!("{line}"));
            let names = rest.trim_start_matches('{').split("\",");
            let names = names.filter_map(|pair| pair.split_once("=\"")).map(|(name, _)| name);
            labels.extend(names.filter(|name| *name != "le").map(str::to_owned));
        }
    }
    found
}

fn expected(table: &str) -> BTreeMap<String, (String, BTreeSet<String>)> {
    let line = |line: &str| {
        let words: Vec<_> = line.split_whitespace().collect();
        let [kind, name, labels] = words[..] else { panic!("{line}") };
        let labels = labels.split(',').filter(|label| *label != "-").map(str::to_owned).collect();
        (name.to_owned(), (kind.to_owned(), labels))
    };
    table.trim().lines().map(line).collect()
}

#[test]
fn every_family_of_alertmanager_is_there_from_the_start() {
    let alone = Metrics::new();
    let mut found = families(&alone.text());
    // Counted when somebody looks.
    found.entry("alerts".to_owned()).or_insert_with(|| ("gauge".to_owned(), BTreeSet::new()));
    assert_eq!(found, expected(FAMILIES));

    let peer = Some("am-0".to_owned());
    let cluster = Metrics::with(Detail { peer, ..Detail::default() });
    let mut found = families(&cluster.text());
    found.retain(|name, _| {
        name.starts_with("cluster_") && name != "cluster_enabled"
            || name.starts_with("oversize")
            || name == "peer_position"
    });
    assert_eq!(found, expected(CLUSTER));
    let text = cluster.text();
    for line in [
        "alertmanager_cluster_enabled 1",
        "alertmanager_cluster_members 1",
        "alertmanager_cluster_peer_info{peer=\"am-0\"} 1",
    ] {
        assert!(text.contains(line), "{line}\n{text}");
    }
    let (kind, help) = ("# TYPE process_start_time_seconds gauge", "# HELP process_open_fds");
    assert!(text.contains(kind) && text.contains(help), "{text}");
    assert!(text.contains("# TYPE process_virtual_memory_max_bytes gauge"), "{text}");
}

#[test]
fn every_integration_begins_at_zero() {
    let text = Metrics::new().text();
    let count = |start: &str| text.lines().filter(|line| line.starts_with(start)).count();
    assert_eq!(count("alertmanager_notifications_total{"), 18);
    assert_eq!(count("alertmanager_notifications_failed_total{"), 18 * 7);
    assert_eq!(count("alertmanager_notification_latency_seconds_count{"), 18);
}

#[test]
fn detail_is_shown_where_it_is_asked_for() {
    let detail =
        Detail { alert_names: true, receiver_names: true, group_keys: true, ..Detail::default() };
    let metrics = Metrics::with(detail);
    metrics.known_integration("slack", "dba");
    metrics.notified("slack", "dba", Span(5), Some("clientError"));
    metrics.notification_request("slack", "dba", false);
    metrics.alerts_limited("Down", 2);
    metrics.set_alerts(7, 0);
    metrics.set_group_alerts(&[("{}:{a=\"b\"}".to_owned(), (3, 1))].into());
    let text = metrics.text();
    for line in [
        r#"alertmanager_alerts_limited_total{alertname="Down"} 2"#,
        r#"alertmanager_alerts{group_key="{}:{a=\"b\"}",state="active"} 3"#,
        r#"alertmanager_alerts{group_key="{}:{a=\"b\"}",state="suppressed"} 1"#,
        r#"alertmanager_notifications_total{integration="slack",receiver_name="dba"} 1"#,
        r#"alertmanager_notifications_failed_total{integration="slack",reason="clientError",receiver_name="dba"} 1"#,
        r#"alertmanager_notifications_failed_total{integration="slack",reason="other",receiver_name="dba"} 0"#,
        r#"alertmanager_notification_requests_failed_total{integration="slack",receiver_name="dba"} 1"#,
    ] {
        assert!(text.contains(line), "{line} is not in\n{text}");
    }
}

//! The command line, read as Alertmanager's would be.

use super::*;

fn read(line: &str) -> Result<DaemonFlags, String> {
    // `''` stands for an empty word.
    let words = line.split_whitespace().map(|word| if word == "''" { "" } else { word });
    let flags = Flags::try_parse_from(std::iter::once("incidentd").chain(words));
    flags.map(|flags| flags.daemon).map_err(|error| error.to_string())
}

#[track_caller]
fn good(line: &str) -> DaemonFlags {
    read(line).unwrap_or_else(|why| panic!("{line}: {why}"))
}

#[test]
fn every_flag_of_alertmanager_is_taken_in_both_forms() {
    for (flag, value) in [
        ("config.file", "alertmanager.yml"),
        ("storage.path", "data/"),
        ("data.retention", "120h"),
        ("data.maintenance-interval", "15m"),
        ("silences.max-silences", "100"),
        ("silences.max-silence-size-bytes", "-1"),
        ("alerts.gc-interval", "30m"),
        ("alerts.per-alertname-limit", "0"),
        ("dispatch.maintenance-interval", "30s"),
        ("dispatch.start-delay", "1m30s"),
        ("web.listen-address", ":9093"),
        ("web.external-url", "http://am.example.org/am"),
        ("web.route-prefix", "/am"),
        ("web.get-concurrency", "-1"),
        ("web.timeout", "0.5s"),
        ("auto-gomemlimit.ratio", "0.9"),
        ("cluster.listen-address", "0.0.0.0:9094"),
        ("cluster.advertise-address", "10.0.0.1:9094"),
        ("cluster.peer-name", "am-0"),
        ("cluster.peer", "am-1:9094"),
        ("cluster.peer-timeout", "15s"),
        ("cluster.peers-resolve-timeout", "15s"),
        ("cluster.gossip-interval", "200ms"),
        ("cluster.pushpull-interval", "1m0s"),
        ("cluster.tcp-timeout", "10s"),
        ("cluster.probe-timeout", "500ms"),
        ("cluster.probe-interval", "1s"),
        ("cluster.settle-timeout", "1m0s"),
        ("cluster.reconnect-interval", "10s"),
        ("cluster.reconnect-timeout", "6h0m0s"),
        ("cluster.tls-config", "tls.yml"),
        ("cluster.label", "prod"),
        ("enable-feature", "classic-mode"),
        ("log.level", "debug"),
        ("log.format", "json"),
    ] {
        good(&format!("--{flag}={value}"));
        good(&format!("--{flag} {value}"));
    }
    for flag in [
        "web.systemd-socket",
        "log.silences",
        "cluster.allow-insecure-public-advertise-address-discovery",
    ] {
        good(&format!("--{flag}"));
        good(&format!("--no-{flag}"));
        good(&format!("--{flag} --no-{flag}"));
    }
}

#[test]
fn flags_mean_what_they_say() {
    let plain = good("");
    assert!(!plain.systemd_socket && plain.start_delay == Span::ZERO);
    assert_eq!(plain.data_retention, Span::hours(120));
    assert!(good("--no-web.systemd-socket --web.systemd-socket").systemd_socket);
    assert!(!good("--web.systemd-socket --no-web.systemd-socket").systemd_socket);
    let two = good("--web.listen-address=:9093 --web.listen-address 127.0.0.1:9193").listen;
    assert_eq!(two, [":9093", "127.0.0.1:9193"]);
    assert_eq!(good("--web.timeout=0.5s").web_timeout, Span(500));
    assert_eq!(good("--web.timeout=-1s").web_timeout, Span::ZERO);
    let features = good("--enable-feature=classic-mode,group-key-in-metrics").features;
    assert_eq!(features, ["classic-mode", "group-key-in-metrics"]);
}

#[test]
fn a_slip_is_told_with_what_was_perhaps_meant() {
    for (line, part) in [
        ("--config.fle=x", "--config.file"),
        ("--web.timeout=soon", "is not a duration"),
        ("--web.get-concurrency=many", "invalid value"),
        ("--log.level=loud", "possible values"),
        ("--data.retention 1h --data.retention 2h", "cannot be used multiple times"),
    ] {
        let why = read(line).unwrap_err();
        assert!(why.contains(part), "{line}: {why}");
    }
}

#[test]
fn a_cluster_of_one_is_shown_where_one_is_asked_for() {
    let started = crate::domain::value::Timestamp(1_767_225_600_000);
    let check = |line: &str, expected: Option<(Option<&str>, &str)>| {
        let peer = good(line).cluster.peer(started, 1);
        let Some((name, address)) = expected else {
            assert_eq!(peer, None, "{line}");
            return;
        };
        let peer = peer.unwrap_or_else(|| panic!("{line}"));
        assert_eq!(peer.address, address, "{line}");
        match name {
            Some(name) => assert_eq!(peer.name, name, "{line}"),
            None => assert_eq!(peer.name.len(), 26, "{line}"),
        }
    };
    check("", None);
    check("--cluster.listen-address=", None);
    check("--cluster.listen-address ''", None);
    check("--cluster.peer=other:9094", None);
    check("--cluster.listen-address=0.0.0.0:9094", Some((None, "0.0.0.0:9094")));
    check(
        "--cluster.listen-address=:9094 --cluster.advertise-address=10.0.0.1:9094 \
         --cluster.peer-name=am-0",
        Some((Some("am-0"), "10.0.0.1:9094")),
    );
}

#[test]
fn the_first_line_of_the_version_is_fit_for_scripts() {
    let text = version_text();
    let first = text.lines().next().unwrap();
    assert!(first.starts_with("incidentd, version "), "{first}");
    let version = first.split_whitespace().nth(2).unwrap();
    assert!(version.split('.').all(|part| part.parse::<u32>().is_ok()), "{version}");
}

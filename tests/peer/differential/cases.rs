//! The cases: one configuration and one script each.

use std::fmt::Write as _;

use super::check;

#[test]
fn one_route_batches_adds_ends_and_repeats() {
    check(
        "
route: { receiver: team, group_by: [alertname], group_wait: 1s, group_interval: 2s, repeat_interval: 5s }
receivers:
  - name: team
    webhook_configs: [ { url: '@/team' } ]
",
        "",
        "
        0ms    fire    alertname=Disk node=a severity=critical
        300ms  fire    alertname=Disk node=b severity=warning
        400ms  fire    alertname=Load node=a job=x instance=i1
        500ms  fire    alertname=Load node=b job=a instance=i2
        700ms  compare
        1700ms fire    alertname=Disk node=c
        2500ms resolve alertname=Disk node=a severity=critical
        2700ms compare
        7400ms resolve alertname=Disk node=b severity=warning
        7500ms resolve alertname=Disk node=c
        9600ms compare
        ",
    );
}

#[test]
fn nested_routes_with_continue_and_without_resolved() {
    check(
        "
route:
  receiver: root
  group_by: [alertname, cluster]
  group_wait: 500ms
  group_interval: 1500ms
  repeat_interval: 1h
  routes:
    - matchers: [ 'team=\"db\"' ]
      receiver: db
      continue: true
      routes:
        - matchers: [ 'severity=\"critical\"' ]
          receiver: pager
          group_by: ['...']
          group_wait: 0s
        - match_re: { severity: warn.* }
          receiver: mail
          group_by: [severity]
    - matchers: [ 'severity=~\"critical|warning\"', 'cluster!=\"test\"' ]
      receiver: people
    - match: { cluster: test }
      receiver: quiet
receivers:
  - name: root
    webhook_configs: [ { url: '@/root' } ]
  - name: db
    webhook_configs: [ { url: '@/db' } ]
  - name: pager
    webhook_configs: [ { url: '@/pager', max_alerts: 1 }, { url: '@/pager2', send_resolved: false } ]
  - name: mail
    webhook_configs: [ { url: '@/mail' } ]
  - name: people
    webhook_configs: [ { url: '@/people' } ]
  - name: quiet
",
        "",
        "
        0ms    fire    alertname=Slow team=db severity=critical cluster=a node=1
        100ms  fire    alertname=Slow team=db severity=warning cluster=a node=2
        200ms  fire    alertname=Slow team=db cluster=a node=3
        250ms  fire    alertname=Slow team=web severity=warning cluster=b
        300ms  fire    alertname=Slow cluster=test severity=info
        350ms  fire    alertname=Other
        1000ms compare
        1200ms fire    alertname=Slow team=db severity=critical cluster=a node=9
        2500ms resolve alertname=Slow team=db severity=critical cluster=a node=1
        2600ms resolve alertname=Slow team=web severity=warning cluster=b
        4500ms compare
        6000ms resolve alertname=Slow team=db severity=critical cluster=a node=9
        6100ms resolve alertname=Slow team=db severity=warning cluster=a node=2
        8000ms compare
        ",
    );
}

#[test]
fn time_intervals_mute_and_activate() {
    check(
        "
route:
  receiver: root
  group_by: [alertname]
  group_wait: 500ms
  group_interval: 1s
  repeat_interval: 1h
  routes:
    - matchers: [ 'team=\"muted\"' ]
      mute_time_intervals: [ always ]
      receiver: muted
    - matchers: [ 'team=\"open\"' ]
      mute_time_intervals: [ never ]
      receiver: open
    - matchers: [ 'team=\"active\"' ]
      active_time_intervals: [ never, always ]
      receiver: active
    - matchers: [ 'team=\"inactive\"' ]
      active_time_intervals: [ never ]
      receiver: inactive
receivers:
  - name: root
    webhook_configs: [ { url: '@/root' } ]
  - name: muted
    webhook_configs: [ { url: '@/muted' } ]
  - name: open
    webhook_configs: [ { url: '@/open' } ]
  - name: active
    webhook_configs: [ { url: '@/active' } ]
  - name: inactive
    webhook_configs: [ { url: '@/inactive' } ]
time_intervals:
  - name: always
    time_intervals: [ { times: [ { start_time: '00:00', end_time: '24:00' } ] } ]
  - name: never
    time_intervals: [ { years: ['1999'] } ]
",
        "",
        "
        0ms    fire    alertname=A team=muted
        0ms    fire    alertname=A team=open
        0ms    fire    alertname=A team=active
        0ms    fire    alertname=A team=inactive
        0ms    fire    alertname=A
        800ms  compare
        2100ms resolve alertname=A team=muted
        2200ms resolve alertname=A team=open
        2300ms resolve alertname=A team=active
        4000ms compare
        ",
    );
}

#[test]
fn inhibition_keeps_the_symptom_quiet_while_its_cause_fires() {
    check(
        "
route: { receiver: team, group_by: [alertname], group_wait: 1s, group_interval: 1500ms, repeat_interval: 1h }
receivers:
  - name: team
    webhook_configs: [ { url: '@/team' } ]
inhibit_rules:
  - source_matchers: [ 'alertname=\"NodeDown\"' ]
    target_matchers: [ 'severity=~\"warning|info\"' ]
    equal: [ node ]
  - source_match: { alertname: Both, side: one }
    target_match_re: { alertname: Bo.* }
",
        "send_resolved_when_suppressed: false\n",
        "
        0ms    fire    alertname=NodeDown node=a severity=critical
        100ms  fire    alertname=Slow node=a severity=warning
        100ms  fire    alertname=Slow node=b severity=warning
        200ms  fire    alertname=Both side=one
        200ms  fire    alertname=Both side=two
        600ms  compare
        2000ms fire    alertname=Slow node=a severity=info
        3600ms resolve alertname=NodeDown node=a severity=critical
        4400ms compare
        7000ms resolve alertname=Slow node=a severity=warning
        9000ms compare
        ",
    );
}

#[test]
fn silences_keep_an_alert_quiet_and_let_it_speak_again() {
    check(
        "
route: { receiver: team, group_by: [alertname], group_wait: 800ms, group_interval: 1500ms, repeat_interval: 1h }
receivers:
  - name: team
    webhook_configs: [ { url: '@/team' } ]
",
        "send_resolved_when_suppressed: false\n",
        "
        0ms    silence node=a
        100ms  fire    alertname=Disk node=a
        150ms  fire    alertname=Disk node=b
        200ms  fire    alertname=Load node=a
        500ms  compare
        3000ms unsilence
        3300ms compare
        5200ms silence alertname=Load
        5500ms resolve alertname=Disk node=b
        5600ms compare
        8500ms compare
        ",
    );
}

#[test]
fn labels_of_every_alphabet_go_through() {
    check(
        "
route:
  receiver: team
  group_by: [alertname, ort]
  group_wait: 300ms
  group_interval: 1s
  repeat_interval: 1h
  routes:
    - matchers: [ 'ort=~\"Köln|東京\"' ]
      receiver: fern
receivers:
  - name: team
    webhook_configs: [ { url: '@/team' } ]
  - name: fern
    webhook_configs: [ { url: '@/fern' } ]
",
        "",
        "
        0ms    fire    alertname=Ausfall ort=Köln grund=<b>\"x\"&\\n</b>
        100ms  fire    alertname=Ausfall ort=東京 severity=crit🔥
        150ms  fire    alertname=Ausfall ort=
        200ms  fire    alertname=Ausfall ort=Bonn\\
        600ms  compare
        1500ms resolve alertname=Ausfall ort=東京 severity=crit🔥
        2800ms compare
        ",
    );
}

#[test]
fn a_hundred_routes_by_pattern() {
    let mut config = "
route:
  receiver: r0
  group_by: [alertname, service]
  group_wait: 300ms
  group_interval: 1s
  repeat_interval: 1h
  routes:
"
    .to_owned();
    for i in 0..100 {
        let (receiver, goes_on) = (i % 10, i % 3 == 0);
        writeln!(
            config,
            "    - matchers: [ 'service=~\"svc{i}|app{i}-.*\"', 'team=~\"team-.+|ops\"' ]"
        )
        .unwrap();
        writeln!(config, "      receiver: r{receiver}\n      continue: {goes_on}").unwrap();
    }
    config += "receivers:\n";
    for i in 0..10 {
        writeln!(config, "  - name: r{i}\n    webhook_configs: [ {{ url: '@/r{i}' }} ]").unwrap();
    }
    let mut script = String::new();
    for i in 0..40 {
        let (service, team) = if i % 2 == 0 { ("svc", "ops") } else { ("app", "team-a") };
        let tail = if i % 2 == 0 { "" } else { "-web" };
        let at = i * 5;
        let n = i * 7 % 110;
        let name = i % 4;
        writeln!(script, "{at}ms fire alertname=A{name} service={service}{n}{tail} team={team}")
            .unwrap();
    }
    script += "700ms compare\n1200ms resolve alertname=A0 service=svc0 team=ops\n2800ms compare\n";
    check(&config, "", &script);
}

#[test]
fn every_provider_is_told_in_the_same_words() {
    check(
        "
global:
  slack_api_url: '@/slack'
  opsgenie_api_key: key
  opsgenie_api_url: '@/opsgenie'
  victorops_api_key: key
  victorops_api_url: '@/victorops/'
  telegram_api_url: '@/telegram'
route: { receiver: team, group_by: [alertname], group_wait: 500ms, group_interval: 1500ms, repeat_interval: 1h }
receivers:
  - name: team
    slack_configs:
      - { channel: '#db', send_resolved: true }
      - { api_url: '@/slack2', channel: '#x', title: '{{ len .Alerts }} {{ .CommonLabels.SortedPairs.Values | join \",\" }}', text: '{{ range .Alerts }}{{ .Labels.node }} {{ end }}', fields: [ { title: a, value: '{{ .Status }}', short: true } ], actions: [ { type: button, text: Runbook, url: 'http://wiki.example.org/' } ] }
    pagerduty_configs:
      - { routing_key: key, url: '@/pagerduty', severity: '{{ .CommonLabels.severity }}', details: { team: db } }
    opsgenie_configs:
      - { priority: P2, tags: 'a,b', responders: [ { name: dba, type: team } ] }
    victorops_configs: [ { routing_key: db } ]
    discord_configs: [ { webhook_url: '@/discord' } ]
    telegram_configs: [ { bot_token: 'T', chat_id: 7 } ]
    webex_configs:
      - { api_url: '@/webex', room_id: room, http_config: { authorization: { credentials: secret } } }
",
        "",
        "
        0ms    fire    alertname=Disk node=a<b> severity=critical
        100ms  fire    alertname=Disk node=b severity=critical
        2200ms resolve alertname=Disk node=b severity=critical
        4000ms resolve alertname=Disk node=a<b> severity=critical
        6000ms compare
        ",
    );
}

//! The configurations between which a simulated day switches. Receivers are the same in all of
//! them, so that whoever was told something can always be told more.

use std::sync::{Arc, LazyLock};

use crate::promise::{settings, settings_with_rules};
use incidentd::domain::Settings;

const RECEIVERS: &str = "
receivers:
  - name: a
    webhook_configs:
      - { url: http://127.0.0.1:1/a, send_resolved: true }
      - { url: http://127.0.0.1:1/quiet, send_resolved: false }
  - name: b
    webhook_configs: [ { url: http://127.0.0.1:1/b } ]
  - name: inc
    webhook_configs: [ { url: http://127.0.0.1:1/inc } ]
    slack_configs: [ { api_url: http://127.0.0.1:1/slack, send_resolved: true } ]
";

/// What keeps alerts from people for a while.
const SUPPRESSING: &str = "
inhibit_rules:
  - name: down explains the rest
    source_matchers: ['alertname=\"Down\"']
    target_matchers: ['alertname=~\"Slow|Disk|Last\"']
    equal: [service]
  - name: two-sided
    source_matchers: ['severity=\"critical\"']
    target_matchers: ['service=~\".+\"']
    equal: [alertname, service, job]
  - name: the daemon itself
    source_matchers: ['alertname=\"SourceSilent\"']
    target_matchers: ['source=\"incidentd\"']
time_intervals:
  - name: nights
    time_intervals:
      - times:
          - { start_time: '22:00', end_time: '24:00' }
          - { start_time: '00:00', end_time: '06:00' }
        location: Europe/Berlin
  - name: office
    time_intervals: [ { times: [ { start_time: '08:00', end_time: '18:00' } ] } ]
";

const FULL: &str = "
route:
  receiver: a
  group_by: [alertname]
  group_wait: 30s
  group_interval: 5m
  repeat_interval: 4h
  routes:
    - { receiver: inc, group_by: [incident], group_wait: 30s, continue: true, mute_time_intervals: [nights] }
    - receiver: b
      matchers: ['service=\"db\"']
      group_by: [service]
      active_time_intervals: [office]
    - { receiver: a }
defaults: { team: ops }
sources:
  prom:
    type: prometheus
    resend: 1m
    deadman: { match: ['alertname=\"Watchdog\"'], after: 5m }
  zabbix:
    type: auto
    deadman: { after: 1h }
";

/// Every rule has a name: one that is named after its place would carry a random folder into facts.
const RULES: &str = "
flap: [ { name: comes and goes, transitions: 4, within: 1h, quiet: 20m } ]
correlate:
  - { name: many, match: ['service=\"web\"'], by: [service], window: 15m, max_span: 2h, threshold: 2 }
  - { name: kinds, match: ['service=\"db\"'], by: [service], window: 30m, create_on: all, threshold: 2 }
incident:
  - { name: the worst, match: ['severity=\"critical\"'], impact: 1 }
  - { name: the rest, pending_for: 60s }
resolve:
  - { name: by hand, match: ['priority=~\"1|2\"'], after: never }
  - { name: by itself, after: 5m }
problem:
  - { name: databases, match: ['service=\"db\"'], same: [service], count: 2, within: 30d, min_gap: 10m }
  - { name: others, count: 2, within: 30d, min_gap: 10m, mode: propose }
";

const OTHER: &str = "
route:
  receiver: b
  group_by: ['...']
  group_wait: 0s
  group_interval: 3m
  repeat_interval: 30m
  routes:
    - { receiver: a, matchers: ['service=\"db\"'], group_by: [service], continue: true, mute_time_intervals: [office] }
    - { receiver: inc, group_by: [incident], group_wait: 2m }
sources:
  prom: { type: prometheus, resend: 2m, deadman: { after: 20m } }
";

/// Nothing of ours but the grouping: Alertmanager's rule for leases.
const BARE: &str = "
route:
  receiver: inc
  group_by: [alertname, service]
  group_wait: 10s
  routes:
    - { receiver: a, matchers: ['severity=\"critical\"'], group_by: [service] }
    - { receiver: b, matchers: ['service=\"db\"'] }
";

const CALM: &str = "
route:
  receiver: a
  group_by: [service]
  routes:
    - { receiver: inc, group_by: [incident], continue: true, active_time_intervals: [office] }
    - { receiver: b, mute_time_intervals: [nights] }
defaults: { team: ops }
";

/// The configurations of a stormy day.
pub(crate) static STORMY: LazyLock<Vec<Arc<Settings>>> = LazyLock::new(|| {
    vec![
        settings_with_rules(&format!("{FULL}{SUPPRESSING}{RECEIVERS}"), RULES),
        settings(&format!("{OTHER}{SUPPRESSING}{RECEIVERS}")),
        settings(&format!("{BARE}{RECEIVERS}")),
    ]
});

/// The one under which everything comes to rest: no source is waited for.
pub(crate) static CALMING: LazyLock<Arc<Settings>> =
    LazyLock::new(|| settings(&format!("{CALM}{SUPPRESSING}{RECEIVERS}")));

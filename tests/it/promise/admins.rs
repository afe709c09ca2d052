//! The admins hear of the daemon's own troubles, and nobody else does.

use super::{check_once, settings};

#[test]
fn a_silent_source_is_told_to_the_admins_only() {
    // Not killed on the way: a start gives sources time to speak.
    check_once(
        &settings(
            "
route: { receiver: shop, group_by: [incident], group_wait: 10s }
receivers:
  - name: shop
    webhook_configs: [ { url: http://127.0.0.1:1/ } ]
  - name: admins
    webhook_configs: [ { url: http://127.0.0.1:1/ } ]
admins: { receiver: admins }
sources:
  prom: { type: prometheus, deadman: { match: ['alertname=\"Watchdog\"'], after: 5m } }
",
        ),
        "
        0s   fire @prom alertname=Watchdog severity=none
        1m   fire @prom alertname=Slow service=shop severity=warning
        6m   tick
        ",
        "
        1m10s told shop/webhook[0]: INC-1 P5 opened
        5m10s told admins/webhook[0]: INC-2 P2 opened
        ",
    );
}

//! What Alertmanager's own black-box tests hold it to when something is silenced or inhibited: the
//! groups' next messages leave out what is kept back, and have it again afterwards. More of both
//! is promised in `silenced` and `inhibition`. One thing is held differently on purpose: the end of
//! an alert that nobody was told of is not told.

use super::{check, settings};

/// One group, a tick a minute, and what is told is told again at each.
const EAGER: &str = "
route:
  receiver: ops
  group_by: []
  group_wait: 1m
  group_interval: 1m
  repeat_interval: 1ms
receivers:
  - name: ops
    webhook_configs: [ { url: http://127.0.0.1:1/ } ]
";

/// The old way to write rules.
const RULES: &str = "
inhibit_rules:
  - source_match: { alertname: LinkDown }
    target_match: { alertname: HostDown }
    equal: [site, rack]
";

#[test]
fn a_message_leaves_out_what_is_silenced_and_has_it_again_afterwards() {
    check(
        &settings(EAGER),
        "
        0s      fire    alertname=Queue
        0s      fire    alertname=Disk
        80s     silence alertname=Queue for 2m
        5m      tick
        ",
        "
        1m told ops/webhook[0]: {} 2 firing 0 resolved (first notification)
        2m told ops/webhook[0]: {} 1 firing 0 resolved (repeat interval elapsed)
        3m told ops/webhook[0]: {} 1 firing 0 resolved (repeat interval elapsed)
        4m told ops/webhook[0]: {} 2 firing 0 resolved (repeat interval elapsed)
        5m told ops/webhook[0]: {} 2 firing 0 resolved (repeat interval elapsed)
        ",
    );
}

#[test]
fn a_silence_that_is_to_begin_later_keeps_nothing_back_before() {
    check(
        &settings(EAGER),
        "
        0s      silence alertname=Queue for 1m starts_at=2026-01-01T00:01:30Z
        0s      fire    alertname=Queue
        4m      tick
        ",
        "
        1m told ops/webhook[0]: {} 1 firing 0 resolved (first notification)
        3m told ops/webhook[0]: {} 1 firing 0 resolved (repeat interval elapsed)
        4m told ops/webhook[0]: {} 1 firing 0 resolved (repeat interval elapsed)
        ",
    );
}

#[test]
fn nothing_is_told_until_a_silence_over_everything_is_taken_away() {
    check(
        &settings(EAGER),
        "
        0s      fire    alertname=Queue
        0s      fire    alertname=Disk
        30s     silence alertname=~.+ for 100m
        150s    expire  SIL-1
        200s    tick
        ",
        "
        3m told ops/webhook[0]: {} 2 firing 0 resolved (first notification)
        ",
    );
}

#[test]
fn a_target_is_left_out_while_its_source_fires_and_told_again_after_it() {
    check(
        &settings(&format!("{EAGER}{RULES}")),
        "
        0s      fire    alertname=Queue    site=a rack=1
        0s      fire    alertname=HostDown site=a rack=1
        0s      fire    alertname=HostDown site=a rack=2
        72s     fire    alertname=LinkDown site=a rack=1
        156s    resolve alertname=LinkDown site=a rack=1
        200s    tick
        ",
        "
        1m told ops/webhook[0]: {} 3 firing 0 resolved (first notification)
        2m told ops/webhook[0]: {} 3 firing 0 resolved (new alerts added)
        3m told ops/webhook[0]: {} 3 firing 1 resolved (some alerts resolved)
        ",
    );
}

#[test]
fn of_a_source_and_its_target_that_end_together_only_what_was_told_is_told_as_ended() {
    check(
        &settings(&format!("{EAGER}{RULES}")),
        "
        0s      fire    alertname=LinkDown site=a rack=1
        0s      fire    alertname=HostDown site=a rack=1
        90s     resolve alertname=LinkDown site=a rack=1
        90s     resolve alertname=HostDown site=a rack=1
        200s    tick
        ",
        "
        1m told ops/webhook[0]: {} 1 firing 0 resolved (first notification)
        2m told ops/webhook[0]: {} 0 firing 1 resolved (all alerts resolved)
        ",
    );
}

#[test]
fn labels_that_both_sides_lack_are_equal() {
    check(
        &settings(&format!("{EAGER}{RULES}")),
        "
        0s      fire    alertname=LinkDown site=a
        0s      fire    alertname=HostDown site=a
        0s      fire    alertname=HostDown site=a rack=1
        70s     tick
        ",
        "
        1m told ops/webhook[0]: {} 2 firing 0 resolved (first notification)
        ",
    );
}

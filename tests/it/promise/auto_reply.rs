//! A mail that opens an incident, or joins one, is answered once with the incident's number.

use std::sync::Arc;

use super::{check, settings, settings_with_rules, show};
use incidentd::domain::Settings;

const MAIN: &str = "
global: { smtp_smarthost: '127.0.0.1:1' }
route: { receiver: ops, group_by: [incident], group_wait: 0s }
receivers:
  - name: ops
    webhook_configs: [ { url: http://127.0.0.1:1/ } ]
sources:
  help: { type: mail, addresses: [help@example.org], auto_reply: { per_hour_max: 2 } }
  quiet: { type: mail, addresses: [quiet@example.org] }
";

fn main() -> Arc<Settings> {
    settings(MAIN)
}

/// A mail, as the adapter reads it.
fn mail(at: &str, subject: &str, to: &str, source: &str) -> String {
    format!(
        "{at} fire alertname=Mail from={to} subject={subject} service={subject} @{source} \
         ann:reply_to=\"{to}\" ann:summary=\"{subject}\" ann:message_id=\"{subject}@x\"\n"
    )
}

#[test]
fn a_mail_that_opens_an_incident_is_answered_once() {
    let first = mail("0s", "printer", "ada@example.net", "help");
    let again = mail("1m", "printer", "ada@example.net", "help");
    let script = format!("{first}{again}2m acknowledge INC-1 by=bo\n3m resolve INC-1 by=bo\n");
    let world = check(
        &main(),
        &script,
        "
        0s told ops/webhook[0]: INC-1 P5 opened
        0s told auto_reply/help/email[0]: INC-1 P5 opened
        2m told ops/webhook[0]: INC-1 P5 acknowledged
        3m told ops/webhook[0]: INC-1 P5 resolved
        ",
    );
    let shown = show(&world, "incident", "INC-1");
    assert_eq!(shown["state"], "resolved");
}

#[test]
fn strangers_get_numbers_of_their_own_whatever_the_route_groups_by() {
    let request = |at: &str, subject: &str, from: &str| {
        format!(
            "{at} fire alertname=Mail from={from} subject={subject} @help \
             ann:reply_to=\"{from}\" ann:summary=\"{subject}\"\n"
        )
    };
    let script = request("0s", "printer", "ada@example.net")
        + &request("1m", "vpn", "bo@example.net")
        + &request("2m", "vpn", "ada@example.net");
    check(
        &settings(&MAIN.replace("group_by: [incident]", "group_by: [alertname]")),
        &script,
        "
        0s told auto_reply/help/email[0]: INC-1 P5 opened
        0s told ops/webhook[0]: {alertname=\"Mail\"} 1 firing 0 resolved (first notification)
        1m told auto_reply/help/email[0]: INC-2 P5 opened
        2m told auto_reply/help/email[0]: INC-3 P5 opened
        ",
    );
}

#[test]
fn a_source_without_auto_reply_answers_nobody_and_nor_does_what_may_not_be_answered() {
    let quiet = mail("0s", "printer", "ada@example.net", "quiet");
    let program = "1m fire alertname=Mail subject=cron service=cron @help";
    check(
        &main(),
        &format!("{quiet}{program}"),
        "
        0s told ops/webhook[0]: INC-1 P5 opened
        1m told ops/webhook[0]: INC-2 P5 opened
        ",
    );
}

#[test]
fn a_sender_is_answered_only_so_often_within_an_hour() {
    let mut script = String::new();
    for (at, subject) in [("0s", "a"), ("1m", "b"), ("2m", "c"), ("60m", "d"), ("60m", "e")] {
        script += &mail(at, subject, "ada@example.net", "help");
    }
    script += &mail("60m", "f", "bo@example.net", "help");
    let world = check(
        &main(),
        &script,
        "
        0s told ops/webhook[0]: INC-1 P5 opened
        0s told auto_reply/help/email[0]: INC-1 P5 opened
        1m told ops/webhook[0]: INC-2 P5 opened
        1m told auto_reply/help/email[0]: INC-2 P5 opened
        2m told ops/webhook[0]: INC-3 P5 opened
        1h told ops/webhook[0]: INC-4 P5 opened
        1h told auto_reply/help/email[0]: INC-4 P5 opened
        1h told ops/webhook[0]: INC-5 P5 opened
        1h told ops/webhook[0]: INC-6 P5 opened
        1h told auto_reply/help/email[0]: INC-6 P5 opened
        ",
    );
    let state = &world.engine().state().notification;
    assert_eq!(state.waiting(), 0);
    assert!(state.groups().all(|(_, group)| group.route() != "auto_reply"), "each ends when told");
}

#[test]
fn an_answer_waits_for_its_server_and_one_that_is_refused_raises_no_alarm() {
    let first = mail("1s", "printer", "ada@example.net", "help");
    let second = mail("1m", "screen", "nobody-there@example.net", "help");
    check(
        &main(),
        &format!(
            "0s down auto_reply\n{first}3s resolve INC-1 by=bo\n4s up auto_reply\n\
             30s refuse auto_reply\n{second}10m up auto_reply\n1h tick"
        ),
        "
        1s told ops/webhook[0]: INC-1 P5 opened
        3s told ops/webhook[0]: INC-1 P5 resolved
        6s told auto_reply/help/email[0]: INC-1 P5 opened
        1m told ops/webhook[0]: INC-2 P5 opened
        ",
    );
}

#[test]
fn the_writer_of_a_mail_hears_of_its_incident_when_people_do() {
    let rules = "
incident:
  - name: mails
    pending_for: 5m
";
    let mail = mail("0s", "printer", "ada@example.net", "help");
    check(
        &settings_with_rules(MAIN, rules),
        &format!("{mail}10m tick"),
        "
        5m told ops/webhook[0]: INC-1 P5 opened
        5m told auto_reply/help/email[0]: INC-1 P5 opened
        ",
    );
}

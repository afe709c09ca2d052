//! What messages look like, written out.

use std::collections::BTreeMap;

use super::*;
use crate::domain::incident::{Kind, Status};
use crate::domain::notification::receiver::{EmailConfig, SlackConfig, WebhookConfig};
use crate::domain::value::{
    DeliveryId, Impact, IncidentId, Labels, Priority, ProblemId, RecordId, Timestamp, Urgency,
};

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn alert(status: AlertStatus, disk: &str) -> LetterAlert {
    let labels = Labels::new([("alertname", "DiskFull"), ("cluster", "a"), ("disk", disk)]);
    LetterAlert {
        status,
        annotations: Labels::new([("summary", "under 5 % left")]),
        starts_at: at("2026-03-01T02:05:00.250Z"),
        ends_at: (status == AlertStatus::Resolved).then(|| at("2026-03-01T03:00:00Z")),
        url: "http://prom.example.org/graph?a=1&b=2".to_owned(),
        fingerprint: labels.fingerprint(),
        labels,
    }
}

fn letter(alerts: Vec<LetterAlert>) -> Letter {
    Letter {
        receiver: "team.db".to_owned(),
        group_key: r#"{}/{team="db"}:{alertname="DiskFull"}"#.to_owned(),
        group_labels: Labels::new([("alertname", "DiskFull")]),
        reason: "first notification".to_owned(),
        alerts,
        external_url: "https://am.example.org".to_owned(),
        incident: None,
        problem: None,
        delivery: DeliveryId(7),
        attempt: 1,
        delayed: None,
        thread: Thread { root: "GRP-3-1772330700000".to_owned(), previous: Vec::new() },
        now: at("2026-03-01T02:05:30Z"),
    }
}

fn incident() -> LetterIncident {
    LetterIncident {
        id: IncidentId(12),
        title: "disks of cluster a fill up".to_owned(),
        state: Status::Acknowledged,
        event: "acknowledged".to_owned(),
        by: Some("ann".to_owned()),
        priority: Priority::new(2).unwrap(),
        impact: Impact::new(2).unwrap(),
        urgency: Urgency::new(1).unwrap(),
        kind: Kind::Degradation,
        category: "storage".to_owned(),
        team: "dba".to_owned(),
        assignee: None,
        url: "https://am.example.org/incidents/INC-12".to_owned(),
        opened_at: at("2026-03-01T02:05:00Z"),
        acknowledged_at: Some(at("2026-03-01T02:07:00Z")),
        restored_at: None,
        resolved_at: None,
        recurrence: Some("INC-3, the third time in 30 days".to_owned()),
        alerts: 2,
        firing: 1,
    }
}

fn problem() -> LetterProblem {
    LetterProblem {
        id: ProblemId::from_number(4),
        title: "log rotation stops".to_owned(),
        state: "known_error".to_owned(),
        workaround: Some("restart the rotation".to_owned()),
        url: "https://am.example.org/problems/PRB-4".to_owned(),
    }
}

fn template(text: &str) -> Template {
    Library::with_defaults().compile("test", text).unwrap()
}

fn webhook(url: &str, alerts_max: u64) -> Integration {
    let config = WebhookConfig {
        url: template(url),
        alerts_max,
        timeout: Span::ZERO,
        http: HttpConfig::default(),
    };
    Integration { index: 0, send_resolved: true, kind: IntegrationKind::Webhook(config) }
}

fn slack(texts: &[(&'static str, &str)]) -> Integration {
    let config = SlackConfig {
        api_url: Secret::new("https://hooks.example.org/services/T0/B0/XYZ"),
        texts: texts.iter().map(|(name, text)| (*name, template(text))).collect(),
        fields: vec![(template("Cluster"), template("a"), true)],
        link_names: false,
        mrkdwn_in: Vec::new(),
        timeout: Span::ZERO,
        http: HttpConfig::default(),
    };
    Integration { index: 0, send_resolved: true, kind: IntegrationKind::Slack(Box::new(config)) }
}

fn email(config: EmailConfig) -> Integration {
    Integration { index: 0, send_resolved: true, kind: IntegrationKind::Email(Box::new(config)) }
}

fn mail_config(headers: &[(&str, &str)]) -> EmailConfig {
    EmailConfig {
        to: template("Ann <ann@example.org>, bob@example.org"),
        from: template("incidentd@example.org"),
        smarthost: ("mail.example.org".to_owned(), 25),
        hello: "localhost".to_owned(),
        auth: None,
        require_tls: true,
        implicit_tls: false,
        insecure_skip_verify: false,
        headers: headers.iter().map(|(name, text)| ((*name).to_owned(), template(text))).collect(),
        html: None,
        text: None,
    }
}

fn post(letter: &Letter, integration: &Integration) -> Post {
    match write(letter, integration, &Library::with_defaults()).unwrap() {
        Message::Webhook(post) | Message::Slack(post) => post,
        Message::Email(_) => panic!("not a mail"),
    }
}

fn mail(letter: &Letter, integration: &Integration) -> Mail {
    match write(letter, integration, &Library::with_defaults()).unwrap() {
        Message::Email(mail) => *mail,
        Message::Webhook(_) | Message::Slack(_) => panic!("a mail"),
    }
}

fn pretty(post: &Post) -> String {
    let body: serde_json::Value = serde_json::from_str(&post.body).unwrap();
    serde_json::to_string_pretty(&body).unwrap()
}

fn header<'a>(mail: &'a Mail, name: &str) -> &'a str {
    mail.headers.iter().find(|(have, _)| have == name).map_or("", |(_, text)| text)
}

#[test]
fn a_webhook_says_what_alertmanager_says_in_its_order() {
    let letter = letter(vec![
        alert(AlertStatus::Firing, "sda"),
        alert(AlertStatus::Resolved, "sdb"),
        alert(AlertStatus::Firing, "sdc"),
    ]);
    let post = post(&letter, &webhook("http://127.0.0.1:9/hook", 2));
    assert_eq!(post.url.reveal(), "http://127.0.0.1:9/hook");
    assert_eq!(
        post.headers,
        [("Content-Type", "application/json".to_owned()), ("Idempotency-Key", "DLV-7".to_owned())]
    );
    assert_eq!(
        pretty(&post),
        r#"{
  "receiver": "team\\.db",
  "status": "firing",
  "alerts": [
    {
      "status": "firing",
      "labels": {
        "alertname": "DiskFull",
        "cluster": "a",
        "disk": "sda"
      },
      "annotations": {
        "summary": "under 5 % left"
      },
      "startsAt": "2026-03-01T02:05:00.25Z",
      "endsAt": "0001-01-01T00:00:00Z",
      "generatorURL": "http://prom.example.org/graph?a=1&b=2",
      "fingerprint": "SDA"
    },
    {
      "status": "resolved",
      "labels": {
        "alertname": "DiskFull",
        "cluster": "a",
        "disk": "sdb"
      },
      "annotations": {
        "summary": "under 5 % left"
      },
      "startsAt": "2026-03-01T02:05:00.25Z",
      "endsAt": "2026-03-01T03:00:00Z",
      "generatorURL": "http://prom.example.org/graph?a=1&b=2",
      "fingerprint": "SDB"
    }
  ],
  "notification_reason": "first notification",
  "groupLabels": {
    "alertname": "DiskFull"
  },
  "commonLabels": {
    "alertname": "DiskFull",
    "cluster": "a"
  },
  "commonAnnotations": {
    "summary": "under 5 % left"
  },
  "routeLabels": {},
  "externalURL": "https://am.example.org",
  "version": "4",
  "groupKey": "{}/{team=\"db\"}:{alertname=\"DiskFull\"}",
  "truncatedAlerts": 1
}"#
        .replace("SDA", &letter.alerts[0].fingerprint.to_string())
        .replace("SDB", &letter.alerts[1].fingerprint.to_string())
    );
}

#[test]
fn a_webhook_says_what_became_of_the_incident() {
    let letter = Letter {
        incident: Some(incident()),
        problem: Some(problem()),
        delayed: Some(Span::minutes(9)),
        ..letter(vec![alert(AlertStatus::Firing, "sda")])
    };
    let body = pretty(&post(&letter, &webhook("http://127.0.0.1:9/", 0)));
    let (_, ours) = body.split_once("\"truncatedAlerts\": 0,\n").unwrap();
    assert_eq!(
        ours,
        r#"  "incident": {
    "id": "INC-12",
    "title": "disks of cluster a fill up",
    "state": "acknowledged",
    "event": "acknowledged",
    "by": "ann",
    "priority": "P2",
    "impact": 2,
    "urgency": 1,
    "kind": "degradation",
    "category": "storage",
    "team": "dba",
    "assignee": null,
    "url": "https://am.example.org/incidents/INC-12",
    "openedAt": "2026-03-01T02:05:00Z",
    "acknowledgedAt": "2026-03-01T02:07:00Z",
    "restoredAt": null,
    "resolvedAt": null,
    "recurrence": "INC-3, the third time in 30 days",
    "alerts": 2,
    "firing": 1
  },
  "problem": {
    "id": "PRB-4",
    "title": "log rotation stops",
    "state": "known_error",
    "workaround": "restart the rotation",
    "url": "https://am.example.org/problems/PRB-4"
  },
  "delayed": "9m"
}"#
    );
}

#[test]
fn the_status_is_that_of_the_group_also_where_alerts_are_left_out() {
    let resolved = || alert(AlertStatus::Resolved, "sda");
    let firing = || alert(AlertStatus::Firing, "sdb");
    let status = |alerts, send_resolved, alerts_max| {
        let integration = Integration { send_resolved, ..webhook("http://h/", alerts_max) };
        let body = post(&letter(alerts), &integration).body;
        let body: serde_json::Value = serde_json::from_str(&body).unwrap();
        let alerts = body["alerts"].as_array().unwrap().len();
        format!("{} {alerts} +{}", body["status"].as_str().unwrap(), body["truncatedAlerts"])
    };
    assert_eq!(status(vec![resolved(), firing()], true, 0), "firing 2 +0");
    assert_eq!(status(vec![resolved(), firing()], true, 1), "firing 1 +1");
    assert_eq!(status(vec![resolved(), firing()], false, 0), "firing 1 +0");
    assert_eq!(status(vec![resolved()], true, 0), "resolved 1 +0");
    assert_eq!(status(vec![resolved()], false, 0), "resolved 1 +0");
    assert_eq!(status(vec![], true, 0), "resolved 0 +0");
}

#[test]
fn slack_gets_one_attachment() {
    let letter =
        Letter { delayed: Some(Span::minutes(9)), ..letter(vec![alert(AlertStatus::Firing, "x")]) };
    let integration = slack(&[
        ("channel", "#ops"),
        ("username", "incidentd"),
        ("icon_emoji", ":fire:"),
        ("color", "danger"),
        ("title", "Disk is full"),
        ("title_link", "https://am.example.org/#/alerts?a=1&b=2"),
        ("text", "<https://wiki.example.org|Runbook>"),
        ("fallback", "Disk is full"),
    ]);
    assert_eq!(
        pretty(&post(&letter, &integration)),
        r##"{
  "channel": "#ops",
  "username": "incidentd",
  "icon_emoji": ":fire:",
  "attachments": [
    {
      "title": "Disk is full",
      "title_link": "https://am.example.org/#/alerts?a=1&b=2",
      "pretext": "Delayed by 9m.",
      "text": "<https://wiki.example.org|Runbook>",
      "fallback": "Disk is full",
      "callback_id": "",
      "fields": [
        {
          "title": "Cluster",
          "value": "a",
          "short": true
        }
      ],
      "footer": "",
      "color": "danger",
      "mrkdwn_in": [
        "fallback",
        "pretext",
        "text"
      ]
    }
  ]
}"##
    );
}

#[test]
fn a_long_title_is_cut_where_slack_cuts_it() {
    let integration = slack(&[("title", &"ä".repeat(2_000))]);
    let body = post(&letter(vec![]), &integration).body;
    let body: serde_json::Value = serde_json::from_str(&body).unwrap();
    let title = body["attachments"][0]["title"].as_str().unwrap();
    assert_eq!((title.chars().count(), title.ends_with("ä…")), (1_024, true));
}

#[test]
fn the_plain_text_says_all_that_matters() {
    let letter = Letter {
        incident: Some(incident()),
        problem: Some(problem()),
        delayed: Some(Span::minutes(9)),
        ..letter(vec![alert(AlertStatus::Firing, "sda"), alert(AlertStatus::Resolved, "sdb")])
    };
    assert_eq!(
        mail(&letter, &email(mail_config(&[("Subject", "x")]))).text,
        r#"[FIRING:1] INC-12 P2 disks of cluster a fill up
Reason: first notification
Delayed by 9m.

INC-12 P2 acknowledged by ann: disks of cluster a fill up
State: acknowledged, team: dba, 1 of 2 alerts firing
Opened 2026-03-01T02:05:00Z, acknowledged 2026-03-01T02:07:00Z
Repeats INC-3, the third time in 30 days
https://am.example.org/incidents/INC-12

PRB-4 known_error: log rotation stops
Workaround: restart the rotation
https://am.example.org/problems/PRB-4

Group: {alertname="DiskFull"}

firing since 2026-03-01T02:05:00Z: {alertname="DiskFull", cluster="a", disk="sda"}
  summary: under 5 % left
  http://prom.example.org/graph?a=1&b=2

resolved at 2026-03-01T03:00:00Z: {alertname="DiskFull", cluster="a", disk="sdb"}
  summary: under 5 % left
  http://prom.example.org/graph?a=1&b=2

https://am.example.org
"#
    );
}

#[test]
fn a_plain_text_stays_readable_with_a_thousand_alerts() {
    let alerts = (0..1_000).map(|i| alert(AlertStatus::Firing, &format!("sd{i}"))).collect();
    let text = mail(&letter(alerts), &email(mail_config(&[("Subject", "x")]))).text;
    assert_eq!(text.matches("firing since").count(), 50);
    assert!(text.contains("\n950 more alerts are not shown.\n"));
}

#[test]
fn a_mail_has_the_headers_of_a_machine() {
    let letter = letter(vec![alert(AlertStatus::Firing, "sda")]);
    let mail = mail(&letter, &email(mail_config(&[("Subject", "Disk full")])));
    let ids = (mail.boundary.as_str(), header(&mail, "References"));
    let digest = mail.boundary.rsplit('-').next().unwrap();
    let headers: String =
        mail.headers.iter().map(|(name, text)| format!("{name}: {text}\n")).collect();
    assert_eq!(
        headers,
        format!(
            "From: incidentd@example.org\n\
             To: Ann <ann@example.org>, bob@example.org\n\
             Subject: Disk full\n\
             Date: Sun, 01 Mar 2026 02:05:30 +0000\n\
             Message-ID: <dlv-7.{digest}@example.org>\n\
             In-Reply-To: {root}\n\
             References: {root}\n\
             Auto-Submitted: auto-generated\n\
             X-Auto-Response-Suppress: All\n",
            root = ids.1
        )
    );
    assert!(ids.0.starts_with("incidentd-DLV-7-") && ids.1.starts_with("<thread."));
    assert_eq!(mail.to.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "), {
        "ann@example.org bob@example.org"
    });
}

#[test]
fn the_mails_of_a_conversation_refer_to_each_other_and_a_retry_is_the_same_mail() {
    let config = || email(mail_config(&[("Subject", "x")]));
    let number = |delivery, previous: &[u64]| {
        let mut letter = letter(vec![]);
        letter.delivery = DeliveryId(delivery);
        letter.thread.previous = previous.iter().copied().map(DeliveryId).collect();
        letter
    };
    let first = mail(&number(7, &[]), &config());
    let second = mail(&number(9, &[7]), &config());
    let third = mail(&number(11, &[7, 9]), &config());
    assert_eq!(header(&second, "In-Reply-To"), header(&first, "Message-ID"));
    assert_eq!(header(&third, "In-Reply-To"), header(&second, "Message-ID"));
    let root = header(&first, "References");
    let ids = [root, header(&first, "Message-ID"), header(&second, "Message-ID")];
    assert_eq!(header(&third, "References"), ids.join(" "));

    let retry =
        mail(&Letter { attempt: 2, now: at("2026-03-01T03:00:00Z"), ..number(9, &[7]) }, &{
            config()
        });
    assert_eq!(header(&retry, "Message-ID"), header(&second, "Message-ID"));
    assert_eq!(retry.boundary, second.boundary);

    let elsewhere = mail(&number(7, &[]), &Integration { index: 1, ..config() });
    assert_ne!(header(&elsewhere, "Message-ID"), header(&first, "Message-ID"));
    assert_eq!(header(&elsewhere, "References"), root);

    let long: Vec<u64> = (0..500).collect();
    let late = mail(&number(501, &long), &config());
    assert_eq!(header(&late, "References").split(' ').count(), 11);
}

#[test]
fn a_configured_header_counts_more_but_cannot_break_the_mail() {
    let headers = [
        ("Subject", "two\r\nBcc: all@example.org"),
        ("from", "Watch <watch@example.org>"),
        ("Reply-To", "desk@example.org"),
        ("Auto-Submitted", ""),
        ("content-type", "text/plain"),
    ];
    let mail = mail(&letter(vec![]), &email(mail_config(&headers)));
    assert_eq!(header(&mail, "Subject"), "two  Bcc: all@example.org");
    assert_eq!(header(&mail, "From"), "Watch <watch@example.org>");
    assert_eq!(header(&mail, "Reply-To"), "desk@example.org");
    assert_eq!(header(&mail, "Auto-Submitted"), "");
    assert_eq!(mail.from.to_string(), "incidentd@example.org", "the envelope is not a header");
    let names: Vec<&str> = mail.headers.iter().map(|(name, _)| name.as_str()).collect();
    assert!(!names.iter().any(|name| name.eq_ignore_ascii_case("content-type")), "{names:?}");
}

#[test]
fn an_address_that_is_none_does_not_keep_the_others_from_hearing() {
    let check = |to: &str, from: &str| {
        let mut config = mail_config(&[("Subject", "x"), ("From", "nobody at all")]);
        (config.to, config.from) = (template(to), template(from));
        let error = write(&letter(vec![]), &email(config), &Library::with_defaults()).unwrap_err();
        let faults: Vec<String> = error.faults().iter().map(ToString::to_string).collect();
        let told = error.into_message().map_or("nobody".to_owned(), |message| match message {
            Message::Email(mail) => mail.to[0].to_string(),
            Message::Webhook(_) | Message::Slack(_) => panic!("a mail"),
        });
        format!("{told}: {}", faults[0])
    };
    let example = "which is not a mail address like `Ann <ann@example.org>`";
    assert_eq!(
        check("ann@example.org, not an address", "a@example.org"),
        format!("ann@example.org: `to` has `not an address`, {example}")
    );
    assert_eq!(
        check("ann@example.org", "a@example.org"),
        format!("ann@example.org: `headers.From` has `nobody at all`, {example}")
    );
    assert_eq!(check("nobody", "a@example.org"), format!("nobody: `to` has `nobody`, {example}"));
    assert_eq!(check("a@example.org", "me"), format!("nobody: `from` has `me`, {example}"));
}

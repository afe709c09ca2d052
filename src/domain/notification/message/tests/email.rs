//! What a mail says, and what its headers tell machines.

use super::*;

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
    let headers: Vec<String> =
        mail.headers.iter().map(|(name, text)| format!("{name}: {text}")).collect();
    assert_eq!(
        headers.join("\n"),
        format!(
            "From: incidentd@example.org\n\
             To: Ann <ann@example.org>, bob@example.org\n\
             Subject: Disk full\n\
             Date: Sun, 01 Mar 2026 02:05:30 +0000\n\
             Message-ID: <dlv-7.{digest}@example.org>\n\
             In-Reply-To: {root}\n\
             References: {root}\n\
             Auto-Submitted: auto-generated\n\
             X-Auto-Response-Suppress: All",
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
fn the_id_of_a_mail_leads_to_its_incident() {
    let letter = Letter { incident: Some(incident()), ..letter(vec![]) };
    let mail = mail(&letter, &email(mail_config(&[("Subject", "x")])));
    let id = header(&mail, "Message-ID");
    assert!(id.starts_with("<dlv-7.") && id.ends_with(".inc-12.00ff@example.org>"), "{id}");
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
    assert_eq!(
        mail.from.unwrap().to_string(),
        "incidentd@example.org",
        "the envelope is not a header"
    );
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
            Message::Http(_) => panic!("a mail"),
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

#[test]
fn a_thread_of_a_group_lasts_for_ever_or_a_day() {
    let config = |threading| email(EmailConfig { threading, ..mail_config(&[("Subject", "x")]) });
    let at = |root: &str, previous: &[u64], time: &str| {
        let mut letter = Letter { now: at(time), ..letter(vec![]) };
        letter.thread.root = root.to_owned();
        letter.thread.previous = previous.iter().copied().map(DeliveryId).collect();
        letter
    };
    let root = |letter: &Letter, threading| {
        let mail = mail(letter, &config(threading));
        let (parent, root) = (header(&mail, "In-Reply-To"), header(&mail, "References"));
        assert_eq!(parent, root, "no other mail is named");
        root.to_owned()
    };
    let first = at("GRP-3-1", &[], "2026-03-01T23:59:00Z");
    let other = at("GRP-9-2", &[7], "2026-03-02T00:01:00Z");
    assert_eq!(root(&first, Threading::Group), root(&other, Threading::Group));
    assert_ne!(root(&first, Threading::GroupByDay), root(&other, Threading::GroupByDay));
    assert_ne!(root(&first, Threading::Group), root(&first, Threading::GroupByDay));
    let late = Letter { delayed: Some(Span::minutes(2)), ..other.clone() };
    assert_eq!(root(&first, Threading::GroupByDay), root(&late, Threading::GroupByDay));
    let another = Letter { group_key: "{}:{}".to_owned(), ..first.clone() };
    assert_ne!(root(&first, Threading::Group), root(&another, Threading::Group));
}

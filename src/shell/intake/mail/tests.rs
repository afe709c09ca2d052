//! A client on loopback, a real engine behind the server.

use std::time::Duration;

use tokio::net::TcpStream;

use super::*;
use crate::domain;
use crate::domain::event::adapter::Kind;
use crate::domain::event::{Heartbeat, SOURCE_REFUSED};
use crate::domain::notification::correspondence::mark;
use crate::domain::value::{IncidentId, Labels};
use crate::shell::intake::http::{Intake, Limits, Rate};
use crate::shell::intake::testing::Post;

struct Server {
    to: SocketAddr,
    stop: watch::Sender<bool>,
    running: tokio::task::JoinHandle<()>,
    _tls: watch::Sender<Option<Papers>>,
}

async fn start(post: &Post, flavour: Flavour) -> Server {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let to = listener.local_addr().unwrap();
    let (stop, stopped) = watch::channel(false);
    let (tls, under) = watch::channel(None);
    let running =
        tokio::spawn(serve(listener, post.inlet(), (flavour, Secured::WhenAsked), under, stopped));
    Server { to, stop, running, _tls: tls }
}

impl Server {
    /// Sends lines all at once and reads until the server closes.
    async fn talk(&self, lines: &str) -> String {
        let mut client = TcpStream::connect(self.to).await.unwrap();
        client.write_all(lines.replace('\n', "\r\n").as_bytes()).await.unwrap();
        let mut said = String::new();
        let read = client.read_to_string(&mut said);
        timeout(Duration::from_secs(10), read).await.unwrap().unwrap();
        said
    }

    async fn stop(self) {
        self.stop.send(true).unwrap();
        timeout(Duration::from_secs(10), self.running).await.unwrap().unwrap();
    }
}

fn mail(subject: &str, id: &str, text: &str) -> String {
    mail_from(
        "ada@example.org",
        &format!("Subject: {subject}\nMessage-ID: <{id}@example.org>"),
        text,
    )
}

fn mail_from(from: &str, headers: &str, text: &str) -> String {
    format!(
        "EHLO x\nMAIL FROM:<{from}>\nRCPT TO:<alerts@example.org>\nDATA\n\
         From: {from}\n{headers}\n\n{text}\n.\nQUIT\n"
    )
}

/// The first incident, with its mark.
fn incident(post: &Post) -> (IncidentId, String) {
    post.handle.read(|engine| {
        let incidents = &engine.state().incident;
        let (id, incident) = incidents.iter().next().unwrap();
        (id, mark(incidents, id, incident))
    })
}

/// How often a text stands in what is shown of an incident.
fn written(post: &Post, id: IncidentId, text: &str) -> usize {
    post.handle.read(|engine| {
        let (state, settings) = (engine.state(), engine.settings());
        let shown = domain::show(state, settings, "incident", &id.to_string()).unwrap();
        shown.to_string().matches(text).count()
    })
}

#[tokio::test]
async fn a_mail_is_an_alert_and_an_answer_is_a_note_on_its_incident() {
    let post = Post::new(Kind::named("mail").unwrap());
    let server = start(&post, Flavour::Smtp).await;
    let said = server.talk(&mail("Printer burns", "1", "help")).await;
    assert!(said.contains("250 2.0.0 Taken") && said.ends_with("Bye\r\n"), "{said}");
    post.until(1).await;
    let (id, _) = incident(&post);

    // The second delivery of the same mail is the same note.
    for _ in 0..2 {
        let answer = mail(&format!("Re: [{id}] Printer"), "2", "It is out.\n> help");
        assert!(server.talk(&answer).await.contains("250 2.0.0 Taken"));
    }
    assert_eq!(written(&post, id, "It is out."), 1);
    assert_eq!(post.labels("alertname"), ["Mail"]);

    let said = server.talk(&mail("Re: [INC-999] lost", "3", "hello?")).await;
    assert!(said.contains("250 2.0.0 Taken"), "{said}");
    post.until(2).await;
    server.stop().await;
}

#[tokio::test]
async fn who_writes_on_an_incident_has_had_a_mail_about_it_or_is_trusted() {
    let rules = Rules { trusted: vec!["@ops.example.org".to_owned()], ..Rules::default() };
    let post = Post::new(Kind::Mail(Arc::new(rules)));
    let server = start(&post, Flavour::Smtp).await;
    server.talk(&mail("Printer burns", "1", "help")).await;
    post.until(1).await;
    let (id, mark) = incident(&post);
    let forged = format!("{}.0000000000000000", id.to_string().to_lowercase());

    let cases = [
        ("eve@example.net", format!("Subject: Re: [{id}] by number"), false),
        ("eve@ops.example.org.example.net", format!("Subject: [{id}] by a name alike"), false),
        (
            "eve@example.net",
            format!("Subject: [{id}] by forgery\nIn-Reply-To: <dlv-1.00ff.{forged}@x>"),
            false,
        ),
        ("bo@ops.example.org", format!("Subject: Re: [{id}] trusted"), true),
        ("ADA@example.org", format!("Subject: Re: [{id}] who reported it"), true),
        ("bo@example.net", format!("Subject: no number\nIn-Reply-To: <dlv-1.00ff.{mark}@x>"), true),
        (
            "bo@example.net",
            format!(
                "Subject: [INC-999] another number\nIn-Reply-To: <z@x>\n\
                 References: <thread.00@x>\n <dlv-1.00ff.{mark}@x> <y@x>"
            ),
            true,
        ),
        (
            "bo@example.net",
            format!("Subject: in capitals\nReferences: <DLV-1.00FF.{}@X>", mark.to_uppercase()),
            true,
        ),
    ];
    for (at, (from, headers, expected)) in cases.iter().enumerate() {
        let text = format!("answer {at}.");
        let said = server.talk(&mail_from(from, headers, &text)).await;
        assert!(said.contains("250 2.0.0 Taken"), "{said}");
        assert_eq!(written(&post, id, &text), usize::from(*expected), "{from} {headers}");
    }
    post.until(4).await;
    server.stop().await;
}

#[tokio::test]
async fn what_the_answer_to_a_mail_needs_is_noted_down_where_mails_are_answered() {
    let rules = Rules { auto_reply: true, ..Rules::default() };
    let post = Post::new(Kind::Mail(Arc::new(rules)));
    let server = start(&post, Flavour::Smtp).await;
    let headers = "Subject: Printer\nMessage-ID: <1@x>\nIn-Reply-To: <0@x>\nReferences: <0@x>";
    server.talk(&mail_from("ada@example.org", headers, "x")).await;
    server.talk(&mail_from("no-reply@example.org", headers, "x")).await;
    let nagios = "Subject: ** PROBLEM Host Alert: web-1 is DOWN **\nMessage-ID: <2@x>";
    server.talk(&mail_from("nagios@example.org", nagios, "x")).await;
    post.until(3).await;
    let noted = post.handle.read(|engine| {
        let events = &engine.state().event;
        let annotations = |alert| {
            let all = events.annotations(alert);
            ["reply_to", "message_id", "references"].map(|name| all.get(name).to_owned())
        };
        events.alerts().map(|(_, alert)| annotations(alert).join(" ")).collect::<Vec<_>>()
    });
    assert_eq!(noted, ["ada@example.org 1@x 0@x", "  ", "  "]);
    server.stop().await;
}

#[tokio::test]
async fn mails_in_a_circle_are_stopped() {
    let post = Post::new(Kind::named("mail").unwrap());
    let server = start(&post, Flavour::Smtp).await;
    for at in 0..7 {
        let said = server.talk(&mail("Round and round", &at.to_string(), "x")).await;
        assert!(said.contains("250 2.0.0 Taken"), "{said}");
    }
    let text = post.metrics.text();
    assert!(text.contains(r#"dropped_total{reason="loop",source="logs"} 2"#), "{text}");
    server.stop().await;
}

#[tokio::test]
async fn lmtp_answers_for_each_recipient_and_a_broken_line_ends_nothing() {
    let post = Post::new(Kind::named("mail").unwrap());
    let server = start(&post, Flavour::Lmtp).await;
    let said = server
        .talk(
            "LHLO x\nMAIL FROM:<>\nRCPT TO:<a@b>\nRCPT TO:<c@d>\nDATA\n\
             From: monitor@b\nSubject: ** PROBLEM Host Alert: web-1 is DOWN **\n\nx\n.\nQUIT\n",
        )
        .await;
    assert_eq!(said.matches("250 2.0.0 Taken").count(), 2, "{said}");
    server.stop().await;
}

#[tokio::test]
async fn a_mail_that_is_to_come_later_and_comes_is_one_refusal() {
    let mut post = Post::new(Kind::named("mail").unwrap());
    let limits = Limits { rate: Some(Rate { per_second: 1, burst: 1 }), ..Limits::default() };
    *post.intake() = Intake::new("logs", Kind::named("mail").unwrap(), Vec::new(), limits);
    // The bucket is full once, and then empty for longer than this takes.
    let beat = Heartbeat {
        source: "logs".into(),
        name: "much".into(),
        within: None,
        labels: Labels::default(),
    };
    let much = Read { heartbeats: vec![beat; 1_000], ..Read::default() };
    post.inlet().admit(|_, _| Ok(much)).await.unwrap();
    let server = start(&post, Flavour::Smtp).await;
    for (subject, told) in [("b", 0), ("b", 0), ("b", 0), ("b", 0), ("c", 0), ("d", 0), ("e", 1)] {
        let said = server.talk(&mail(subject, subject, "gone")).await;
        assert!(said.contains("\n451 "), "{said}");
        post.handle.submit(Input::Tick).await.unwrap();
        let names = post.labels("alertname");
        let refusals = names.iter().filter(|name| *name == SOURCE_REFUSED).count();
        assert_eq!(refusals, told, "{subject}: {names:?}");
    }
    server.stop().await;
}

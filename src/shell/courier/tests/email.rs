//! A mail server of a few lines, and what arrives there.

use mail_parser::{HeaderValue, MessageParser};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use super::{courier, told};
use crate::domain::notification::message::{Mail, Message, SmtpServer};
use crate::domain::value::Secret;

/// How a server answers; a command begins with one of these words, else the answer is 250.
type Script = Vec<(&'static str, &'static str)>;

/// Serves one conversation and returns the commands and the mail.
async fn server(script: Script) -> (u16, JoinHandle<(Vec<String>, String)>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let seen = tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let (read, mut write) = stream.into_split();
        let mut lines = BufReader::new(read).lines();
        write.write_all(b"220 sink ESMTP\r\n").await.unwrap();
        let (mut commands, mut mail) = (Vec::new(), String::new());
        while let Ok(Some(line)) = lines.next_line().await {
            let found = script.iter().find(|(word, _)| line.starts_with(word));
            let answer = match found {
                Some((_, answer)) => *answer,
                None if line.starts_with("DATA") => "354 go ahead",
                None if line.starts_with("EHLO") => "250-sink\r\n250 8BITMIME",
                None => "250 fine",
            };
            write.write_all(format!("{answer}\r\n").as_bytes()).await.unwrap();
            commands.push(line);
            if answer.starts_with("354") {
                while let Some(line) = lines.next_line().await.unwrap() {
                    if line == "." {
                        break;
                    }
                    mail.push_str(line.strip_prefix('.').unwrap_or(&line));
                    mail.push_str("\r\n");
                }
                write.write_all(b"250 2.0.0 queued as 4Z1\r\n").await.unwrap();
            }
        }
        (commands, mail)
    });
    (port, seen)
}

fn mail(port: u16) -> Mail {
    let root = "<thread.0123@example.org>";
    Mail {
        server: SmtpServer {
            host: "127.0.0.1".to_owned(),
            port,
            hello: "watch.example.org".to_owned(),
            auth: None,
            require_tls: false,
            implicit_tls: false,
            insecure_skip_verify: false,
        },
        from: "watch@example.org".parse().unwrap(),
        to: vec!["ann@example.org".parse().unwrap(), "bob@example.org".parse().unwrap()],
        headers: [
            ("From", "Wächter <watch@example.org>"),
            ("To", "\"Ann, Ärztin\" <ann@example.org>, bob@example.org"),
            ("Subject", "[INC-12] Füllstand über 95 %"),
            ("Date", "Sun, 01 Mar 2026 02:05:30 +0000"),
            ("Message-ID", "<dlv-9.4567@example.org>"),
            ("In-Reply-To", "<dlv-7.4567@example.org>"),
            ("References", &format!("{root} <dlv-7.4567@example.org>")),
            ("Auto-Submitted", "auto-generated"),
            ("X-Auto-Response-Suppress", "All"),
        ]
        .map(|(name, text)| (name.to_owned(), text.to_owned()))
        .to_vec(),
        text: ".a line that begins with a dot\nÄ <b>\n".to_owned(),
        html: Some("<p>&lt;script&gt; Ä</p>".to_owned()),
        boundary: "incidentd-DLV-9-4567".to_owned(),
    }
}

async fn send(mail: Mail) -> String {
    told(&courier().send(Message::Email(Box::new(mail))).await)
}

#[tokio::test]
async fn what_arrives_is_what_was_written() {
    let (port, seen) = server(vec![]).await;
    assert_eq!(send(mail(port)).await, "delivered 2.0.0 queued as 4Z1");

    let (commands, text) = seen.await.unwrap();
    assert_eq!(
        commands,
        [
            "EHLO watch.example.org",
            "MAIL FROM:<watch@example.org>",
            "RCPT TO:<ann@example.org>",
            "RCPT TO:<bob@example.org>",
            "DATA",
            "QUIT"
        ]
    );
    assert!(text.is_ascii(), "{text}");
    assert!(text.lines().all(|line| line.len() <= 78), "{text}");

    let mail = MessageParser::new().parse(&text).unwrap();
    assert_eq!(mail.subject(), Some("[INC-12] Füllstand über 95 %"));
    assert_eq!(mail.message_id(), Some("dlv-9.4567@example.org"));
    assert_eq!(mail.in_reply_to().as_text(), Some("dlv-7.4567@example.org"));
    let HeaderValue::TextList(references) = mail.references() else { panic!("two references") };
    assert_eq!(references, &["thread.0123@example.org", "dlv-7.4567@example.org"]);
    assert_eq!(mail.header("Auto-Submitted").unwrap().as_text(), Some("auto-generated"));
    assert_eq!(mail.header("X-Auto-Response-Suppress").unwrap().as_text(), Some("All"));
    assert_eq!(mail.date().unwrap().to_rfc3339(), "2026-03-01T02:05:30Z");

    let from = mail.from().unwrap().first().unwrap();
    assert_eq!((from.name(), from.address()), (Some("Wächter"), Some("watch@example.org")));
    let to = mail.to().unwrap();
    assert_eq!(to.first().unwrap().name(), Some("Ann, Ärztin"));
    assert_eq!(to.last().unwrap().address(), Some("bob@example.org"));

    let body = |part: Option<std::borrow::Cow<'_, str>>| part.unwrap().replace("\r\n", "\n");
    assert_eq!(body(mail.body_text(0)), ".a line that begins with a dot\nÄ <b>\n");
    assert_eq!(body(mail.body_html(0)).trim_end(), "<p>&lt;script&gt; Ä</p>");
    assert_eq!(mail.attachment_count(), 0);
}

#[tokio::test]
async fn the_same_mail_makes_the_same_bytes() {
    let mut bytes = Vec::new();
    for _ in 0..2 {
        let (port, seen) = server(vec![]).await;
        assert_eq!(send(mail(port)).await, "delivered 2.0.0 queued as 4Z1");
        bytes.push(seen.await.unwrap().1);
    }
    assert_eq!(bytes[0], bytes[1]);
}

#[tokio::test]
async fn what_a_server_says_decides_what_is_next() {
    let check = async |script: Script, expected: &str| {
        let (port, _) = server(script).await;
        assert_eq!(send(mail(port)).await, expected);
    };
    check(
        vec![("MAIL", "451 4.3.0 come back")],
        "retry serverError: failed to name the sender at 127.0.0.1: transient error (451): 4.3.0 \
         come back",
    )
    .await;
    check(
        vec![("MAIL", "550 5.7.1 not from you")],
        "permanent clientError: failed to name the sender at 127.0.0.1: permanent error (550): \
         5.7.1 not from you",
    )
    .await;
    check(vec![("RCPT TO:<ann", "550 5.1.1 who is ann")], "delivered 2.0.0 queued as 4Z1").await;
    check(
        vec![("RCPT TO:<bob", "450 4.2.0 greylisted")],
        "retry serverError: failed to name a recipient at 127.0.0.1: transient error (450): 4.2.0 \
         greylisted",
    )
    .await;
    check(
        vec![("RCPT", "550 5.1.1 nobody")],
        "permanent clientError: failed to name a recipient at 127.0.0.1: permanent error (550): \
         5.1.1 nobody",
    )
    .await;
}

#[tokio::test]
async fn a_mail_waits_for_a_server_that_can_do_what_the_configuration_demands() {
    let (port, seen) = server(vec![]).await;
    let mut secure = mail(port);
    secure.server.require_tls = true;
    assert_eq!(
        send(secure).await,
        "retry other: failed to secure the connection at 127.0.0.1: the server offers no STARTTLS, \
         which `require_tls` demands"
    );
    let (commands, _) = seen.await.unwrap();
    assert!(!commands.iter().any(|command| command.starts_with("MAIL")), "{commands:?}");

    let (port, _) = server(vec![]).await;
    let mut named = mail(port);
    named.server.auth = Some(("ann".to_owned(), Secret::new("pass-word")));
    assert_eq!(
        send(named).await,
        "retry other: failed to log in at 127.0.0.1: the server offers neither AUTH PLAIN nor AUTH \
         LOGIN"
    );
}

#[tokio::test]
async fn a_name_and_a_password_are_given_and_may_be_refused() {
    let script = |answer| vec![("EHLO", "250-sink\r\n250 AUTH PLAIN LOGIN"), ("AUTH", answer)];
    let with_auth = |port| {
        let mut mail = mail(port);
        mail.server.auth = Some(("ann".to_owned(), Secret::new("pass-word")));
        mail
    };
    let (port, seen) = server(script("235 welcome")).await;
    assert_eq!(send(with_auth(port)).await, "delivered 2.0.0 queued as 4Z1");
    assert_eq!(seen.await.unwrap().0[1], "AUTH PLAIN AGFubgBwYXNzLXdvcmQ=");

    let (port, _) = server(script("535 5.7.8 wrong")).await;
    assert_eq!(
        send(with_auth(port)).await,
        "permanent authError: failed to log in at 127.0.0.1: permanent error (535): 5.7.8 wrong"
    );
}

#[tokio::test]
async fn a_server_that_is_not_there_is_tried_again() {
    let told = send(mail(1)).await;
    assert!(told.starts_with("retry other: failed to connect at 127.0.0.1: "), "{told}");
}

//! A mail server of a few lines, and what arrives there.

use mail_parser::{HeaderValue, MessageParser};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use super::{courier, told};
use crate::domain::notification::message::{Mail, Message, SmtpServer};
use crate::domain::notification::receiver::{SmtpAuth, TlsConfig};
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
            tls: TlsConfig::default(),
        },
        from: Some("watch@example.org".parse().unwrap()),
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
}

/// What becomes of a mail of somebody whom a server offers these mechanisms, and how they log in.
async fn log_in(offer: &'static str, auth: SmtpAuth, script: Script) -> (String, Vec<String>) {
    let mut whole = vec![("EHLO", offer)];
    whole.extend(script);
    let (port, seen) = server(whole).await;
    let mut mail = mail(port);
    mail.server.auth = Some(auth);
    let told = send(mail).await;
    let mut commands = seen.await.unwrap().0;
    commands.retain(|line| !["EHLO", "MAIL", "RCPT", "DATA", "QUIT"].contains(&&line[..4]));
    (told, commands)
}

fn ann(password: &str, secret: &str) -> SmtpAuth {
    SmtpAuth {
        username: "ann".to_owned(),
        identity: String::new(),
        password: Secret::new(password),
        secret: Secret::new(secret),
    }
}

#[tokio::test]
async fn the_first_mechanism_that_there_is_a_password_for_is_taken() {
    const ALL: &str = "250-sink\r\n250 AUTH CRAM-MD5 LOGIN PLAIN";
    const PLAIN: &str = "250-sink\r\n250 AUTH PLAIN LOGIN CRAM-MD5";
    const LOGIN: &str = "250-sink\r\n250 AUTH LOGIN";
    const NONE: &str = "250-sink\r\n250 8BITMIME";
    // The challenge and the answer to it are those of RFC 2195.
    let challenge = "334 PDE4OTYuNjk3MTcwOTUyQHBvc3RvZmZpY2UucmVzdG9uLm1jaS5uZXQ+";
    let tim = SmtpAuth { username: "tim".to_owned(), ..ann("", "tanstaaftanstaaf") };
    let for_bob = SmtpAuth { identity: "bob".to_owned(), ..ann("pass-word", "") };
    let prompts = vec![
        ("AUTH LOGIN", "334 VXNlcm5hbWU6"),
        ("YW5u", "334 UGFzc3dvcmQ6"),
        ("cGFzcy13b3Jk", "235 welcome"),
    ];
    let cram = vec![("AUTH CRAM-MD5", challenge), ("dGlt", "235 welcome")];
    let plain = vec![("AUTH PLAIN", "235 welcome")];
    for (offer, auth, script, expected) in [
        (ALL, tim, cram, "AUTH CRAM-MD5|dGltIGI5MTNhNjAyYzdlZGE3YTQ5NWI0ZTZlNzMzNGQzODkw"),
        (ALL, ann("pass-word", ""), prompts.clone(), "AUTH LOGIN|YW5u|cGFzcy13b3Jk"),
        (PLAIN, ann("pass-word", "x"), plain.clone(), "AUTH PLAIN AGFubgBwYXNzLXdvcmQ="),
        (PLAIN, for_bob, plain, "AUTH PLAIN Ym9iAGFubgBwYXNzLXdvcmQ="),
        (LOGIN, ann("pass-word", "x"), prompts, "AUTH LOGIN|YW5u|cGFzcy13b3Jk"),
        // As in Alertmanager, who is not asked says nothing.
        (NONE, ann("pass-word", ""), vec![], ""),
    ] {
        let (told, commands) = log_in(offer, auth, script).await;
        assert_eq!((told.as_str(), commands.join("|").as_str()), {
            ("delivered 2.0.0 queued as 4Z1", expected)
        });
    }
}

#[tokio::test]
async fn who_cannot_log_in_sends_nothing() {
    const CRAM: &str = "250-sink\r\n250 AUTH CRAM-MD5 XOAUTH2";
    const PLAIN: &str = "250-sink\r\n250 AUTH PLAIN";
    let at = "failed to log in at 127.0.0.1";
    for (offer, auth, script, expected) in [
        (
            PLAIN,
            ann("pass-word", ""),
            vec![("AUTH", "535 5.7.8 wrong")],
            format!("permanent authError: {at}: permanent error (535): 5.7.8 wrong"),
        ),
        (
            CRAM,
            ann("pass-word", ""),
            vec![],
            format!(
                "retry other: {at}: there is no password for what the server offers: CRAM-MD5, \
                 XOAUTH2"
            ),
        ),
        (
            CRAM,
            ann("", "secret"),
            vec![("AUTH", "334 *")],
            format!("retry other: {at}: the server's challenge is none"),
        ),
    ] {
        assert_eq!(log_in(offer, auth, script).await.0, expected);
    }
}

#[tokio::test]
async fn a_server_that_is_not_there_is_tried_again() {
    let told = send(mail(1)).await;
    assert!(told.starts_with("retry other: failed to connect at 127.0.0.1: "), "{told}");
}

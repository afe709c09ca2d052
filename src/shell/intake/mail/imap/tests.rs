//! A scripted server on loopback, a real engine behind.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use super::*;
use crate::domain::event::adapter::Kind;
use crate::domain::event::adapter::kind::mail::{Proof, Security};
use crate::domain::notification::receiver::{HttpConfig, SecretSource, TlsConfig};
use crate::domain::value::Secret;
use crate::shell::intake::testing::Post;

const WAIT_MAX: Duration = Duration::from_secs(10);

/// What the server answers to commands that begin with these words; `OK` to all others.
type Script = &'static [(&'static str, &'static str)];

fn mail(subject: &str) -> String {
    format!(
        "From: ada@example.org\r\nSubject: {subject}\r\nMessage-ID: <{subject}@x>\r\n\r\nhm\r\n"
    )
}

/// Answers a conversation as scripted; returns the commands that it heard.
async fn converse(stream: TcpStream, script: Script, mails: &[(u32, String)]) -> Vec<String> {
    let mut stream = BufReader::new(stream);
    stream.write_all(b"* OK ready\r\n").await.unwrap();
    let mut heard = Vec::new();
    let mut line = String::new();
    while stream.read_line(&mut line).await.is_ok_and(|bytes| bytes > 0) {
        let (tag, words) = line.trim_end().split_once(' ').unwrap();
        let scripted = script.iter().find(|(begin, _)| words.starts_with(begin));
        let mut said = match scripted {
            Some((_, answer)) => answer.replace('\n', "\r\n"),
            None => String::new(),
        };
        if words.starts_with("AUTHENTICATE") {
            stream.write_all(b"+ \r\n").await.unwrap();
            let mut more = String::new();
            stream.read_line(&mut more).await.unwrap();
            heard.push(more.trim_end().to_owned());
        }
        if words.starts_with("UID FETCH") && scripted.is_none() {
            let uid: u32 = words.split(' ').nth(2).unwrap().parse().unwrap();
            if let Some((_, mail)) = mails.iter().find(|(known, _)| *known == uid) {
                let length = mail.len();
                said = format!("* 1 FETCH (UID {uid} BODY[]<0> {{{length}}}\r\n{mail})\r\n");
            }
        }
        if !said.contains("TAG ") {
            said += "TAG OK done\r\n";
        }
        heard.push(words.to_owned());
        if stream.write_all(said.replace("TAG", tag).as_bytes()).await.is_err() {
            break;
        }
        if words == "LOGOUT" {
            break;
        }
        line.clear();
    }
    heard
}

struct Server {
    mailbox: Mailbox,
    heard: JoinHandle<Vec<String>>,
}

async fn server(script: Script, mails: Vec<(u32, String)>) -> Server {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mailbox = mailbox(listener.local_addr().unwrap().port());
    let heard = tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        converse(stream, script, &mails).await
    });
    Server { mailbox, heard }
}

fn mailbox(port: u16) -> Mailbox {
    Mailbox {
        host: "127.0.0.1".to_owned(),
        port,
        username: "ops".to_owned(),
        proof: Proof::Password(Secret::new("a \"b\"")),
        name: "INBOX".to_owned(),
        every: Span::minutes(1),
        security: Security::Clear,
        tls: TlsConfig::default(),
        after: After::Seen,
    }
}

async fn look(post: &Post, mailbox: &Mailbox) -> Result<bool, Fault> {
    let (_stop, stopped) = watch::channel(false);
    let mut visit = Visit::new(mailbox.clone(), post.inlet());
    timeout(WAIT_MAX, visit.round(&stopped)).await.unwrap()
}

/// The commands behind `SEARCH`, but for `LOGOUT`.
async fn heard(server: Server) -> Vec<String> {
    let all = timeout(WAIT_MAX, server.heard).await.unwrap().unwrap();
    let after = all.iter().skip_while(|words| !words.starts_with("UID SEARCH")).skip(1);
    let kept = after.filter(|words| *words != "LOGOUT" && !words.starts_with("UID FETCH"));
    kept.cloned().collect()
}

#[tokio::test]
async fn unseen_mails_are_taken_in_and_only_then_marked_as_seen() {
    let post = Post::new(Kind::named("mail").unwrap());
    let script = &[("UID SEARCH", "* SEARCH 4 9\n")];
    let server = server(script, vec![(4, mail("one")), (9, mail("two"))]).await;
    assert!(!look(&post, &server.mailbox).await.unwrap());
    assert_eq!(post.labels("alertname").len(), 2);
    let all = timeout(WAIT_MAX, server.heard).await.unwrap().unwrap();
    let bytes_max = post.inlet().intake().unwrap().limits.body_bytes_max;
    let peek = format!("(UID BODY.PEEK[]<0.{}>)", bytes_max + 1);
    let expected = [
        "CAPABILITY",
        r#"LOGIN "ops" "a \"b\"""#,
        "CAPABILITY",
        r#"SELECT "INBOX""#,
        "UID SEARCH UNSEEN UNDELETED",
        &format!("UID FETCH 4 {peek}"),
        r"UID STORE 4 +FLAGS.SILENT (\Seen)",
        &format!("UID FETCH 9 {peek}"),
        r"UID STORE 9 +FLAGS.SILENT (\Seen)",
        "LOGOUT",
    ];
    assert_eq!(all, expected);
}

#[tokio::test]
async fn a_mail_that_cannot_be_read_or_had_keeps_no_other_from_being_taken() {
    let post = Post::new(Kind::named("mail").unwrap());
    let script = &[
        ("UID SEARCH", "* SEARCH 1 2 3 4 5\n"),
        ("UID FETCH 1 ", "TAG NO [SERVERBUG] damaged\n"),
        ("UID FETCH 2 ", "* 2 FETCH (UID 2 BODY[] NIL)\n"),
        ("UID FETCH 3 ", "* 3 FETCH (UID 3 BODY[] \"\")\n"),
    ];
    let server = server(script, vec![(5, mail("good"))]).await;
    assert!(!look(&post, &server.mailbox).await.unwrap());
    assert_eq!(post.labels("alertname").len(), 1);
    let expected = [r"UID STORE 3 +FLAGS.SILENT (\Seen)", r"UID STORE 5 +FLAGS.SILENT (\Seen)"];
    assert_eq!(heard(server).await, expected);
    let text = post.metrics.text();
    assert!(text.contains(r#"dropped_total{reason="unreadable",source="logs"} 2"#), "{text}");
}

#[tokio::test]
async fn a_mail_that_was_taken_in_is_deleted_or_moved() {
    let to = || After::Move("Done \\ \"x\"".to_owned());
    let seen = r"UID STORE 4 +FLAGS.SILENT (\Seen)";
    let found = ("UID SEARCH", "* SEARCH 4\n");
    let cases: [(After, Script, &[&str]); 4] = [
        (
            After::Delete,
            &[("UID SEARCH", "* SEARCH 4\n"), ("CAPABILITY", "* CAPABILITY IMAP4rev1 UIDPLUS\n")],
            &[r"UID STORE 4 +FLAGS.SILENT (\Seen \Deleted)", "UID EXPUNGE 4"],
        ),
        (
            After::Delete,
            &[("UID SEARCH", "* SEARCH 4\n")],
            &[r"UID STORE 4 +FLAGS.SILENT (\Seen \Deleted)", "EXPUNGE"],
        ),
        (
            to(),
            &[("UID SEARCH", "* SEARCH 4\n"), ("CAPABILITY", "* CAPABILITY IMAP4rev1 MOVE\n")],
            &[seen, r#"UID MOVE 4 "Done \\ \"x\"""#],
        ),
        (
            to(),
            &[("UID SEARCH", "* SEARCH 4\n")],
            &[
                seen,
                r#"UID COPY 4 "Done \\ \"x\"""#,
                r"UID STORE 4 +FLAGS.SILENT (\Deleted)",
                "EXPUNGE",
            ],
        ),
    ];
    for (after, script, expected) in cases {
        assert!(script.contains(&found));
        let post = Post::new(Kind::named("mail").unwrap());
        let mut server = server(script, vec![(4, mail("one"))]).await;
        server.mailbox.after = after;
        assert!(!look(&post, &server.mailbox).await.unwrap());
        assert_eq!(heard(server).await, expected);
    }
}

#[tokio::test]
async fn what_a_server_refuses_is_said() {
    let cases: [(Script, &str); 7] = [
        (&[("LOGIN", "TAG NO [AUTHENTICATIONFAILED] wrong\n")], "wrong"),
        (&[("CAPABILITY", "* CAPABILITY LOGINDISABLED\n")], "no way to log in"),
        (&[("SELECT", "TAG NO no such mailbox\n")], "refused SELECT: no such mailbox"),
        (&[("SELECT", "TAG OK [READ-ONLY] selected\n")], "read-only"),
        (&[("UID SEARCH", "* BYE going down\n")], "going down"),
        (&[("UID SEARCH", "* 1 FETCH (BODY[] {99999999}\n")], "too long"),
        (&[("UID SEARCH", "+ \nTAG BAD what\n")], "refused SEARCH: what"),
    ];
    for (script, expected) in cases {
        let post = Post::new(Kind::named("mail").unwrap());
        let server = server(script, Vec::new()).await;
        let error = chain(&look(&post, &server.mailbox).await.unwrap_err());
        assert!(error.contains(expected), "{error}");
    }
}

#[tokio::test]
async fn a_password_that_cannot_stand_in_quotes_is_told_otherwise() {
    let post = Post::new(Kind::named("mail").unwrap());
    let mut server = server(&[("CAPABILITY", "* CAPABILITY AUTH=PLAIN\n")], Vec::new()).await;
    server.mailbox.proof = Proof::Password(Secret::new("é"));
    assert!(!look(&post, &server.mailbox).await.unwrap());
    let all = timeout(WAIT_MAX, server.heard).await.unwrap().unwrap();
    assert_eq!(all[1..3], ["AG9wcwDDqQ==", "AUTHENTICATE PLAIN"]);
}

#[tokio::test]
async fn a_token_is_shown_in_the_way_that_the_server_knows() {
    let way = HttpConfig {
        authorization: Some(("Bearer".to_owned(), SecretSource::Inline(Secret::new("t0k")))),
        ..HttpConfig::default()
    };
    let cases: [(Script, &str, &str); 3] = [
        (
            &[("CAPABILITY", "* CAPABILITY AUTH=OAUTHBEARER AUTH=XOAUTH2\n")],
            "AUTHENTICATE XOAUTH2",
            "user=ops\x01auth=Bearer t0k\x01\x01",
        ),
        (
            &[("CAPABILITY", "* CAPABILITY AUTH=OAUTHBEARER\n")],
            "AUTHENTICATE OAUTHBEARER",
            "n,a=ops,\x01host=127.0.0.1\x01port=PORT\x01auth=Bearer t0k\x01\x01",
        ),
        (&[("CAPABILITY", "* CAPABILITY AUTH=PLAIN\n")], "no way to log in with a token", ""),
    ];
    for (script, expected, shown) in cases {
        let post = Post::new(Kind::named("mail").unwrap());
        let mut server = server(script, Vec::new()).await;
        server.mailbox.proof = Proof::Token(Box::new(way.clone()));
        if let Err(error) = look(&post, &server.mailbox).await {
            assert!(chain(&error).contains(expected), "{}", chain(&error));
            continue;
        }
        let all = timeout(WAIT_MAX, server.heard).await.unwrap().unwrap();
        let shown = shown.replace("PORT", &server.mailbox.port.to_string());
        assert_eq!(all[1..3], [STANDARD.encode(shown), expected.to_owned()]);
    }
}

#[tokio::test]
async fn tls_begins_when_the_server_was_asked_for_it() {
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let key = rustls::pki_types::PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
    let provider = std::sync::Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut mailbox = mailbox(listener.local_addr().unwrap().port());
    mailbox.security = Security::StartTls;
    mailbox.tls = TlsConfig {
        ca: Some(SecretSource::Inline(Secret::new(made.cert.pem()))),
        server_name: "localhost".to_owned(),
        ..TlsConfig::default()
    };
    let serving = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        stream.write_all(b"* OK ready\r\n").await.unwrap();
        let mut asked = [0; 13];
        stream.read_exact(&mut asked).await.unwrap();
        assert_eq!(&asked, b"A1 STARTTLS\r\n");
        stream.write_all(b"A1 OK go\r\n").await.unwrap();
        let acceptor = tokio_rustls::TlsAcceptor::from(std::sync::Arc::new(config));
        let mut stream = acceptor.accept(stream).await.unwrap();
        let mut line = [0; 15];
        stream.read_exact(&mut line).await.unwrap();
        assert_eq!(&line, b"A2 CAPABILITY\r\n");
        stream.write_all(b"* BYE enough\r\n").await.unwrap();
        let _ = stream.shutdown().await;
    });
    let post = Post::new(Kind::named("mail").unwrap());
    let error = look(&post, &mailbox).await.unwrap_err();
    assert!(matches!(&error, Fault::Bye(said) if said == "enough"), "{}", chain(&error));
    timeout(WAIT_MAX, serving).await.unwrap().unwrap();
}

#[tokio::test]
async fn three_failures_in_a_row_are_an_alert_that_ends_when_it_works_again() {
    let post = Post::new(Kind::named("mail").unwrap());
    let fault = || Err(Fault::Lacking("nobody at home"));
    let mut health = Health::new(post.inlet());
    for failures in 1..=3 {
        assert_eq!(post.labels("alertname").len(), 0);
        assert_eq!(health.tell(fault()).await, failures);
    }
    assert_eq!(post.labels("alertname"), ["PollFailed"]);
    // A restart knows of it.
    let mut health = Health::new(post.inlet());
    assert_eq!(health.tell(Ok(())).await, 0);
    let firing = post.handle.read(|engine| {
        engine.state().event.alerts().filter(|(_, alert)| alert.is_firing()).count()
    });
    assert_eq!(firing, 0);
    let text = post.metrics.text();
    assert!(text.contains(r#"source_fetch_failures_total{source="logs"} 3"#), "{text}");
}

#[tokio::test]
async fn the_task_fetches_and_ends_when_it_is_told_to() {
    let post = Post::new(Kind::named("mail").unwrap());
    let server = server(&[("UID SEARCH", "* SEARCH 4\n")], vec![(4, mail("one"))]).await;
    let (stop, stopped) = watch::channel(false);
    let running = tokio::spawn(fetch(server.mailbox, post.inlet(), stopped));
    post.until(1).await;
    stop.send(true).unwrap();
    timeout(WAIT_MAX, running).await.unwrap().unwrap();
}

#[tokio::test]
async fn a_server_that_says_when_mails_come_is_listened_to_in_one_conversation() {
    let post = Post::new(Kind::named("mail").unwrap());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mailbox = Mailbox {
        every: Span::hours(1),
        after: After::Delete,
        ..mailbox(listener.local_addr().unwrap().port())
    };
    let serving = tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let mut stream = BufReader::new(stream);
        stream.write_all(b"* OK ready\r\n").await.unwrap();
        let (mut looks, mut waits, mut heard, mut line) = (0, 0, Vec::new(), String::new());
        while stream.read_line(&mut line).await.is_ok_and(|bytes| bytes > 0) {
            let (tag, words) = line.trim_end().split_once(' ').unwrap_or(("", line.trim_end()));
            let (tag, words) = (tag.to_owned(), words.to_owned());
            let said = match words.split(' ').next().unwrap() {
                "CAPABILITY" => "* CAPABILITY IMAP4rev1 IDLE UIDPLUS\r\n".to_owned(),
                "UID" if words.starts_with("UID SEARCH") => {
                    looks += 1;
                    format!("* SEARCH {looks}\r\n")
                }
                "UID" if words.starts_with("UID FETCH") => {
                    let mail = mail(&format!("mail-{looks}"));
                    // The third mail comes while the second is looked at.
                    let more = if looks == 2 { "* 1 EXISTS\r\n" } else { "" };
                    let length = mail.len();
                    format!("* 1 FETCH (UID {looks} BODY[]<0> {{{length}}}\r\n{mail})\r\n{more}")
                }
                "IDLE" => {
                    waits += 1;
                    let told = if waits == 1 { "* OK Still here\r\n* 1 EXISTS\r\n" } else { "" };
                    stream.write_all(format!("+ idling\r\n{told}").as_bytes()).await.unwrap();
                    let mut done = String::new();
                    stream.read_line(&mut done).await.unwrap();
                    assert_eq!(done, "DONE\r\n");
                    String::new()
                }
                _ => String::new(),
            };
            let said = format!("{said}{tag} OK done\r\n");
            stream.write_all(said.as_bytes()).await.unwrap();
            heard.push(words.split(' ').next().unwrap().to_owned());
            line.clear();
        }
        heard
    });
    let (stop, stopped) = watch::channel(false);
    let running = tokio::spawn(fetch(mailbox, post.inlet(), stopped));
    post.until(3).await;
    stop.send(true).unwrap();
    timeout(WAIT_MAX, running).await.unwrap().unwrap();
    let heard = timeout(WAIT_MAX, serving).await.unwrap().unwrap();
    let count = |word: &str| heard.iter().filter(|heard| *heard == word).count();
    assert_eq!((count("LOGIN"), count("SELECT"), count("LOGOUT")), (1, 3, 1), "{heard:?}");
}

#[test]
fn pauses_double_up_to_a_quarter_of_an_hour() {
    let check = |every: Span, failures, expected: Span| {
        assert_eq!(pause(every, failures), expected, "{every} {failures}");
    };
    check(Span::minutes(1), 0, Span::minutes(1));
    check(Span::minutes(1), 1, Span::minutes(1));
    check(Span::minutes(1), 3, Span::minutes(4));
    check(Span::minutes(1), 99, Span::minutes(15));
    check(Span::minutes(60), 99, Span::minutes(60));
}

//! A real mail server takes the thread of an incident, and a mail program's library reads it.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use mail_parser::{HeaderValue, Message, MessageParser};
use serde_json::json;

use crate::daemon::Home;
use crate::listeners::port;
use crate::program::{self, PEERS, Process, run};
use crate::until::until;

const HOSTILE: &str = "<script>alert('x')</script>";

fn config(port: u16) -> String {
    format!(
        "
global: {{ smtp_smarthost: '127.0.0.1:{port}', smtp_from: incidents@example.org, smtp_require_tls: false }}
route: {{ receiver: team, group_by: [incident], group_wait: 0s, group_interval: 1s }}
receivers:
  - name: team
    email_configs: [ {{ to: 'ada@example.org, bo@example.org', send_resolved: true }} ]
defaults: {{ resolve_after: 1h }}
"
    )
}

#[test]
fn an_incident_is_one_thread_of_mails_that_a_mail_server_takes() {
    let Some(server) = Server::start() else { return };
    let home = Home::new(&config(server.port));
    let daemon = home.start();
    daemon.api().alerts(&json!([{
        "labels": { "alertname": "DiskFull", "service": "shop", "severity": "critical", "path": HOSTILE },
        "annotations": { "summary": format!("no room below {HOSTILE}\r\nBcc: eve@example.org") },
    }]));
    let opened = server.mail(1);
    daemon.api().act("INC-1", "acknowledge", &json!({ "by": "ada", "note": "on it" }));
    let acknowledged = server.mail(2);
    daemon.api().act("INC-1", "resolve", &json!({ "by": "ada", "note": "made room" }));
    let resolved = server.mail(3);
    let (status, log) = daemon.stop();
    assert!(status.success(), "{log}");
    assert!(!log.contains("level=warn") && !log.contains("level=error"), "{log}");
    assert_eq!(server.count(), 3, "one decision, one mail");

    let mails: Vec<Message> =
        [&opened, &acknowledged, &resolved].map(|mail| parse(mail)).into_iter().collect();
    for mail in &mails {
        assert_eq!(mail.from().unwrap().first().unwrap().address(), Some("incidents@example.org"));
        let to: Vec<_> = mail.to().unwrap().iter().filter_map(|to| to.address()).collect();
        assert_eq!(to, ["ada@example.org", "bo@example.org"]);
        assert!(mail.bcc().is_none(), "what monitoring says makes no header");
        let subject = mail.subject().unwrap();
        assert!(subject.contains("[INC-1]") && subject.contains("DiskFull"), "{subject}");
        assert_eq!(header(mail, "Auto-Submitted"), "auto-generated");
        assert!(mail.date().is_some());
        assert_eq!((mail.text_body_count(), mail.html_body_count()), (1, 1));
        let (text, html) = (mail.body_text(0).unwrap(), mail.body_html(0).unwrap());
        assert!(text.contains("INC-1"), "{text}");
        assert!(!html.contains("<script"), "{html}");
    }
    let html = mails[0].body_html(0).unwrap();
    assert!(html.contains("&lt;script&gt;"), "{html}");
    assert!(mails[0].body_text(0).unwrap().contains(HOSTILE), "a text needs no escapes");
    for (mail, word) in mails.iter().zip(["opened", "acknowledged", "resolved"]) {
        let text = mail.body_text(0).unwrap().to_lowercase();
        let subject = mail.subject().unwrap().to_lowercase();
        assert!(text.contains(word) || subject.contains(word), "{word}: {subject}\n{text}");
    }
    assert!(mails[1].body_text(0).unwrap().contains("ada"));

    let ids: Vec<_> = mails.iter().map(|mail| mail.message_id().unwrap()).collect();
    assert!(ids[0] != ids[1] && ids[1] != ids[2] && ids[0] != ids[2], "{ids:?}");
    // All refer to one beginning, so that every mail program shows one thread.
    let parents: Vec<_> = mails.iter().map(|mail| texts(mail.in_reply_to())).collect();
    let references: Vec<_> = mails.iter().map(|mail| texts(mail.references())).collect();
    let root = references.iter().map(|ids| ids.first().cloned()).collect::<Vec<_>>();
    assert!(root[0].is_some() && root.iter().all(|id| *id == root[0]), "{references:?}");
    for later in [1, 2] {
        assert_eq!(parents[later], [ids[0]], "an answer to the first mail");
        assert_eq!(references[later].last().map(String::as_str), Some(ids[0]));
    }
}

#[test]
fn a_mail_waits_for_a_server_that_is_down() {
    let port = program::free_port();
    let home = Home::new(&config(port));
    let daemon = home.start();
    daemon.api().fire(&json!({ "alertname": "DiskFull", "severity": "critical" }));
    let line = daemon.until_log("failed to notify");
    assert!(line.contains("level=warn") && line.contains("connect"), "{line}");
    let Some(server) = Server::start_on(port) else { return };
    let mail = server.mail(1);
    assert!(parse(&mail).subject().unwrap().contains("[INC-1]"));
    until("nothing waits", || daemon.api().list("notifications", "").is_empty().then_some(()));
    assert_eq!(server.count(), 1);
}

#[test]
fn who_writes_to_us_is_told_the_number_and_what_they_answer_is_written_down() {
    let Some(server) = Server::start() else { return };
    let own = "
sources:
  help:
    type: mail
    listen: { smtp: '127.0.0.1:0' }
    addresses: [help@example.org]
    auto_reply: {}
";
    let config =
        config(server.port).replace("receiver: team, group_by", "receiver: none, group_by");
    let config = config.replace("receivers:\n", "receivers:\n  - { name: none }\n");
    let home = Home::new(&format!("{config}{own}"));
    let daemon = home.start();
    let port = port(&daemon, "smtp");
    send(&port, "Printer burns", "Message-ID: <m1@example.net>");
    let answer = server.mail(1);
    let answer = parse(&answer);
    assert_eq!(answer.subject(), Some("[INC-1] Re: Printer burns"));
    assert_eq!(header(&answer, "Auto-Submitted"), "auto-replied");
    assert_eq!(texts(answer.in_reply_to()), ["m1@example.net"]);
    assert_eq!(answer.to().unwrap().first().unwrap().address(), Some("eve@example.net"));
    assert_eq!(answer.from().unwrap().first().unwrap().address(), Some("help@example.org"));

    // Neither the number nor the thread's own mails stand in the answer to the answer.
    let id = answer.message_id().unwrap();
    send(&port, "it is out", &format!("Message-ID: <m2@example.net>\nIn-Reply-To: <{id}>"));
    let shown = until("the answer is written down", || {
        let shown = daemon.api().incident("INC-1");
        shown["timeline"].to_string().contains("Hilfe").then_some(shown)
    });
    assert!(shown["timeline"].to_string().contains("eve@example.net"), "{shown}");
    // Who answers by program is not answered.
    send(&port, "On holiday", "Message-ID: <m3@example.net>\nAuto-Submitted: auto-replied");
    send(&port, "Another printer", "Message-ID: <m4@example.net>");
    let next = server.mail(2);
    assert_eq!(texts(parse(&next).in_reply_to()), ["m4@example.net"]);
    assert_eq!(server.count(), 2);
    let (status, log) = daemon.stop();
    assert!(status.success(), "{log}");
}

/// Sends a mail of somebody to a listener of ours.
fn send(port: &str, subject: &str, headers: &str) {
    let mut stream = TcpStream::connect(format!("127.0.0.1:{port}")).unwrap();
    stream.set_read_timeout(Some(std::time::Duration::from_secs(30))).unwrap();
    let mail = format!(
        "EHLO x\nMAIL FROM:<eve@example.net>\nRCPT TO:<help@example.org>\nDATA\n\
         From: Eve <eve@example.net>\nTo: help@example.org\nSubject: {subject}\n{headers}\n\n\
         Hilfe\n.\nQUIT\n"
    );
    stream.write_all(mail.replace('\n', "\r\n").as_bytes()).unwrap();
    let mut said = String::new();
    stream.read_to_string(&mut said).unwrap();
    assert!(said.contains("250 2.0.0 Taken"), "{said}");
}

/// aiosmtpd, which saves what it takes to a maildir.
struct Server {
    port: u16,
    dir: tempfile::TempDir,
    _process: Process,
}

impl Server {
    fn start() -> Option<Self> {
        Self::start_on(program::free_port())
    }

    fn start_on(port: u16) -> Option<Self> {
        let python = program::find("python3")?;
        if !knows(&python) {
            program::fetch();
            if !knows(&python) {
                program::skip("there is no aiosmtpd, and `.ci/run peers` could not fetch it");
                return None;
            }
        }
        let dir = tempfile::tempdir().unwrap();
        let process = Process::start(
            command(&python)
                .args(["-m", "aiosmtpd", "--nosetuid", "--listen", &format!("127.0.0.1:{port}")])
                .args(["--class", "aiosmtpd.handlers.Mailbox"])
                .arg(dir.path().join("mails"))
                .stdout(Stdio::null())
                .stderr(Stdio::null()),
        );
        until("the mail server listens", || TcpStream::connect(("127.0.0.1", port)).ok());
        Some(Self { port, dir, _process: process })
    }

    /// Waits for the mail with a number, counted from 1, and returns it as it was stored.
    #[track_caller]
    fn mail(&self, number: usize) -> Vec<u8> {
        let files = until(&format!("mail {number} has come"), || {
            Some(self.files()).filter(|files| files.len() >= number)
        });
        std::fs::read(&files[number - 1]).unwrap()
    }

    fn count(&self) -> usize {
        self.files().len()
    }

    /// Oldest first.
    fn files(&self) -> Vec<PathBuf> {
        let Ok(entries) = std::fs::read_dir(self.dir.path().join("mails/new")) else {
            return Vec::new();
        };
        let mut files: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
        files.sort_by_key(|file| file.metadata().unwrap().modified().unwrap());
        files
    }
}

fn command(python: &Path) -> Command {
    let mut command = Command::new(python);
    command.env("PYTHONPATH", format!("{PEERS}/usr/lib/python3/dist-packages"));
    command
}

fn knows(python: &Path) -> bool {
    run(command(python).args(["-c", "import aiosmtpd.handlers"])).code == Some(0)
}

fn parse(mail: &[u8]) -> Message<'_> {
    MessageParser::default().parse(mail).unwrap()
}

fn header<'a>(mail: &'a Message, name: &str) -> &'a str {
    mail.header(name.to_owned()).and_then(HeaderValue::as_text).unwrap_or_default()
}

fn texts(value: &HeaderValue) -> Vec<String> {
    match value {
        HeaderValue::Text(text) => vec![text.to_string()],
        HeaderValue::TextList(list) => list.iter().map(ToString::to_string).collect(),
        _ => Vec::new(),
    }
}

//! A client on loopback, a real engine behind the server.

use std::time::Duration;

use tokio::net::TcpStream;

use super::*;
use crate::domain;
use crate::domain::event::adapter::Kind;
use crate::shell::intake::testing::Post;

struct Server {
    to: SocketAddr,
    stop: watch::Sender<bool>,
    running: tokio::task::JoinHandle<()>,
    _tls: watch::Sender<Option<Arc<rustls::ServerConfig>>>,
}

async fn start(post: &Post, flavour: Flavour) -> Server {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let to = listener.local_addr().unwrap();
    let (stop, stopped) = watch::channel(false);
    let (tls, under) = watch::channel(None);
    let running = tokio::spawn(serve(listener, post.inlet(), flavour, under, stopped));
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
    format!(
        "EHLO x\nMAIL FROM:<ada@example.org>\nRCPT TO:<alerts@example.org>\nDATA\n\
         From: ada@example.org\nSubject: {subject}\nMessage-ID: <{id}@example.org>\n\n{text}\n.\n\
         QUIT\n"
    )
}

#[tokio::test]
async fn a_mail_is_an_alert_and_an_answer_is_a_note_on_its_incident() {
    let post = Post::new(Kind::named("mail").unwrap());
    let server = start(&post, Flavour::Smtp).await;
    let said = server.talk(&mail("Printer burns", "1", "help")).await;
    assert!(said.contains("250 2.0.0 Taken") && said.ends_with("Bye\r\n"), "{said}");
    post.until(1).await;
    let incident =
        post.handle.read(|engine| engine.state().incident.iter().next().map(|(id, _)| id).unwrap());

    // The second delivery of the same mail is the same note.
    for _ in 0..2 {
        let answer = mail(&format!("Re: [{incident}] Printer"), "2", "It is out.\n> help");
        assert!(server.talk(&answer).await.contains("250 2.0.0 Taken"));
    }
    let notes = post.handle.read(|engine| {
        let settings = engine.settings();
        let shown = domain::show(engine.state(), settings, "incident", &incident.to_string());
        shown.unwrap().to_string().matches("It is out.").count()
    });
    assert_eq!((notes, post.labels("alertname")), (1, vec!["Mail".to_owned()]));

    let said = server.talk(&mail("Re: [INC-999] lost", "3", "hello?")).await;
    assert!(said.contains("250 2.0.0 Taken"), "{said}");
    post.until(2).await;
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

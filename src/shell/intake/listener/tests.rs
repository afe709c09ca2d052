//! Clients under TLS, and others, at the listeners for syslog and mail.

use std::sync::Mutex;
use std::time::Duration;

use rustls::pki_types::ServerName;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::task::JoinHandle;
use tokio_rustls::TlsConnector;

use super::*;
use crate::domain::event::adapter::Kind;
use crate::domain::notification::receiver::SecretSource;
use crate::domain::value::Secret;
use crate::shell::client::papers::Authority;
use crate::shell::client::tls;
use crate::shell::intake::mail::{self, Flavour, Secured};
use crate::shell::intake::syslog;
use crate::shell::intake::testing::Post;

const WAIT_MAX: Duration = Duration::from_secs(10);

/// What a listener speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Spoken {
    Syslog,
    Smtps,
    StartTls,
}

/// A listener with a certificate for `localhost`.
struct Server {
    spoken: Spoken,
    post: Post,
    to: SocketAddr,
    stop: watch::Sender<bool>,
    _papers: watch::Sender<Option<Papers>>,
    running: JoinHandle<()>,
}

fn inline(text: &str) -> SecretSource {
    SecretSource::Inline(Secret::new(text))
}

fn certified(authority: &Authority, name: &str, ca: Option<&Authority>) -> TlsConfig {
    let (certificate, key) = authority.vouch(name);
    TlsConfig {
        ca: ca.map(|ca| inline(&ca.pem)),
        identity: Some((inline(&certificate), inline(&key))),
        ..TlsConfig::default()
    }
}

impl Server {
    /// With `clients`, who they vouch for is let in and nobody else.
    async fn start(spoken: Spoken, house: &Authority, clients: Option<&Authority>) -> Self {
        let kind = if spoken == Spoken::Syslog { "syslog" } else { "mail" };
        let post = Post::new(Kind::named(kind).unwrap());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let to = listener.local_addr().unwrap();
        let (stop, stopped) = watch::channel(false);
        let papers = server_tls(&certified(house, "localhost", clients)).unwrap();
        let (sender, papers) = watch::channel(Some(papers));
        let inlet = post.inlet();
        let running = match spoken {
            Spoken::Syslog => tokio::spawn(syslog::streams(listener, inlet, Some(papers), stopped)),
            Spoken::Smtps => {
                let way = (Flavour::Smtp, Secured::AtOnce);
                tokio::spawn(mail::serve(listener, inlet, way, papers, stopped))
            }
            Spoken::StartTls => {
                let way = (Flavour::Smtp, Secured::WhenAsked);
                tokio::spawn(mail::serve(listener, inlet, way, papers, stopped))
            }
        };
        Self { spoken, post, to, stop, _papers: sender, running }
    }

    /// Connects under TLS; nothing if the client does not believe the server.
    async fn connect(&self, config: &TlsConfig) -> Option<impl AsyncRead + AsyncWrite + Unpin> {
        let mut stream = TcpStream::connect(self.to).await.unwrap();
        if self.spoken == Spoken::StartTls {
            hear(&mut stream, "220 ").await;
            stream.write_all(b"EHLO x\r\n").await.unwrap();
            hear(&mut stream, "250 STARTTLS\r\n").await;
            stream.write_all(b"STARTTLS\r\n").await.unwrap();
            hear(&mut stream, "220 2.0.0 ").await;
        }
        let mut config = tls::client(config, false).unwrap();
        config.alpn_protocols.clear();
        let host = ServerName::try_from("localhost").unwrap();
        let shaking = TlsConnector::from(Arc::new(config)).connect(host, stream);
        timeout(WAIT_MAX, shaking).await.unwrap().ok()
    }

    /// Sends one message under TLS. True if it was taken.
    async fn send(&self, config: &TlsConfig) -> bool {
        let Some(mut stream) = self.connect(config).await else { return false };
        let message: &[u8] = match self.spoken {
            Spoken::Syslog => b"<3>disk: gone\n",
            Spoken::Smtps | Spoken::StartTls => {
                b"EHLO x\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\n\
                  From: a@b\r\nSubject: gone\r\n\r\nx\r\n.\r\nQUIT\r\n"
            }
        };
        // Who is not let in may find the door closed already.
        let _ = stream.write_all(message).await;
        let _ = stream.shutdown().await;
        let mut said = Vec::new();
        let _ = timeout(WAIT_MAX, stream.read_to_end(&mut said)).await.unwrap();
        let (refused, taken) = (self.post.dropped("tls") > 0, self.post.labels("alertname").len());
        assert_ne!(refused, taken == 1, "one of both: {}", String::from_utf8_lossy(&said));
        taken == 1
    }

    async fn stop(self) {
        self.stop.send(true).unwrap();
        timeout(WAIT_MAX, self.running).await.unwrap().unwrap();
    }
}

/// Reads until something is heard.
async fn hear(stream: &mut TcpStream, awaited: &str) {
    let mut heard = Vec::new();
    let mut byte = [0];
    while !(String::from_utf8_lossy(&heard).contains(awaited) && heard.ends_with(b"\n")) {
        let read = timeout(WAIT_MAX, stream.read_exact(&mut byte)).await.unwrap();
        assert!(read.is_ok(), "{awaited} after {:?}", String::from_utf8_lossy(&heard));
        heard.push(byte[0]);
    }
}

fn believing(authority: &Authority) -> TlsConfig {
    TlsConfig { ca: Some(inline(&authority.pem)), ..TlsConfig::default() }
}

#[tokio::test]
async fn who_believes_the_certificate_is_heard() {
    let (house, stranger) = (Authority::new(), Authority::new());
    for spoken in [Spoken::Syslog, Spoken::Smtps, Spoken::StartTls] {
        let server = Server::start(spoken, &house, None).await;
        assert!(server.send(&believing(&house)).await, "{spoken:?}");
        assert!(server.connect(&believing(&stranger)).await.is_none(), "{spoken:?}");
        server.stop().await;
    }
}

#[tokio::test]
async fn where_a_certificate_is_asked_for_nobody_else_is_heard() {
    let (house, clients, stranger) = (Authority::new(), Authority::new(), Authority::new());
    for spoken in [Spoken::Syslog, Spoken::Smtps, Spoken::StartTls] {
        let cases = [
            ("none", believing(&house), false),
            ("of a stranger", certified(&stranger, "web-1", Some(&house)), false),
            ("a good one", certified(&clients, "web-1", Some(&house)), true),
        ];
        for (shown, config, expected) in cases {
            let server = Server::start(spoken, &house, Some(&clients)).await;
            assert_eq!(server.send(&config).await, expected, "{spoken:?} {shown}");
            server.stop().await;
        }
    }
}

#[tokio::test]
async fn a_mail_in_clear_does_not_get_around_the_certificate() {
    let house = Authority::new();
    let server = Server::start(Spoken::StartTls, &house, Some(&house)).await;
    let mut stream = TcpStream::connect(server.to).await.unwrap();
    stream.write_all(b"EHLO x\r\nMAIL FROM:<a@b>\r\nQUIT\r\n").await.unwrap();
    hear(&mut stream, "530 5.7.0 Must issue a STARTTLS command first").await;
    server.stop().await;
}

/// Takes the lines of the log.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn plain_text_where_tls_is_spoken_is_answered_by_closing_and_a_line_in_the_log() {
    let house = Authority::new();
    for spoken in [Spoken::Syslog, Spoken::Smtps] {
        let log = Log::default();
        let writer = log.clone();
        let lines = tracing_subscriber::fmt().with_ansi(false).with_writer(move || writer.clone());
        // All tasks of this test run on its own thread.
        let _logged = tracing::subscriber::set_default(lines.finish());
        let server = Server::start(spoken, &house, None).await;
        let mut stream = TcpStream::connect(server.to).await.unwrap();
        stream.write_all(b"<3>disk: gone\nEHLO x\r\n").await.unwrap();
        let mut said = Vec::new();
        let closed = timeout(WAIT_MAX, stream.read_to_end(&mut said)).await.unwrap();
        assert!(closed.is_ok() || said.is_empty(), "{closed:?}");
        assert!(!String::from_utf8_lossy(&said).contains("220"), "no word in clear");
        server.stop().await;
        let text = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
        let line = text.lines().find(|line| line.contains("no TLS with senders"));
        let line = line.unwrap_or_else(|| panic!("no line in {text:?}"));
        assert!(line.contains("WARN") && line.contains("127.0.0.1"), "{line}");
    }
}

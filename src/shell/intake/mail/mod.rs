//! Takes mails by SMTP and LMTP, and fetches them by IMAP. A mail that answers an incident becomes
//! a note on it, any other one an alert; it is said to be taken once its facts are on disk.

mod guard;
pub mod imap;
mod session;
#[cfg(test)]
mod tests;

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::time::timeout;
use xxhash_rust::xxh64::xxh64;

use super::http::{Attempt, Turned};
use super::inlet::Inlet;
use super::listener::{self, Papers, Tls};
use crate::domain::event::adapter::kind::mail::{self, Letter, Rules, Writer};
use crate::domain::event::adapter::{Kind, Read};
use crate::domain::incident;
use crate::domain::notification::correspondence::answered;
use crate::domain::value::{Actor, Span, Via};
use crate::engine::Input;
use crate::shell::clock;
use guard::Guard;
use session::{Dots, Fate, LINE_BYTES_MAX, Offer, Session, Step};

pub use session::Flavour;

/// How long the other side may be silent (RFC 5321, 4.5.3.2.7).
const QUIET_MS_MAX: Span = Span::minutes(5);
/// A line of a mail that is longer comes in pieces.
const DATA_LINE_BYTES_MAX: usize = 64 << 10;
/// A note is no book.
const NOTE_BYTES_MAX: usize = 16 << 10;

/// What all connections to a socket share.
#[derive(Debug, Clone)]
struct Desk {
    inlet: Inlet,
    guard: Arc<Mutex<Guard>>,
}

/// When TLS begins on a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Secured {
    /// With the first byte (RFC 8314).
    AtOnce,
    /// When the client asks for it (`STARTTLS`, RFC 3207), which it must before it sends a mail
    /// where it has to show a certificate.
    WhenAsked,
}

/// Takes connections until `stop` turns true. Without a certificate of ours there is no TLS.
pub async fn serve(
    listener: TcpListener,
    inlet: Inlet,
    (flavour, secured): (Flavour, Secured),
    tls: Tls,
    stop: watch::Receiver<bool>,
) {
    let desk = Desk { inlet: inlet.clone(), guard: Arc::default() };
    let until = stop.clone();
    listener::accept(listener, inlet, stop, move |stream, peer| {
        let (desk, tls, stop) = (desk.clone(), tls.clone(), until.clone());
        async move {
            let papers = tls.borrow().clone();
            let talk = Talk { desk, peer, flavour, stop };
            let done = match (secured, papers) {
                (Secured::WhenAsked, papers) => talk.in_clear(stream, papers).await,
                (Secured::AtOnce, Some(papers)) => talk.under_tls(stream, papers).await,
                (Secured::AtOnce, None) => Ok(()),
            };
            if let Err(error) = done {
                tracing::debug!(%error, %peer, "a mail client broke off");
            }
        }
    })
    .await;
}

/// One connection.
struct Talk {
    desk: Desk,
    peer: SocketAddr,
    flavour: Flavour,
    stop: watch::Receiver<bool>,
}

impl Talk {
    /// Begins in clear; goes on under TLS if the client asks for it and there are papers.
    async fn in_clear(self, stream: TcpStream, papers: Option<Papers>) -> io::Result<()> {
        let tls = match &papers {
            None => Offer::None,
            Some(papers) if papers.asks => Offer::Demanded,
            Some(_) => Offer::Made,
        };
        let (mut session, bytes_max) = self.session(&stream, tls);
        let mut stream = BufReader::new(stream);
        stream.write_all(session.greeting().as_bytes()).await?;
        let stop = self.stop.clone();
        let asked = converse(&self.desk, &mut session, &mut stream, bytes_max, stop).await?;
        let Some(papers) = papers.filter(|_| asked) else { return Ok(()) };
        // What came in clear behind STARTTLS is not taken for what is said under TLS.
        if !stream.buffer().is_empty() {
            return Ok(());
        }
        let from = (&self.desk.inlet, self.peer);
        let stream = listener::handshake(stream.into_inner(), papers, from).await;
        let Some(stream) = stream else { return Ok(()) };
        let mut stream = BufReader::new(stream);
        converse(&self.desk, &mut session, &mut stream, bytes_max, self.stop).await.map(|_| ())
    }

    /// Is under TLS from the beginning.
    async fn under_tls(self, stream: TcpStream, papers: Papers) -> io::Result<()> {
        let (mut session, bytes_max) = self.session(&stream, Offer::None);
        let from = (&self.desk.inlet, self.peer);
        let Some(stream) = listener::handshake(stream, papers, from).await else { return Ok(()) };
        let mut stream = BufReader::new(stream);
        stream.write_all(session.greeting().as_bytes()).await?;
        stream.flush().await?;
        converse(&self.desk, &mut session, &mut stream, bytes_max, self.stop).await.map(|_| ())
    }

    /// A session, and how many bytes a mail may have in it.
    fn session(&self, stream: &TcpStream, tls: Offer) -> (Session, usize) {
        let host = stream.local_addr().map_or_else(|_| self.peer.ip(), |at| at.ip()).to_string();
        let bytes_max = self.desk.inlet.intake().map_or(0, |intake| intake.limits.body_bytes_max);
        let own = self.desk.rules().own.clone();
        (Session::new(self.flavour, &format!("[{host}]"), bytes_max, own, tls), bytes_max)
    }
}

/// Talks until one side has enough. True if TLS is to begin.
async fn converse<S: AsyncRead + AsyncWrite + Unpin>(
    desk: &Desk,
    session: &mut Session,
    stream: &mut BufReader<S>,
    bytes_max: usize,
    mut stop: watch::Receiver<bool>,
) -> io::Result<bool> {
    loop {
        let line = tokio::select! {
            line = line(stream, LINE_BYTES_MAX) => Some(line?),
            _ = stop.wait_for(|stop| *stop) => None,
        };
        let Some(line) = line else {
            stream.write_all(b"421 4.3.2 Going down, try again later\r\n").await?;
            return Ok(false);
        };
        if line.is_empty() {
            return Ok(false);
        }
        let step = if line.ends_with(b"\n") {
            session.line(&line)
        } else {
            // The rest of the line is no command of its own.
            loop {
                let rest = self::line(stream, LINE_BYTES_MAX).await?;
                if rest.is_empty() {
                    return Ok(false);
                }
                if rest.ends_with(b"\n") {
                    break;
                }
            }
            session.long_line()
        };
        match step {
            Step::Say(reply) => stream.write_all(reply.as_bytes()).await?,
            Step::Close(reply) => {
                stream.write_all(reply.as_bytes()).await?;
                return Ok(false);
            }
            Step::StartTls(reply) => {
                stream.write_all(reply.as_bytes()).await?;
                stream.flush().await?;
                return Ok(true);
            }
            Step::Receive(reply) => {
                stream.write_all(reply.as_bytes()).await?;
                stream.flush().await?;
                let mut dots = Dots::default();
                loop {
                    let line = self::line(stream, DATA_LINE_BYTES_MAX).await?;
                    if line.is_empty() {
                        return Ok(false);
                    }
                    if dots.line(&line, bytes_max) {
                        break;
                    }
                }
                let fate = match dots.finish() {
                    None => Fate::TooLong,
                    Some(mail) => {
                        let returned = format!("Return-Path: <{}>\r\n", session.sender());
                        desk.take(&[returned.as_bytes(), &mail].concat()).await
                    }
                };
                stream.write_all(session.received(fate).as_bytes()).await?;
            }
        }
        stream.flush().await?;
    }
}

/// A line with its end, or the piece that fits; nothing at the end of the stream.
async fn line<S: AsyncRead + AsyncWrite + Unpin>(
    stream: &mut BufReader<S>,
    bytes_max: usize,
) -> io::Result<Vec<u8>> {
    let mut line = Vec::new();
    let mut limited = stream.take(bytes_max as u64);
    match timeout(QUIET_MS_MAX.duration(), limited.read_until(b'\n', &mut line)).await {
        Ok(read) => read.map(|_| line),
        Err(_) => Ok(Vec::new()),
    }
}

impl Desk {
    fn rules(&self) -> Arc<Rules> {
        match self.inlet.intake().map(|intake| intake.kind.clone()) {
            Some(Kind::Mail(rules)) => rules,
            _ => Arc::default(),
        }
    }

    /// Takes a mail in.
    async fn take(&self, bytes: &[u8]) -> Fate {
        let rules = self.rules();
        let Some(letter) = Letter::parse(bytes, &rules.own) else {
            self.inlet.dropped("unreadable", 1);
            return Fate::Refused;
        };
        if letter.writer == Writer::Person
            && let Some(fate) = self.note(&rules, &letter).await
        {
            return fate;
        }
        // Who is told to come later brings the same mail.
        let attempt = Attempt::Of(xxh64(bytes, 0));
        let taken = self.inlet.admit_again(attempt, |_, context| {
            let mut read = Read::default();
            let understood = mail::take(&rules, &letter, context, &mut read);
            if !understood && !read.events.is_empty() && !self.passes(&letter) {
                self.inlet.dropped("loop", 1);
                return Ok(Read::default());
            }
            Ok(read)
        });
        match taken.await {
            Ok(taken) if taken.rejected.is_empty() => Fate::Taken,
            Ok(_) | Err(Turned::Unreadable(_)) => Fate::Refused,
            Err(turned) => {
                self.inlet.lost(&turned, 1);
                Fate::Later
            }
        }
    }

    /// Writes an answer down on its incident; nothing if it answers none.
    async fn note(&self, rules: &Rules, letter: &Letter) -> Option<Fate> {
        let handle = self.inlet.handle();
        let id = handle.read(|engine| answered(engine.state(), rules, letter))?;
        if self.guard().is_noted(letter) {
            return Some(Fate::Taken);
        }
        if !self.passes(letter) {
            self.inlet.dropped("loop", 1);
            return Some(Fate::Taken);
        }
        let added = letter.added();
        let text = if added.is_empty() { letter.subject.clone() } else { added };
        let text = text[..text.floor_char_boundary(NOTE_BYTES_MAX)].to_owned();
        let actor = Actor { name: letter.from.clone(), via: Via::Mail };
        let command = incident::Command { id, ask: incident::Ask::Note { text } };
        match self.inlet.handle().submit(Input::Command(actor, command.into())).await {
            Ok(done) if done.reply.is_ok() => {
                self.guard().note(letter);
                Some(Fate::Taken)
            }
            // The incident takes no notes: somebody should look at the mail all the same.
            Ok(_) => None,
            Err(_) => Some(Fate::Later),
        }
    }

    fn passes(&self, letter: &Letter) -> bool {
        self.guard().passes(letter, clock::now())
    }

    fn guard(&self) -> std::sync::MutexGuard<'_, Guard> {
        self.guard.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

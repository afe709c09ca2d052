//! Takes mails by SMTP and LMTP, and fetches them by IMAP. A mail that answers an incident becomes a note on it, any other
//! one an alert; it is said to be taken once its facts are on disk.

mod guard;
pub mod imap;
mod session;
#[cfg(test)]
mod tests;

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::time::timeout;

use super::http::Turned;
use super::inlet::Inlet;
use super::listener::{self, Tls};
use crate::domain::event::adapter::kind::mail::{self, Letter, Rules, Writer};
use crate::domain::event::adapter::{Kind, Read};
use crate::domain::incident;
use crate::domain::notification::correspondence::answered;
use crate::domain::value::{Actor, Span, Via};
use crate::engine::Input;
use crate::shell::clock;
use guard::Guard;
use session::{Dots, Fate, LINE_BYTES_MAX, Session, Step};

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

/// Takes connections until `stop` turns true. With TLS, STARTTLS is offered.
pub async fn serve(
    listener: TcpListener,
    inlet: Inlet,
    flavour: Flavour,
    tls: Tls,
    stop: watch::Receiver<bool>,
) {
    let desk = Desk { inlet: inlet.clone(), guard: Arc::default() };
    let until = stop.clone();
    listener::accept(listener, inlet, stop, move |stream, peer| {
        let (desk, tls, stop) = (desk.clone(), tls.clone(), until.clone());
        async move {
            if let Err(error) = connection(desk, stream, peer, flavour, &tls, stop).await {
                tracing::debug!(%error, %peer, "a mail client broke off");
            }
        }
    })
    .await;
}

async fn connection(
    desk: Desk,
    stream: tokio::net::TcpStream,
    peer: SocketAddr,
    flavour: Flavour,
    tls: &Tls,
    stop: watch::Receiver<bool>,
) -> std::io::Result<()> {
    let host = stream.local_addr().map_or_else(|_| peer.ip(), |at| at.ip()).to_string();
    let rules = desk.rules();
    let bytes_max = desk.inlet.intake().map_or(0, |intake| intake.limits.body_bytes_max);
    let config = tls.borrow().clone();
    let host = format!("[{host}]");
    let mut session = Session::new(flavour, &host, bytes_max, rules.own.clone(), config.is_some());
    let mut stream = BufReader::new(stream);
    stream.write_all(session.greeting().as_bytes()).await?;
    let wants_tls = converse(&desk, &mut session, &mut stream, bytes_max, stop.clone()).await?;
    let Some(config) = config.filter(|_| wants_tls) else { return Ok(()) };
    // What came in clear behind STARTTLS is not taken for what is said under TLS.
    if !stream.buffer().is_empty() {
        return Ok(());
    }
    let Some(stream) = listener::handshake(stream.into_inner(), config).await else {
        return Ok(());
    };
    let mut stream = BufReader::new(stream);
    converse(&desk, &mut session, &mut stream, bytes_max, stop).await.map(|_| ())
}

/// Talks until one side has enough. True if TLS is to begin.
async fn converse<S: AsyncRead + AsyncWrite + Unpin>(
    desk: &Desk,
    session: &mut Session,
    stream: &mut BufReader<S>,
    bytes_max: usize,
    mut stop: watch::Receiver<bool>,
) -> std::io::Result<bool> {
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
) -> std::io::Result<Vec<u8>> {
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
        let taken = self.inlet.admit(|_, context| {
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
                self.inlet.dropped(turned.reason(), 1);
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

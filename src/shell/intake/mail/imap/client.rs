//! A conversation with an IMAP server: as much of RFC 3501 as fetching mails needs.

use std::io;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use super::response::Response;
use crate::domain::event::adapter::kind::mail::{Mailbox, Proof, Security};
use crate::domain::notification::receiver::HttpConfig;
use crate::domain::value::Span;
use crate::shell::client::tls::TlsError;
use crate::shell::client::{Clients, LineError, open, tls};

/// How long a connection with its handshake may take.
const CONNECT_MS_MAX: Span = Span::seconds(30);
/// How long the answer to one command may take, a large mail's included.
const ANSWER_MS_MAX: Span = Span::minutes(2);
/// All that may be said in answer to one command, beside a mail: half a million numbers.
const ANSWER_BYTES_MAX: usize = 4 << 20;
/// Of what a server says in words, so much is repeated.
const WORDS_CHARS_MAX: usize = 200;

/// Why a mailbox could not be looked at.
#[derive(Debug, thiserror::Error)]
pub(super) enum Fault {
    /// There is no connection.
    #[error("no connection to {0}")]
    Connect(String, #[source] io::Error),
    /// The connection broke.
    #[error("the connection broke")]
    Broken(#[source] io::Error),
    /// The server took too long.
    #[error("nothing within {0}")]
    Quiet(Span),
    /// A file that TLS needs cannot be read.
    #[error("cannot read what is needed for TLS")]
    File(#[source] LineError),
    /// There is no token.
    #[error("no token to log in with")]
    Token(#[source] LineError),
    /// `tls_config` cannot be used.
    #[error("`tls_config` cannot be used")]
    Tls(#[source] TlsError),
    /// No certificate could bear the server's name.
    #[error("`{0}` is no name that a certificate could bear")]
    Name(String),
    /// The server lacks what the configuration demands.
    #[error("{0}")]
    Lacking(&'static str),
    /// The server said no.
    #[error("the server refused {0}: {1}")]
    Refused(&'static str, String),
    /// The server ended the conversation.
    #[error("the server ended the conversation: {0}")]
    Bye(String),
    /// An answer was longer than anything that was asked for.
    #[error("the server's answer to {0} is too long")]
    TooLong(&'static str),
}

trait Wire: AsyncRead + AsyncWrite + Send + Unpin {}
impl<S: AsyncRead + AsyncWrite + Send + Unpin> Wire for S {}

/// A conversation.
pub(super) struct Client {
    stream: BufReader<Box<dyn Wire>>,
    commands: u32,
    can: Vec<String>,
    /// Whether the server said that mails came since the mailbox was selected.
    grown: bool,
}

impl Client {
    /// Makes a connection, secures it, and logs in; with a token that `clients` gets, where one is
    /// wanted.
    pub(super) async fn open(mailbox: &Mailbox, clients: &Arc<Clients>) -> Result<Self, Fault> {
        let address = format!("{}:{}", mailbox.host, mailbox.port);
        let connecting = TcpStream::connect((mailbox.host.as_str(), mailbox.port));
        let connected = timeout(CONNECT_MS_MAX.duration(), connecting).await;
        let stream = connected.map_err(|_| Fault::Quiet(CONNECT_MS_MAX))?;
        let stream = stream.map_err(|error| Fault::Connect(address, error))?;
        let stream: Box<dyn Wire> = match mailbox.security {
            Security::Tls => secure(Box::new(stream), mailbox).await?,
            Security::StartTls | Security::Clear => Box::new(stream),
        };
        let stream = BufReader::new(stream);
        let mut client = Self { stream, commands: 0, can: Vec::new(), grown: false };
        let greeted = client.greeting().await?;
        if mailbox.security == Security::StartTls {
            client.command("STARTTLS", "STARTTLS", 0).await?;
            // What came in clear behind STARTTLS is not taken for what is said under TLS.
            if !client.stream.buffer().is_empty() {
                return Err(Fault::Lacking("the server spoke between STARTTLS and TLS"));
            }
            let secured = secure(client.stream.into_inner(), mailbox).await?;
            client.stream = BufReader::new(secured);
        }
        if greeted {
            client.log_in(mailbox, clients).await?;
        }
        client.can = client.capabilities().await?;
        Ok(client)
    }

    /// Whether the server has an extension.
    pub(super) fn can(&self, word: &str) -> bool {
        self.can.iter().any(|can| can.eq_ignore_ascii_case(word))
    }

    /// Says something and waits for what is answered. `what` names it in errors; a literal may have
    /// `literal_bytes_max` bytes in it.
    pub(super) async fn command(
        &mut self,
        what: &'static str,
        words: &str,
        literal_bytes_max: usize,
    ) -> Result<Answer, Fault> {
        self.exchange(what, words, None, literal_bytes_max).await
    }

    /// Waits until the server says that mails have come (RFC 2177), or until `enough`.
    pub(super) async fn idle(&mut self, enough: impl Future<Output = ()>) -> Result<(), Fault> {
        let tag = self.tag();
        within(self.write(&format!("{tag} IDLE\r\n"))).await?;
        while !self.hear("IDLE", &tag).await?.line.starts_with('+') {}
        tokio::select! {
            told = self.until_grown(&tag) => told?,
            () = enough => {}
        }
        within(self.write("DONE\r\n")).await?;
        // What is left of a line of which a part was read says nothing.
        while self.hear("IDLE", &tag).await?.after(&tag).is_none() {}
        Ok(())
    }

    async fn until_grown(&mut self, tag: &str) -> Result<(), Fault> {
        while !self.grown {
            // Between two lines the server may be silent for as long as it likes.
            self.stream.fill_buf().await.map_err(Fault::Broken)?;
            self.hear("IDLE", tag).await?;
        }
        Ok(())
    }

    /// Reads one response while the server idles.
    async fn hear(&mut self, what: &'static str, tag: &str) -> Result<Response, Fault> {
        let mut left = ANSWER_BYTES_MAX;
        let response = within(read(&mut self.stream, what, &mut left)).await?;
        self.grown |= response.tells_of_mails();
        if let Some(said) = response.after(tag)
            && !said.get(..2).is_some_and(|word| word.eq_ignore_ascii_case("OK"))
        {
            return Err(Fault::Refused(what, excerpt(said)));
        }
        match response.farewell() {
            Some(said) => Err(Fault::Bye(excerpt(&said))),
            None => Ok(response),
        }
    }

    fn tag(&mut self) -> String {
        self.commands += 1;
        format!("A{}", self.commands)
    }

    /// A farewell; what is answered does not matter.
    pub(super) async fn close(mut self) {
        let _ = self.command("LOGOUT", "LOGOUT", 0).await;
    }

    /// False if the server knows already who we are.
    async fn greeting(&mut self) -> Result<bool, Fault> {
        let mut left = ANSWER_BYTES_MAX;
        let reading = read(&mut self.stream, "nothing yet", &mut left);
        let greeting = within(reading).await?;
        let said = greeting.after("*").unwrap_or_default();
        match said.split(' ').next().unwrap_or_default() {
            word if word.eq_ignore_ascii_case("OK") => Ok(true),
            word if word.eq_ignore_ascii_case("PREAUTH") => Ok(false),
            word if word.eq_ignore_ascii_case("BYE") => Err(Fault::Bye(excerpt(said))),
            _ => Err(Fault::Lacking("whoever answers there does not speak IMAP")),
        }
    }

    async fn capabilities(&mut self) -> Result<Vec<String>, Fault> {
        let answer = self.command("CAPABILITY", "CAPABILITY", 0).await?;
        let words = answer.told.iter().filter_map(|response| response.words("CAPABILITY"));
        Ok(words.flatten().map(str::to_owned).collect())
    }

    async fn log_in(&mut self, mailbox: &Mailbox, clients: &Arc<Clients>) -> Result<(), Fault> {
        let can = self.capabilities().await?;
        let offered = |word: &str| can.iter().any(|can| can.eq_ignore_ascii_case(word));
        let password = match &mailbox.proof {
            Proof::Password(password) => password.reveal(),
            Proof::Token(way) => return self.show_token(mailbox, (way, clients), &offered).await,
        };
        let name = mailbox.username.as_str();
        let quotable = |text: &str| text.chars().all(|c| c.is_ascii() && !c.is_ascii_control());
        if !offered("LOGINDISABLED") && quotable(name) && quotable(password) {
            let words = format!("LOGIN {} {}", quote(name), quote(password));
            return self.command("LOGIN", &words, 0).await.map(|_| ());
        }
        if !offered("AUTH=PLAIN") {
            return Err(Fault::Lacking(
                "the server offers no way to log in with a password; it may want TLS first",
            ));
        }
        // RFC 4616: for whom, who, and the password.
        let words = STANDARD.encode(format!("\0{name}\0{password}"));
        self.exchange("AUTHENTICATE", "AUTHENTICATE PLAIN", Some(&words), 0).await.map(|_| ())
    }

    /// Logs in with a token: as Google and Microsoft have it, or by RFC 7628. A token that is not
    /// taken is forgotten, so that the next attempt has another.
    async fn show_token(
        &mut self,
        mailbox: &Mailbox,
        (way, clients): (&HttpConfig, &Arc<Clients>),
        offered: &(dyn Fn(&str) -> bool + Sync),
    ) -> Result<(), Fault> {
        let Mailbox { username: name, host, port, .. } = mailbox;
        let line = clients.line(way.clone()).await.map_err(Fault::Token)?;
        let value = line.authorization().await.map_err(Fault::Token)?.unwrap_or_default();
        let shown = value.reveal();
        let (mechanism, words) = if offered("AUTH=XOAUTH2") {
            ("XOAUTH2", format!("user={name}\x01auth={shown}\x01\x01"))
        } else if offered("AUTH=OAUTHBEARER") {
            let who = name.replace('=', "=3D").replace(',', "=2C");
            let words = format!("n,a={who},\x01host={host}\x01port={port}\x01auth={shown}\x01\x01");
            ("OAUTHBEARER", words)
        } else {
            return Err(Fault::Lacking("the server offers no way to log in with a token"));
        };
        let words = STANDARD.encode(words);
        let asked = format!("AUTHENTICATE {mechanism}");
        let done = self.exchange("AUTHENTICATE", &asked, Some(&words), 0).await;
        if matches!(done, Err(Fault::Refused(..))) {
            line.refused(&value).await;
        }
        done.map(|_| ())
    }

    async fn exchange(
        &mut self,
        what: &'static str,
        words: &str,
        more: Option<&str>,
        literal_bytes_max: usize,
    ) -> Result<Answer, Fault> {
        let tag = self.tag();
        within(async {
            self.write(&format!("{tag} {words}\r\n")).await?;
            let mut left = ANSWER_BYTES_MAX + literal_bytes_max;
            let (mut told, mut more) = (Vec::new(), more);
            loop {
                let response = read(&mut self.stream, what, &mut left).await?;
                if let Some(said) = response.after(&tag) {
                    let (word, text) = said.split_once(' ').unwrap_or((said, ""));
                    if word.eq_ignore_ascii_case("OK") {
                        self.grown &= what != "SELECT";
                        return Ok(Answer { told, text: text.to_owned() });
                    }
                    return Err(Fault::Refused(what, excerpt(text)));
                }
                if response.line.starts_with('+') {
                    // An empty line where nothing is left to say breaks the exchange off.
                    let line = more.take().unwrap_or("*");
                    self.write(&format!("{line}\r\n")).await?;
                    continue;
                }
                if let Some(said) = response.farewell().filter(|_| what != "LOGOUT") {
                    return Err(Fault::Bye(excerpt(&said)));
                }
                self.grown |= response.tells_of_mails();
                told.push(response);
            }
        })
        .await
    }

    async fn write(&mut self, text: &str) -> Result<(), Fault> {
        self.stream.write_all(text.as_bytes()).await.map_err(Fault::Broken)?;
        self.stream.flush().await.map_err(Fault::Broken)
    }
}

/// What was answered to a command that was taken.
#[derive(Debug)]
pub(super) struct Answer {
    /// What was told, in order.
    pub(super) told: Vec<Response>,
    /// The words of the end, with their code in brackets.
    pub(super) text: String,
}

/// A text in quotes; only for texts in ASCII without line ends.
pub(super) fn quote(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

/// Reads a response with the literals in it, of so many bytes as are left.
async fn read(
    stream: &mut BufReader<Box<dyn Wire>>,
    what: &'static str,
    left: &mut usize,
) -> Result<Response, Fault> {
    let mut response = Response::default();
    loop {
        let mut line = Vec::new();
        let mut limited = (&mut *stream).take(*left as u64);
        limited.read_until(b'\n', &mut line).await.map_err(Fault::Broken)?;
        *left -= line.len().min(*left);
        if !line.ends_with(b"\n") {
            return Err(if *left == 0 {
                Fault::TooLong(what)
            } else {
                Fault::Broken(io::ErrorKind::UnexpectedEof.into())
            });
        }
        let Some(length) = response.part(&line) else { return Ok(response) };
        if length > *left {
            return Err(Fault::TooLong(what));
        }
        *left -= length;
        let mut literal = Vec::new();
        let mut limited = (&mut *stream).take(length as u64);
        limited.read_to_end(&mut literal).await.map_err(Fault::Broken)?;
        if literal.len() < length {
            return Err(Fault::Broken(io::ErrorKind::UnexpectedEof.into()));
        }
        response.literal(literal);
    }
}

async fn within<T>(doing: impl Future<Output = Result<T, Fault>>) -> Result<T, Fault> {
    let done = timeout(ANSWER_MS_MAX.duration(), doing).await;
    done.unwrap_or(Err(Fault::Quiet(ANSWER_MS_MAX)))
}

/// Puts a connection under TLS. Files are read with every attempt.
async fn secure(stream: Box<dyn Wire>, mailbox: &Mailbox) -> Result<Box<dyn Wire>, Fault> {
    let opened = open::tls(&mailbox.tls).map_err(Fault::File)?;
    let mut config = tls::client(&opened, false).map_err(Fault::Tls)?;
    config.alpn_protocols.clear();
    let name = Some(&opened.server_name).filter(|name| !name.is_empty()).unwrap_or(&mailbox.host);
    let host = ServerName::try_from(name.clone()).map_err(|_| Fault::Name(name.clone()))?;
    let shaking = TlsConnector::from(Arc::new(config)).connect(host, stream);
    let shaken = timeout(CONNECT_MS_MAX.duration(), shaking).await;
    let shaken = shaken.map_err(|_| Fault::Quiet(CONNECT_MS_MAX))?;
    Ok(Box::new(shaken.map_err(|error| Fault::Connect(format!("{name} under TLS"), error))?))
}

fn excerpt(text: &str) -> String {
    let plain = |c: char| if c.is_control() { ' ' } else { c };
    text.trim().chars().take(WORDS_CHARS_MAX).map(plain).collect()
}

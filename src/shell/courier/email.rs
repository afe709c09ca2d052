//! Mail: one SMTP conversation for one message.

use std::time::Duration;

use lettre::Address;
use lettre::message::header::{
    Bcc, Cc, From as FromHeader, HeaderName, HeaderValue, ReplyTo, To as ToHeader,
};
use lettre::message::{Mailboxes, MessageBuilder, MultiPart, SinglePart};
use lettre::transport::smtp::Error as SmtpError;
use lettre::transport::smtp::client::{
    AsyncSmtpConnection, Certificate, CertificateStore, Identity, TlsParameters,
    TlsVersion as SmtpTlsVersion,
};
use lettre::transport::smtp::commands::{Data, Mail as MailCommand, Rcpt};
use lettre::transport::smtp::extension::{ClientId, MailParameter};

use super::login::log_in;
use super::{Class, Reason, Report};
use crate::domain::notification::message::exchange::excerpt;
use crate::domain::notification::message::{Mail, SmtpServer};
use crate::domain::notification::receiver::{TlsConfig, TlsVersion};
use crate::domain::value::Span;
use crate::shell::chain;
use crate::shell::client::{self, tls::TlsError};

/// A farewell that takes longer is left out: the mail is delivered by then.
const QUIT_MS_MAX: Duration = Duration::from_millis(500);

/// Sends one mail. Recipients that a server refuses for good do not keep it from the others; if it
/// refuses one for the moment, nobody gets it yet, so that nobody gets it twice.
pub(super) async fn send(mail: &Mail, limit: Span) -> Report {
    match tokio::time::timeout(limit.duration(), converse(mail)).await {
        Ok(Ok(reply)) => Report::Delivered { provider: Some(reply).filter(|r| !r.is_empty()) },
        Ok(Err(failure)) => failure.report(&mail.server.host),
        Err(_) => Report::Failed {
            class: Class::Retry { after: None },
            why: format!("{} did not finish within {limit}", mail.server.host),
            reason: Reason::ContextDeadlineExceeded,
        },
    }
}

/// What went wrong at which step.
pub(super) struct Failure {
    pub(super) step: &'static str,
    pub(super) cause: Cause,
}

pub(super) enum Cause {
    /// The mail cannot be put into bytes.
    Unsendable(String),
    /// The server lacks what the configuration demands.
    Lacking(String),
    /// No recipient was taken.
    Refused(String),
    /// Our name and password are not taken.
    Denied(SmtpError),
    Smtp(SmtpError),
}

impl Failure {
    pub(super) fn at(step: &'static str) -> impl Fn(SmtpError) -> Self {
        move |error| Self { step, cause: Cause::Smtp(error) }
    }

    fn report(self, host: &str) -> Report {
        let later = Class::Retry { after: None };
        let (class, reason, words) = match self.cause {
            Cause::Unsendable(words) => (Class::Permanent, Reason::Other, words),
            // An operator can mend that while the message waits.
            Cause::Lacking(what) => (later, Reason::Other, what),
            Cause::Refused(words) => (Class::Permanent, Reason::ClientError, words),
            Cause::Denied(error) if error.is_permanent() => {
                (Class::Permanent, Reason::AuthError, chain(&error))
            }
            Cause::Denied(error) => (later, Reason::AuthError, chain(&error)),
            Cause::Smtp(error) if error.is_permanent() => {
                (Class::Permanent, Reason::ClientError, chain(&error))
            }
            Cause::Smtp(error) if error.is_transient() => {
                (later, Reason::ServerError, chain(&error))
            }
            Cause::Smtp(error) if error.is_timeout() => {
                (later, Reason::ContextDeadlineExceeded, chain(&error))
            }
            Cause::Smtp(error) => (later, Reason::Other, chain(&error)),
        };
        let why = format!("failed to {} at {host}: {}", self.step, excerpt(&words));
        Report::Failed { class, why, reason }
    }
}

/// Returns what the server said when it took the mail, which often names its queue.
async fn converse(mail: &Mail) -> Result<String, Failure> {
    let bytes = compose(mail)
        .map_err(|words| Failure { step: "compose the mail", cause: Cause::Unsendable(words) })?;
    let mut server = open(&mail.server).await?;
    let result = hand_over(&mut server, mail, &bytes).await;
    // The server's goodbye changes nothing about what it said before.
    let _ = tokio::time::timeout(QUIT_MS_MAX, server.abort()).await;
    result
}

async fn open(server: &SmtpServer) -> Result<AsyncSmtpConnection, Failure> {
    let hello = ClientId::Domain(server.hello.clone());
    let implicit = if server.implicit_tls { Some(secured(server).await?) } else { None };
    let to = (server.host.as_str(), server.port);
    let mut connection = AsyncSmtpConnection::connect_tokio1(to, None, &hello, implicit, None)
        .await
        .map_err(Failure::at("connect"))?;
    if server.require_tls && !server.implicit_tls {
        if !connection.can_starttls() {
            let lacking = "the server offers no STARTTLS, which `require_tls` demands";
            return Err(Failure {
                step: "secure the connection",
                cause: Cause::Lacking(lacking.to_owned()),
            });
        }
        connection
            .starttls(secured(server).await?, &hello)
            .await
            .map_err(Failure::at("secure the connection"))?;
    }
    if let Some(auth) = &server.auth {
        log_in(&mut connection, server, auth).await?;
    }
    Ok(connection)
}

/// How to secure the connection. Files are read with every attempt.
async fn secured(server: &SmtpServer) -> Result<TlsParameters, Failure> {
    let (tls, host) = (server.tls.clone(), server.host.clone());
    let step = "prepare TLS";
    let made = tokio::task::spawn_blocking(move || {
        let tls = client::open::tls(&tls).map_err(|error| chain(&error))?;
        parameters(&tls, host).map_err(|error| chain(&error))
    });
    let made = made.await.unwrap_or_else(|error| Err(chain(&error)));
    made.map_err(|why| Failure { step, cause: Cause::Lacking(why) })
}

fn parameters(tls: &TlsConfig, host: String) -> Result<TlsParameters, MailTlsError> {
    let name = if tls.server_name.is_empty() { host } else { tls.server_name.clone() };
    let mut builder = TlsParameters::builder(name)
        .dangerous_accept_invalid_certs(tls.insecure_skip_verify)
        .dangerous_accept_invalid_hostnames(tls.insecure_skip_verify);
    if tls.version_min == Some(TlsVersion::Tls13) {
        builder = builder.set_min_tls_version(SmtpTlsVersion::Tlsv13);
    }
    if let Some(ca) = &tls.ca {
        let ca = Certificate::from_pem(client::tls::inline(ca).as_bytes())?;
        builder = builder.certificate_store(CertificateStore::None).add_root_certificate(ca);
    }
    if let Some((certificate, key)) = &tls.identity {
        let chain = client::tls::chain("cert", client::tls::inline(certificate))?;
        let first = chain.first().ok_or(TlsError::NoCertificate("cert"))?;
        // lettre takes the certificate as it goes over the wire, and one only.
        let identity = Identity::from_pem(first, client::tls::inline(key).as_bytes())?;
        builder = builder.identify_with(identity);
    }
    Ok(builder.build()?)
}

/// A `tls_config` that cannot be used for mail.
#[derive(Debug, thiserror::Error)]
enum MailTlsError {
    #[error(transparent)]
    Config(#[from] TlsError),
    #[error(transparent)]
    Smtp(#[from] SmtpError),
}

async fn hand_over(
    connection: &mut AsyncSmtpConnection,
    mail: &Mail,
    bytes: &[u8],
) -> Result<String, Failure> {
    let ascii = |address: &Address| address.to_string().is_ascii();
    let plain = mail.from.iter().chain(&mail.to).all(ascii);
    let options = if plain { Vec::new() } else { vec![MailParameter::SmtpUtfEight] };
    connection
        .command(MailCommand::new(mail.from.clone(), options))
        .await
        .map_err(Failure::at("name the sender"))?;

    let mut refused = Vec::new();
    for recipient in &mail.to {
        match connection.command(Rcpt::new(recipient.clone(), Vec::new())).await {
            Ok(_) => {}
            Err(error) if error.is_permanent() => refused.push(chain(&error)),
            Err(error) => return Err(Failure::at("name a recipient")(error)),
        }
    }
    if refused.len() == mail.to.len() {
        let words = refused.into_iter().next().unwrap_or_default();
        return Err(Failure { step: "name a recipient", cause: Cause::Refused(words) });
    }

    connection.command(Data).await.map_err(Failure::at("begin the mail"))?;
    let reply = connection.message(bytes).await.map_err(Failure::at("hand the mail over"))?;
    let words = excerpt(&reply.message().collect::<Vec<_>>().join(" "));
    if refused.is_empty() {
        return Ok(words);
    }
    tracing::warn!(
        server = mail.server.host,
        refused = refused.len(),
        first = excerpt(&refused[0]),
        "a mail reached only some of its recipients"
    );
    Ok(words)
}

/// Puts a mail into bytes: the same mail makes the same bytes.
fn compose(mail: &Mail) -> Result<Vec<u8>, String> {
    let mut builder = lettre::Message::builder();
    for (name, text) in &mail.headers {
        builder = header(builder, name, text)?;
    }
    let envelope = lettre::address::Envelope::new(mail.from.clone(), mail.to.clone())
        .map_err(|error| chain(&error))?;
    let builder = builder.envelope(envelope);
    let text = SinglePart::plain(mail.text.clone());
    let message = match &mail.html {
        None => builder.singlepart(text),
        Some(html) => {
            // The last part is the one that a reader prefers.
            let parts = MultiPart::builder()
                .kind(lettre::message::MultiPartKind::Alternative)
                .boundary(&mail.boundary)
                .singlepart(text)
                .singlepart(SinglePart::html(html.clone()));
            builder.multipart(parts)
        }
    };
    message.map(|message| message.formatted()).map_err(|error| chain(&error))
}

/// Adds a header. Addresses are encoded in another way than words.
fn header(builder: MessageBuilder, name: &str, text: &str) -> Result<MessageBuilder, String> {
    if let Ok(list) = text.parse::<Mailboxes>() {
        match name.to_ascii_lowercase().as_str() {
            "from" => return Ok(builder.header(FromHeader::from(list))),
            "to" => return Ok(builder.header(ToHeader::from(list))),
            "cc" => return Ok(builder.header(Cc::from(list))),
            "bcc" => return Ok(builder.header(Bcc::from(list))),
            "reply-to" => return Ok(builder.header(ReplyTo::from(list))),
            _ => {}
        }
    }
    let name = HeaderName::new_from_ascii(name.to_owned())
        .map_err(|_| format!("`{name}` cannot be the name of a mail header"))?;
    Ok(builder.raw_header(HeaderValue::new(name, text.to_owned())))
}

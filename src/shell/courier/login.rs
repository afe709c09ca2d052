//! Logging in to a mail server: by the first mechanism it names that there is a password for, as
//! Alertmanager does.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac};
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::AsyncSmtpConnection;
use lettre::transport::smtp::commands::Ehlo;
use lettre::transport::smtp::extension::ClientId;
use lettre::transport::smtp::response::Response;
use md5::Md5;

use super::email::{Cause, Failure};
use crate::domain::notification::message::SmtpServer;
use crate::domain::notification::receiver::SmtpAuth;

/// Hosts to which a password may go without TLS; as in Go, on which Alertmanager relies.
const HERE: [&str; 3] = ["localhost", "127.0.0.1", "::1"];

/// Tells a server who we are. One that does not ask is told nothing.
pub(super) async fn log_in(
    connection: &mut AsyncSmtpConnection,
    server: &SmtpServer,
    auth: &SmtpAuth,
) -> Result<(), Failure> {
    let offered = offered(connection, server).await?;
    if offered.is_empty() {
        return Ok(());
    }
    let usable = offered.iter().find(|name| match name.as_str() {
        "CRAM-MD5" => !auth.secret.reveal().is_empty(),
        "PLAIN" | "LOGIN" => !auth.password.reveal().is_empty(),
        _ => false,
    });
    match usable.map(String::as_str) {
        Some("CRAM-MD5") => cram_md5(connection, auth).await,
        Some("PLAIN") if connection.is_encrypted() || HERE.contains(&server.host.as_str()) => {
            plain(connection, auth).await
        }
        Some("PLAIN") => {
            Err(lacking("without TLS the password would be read by everybody on the way"))
        }
        Some(_) => {
            let password = auth.password.reveal().to_owned();
            let credentials = Credentials::new(auth.username.clone(), password);
            let answer = connection.auth(&[Mechanism::Login], &credentials).await;
            answer.map(|_| ()).map_err(denied)
        }
        None => {
            let names = offered.join(", ");
            Err(lacking(&format!("there is no password for what the server offers: {names}")))
        }
    }
}

/// The names of the mechanisms, in the server's order. It is asked again, because the connection
/// keeps only those that it knows itself.
async fn offered(
    connection: &mut AsyncSmtpConnection,
    server: &SmtpServer,
) -> Result<Vec<String>, Failure> {
    let hello = Ehlo::new(ClientId::Domain(server.hello.clone()));
    let answer = connection.command(hello).await.map_err(Failure::at("log in"))?;
    let lines = answer.message().filter_map(|line| {
        let (word, rest) = line.split_once([' ', '='])?;
        word.eq_ignore_ascii_case("AUTH").then_some(rest)
    });
    let mut names = Vec::new();
    for name in lines.flat_map(str::split_whitespace).map(str::to_ascii_uppercase) {
        // Old servers say it twice, in two spellings.
        if !names.contains(&name) {
            names.push(name);
        }
    }
    Ok(names)
}

/// RFC 4616: for whom, who, and the password.
async fn plain(connection: &mut AsyncSmtpConnection, auth: &SmtpAuth) -> Result<(), Failure> {
    let words = format!("{}\0{}\0{}", auth.identity, auth.username, auth.password.reveal());
    say(connection, &format!("AUTH PLAIN {}", STANDARD.encode(words))).await.map(|_| ())
}

/// RFC 2195: the server says something new each time, and wants it back keyed with the secret.
async fn cram_md5(connection: &mut AsyncSmtpConnection, auth: &SmtpAuth) -> Result<(), Failure> {
    let answer = say(connection, "AUTH CRAM-MD5").await?;
    let challenge = answer.first_word().and_then(|word| STANDARD.decode(word).ok());
    let Some(challenge) = challenge else {
        return Err(lacking("the server's challenge is none"));
    };
    let mut keyed = Hmac::<Md5>::new_from_slice(auth.secret.reveal().as_bytes())
        .expect("HMAC takes a key of any length");
    keyed.update(&challenge);
    let words = format!("{} {:x}", auth.username, keyed.finalize().into_bytes());
    say(connection, &STANDARD.encode(words)).await.map(|_| ())
}

async fn say(connection: &mut AsyncSmtpConnection, line: &str) -> Result<Response, Failure> {
    connection.command(format!("{line}\r\n")).await.map_err(denied)
}

fn denied(error: lettre::transport::smtp::Error) -> Failure {
    Failure { step: "log in", cause: Cause::Denied(error) }
}

fn lacking(what: &str) -> Failure {
    Failure { step: "log in", cause: Cause::Lacking(what.to_owned()) }
}

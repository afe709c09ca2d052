//! Whether a port takes connections, and what is said there.

use std::io;

use regex::Regex;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::up;
use crate::domain::event::poll::{Listener, Sample, TcpProbe};
use crate::domain::value::Span;
use crate::shell::clock::Stopwatch;

/// What was expected must come within so much.
const ANSWER_BYTES_MAX: usize = 64 << 10;

pub(super) async fn ask(probe: &TcpProbe, timeout: Span) -> Vec<Sample> {
    let watch = Stopwatch::start();
    let talked = tokio::time::timeout(timeout.duration(), talk(probe)).await;
    let talked = talked.unwrap_or_else(|_| Err(format!("nothing within {timeout}")));
    up(talked.as_ref().map(|()| watch.elapsed()).map_err(String::as_str), timeout)
}

pub(super) async fn connect(address: &Listener) -> io::Result<TcpStream> {
    TcpStream::connect((address.host.as_str(), address.port)).await
}

async fn talk(probe: &TcpProbe) -> Result<(), String> {
    let connected = connect(&probe.address).await;
    let mut stream = connected.map_err(|error| format!("no connection: {error}"))?;
    let sent = stream.write_all(probe.send.reveal().as_bytes()).await;
    sent.map_err(|error| format!("failed to send: {error}"))?;
    match &probe.expect {
        Some(expect) => hear(&mut stream, expect).await,
        None => Ok(()),
    }
}

async fn hear(stream: &mut TcpStream, expect: &Regex) -> Result<(), String> {
    let mut heard = Vec::new();
    let mut chunk = [0; 4 << 10];
    while heard.len() < ANSWER_BYTES_MAX {
        let read = stream.read(&mut chunk).await;
        let bytes = read.map_err(|error| format!("the connection broke: {error}"))?;
        if bytes == 0 {
            break;
        }
        heard.extend_from_slice(&chunk[..bytes]);
        if expect.is_match(&String::from_utf8_lossy(&heard)) {
            return Ok(());
        }
    }
    let said = String::from_utf8_lossy(&heard);
    let line: String = said.lines().next().unwrap_or_default().chars().take(120).collect();
    Err(format!("what was answered does not match `expect`: {line}"))
}

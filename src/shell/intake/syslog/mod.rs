//! Listens for syslog: datagrams (RFC 5426), streams (RFC 6587), streams under TLS (RFC 5425).
//!
//! Whoever sends on a stream waits while we are busy; a datagram that finds no room is lost, and
//! counted.

mod frame;
#[cfg(test)]
mod tests;

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::net::{TcpListener, UdpSocket};
use tokio::sync::{mpsc, watch};
use tokio::time::{sleep, timeout};

use super::http::{Attempt, Turned};
use super::inlet::Inlet;
use super::listener::{self, Tls};
use crate::domain::event::adapter::kind::syslog::{self, Rules};
use crate::domain::event::adapter::{Kind, Read};
use crate::domain::value::Span;
use crate::shell::handle::NotTaken;
use frame::Decoder;

/// Messages that are taken in together, with one flush of the disk.
const BATCH_MAX: usize = 512;
/// Datagrams that may wait for that.
const WAITING_MAX: usize = 8_192;
/// A datagram can be no longer.
const DATAGRAM_BYTES_MAX: usize = 64 << 10;
/// Bytes that are read from a stream at once.
const READ_BYTES: usize = 32 << 10;
/// A stream on which nothing comes for so long is closed.
const QUIET_MS_MAX: Span = Span::hours(2);
/// How often a batch of a stream is tried while there is no room, and what is waited in between.
const TRIES_MAX: usize = 60;
const AGAIN_MS: Span = Span::seconds(1);

/// A message and who sent it.
type Said = (Vec<u8>, Arc<str>);

/// Takes datagrams until `stop` turns true; what has come by then is taken in.
pub async fn datagrams(socket: UdpSocket, inlet: Inlet, mut stop: watch::Receiver<bool>) {
    let (queue, mut waiting) = mpsc::channel::<Said>(WAITING_MAX);
    let writer = tokio::spawn({
        let inlet = inlet.clone();
        async move {
            let mut batch = Vec::new();
            while waiting.recv_many(&mut batch, BATCH_MAX).await > 0 {
                if let Err(turned) = hand_in(&inlet, &batch, Attempt::First).await {
                    inlet.lost(&turned, batch.len());
                }
                batch.clear();
            }
        }
    });
    let mut buffer = vec![0; DATAGRAM_BYTES_MAX];
    loop {
        let received = tokio::select! {
            received = socket.recv_from(&mut buffer) => received,
            _ = stop.wait_for(|stop| *stop) => break,
        };
        match received {
            Ok((length, peer)) => {
                if !inlet.listens_to(peer) {
                    continue;
                }
                if queue.try_send((buffer[..length].to_vec(), host(peer))).is_err() {
                    inlet.dropped("queue_full", 1);
                }
            }
            Err(error) => {
                tracing::warn!(%error, source = inlet.source(), "failed to receive");
                sleep(AGAIN_MS.duration()).await;
            }
        }
    }
    drop(queue);
    let _ = writer.await;
}

/// Takes streams until `stop` turns true. With TLS, nothing else is spoken.
pub async fn streams(
    listener: TcpListener,
    inlet: Inlet,
    tls: Option<Tls>,
    stop: watch::Receiver<bool>,
) {
    let until = stop.clone();
    let each = inlet.clone();
    listener::accept(listener, inlet, stop, move |stream, peer| {
        let (inlet, stop) = (each.clone(), until.clone());
        let tls = tls.as_ref().map(|tls| tls.borrow().clone());
        async move {
            match tls {
                None => read(stream, host(peer), &inlet, stop).await,
                Some(Some(tls)) => {
                    if let Some(stream) = listener::handshake(stream, tls, (&inlet, peer)).await {
                        read(stream, host(peer), &inlet, stop).await;
                    }
                }
                Some(None) => {}
            }
        }
    })
    .await;
}

/// Takes one stream in until it ends or `stop` turns true; `peer` is the host that it comes from.
/// Each batch is on disk before more is read.
pub async fn read(
    mut stream: impl AsyncRead + Unpin,
    peer: Arc<str>,
    inlet: &Inlet,
    mut stop: watch::Receiver<bool>,
) {
    let mut decoder = Decoder::default();
    let mut buffer = vec![0; READ_BYTES];
    loop {
        let length = tokio::select! {
            read = timeout(QUIET_MS_MAX.duration(), stream.read(&mut buffer)) => match read {
                Ok(Ok(length)) => length,
                Ok(Err(_)) | Err(_) => 0,
            },
            _ = stop.wait_for(|stop| *stop) => 0,
        };
        let mut messages = Vec::new();
        let cut = decoder.push(&buffer[..length], &mut messages);
        if cut > 0 {
            inlet.dropped("cut", cut);
        }
        if length == 0 {
            messages.extend(std::mem::take(&mut decoder).finish());
        }
        let batch: Vec<Said> =
            messages.into_iter().map(|message| (message, Arc::clone(&peer))).collect();
        for batch in batch.chunks(BATCH_MAX) {
            insist(inlet, batch, &stop).await;
        }
        if length == 0 {
            return;
        }
    }
}

/// Tries again while there is no room: meanwhile the sender's stream fills up, and it waits.
async fn insist(inlet: &Inlet, batch: &[Said], stop: &watch::Receiver<bool>) {
    let mut tries = 0;
    let mut attempt = Attempt::First;
    while let Err(turned) = hand_in(inlet, batch, attempt).await {
        tries += 1;
        if matches!(turned, Turned::TooFast { .. }) {
            attempt = Attempt::Again;
        }
        let full =
            matches!(turned, Turned::TooFast { .. } | Turned::NotTaken(NotTaken::Overloaded));
        if !full || tries == TRIES_MAX || *stop.borrow() {
            inlet.lost(&turned, batch.len());
            return;
        }
        sleep(AGAIN_MS.duration()).await;
    }
}

async fn hand_in(inlet: &Inlet, batch: &[Said], attempt: Attempt) -> Result<(), Turned> {
    let taken = inlet.admit_again(attempt, |intake, context| {
        let usual = Rules::default();
        let rules = match &intake.kind {
            Kind::Syslog(rules) => rules,
            _ => &usual,
        };
        let mut read = Read::default();
        for (at, (message, peer)) in batch.iter().enumerate() {
            syslog::read_frame(rules, message, peer, at, context, &mut read);
        }
        Ok(read)
    });
    taken.await.map(|_| ())
}

/// The address without the port, an IPv4 address as such.
fn host(peer: SocketAddr) -> Arc<str> {
    peer.ip().to_canonical().to_string().into()
}

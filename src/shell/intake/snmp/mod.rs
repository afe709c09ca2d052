//! Listens for SNMP traps of versions 1, 2c and 3. An inform is answered once what it says is on disk.

#[cfg(test)]
mod tests;

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::net::UdpSocket;
use tokio::sync::{mpsc, watch};
use tokio::time::sleep;

use super::http::Turned;
use super::inlet::Inlet;
use crate::domain::event::adapter::kind::snmp::{self, Engine, Refusal, Rules};
use crate::domain::event::adapter::{Kind, Read};
use crate::domain::value::Span;
use crate::shell::clock::{self, Stopwatch};

/// Traps that are taken in together, with one flush of the disk.
const BATCH_MAX: usize = 256;
/// Traps that may wait for that.
const WAITING_MAX: usize = 4_096;
/// A datagram can be no longer.
const DATAGRAM_BYTES_MAX: usize = 64 << 10;
/// What is waited after a failure to receive.
const AGAIN_MS: Span = Span::seconds(1);

/// Where the count of our starts begins: 2026-01-01. It only has to grow (RFC 3414, 2.2.2).
const BOOTS_BEGIN_SECONDS: i64 = 1_767_225_600;

/// A trap of version 1 or 2c, or what one of version 3 has become.
struct Said {
    packet: Vec<u8>,
    /// What is sent back once it is on disk.
    answer: Option<Vec<u8>>,
    peer: SocketAddr,
}

/// Takes datagrams until `stop` turns true; what has come by then is taken in.
pub async fn datagrams(socket: UdpSocket, inlet: Inlet, mut stop: watch::Receiver<bool>) {
    let socket = Arc::new(socket);
    let (queue, mut waiting) = mpsc::channel::<Said>(WAITING_MAX);
    let writer = tokio::spawn({
        let (inlet, socket) = (inlet.clone(), Arc::clone(&socket));
        async move {
            let mut batch = Vec::new();
            while waiting.recv_many(&mut batch, BATCH_MAX).await > 0 {
                match hand_in(&inlet, &batch).await {
                    Ok(()) => answer(&socket, &batch).await,
                    // Who informs asks again; a trap is lost.
                    Err(turned) => inlet.lost(&turned, batch.len()),
                }
                batch.clear();
            }
        }
    });
    let mut door = Door::new(inlet.source());
    let mut buffer = vec![0; DATAGRAM_BYTES_MAX];
    loop {
        let received = tokio::select! {
            received = socket.recv_from(&mut buffer) => received,
            _ = stop.wait_for(|stop| *stop) => break,
        };
        match received {
            Ok((length, peer)) => {
                let (said, report) = door.pass(&inlet, &buffer[..length], peer);
                if let Some(report) = report {
                    send(&socket, &report, peer).await;
                }
                if said.is_some_and(|said| queue.try_send(said).is_err()) {
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

/// Looks at who sends before there is any work.
struct Door {
    engine: Engine,
    since: Stopwatch,
}

impl Door {
    fn new(source: &str) -> Self {
        let boots = (clock::now().0 / 1_000 - BOOTS_BEGIN_SECONDS).max(1);
        let boots = u32::try_from(boots).unwrap_or(u32::MAX >> 1);
        Self { engine: Engine::new(source, boots), since: Stopwatch::start() }
    }

    /// What is let in, and what is reported back. What is refused gets no answer beyond that.
    fn pass(
        &mut self,
        inlet: &Inlet,
        packet: &[u8],
        peer: SocketAddr,
    ) -> (Option<Said>, Option<Vec<u8>>) {
        if !inlet.listens_to(peer) {
            return (None, None);
        }
        let said = |packet: Vec<u8>, answer| Some(Said { packet, answer, peer });
        let Some(intake) = inlet.intake() else { return (None, None) };
        if let Some(community) = snmp::community(packet) {
            if intake.takes_community(community) {
                return (said(packet.to_vec(), snmp::answer(packet)), None);
            }
            inlet.refused("community", peer);
            return (None, None);
        }
        if intake.snmp_users.is_empty() {
            // What it is, and that it is not read, is said with those that are read.
            return (said(packet.to_vec(), None), None);
        }
        self.engine.set_users(&intake.snmp_users);
        let time = u32::try_from(self.since.elapsed().0 / 1_000).unwrap_or(u32::MAX >> 1);
        let judged = self.engine.judge(packet, time);
        match judged.packet {
            Ok(packet) => (said(packet, judged.answer), None),
            Err(Refusal::Discovery) => (None, judged.answer),
            Err(why) => {
                inlet.refused(why.reason(), peer);
                (None, judged.answer)
            }
        }
    }
}

async fn hand_in(inlet: &Inlet, batch: &[Said]) -> Result<(), Turned> {
    let taken = inlet.admit(|intake, context| {
        let usual = Rules::default();
        let rules = match &intake.kind {
            Kind::Snmp(rules) => rules,
            _ => &usual,
        };
        let mut read = Read::default();
        for (at, Said { packet, peer, .. }) in batch.iter().enumerate() {
            let peer = peer.ip().to_canonical().to_string();
            if let Err(why) = snmp::read_packet(rules, packet, &peer, at, context, &mut read) {
                tracing::debug!(%why, peer, "a datagram was refused");
                inlet.dropped("unreadable", 1);
            }
        }
        Ok(read)
    });
    taken.await.map(|_| ())
}

async fn answer(socket: &UdpSocket, batch: &[Said]) {
    for Said { answer, peer, .. } in batch {
        if let Some(answer) = answer {
            send(socket, answer, *peer).await;
        }
    }
}

async fn send(socket: &UdpSocket, answer: &[u8], peer: SocketAddr) {
    if let Err(error) = socket.send_to(answer, peer).await {
        tracing::debug!(%error, %peer, "a sender was not answered");
    }
}

//! Listens for SNMP traps. An inform is answered once what it says is on disk.

#[cfg(test)]
mod tests;

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::net::UdpSocket;
use tokio::sync::{mpsc, watch};
use tokio::time::sleep;

use super::http::Turned;
use super::inlet::Inlet;
use crate::domain::event::adapter::kind::snmp::{self, Rules};
use crate::domain::event::adapter::{Kind, Read};
use crate::domain::value::Span;

/// Traps that are taken in together, with one flush of the disk.
const BATCH_MAX: usize = 256;
/// Traps that may wait for that.
const WAITING_MAX: usize = 4_096;
/// A datagram can be no longer.
const DATAGRAM_BYTES_MAX: usize = 64 << 10;
/// What is waited after a failure to receive.
const AGAIN_MS: Span = Span::seconds(1);

/// Takes datagrams until `stop` turns true; what has come by then is taken in.
pub async fn datagrams(socket: UdpSocket, inlet: Inlet, mut stop: watch::Receiver<bool>) {
    let socket = Arc::new(socket);
    let (queue, mut waiting) = mpsc::channel::<(Vec<u8>, SocketAddr)>(WAITING_MAX);
    let writer = tokio::spawn({
        let (inlet, socket) = (inlet.clone(), Arc::clone(&socket));
        async move {
            let mut batch = Vec::new();
            while waiting.recv_many(&mut batch, BATCH_MAX).await > 0 {
                match hand_in(&inlet, &batch).await {
                    Ok(()) => answer(&socket, &batch).await,
                    // Who informs asks again; a trap is lost.
                    Err(turned) => inlet.dropped(turned.reason(), batch.len()),
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
                let packet = &buffer[..length];
                if !may_send(&inlet, packet, peer) {
                    continue;
                }
                if queue.try_send((packet.to_vec(), peer)).is_err() {
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

/// Looks at who sends before there is any work: what is refused is not answered, either.
fn may_send(inlet: &Inlet, packet: &[u8], peer: SocketAddr) -> bool {
    if !inlet.listens_to(peer) {
        return false;
    }
    let (Some(intake), Some(community)) = (inlet.intake(), snmp::community(packet)) else {
        return true;
    };
    let takes = intake.takes_community(community);
    if !takes {
        inlet.refused("community", peer);
    }
    takes
}

async fn hand_in(inlet: &Inlet, batch: &[(Vec<u8>, SocketAddr)]) -> Result<(), Turned> {
    let taken = inlet.admit(|intake, context| {
        let usual = Rules::default();
        let rules = match &intake.kind {
            Kind::Snmp(rules) => rules,
            _ => &usual,
        };
        let mut read = Read::default();
        for (at, (packet, peer)) in batch.iter().enumerate() {
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

async fn answer(socket: &UdpSocket, batch: &[(Vec<u8>, SocketAddr)]) {
    for (packet, peer) in batch {
        if let Some(answer) = snmp::answer(packet)
            && let Err(error) = socket.send_to(&answer, peer).await
        {
            tracing::debug!(%error, %peer, "an inform was not answered");
        }
    }
}

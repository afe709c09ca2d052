//! Whether a host answers echo requests: by ping sockets, which need no privilege where
//! `net.ipv4.ping_group_range` allows them, or by raw sockets, which need `CAP_NET_RAW`.

use std::io;
use std::net::{IpAddr, SocketAddr};

use socket2::{Domain, Protocol, Socket, Type};
use tokio::net::UdpSocket;
use tokio::time::{Instant, sleep_until, timeout_at};

use super::{Unanswered, number};
use crate::domain::event::poll::{IcmpProbe, Sample};
use crate::domain::value::Span;
use crate::shell::clock::Stopwatch;

/// Between two requests; less is for root only with ping, too.
const PAUSE: Span = Span(200);

/// What every request carries.
const PAYLOAD: &[u8; 32] = b"incidentd asks whether you hear.";

/// The largest answer: a header of IPv4 with options, ours, and the payload.
const ANSWER_BYTES_MAX: usize = 256;

/// Errors of a machine that does not let us, where `EACCES` and `EPERM` are one kind.
const DENIED: io::ErrorKind = io::ErrorKind::PermissionDenied;

pub(super) async fn ask(probe: &IcmpProbe, timeout: Span) -> Result<Vec<Sample>, Unanswered> {
    let address = match look_up(&probe.host).await {
        Ok(address) => address,
        Err(source) => return Err(Unanswered::LookUp { host: probe.host.clone(), source }),
    };
    let line = Line::open(address)?;
    let end = Instant::now() + timeout.duration();
    let mut round_trips: Vec<f64> = Vec::new();
    for sequence in 1..=probe.count {
        let watch = Stopwatch::start();
        let pause = Instant::now() + PAUSE.duration();
        // What cannot be sent, such as without a route, is lost like what is not answered.
        let sent = line.socket.send(&line.request(sequence)).await;
        // The last one has all the time there is; the others until the next one goes out.
        let until = if sequence == probe.count { end } else { pause.min(end) };
        if sent.is_ok()
            && let Ok(true) = timeout_at(until, line.answered(sequence)).await
        {
            round_trips.push(watch.seconds() * 1_000.0);
        }
        if sequence < probe.count {
            sleep_until(pause.min(end)).await;
        }
    }
    Ok(samples(&round_trips, probe.count, timeout))
}

fn samples(round_trips: &[f64], count: u16, timeout: Span) -> Vec<Sample> {
    let answered = number(round_trips.len() as u64);
    let loss = 100.0 - answered * 100.0 / f64::from(count);
    let (up, why) = match round_trips {
        [] => (0.0, "no answer"),
        _ => (1.0, ""),
    };
    let mean = round_trips.iter().sum::<f64>() / answered;
    let latency = if round_trips.is_empty() { number(timeout.0) } else { mean };
    vec![
        Sample::measure("up", Some(up)).noting("error", why),
        Sample::measure("latency_ms", Some(latency)),
        Sample::measure("loss_percent", Some(loss)),
    ]
}

async fn look_up(host: &str) -> io::Result<IpAddr> {
    let mut found = tokio::net::lookup_host((host, 0)).await?;
    let first = found.next().map(|address| address.ip());
    first.ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, "it has none"))
}

/// A socket to one host.
struct Line {
    socket: UdpSocket,
    is_v6: bool,
    /// Raw sockets hear every answer to this machine, and the kernel adds no number of its own.
    is_raw: bool,
    number: u16,
}

impl Line {
    fn open(address: IpAddr) -> Result<Self, Unanswered> {
        let is_v6 = address.is_ipv6();
        let (domain, protocol) =
            if is_v6 { (Domain::IPV6, Protocol::ICMPV6) } else { (Domain::IPV4, Protocol::ICMPV4) };
        let (socket, is_raw) = match Socket::new(domain, Type::DGRAM, Some(protocol)) {
            Ok(socket) => (socket, false),
            Err(denied) if denied.kind() == DENIED => {
                let raw = Socket::new(domain, Type::RAW, Some(protocol));
                (raw.map_err(|_| Unanswered::PingNotPermitted(denied))?, true)
            }
            Err(error) => return Err(Unanswered::Socket(error)),
        };
        let ready = || {
            socket.set_nonblocking(true)?;
            socket.connect(&SocketAddr::new(address, 0).into())
        };
        ready().map_err(Unanswered::Socket)?;
        let socket = UdpSocket::from_std(socket.into()).map_err(Unanswered::Socket)?;
        Ok(Self { socket, is_v6, is_raw, number: own_number() })
    }

    /// An echo request (RFC 792, RFC 4443).
    fn request(&self, sequence: u16) -> Vec<u8> {
        let kind = if self.is_v6 { 128 } else { 8 };
        let mut packet = vec![kind, 0, 0, 0];
        packet.extend_from_slice(&self.number.to_be_bytes());
        packet.extend_from_slice(&sequence.to_be_bytes());
        packet.extend_from_slice(PAYLOAD);
        // For version 6 the kernel does it, which knows the addresses that are part of it.
        if !self.is_v6 {
            let sum = checksum(&packet).to_be_bytes();
            packet[2..4].copy_from_slice(&sum);
        }
        packet
    }

    /// Waits for the answer to a request; false if the host says that there is no way.
    async fn answered(&self, sequence: u16) -> bool {
        let mut bytes = [0; ANSWER_BYTES_MAX];
        loop {
            let Ok(length) = self.socket.recv(&mut bytes).await else { return false };
            if self.is_answer(&bytes[..length], sequence) {
                return true;
            }
        }
    }

    fn is_answer(&self, packet: &[u8], sequence: u16) -> bool {
        // Raw sockets of version 4 give the header of IP, too: its length stands in its first byte.
        let header = match packet.first() {
            Some(first) if self.is_raw && !self.is_v6 => usize::from(first & 0x0f) * 4,
            _ => 0,
        };
        let kind = if self.is_v6 { 129 } else { 0 };
        let Some([first, _, _, _, number @ .., s0, s1]) = packet.get(header..header + 8) else {
            return false;
        };
        let ours = !self.is_raw || number == self.number.to_be_bytes();
        *first == kind && ours && u16::from_be_bytes([*s0, *s1]) == sequence
    }
}

/// Tells requests of one machine apart: each line has another number.
fn own_number() -> u16 {
    use std::sync::atomic::{AtomicU16, Ordering};
    static NEXT: AtomicU16 = AtomicU16::new(0x1d);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

/// The checksum of the Internet (RFC 1071).
fn checksum(bytes: &[u8]) -> u16 {
    let words = bytes
        .chunks(2)
        .map(|pair| u32::from(pair[0]) << 8 | u32::from(pair.get(1).copied().unwrap_or_default()));
    let sum: u32 = words.sum();
    let folded = (sum & 0xffff) + (sum >> 16);
    let folded = (folded & 0xffff) + (folded >> 16);
    !u16::try_from(folded & 0xffff).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_checksum_makes_the_sum_nothing() {
        let mut packet = vec![8, 0, 0, 0, 0x12, 0x34, 0, 1, 0xff, 0xff, 0xab];
        let sum = checksum(&packet);
        packet[2..4].copy_from_slice(&sum.to_be_bytes());
        assert_eq!(checksum(&packet), 0);
    }

    #[test]
    fn losses_are_a_share_of_what_was_sent() {
        let said = |round_trips: &[f64], count| {
            let samples = samples(round_trips, count, Span::seconds(5));
            samples.iter().map(|sample| sample.value.unwrap()).collect::<Vec<f64>>()
        };
        assert_eq!(said(&[1.0, 3.0], 4), [1.0, 2.0, 50.0]);
        assert_eq!(said(&[], 3), [0.0, 5_000.0, 100.0]);
        assert_eq!(said(&[0.5], 1), [1.0, 0.5, 0.0]);
    }

    #[tokio::test]
    async fn this_machine_hears_itself() {
        let probe = IcmpProbe { host: "127.0.0.1".to_owned(), count: 2 };
        match ask(&probe, Span::seconds(5)).await {
            Ok(samples) => {
                assert_eq!(samples[0].value, Some(1.0), "{samples:?}");
                assert_eq!(samples[2].value, Some(0.0), "{samples:?}");
            }
            Err(error @ Unanswered::PingNotPermitted(_)) => {
                assert!(error.to_string().contains("ping_group_range"), "{error}");
            }
            Err(error) => panic!("{}", crate::shell::chain(&error)),
        }
    }
}

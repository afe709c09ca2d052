//! Flags about Alertmanager's cluster. There is one node and no gossip: what is asked for is shown
//! to clients that look for a cluster, and the rest is taken so that a unit file still starts.

use clap::Args;
use sha2::{Digest, Sha256};

use super::go_duration;
use crate::domain::value::{Span, Timestamp};
use crate::shell::api::Peer;

/// What the command line says of a cluster.
#[derive(Debug, Clone, Args)]
pub struct ClusterFlags {
    /// Show this daemon as a cluster of one that listens here; empty or left out for none.
    #[arg(long = "cluster.listen-address", value_name = "HOST:PORT")]
    pub listen_address: Option<String>,
    /// Address that the cluster of one shows.
    #[arg(long = "cluster.advertise-address", value_name = "HOST:PORT")]
    pub advertise_address: Option<String>,
    /// Name that the cluster of one shows; made up at the start unless given.
    #[arg(long = "cluster.peer-name", value_name = "NAME")]
    pub peer_name: Option<String>,
    /// Peers of Alertmanager. They are not spoken to.
    #[arg(long = "cluster.peer", hide = true)]
    pub peers: Vec<String>,
    #[arg(long = "cluster.peer-timeout", hide = true, value_parser = go_duration)]
    peer_timeout: Option<Span>,
    #[arg(long = "cluster.peers-resolve-timeout", hide = true, value_parser = go_duration)]
    peers_resolve_timeout: Option<Span>,
    #[arg(long = "cluster.settle-timeout", hide = true, value_parser = go_duration)]
    settle_timeout: Option<Span>,
    #[arg(long = "cluster.gossip-interval", hide = true, value_parser = go_duration)]
    gossip_interval: Option<Span>,
    #[arg(long = "cluster.pushpull-interval", hide = true, value_parser = go_duration)]
    pushpull_interval: Option<Span>,
    #[arg(long = "cluster.tcp-timeout", hide = true, value_parser = go_duration)]
    tcp_timeout: Option<Span>,
    #[arg(long = "cluster.probe-timeout", hide = true, value_parser = go_duration)]
    probe_timeout: Option<Span>,
    #[arg(long = "cluster.probe-interval", hide = true, value_parser = go_duration)]
    probe_interval: Option<Span>,
    #[arg(long = "cluster.reconnect-interval", hide = true, value_parser = go_duration)]
    reconnect_interval: Option<Span>,
    #[arg(long = "cluster.reconnect-timeout", hide = true, value_parser = go_duration)]
    reconnect_timeout: Option<Span>,
    #[arg(long = "cluster.tls-config", hide = true)]
    tls_config: Option<String>,
    #[arg(long = "cluster.label", hide = true)]
    label: Option<String>,
    #[arg(
        long = "cluster.allow-insecure-public-advertise-address-discovery",
        hide = true,
        overrides_with = "no_allow_insecure"
    )]
    allow_insecure: bool,
    #[arg(
        long = "no-cluster.allow-insecure-public-advertise-address-discovery",
        hide = true,
        overrides_with = "allow_insecure"
    )]
    no_allow_insecure: bool,
}

impl ClusterFlags {
    /// The cluster of one that clients are shown, if one is asked for.
    pub fn peer(&self, started: Timestamp, process: u32) -> Option<Peer> {
        let listens = self.listen_address.as_deref().filter(|address| !address.is_empty())?;
        let advertised = self.advertise_address.as_deref().filter(|address| !address.is_empty());
        let given = self.peer_name.as_deref().filter(|name| !name.is_empty());
        Some(Peer {
            name: given.map_or_else(|| ulid(started, process), str::to_owned),
            address: advertised.unwrap_or(listens).to_owned(),
        })
    }
}

/// A name as Alertmanager's peers give themselves (ULID): 48 bits of time, 80 bits that differ from
/// process to process, in Crockford's base 32.
fn ulid(started: Timestamp, process: u32) -> String {
    const LETTERS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    const LETTERS_MAX: u32 = 26;
    let started = u64::try_from(started.0).unwrap_or(0);
    let hash = Sha256::digest(format!("{started} {process}"));
    let low = hash.iter().take(10).fold(0_u128, |bits, byte| bits << 8 | u128::from(*byte));
    let bits = u128::from(started & ((1 << 48) - 1)) << 80 | low;
    let letter = |place: u32| {
        let index = usize::try_from(bits >> (5 * place) & 31).expect("five bits");
        char::from(LETTERS[index])
    };
    (0..LETTERS_MAX).rev().map(letter).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_made_up_name_is_a_ulid_of_its_start() {
        let name = ulid(Timestamp(1_469_918_176_385), 7);
        assert_eq!((name.len(), &name[..10]), (26, "01ARYZ6S41"), "the time of the specification");
        assert_ne!(name, ulid(Timestamp(1_469_918_176_385), 8));
        assert_eq!(name, ulid(Timestamp(1_469_918_176_385), 7));
    }
}

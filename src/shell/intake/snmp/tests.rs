//! Real sockets on loopback, a real engine behind them.

use std::time::Duration;

use tokio::time::timeout;

use super::*;
use crate::domain::value::Secret;
use crate::shell::intake::testing::Post;

/// A coldStart or an inform of it, of version 2c.
fn packet(community: &str, tag: u8) -> Vec<u8> {
    let element = |tag: u8, inside: &[u8]| {
        let length = u8::try_from(inside.len()).unwrap();
        [&[tag, length], inside].concat()
    };
    let name = element(6, &[0x2b, 6, 1, 6, 3, 1, 1, 4, 1, 0]);
    let cold_start = element(6, &[0x2b, 6, 1, 6, 3, 1, 1, 5, 1]);
    let pair = element(0x30, &[name, cold_start].concat());
    let head = [2, 1, 7, 2, 1, 0, 2, 1, 0];
    let pdu = element(tag, &[&head[..], &element(0x30, &pair)].concat());
    let community = element(4, community.as_bytes());
    element(0x30, &[&[2, 1, 1], &community[..], &pdu].concat())
}

/// Sends datagrams one by one; the last one is an inform that must be answered.
async fn sent(post: &Post, packets: &[Vec<u8>]) -> Vec<u8> {
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let to = socket.local_addr().unwrap();
    let (stop, stopped) = watch::channel(false);
    let running = tokio::spawn(datagrams(socket, post.inlet(), stopped));
    let client = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    for packet in packets {
        client.send_to(packet, to).await.unwrap();
    }
    let mut answer = vec![0; 1_500];
    let length = timeout(Duration::from_secs(10), client.recv(&mut answer)).await.unwrap().unwrap();
    answer.truncate(length);
    stop.send(true).unwrap();
    timeout(Duration::from_secs(10), running).await.unwrap().unwrap();
    answer
}

#[tokio::test]
async fn a_trap_of_another_community_is_dropped_and_its_inform_not_answered() {
    let mut post = Post::new(Kind::named("snmp").unwrap());
    post.intake().communities = vec![Secret::new("west"), Secret::new("east")];
    let packets = [("public", 0xa7), ("wes", 0xa6), ("", 0xa6), ("east", 0xa6)];
    let answer = sent(&post, &packets.map(|(community, tag)| packet(community, tag))).await;
    assert_eq!(answer, packet("east", 0xa2));
    assert_eq!(post.labels("alertname"), ["coldStart"]);
    assert_eq!(post.dropped("community"), 3);
}

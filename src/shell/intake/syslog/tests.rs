//! Real sockets on loopback, a real engine behind them.

use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use super::*;
use crate::domain::event::SOURCE_REFUSED;
use crate::domain::event::adapter::Kind;
use crate::engine::Input;
use crate::shell::intake::http::{Intake, Limits, Rate};
use crate::shell::intake::testing::Post;

async fn sent_by_udp(post: &Post, messages: &[&str]) {
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let to = socket.local_addr().unwrap();
    let (stop, stopped) = watch::channel(false);
    let running = tokio::spawn(datagrams(socket, post.inlet(), stopped));
    let client = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    for message in messages {
        client.send_to(message.as_bytes(), to).await.unwrap();
    }
    post.until(messages.len()).await;
    stop.send(true).unwrap();
    timeout(Duration::from_secs(10), running).await.unwrap().unwrap();
}

#[tokio::test]
async fn a_datagram_is_a_message_and_its_sender_the_host_where_it_names_none() {
    let post = Post::new(Kind::named("syslog").unwrap());
    sent_by_udp(&post, &["<3>disk: gone", "<3>Mar  1 10:00:00 web-1 app[1]: broken"]).await;
    assert_eq!(post.instances(), ["127.0.0.1", "web-1"]);
}

#[tokio::test]
async fn a_stream_is_read_to_its_end() {
    let post = Post::new(Kind::named("syslog").unwrap());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let to = listener.local_addr().unwrap();
    let (stop, stopped) = watch::channel(false);
    let running = tokio::spawn(streams(listener, post.inlet(), None, stopped));
    let mut client = TcpStream::connect(to).await.unwrap();
    client.write_all(b"13 <3>a: one bad<3>b: two\n<3>c: no end").await.unwrap();
    client.shutdown().await.unwrap();
    post.until(3).await;
    stop.send(true).unwrap();
    timeout(Duration::from_secs(10), running).await.unwrap().unwrap();
}

#[tokio::test]
async fn what_comes_from_another_network_is_dropped() {
    let mut post = Post::new(Kind::named("syslog").unwrap());
    post.intake().allow = vec!["192.0.2.0/24".parse().unwrap()];
    let (udp, tcp) = (
        UdpSocket::bind("127.0.0.1:0").await.unwrap(),
        TcpListener::bind("127.0.0.1:0").await.unwrap(),
    );
    let (to_udp, to_tcp) = (udp.local_addr().unwrap(), tcp.local_addr().unwrap());
    let (stop, stopped) = watch::channel(false);
    let inlet = post.inlet();
    let running = [
        tokio::spawn(datagrams(udp, inlet.clone(), stopped.clone())),
        tokio::spawn(streams(tcp, inlet, None, stopped)),
    ];
    let client = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    client.send_to(b"<3>disk: gone", to_udp).await.unwrap();
    let mut client = TcpStream::connect(to_tcp).await.unwrap();
    let closed = timeout(Duration::from_secs(10), client.read(&mut [0])).await.unwrap();
    assert!(matches!(closed, Ok(0) | Err(_)), "{closed:?}");
    let counted = async {
        while post.dropped("network") < 2 {
            tokio::task::yield_now().await;
        }
    };
    timeout(Duration::from_secs(10), counted).await.unwrap();
    stop.send(true).unwrap();
    for running in running {
        timeout(Duration::from_secs(10), running).await.unwrap().unwrap();
    }
    assert!(post.instances().is_empty());
}

#[tokio::test]
async fn what_is_given_up_because_the_source_is_too_fast_is_one_refusal() {
    let mut post = Post::new(Kind::named("syslog").unwrap());
    let rate = Some(Rate { per_second: 1, burst: 1 });
    let limits = Limits { rate, ..Limits::default() };
    *post.intake() = Intake::new("logs", Kind::named("syslog").unwrap(), Vec::new(), limits);
    let inlet = post.inlet();
    let (_stop, stopped) = watch::channel(true);
    let batch = |count: usize| vec![(b"<3>disk: gone".to_vec(), Arc::from("web-1")); count];
    // The bucket is full once, and then empty for longer than this takes.
    insist(&inlet, &batch(1_000), &stopped).await;
    let told = async |refusals: usize| {
        for _ in 0..refusals {
            insist(&inlet, &batch(20), &stopped).await;
        }
        post.handle.submit(Input::Tick).await.unwrap();
        post.labels("alertname").iter().filter(|name| *name == SOURCE_REFUSED).count()
    };
    assert_eq!((told(2).await, post.dropped("rate_limited")), (0, 40));
    assert_eq!((told(2).await, post.dropped("rate_limited")), (1, 80));
}

#[tokio::test(start_paused = true)]
async fn a_batch_that_waits_for_room_is_refused_once() {
    let mut post = Post::new(Kind::named("syslog").unwrap());
    let rate = Some(Rate { per_second: 1, burst: 1 });
    let limits = Limits { rate, ..Limits::default() };
    *post.intake() = Intake::new("logs", Kind::named("syslog").unwrap(), Vec::new(), limits);
    let inlet = post.inlet();
    let (_go_on, going) = watch::channel(false);
    let batch = |count: usize| vec![(b"<3>disk: gone".to_vec(), Arc::from("web-1")); count];
    insist(&inlet, &batch(1_000), &going).await;
    // The fourth is told of: what comes often is said in powers of two.
    for told in [0, 0, 0, 1] {
        insist(&inlet, &batch(20), &going).await;
        post.handle.submit(Input::Tick).await.unwrap();
        let names = post.labels("alertname");
        assert_eq!(names.iter().filter(|name| *name == SOURCE_REFUSED).count(), told);
    }
}

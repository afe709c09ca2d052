//! Polls against a server on the loopback interface.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};

use axum::http::StatusCode;
use axum::routing::get;
use tokio::sync::{mpsc, watch};

use super::*;
use crate::domain::event::poll::{Bounds, HttpProbe, PollRule, PromqlProbe, Test};
use crate::domain::notification::receiver::HttpConfig;
use crate::domain::value::Secret;
use crate::domain::value::matcher::{ParseMode, parse_all};

/// Answers the questions in turn, the last one for ever.
async fn server(answers: &'static [(u16, &'static str)]) -> SocketAddr {
    let asked = Arc::new(AtomicUsize::new(0));
    let answer = move || {
        let at = asked.fetch_add(1, Ordering::Relaxed).min(answers.len() - 1);
        let (status, body) = answers[at];
        async move { (StatusCode::from_u16(status).unwrap(), body) }
    };
    let pages = axum::Router::new().route("/{*path}", get(answer));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, pages).await });
    address
}

fn poll(name: &str, probe: Probe, only: &str, critical: &str) -> Poll {
    let bounds = Bounds { critical: Some(critical.parse().unwrap()), ..Bounds::default() };
    let rule = PollRule {
        name: "Bad".to_owned(),
        only: parse_all(only, ParseMode::Fallback).unwrap(),
        test: Test::Bounds(bounds),
        ..PollRule::default()
    };
    let state = PollState::new(Arc::from("polls"), name, vec![rule]);
    Poll::new(name.to_owned(), When::Every(Span(10)), Span(2_000), probe, state)
}

/// Runs until so many events came, on a clock that gains a minute with every look at it. Of what
/// is handed in the first `turned_down` times is turned down.
async fn tell(polls: Vec<Poll>, count: usize, turned_down: usize) -> (Vec<String>, Vec<Poll>) {
    let client = Arc::new(Clients::new());
    let (sender, mut events) = mpsc::unbounded_channel();
    let refusals = Arc::new(AtomicUsize::new(turned_down));
    let submit = move |batch: Vec<Event>| {
        let one_less = |left: usize| left.checked_sub(1);
        let refused = refusals.fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_less).is_ok();
        let sender = sender.clone();
        async move {
            if refused {
                return Err("the store is full");
            }
            for event in batch {
                sender.send(event).unwrap();
            }
            Ok(())
        }
    };
    let clock = Arc::new(AtomicI64::new(0));
    let now = move || Timestamp(clock.fetch_add(60_000, Ordering::Relaxed));
    let (stop, stopped) = watch::channel(false);
    let running = tokio::spawn(run(polls, client, submit, now, stopped));
    let mut told = Vec::new();
    while told.len() < count {
        let event: Event = events.recv().await.unwrap();
        let signal = format!("{:?}", event.signal).to_lowercase();
        let said = [event.annotations.get("value"), event.annotations.get("error")].join(" ");
        told.push(format!("{signal} {} {said}", event.key));
    }
    stop.send(true).unwrap();
    (told, running.await.unwrap())
}

const BAD: (u16, &str) = (
    200,
    r#"{"status":"success","data":{"resultType":"vector","result":[
        {"metric":{"host":"a"},"value":[1,"1"]},{"metric":{"host":"b"},"value":[1,"0.5"]}]}}"#,
);
const FINE: (u16, &str) =
    (200, r#"{"status":"success","data":{"resultType":"vector","result":[]}}"#);
const DOWN: (u16, &str) = (503, r#"{"status":"error","error":"starting up"}"#);

fn promql(address: SocketAddr) -> Probe {
    Probe::Promql(PromqlProbe {
        url: format!("http://{address}"),
        http: HttpConfig::default(),
        query: "usage".to_owned(),
        range: None,
        forecast: None,
        baseline: None,
    })
}

fn page(url: &str) -> Probe {
    Probe::Http(Box::new(HttpProbe {
        url: url.to_owned(),
        http: HttpConfig::default(),
        method: "GET".to_owned(),
        headers: Vec::new(),
        body: Secret::default(),
        expect_status: BTreeSet::new(),
        expect_body: None,
        refuse_body: None,
        json: None,
        certificate: false,
    }))
}

#[tokio::test]
async fn a_query_is_asked_until_it_is_told_to_stop() {
    let address = server(&[FINE, BAD, BAD, DOWN, DOWN, DOWN, DOWN, BAD, FINE]).await;
    let (told, polls) = tell(vec![poll("disks", promql(address), "", ">= 1")], 4, 0).await;
    let expected = [
        "firing disks/Bad{host=\"a\"} 1 ",
        "firing disks/PollFailed  the server answered: starting up",
        "resolved disks/PollFailed  ",
        "resolved disks/Bad{host=\"a\"}  ",
    ];
    assert_eq!(told, expected);
    assert_eq!(polls.len(), 1);
}

#[tokio::test]
async fn events_that_are_turned_down_are_told_again() {
    let address = server(&[BAD]).await;
    let (told, polls) = tell(vec![poll("disks", promql(address), "", ">= 1")], 1, 2).await;
    assert_eq!(told, ["firing disks/Bad{host=\"a\"} 1 "]);
    let fresh = poll("disks", promql(address), "", ">= 1");
    assert_ne!(polls[0].state, fresh.state, "what was told is remembered");
}

#[tokio::test]
async fn pages_are_checked() {
    let address = server(&[(200, "fine"), (500, "oh"), (204, "")]).await;
    let up = poll("page", page(&format!("http://{address}/health")), "measure=up", "< 1");
    let (told, _) = tell(vec![up], 2, 0).await;
    assert_eq!(
        told,
        [
            "firing page/Bad{measure=\"up\"} 0 HTTP status 500",
            "resolved page/Bad{measure=\"up\"} 1 ",
        ]
    );
}

#[tokio::test]
async fn a_page_that_does_not_answer_is_down_and_slow() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    drop(listener);
    let checks = [("a", "up", "== 0"), ("b", "status", "== 0"), ("c", "latency_ms", ">= 2000")];
    let polls = checks.map(|(name, measure, critical)| {
        poll(name, page(&url), &format!("measure={measure}"), critical)
    });
    let (told, polls) = tell(polls.into(), 3, 0).await;
    let mut told: Vec<&str> = told.iter().filter_map(|line| line.split(" error").next()).collect();
    told.sort_unstable();
    let expected = [
        "firing a/Bad{measure=\"up\"} 0",
        "firing b/Bad{measure=\"status\"} 0 ",
        "firing c/Bad{measure=\"latency_ms\"} 2000 ",
    ];
    assert_eq!(told, expected);
    assert_eq!(polls.iter().map(|poll| poll.name.as_str()).collect::<String>(), "abc");
}

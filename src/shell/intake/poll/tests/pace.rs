//! When polls ask, on a clock that stands still until all rest.

use std::sync::Mutex;

use tokio::time::{Instant, advance};

use super::*;
use crate::domain::event::poll::{ExecProbe, Listener, TcpProbe};
use crate::domain::value::Cron;

/// Runs polls for so long and says when each handed something in, in milliseconds. Their probes
/// fail, each time.
async fn pace(polls: Vec<Poll>, long: Span) -> BTreeMap<String, Vec<u64>> {
    let told: Arc<Mutex<BTreeMap<String, Vec<u64>>>> = Arc::default();
    let start = Instant::now();
    let now = move || Timestamp(1_772_366_400_000 + elapsed(start));
    let (stop, stopped) = watch::channel(false);
    let notes = Arc::clone(&told);
    let submit = move |events: Vec<Event>| {
        for event in events {
            let at = u64::try_from(elapsed(start)).unwrap();
            let poll = event.labels.get("poll").to_owned();
            notes.lock().unwrap().entry(poll).or_default().push(at);
        }
        // What is turned down is told again with the next answer.
        async { Err("the store is full") }
    };
    let running = tokio::spawn(run(polls, Arc::new(Clients::new()), submit, now, stopped));
    tokio::time::sleep(long.duration()).await;
    stop.send(true).unwrap();
    running.await.unwrap();
    Arc::try_unwrap(told).unwrap().into_inner().unwrap()
}

fn elapsed(start: Instant) -> i64 {
    i64::try_from(start.elapsed().as_millis()).unwrap()
}

/// A poll without a program that could start: an answer at once, without a socket or a process.
fn failing(name: &str, when: When, jitter: Option<Span>) -> Poll {
    let probe = Probe::Exec(ExecProbe { command: Vec::new(), env: Vec::new() });
    let mut state = PollState::new(Arc::from("polls"), name, Vec::new());
    // One more failure, and each, is told.
    state.failed(Timestamp(0), "");
    state.failed(Timestamp(0), "");
    let mut poll = Poll::new(name.to_owned(), when, Span::seconds(10), probe, state);
    poll.jitter = jitter;
    poll
}

#[tokio::test(start_paused = true)]
async fn a_beat_is_kept_for_an_hour_to_the_millisecond() {
    let polls = vec![
        failing("fast", When::Every(Span::seconds(7)), Some(Span::ZERO)),
        failing("slow", When::Every(Span::minutes(10)), Some(Span::ZERO)),
    ];
    let told = pace(polls, Span::hours(1)).await;
    for (name, every) in [("fast", 7_000), ("slow", 600_000)] {
        let beats: Vec<u64> = (0..=3_600_000 / every).map(|beat| beat * every).collect();
        let off = told[name].iter().zip(&beats).map(|(at, beat)| at - beat).max();
        // The clock of tokio counts in whole milliseconds.
        assert!(off <= Some(1), "{name} was {off:?} ms late");
        assert!(told[name].len() + 1 >= beats.len(), "{name} left beats out");
    }
}

#[tokio::test(start_paused = true)]
async fn times_of_the_clock_are_kept() {
    // The clock starts at noon.
    let when = || When::Cron(Box::new(Cron::new("*/15 * * * *", "UTC").unwrap()));
    let polls =
        vec![failing("cron", when(), None), failing("late", when(), Some(Span::minutes(5)))];
    let told = pace(polls, Span::minutes(50)).await;
    let minutes = |at: &[u64]| at.iter().map(|at| at / 60_000).collect::<Vec<u64>>();
    assert_eq!(minutes(&told["cron"]), [15, 30, 45]);
    let offsets: Vec<u64> = told["late"].iter().map(|at| at % 900_000).collect();
    assert_eq!(offsets.len(), 3);
    assert!(offsets.iter().all(|at| *at < 300_000 && at.abs_diff(offsets[0]) <= 1), "{offsets:?}");
}

#[tokio::test]
async fn a_target_that_hangs_holds_up_no_other() {
    // It takes connections and never says a word.
    let hangs = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = hangs.local_addr().unwrap().port();
    let silent = |number: usize| {
        let address = Listener { host: "127.0.0.1".to_owned(), port };
        let expect = Some("a word".parse().unwrap());
        let probe = Probe::Tcp(TcpProbe { address, send: Secret::default(), expect });
        let name = format!("silent-{number}");
        let state = PollState::new(Arc::from("polls"), name.clone(), Vec::new());
        let mut poll = Poll::new(name, When::Every(Span(10)), Span::minutes(1), probe, state);
        poll.jitter = Some(Span::ZERO);
        poll
    };
    let mut polls: Vec<Poll> = (0..200).map(silent).collect();
    let address = server(&[BAD]).await;
    polls.push(poll("disks", promql(address), "", ">= 1"));
    let (told, _) = tell(polls, 1, 0).await;
    assert_eq!(told, ["firing disks/Bad{host=\"a\"} 1 "]);
}

#[tokio::test(start_paused = true)]
async fn ten_thousand_polls_keep_their_beats() {
    let when = || When::Every(Span::minutes(1));
    let polls: Vec<Poll> =
        (0..10_000).map(|number| failing(&format!("poll-{number}"), when(), None)).collect();
    let told = pace(polls, Span::minutes(3)).await;
    assert_eq!(told.len(), 10_000);
    for (name, times) in &told {
        assert_eq!(times.len(), 3, "{name} asked at {times:?}");
        assert!(
            times.windows(2).all(|pair| (pair[1] - pair[0]).abs_diff(60_000) <= 2),
            "{times:?}"
        );
    }
    // Lets what was spawned for the last beat end.
    advance(Span::seconds(1).duration()).await;
}

//! What the schedule of ten thousand polls costs: a minute of it, and one look at what a poll saw.

use std::sync::Arc;

use divan::Bencher;
use divan::counter::ItemsCount;
use incidentd::domain::event::poll::{Bounds, PollRule, PollState, Sample, Test, When};
use incidentd::domain::value::{Labels, Span, Timestamp};
use incidentd::shell::intake::poll::schedule::{Schedule, Timing};

const POLLS: usize = 10_000;

fn main() {
    divan::main();
}

/// Ten thousand polls a minute, each taken and planned anew once.
#[divan::bench]
fn a_minute_of_the_schedule(bencher: Bencher) {
    let now = Timestamp(1_772_366_400_000);
    let plan = || {
        let mut schedule = Schedule::new();
        let mut timings = Vec::with_capacity(POLLS);
        for who in 0..POLLS {
            let when = When::Every(Span::minutes(1));
            let mut timing = Timing::new(&format!("poll-{who}"), when, None);
            schedule.add(who, timing.first(now).unwrap_or_default());
            timings.push(timing);
        }
        (schedule, timings)
    };
    bencher.counter(ItemsCount::new(POLLS)).with_inputs(plan).bench_local_values(
        |(mut schedule, mut timings)| {
            while let Some(at) = schedule.next().filter(|at| *at < Span::minutes(1)) {
                while let Some(who) = schedule.take(at) {
                    schedule.add(who, timings[who].next(at, now).unwrap_or_default());
                }
            }
            schedule
        },
    );
}

/// A hundred series, all of them fine, against two thresholds.
#[divan::bench]
fn a_quiet_answer(bencher: Bencher) {
    let bounds = Bounds {
        warn: ">= 0.85".parse().ok(),
        critical: ">= 0.95".parse().ok(),
        ..Bounds::default()
    };
    let rule =
        PollRule { name: "Full".to_owned(), test: Test::Bounds(bounds), ..PollRule::default() };
    let mut state = PollState::new(Arc::from("disks"), "disks", vec![rule]);
    let sample = |disk: usize| {
        let labels = [("instance", "node-1:9100"), ("disk", &disk.to_string())];
        Sample::new(Labels::new(labels), 0.5)
    };
    let samples: Vec<Sample> = (0..100).map(sample).collect();
    bencher
        .counter(ItemsCount::new(samples.len()))
        .bench_local(|| state.observe(Timestamp(0), &samples));
}

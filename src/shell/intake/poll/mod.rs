//! Polls: ask on a schedule, hand in what changed. What a value means, `domain::event::poll` says.

mod dns;
mod exec;
mod http;
mod icmp;
mod lanes;
mod promql;
pub mod schedule;
mod scrape;
mod tcp;
#[cfg(test)]
mod tests;
mod tls;
mod unanswered;
mod web;

use std::fmt::Display;
use std::sync::Arc;

use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, sleep_until};

use crate::domain::event::Event;
use crate::domain::event::poll::{Past, PollState, Probe, Sample, When};
use crate::domain::value::{Span, Timestamp};
use crate::shell::chain;
use crate::shell::client::Clients;
use lanes::Lanes;
use promql::Habits;
use schedule::{Schedule, Timing};

pub use unanswered::Unanswered;

/// Something to ask again and again.
#[derive(Debug)]
pub struct Poll {
    /// The name in the configuration.
    pub name: String,
    /// When to ask.
    pub when: When,
    /// Spread over how much time polls with equal times ask; nothing leaves it to us.
    pub jitter: Option<Span>,
    /// How long to wait for an answer.
    pub timeout: Span,
    /// What to ask.
    pub probe: Arc<Probe>,
    /// What the answers so far came to.
    pub state: PollState,
    /// What the answers so far were, where a forecast needs it and nobody can be asked.
    pub past: Past,
    /// What is usual, where somebody was asked for it.
    habits: Habits,
}

/// What all questions need.
#[derive(Debug, Clone)]
struct Means {
    clients: Arc<Clients>,
    timeout: Span,
    now: Timestamp,
}

/// A poll and its times, while it rests.
struct Resting {
    poll: Poll,
    timing: Timing,
}

/// Asks until `stop` says so (or its sender is gone), then gives the polls back with what they
/// know, so that those that a reload keeps can go on.
///
/// Events that `submit` turns down are told again with the next answer. `now` is the clock.
pub async fn run<S, F, E, N>(
    polls: Vec<Poll>,
    clients: Arc<Clients>,
    submit: S,
    now: N,
    mut stop: watch::Receiver<bool>,
) -> Vec<Poll>
where
    S: Fn(Vec<Event>) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = Result<(), E>> + Send,
    E: Display + Send,
    N: Fn() -> Timestamp + Clone + Send + Sync + 'static,
{
    let lanes = Arc::new(Lanes::new(polls.iter().filter_map(|poll| poll.probe.target())));
    let start = Instant::now();
    let elapsed = || Span(u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX));
    let mut schedule = Schedule::new();
    let mut resting: Vec<Option<Resting>> = Vec::with_capacity(polls.len());
    for poll in polls {
        let mut timing = Timing::new(&poll.name, poll.when.clone(), poll.jitter);
        if let Some(at) = timing.first(now()) {
            schedule.add(resting.len(), at);
        }
        resting.push(Some(Resting { poll, timing }));
    }
    let mut asking: JoinSet<(usize, Resting)> = JoinSet::new();
    loop {
        let due = start + schedule.next().unwrap_or(Span::days(1)).duration();
        tokio::select! {
            biased;
            () = stopped(&mut stop) => break,
            Some(done) = asking.join_next() => rest(done, &mut resting, |who, timing| {
                if let Some(at) = timing.next(elapsed(), now()) {
                    schedule.add(who, at);
                }
            }),
            () = sleep_until(due) => {}
        }
        while let Some(who) = schedule.take(elapsed()) {
            let Some(mut one) = resting[who].take() else { continue };
            if let Some(later) = one.timing.early(elapsed(), now()) {
                schedule.add(who, later);
                resting[who] = Some(one);
                continue;
            }
            let (lanes, clients, mut stop) = (lanes.clone(), clients.clone(), stop.clone());
            let (submit, now) = (submit.clone(), now.clone());
            asking.spawn(async move {
                let answer = tokio::select! {
                    biased;
                    () = stopped(&mut stop) => return (who, one),
                    answer = one.poll.ask(&lanes, clients, &now) => answer,
                };
                // Not broken off by `stop`: what is handed in is also remembered as told.
                one.poll.tell(answer, now(), &submit).await;
                (who, one)
            });
        }
    }
    while let Some(done) = asking.join_next().await {
        rest(done, &mut resting, |_, _| {});
    }
    resting.into_iter().flatten().map(|resting| resting.poll).collect()
}

impl Poll {
    /// A poll that has asked nothing yet, with what it has told so far. `past` is how much of it is
    /// remembered for forecasts.
    pub fn new(name: String, when: When, timeout: Span, probe: Probe, state: PollState) -> Self {
        Self {
            name,
            when,
            jitter: None,
            timeout,
            probe: Arc::new(probe),
            state,
            past: Past::default(),
            habits: Habits::default(),
        }
    }

    /// Takes over what an earlier poll of the same name knows, if it judges by the same rules.
    pub fn inherit(&mut self, earlier: Self) {
        if self.state.inherit(earlier.state) {
            self.past.inherit(earlier.past);
        }
    }

    async fn ask(
        &mut self,
        lanes: &Lanes,
        clients: Arc<Clients>,
        now: &impl Fn() -> Timestamp,
    ) -> Result<Vec<Sample>, Unanswered> {
        let mut slot = lanes.enter(self.probe.target()).await;
        let means = Means { clients, timeout: self.timeout, now: now() };
        // On the heap, as large as the largest question is, and only while one is asked.
        let mut asking = Box::pin(ask(&self.probe, &means, &mut self.habits));
        tokio::select! {
            biased;
            answer = &mut asking => return answer,
            () = sleep(lanes::SLOW.duration()) => slot.give_way(),
        }
        asking.await
    }

    async fn tell<F, E>(
        &mut self,
        answer: Result<Vec<Sample>, Unanswered>,
        now: Timestamp,
        submit: impl Fn(Vec<Event>) -> F,
    ) where
        F: Future<Output = Result<(), E>>,
        E: Display,
    {
        let mut state = self.state.clone();
        let events = match answer {
            Ok(mut samples) => {
                self.past.remember(now, &mut samples);
                state.observe(now, &samples)
            }
            Err(error) => {
                let why = chain(&error);
                tracing::warn!(poll = self.name, error = why, "a poll was not answered");
                state.failed(now, &why)
            }
        };
        if !events.is_empty()
            && let Err(error) = submit(events).await
        {
            tracing::warn!(poll = self.name, %error, "events of a poll were not taken");
            return;
        }
        self.state = state;
    }
}

async fn ask(probe: &Probe, means: &Means, habits: &mut Habits) -> Result<Vec<Sample>, Unanswered> {
    let timeout = means.timeout;
    let whole = async {
        match probe {
            Probe::Promql(probe) => promql::ask(probe, means, habits).await,
            Probe::Scrape(probe) => scrape::ask(probe, means).await,
            Probe::Http(probe) => http::ask(probe, means).await,
            Probe::Tcp(probe) => Ok(tcp::ask(probe, timeout).await),
            Probe::Tls(probe) => tls::ask(probe, means).await,
            Probe::Dns(probe) => dns::ask(probe, timeout).await,
            Probe::Icmp(probe) => icmp::ask(probe, timeout).await,
            Probe::Exec(probe) => exec::ask(probe, timeout).await,
        }
    };
    // Each keeps to the time by itself and tells what it makes of it; this is for what it forgets.
    let late = Span(timeout.0.saturating_add(lanes::SLOW.0)).duration();
    tokio::time::timeout(late, whole).await.unwrap_or(Err(Unanswered::TimedOut(timeout)))
}

fn rest(
    done: Result<(usize, Resting), tokio::task::JoinError>,
    resting: &mut [Option<Resting>],
    plan: impl FnOnce(usize, &mut Timing),
) {
    match done {
        Ok((who, mut one)) => {
            plan(who, &mut one.timing);
            resting[who] = Some(one);
        }
        Err(error) => tracing::error!(%error, "a poll broke"),
    }
}

async fn stopped(stop: &mut watch::Receiver<bool>) {
    // An error says that the sender is gone, and with it whoever wanted answers.
    let _ = stop.wait_for(|stop| *stop).await;
}

/// The measures that every check has: whether it is up, why not, and how long it took. A refused
/// connection comes fast; that does not make the other side fast.
fn up(outcome: Result<Span, &str>, timeout: Span) -> Vec<Sample> {
    let (up, why, latency) = match outcome {
        Ok(latency) => (1.0, "", latency),
        Err(why) => (0.0, why, timeout),
    };
    vec![
        Sample::measure("up", Some(up)).noting("error", why),
        Sample::measure("latency_ms", Some(number(latency.0))),
    ]
}

fn number(whole: u64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "far below 2^53")]
    let number = whole as f64;
    number
}

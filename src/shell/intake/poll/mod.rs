//! Polls: ask on a schedule, hand in what changed. What a value means, `domain::event::poll` says.

pub mod http;
pub mod promql;
#[cfg(test)]
mod tests;

use std::error::Error;
use std::fmt::Display;
use std::sync::Arc;

use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval, sleep};

use crate::domain::event::Event;
use crate::domain::event::poll::PollState;
use crate::domain::value::{Labels, Secret, Span, Timestamp};

/// So many polls of a set wait for an answer at one time.
const ASKING_MAX: usize = 16;

/// An answer longer than this is refused.
const BODY_BYTES_MAX: usize = 8 << 20;

/// More series in one answer than this are refused.
const SERIES_MAX: usize = 10_000;

/// Within this, or one period if that is shorter, every poll has asked for the first time.
const SPREAD_MAX: Span = Span::minutes(1);

/// A shorter period makes no sense, and none at all would be a loop without rest.
const EVERY_MIN: Span = Span(10);

/// Something to ask again and again.
#[derive(Debug, Clone)]
pub struct Poll {
    /// The name in the configuration.
    pub name: String,
    /// The period.
    pub every: Span,
    /// How long to wait for an answer.
    pub timeout: Span,
    /// A token that goes with the question.
    pub bearer: Option<Secret>,
    /// What to ask.
    pub ask: Ask,
    /// What the answers so far came to.
    pub state: PollState,
}

/// A question.
#[derive(Debug, Clone)]
pub enum Ask {
    /// An expression, asked of a server that speaks Prometheus' API.
    Promql(promql::Query),
    /// Whether a page answers, and how fast.
    Http(http::Check),
}

/// Series with their values.
pub type Samples = Vec<(Labels, f64)>;

/// Why a question was not answered.
#[derive(Debug, thiserror::Error)]
pub enum Unanswered {
    /// No answer came, or it broke off.
    #[error("failed to ask")]
    Ask(#[source] reqwest::Error),
    /// An answer came, but no JSON of the API's shape.
    #[error("failed to read the answer, which came with HTTP status {status}")]
    Read {
        /// The HTTP status.
        status: u16,
        /// What is wrong.
        #[source]
        source: serde_json::Error,
    },
    /// The server says that it cannot answer.
    #[error("the server answered: {0}")]
    Refused(String),
    /// The answer is too long.
    #[error("the answer has more than {BODY_BYTES_MAX} bytes; ask for less")]
    TooLong,
    /// The answer has too many series.
    #[error("the answer has more than {SERIES_MAX} series; aggregate them in the expression")]
    TooMany,
    /// A value is not a number.
    #[error("`{0}` is not a number")]
    NotANumber(String),
}

/// Asks until `stop` says so (or its sender is gone), then gives the polls back with what they
/// know, so that those that a reload keeps can go on.
///
/// Events that `submit` turns down are told again with the next answer. `now` is the clock.
pub async fn run<S, F, E, N>(
    polls: Vec<Poll>,
    client: reqwest::Client,
    submit: S,
    now: N,
    stop: watch::Receiver<bool>,
) -> Vec<Poll>
where
    S: Fn(Vec<Event>) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = Result<(), E>> + Send,
    E: Display + Send,
    N: Fn() -> Timestamp + Clone + Send + Sync + 'static,
{
    let slots = Arc::new(Semaphore::new(ASKING_MAX));
    let mut tasks = JoinSet::new();
    for mut poll in polls {
        let (client, slots) = (client.clone(), slots.clone());
        let (submit, now, mut stop) = (submit.clone(), now.clone(), stop.clone());
        tasks.spawn(async move {
            tokio::select! {
                biased;
                () = stopped(&mut stop) => return poll,
                () = sleep(poll.head_start().duration()) => {}
            }
            let mut ticks = interval(poll.every.max(EVERY_MIN).duration());
            ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
            loop {
                let answer = tokio::select! {
                    biased;
                    () = stopped(&mut stop) => return poll,
                    answer = async {
                        ticks.tick().await;
                        poll.ask(&client, &slots, &now).await
                    } => answer,
                };
                // Not broken off by `stop`: what is handed in is also remembered as told.
                poll.tell(answer, now(), &submit).await;
            }
        });
    }
    let mut stopped = Vec::new();
    while let Some(task) = tasks.join_next().await {
        match task {
            Ok(poll) => stopped.push(poll),
            Err(error) => tracing::error!(%error, "a poll broke"),
        }
    }
    stopped.sort_by(|one, other| one.name.cmp(&other.name));
    stopped
}

impl Poll {
    /// Spreads the first questions, by name so that a restart changes nothing.
    fn head_start(&self) -> Span {
        use std::hash::{BuildHasher, Hasher};
        let mut hasher = foldhash::fast::FixedState::default().build_hasher();
        hasher.write(self.name.as_bytes());
        Span(hasher.finish() % self.every.clamp(EVERY_MIN, SPREAD_MAX).0)
    }

    async fn ask(
        &self,
        client: &reqwest::Client,
        slots: &Semaphore,
        now: &impl Fn() -> Timestamp,
    ) -> Result<Samples, Unanswered> {
        let _slot = slots.acquire().await.expect("nobody closes the semaphore");
        let request = |url: &reqwest::Url| {
            let request = client.get(url.clone()).timeout(self.timeout.duration());
            match &self.bearer {
                Some(token) => request.bearer_auth(token.reveal()),
                None => request,
            }
        };
        match &self.ask {
            Ask::Promql(query) => query.ask(request(query.url())).await,
            Ask::Http(check) => Ok(check.ask(request(check.url()), self.timeout, now).await),
        }
    }

    async fn tell<F, E>(
        &mut self,
        answer: Result<Samples, Unanswered>,
        now: Timestamp,
        submit: impl Fn(Vec<Event>) -> F,
    ) where
        F: Future<Output = Result<(), E>>,
        E: Display,
    {
        let mut state = self.state.clone();
        let events = match answer {
            Ok(samples) => state.observe(now, &samples),
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

async fn stopped(stop: &mut watch::Receiver<bool>) {
    // An error says that the sender is gone, and with it whoever wanted answers.
    let _ = stop.wait_for(|stop| *stop).await;
}

fn chain(error: &(dyn Error + 'static)) -> String {
    let causes = std::iter::successors(Some(error), |&error| error.source());
    causes.map(ToString::to_string).collect::<Vec<String>>().join(": ")
}

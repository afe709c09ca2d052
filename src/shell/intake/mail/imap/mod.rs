//! Fetches mails from a mailbox by IMAP. A mail is marked as seen only once its facts are on disk:
//! whatever ends the conversation before, it is fetched again.

mod client;
mod response;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{sleep, timeout};

use super::session::Fate;
use super::{Desk, Inlet};
use crate::domain::event::adapter::kind::mail::{After, Mailbox};
use crate::domain::event::poll::PollState;
use crate::domain::value::Span;
use crate::engine::Input;
use crate::shell::client::Clients;
use crate::shell::{chain, clock};
use client::{Client, Fault, quote};

/// The name of the poll in the alert about a mailbox that cannot be looked at.
const POLL: &str = "imap";
/// Mails of one conversation; if there are more, the next one begins at once.
const MAILS_MAX: usize = 100;
/// The longest pause after failures, unless mails are looked for more seldom anyway.
const PAUSE_MS_MAX: Span = Span::minutes(15);
/// So often a pause doubles; more than that is beyond the longest one.
const DOUBLINGS_MAX: u32 = 10;
/// The longest wait for a word of the server: after half an hour it may take us for dead (RFC 2177).
const IDLE_MS_MAX: Span = Span::minutes(29);
/// A farewell that takes longer is left out.
const CLOSE_MS_MAX: Duration = Duration::from_millis(500);
/// How long the mail that is being taken in may take when all is to end.
const DRAIN_MS_MAX: Span = Span::seconds(5);

/// Looks for mails until `stop` turns true.
pub async fn fetch(mailbox: Mailbox, inlet: Inlet, mut stop: watch::Receiver<bool>) {
    let mut health = Health::new(inlet.clone());
    let mut visit = Visit::new(mailbox, inlet);
    loop {
        let mut until = stop.clone();
        let outcome = tokio::select! {
            biased;
            outcome = visit.round(&stop) => outcome,
            () = drained(&mut until) => return,
        };
        let more = matches!(outcome, Ok(true));
        let failures = health.tell(outcome.map(|_| ())).await;
        if !more {
            visit.rest(failures, &mut stop).await;
        }
        if *stop.borrow() {
            return visit.leave().await;
        }
    }
}

/// A mailbox that is looked into again and again, in one conversation where the server says itself
/// when mails come.
struct Visit {
    desk: Desk,
    mailbox: Mailbox,
    /// Mails that could not be had.
    skipped: BTreeSet<u32>,
    /// The conversation that goes on.
    client: Option<Client>,
    /// What gets tokens, and keeps them while they are good.
    clients: Arc<Clients>,
}

impl Visit {
    fn new(mailbox: Mailbox, inlet: Inlet) -> Self {
        let desk = Desk { inlet, guard: Arc::default() };
        let clients = Arc::new(Clients::new());
        Self { desk, mailbox, skipped: BTreeSet::new(), client: None, clients }
    }

    /// One look. True if there is more that can be had at once.
    async fn round(&mut self, stop: &watch::Receiver<bool>) -> Result<bool, Fault> {
        let mut client = match self.client.take() {
            Some(client) => client,
            None => Client::open(&self.mailbox, &self.clients).await?,
        };
        let Self { desk, mailbox, skipped, .. } = self;
        let done = take_all(&mut client, desk, mailbox, skipped, stop).await;
        match done {
            Ok(_) if client.can("IDLE") => self.client = Some(client),
            Ok(_) | Err(Fault::Refused(..) | Fault::Lacking(_)) => close(client).await,
            Err(_) => {}
        }
        done
    }

    /// Lets time pass until the next look: less if the server says that mails have come.
    async fn rest(&mut self, failures: u32, stop: &mut watch::Receiver<bool>) {
        let mut until = stop.clone();
        if let Some(mut client) = self.client.take() {
            let enough = async {
                tokio::select! {
                    _ = until.wait_for(|stop| *stop) => {}
                    () = sleep(self.mailbox.every.min(IDLE_MS_MAX).duration()) => {}
                }
            };
            let mut stopped = stop.clone();
            let idled = tokio::select! {
                biased;
                idled = client.idle(enough) => idled,
                () = drained(&mut stopped) => return,
            };
            match idled {
                Ok(()) => {
                    self.client = Some(client);
                    return;
                }
                // Servers end a conversation in which nothing is said: another one is begun.
                Err(fault) => {
                    let (source, why) = (self.desk.inlet.source(), chain(&fault));
                    tracing::debug!(source, why, "a mailbox said no more");
                }
            }
        }
        tokio::select! {
            biased;
            _ = stop.wait_for(|stop| *stop) => {}
            () = sleep(pause(self.mailbox.every, failures).duration()) => {}
        }
    }

    async fn leave(self) {
        if let Some(client) = self.client {
            close(client).await;
        }
    }
}

async fn close(client: Client) {
    let _ = timeout(CLOSE_MS_MAX, client.close()).await;
}

async fn take_all(
    client: &mut Client,
    desk: &Desk,
    mailbox: &Mailbox,
    skipped: &mut BTreeSet<u32>,
    stop: &watch::Receiver<bool>,
) -> Result<bool, Fault> {
    let selected = client.command("SELECT", &format!("SELECT {}", quote(&mailbox.name)), 0).await?;
    if selected.text.to_ascii_uppercase().starts_with("[READ-ONLY]") {
        return Err(Fault::Lacking("the mailbox is read-only: no mail could be marked as seen"));
    }
    let found = client.command("SEARCH", "UID SEARCH UNSEEN UNDELETED", 0).await?;
    let words = found.told.iter().filter_map(|response| response.words("SEARCH")).flatten();
    let mut uids: Vec<u32> = words.filter_map(|word| word.parse().ok()).collect();
    skipped.retain(|uid| uids.contains(uid));
    // What could not be had before comes last, so that it keeps nothing else from being taken.
    uids.sort_unstable_by_key(|uid| (skipped.contains(uid), *uid));
    let (mut refused, mut marked) = (None, 0);
    for uid in uids.iter().copied().take(MAILS_MAX) {
        if *stop.borrow() {
            break;
        }
        let fate = match one(client, desk, uid).await {
            Ok(Some(fate)) => fate,
            Ok(None) => {
                skipped.insert(uid);
                continue;
            }
            Err(Fault::Refused(_, why)) => {
                if skipped.insert(uid) {
                    desk.inlet.dropped("unreadable", 1);
                }
                tracing::warn!(source = desk.inlet.source(), uid, why, "a mail cannot be had");
                continue;
            }
            Err(fault) => return Err(fault),
        };
        let done = match fate {
            Fate::Taken => put_away(client, &mailbox.after, uid).await,
            Fate::Refused | Fate::TooLong => {
                tracing::warn!(source = desk.inlet.source(), uid, "a mail was not taken");
                mark(client, uid, r"\Seen").await
            }
            // The daemon is too busy: the mail waits where it is.
            Fate::Later => return Ok(false),
        };
        match done {
            Ok(()) => marked += 1,
            Err(fault @ Fault::Refused(..)) => refused = Some(fault),
            Err(fault) => return Err(fault),
        }
    }
    match refused {
        Some(fault) => Err(fault),
        None => Ok(marked > 0 && uids.len() > MAILS_MAX),
    }
}

/// Fetches a mail and takes it in; nothing if it is there no longer.
async fn one(client: &mut Client, desk: &Desk, uid: u32) -> Result<Option<Fate>, Fault> {
    let bytes_max = desk.inlet.intake().map_or(0, |intake| intake.limits.body_bytes_max);
    // One byte more shows that a mail is too long.
    let asked = u32::try_from(bytes_max.saturating_add(1)).unwrap_or(u32::MAX);
    let words = format!("UID FETCH {uid} (UID BODY.PEEK[]<0.{asked}>)");
    let answer = client.command("FETCH", &words, bytes_max.saturating_add(1)).await?;
    let Some(mail) = answer.told.into_iter().find_map(|response| response.body(uid)) else {
        return Ok(None);
    };
    if mail.len() > bytes_max {
        desk.inlet.dropped("too_large", 1);
        return Ok(Some(Fate::TooLong));
    }
    Ok(Some(desk.take(&mail).await))
}

/// Does with a mail that was taken in what the configuration says. First of all it is seen: whatever
/// fails then, it is not taken in again.
async fn put_away(client: &mut Client, after: &After, uid: u32) -> Result<(), Fault> {
    match after {
        After::Seen => mark(client, uid, r"\Seen").await,
        After::Delete => {
            mark(client, uid, r"\Seen \Deleted").await?;
            expunge(client, uid).await
        }
        After::Move(name) => {
            mark(client, uid, r"\Seen").await?;
            let name = quote(name);
            if client.can("MOVE") {
                let words = format!("UID MOVE {uid} {name}");
                return client.command("MOVE", &words, 0).await.map(|_| ());
            }
            client.command("COPY", &format!("UID COPY {uid} {name}"), 0).await?;
            mark(client, uid, r"\Deleted").await?;
            expunge(client, uid).await
        }
    }
}

async fn mark(client: &mut Client, uid: u32, flags: &str) -> Result<(), Fault> {
    let words = format!("UID STORE {uid} +FLAGS.SILENT ({flags})");
    client.command("STORE", &words, 0).await.map(|_| ())
}

/// Without UIDPLUS (RFC 4315) whatever else is marked as deleted goes, too.
async fn expunge(client: &mut Client, uid: u32) -> Result<(), Fault> {
    let words =
        if client.can("UIDPLUS") { format!("UID EXPUNGE {uid}") } else { "EXPUNGE".to_owned() };
    client.command("EXPUNGE", &words, 0).await.map(|_| ())
}

async fn drained(stop: &mut watch::Receiver<bool>) {
    let _ = stop.wait_for(|stop| *stop).await;
    sleep(DRAIN_MS_MAX.duration()).await;
}

/// How long to wait after so many failures in a row.
fn pause(every: Span, failures: u32) -> Span {
    let doubled = every.0.saturating_mul(1 << failures.saturating_sub(1).min(DOUBLINGS_MAX));
    Span(doubled.min(PAUSE_MS_MAX.0.max(every.0)))
}

/// Whether the mailbox could be looked at lately; an alert, if it has become a habit that not.
struct Health {
    inlet: Inlet,
    state: PollState,
    failures: u32,
}

impl Health {
    /// An alert that fires already goes on, so that its end is told after a restart, too.
    fn new(inlet: Inlet) -> Self {
        let source = inlet.source();
        let mut state = PollState::new(source.into(), POLL, Vec::new());
        inlet.handle().read(|engine| {
            let events = &engine.state().event;
            for (_, alert) in events.alerts().filter(|(_, alert)| alert.is_firing()) {
                if events.source(alert.source()).is_some_and(|known| known.name == source) {
                    state.resume(alert.source_key(), &events.labels(alert), alert.starts_at);
                }
            }
        });
        Self { inlet, state, failures: 0 }
    }

    /// Takes note of how it went; returns how many failures there were in a row.
    async fn tell(&mut self, outcome: Result<(), Fault>) -> u32 {
        let mut state = self.state.clone();
        let events = match outcome {
            Ok(()) => {
                self.failures = 0;
                state.observe(clock::now(), &[])
            }
            Err(fault) => {
                let (source, error) = (self.inlet.source(), chain(&fault));
                self.failures = self.failures.saturating_add(1);
                self.inlet.fetch_failed();
                tracing::warn!(source, error, "a mailbox could not be looked at");
                state.failed(clock::now(), &error)
            }
        };
        if !events.is_empty()
            && let Err(error) = self.inlet.handle().submit(Input::Events(events)).await
        {
            tracing::warn!(source = self.inlet.source(), %error, "an alert was not taken");
            return self.failures;
        }
        self.state = state;
        self.failures
    }
}

//! Intake over HTTP: who may send to a source, how much, and what becomes of a body.

pub mod auth;
mod body;
mod bucket;
mod crowd;
mod delivery;
mod encoding;
mod ledger;
mod limits;
mod line;
mod newcomers;
mod quarantine;
mod room;
mod sender;
mod sources;
mod trouble;
mod turned;

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex};

use axum::body::{Body, Bytes};
use axum::http::HeaderMap;
use ipnet::IpNet;

use crate::domain::Tally;
use crate::domain::event::adapter::kind::snmp;
use crate::domain::event::adapter::{self, Head, Kind, Note, Read, Rejection, Unreadable};
use crate::domain::event::{Arrival, Signal};
use crate::domain::value::{Secret, Severity, Span, Timestamp};
use crate::engine::{Heard, Input};
use crate::shell::clock;
use crate::shell::handle::Handle;
use crate::shell::intake::sns;
use crate::shell::metrics::Metrics;

pub use auth::Auth;
pub use body::{Unread, collect};
pub use crowd::Crowd;
pub use ledger::{Refused, Seen};
pub use limits::{Limits, Rate};
pub use quarantine::{Quarantine, Rejected};
pub use sender::{Remote, Sender};
pub use sources::{Locked, Sources};
pub use trouble::Attempt;
pub use turned::Turned;

use auth::Verdict;
use bucket::Bucket;
use ledger::Ledger;

/// The source of what is posted to `/api/v2/alerts`, unless the configuration names another.
pub const ALERTMANAGER: &str = "alertmanager";

/// A source as the door sees it.
#[derive(Debug)]
pub struct Intake {
    /// Its name in the configuration.
    pub name: Arc<str>,
    /// What its bodies look like.
    pub kind: Kind,
    /// What a sender may show to be let in; any one will do. Empty means that nothing is asked.
    pub auth: Vec<Auth>,
    /// Networks that may send, whatever is shown; empty means every network.
    pub allow: Vec<IpNet>,
    /// Communities of which a trap of SNMP versions 1 and 2c must bear one; empty means any.
    pub communities: Vec<Secret>,
    /// Who sends traps of SNMP version 3.
    pub snmp_users: Arc<Vec<snmp::User>>,
    /// How much it may send.
    pub limits: Limits,
    /// What its words for the severity mean, where they mean something else than elsewhere.
    pub severity_map: BTreeMap<String, Severity>,
    /// What letters of Amazon SNS have to pass; nothing where none come.
    pub sns: Option<sns::Gate>,
    bucket: Mutex<Bucket>,
    ledger: Arc<Ledger>,
    quarantine: Arc<Quarantine>,
}

/// What holds for every request, whatever its source.
#[derive(Debug, Clone, Copy)]
pub struct Terms<'a> {
    /// Where events go.
    pub handle: &'a Handle,
    /// Where everything is counted.
    pub metrics: &'a Metrics,
    /// How long an alert without an end is believed.
    pub resolve_timeout: Span,
    /// Whether any UTF-8 label name is taken.
    pub utf8: bool,
    /// How many alerts of one name API v2 takes; nothing if there is no limit.
    pub crowd: Option<&'a Crowd>,
}

/// A body that was taken in. Its facts are on disk.
#[derive(Debug, Default)]
pub struct Taken {
    /// Events that said that something holds.
    pub firing: u64,
    /// Events that said that something is over.
    pub resolved: u64,
    /// What became of them.
    pub tally: Tally,
    /// What else was said: remarks, heartbeats, deployments.
    pub said: u64,
    /// Whether the sender has delivered this before: then it had no effect.
    pub redelivered: bool,
    /// Alerts that nobody has heard of before, and for which the source's hour has no room.
    pub limited: u64,
    /// When there is room for more of those.
    pub wait: Span,
    /// Elements of the body that were not taken.
    pub rejected: Vec<Rejection>,
    /// Elements that were taken otherwise than they were said.
    pub notes: Vec<Note>,
}

impl Taken {
    /// Why alerts were left out that nobody has heard of before.
    pub fn limit_words(&self, max: Option<u64>) -> String {
        let (count, max) = (self.limited, max.unwrap_or(0));
        let seconds = self.wait.0.div_ceil(1_000);
        format!(
            "alerts left out that nobody has heard of before: {count}; this source may bring {max} \
             in an hour (`new_alerts_max_per_hour`), there is room again in {seconds} s; what is \
             known already was taken"
        )
    }
}

impl Intake {
    /// A source that may send over HTTP.
    pub fn new(name: &str, kind: Kind, auth: Vec<Auth>, limits: Limits) -> Self {
        let sns = sns::Gate::guards(&kind).then(|| sns::Gate::new(auth.is_empty()));
        Self {
            name: name.into(),
            kind,
            sns,
            auth,
            allow: Vec::new(),
            communities: Vec::new(),
            snmp_users: Arc::default(),
            bucket: Mutex::new(Bucket::new(limits.rate)),
            limits,
            severity_map: BTreeMap::new(),
            ledger: Arc::new(Ledger::new()),
            quarantine: Arc::default(),
        }
    }

    /// Whether everybody may send who reaches the port.
    pub fn is_open(&self) -> bool {
        self.auth.is_empty() && self.allow.is_empty()
    }

    /// Whether it takes traps of a community.
    pub fn takes_community(&self, shown: &[u8]) -> bool {
        // All are compared, so that the time does not tell which one it was.
        let known = |secret: &Secret| auth::same(shown, secret.reveal().as_bytes());
        self.communities.is_empty()
            || self.communities.iter().fold(false, |any, secret| any | known(secret))
    }

    /// Whether it takes anything from an address; one that nobody knows is in no network.
    pub fn listens_to(&self, address: Option<IpAddr>) -> bool {
        let near = |address| self.allow.iter().any(|net| net.contains(&address));
        self.allow.is_empty() || address.is_some_and(near)
    }

    /// When it was heard last.
    pub fn seen(&self) -> Seen {
        self.ledger.seen().clone()
    }

    /// Takes a body in and answers once its facts are on disk.
    ///
    /// # Errors
    /// Says why nothing of it was taken.
    pub async fn take(
        &self,
        terms: Terms<'_>,
        sender: Sender<'_>,
        body: Body,
    ) -> Result<Taken, Turned> {
        let taken = self.try_take(terms, sender, body).await;
        self.count(terms, &taken);
        if let Err(turned) = &taken {
            let refused = Refused {
                at: clock::now(),
                address: sender.address,
                reason: turned.reason(),
                why: turned.to_string(),
            };
            self.ledger.seen().refused = Some(refused);
        }
        taken
    }

    /// Takes in what another door has read for this source; who sent it is that door's concern.
    ///
    /// # Errors
    /// Says why nothing of it was taken.
    pub async fn admit(&self, terms: Terms<'_>, read: Read) -> Result<Taken, Turned> {
        self.admit_again(terms, read, Attempt::First).await
    }

    /// As [`Self::admit`], where the door may have tried with the same before: to be told several
    /// times that the source is too fast is one trouble.
    ///
    /// # Errors
    /// As [`Self::admit`].
    pub async fn admit_again(
        &self,
        terms: Terms<'_>,
        read: Read,
        attempt: Attempt,
    ) -> Result<Taken, Turned> {
        let spent = if self.knows(terms, &read) { Ok(()) } else { self.spend(read.said()) };
        let spent = spent.map_err(|turned| match turned {
            Turned::TooFast { per_second, wait, held, .. } => {
                let again = self.is_again(attempt);
                Turned::TooFast { per_second, wait, held, again }
            }
            turned => turned,
        });
        let taken = match spent {
            Ok(()) => self.try_admit(terms, read).await,
            Err(turned) => Err(turned),
        };
        self.count(terms, &taken);
        taken
    }

    /// What a body says, without taking it in.
    ///
    /// # Errors
    /// When nothing of it can be taken in.
    pub fn read(
        &self,
        terms: Terms<'_>,
        head: &Head,
        body: &[u8],
        now: Timestamp,
    ) -> Result<Read, Unreadable> {
        adapter::read(&self.kind, body, &self.context(terms, head, now))
    }

    /// What the adapter has to know besides the bytes.
    pub fn context<'a>(
        &'a self,
        terms: Terms<'_>,
        head: &'a Head,
        now: Timestamp,
    ) -> adapter::Context<'a> {
        adapter::Context {
            source: &self.name,
            now,
            resolve_timeout: terms.resolve_timeout,
            limits: &self.limits.event,
            utf8: terms.utf8,
            head,
            severity_map: &self.severity_map,
        }
    }

    /// Keeps a body that could not be taken in, for admins to look at. `what` is the word in
    /// metrics and what is wrong.
    pub fn set_aside(
        &self,
        metrics: &Metrics,
        sender: Sender<'_>,
        body: &[u8],
        (reason, why): (&'static str, &str),
    ) {
        let what = (clock::now(), reason, why);
        let kept = Rejected::new(what, sender.address, sender.headers, body, &self.auth);
        self.quarantine.keep(&self.name, kept);
        metrics.source_quarantined(&self.name);
    }

    fn count(&self, terms: Terms<'_>, taken: &Result<Taken, Turned>) {
        let metrics = terms.metrics;
        match taken {
            Ok(taken) => {
                let now = clock::now();
                self.ledger.seen().taken_at = Some(now);
                metrics.source_taken(&self.name, taken.tally, taken.rejected.len());
                metrics.source_heard(&self.name, now, taken.notes.len(), taken.limited);
                if taken.redelivered {
                    metrics.source_redelivered(&self.name);
                }
                if let Some(first) = taken.rejected.first() {
                    self.trouble(terms.handle, "rejected", 1, || first.why.clone());
                }
                if taken.limited > 0 {
                    let max = self.limits.new_alerts_max_per_hour;
                    self.trouble(terms.handle, "limited", 1, || taken.limit_words(max));
                }
            }
            Err(turned) => {
                metrics.source_turned(&self.name, turned.reason());
                if !turned.is_again() {
                    self.trouble(terms.handle, turned.reason(), 1, || turned.to_string());
                }
            }
        }
    }

    async fn try_take(
        &self,
        terms: Terms<'_>,
        sender: Sender<'_>,
        body: Body,
    ) -> Result<Taken, Turned> {
        let now = clock::now();
        let mut verdict = self.admits(&sender, now)?;
        let Sender { headers, .. } = sender;
        if sender.by_query {
            self.speaks_by_query(sender, verdict)?;
        }
        if self.kind.resends() {
            self.spend(0)?;
        }
        let body: Bytes = match collect(body, headers, self.limits.body_bytes_max).await {
            Ok(body) => body,
            Err(unread) => {
                if verdict == Verdict::Welcome && matches!(unread, Unread::TooLong { .. }) {
                    let what = ("too_large", unread.to_string());
                    self.set_aside(terms.metrics, sender, &[], (what.0, &what.1));
                }
                return Err(unread.into());
            }
        };
        if verdict == Verdict::NeedsBody {
            verdict = auth::with_body(&self.auth, headers, &body, now);
        }
        if let Verdict::Stranger(why) = verdict {
            return Err(self.stranger(why));
        }
        terms.metrics.source_bytes(&self.name, body.len());
        let body = encoding::unpack(body, headers, self.limits.body_bytes_max)?;
        if let Some(gate) = &self.sns {
            gate.pass(&self.kind, &body).await?;
        }
        // Prometheus says everything in its body, and most often.
        let head = (!self.kind.is_prometheus()).then(|| head(headers, sender.query));
        let head = head.as_ref().unwrap_or(Head::NONE);
        let said = if sender.by_query { head.query_body() } else { None };
        let read = self.read(terms, head, said.as_deref().unwrap_or(&body), now);
        // Whoever looks at it later wants to see what was sent.
        let body = if sender.by_query { Bytes::from(sender.query.to_owned()) } else { body };
        let aside = |body: &[u8], reason, why: &str| {
            self.set_aside(terms.metrics, sender, body, (reason, why));
        };
        let read =
            read.inspect_err(|unreadable| aside(&body, "unreadable", &unreadable.to_string()))?;
        if let Some(first) = read.rejected.first() {
            aside(&body, "rejected", &format!("event {}: {}", first.at, first.why));
        }
        if !self.knows(terms, &read) {
            let spent = self.spend_in_line(read.said(), body.len()).await;
            spent.map_err(|turned| self.know_again(turned, || delivery::mark(&read, &body)))?;
        }
        // Held no longer than it may be needed.
        let body = self.limits.new_alerts_max_per_hour.map(|_| body);
        let taken = self.try_admit(terms, read).await?;
        if let Some(body) = body.filter(|_| taken.limited > 0) {
            aside(&body, "limited", &taken.limit_words(self.limits.new_alerts_max_per_hour));
        }
        Ok(taken)
    }

    /// Looks at all that can be known of a sender before its body.
    fn admits(&self, sender: &Sender, now: Timestamp) -> Result<Verdict, Turned> {
        if !self.listens_to(sender.address) {
            return Err(Turned::Elsewhere { address: sender.address });
        }
        match auth::before_body(&self.auth, &self.name, sender, now) {
            Verdict::Stranger(why) => Err(self.stranger(why)),
            verdict => Ok(verdict),
        }
    }

    /// Whether a GET can say anything here, and does.
    fn speaks_by_query(&self, sender: Sender<'_>, verdict: Verdict) -> Result<(), Turned> {
        if verdict == Verdict::NeedsBody {
            return Err(self.stranger("a signature is that of a body, and a GET has none"));
        }
        if !self.kind.reads_query() {
            return Err(Turned::OnlyPost { kind: self.kind.name() });
        }
        if sender.query.is_empty() {
            return Err(Turned::NoQuery);
        }
        Ok(())
    }

    async fn try_admit(&self, terms: Terms<'_>, mut read: Read) -> Result<Taken, Turned> {
        let now = clock::now();
        let stamp = delivery::stamp(&read);
        if self.knows(terms, &read) {
            // Readers see a step before it is on disk: what is answered after another one is there.
            terms.handle.submit(Input::Tick).await?;
            let (rejected, notes) = (read.rejected, read.notes);
            return Ok(Taken { redelivered: true, rejected, notes, ..Taken::default() });
        }
        let (new, limited, wait) = self.limit_new(terms, &mut read.events);
        let firing = read.events.iter().filter(|event| event.signal == Signal::Firing).count();
        let resolved = read.events.len() - firing;
        let said = read.said() - read.events.len();
        if let (true, Some(crowd)) = (self.kind.is_prometheus(), terms.crowd) {
            crowd.admit(&mut read.events, now, |name| terms.metrics.alerts_limited(name, 1));
        }
        terms.metrics.source_counted(&self.name, read.counted);
        let Read { events, remarks, heartbeats, deployments, rejected, notes, .. } = read;
        if said > 0 {
            let counts = [
                ("remark", remarks.len()),
                ("heartbeat", heartbeats.len()),
                ("deployment", deployments.len()),
            ];
            terms.metrics.source_said(&self.name, counts);
        }
        let nothing = events.is_empty() && said == 0;
        let stamp = stamp.filter(|_| rejected.is_empty() && limited == 0);
        let arrival = stamp.map(|stamp| Arrival { source: Arc::clone(&self.name), stamp });
        let input = if said > 0 || arrival.is_some() {
            Input::Heard(Box::new(Heard { events, remarks, heartbeats, deployments, arrival }))
        } else {
            Input::Events(events)
        };
        let tally = if nothing {
            Tally::default()
        } else {
            let done = terms.handle.submit(input).await;
            done.inspect_err(|_| self.ledger.newcomers().give_back(new))?.tally
        };
        Ok(Taken {
            firing: firing as u64,
            resolved: resolved as u64,
            tally,
            said: said as u64,
            redelivered: false,
            limited,
            wait,
            rejected,
            notes,
        })
    }

    /// Whether the sender has delivered this before.
    fn knows(&self, terms: Terms<'_>, read: &Read) -> bool {
        let Some(stamp) = delivery::stamp(read) else { return false };
        let now = clock::now();
        terms.handle.read(|engine| engine.state().event.has_arrived(&self.name, stamp, now))
    }

    fn stranger(&self, why: &'static str) -> Turned {
        Turned::Stranger { why, challenge: auth::challenge(&self.auth) }
    }
}

fn head(headers: &HeaderMap, query: &str) -> Head {
    let texts =
        headers.iter().filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)));
    Head::new(texts, query)
}

//! Polled values: samples in, events out when a series has been bad, or fine again, for long enough.
//!
//! A poll that fails says nothing about its series, so nothing changes: silence is not recovery.
//! After [`FAILURES_MAX`] failures in a row the poll itself is an alert, `PollFailed`.

mod baseline;
mod bounds;
pub mod exposition;
mod flap;
mod forecast;
pub mod perfdata;
mod phase;
mod probe;
mod rule;
mod sample;
mod series;
#[cfg(test)]
mod tests;
mod threshold;

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Ends, Event, Signal};
use crate::domain::value::{Labels, Timestamp};
use phase::{Level, Tell};
use rule::{Reading, Seen};
use series::Series;

pub use baseline::{Baseline, Calendar, LEARN_SPAN, LEARN_STEP, Norm, Norms, Side};
pub use bounds::Bounds;
pub use flap::FlapBounds;
pub use forecast::{CAPACITY_FORECAST, Forecast, POINTS_MIN, Point, Trend};
pub use probe::{
    DnsProbe, ExecProbe, HttpProbe, IcmpProbe, JsonCheck, Listener, Probe, PromqlProbe, Range,
    Reduce, ScrapeProbe, TcpProbe, TlsProbe, When,
};
pub use rule::{PollRule, Test};
pub use sample::{Past, Sample};
pub use threshold::{InvalidThreshold, Op, Threshold};

/// So many failures in a row make an alert.
pub const FAILURES_MAX: u32 = 3;

/// The name of the alert about a poll that fails.
pub const POLL_FAILED: &str = "PollFailed";

/// What is known about the series of one poll. Quiet series take no memory.
#[derive(Debug, Clone, PartialEq)]
pub struct PollState {
    source: Arc<str>,
    poll: Box<str>,
    rules: Arc<[PollRule]>,
    /// By the key of the alert.
    series: BTreeMap<Box<str>, Series>,
    failures: u32,
    failing_since: Option<Timestamp>,
}

impl PollState {
    /// Nothing seen so far. `source` is the source's name in the configuration, `poll` the poll's.
    pub fn new(source: Arc<str>, poll: impl Into<Box<str>>, rules: Vec<PollRule>) -> Self {
        let (series, rules) = (BTreeMap::new(), rules.into());
        Self { source, poll: poll.into(), rules, series, failures: 0, failing_since: None }
    }

    /// Takes the answer to one poll: every series there is, with its value. Returns what changed.
    ///
    /// The severity is no part of an alert's identity: it has the key `<poll>/<rule>{<series>}`.
    pub fn observe(&mut self, now: Timestamp, samples: &[Sample]) -> Vec<Event> {
        let mut events: Vec<Event> = self.answered(now).into_iter().collect();
        let mut readings = self.read(samples);
        let mut known = std::mem::take(&mut self.series);
        for (key, reading) in &readings {
            let of_interest = matches!(reading.seen, Seen::Bad(_));
            if of_interest && !known.contains_key(key) {
                let series = Series::new(reading.rule, reading.labels.clone());
                known.insert(key.clone(), series);
            }
        }
        for (key, mut series) in known {
            let reading = readings.remove(&key);
            let rule = &self.rules[series.rule];
            let tell = series.step(rule, reading.as_ref(), now);
            events.extend(self.event(&key, &mut series, reading, tell, now));
            if !series.is_quiet() {
                self.series.insert(key, series);
            }
        }
        events
    }

    /// Takes note that a poll failed. Only when that has become a habit there is an event.
    pub fn failed(&mut self, now: Timestamp, why: &str) -> Vec<Event> {
        self.failures = self.failures.saturating_add(1);
        if self.failures < FAILURES_MAX || self.failing_since.is_some() {
            return Vec::new();
        }
        self.failing_since = Some(now);
        let summary = format!("The poll {} failed {FAILURES_MAX} times in a row", self.poll);
        let annotations = Labels::new([("summary", summary.as_str()), ("error", why)]);
        vec![self.failure(Signal::Firing, annotations, now, Ends::Never)]
    }

    /// Puts back an alert that fires, by its key, labels and start, so that its end can be told
    /// after a restart or a reload. Returns whether it is an alert of this poll.
    pub fn resume(&mut self, key: &str, labels: &Labels, starts_at: Timestamp) -> bool {
        if *key == *self.failure_key() {
            self.failing_since = Some(starts_at);
            return true;
        }
        let of = |rule: &PollRule| {
            let series = key.strip_prefix(&*self.poll)?.strip_prefix('/')?;
            Some(series.strip_prefix(rule.name.as_str())?.starts_with('{'))
        };
        let Some(rule) = self.rules.iter().position(|rule| of(rule) == Some(true)) else {
            return false;
        };
        let critical = labels.get("severity") == Level::Critical.name();
        let level = if critical { Level::Critical } else { Level::Warning };
        let labels = labels.without(&["severity".to_owned()]);
        self.series.insert(key.into(), Series::firing(rule, labels, starts_at, level));
        true
    }

    /// Takes over what an earlier state of the same poll knows, if it judges by the same rules.
    /// Returns whether it did.
    pub fn inherit(&mut self, earlier: Self) -> bool {
        let same = self.poll == earlier.poll && self.rules == earlier.rules;
        if same {
            *self = earlier;
        }
        same
    }

    /// What the samples say, by the key of their alert. Where several are one alert, because they
    /// differ only in the metric's name or in what `by` leaves out, the worst counts.
    fn read<'a>(&self, samples: &'a [Sample]) -> BTreeMap<Box<str>, Reading<'a>> {
        let mut readings: BTreeMap<Box<str>, Reading<'a>> = BTreeMap::new();
        for (rule, has) in self.rules.iter().enumerate() {
            for sample in samples.iter().filter(|sample| has.looks_at(&sample.labels)) {
                let series = has.series(&sample.labels);
                let key = format!("{}/{}{series}", self.poll, has.name).into_boxed_str();
                let had = self.series.get(&key).and_then(Series::level);
                let seen = has.judge(sample, had);
                if readings.get(&key).is_some_and(|other| other.seen >= seen) {
                    continue;
                }
                let name = [("alertname", has.name.as_str())];
                let labels = series.with(has.labels.iter()).with(name);
                readings.insert(key, Reading { rule, labels, seen, sample });
            }
        }
        readings
    }

    fn event(
        &self,
        key: &str,
        series: &mut Series,
        reading: Option<Reading>,
        tell: Tell,
        now: Timestamp,
    ) -> Option<Event> {
        let (signal, since, level, ends) = match tell {
            Tell::Nothing => return None,
            Tell::Fires { since, level } => (Signal::Firing, since, level, Ends::Never),
            Tell::Over { since, level } => (Signal::Resolved, since, level, Ends::At(now)),
        };
        let rule = &self.rules[series.rule];
        let mut annotations = rule.annotations.clone();
        let mut value = String::new();
        if let Some(Reading { sample, .. }) = reading {
            let (labels, notes) = rule.remarks(sample);
            series.labels = series.labels.with(labels.iter());
            // What somebody wrote down counts more than what was seen.
            annotations = sample.notes.with(notes.iter()).with(rule.annotations.iter());
            value = sample.value.map(|value| value.to_string()).unwrap_or_default();
            if annotations.get("summary").is_empty() {
                annotations = annotations.with([("summary", rule.summary(sample).as_str())]);
            }
        }
        let flapping = series.flapping();
        let seen = [("value", value.as_str()), ("flapping", flapping.as_str())];
        Some(Event {
            source: self.source.clone(),
            signal,
            labels: series.labels.with([("severity", level.name())]),
            annotations: annotations.with(seen),
            url: Box::default(),
            key: key.into(),
            starts_at: since,
            ends,
        })
    }

    fn answered(&mut self, now: Timestamp) -> Option<Event> {
        self.failures = 0;
        let since = self.failing_since.take()?;
        Some(self.failure(Signal::Resolved, Labels::default(), since, Ends::At(now)))
    }

    fn failure(
        &self,
        signal: Signal,
        annotations: Labels,
        starts_at: Timestamp,
        ends: Ends,
    ) -> Event {
        let severity = Level::Warning.name();
        let labels = [("alertname", POLL_FAILED), ("poll", &self.poll), ("severity", severity)];
        Event {
            source: self.source.clone(),
            signal,
            labels: Labels::new(labels),
            annotations,
            url: Box::default(),
            key: self.failure_key(),
            starts_at,
            ends,
        }
    }

    fn failure_key(&self) -> Box<str> {
        format!("{}/{POLL_FAILED}", self.poll).into_boxed_str()
    }
}

//! Polled values: samples in, events out when a series has been bad, or fine again, for long enough.
//!
//! A poll that fails says nothing about its series, so nothing changes: silence is not recovery.
//! After [`FAILURES_MAX`] failures in a row the poll itself is an alert, `PollFailed`.

mod phase;
mod threshold;

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Ends, Event, Signal};
use crate::domain::value::{Labels, Span, Timestamp};
use phase::{Level, Patience, Phase, Tell};

pub use threshold::{InvalidThreshold, Op, Threshold};

/// So many failures in a row make an alert.
pub const FAILURES_MAX: u32 = 3;

/// The name of the alert about a poll that fails.
pub const POLL_FAILED: &str = "PollFailed";

/// What makes an alert of a polled value.
#[derive(Debug, Clone, PartialEq)]
pub struct PollRule {
    /// The label `alertname`. Within one poll a name is used once.
    pub name: String,
    /// Labels that a series must carry for the rule to look at it; empty means every series.
    pub only: Labels,
    /// Labels of the alerts, laid over those of the series. `severity` follows the threshold.
    pub labels: Labels,
    /// Annotations of the alerts. The value that was seen is added as `value`.
    pub annotations: Labels,
    /// Beyond this the severity is `warning`.
    pub warn: Option<Threshold>,
    /// Beyond this the severity is `critical`.
    pub critical: Option<Threshold>,
    /// How long a value must be beyond a threshold before the alert fires (`for`).
    pub for_: Span,
    /// How long a value must be back, or gone, before the alert is over.
    pub clear_for: Span,
}

/// What is known about the series of one poll. Quiet series take no memory.
#[derive(Debug, Clone, PartialEq)]
pub struct PollState {
    source: Arc<str>,
    poll: Box<str>,
    rules: Vec<PollRule>,
    /// By the key of the alert.
    series: BTreeMap<Box<str>, Series>,
    failures: u32,
    failing_since: Option<Timestamp>,
}

#[derive(Debug, Clone, PartialEq)]
struct Series {
    /// The place of its rule.
    rule: usize,
    /// The alert's labels, but for the severity.
    labels: Labels,
    phase: Phase,
}

/// A value beyond a threshold.
struct Bad {
    rule: usize,
    labels: Labels,
    level: Level,
    value: f64,
}

impl PollRule {
    fn level(&self, value: f64) -> Option<Level> {
        let beyond = |threshold: Option<Threshold>| threshold.is_some_and(|t| t.holds(value));
        if beyond(self.critical) {
            return Some(Level::Critical);
        }
        beyond(self.warn).then_some(Level::Warning)
    }

    fn looks_at(&self, series: &Labels) -> bool {
        self.only.iter().all(|(name, value)| series.get(name) == value)
    }

    fn patience(&self) -> Patience {
        Patience { for_: self.for_, clear_for: self.clear_for }
    }
}

impl PollState {
    /// Nothing seen so far. `source` is the source's name in the configuration, `poll` the poll's.
    pub fn new(source: Arc<str>, poll: impl Into<Box<str>>, rules: Vec<PollRule>) -> Self {
        let series = BTreeMap::new();
        Self { source, poll: poll.into(), rules, series, failures: 0, failing_since: None }
    }

    /// Takes the answer to one poll: every series there is, with its value. Returns what changed.
    ///
    /// The severity is no part of an alert's identity: it has the key `<poll>/<rule>{<series>}`.
    pub fn observe(&mut self, now: Timestamp, samples: &[(Labels, f64)]) -> Vec<Event> {
        let mut events: Vec<Event> = self.answered(now).into_iter().collect();
        let mut bad = self.bad(samples);
        let mut known = std::mem::take(&mut self.series);
        for (key, seen) in &bad {
            known.entry(key.clone()).or_insert_with(|| {
                let labels = seen.labels.clone();
                Series { rule: seen.rule, labels, phase: Phase::Quiet }
            });
        }
        for (key, mut series) in known {
            let seen = bad.remove(&key);
            let level = seen.as_ref().map(|seen| seen.level);
            let rule = &self.rules[series.rule];
            let (phase, tell) = series.phase.step(level, now, rule.patience());
            let value = seen.map(|seen| seen.value);
            events.extend(self.event(&key, &series, value, tell, now));
            if phase != Phase::Quiet {
                series.phase = phase;
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
        let phase = Phase::Firing { since: starts_at, level };
        self.series.insert(key.into(), Series { rule, labels, phase });
        true
    }

    /// The values beyond a threshold, by the key of their alert. Where two series differ only in
    /// the metric's name, the worse one counts.
    fn bad(&self, samples: &[(Labels, f64)]) -> BTreeMap<Box<str>, Bad> {
        let mut bad: BTreeMap<Box<str>, Bad> = BTreeMap::new();
        for (rule, has) in self.rules.iter().enumerate() {
            for (series, value) in samples.iter().filter(|(series, _)| has.looks_at(series)) {
                let Some(level) = has.level(*value) else {
                    continue;
                };
                let series = series.without(&["__name__".to_owned()]);
                let key = format!("{}/{}{series}", self.poll, has.name).into_boxed_str();
                if bad.get(&key).is_some_and(|other| other.level >= level) {
                    continue;
                }
                let name = [("alertname", has.name.as_str())];
                let labels = series.with(has.labels.iter()).with(name);
                bad.insert(key, Bad { rule, labels, level, value: *value });
            }
        }
        bad
    }

    fn event(
        &self,
        key: &str,
        series: &Series,
        value: Option<f64>,
        tell: Tell,
        now: Timestamp,
    ) -> Option<Event> {
        let (signal, since, level, ends) = match tell {
            Tell::Nothing => return None,
            Tell::Fires { since, level } => (Signal::Firing, since, level, Ends::Never),
            Tell::Over { since, level } => (Signal::Resolved, since, level, Ends::At(now)),
        };
        let value = value.map(|value| value.to_string()).unwrap_or_default();
        Some(Event {
            source: self.source.clone(),
            signal,
            labels: series.labels.with([("severity", level.name())]),
            annotations: self.rules[series.rule].annotations.with([("value", value.as_str())]),
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

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::*;

    fn rule(for_: &str, clear_for: &str) -> PollRule {
        PollRule {
            name: "DiskFilling".to_owned(),
            only: Labels::default(),
            labels: Labels::new([("team", "storage")]),
            annotations: Labels::new([("summary", "filling up")]),
            warn: Some(">= 0.85".parse().unwrap()),
            critical: Some(">= 0.95".parse().unwrap()),
            for_: for_.parse().unwrap(),
            clear_for: clear_for.parse().unwrap(),
        }
    }

    fn state(rules: Vec<PollRule>) -> PollState {
        PollState::new(Arc::from("poll"), "disks", rules)
    }

    /// Plays a script, one poll a line: minute, then `series=value …`, or `fails`.
    fn play(state: &mut PollState, script: &str) -> String {
        let mut told = String::new();
        for line in script.lines() {
            let mut words = line.split_whitespace();
            let Some(minute) = words.next() else { continue };
            let now = Timestamp(minute.parse::<i64>().unwrap() * 60_000);
            let samples: Vec<(Labels, f64)> = words
                .clone()
                .filter_map(|word| word.split_once('='))
                .map(|(series, value)| (Labels::new([("disk", series)]), value.parse().unwrap()))
                .collect();
            let events = if words.next() == Some("fails") {
                state.failed(now, "connection refused")
            } else {
                state.observe(now, &samples)
            };
            for event in events {
                let (signal, key) = (format!("{:?}", event.signal).to_lowercase(), &event.key);
                let [severity, value] =
                    [event.labels.get("severity"), event.annotations.get("value")];
                let since = event.starts_at.0 / 60_000;
                let _ = writeln!(told, "{minute} {signal} {key} {severity} {value} since {since}");
            }
        }
        told
    }

    fn check(state: &mut PollState, script: &str, expected: &str) {
        assert_eq!(play(state, script), expected);
    }

    #[test]
    fn a_value_above_for_five_minutes_is_one_alert() {
        let script = "
            0 a=0.9
            1 a=0.9
            4 a=0.9
            5 a=0.91
            6 a=0.92
            7 a=0.5
            9 a=0.5
            10 a=0.5
            11 a=0.5";
        let expected = "\
5 firing disks/DiskFilling{disk=\"a\"} warning 0.91 since 0
10 resolved disks/DiskFilling{disk=\"a\"} warning  since 0
";
        check(&mut state(vec![rule("5m", "3m")]), script, expected);
    }

    #[test]
    fn a_short_excursion_is_nothing_and_a_short_relief_changes_nothing() {
        let script = "
            0 a=0.9
            1 a=0.5
            2 a=0.9
            4 a=0.9
            5 a=0.5
            6 a=0.9
            9 a=0.9";
        let expected = "4 firing disks/DiskFilling{disk=\"a\"} warning 0.9 since 2\n";
        check(&mut state(vec![rule("2m", "3m")]), script, expected);
    }

    #[test]
    fn severity_follows_the_value_and_the_key_stays() {
        let script = "
            0 a=0.96 b=0.9
            1 a=0.9 b=0.99
            2 a=0.9 b=0.99";
        let expected = "\
0 firing disks/DiskFilling{disk=\"a\"} critical 0.96 since 0
0 firing disks/DiskFilling{disk=\"b\"} warning 0.9 since 0
1 firing disks/DiskFilling{disk=\"a\"} warning 0.9 since 0
1 firing disks/DiskFilling{disk=\"b\"} critical 0.99 since 0
";
        check(&mut state(vec![rule("0", "1m")]), script, expected);
    }

    #[test]
    fn a_vanished_series_clears_after_its_time() {
        let script = "
            0 a=0.9 b=0.1
            1 b=0.1
            2 b=0.1
            3 b=NaN";
        let expected = "\
0 firing disks/DiskFilling{disk=\"a\"} warning 0.9 since 0
3 resolved disks/DiskFilling{disk=\"a\"} warning  since 0
";
        let mut state = state(vec![rule("0", "2m")]);
        check(&mut state, script, expected);
        assert!(state.series.is_empty(), "what is quiet takes no memory");
    }

    #[test]
    fn a_failed_poll_is_no_recovery_and_a_third_one_is_an_alert() {
        let script = "
            0 a=0.9
            1 fails
            2 fails
            3 fails
            4 fails
            5 a=0.9
            6 fails
            7 a=0.1";
        let expected = "\
0 firing disks/DiskFilling{disk=\"a\"} warning 0.9 since 0
3 firing disks/PollFailed warning  since 3
5 resolved disks/PollFailed warning  since 3
7 resolved disks/DiskFilling{disk=\"a\"} warning  since 0
";
        check(&mut state(vec![rule("0", "0")]), script, expected);
    }

    #[test]
    fn an_alert_from_before_a_restart_is_ended() {
        let mut before = state(vec![rule("0", "1m")]);
        let fired = before.observe(Timestamp(0), &[(Labels::new([("disk", "a")]), 0.99)]);
        let mut after = state(vec![rule("0", "1m")]);
        assert!(after.resume(&fired[0].key, &fired[0].labels, fired[0].starts_at));
        assert_eq!(after, before);
        assert!(after.resume("disks/PollFailed", &Labels::default(), Timestamp(0)));
        assert!(!after.resume("disks/DiskFillingFast{}", &Labels::default(), Timestamp(0)));
        let expected = "\
5 resolved disks/PollFailed warning  since 0
7 resolved disks/DiskFilling{disk=\"a\"} critical  since 0
";
        check(&mut after, "5 a=0.1\n7 a=0.1", expected);
    }

    #[test]
    fn rules_look_at_their_series_only_and_the_metric_name_is_no_label() {
        let mut slow = rule("0", "0");
        slow.only = Labels::new([("measure", "latency_ms")]);
        let mut state = state(vec![slow]);
        let sample =
            |measure, name, value| (Labels::new([("measure", measure), ("__name__", name)]), value);
        let samples = [
            sample("latency_ms", "x", 0.9),
            sample("latency_ms", "y", 1.0),
            sample("up", "x", 1.0),
        ];
        let events = state.observe(Timestamp(0), &samples);
        let labels: Vec<String> = events.iter().map(|event| event.labels.to_string()).collect();
        assert_eq!(
            labels,
            [
                r#"{alertname="DiskFilling", measure="latency_ms", severity="critical", team="storage"}"#
            ]
        );
    }
}

//! Finds the alerts that a query wants: each value is looked at once, not once for each alert.

use super::query::Wanted;
use crate::domain::State;
use crate::domain::event::{self, Alert};
use crate::domain::value::matcher::Operator;
use crate::domain::value::{Matcher, Symbol};

/// The conditions of a query, with what was found out about labels so far.
#[derive(Debug)]
pub(super) struct Sieve<'a> {
    wanted: &'a Wanted,
    /// What costs least first.
    tests: Vec<Test<'a>>,
    /// Symbols mean the same only as long as none was given back.
    age: u64,
    /// As long as none is new either, so many are there.
    pairs: usize,
}

#[derive(Debug)]
enum Test<'a> {
    /// One pair must be there.
    Has { matcher: &'a Matcher, pair: Option<Symbol> },
    /// Each value is matched once.
    Matches { matcher: &'a Matcher, verdicts: Vec<Verdict> },
}

/// What a matcher says of a pair.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Unknown,
    OtherName,
    Fits,
    FitsNot,
}

impl<'a> Sieve<'a> {
    pub(super) fn new(wanted: &'a Wanted) -> Self {
        let test = |matcher: &'a Matcher| {
            if matcher.operator() == Operator::Equal && !matcher.value.is_empty() {
                Test::Has { matcher, pair: None }
            } else {
                Test::Matches { matcher, verdicts: Vec::new() }
            }
        };
        let mut tests: Vec<Test> = wanted.filter.iter().map(test).collect();
        tests.sort_by_key(|test| matches!(test, Test::Matches { .. }));
        // No state has so many pairs: what is known of none is found out at the first alert.
        Self { wanted, tests, age: 0, pairs: usize::MAX }
    }

    /// Tells whether an alert fulfils every condition.
    pub(super) fn fits(&mut self, state: &State, alert: &Alert) -> bool {
        let events = &state.event;
        self.catch_up(events);
        self.tests.iter_mut().all(|test| test.fits(events, alert))
            && self.wanted.fits_status(state, alert)
    }

    fn catch_up(&mut self, events: &event::State) {
        let symbols = events.symbols();
        let (age, pairs) = (symbols.age(), symbols.len());
        if (self.age, self.pairs) == (age, pairs) {
            return;
        }
        for test in &mut self.tests {
            match test {
                Test::Has { matcher, pair } => *pair = symbols.find(&matcher.name, &matcher.value),
                Test::Matches { verdicts, .. } if self.age != age => verdicts.clear(),
                Test::Matches { .. } => {}
            }
        }
        (self.age, self.pairs) = (age, pairs);
    }
}

impl Test<'_> {
    fn fits(&mut self, events: &event::State, alert: &Alert) -> bool {
        match self {
            Self::Has { pair, .. } => pair.is_some_and(|pair| events.has_label(alert, pair)),
            Self::Matches { matcher, verdicts } => {
                let pairs = events.label_symbols(alert);
                let mut verdicts = pairs.map(|pair| verdict(matcher, verdicts, events, pair));
                match verdicts.find(|verdict| *verdict != Verdict::OtherName) {
                    Some(verdict) => verdict == Verdict::Fits,
                    None => matcher.matches(""),
                }
            }
        }
    }
}

fn verdict(
    matcher: &Matcher,
    verdicts: &mut Vec<Verdict>,
    events: &event::State,
    pair: Symbol,
) -> Verdict {
    let place = pair.index();
    if verdicts.len() <= place {
        verdicts.resize(place + 1, Verdict::Unknown);
    }
    if verdicts[place] == Verdict::Unknown {
        let (name, value) = events.symbols().pair(pair);
        verdicts[place] = match name == matcher.name {
            false => Verdict::OtherName,
            true if matcher.matches(value) => Verdict::Fits,
            true => Verdict::FitsNot,
        };
    }
    verdicts[place]
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::domain::Settings;
    use crate::domain::event::{Ends, Event, Signal};
    use crate::domain::value::matcher::ParseMode;
    use crate::domain::value::{Labels, Timestamp};
    use crate::engine::{Engine, Entry, Input};

    fn engine(alerts: &[&str]) -> Engine {
        let mut engine = Engine::new(Arc::new(Settings::default()));
        for labels in alerts {
            send(&mut engine, labels);
        }
        engine
    }

    fn send(engine: &mut Engine, labels: &str) {
        let pairs = labels.split_whitespace().map(|pair| pair.split_once('=').unwrap());
        let event = Event {
            source: "prometheus".into(),
            signal: Signal::Firing,
            labels: Labels::new(pairs),
            annotations: Labels::default(),
            url: Box::default(),
            key: Box::default(),
            starts_at: Timestamp(1),
            ends: Ends::Never,
        };
        let _ = engine.step(Entry { at: Timestamp(1), input: Input::Events(vec![event]) });
    }

    fn wanted(filter: &str) -> Wanted {
        let filters = filter.split_whitespace().map(|one| ("filter".to_owned(), one.to_owned()));
        Wanted::read(&filters.collect::<Vec<_>>(), ParseMode::Fallback).unwrap()
    }

    /// The numbers of the alerts that fit.
    fn fitting(engine: &Engine, sieve: &mut Sieve) -> String {
        let state = engine.state();
        let fitting = state.event.alerts().filter(|(_, alert)| sieve.fits(state, alert));
        fitting.map(|(id, _)| id.0.to_string()).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn what_fits_is_what_every_matcher_takes() {
        let engine = engine(&["n=A host=h1", "n=A host=h2 zone=z", "n=B host=h1", "n=B"]);
        for (filter, expected) in [
            ("", "1 2 3 4"),
            ("n=A", "1 2"),
            ("n=A host=h1", "1"),
            ("host=~h.*", "1 2 3"),
            ("host!~h1|h3", "2 4"),
            ("host!=h1", "2 4"),
            ("zone=", "1 3 4"),
            ("zone!= n=~A|B", "2"),
            ("zone=~.*", "1 2 3 4"),
            ("n=C", ""),
            ("n=A n=B", ""),
        ] {
            assert_eq!(fitting(&engine, &mut wanted(filter).sieve()), expected, "{filter}");
        }
    }

    #[test]
    fn what_comes_meanwhile_is_found_too() {
        let mut engine = engine(&["n=A host=h1"]);
        let (exact, pattern) = (wanted("host=h2"), wanted("host=~h2|h3"));
        let (mut exact, mut pattern) = (exact.sieve(), pattern.sieve());
        assert_eq!(fitting(&engine, &mut exact), "");
        assert_eq!(fitting(&engine, &mut pattern), "");
        send(&mut engine, "n=A host=h2");
        assert_eq!(fitting(&engine, &mut exact), "2");
        assert_eq!(fitting(&engine, &mut pattern), "2");
    }
}

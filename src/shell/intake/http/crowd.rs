//! How many alerts of one name may hold at a time (`--alerts.per-alertname-limit`).

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use crate::domain::State;
use crate::domain::event::{Ends, Event};
use crate::domain::value::{Fingerprint, Timestamp};

/// Alerts that hold, by name. As in Alertmanager, what is known goes on being heard, and what is
/// new finds room where something has ended.
#[derive(Debug)]
pub struct Crowd {
    max: usize,
    names: Mutex<BTreeMap<String, BTreeMap<Fingerprint, Timestamp>>>,
}

impl Crowd {
    /// Room for so many alerts of each name.
    pub fn new(max: usize) -> Self {
        Self { max, names: Mutex::default() }
    }

    /// Counts what was known before a restart.
    pub fn recall(&self, state: &State) {
        let mut names = self.names.lock().unwrap_or_else(PoisonError::into_inner);
        for (_, alert) in state.event.alerts().filter(|(_, alert)| alert.is_firing()) {
            let name = state.event.label(alert, "alertname").to_owned();
            names.entry(name).or_default().insert(alert.key, until(alert.ends()));
        }
    }

    /// Leaves out what there is no room for, and tells the name of each alert left out.
    pub(super) fn admit(&self, events: &mut Vec<Event>, now: Timestamp, mut out: impl FnMut(&str)) {
        let mut names = self.names.lock().unwrap_or_else(PoisonError::into_inner);
        events.retain(|event| {
            let name = event.labels.get("alertname");
            if !names.contains_key(name) {
                names.insert(name.to_owned(), BTreeMap::new());
            }
            let known = names.get_mut(name).expect("just made sure of");
            let identity = event.labels.fingerprint();
            if known.len() >= self.max && !known.contains_key(&identity) {
                known.retain(|_, until| *until >= now);
            }
            let room = known.len() < self.max || known.contains_key(&identity);
            if room {
                known.insert(identity, until(event.ends));
            } else {
                out(name);
            }
            room
        });
        names.retain(|_, known| {
            known.len() >= self.max || known.values().any(|until| *until >= now)
        });
    }
}

fn until(ends: Ends) -> Timestamp {
    ends.at().unwrap_or(Timestamp(i64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::event::Signal;
    use crate::domain::value::Labels;

    /// Each line is `time name instance end`; the answer says which found room.
    fn check(max: usize, script: &str, expected: &str) {
        let crowd = Crowd::new(max);
        let admitted = script.lines().map(|line| {
            let words: Vec<_> = line.split_whitespace().collect();
            let [now, name, instance, end] = words[..] else { panic!("{line}") };
            let mut events = vec![Event {
                source: "prometheus".into(),
                signal: Signal::Firing,
                labels: Labels::new([("alertname", name), ("instance", instance)]),
                annotations: Labels::default(),
                url: Box::default(),
                key: Box::default(),
                starts_at: Timestamp(0),
                ends: Ends::At(Timestamp(end.parse().unwrap())),
            }];
            let mut dropped = Vec::new();
            let now = Timestamp(now.parse().unwrap());
            crowd.admit(&mut events, now, |name| dropped.push(name.to_owned()));
            assert_eq!(events.is_empty(), dropped == [name], "{line}");
            if events.is_empty() { '-' } else { '+' }
        });
        assert_eq!(admitted.collect::<String>(), expected, "{script}");
    }

    #[test]
    fn what_is_new_finds_room_only_where_something_has_ended() {
        check(
            2,
            "0 A a 10\n0 A b 20\n0 A c 20\n0 B c 20\n5 A a 30\n21 A c 50\n22 A d 50",
            "++-+++-",
        );
        check(1, "0 A a 10\n9 A b 20\n10 A b 20\n11 A b 20", "+--+");
    }
}

//! What happens while a message is in the air: between its attempt and the courier's report.

use std::sync::Arc;

use super::settings;
use incidentd::domain::Outcome as Done;
use incidentd::domain::Settings;
use incidentd::domain::event::{Ends, Event, Signal};
use incidentd::domain::notification::{Command, Outcome};
use incidentd::domain::value::{Actor, DeliveryId, Labels, Span};
use incidentd::engine::scenario::START;
use incidentd::engine::{Engine, Entry, Input};

const MAIN: &str = "
route: { receiver: ops, group_by: [alertname], group_wait: 0s, group_interval: 5m }
receivers:
  - name: ops
    webhook_configs: [ { url: http://127.0.0.1:1/ops } ]
  - name: other
    webhook_configs: [ { url: http://127.0.0.1:1/other } ]
";

/// An engine whose courier is this test.
struct Air {
    engine: Engine,
}

impl Air {
    fn new(settings: Arc<Settings>) -> Self {
        let mut engine = Engine::new(Arc::clone(&settings));
        let _ = engine.step(Entry { at: START, input: Input::Started(settings) });
        Self { engine }
    }

    fn step(&mut self, second: u64, input: Input) -> Done {
        let at = START + Span::seconds(second);
        self.engine.step(Entry { at, input })
    }

    fn say(&mut self, second: u64, signal: Signal, host: &str) -> Vec<DeliveryId> {
        let at = START + Span::seconds(second);
        let event = Event {
            source: "test".into(),
            signal,
            labels: Labels::new([("alertname", "Disk"), ("host", host)]),
            annotations: Labels::default(),
            url: Box::default(),
            key: Box::default(),
            starts_at: at,
            ends: match signal {
                Signal::Firing => Ends::Never,
                Signal::Resolved => Ends::At(at),
            },
        };
        self.step(second, Input::Events(vec![event])).effects
    }

    fn report(&mut self, second: u64, id: DeliveryId, attempt: u32, outcome: Outcome) -> Done {
        let report = Command::Report { id, attempt, outcome };
        self.step(second, Input::Command(Actor::timer(), report.into()))
    }

    fn tick(&mut self, second: u64) -> Vec<DeliveryId> {
        self.step(second, Input::Tick).effects
    }

    /// How many alerts a message says fire, and how many it says have ended.
    fn says(&self, id: DeliveryId) -> (usize, usize) {
        let says = &self.engine.state().notification.delivery(id).unwrap().says;
        (says.firing.len(), says.resolved.len())
    }
}

const ARRIVED: Outcome = Outcome::Delivered { provider: None };

#[test]
fn a_report_about_an_earlier_attempt_is_no_news() {
    let mut air = Air::new(settings(MAIN));
    let sent = air.say(0, Signal::Firing, "a");
    let failed = Outcome::Failed { why: "timeout".to_owned(), after: None };
    let _ = air.report(1, sent[0], 1, failed.clone());
    assert_eq!(air.tick(6), sent, "the second attempt");
    assert!(air.report(7, sent[0], 1, failed).facts.is_empty());
    assert!(air.report(7, sent[0], 1, ARRIVED).facts.is_empty());
    assert!(!air.report(8, sent[0], 2, ARRIVED).facts.is_empty());
    assert!(air.report(8, sent[0], 2, ARRIVED).facts.is_empty(), "told twice");
}

#[test]
fn what_comes_while_a_message_is_in_the_air_is_told_at_the_next_tick() {
    let mut air = Air::new(settings(MAIN));
    let first = air.say(0, Signal::Firing, "a");
    assert_eq!(air.say(10, Signal::Firing, "b"), []);
    assert_eq!(air.tick(300), [], "one message at a time");
    let _ = air.report(310, first[0], 1, ARRIVED);
    assert_eq!(air.engine.next_deadline(), Some(START + Span::seconds(600)));
    let second = air.tick(600);
    assert_eq!(air.says(second[0]), (2, 0));
}

#[test]
fn who_is_being_told_when_the_routes_change_is_told_of_the_end() {
    let mut air = Air::new(settings(MAIN));
    let first = air.say(0, Signal::Firing, "a");
    let other = settings(&MAIN.replace("receiver: ops", "receiver: other"));
    let moved = air.step(1, Input::Settings(other)).effects;
    assert_eq!(moved.len(), 1, "the new receiver is told");
    let _ = air.report(2, first[0], 1, ARRIVED);
    let _ = air.report(2, moved[0], 1, ARRIVED);
    assert_eq!(air.say(3, Signal::Resolved, "a"), []);
    let mut last = air.tick(300);
    last.extend(air.tick(301));
    let ends: Vec<_> = last.into_iter().map(|id| air.says(id)).collect();
    assert_eq!(ends, [(0, 1), (0, 1)], "both are told of the end");
}

//! A storm loses no alert and does not drown people (scenario S4, as far as it needs no topology).

use super::settings;
use crate::invariant;
use incidentd::domain::event::{Ends, Event, Signal};
use incidentd::domain::value::{Labels, Span, Timestamp};
use incidentd::engine::Input;
use incidentd::engine::scenario::{START, World};

const FINGERPRINTS: u64 = 20_000;
const TEMPLATES: u64 = 12;

fn event(number: u64, at: Timestamp) -> Event {
    Event {
        source: format!("source-{}", number % 5).as_str().into(),
        signal: Signal::Firing,
        labels: Labels::new([
            ("alertname", format!("Template{}", number % TEMPLATES)),
            ("instance", format!("host-{number}")),
            ("severity", "warning".to_owned()),
        ]),
        annotations: Labels::default(),
        url: Box::default(),
        key: Box::default(),
        starts_at: at,
        ends: Ends::Never,
    }
}

#[test]
fn twenty_thousand_fingerprints_are_kept_and_told_in_a_handful_of_messages() {
    let rules = settings(
        "
route:
  receiver: ops
  group_by: [incident]
  group_wait: 0s
receivers:
  - name: ops
    webhook_configs: [ { url: http://127.0.0.1:1/ } ]
",
    );
    let mut world = World::new(rules);
    for batch in 0..FINGERPRINTS / 100 {
        let at = START + Span(batch * 600);
        world.pass_until(at);
        let events: Vec<_> = (0..100).map(|i| event(batch * 100 + i, at)).collect();
        // Three of five events say what was said already.
        for _ in 0..3 {
            world.step(at, Input::Events(events.clone()));
        }
        if batch == 100 {
            let novel = Event {
                labels: Labels::new([
                    ("alertname", "Unheard"),
                    ("impact", "1"),
                    ("severity", "critical"),
                ]),
                ..event(0, at)
            };
            world.step(at, Input::Events(vec![novel]));
            let last = world.log().last().unwrap();
            assert!(last.ends_with("P1 opened"), "what is new is told at once: {last}");
        }
    }
    world.pass_until(START + Span::minutes(10));
    let state = world.engine().state();
    assert_eq!(state.event.len() as u64, FINGERPRINTS + 1, "no fingerprint is lost");
    assert_eq!(world.tally.new, FINGERPRINTS + 1);
    assert_eq!(world.tally.duplicate, 2 * FINGERPRINTS);
    assert_eq!(state.incident.iter().count() as u64, TEMPLATES + 1);
    assert_eq!(world.log().len() as u64, TEMPLATES + 1, "a message per incident, not per alert");
    invariant::alerts_are_in_one_open_incident(state);
    invariant::memory_is_what_the_journal_says(world.engine(), world.facts());
}

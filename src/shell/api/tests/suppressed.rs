//! What API v2 says of alerts that are silenced, inhibited or muted.

use jiff::tz::TimeZone;

use super::*;
use crate::domain;
use crate::domain::event::inhibit::{InhibitRule, Inhibitions};
use crate::domain::notification::interval::TimeInterval;
use crate::domain::value::{Actor, Matchers, Via};
use crate::domain::view::Fields;
use crate::engine::Input;

/// What is down is not also slow, what is full is silenced, and databases are muted at all times.
async fn house() -> House {
    let house = House::new();
    let named = |name: &str| -> Matchers {
        vec![Matcher::new("alertname", Operator::Equal, name).unwrap()]
    };
    let rule = InhibitRule {
        source: named("Down"),
        target: named("Slow"),
        equal: vec!["service".to_owned()],
        ..InhibitRule::default()
    };
    let mut settings = settings();
    settings.inhibitions = Arc::new(Inhibitions::new(vec![rule]));
    settings.intervals = [("always".to_owned(), vec![TimeInterval::always(TimeZone::UTC)])].into();
    let mut nodes = settings.routes.nodes().to_vec();
    nodes[1].mute_time_intervals = vec!["always".to_owned()];
    settings.routes = Routes::new(nodes);
    let settings = Arc::new(settings);
    house.context.replace(Setup {
        settings: Arc::clone(&settings),
        sources: Sources::new(Vec::new(), "alertmanager"),
        tokens: Vec::new(),
        matchers: ParseMode::Fallback,
        original: String::new(),
        warnings: Vec::new(),
    });
    let fields: Fields = [("matchers", "alertname=Full"), ("comment", "disks are bought")]
        .map(|(name, text)| (name.to_owned(), Value::from(text)))
        .into_iter()
        .chain([("duration".to_owned(), Value::from("1h"))])
        .collect();
    let silence = domain::parse("silence", "add", "", &fields).unwrap();
    let ada = Actor { name: "ada".to_owned(), via: Via::Api };
    for input in [Input::Settings(settings), Input::Command(ada, silence)] {
        assert_eq!(house.context.handle.submit(input).await.unwrap().reply, Ok(()));
    }
    house
        .fire(
            "alertname=Down service=db\nalertname=Slow service=db\nalertname=Slow service=web\n\
             alertname=Full service=web",
        )
        .await;
    house
}

/// Alerts of an answer, a line each, sorted: name, service, state, how many inhibit and silence it.
fn lines(alerts: &Value) -> Vec<String> {
    let line = |alert: &Value| {
        let (labels, status) = (&alert["labels"], &alert["status"]);
        let count = |field: &str| status[field].as_array().unwrap().len();
        format!(
            "{} {} {} inhibited {} silenced {} muted {}",
            labels["alertname"].as_str().unwrap(),
            labels["service"].as_str().unwrap(),
            status["state"].as_str().unwrap(),
            count("inhibitedBy"),
            count("silencedBy"),
            count("mutedBy"),
        )
    };
    let mut lines: Vec<String> = alerts.as_array().unwrap().iter().map(line).collect();
    lines.sort();
    lines
}

#[tokio::test]
async fn alerts_say_what_suppresses_them_and_can_be_narrowed_by_it() {
    let house = house().await;
    let all = house.get("/api/v2/alerts").await.json();
    let (down, full) = (
        "Down db active inhibited 0 silenced 0 muted 0",
        "Full web suppressed inhibited 0 silenced 1 muted 0",
    );
    let (slow, web) = (
        "Slow db suppressed inhibited 1 silenced 0 muted 0",
        "Slow web active inhibited 0 silenced 0 muted 0",
    );
    assert_eq!(lines(&all), [down, full, slow, web]);
    let of = |name: &str| {
        let mut alerts = all.as_array().unwrap().iter();
        alerts.find(|alert| alert["labels"]["alertname"] == *name).unwrap()
    };
    let inhibited = all
        .as_array()
        .unwrap()
        .iter()
        .find(|one| one["labels"]["service"] == "db" && one["labels"]["alertname"] == "Slow");
    assert_eq!(inhibited.unwrap()["status"]["inhibitedBy"][0], of("Down")["fingerprint"]);
    let uuid = of("Full")["status"]["silencedBy"][0].as_str().unwrap();
    assert_eq!(uuid.len(), 36, "clients know a silence by its UUID: {uuid}");

    for (query, expected) in [
        ("active=false", vec![full, slow]),
        ("silenced=false", vec![down, slow, web]),
        ("inhibited=false", vec![down, full, web]),
        ("silenced=false&inhibited=false", vec![down, web]),
        ("active=false&silenced=false&inhibited=false", vec![]),
        ("muted=false", vec![down, full, slow, web]),
    ] {
        let found = house.get(&format!("/api/v2/alerts?{query}")).await.json();
        assert_eq!(lines(&found), expected, "{query}");
    }
    let metrics = house.get("/metrics").await.body;
    assert!(metrics.contains("alertmanager_alerts{state=\"suppressed\"} 2"), "{metrics}");
    assert!(metrics.contains("alertmanager_alerts{state=\"active\"} 2"), "{metrics}");
}

#[tokio::test]
async fn groups_say_what_mutes_their_route() {
    let house = house().await;
    let by_receiver = |groups: &Value, receiver: &str| -> Vec<String> {
        let groups = groups.as_array().unwrap().iter();
        groups
            .filter(|group| group["receiver"]["name"] == *receiver)
            .flat_map(|group| lines(&group["alerts"]))
            .collect()
    };
    let all = house.get("/api/v2/alerts/groups").await.json();
    assert_eq!(
        by_receiver(&all, "dba"),
        [
            "Down db suppressed inhibited 0 silenced 0 muted 1",
            "Slow db suppressed inhibited 1 silenced 0 muted 1",
        ]
    );
    assert_eq!(by_receiver(&all, "web").len(), 4);
    let open = house.get("/api/v2/alerts/groups?muted=false&inhibited=false").await.json();
    assert!(by_receiver(&open, "dba").is_empty());
    assert_eq!(by_receiver(&open, "web").len(), 3);
}

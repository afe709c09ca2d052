//! PagerDuty's Events API, versions 1 and 2.

use std::time::Duration;

use serde_json::Value;

use super::{Asked, Counter, Said, home, is_hash, told};

const KEY: &str = "0123456789abcdef0123456789abcdef";

#[test]
fn pagerduty_is_told_of_beginning_and_end_after_the_time_it_asked_for() {
    let mut first = true;
    let counter =
        Counter::start(
            move |asked| {
                if std::mem::take(&mut first) { Said::Later(7) } else { enqueue(asked) }
            },
        );
    let fields = format!("routing_key: {KEY}, url: '{}/v2/enqueue'", counter.url());
    let taken = told(&counter, &home("pagerduty_configs", &fields), 1, 2);
    let asked = counter.asked();
    assert!(asked[1].at - asked[0].at >= Duration::from_millis(6_900), "{asked:#?}");
    assert_eq!(asked[0].header("idempotency-key"), asked[1].header("idempotency-key"));
    let [trigger, resolve] = [taken[0].json(), taken[1].json()];
    assert_eq!(trigger["event_action"], "trigger");
    assert_eq!(trigger["payload"]["custom_details"]["num_firing"], 1);
    assert_eq!(trigger["payload"]["custom_details"]["firing"][0]["labels"]["team"], "dba");
    assert_eq!(resolve["event_action"], "resolve");
    assert_eq!(trigger["dedup_key"], resolve["dedup_key"]);
}

#[test]
fn pagerdutys_first_version_is_told_of_beginning_and_end() {
    let counter = Counter::start(create_event);
    let url = format!("{}/generic/2010-04-15/create_event.json", counter.url());
    let fields = format!("service_key: {KEY}, url: '{url}'");
    let taken = told(&counter, &home("pagerduty_configs", &fields), 1, 2);
    let [trigger, resolve] = [taken[0].json(), taken[1].json()];
    assert_eq!(
        (&trigger["event_type"], &resolve["event_type"]),
        (&"trigger".into(), &"resolve".into())
    );
    assert_eq!(trigger["incident_key"], resolve["incident_key"]);
}

fn enqueue(asked: &Asked) -> Said {
    let event = asked.json();
    let payload = &event["payload"];
    let is_told = |field: &Value| field.as_str().is_some_and(|text| !text.is_empty());
    let severities = ["critical", "error", "warning", "info"];
    if asked.line() != "POST /v2/enqueue" {
        Said::Refused(404, "no such door")
    } else if asked.header("content-type") != "application/json" || event["routing_key"] != KEY {
        Said::Refused(400, "no event of a known integration")
    } else if !["trigger", "resolve"].iter().any(|action| event["event_action"] == **action)
        || !is_hash(event["dedup_key"].as_str())
    {
        Said::Refused(400, "no action on an incident")
    } else if !is_told(&payload["summary"])
        || !is_told(&payload["source"])
        || !severities.iter().any(|severity| payload["severity"] == **severity)
    {
        Said::Refused(400, "no payload")
    } else {
        Said::Taken(202, r#"{"status":"success"}"#.to_owned())
    }
}

fn create_event(asked: &Asked) -> Said {
    let event = asked.json();
    let known = asked.line() == "POST /generic/2010-04-15/create_event.json";
    let told = event["description"].as_str().is_some_and(|text| !text.is_empty())
        && ["trigger", "resolve"].iter().any(|kind| event["event_type"] == **kind);
    if known && told && event["service_key"] == KEY && is_hash(event["incident_key"].as_str()) {
        Said::Taken(200, r#"{"status":"success"}"#.to_owned())
    } else {
        Said::Refused(400, "no event of version 1")
    }
}

//! What a body would become, step by step, as people read it.

use std::fmt::Write as _;

use serde_json::Value;

use super::written;

/// How wide the names of an event's lines are.
const NAME_COLUMNS: usize = 12;

/// Writes the answer of a trial for people.
pub fn shown(told: &Value) -> String {
    let mut text = String::new();
    let kind = field(told, "type");
    let recognised = match told["recognised"].as_str() {
        Some(found) if found == kind => kind,
        Some(found) => format!("{kind}, recognised as {}", written::line(found)),
        None => format!("{kind}, which recognises no source in it"),
    };
    let (source, bytes) = (field(told, "source"), &told["bytes"]);
    line(&mut text, &format!("Source {source} ({recognised}), {bytes} bytes"));
    if !told["unreadable"].is_null() {
        let why = field(&told["unreadable"], "why");
        let status = &told["unreadable"]["status"];
        line(&mut text, &format!("Nothing of it can be taken in ({status}): {why}"));
        return text;
    }
    if told["delivery"].as_str().is_some_and(|name| !name.is_empty()) {
        line(&mut text, &format!("Delivery {}", field(told, "delivery")));
    }
    for (at, event) in list(told, "events").iter().enumerate() {
        self::event(&mut text, at, event);
    }
    if let Some(more) = told["events_left_out"].as_u64().filter(|more| *more > 0) {
        line(&mut text, &format!("\nand {more} more events"));
    }
    others(&mut text, told);
    if text.lines().count() == 1 {
        line(&mut text, "It says nothing.");
    }
    text
}

fn event(text: &mut String, at: usize, event: &Value) {
    let becomes = field(event, "becomes");
    line(text, &format!("\nEvent {at}: {}, becomes {becomes}", field(event, "signal")));
    fact(text, "labels", &pairs(&event["labels"]));
    fact(text, "laid over", &pairs(&event["laid_over"]));
    fact(text, "says", &pairs(&event["annotations"]));
    fact(text, "severity", &field(event, "severity"));
    fact(text, "key", &field(event, "key"));
    let identity = format!("{} by {}", field(event, "identity"), field(event, "identity_by"));
    fact(text, "identity", &identity);
    fact(text, "since", &field(event, "since"));
    fact(text, "until", &field(event, "until"));
    fact(text, "url", &field(event, "url"));
    for rule in list(event, "rules").iter().filter(|rule| rule["verdict"] == "applied") {
        let (stage, name) = (field(rule, "stage"), field(rule, "rule"));
        fact(text, "rule", &format!("{stage}: {name} ({})", field(rule, "at")));
    }
    let suppression = &event["suppression"];
    for (what, name) in [("silenced", "silenced_by"), ("inhibited", "inhibited_by")] {
        let by: Vec<String> = list(suppression, name)
            .iter()
            .filter_map(|id| id.as_str())
            .map(written::line)
            .collect();
        fact(text, what, &by.join(", "));
    }
    let incident = &event["incident"];
    if let Some(why) = incident["why_not"].as_str() {
        fact(text, "incident", &format!("none: {}", written::line(why)));
    } else if !incident.is_null() {
        let rule = field(incident, "rule");
        let rule = if rule.is_empty() { rule } else { format!(" `{rule}`") };
        let (key, by) = (field(incident, "key"), field(incident, "by"));
        fact(text, "incident", &format!("{key} by {by}{rule}"));
    }
    for told in list(event, "notifications") {
        let through = list(told, "through").iter().map(|one| field(one, "integration"));
        let through: Vec<String> = through.collect();
        let how = match told["why_not"].as_str() {
            Some(why) => format!("not told: {}", written::line(why)),
            None => format!("through {}, {}", through.join(", "), field(told, "when")),
        };
        let (route, receiver) = (field(told, "route"), field(told, "receiver"));
        fact(text, "receiver", &format!("{receiver} by route {route}: {how}"));
    }
}

/// What is said beside events, what is not taken, and what there is to know.
fn others(text: &mut String, told: &Value) {
    for remark in list(told, "remarks") {
        line(text, &format!("\nRemark: {}", field(remark, "saying")));
        fact(text, "labels", &pairs(&remark["labels"]));
        for name in ["key", "by", "says"] {
            fact(text, name, &field(remark, name));
        }
    }
    for beat in list(told, "heartbeats") {
        line(text, &format!("\nHeartbeat: {}", field(beat, "name")));
        fact(text, "within", &field(beat, "within"));
        fact(text, "labels", &pairs(&beat["labels"]));
    }
    for notice in list(told, "deployments") {
        let (status, service) = (field(notice, "status"), field(notice, "service"));
        line(text, &format!("\nDeployment: {status} of {service}"));
        for name in ["environment", "version", "by", "says", "key", "at", "url"] {
            fact(text, name, &field(notice, name));
        }
        fact(text, "labels", &pairs(&notice["labels"]));
    }
    let (rejected, notes) = (list(told, "rejected"), list(told, "notes"));
    if !rejected.is_empty() || !notes.is_empty() {
        text.push('\n');
    }
    for one in rejected {
        line(text, &format!("Rejected, element {}: {}", one["at"], field(one, "why")));
    }
    for note in notes {
        let at = note["at"].as_u64().map_or("body".to_owned(), |at| format!("element {at}"));
        line(text, &format!("Note, {at}: {}", field(note, "what")));
    }
}

/// A line of name and value; nothing where there is no value.
fn fact(text: &mut String, name: &str, value: &str) {
    if !value.is_empty() {
        line(text, &format!("  {name:NAME_COLUMNS$}{value}"));
    }
}

fn pairs(labels: &Value) -> String {
    let pair = |(name, value): (&String, &Value)| {
        let value = value.as_str().unwrap_or_default();
        format!("{}={:?}", written::line(name), written::line(value))
    };
    labels.as_object().into_iter().flatten().map(pair).collect::<Vec<_>>().join(" ")
}

fn list<'a>(value: &'a Value, name: &str) -> &'a [Value] {
    value[name].as_array().map_or(&[][..], Vec::as_slice)
}

fn field(value: &Value, name: &str) -> String {
    value[name].as_str().map(written::line).unwrap_or_default()
}

fn line(text: &mut String, line: &str) {
    writeln!(text, "{line}").expect("a String takes everything");
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn each_step_of_a_body_is_a_line() {
        let told = json!({
            "source": "kuma", "type": "auto", "recognised": "uptime-kuma", "bytes": 312,
            "delivery": "d-1", "events_left_out": 2,
            "events": [{
                "signal": "firing", "labels": { "alertname": "Shop" }, "laid_over": { "team": "web" },
                "annotations": { "summary": "down\u{1b}" }, "severity": "high", "key": "7",
                "identity": "00ff", "identity_by": "the source's own key", "url": "",
                "since": "2026-03-01T12:00:00.000Z", "until": "the source says that it is over",
                "becomes": "a new alert",
                "rules": [
                    { "stage": "enrich", "rule": "teams", "at": "rules/a.yaml:3", "verdict": "applied" },
                    { "stage": "enrich", "rule": "others", "at": "rules/a.yaml:9", "verdict": "no" },
                ],
                "suppression": { "silenced_by": ["SIL-1"], "inhibited_by": [] },
                "incident": { "key": "{a=\"b\"}", "by": "a correlate rule", "rule": "one" },
                "notifications": [
                    { "route": "{}", "receiver": "web", "through": [{ "integration": "slack[0]" }],
                      "when": "30s after it fires", "why_not": null },
                    { "route": "{}/x", "receiver": "none", "through": [], "why_not": "nobody" },
                ],
            }],
            "remarks": [{ "saying": "acknowledged", "key": "7", "labels": {}, "by": "ann", "says": "" }],
            "heartbeats": [{ "name": "backup", "within": "1h", "labels": {} }],
            "deployments": [{ "status": "failed", "service": "shop", "version": "1.2", "labels": {} }],
            "rejected": [{ "at": 3, "why": "no labels" }],
            "notes": [{ "at": null, "what": "a test" }, { "at": 1, "what": "unknown word" }],
        });
        assert_eq!(
            shown(&told),
            "\
Source kuma (auto, recognised as uptime-kuma), 312 bytes
Delivery d-1

Event 0: firing, becomes a new alert
  labels      alertname=\"Shop\"
  laid over   team=\"web\"
  says        summary=\"down\u{fffd}\"
  severity    high
  key         7
  identity    00ff by the source's own key
  since       2026-03-01T12:00:00.000Z
  until       the source says that it is over
  rule        enrich: teams (rules/a.yaml:3)
  silenced    SIL-1
  incident    {a=\"b\"} by a correlate rule `one`
  receiver    web by route {}: through slack[0], 30s after it fires
  receiver    none by route {}/x: not told: nobody

and 2 more events

Remark: acknowledged
  key         7
  by          ann

Heartbeat: backup
  within      1h

Deployment: failed of shop
  version     1.2

Rejected, element 3: no labels
Note, body: a test
Note, element 1: unknown word
"
        );
        let nothing = json!({
            "source": "s", "type": "auto", "recognised": null, "bytes": 1,
            "unreadable": { "status": 400, "why": "no JSON" },
        });
        assert_eq!(
            shown(&nothing),
            "Source s (auto, which recognises no source in it), 1 bytes\n\
             Nothing of it can be taken in (400): no JSON\n"
        );
    }
}

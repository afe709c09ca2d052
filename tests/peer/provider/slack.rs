//! Slack's Web API: an app makes messages and edits them.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{Asked, Counter, Said, home};
use crate::until::until;

#[test]
fn a_slack_app_edits_its_message_until_all_is_over_and_then_begins_anew() {
    let mut shown = BTreeSet::new();
    let counter = Counter::start(move |asked| take(asked, &mut shown));
    let fields = format!(
        "app_token: xoxb-t0ken, app_url: '{}/api/chat.postMessage', channel: '#ops', \
         update_message: true, send_resolved: true, message_text: '{{{{ .Status }}}}', \
         actions: [ {{ type: button, text: Stop, name: stop, confirm: {{ text: Sure? }} }} ]",
        counter.url()
    );
    let home = home("slack_configs", &fields);
    let daemon = home.start();
    let labels = |disk: &str| json!({ "alertname": "DiskFull", "disk": disk });
    let until_taken = |count: usize| {
        until(&format!("{count} requests are taken"), || {
            assert_eq!(counter.refused(), Vec::<String>::new(), "{}", daemon.log());
            (counter.taken().len() >= count).then_some(())
        });
    };
    daemon.api().fire(&labels("sda"));
    until_taken(1);
    daemon.api().fire(&labels("sdb"));
    until_taken(2);
    daemon.api().resolve(&labels("sda"));
    daemon.api().resolve(&labels("sdb"));
    until("all is over", || {
        counter.taken().last().is_some_and(|asked| asked.json()["text"] == "resolved").then_some(())
    });
    let before = counter.taken().len();
    daemon.api().fire(&labels("sda"));
    until_taken(before + 1);

    let said: Vec<Value> = counter
        .taken()
        .iter()
        .map(|asked| {
            let body = asked.json();
            json!([asked.path, body["channel"], body["ts"], body["text"]])
        })
        .collect();
    assert_eq!(said[0], json!(["/api/chat.postMessage", "#ops", null, "firing"]));
    assert_eq!(said[1], json!(["/api/chat.update", "C1", "1.1", "firing"]));
    assert_eq!(said[before - 1], json!(["/api/chat.update", "C1", "1.1", "resolved"]));
    assert_eq!(said[before], json!(["/api/chat.postMessage", "#ops", null, "firing"]));
}

fn take(asked: &Asked, shown: &mut BTreeSet<String>) -> Said {
    if asked.header("authorization") != "Bearer xoxb-t0ken" {
        return Said::Refused(401, r#"{"ok":false,"error":"invalid_auth"}"#);
    }
    let body = asked.json();
    let action = &body["attachments"][0]["actions"][0];
    let whole = asked.header("content-type") == "application/json"
        && action["type"] == "button"
        && action["confirm"]["text"] == "Sure?";
    let ts = match asked.line().as_str() {
        "POST /api/chat.postMessage" if whole && body["channel"] == "#ops" => {
            let ts = format!("1.{}", shown.len() + 1);
            shown.insert(ts.clone());
            ts
        }
        "POST /api/chat.update" if whole && body["channel"] == "C1" => {
            let ts = body["ts"].as_str().unwrap_or_default();
            if !shown.contains(ts) {
                return Said::Refused(400, r#"{"ok":false,"error":"message_not_found"}"#);
            }
            ts.to_owned()
        }
        _ => return Said::Refused(400, r#"{"ok":false,"error":"invalid_arguments"}"#),
    };
    Said::Taken(200, json!({ "ok": true, "channel": "C1", "ts": ts }).to_string())
}

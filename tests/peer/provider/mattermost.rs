//! Mattermost's webhooks.

use super::{Asked, Counter, Said, home, told};

#[test]
fn mattermost_shows_an_attachment_for_the_beginning_and_for_the_end() {
    let counter = Counter::start(take);
    let fields = format!(
        "webhook_url: '{}/hooks/t0ken', channel: ops, props: {{ card: behind }}, \
         priority: {{ priority: '{{{{ if eq .Status \"firing\" }}}}urgent{{{{ else }}}}standard\
         {{{{ end }}}}', requested_ack: true, persistent_notifications: true }}",
        counter.url()
    );
    let taken = told(&counter, &home("mattermost_configs", &fields), 1, 2);
    let colours: Vec<_> =
        taken.iter().map(|asked| asked.json()["attachments"][0]["color"].clone()).collect();
    assert_eq!(colours, ["danger", "good"]);
    let priorities: Vec<_> = taken.iter().map(|asked| asked.json()["priority"].clone()).collect();
    assert_eq!(priorities[0]["persistent_notifications"], true);
    assert_eq!(priorities[1].to_string(), r#"{"priority":"standard"}"#);
}

fn take(asked: &Asked) -> Said {
    let body = asked.json();
    let attachment = &body["attachments"][0];
    let is_told = |key: &str| attachment[key].as_str().is_some_and(|text| !text.is_empty());
    let priority = &body["priority"];
    let level = priority["priority"].as_str().unwrap_or_default();
    let fits = asked.line() == "POST /hooks/t0ken"
        && asked.header("content-type") == "application/json"
        && body["channel"] == "ops"
        && body["username"] == "Alertmanager"
        && body["props"]["card"] == "behind"
        && ["urgent", "important", "standard"].contains(&level)
        // What Mattermost refuses a post for.
        && (level != "standard" || priority.get("requested_ack").is_none())
        && (level == "urgent" || priority.get("persistent_notifications").is_none())
        && ["fallback", "color", "text", "title", "title_link"].iter().all(|key| is_told(key));
    if fits { Said::Taken(200, "ok".to_owned()) } else { Said::Refused(400, "invalid webhook") }
}

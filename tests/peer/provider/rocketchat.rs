//! Rocket.Chat's REST API.

use super::{Asked, Counter, Said, home, told};

#[test]
fn rocketchat_posts_for_a_user_that_it_knows() {
    let counter = Counter::start(take);
    let fields = format!(
        "api_url: '{}/', token: t0ken, token_id: watch, channel: '#ops', send_resolved: true, \
         fields: [ {{ title: Team, value: '{{{{ .CommonLabels.team }}}}', short: true }} ], \
         actions: [ {{ type: button, text: Look, url: 'https://example.org' }} ]",
        counter.url()
    );
    let taken = told(&counter, &home("rocketchat_configs", &fields), 1, 2);
    let colours: Vec<_> =
        taken.iter().map(|asked| asked.json()["attachments"][0]["color"].clone()).collect();
    assert_eq!(colours, ["red", "green"]);
}

fn take(asked: &Asked) -> Said {
    if (asked.header("x-auth-token"), asked.header("x-user-id")) != ("t0ken", "watch") {
        return Said::Refused(401, r#"{"status":"error","message":"You must be logged in"}"#);
    }
    let body = asked.json();
    let attachment = &body["attachments"][0];
    let fits = asked.line() == "POST /api/v1/chat.postMessage"
        && asked.header("content-type") == "application/json"
        && body["channel"] == "#ops"
        && attachment["title"].as_str().is_some_and(|title| title.contains("DiskFull"))
        && attachment["fields"][0]["value"] == "dba"
        && attachment["fields"][0]["short"] == true
        && attachment["actions"][0]["type"] == "button"
        && attachment["actions"][0]["url"] == "https://example.org";
    if fits {
        Said::Taken(200, r#"{"success":true,"ts":1,"channel":"C1"}"#.to_owned())
    } else {
        Said::Refused(400, r#"{"success":false,"error":"error-invalid-params"}"#)
    }
}

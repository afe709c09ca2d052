//! The connectors and the workflows of Microsoft Teams.

use super::{Asked, Counter, Said, home, told};

#[test]
fn a_connector_of_teams_takes_message_cards() {
    let counter = Counter::start(|asked| {
        let card = asked.json();
        let fits = asked.line() == "POST /webhookb2/a@b/IncomingWebhook/c/d"
            && asked.header("content-type") == "application/json"
            && card["@type"].is_null()
            && card["type"] == "MessageCard"
            && card["@context"] == "http://schema.org/extensions"
            && ["title", "summary", "text", "themeColor"].iter().all(|key| is_told(&card, key));
        let taken = Said::Taken(200, "1".to_owned());
        if fits { taken } else { Said::Refused(400, "Bad payload received by generic") }
    });
    let fields = format!("webhook_url: '{}/webhookb2/a@b/IncomingWebhook/c/d'", counter.url());
    let taken = told(&counter, &home("msteams_configs", &fields), 1, 2);
    let colours: Vec<_> = taken.iter().map(|asked| asked.json()["themeColor"].clone()).collect();
    assert_eq!(colours, ["8C1A1A", "2DC72D"]);
}

#[test]
fn a_workflow_of_teams_takes_adaptive_cards() {
    let counter = Counter::start(|asked| {
        let body = asked.json();
        let attachment = &body["attachments"][0];
        let card = &attachment["content"];
        let fits = asked.line() == "POST /workflows/a/triggers/manual/paths/invoke?sig=t0ken"
            && asked.header("content-type") == "application/json"
            && body["type"] == "message"
            && attachment["contentType"] == "application/vnd.microsoft.card.adaptive"
            && attachment.get("contentUrl").is_some_and(serde_json::Value::is_null)
            && card["type"] == "AdaptiveCard"
            && card["version"] == "1.2"
            && (0..2).all(|block| is_told(&card["body"][block], "text"));
        if fits { Said::Taken(202, String::new()) } else { Said::Refused(400, "BadRequest") }
    });
    let fields = format!(
        "webhook_url: '{}/workflows/a/triggers/manual/paths/invoke?sig=t0ken'",
        counter.url()
    );
    let taken = told(&counter, &home("msteamsv2_configs", &fields), 1, 2);
    let colour =
        |asked: &Asked| asked.json()["attachments"][0]["content"]["body"][0]["color"].clone();
    assert_eq!(taken.iter().map(colour).collect::<Vec<_>>(), ["Attention", "Good"]);
}

fn is_told(of: &serde_json::Value, key: &str) -> bool {
    of[key].as_str().is_some_and(|text| !text.is_empty())
}

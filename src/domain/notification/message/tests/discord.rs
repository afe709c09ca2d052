//! What Discord gets.

use super::*;
use crate::domain::notification::receiver::DiscordConfig;

fn config(content: &str, title: &str, message: &str) -> DiscordConfig {
    DiscordConfig {
        webhook_url: Secret::new("https://discord.example.org/api/webhooks/1/XYZ"),
        content: template(content),
        title: template(title),
        message: template(message),
        username: String::new(),
        avatar_url: String::new(),
        http: HttpConfig::default(),
    }
}

fn discord(config: DiscordConfig) -> Integration {
    integration(IntegrationKind::Discord(Box::new(config)))
}

#[test]
fn discord_gets_one_embed_in_the_colour_of_the_status() {
    let config = || DiscordConfig {
        username: "watch".to_owned(),
        avatar_url: "https://example.org/a.png".to_owned(),
        ..config("<@&7> {{ .Status }}", "{{ len .Alerts }} alerts", "see {{ .ExternalURL }}")
    };
    let firing = letter(vec![alert(AlertStatus::Firing, "sda")]);
    let first = post(&firing, &discord(config()));
    assert_eq!(
        head(&first),
        "Post https://discord.example.org/api/webhooks/1/XYZ\n\
         Content-Type: application/json\nIdempotency-Key: DLV-7"
    );
    assert_eq!(
        pretty(&first),
        r#"{
  "content": "<@&7> firing",
  "embeds": [
    {
      "title": "1 alerts",
      "description": "see https://am.example.org",
      "color": 10038562
    }
  ],
  "username": "watch",
  "avatar_url": "https://example.org/a.png"
}"#
    );
    let resolved = letter(vec![alert(AlertStatus::Resolved, "sda")]);
    let late = Letter { delayed: Some(Span::minutes(9)), ..resolved };
    let body = json(&post(&late, &discord(config())));
    assert_eq!(body["embeds"][0]["color"], 3_066_993);
    assert_eq!(body["embeds"][0]["description"], "Delayed by 9m.\nsee https://am.example.org");
}

#[test]
fn discord_refuses_what_is_too_long_or_says_nothing() {
    let long = "ä".repeat(5_000);
    let letter = letter(vec![alert(AlertStatus::Firing, "sda")]);
    let body = json(&post(&letter, &discord(config(&long, &long, &long))));
    let texts = [&body["content"], &body["embeds"][0]["title"], &body["embeds"][0]["description"]];
    let lengths = texts.map(|text| {
        let text = text.as_str().unwrap();
        assert!(text.ends_with("ä…"));
        text.chars().count()
    });
    assert_eq!(lengths, [2_000, 256, 4_096]);

    let body = json(&post(&letter, &discord(config("", " ", ""))));
    assert_eq!(body["embeds"][0]["title"], "[FIRING:1] DiskFull");

    let (faults, http) = mended(&letter, &discord(config(BROKEN, BROKEN, BROKEN)));
    assert_eq!(faults, "`content`, `title`, `message`");
    let body = json(&http.first);
    assert_eq!(body["content"], "");
    assert_eq!(body["embeds"][0]["title"], "[FIRING:1] DiskFull");
    assert!(body["embeds"][0]["description"].as_str().unwrap().contains("disk=\"sda\""));
}

#[test]
fn discord_says_how_long_it_wants_to_be_left_alone() {
    let letter = letter(vec![]);
    for (status, body, expected) in [
        (204, "", "delivered -"),
        (404, r#"{"code":10015}"#, r#"permanent clientError: answered 404: {"code":10015}"#),
        (
            429,
            r#"{"retry_after":1.5}"#,
            r#"retry after 1s500ms rateLimited: answered 429: {"retry_after":1.5}"#,
        ),
        (502, "", "retry serverError: answered 502"),
    ] {
        let mut http = http(&letter, &discord(config("", "a", "")));
        assert_eq!(heard(&mut http, status, body), expected);
    }
}

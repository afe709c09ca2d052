//! Discord's webhooks.

use super::{Asked, Counter, Said, home, told};

#[test]
fn discord_shows_an_embed_for_the_beginning_and_for_the_end() {
    let counter = Counter::start(take);
    let fields = format!(
        "webhook_url: '{}/api/webhooks/17/t0ken', content: '<@&7>', username: watch, \
         avatar_url: 'https://example.org/a.png'",
        counter.url()
    );
    let taken = told(&counter, &home("discord_configs", &fields), 1, 2);
    let embeds: Vec<_> = taken.iter().map(|asked| asked.json()["embeds"][0].clone()).collect();
    let colours: Vec<_> = embeds.iter().map(|embed| embed["color"].as_u64()).collect();
    assert_eq!(colours, [Some(0x99_2D_22), Some(0x2E_CC_71)]);
    assert!(embeds[0]["title"].as_str().unwrap().contains("DiskFull"), "{embeds:?}");
}

fn take(asked: &Asked) -> Said {
    if asked.line() != "POST /api/webhooks/17/t0ken" {
        return Said::Refused(401, r#"{"message":"Invalid Webhook Token","code":50027}"#);
    }
    let body = asked.json();
    let embed = &body["embeds"][0];
    let chars = |text: &serde_json::Value| text.as_str().map(|text| text.chars().count());
    let fits = asked.header("content-type") == "application/json"
        && body["content"] == "<@&7>"
        && body["username"] == "watch"
        && body["avatar_url"] == "https://example.org/a.png"
        && chars(&embed["title"]).is_some_and(|chars| (1..=256).contains(&chars))
        && chars(&embed["description"]).is_some_and(|chars| (1..=4_096).contains(&chars))
        && embed["color"].is_u64();
    if fits { Said::Taken(204, String::new()) } else { Said::Refused(400, "invalid form body") }
}

//! Webex' messages.

use super::{Asked, Counter, Said, home, told};

#[test]
fn webex_takes_markdown_from_a_bot() {
    let counter = Counter::start(take);
    let fields = format!(
        "api_url: '{}/v1/messages', room_id: 'room-{{{{ .CommonLabels.team }}}}', \
         message: '**{{{{ .Status }}}}**', http_config: {{ authorization: {{ credentials: t0ken }} }}",
        counter.url()
    );
    let taken = told(&counter, &home("webex_configs", &fields), 1, 2);
    let texts: Vec<_> = taken.iter().map(|asked| asked.json()["markdown"].clone()).collect();
    assert_eq!(texts, ["**firing**", "**resolved**"]);
}

fn take(asked: &Asked) -> Said {
    if asked.header("authorization") != "Bearer t0ken" {
        return Said::Refused(401, r#"{"message":"The request requires a valid access token"}"#);
    }
    let fits = asked.line() == "POST /v1/messages"
        && asked.header("content-type") == "application/json"
        && asked.json()["roomId"] == "room-dba";
    let taken = Said::Taken(200, r#"{"id":"1"}"#.to_owned());
    if fits { taken } else { Said::Refused(400, r#"{"message":"invalid room"}"#) }
}

//! The REST endpoint of VictorOps.

use super::{Asked, Counter, Said, home, is_hash, told};

const PATH: &str = "/integrations/generic/20131114/alert/k3y/dba";

#[test]
fn victorops_hears_of_an_entity_until_it_has_recovered() {
    let counter = Counter::start(take);
    let fields = format!(
        "api_key: k3y, api_url: '{}/integrations/generic/20131114/alert/', \
         routing_key: '{{{{ .CommonLabels.team }}}}', message_type: WARNING, \
         custom_fields: {{ runbook: 'https://wiki.example.org' }}",
        counter.url()
    );
    let taken = told(&counter, &home("victorops_configs", &fields), 1, 2);
    let [firing, resolved] = [taken[0].json(), taken[1].json()];
    let kinds = (&firing["message_type"], &resolved["message_type"]);
    assert_eq!(kinds, (&"WARNING".into(), &"RECOVERY".into()));
    assert_eq!(firing["entity_id"], resolved["entity_id"]);
    assert_eq!(firing["runbook"], "https://wiki.example.org");
}

fn take(asked: &Asked) -> Said {
    let body = asked.json();
    let kinds = ["INFO", "WARNING", "CRITICAL", "RECOVERY"];
    if asked.line() != format!("POST {PATH}") {
        Said::Refused(401, "not a key, or not a team")
    } else if asked.header("content-type") != "application/json"
        || !kinds.iter().any(|kind| body["message_type"] == **kind)
        || !is_hash(body["entity_id"].as_str())
        || body["state_message"].as_str().is_none_or(str::is_empty)
    {
        Said::Refused(400, "no message")
    } else {
        Said::Taken(200, format!(r#"{{"result":"success","entity_id":{}}}"#, body["entity_id"]))
    }
}

//! Opsgenie's alert API.

use std::collections::BTreeSet;

use super::{Asked, Counter, Said, home, is_hash, told};

#[test]
fn opsgenie_has_an_alert_created_updated_and_closed() {
    let mut open = BTreeSet::new();
    let counter = Counter::start(move |asked| take(asked, &mut open));
    let fields = format!(
        "api_key: k3y, api_url: '{}', update_alerts: true, priority: P1, \
         responders: [ {{ name: '{{{{ .CommonLabels.team }}}}', type: team }} ]",
        counter.url()
    );
    let taken = told(&counter, &home("opsgenie_configs", &fields), 3, 4);
    let alias = taken[0].json()["alias"].as_str().unwrap().to_owned();
    let of_alias = |method: &str, verb: &str| {
        format!("{method} /v2/alerts/{alias}/{verb}?identifierType=alias")
    };
    let lines: Vec<String> = taken.iter().map(Asked::line).collect();
    assert_eq!(
        lines,
        [
            "POST /v2/alerts".to_owned(),
            of_alias("PUT", "message"),
            of_alias("PUT", "description"),
            of_alias("POST", "close"),
        ]
    );
    let alert = taken[0].json();
    assert_eq!(alert["details"]["team"], "dba");
    assert_eq!(alert["responders"][0]["name"], "dba");
    assert_eq!(taken[1].json()["message"], alert["message"]);
    assert_eq!(taken[2].json()["description"], alert["description"]);
}

fn take(asked: &Asked, open: &mut BTreeSet<String>) -> Said {
    let body = asked.json();
    let is_told = |field: &str| body[field].as_str().is_some_and(|text| !text.is_empty());
    let of_alias = |verb: &str| {
        let end = format!("/{verb}?identifierType=alias");
        let alias = asked.path.strip_prefix("/v2/alerts/")?.strip_suffix(&end)?;
        open.contains(alias).then(|| alias.to_owned())
    };
    if asked.header("authorization") != "GenieKey k3y" {
        return Said::Refused(401, "not a key");
    }
    if asked.header("content-type") != "application/json" {
        return Said::Refused(415, "not JSON");
    }
    let taken = match asked.method.as_str() {
        "POST" if asked.path == "/v2/alerts" => {
            let message = body["message"].as_str().unwrap_or_default().chars().count();
            let alias = body["alias"].as_str();
            let fits =
                (1..=130).contains(&message) && is_hash(alias) && body["details"].is_object();
            open.extend(alias.map(str::to_owned));
            fits && is_told("source")
        }
        "PUT" => {
            of_alias("message").is_some() && is_told("message")
                || of_alias("description").is_some() && is_told("description")
        }
        "POST" => of_alias("close").is_some_and(|alias| open.remove(&alias)) && is_told("source"),
        _ => false,
    };
    if taken {
        Said::Taken(202, r#"{"result":"Request will be processed"}"#.to_owned())
    } else {
        Said::Refused(422, "not processable")
    }
}

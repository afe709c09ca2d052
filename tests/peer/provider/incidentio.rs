//! An alert source of incident.io.

use super::{Asked, Counter, Said, home, told};

const PATH: &str = "/v2/alert_events/alertmanager/01GW2G3V0S59R238FAHPDS1R66";

#[test]
fn incident_io_hears_what_fires_and_what_ended() {
    let counter = Counter::start(take);
    let fields = format!("url: '{}{PATH}', alert_source_token: t0ken", counter.url());
    let taken = told(&counter, &home("incidentio_configs", &fields), 1, 2);
    let [firing, resolved] = [taken[0].json(), taken[1].json()];
    assert_eq!((&firing["status"], &resolved["status"]), (&"firing".into(), &"resolved".into()));
    assert_eq!(firing["groupKey"], resolved["groupKey"]);
    assert_eq!(resolved["alerts"][0]["labels"]["team"], "dba");
}

fn take(asked: &Asked) -> Said {
    let body = asked.json();
    if asked.line() != format!("POST {PATH}") {
        Said::Refused(404, "no such source")
    } else if asked.header("authorization") != "Bearer t0ken" {
        Said::Refused(401, "not a token")
    } else if asked.header("content-type") != "application/json"
        || !body["version"].is_string()
        || !body["groupKey"].is_string()
        || !body["truncatedAlerts"].is_u64()
        || body["alerts"].as_array().is_none_or(Vec::is_empty)
    {
        Said::Refused(422, "no alerts")
    } else {
        Said::Taken(202, String::new())
    }
}

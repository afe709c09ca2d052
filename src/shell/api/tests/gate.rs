//! Who may do what.

use super::*;
use crate::domain::value::Secret;
use crate::shell::intake::http::{Auth, Limits};

fn guarded() -> House {
    let tokens =
        vec![token("r", Scope::Read), token("o", Scope::Operate), token("a", Scope::Admin)];
    let auth = vec![Auth::Bearer(Secret::new("old")), Auth::Bearer(Secret::new("new"))];
    let closed = Intake::new("closed", Kind::PROMETHEUS, auth, Limits::default());
    House::with(vec![closed], tokens, |_| {})
}

#[tokio::test]
async fn each_scope_opens_its_doors_and_those_below() {
    let mut house = guarded();
    house.fire("alertname=A").await;
    let reloads = std::mem::replace(&mut house.reloads, mpsc::channel(1).1);
    drop(reloads);
    let ack = "POST /api/itsm/v1/incidents/INC-1/acknowledge";
    // Nobody, a stranger, read, operate, admin.
    for (what, statuses) in [
        ("GET /-/healthy", [200, 200, 200, 200, 200]),
        ("GET /-/ready", [503, 503, 503, 503, 503]),
        ("GET /metrics", [200, 200, 200, 200, 200]),
        ("GET /", [200, 200, 200, 200, 200]),
        ("GET /api/v2/alerts", [401, 401, 200, 200, 200]),
        ("GET /api/v2/alerts/groups", [401, 401, 200, 200, 200]),
        ("GET /api/v2/status", [401, 401, 200, 200, 200]),
        ("GET /api/v2/receivers", [401, 401, 200, 200, 200]),
        ("GET /api/v2/silences", [401, 401, 200, 200, 200]),
        ("POST /api/v2/silences", [401, 401, 403, 422, 422]),
        ("GET /api/v2/silence/x", [401, 401, 422, 422, 422]),
        ("DELETE /api/v2/silence/x", [401, 401, 403, 422, 422]),
        ("GET /api/itsm/v1/status", [401, 401, 200, 200, 200]),
        ("GET /api/itsm/v1/openapi.json", [401, 401, 200, 200, 200]),
        ("GET /api/itsm/v1/incidents", [401, 401, 200, 200, 200]),
        ("GET /api/itsm/v1/incidents/INC-1", [401, 401, 200, 200, 200]),
        ("GET /api/itsm/v1/alerts/ALR-1/explain", [401, 401, 404, 404, 404]),
        (ack, [401, 401, 403, 200, 409]),
        ("POST /-/reload", [401, 401, 403, 403, 500]),
        ("POST /hooks/closed", [401, 401, 401, 401, 401]),
    ] {
        for (who, status) in ["", "x", "r", "o", "a"].into_iter().zip(statuses) {
            let bearer = format!("Bearer {who}");
            let json = ("content-type", "application/json");
            let headers = [json, ("authorization", bearer.as_str())];
            let headers = if who.is_empty() { &headers[..1] } else { &headers[..] };
            let answer = house.send(what, headers, "").await;
            assert_eq!(answer.status, status, "{what} as {who:?}: {}", answer.body);
            let challenged = !answer.header("www-authenticate").is_empty();
            assert_eq!(challenged, status == 401, "{what} as {who:?}");
        }
    }
    let answer = house.send(ack, &[("authorization", "Bearer r")], "").await;
    let detail = "the token `read-bot` lacks the scope `operate`";
    assert_eq!((answer.status, &answer.json()["detail"]), (403, &detail.into()));
}

#[tokio::test]
async fn a_token_speaks_under_its_own_name() {
    let house = guarded();
    house.fire("alertname=A").await;
    let headers = [("content-type", "application/json"), ("authorization", "Bearer o")];
    let path = "POST /api/itsm/v1/incidents/INC-1/acknowledge";
    let answer = house.send(path, &headers, r#"{"by":"somebody else"}"#).await;
    assert_eq!(answer.json()["acknowledged_by"], "operate-bot");
}

#[tokio::test]
async fn either_of_two_secrets_lets_a_source_in() {
    let house = guarded();
    for (secret, status) in [("old", 200), ("new", 200), ("other", 401)] {
        let bearer = format!("Bearer {secret}");
        let headers = [("authorization", bearer.as_str())];
        let answer = house.send("POST /hooks/closed", &headers, "[]").await;
        assert_eq!(answer.status, status, "{secret}");
    }
}

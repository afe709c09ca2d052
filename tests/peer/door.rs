//! Who comes in and who does not: prefixes, tokens, signatures, sizes.

use hmac::{Hmac, Mac};
use reqwest::Method;
use serde_json::{Value, json};
use sha2::Sha256;

use crate::api::Api;
use crate::daemon::{Daemon, Home};

const CONFIG: &str = "
route: { receiver: team, group_by: [incident], group_wait: 0s }
receivers: [ { name: team } ]
defaults: { resolve_after: 0s }
";

#[test]
fn everything_is_served_below_a_route_prefix() {
    let home = Home::new(CONFIG);
    let daemon = home.start_with(&["--web.route-prefix=/ops/alerts"]);
    daemon.api().fire(&json!({ "alertname": "Full", "severity": "critical" }));
    assert_eq!(daemon.api().incident("INC-1")["state"], "new");
    let outside = Api::new(&format!("http://{}", daemon.address()));
    assert_eq!(outside.get("/api/v2/alerts").status, 404);
    assert_eq!(outside.get("/ops/alerts/api/v2/alerts").status, 200);
    // The page finds the rest beside itself.
    let page = outside.get("/ops/alerts/").text;
    assert!(page.contains("href=\"api/v2/status\"") && !page.contains("href=\"/"), "{page}");
}

#[test]
fn a_door_that_is_open_to_everybody_is_warned_of() {
    const WARNING: &str = "token";
    let home = Home::new(CONFIG);
    let daemon = home.start();
    let warnings =
        |daemon: &Daemon| daemon.api().get("/api/itsm/v1/status").json()["warnings"].to_string();
    assert_eq!(warnings(&daemon), "[]");
    assert!(daemon.stop().0.success());

    let daemon = home.start_with(&["--web.listen-address=0.0.0.0:0"]);
    assert!(warnings(&daemon).contains(WARNING), "{}", warnings(&daemon));
    let line = daemon.until_log("level=warn");
    assert!(line.contains(WARNING), "{line}");
}

#[test]
fn a_token_opens_what_its_scopes_say_and_nothing_else() {
    let home = Home::new(&format!(
        "{CONFIG}
tokens:
  - {{ name: dashboard, token: look-only, scopes: [read] }}
  - {{ name: desk, token: may-act, scopes: [operate] }}
  - {{ name: root, token: may-all, scopes: [admin] }}
"
    ));
    let daemon = home.start();
    let api = daemon.api();
    let ask = |token: &str, method: Method, path: &str| {
        let token = format!("Authorization: Bearer {token}");
        let mut headers = vec!["Content-Type: application/json"];
        if !token.ends_with(' ') {
            headers.push(&token);
        }
        let body =
            if path.ends_with("alerts") { r#"[{"labels":{"alertname":"Full"}}]"# } else { "{}" };
        let body = if method == Method::GET { "" } else { body };
        api.send(method, path, &headers, body).status
    };
    let (list, ack) = ("/api/itsm/v1/incidents", "/api/itsm/v1/incidents/INC-1/acknowledge");
    assert_eq!(ask("may-act", Method::POST, "/api/v2/alerts"), 200);
    for (token, statuses) in [
        ("", [401, 401, 401, 401]),
        ("wrong", [401, 401, 401, 401]),
        ("look-only", [200, 200, 403, 403]),
        ("may-act", [200, 200, 200, 403]),
        ("may-all", [200, 200, 409, 200]),
    ] {
        let found = [
            ask(token, Method::GET, list),
            ask(token, Method::GET, "/api/v2/alerts"),
            ask(token, Method::POST, ack),
            ask(token, Method::POST, "/-/reload"),
        ];
        assert_eq!(found, statuses, "{token:?}");
    }
    // Who watches the daemon has no token.
    assert_eq!([ask("", Method::GET, "/-/healthy"), ask("", Method::GET, "/-/ready")], [200, 200]);
    let desk = api.send(
        Method::GET,
        "/api/itsm/v1/incidents/INC-1",
        &["Authorization: Bearer look-only"],
        "",
    );
    assert_eq!(desk.json()["acknowledged_by"], "desk", "the token names who asks");
    let log = daemon.log();
    assert!(["look-only", "may-act", "may-all"].iter().all(|token| !log.contains(token)), "{log}");
}

#[test]
fn a_forged_or_oversized_body_leaves_no_trace() {
    let home = Home::new(&format!(
        "{CONFIG}
limits: {{ body_bytes_max: 4194304 }}
sources:
  signed:
    type: prometheus
    auth: {{ hmac: {{ header: X-Signature, secret: between-us }} }}
  small: {{ type: prometheus, limits: {{ body_bytes_max: 1024 }} }}
"
    ));
    let daemon = home.start();
    let body = r#"[{"labels":{"alertname":"Signed","severity":"critical"}}]"#;
    let post = |path: &str, signature: &str, body: String| {
        let signature = format!("X-Signature: {signature}");
        daemon
            .api()
            .send(Method::POST, path, &["Content-Type: application/json", &signature], body)
            .status
    };
    let right = sign("between-us", body);
    let forged = [
        sign("guessed", body),
        right[..right.len() - 2].to_owned(),
        "00".to_owned(),
        "sha256=".to_owned(),
    ];
    for signature in forged {
        assert_eq!(post("/hooks/signed", &signature, body.to_owned()), 401, "{signature}");
    }
    assert_eq!(post("/hooks/signed", &right, body.replace("Signed", "Sighed")), 401);

    let long = |bytes: usize| {
        format!(r#"[{{"labels":{{"alertname":"Long","x":"{}"}}}}]"#, "x".repeat(bytes))
    };
    assert_eq!(post("/hooks/small", "", long(2 << 10)), 413);
    assert_eq!(post("/api/v2/alerts", "", long(10 << 20)), 413);
    // Within the limit for bodies, but no label is that long.
    assert_eq!(post("/api/v2/alerts", "", long(3 << 20)), 400);
    let many: Vec<_> = (0..10_000).map(|n| format!(r#""l{n}":"x""#)).collect();
    assert_eq!(
        post("/api/v2/alerts", "", format!(r#"[{{"labels":{{{}}}}}]"#, many.join(","))),
        400
    );
    // Admins are told of what was turned away, and nothing else has come of it.
    let heard = || {
        let alerts = daemon.api().list("alerts", "");
        let ours = |alert: &&Value| alert["labels"]["alertname"] == "SourceRefused";
        (alerts.iter().filter(ours).count(), alerts.len())
    };
    assert_eq!(heard(), (2, 2));

    for right in [right.clone(), format!("sha256={right}")] {
        assert_eq!(post("/hooks/signed", &right, body.to_owned()), 200);
    }
    assert_eq!(heard(), (2, 3));
    assert!(!daemon.log().contains("between-us"));
}

#[test]
fn a_plain_alertmanager_configuration_takes_no_label_of_ten_mebibytes_either() {
    let home = Home::new("{ route: { receiver: team }, receivers: [ { name: team } ] }");
    let daemon = home.start();
    let alert = json!([{ "labels": { "alertname": "Long", "x": "x".repeat(10 << 20) } }]);
    let answer = daemon.api().post("/api/v2/alerts", &alert);
    assert_eq!(answer.status, 400, "{answer:?}");
    assert!(answer.text.len() < 1_000 && answer.text.contains("65536"), "{}", answer.text.len());
    assert_eq!(daemon.api().list("alerts", "").len(), 0);
}

fn sign(key: &str, body: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(key.as_bytes()).unwrap();
    mac.update(body.as_bytes());
    format!("{:x}", mac.finalize().into_bytes())
}

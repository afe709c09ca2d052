//! What an operator does to the daemon: start it wrongly, break its files, close its doors, stop it.

use hmac::{Hmac, Mac};
use reqwest::Method;
use serde_json::{Value, json};
use sha2::Sha256;

use crate::daemon::{Home, size};
use crate::sink::{Reply, Sink};
use crate::until::until;

const CONFIG: &str = "
route: { receiver: team, group_by: [incident], group_wait: 0s }
receivers: [ { name: team } ]
defaults: { resolve_after: 0s }
";

const BROKEN: &str = "
route: { receiver: tem }
receivers: [ { name: team } ]
";

#[test]
fn wrong_flags_and_files_end_the_program_with_words_that_help() {
    let home = Home::new(CONFIG);
    let version = home.task(&["--version"]);
    assert_eq!(
        (version.code, version.out.trim()),
        (Some(0), concat!("incidentd ", env!("CARGO_PKG_VERSION")))
    );
    let flag = home.run(&["--config.fle=x"]);
    assert_eq!(flag.code, Some(2), "{flag:?}");
    assert!(flag.err.contains("--config.file"), "{}", flag.err);

    home.write("incidentd.yaml", BROKEN);
    let broken = home.run(&[]);
    assert_eq!(broken.code, Some(1), "{broken:?}");
    assert!(
        broken
            .err
            .contains("incidentd.yaml:2:20: there is no receiver `tem`; did you mean `team`?"),
        "{}",
        broken.err
    );
    assert!(!home.path("data").exists(), "a program that cannot start leaves nothing behind");

    std::fs::remove_file(home.path("incidentd.yaml")).unwrap();
    let missing = home.run(&[]);
    assert_eq!(missing.code, Some(1), "{missing:?}");
    assert!(missing.err.contains("incidentd.yaml: cannot be read"), "{}", missing.err);
}

#[test]
fn what_is_in_use_already_is_named() {
    let home = Home::new(CONFIG);
    let daemon = home.start();
    let store = home.run(&[]);
    assert_eq!(store.code, Some(1), "{store:?}");
    assert!(
        store.err.contains("data/store.lock` is in use: stop the other process"),
        "{}",
        store.err
    );
    let fsck = home.task(&["fsck", "--storage.path", "data"]);
    assert_eq!(fsck.code, Some(1), "{fsck:?}");

    let address = format!("--web.listen-address={}", daemon.address());
    let port = home.run(&["--storage.path=other", &address]);
    assert_eq!(port.code, Some(1), "{port:?}");
    assert!(port.err.contains(daemon.address()) && port.err.contains("in use"), "{}", port.err);
    assert_eq!(daemon.api().get("/-/healthy").status, 200, "the first one goes on");
}

#[test]
fn a_broken_file_on_reload_leaves_the_rules_in_force_and_is_an_incident_until_it_is_mended() {
    let home = Home::new(CONFIG);
    let mut daemon = home.start();
    let hash = |status: &Value| status["config_hash"].as_str().unwrap().to_owned();
    let status = |daemon: &crate::daemon::Daemon| daemon.api().get("/api/itsm/v1/status").json();
    let before = hash(&status(&daemon));

    home.write("incidentd.yaml", BROKEN);
    let refused = daemon.api().post("/-/reload", &Value::Null);
    assert_eq!(refused.status, 500, "{refused:?}");
    assert!(
        refused.text.contains("incidentd.yaml:2:20: there is no receiver `tem`"),
        "{refused:?}"
    );
    assert_eq!(hash(&status(&daemon)), before);
    let incident = daemon.api().incident("INC-1");
    assert_eq!(incident["state"], "new");
    assert_eq!(incident["labels"]["alertname"], "ConfigurationInvalid");
    assert!(incident["title"].as_str().unwrap().contains("incidentd.yaml:2:20"), "{incident}");
    assert!(
        daemon
            .api()
            .get("/metrics")
            .text
            .contains("\nalertmanager_config_last_reload_successful 0")
    );
    let line = daemon.until_log("the rules in force stay");
    assert!(line.contains("level=error"), "{line}");
    daemon.api().fire(&json!({ "alertname": "StillThere", "severity": "critical" }));
    assert_eq!(daemon.api().incident("INC-2")["state"], "new", "alerts are taken all the same");

    home.write("incidentd.yaml", &CONFIG.replace("resolve_after: 0s", "resolve_after: 1ms"));
    daemon.signal("HUP");
    daemon.until_log("Completed loading of configuration file");
    daemon.api().until_state("INC-1", "resolved");
    assert_ne!(hash(&status(&daemon)), before);
    assert!(
        daemon
            .api()
            .get("/metrics")
            .text
            .contains("\nalertmanager_config_last_reload_successful 1")
    );

    home.write("incidentd.yaml", BROKEN);
    daemon.signal("HUP");
    until("a signal tells of a broken file, too", || {
        (daemon.api().list("incidents", "state=open").len() == 2).then_some(())
    });
    home.write("incidentd.yaml", CONFIG);
    assert_eq!(daemon.api().post("/-/reload", &Value::Null).status, 200);
    assert_eq!(hash(&status(&daemon)), before, "the same file has the same hash");
}

#[test]
fn a_daemon_that_is_told_to_stop_finishes_what_it_has_begun() {
    let sink = Sink::start(&[Reply::Status(200)]);
    let home = Home::new(&format!(
        "
route: {{ receiver: team, group_by: [incident], group_wait: 0s }}
receivers: [ {{ name: team, webhook_configs: [ {{ url: '{}' }} ] }} ]
",
        sink.url()
    ));
    let daemon = home.start();
    daemon.api().fire(&json!({ "alertname": "Full", "severity": "critical" }));
    let (status, log) = daemon.stop();
    assert_eq!(status.code(), Some(0), "{log}");
    assert!(log.contains("msg=Stopping") && log.contains("msg=Stopped"), "{log}");
    assert!(!log.contains("level=warn") && !log.contains("level=error"), "{log}");

    let daemon = home.start();
    until("the message has come, before the stop or after it", || {
        (!sink.heard().is_empty()).then_some(())
    });
    until("nothing waits", || daemon.api().list("notifications", "").is_empty().then_some(()));
    assert_eq!(sink.heard().len(), 1);
    assert_eq!(daemon.api().incident("INC-1")["state"], "new");
}

#[test]
fn everything_is_served_below_a_route_prefix() {
    let home = Home::new(CONFIG);
    let daemon = home.start_with(&["--web.route-prefix=/ops/alerts"]);
    daemon.api().fire(&json!({ "alertname": "Full", "severity": "critical" }));
    assert_eq!(daemon.api().incident("INC-1")["state"], "new");
    let outside = crate::api::Api::new(&format!("http://{}", daemon.address()));
    assert_eq!(outside.get("/api/v2/alerts").status, 404);
    assert_eq!(outside.get("/ops/alerts/api/v2/alerts").status, 200);
    assert!(outside.get("/ops/alerts/").text.contains("/ops/alerts/api/itsm/v1/status"));
}

#[test]
fn a_door_that_is_open_to_everybody_is_warned_of() {
    const WARNING: &str = "token";
    let home = Home::new(CONFIG);
    let daemon = home.start();
    let warnings = |daemon: &crate::daemon::Daemon| {
        daemon.api().get("/api/itsm/v1/status").json()["warnings"].to_string()
    };
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
    assert_eq!(daemon.api().list("alerts", "").len(), 0);

    for right in [right.clone(), format!("sha256={right}")] {
        assert_eq!(post("/hooks/signed", &right, body.to_owned()), 200);
    }
    assert_eq!(daemon.api().list("alerts", "").len(), 1);
    assert!(!daemon.log().contains("between-us"));
}

#[test]
fn the_end_of_what_never_began_costs_no_store() {
    let home = Home::new(CONFIG);
    let daemon = home.start();
    let resolved = |n: u32| json!({ "labels": { "alertname": "Unheard", "instance": n.to_string() }, "endsAt": "2026-01-01T00:00:00Z" });
    let commits = || daemon.api().get("/api/itsm/v1/status").json()["store"]["commits"].clone();
    // The first word of a source is worth noting.
    daemon.api().fire(&json!({ "alertname": "Heard" }));
    let before = (commits(), size(&home.path("data")));
    for batch in 0..50 {
        let alerts: Vec<_> = (0..100).map(|n| resolved(batch * 100 + n)).collect();
        daemon.api().alerts(&alerts.into());
    }
    assert_eq!((commits(), size(&home.path("data"))), before);
    assert_eq!(daemon.api().list("alerts", "").len(), 1);
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
    mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect()
}

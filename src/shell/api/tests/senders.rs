//! Who may send, from where, how often the same, and how much that is new.

use std::net::IpAddr;

use axum::Extension;

use super::*;
use crate::domain::event::adapter::kind::{Adapter, NAMES};
use crate::domain::event::adapter::{Context as AdapterContext, Head, Read, Unreadable};
use crate::domain::event::{Ends, Event, Signal};
use crate::domain::value::Secret;
use crate::engine::Input;
use crate::shell::intake::http::{Auth, Limits, Rate, Remote};

/// A source that tells everything once: each word of the body is an event, `-` before it its end,
/// and the header `x-delivery` is the sender's name for the delivery.
static ONCE: Adapter =
    Adapter { name: "once", title: "Once", read: read_words, fits: |_: &Value, _: &Head| false };

fn read_words(body: &[u8], context: &AdapterContext) -> Result<Read, Unreadable> {
    let words = String::from_utf8_lossy(body).into_owned();
    let event = |word: &str| Event {
        source: Arc::clone(context.source),
        signal: if word.starts_with('-') { Signal::Resolved } else { Signal::Firing },
        labels: Labels::new([("alertname", word.trim_start_matches('-'))]),
        annotations: Labels::default(),
        url: Box::default(),
        key: word.trim_start_matches('-').into(),
        starts_at: context.now,
        ends: if word.starts_with('-') { Ends::At(context.now) } else { Ends::Never },
    };
    Ok(Read {
        events: words.split_whitespace().map(event).collect(),
        delivery: context.head.header("x-delivery").into(),
        ..Read::default()
    })
}

fn once(limits: Limits) -> Intake {
    assert!(!NAMES.contains(&ONCE.name));
    Intake::new("once", Kind::Known(&ONCE), Vec::new(), limits)
}

impl House {
    /// As [`House::send`], from somewhere.
    async fn send_from(&self, what: &str, remote: &Remote, headers: &[(&str, &str)]) -> Answer {
        let router = self.router.clone().layer(Extension(Arc::new(remote.clone())));
        let house =
            House { context: Arc::clone(&self.context), router, reloads: mpsc::channel(1).1 };
        house.send(what, headers, r#"[{"labels":{"alertname":"A"}}]"#).await
    }
}

#[tokio::test]
async fn the_same_delivery_has_no_second_effect_and_another_one_has() {
    let house = House::with(vec![once(Limits::default())], Vec::new(), |_| {});
    for (delivery, body, redelivered, new, resolved) in [
        ("1", "a", false, 1, 0),
        ("1", "a", true, 0, 0),
        ("2", "-a", false, 0, 1),
        // Equal bytes under another name are a condition that came back.
        ("3", "a", false, 1, 0),
        ("1", "a", true, 0, 0),
        // The name of the first delivery, but other words.
        ("1", "b", false, 1, 0),
        ("", "-b", false, 0, 1),
        ("", "b", false, 1, 0),
        ("", "-b", false, 0, 1),
        ("", "b", false, 1, 0),
    ] {
        let headers = [("x-delivery", delivery)];
        let answer = house.send("POST /hooks/once", &headers, body).await.json();
        let told = (&answer["redelivered"], &answer["new"], &answer["resolved"]);
        let expected = (redelivered.into(), new.into(), resolved.into());
        assert_eq!(told, (&expected.0, &expected.1, &expected.2), "{delivery} {body}: {answer}");
    }
    let metrics = house.get("/metrics").await.body;
    for line in [
        r#"incidentd_source_redeliveries_total{source="once"} 2"#,
        r#"incidentd_source_bytes_total{source="once"} 13"#,
        r#"incidentd_source_last_seen_timestamp_seconds{source="once"} "#,
    ] {
        assert!(metrics.contains(line), "{line} is not in\n{metrics}");
    }
}

#[tokio::test]
async fn a_delivery_is_remembered_across_a_reload() {
    let house = House::with(vec![once(Limits::default())], Vec::new(), |_| {});
    let headers = [("x-delivery", "1")];
    house.send("POST /hooks/once", &headers, "a").await;
    let before = house.context.setup();
    house.context.replace(Setup {
        settings: Arc::clone(&before.settings),
        sources: Sources::new([once(Limits::default())], "alertmanager"),
        tokens: Vec::new(),
        matchers: ParseMode::Fallback,
        original: String::new(),
        warnings: Vec::new(),
    });
    let answer = house.send("POST /hooks/once", &headers, "a").await.json();
    assert_eq!(answer["redelivered"], true, "{answer}");
    let source = house.get("/api/itsm/v1/sources/once").await.json();
    assert!(source["last_seen_at"].is_string(), "{source}");
}

#[tokio::test]
async fn what_is_new_has_a_limit_and_what_is_known_goes_on() {
    let limits = || Limits { new_alerts_max_per_hour: Some(2), ..Limits::default() };
    let plain = Intake::new("prom", Kind::PROMETHEUS, Vec::new(), limits());
    let house = House::with(vec![once(limits()), plain], Vec::new(), |_| {});
    for (body, status, new, duplicate, resolved) in [
        ("a", 200, 1, 0, 0),
        ("a b c c", 429, 1, 1, 0),
        ("c", 429, 0, 0, 0),
        ("a b", 200, 0, 2, 0),
        ("-a b d", 429, 0, 1, 1),
        ("a", 200, 1, 0, 0),
    ] {
        let before = house.context.metrics.of_source("once");
        let answer = house.send("POST /hooks/once", &[], body).await;
        assert_eq!(answer.status, status, "{body}: {}", answer.body);
        let after = house.context.metrics.of_source("once");
        let grown = |name: &str| {
            let of = |counts: &BTreeMap<String, u64>| counts.get(name).copied().unwrap_or(0);
            of(&after) - of(&before)
        };
        let told = (grown("new"), grown("duplicate"), grown("resolved"));
        assert_eq!(told, (new, duplicate, resolved), "{body}");
        if status == 429 {
            let wait: u64 = answer.header("retry-after").parse().unwrap();
            assert!((3_500..=3_600).contains(&wait), "{wait}");
            let detail = answer.json()["detail"].to_string();
            assert!(detail.contains("new_alerts_max_per_hour"), "{detail}");
        }
    }
    let kept = house.get("/api/itsm/v1/sources/once/rejected").await.json();
    let bodies: Vec<&Value> =
        kept["items"].as_array().unwrap().iter().map(|item| &item["body"]).collect();
    assert_eq!(bodies, ["-a b d", "c", "a b c c"], "what found no room can be seen");

    let three = r#"[{"labels":{"alertname":"A"}},{"labels":{"alertname":"B"}},
                    {"labels":{"alertname":"C"}}]"#;
    let answer = house.post("/hooks/prom/api/v2/alerts", three).await;
    assert_eq!((answer.status, &answer.json()["code"]), (429, &429.into()));
    assert!(!answer.header("retry-after").is_empty());
}

#[tokio::test]
async fn who_does_not_send_again_waits_and_who_does_is_told_when() {
    let slow =
        |per_second| Limits { rate: Some(Rate { per_second, burst: 1 }), ..Limits::default() };
    let never = Intake::new("never", Kind::Known(&ONCE), Vec::new(), slow(1));
    let prom = Intake::new("prom", Kind::PROMETHEUS, Vec::new(), slow(1));
    let house = House::with(vec![once(slow(200)), never, prom], Vec::new(), |_| {});
    for body in ["a", "b", "c"] {
        let answer = house.send("POST /hooks/once", &[], body).await;
        assert_eq!(answer.status, 200, "{body} has waited: {}", answer.body);
    }
    let many = (0..20).map(|n| n.to_string()).collect::<Vec<_>>().join(" ");
    assert_eq!(house.send("POST /hooks/never", &[], many).await.status, 200);
    let answer = house.send("POST /hooks/never", &[], "x").await;
    assert_eq!(answer.status, 503, "twenty seconds are too long to be held");
    assert!(!answer.header("retry-after").is_empty());

    let one = r#"[{"labels":{"alertname":"A"}}]"#;
    assert_eq!(house.post("/hooks/prom", one).await.status, 200);
    assert_eq!(house.post("/hooks/prom", one).await.status, 429);
    let metrics = house.get("/metrics").await.body;
    let line = r#"refused_total{reason="held_too_long",source="never"} 1"#;
    assert!(metrics.contains(line), "{metrics}");
}

#[tokio::test]
async fn a_delivery_that_is_held_in_vain_and_comes_again_is_one_refusal() {
    let limits = Limits { rate: Some(Rate { per_second: 1, burst: 1 }), ..Limits::default() };
    let house = House::with(
        vec![Intake::new("never", Kind::Known(&ONCE), Vec::new(), limits)],
        vec![],
        |_| {},
    );
    let many = (0..20).map(|n| n.to_string()).collect::<Vec<_>>().join(" ");
    assert_eq!(house.send("POST /hooks/never", &[], many).await.status, 200);
    for (body, times, told) in [("x", 5, 0), ("y", 1, 0), ("z", 3, 0), ("y", 1, 0), ("a", 1, 1)] {
        for _ in 0..times {
            assert_eq!(house.send("POST /hooks/never", &[], body).await.status, 503);
        }
        let _ = house.context.handle.submit(Input::Tick).await;
        let alerts = house.get("/api/v2/alerts?filter=alertname=SourceRefused").await.json();
        assert_eq!(alerts.as_array().unwrap().len(), told, "{body}");
    }
}

#[tokio::test]
async fn a_network_is_asked_for_on_top_of_a_secret() {
    let mut intake = Intake::new(
        "near",
        Kind::PROMETHEUS,
        vec![Auth::Bearer(Secret::new("sesame"))],
        Limits::default(),
    );
    intake.allow = vec!["192.0.2.0/24".parse().unwrap()];
    let mut house = House::with(vec![], Vec::new(), |_| {});
    let before = house.context.setup();
    let proxies = vec!["10.0.0.0/8".parse().unwrap()];
    house.context.replace(Setup {
        settings: Arc::clone(&before.settings),
        sources: Sources::new([intake], "alertmanager").behind(proxies),
        tokens: Vec::new(),
        matchers: ParseMode::Fallback,
        original: String::new(),
        warnings: Vec::new(),
    });
    house.router = router(Arc::clone(&house.context));
    let bearer = ("authorization", "Bearer sesame");
    let json = ("content-type", "application/json");
    for (address, headers, status) in [
        ("192.0.2.7", vec![bearer], 200),
        ("192.0.2.7", vec![], 401),
        ("203.0.113.1", vec![bearer], 403),
        ("203.0.113.1", vec![bearer, ("x-forwarded-for", "192.0.2.7")], 403),
        ("10.0.0.1", vec![bearer, ("x-forwarded-for", "192.0.2.7")], 200),
        ("10.0.0.1", vec![bearer, ("x-forwarded-for", "192.0.2.7, 203.0.113.1")], 403),
        ("10.0.0.1", vec![bearer], 403),
    ] {
        let address: IpAddr = address.parse().unwrap();
        let remote = Remote { address, names: Vec::new() };
        let headers: Vec<_> = headers.into_iter().chain([json]).collect();
        for path in ["/hooks/near", "/hooks/near/api/v2/alerts"] {
            let answer = house.send_from(&format!("POST {path}"), &remote, &headers).await;
            assert_eq!(answer.status, status, "{address} {headers:?}: {}", answer.body);
        }
    }
    let nowhere = house.send("POST /hooks/near", &[bearer], "[]").await;
    assert_eq!(nowhere.status, 403, "an unknown address is in no network");
    let refused = house.get("/api/itsm/v1/sources/near").await.json();
    assert_eq!(refused["last_refused"]["reason"], "forbidden");
}

#[tokio::test]
async fn a_certificate_opens_by_its_name() {
    let names = vec!["db.example.org".to_owned()];
    let auth = vec![Auth::Certificate { names: names.clone() }];
    let intake = Intake::new("machines", Kind::PROMETHEUS, auth, Limits::default());
    let house = House::with(vec![intake], Vec::new(), |_| {});
    let address = "192.0.2.7".parse().unwrap();
    for (names, status) in [(names, 200), (vec!["web.example.org".to_owned()], 401), (vec![], 401)]
    {
        let remote = Remote { address, names };
        let answer = house.send_from("POST /hooks/machines", &remote, &[]).await;
        assert_eq!(answer.status, status, "{remote:?}");
    }
}

#[tokio::test]
async fn a_signed_url_opens_its_source_and_no_other() {
    let auth = |key: &str| vec![Auth::PathToken(Secret::new(key))];
    let intake = |name, key| Intake::new(name, Kind::PROMETHEUS, auth(key), Limits::default());
    let key = "a key of sixteen signs";
    let open = source("open", Kind::PROMETHEUS);
    let house = House::with(
        vec![intake("kuma", key), intake("other", "another key, also long"), open],
        Vec::new(),
        |_| {},
    );
    let form = r#"{"expires":"30d","by":"ann"}"#;
    let answer = house.post("/api/itsm/v1/sources/kuma/url", form).await.json();
    let path = answer["url"].as_str().unwrap().to_owned();
    assert!(answer["expires_at"].is_string() && path.starts_with("/hooks/kuma/"), "{answer}");
    let token = path.rsplit('/').next().unwrap();

    let body = r#"[{"labels":{"alertname":"A"}}]"#;
    assert_eq!(house.post(&path, body).await.status, 200);
    for (path, status) in [
        ("/hooks/kuma".to_owned(), 401),
        ("/hooks/kuma/x".to_owned(), 401),
        (format!("/hooks/other/{token}"), 401),
        (format!("/hooks/open/{token}"), 404),
        (format!("/hooks/none/{token}"), 404),
        (format!("{path}/x"), 404),
    ] {
        assert_eq!(house.post(&path, body).await.status, status, "{path}");
    }
    let metrics = house.get("/metrics").await.body;
    assert!(!metrics.contains(token), "a secret is no label");

    let url = "/api/itsm/v1/sources/kuma/url";
    let forever = house.post(url, r#"{"expires":"never"}"#).await.json();
    assert_eq!(forever["expires_at"], Value::Null);
    assert_eq!(house.post(url, r#"{"expires":"soon"}"#).await.status, 422);
    assert_eq!(house.post("/api/itsm/v1/sources/open/url", "{}").await.status, 409);
}

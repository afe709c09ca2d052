//! What is said in the query of a GET.

use super::*;
use crate::config::{Algorithm, Encoding, Signing};
use crate::domain::event::adapter::{GenericPaths, JsonPath, StatusPath};
use crate::domain::value::Secret;
use crate::shell::intake::http::Auth;

const DOWN: &str = "monitorID=7&monitorFriendlyName=shop&alertType=1";

fn named(name: &str) -> Intake {
    source(name, Kind::named(name).unwrap())
}

fn generic() -> Intake {
    let path = |text: &str| JsonPath::try_from(text.to_owned()).unwrap();
    let paths = GenericPaths {
        each: None,
        key: None,
        name: path("what"),
        status: Some(StatusPath::new(path("state"))),
        severity: None,
        labels: BTreeMap::from([("instance".to_owned(), path("host"))]),
        annotations: BTreeMap::new(),
        url: None,
        starts_at: None,
    };
    source("script", Kind::Generic(Box::new(paths)))
}

#[tokio::test]
async fn simple_senders_say_everything_in_the_query_of_a_get() {
    let intakes = vec![
        named("uptimerobot"),
        named("uptime-kuma"),
        named("pingdom"),
        named("nagios"),
        source("any", Kind::Auto),
        generic(),
    ];
    let house = House::with(intakes, Vec::new(), |_| {});
    for (what, status, new, resolved) in [
        (format!("/hooks/uptimerobot?{DOWN}"), 200, 1, 0),
        (format!("/hooks/uptimerobot?{}", DOWN.replace("Type=1", "Type=2")), 200, 0, 1),
        (format!("/hooks/any?{DOWN}"), 200, 1, 0),
        (
            "/hooks/uptime-kuma?msg=x&heartbeat=%7B%22status%22%3A0%2C%22monitorID%22%3A3%7D\
             &monitor=%7B%22id%22%3A3%2C%22name%22%3A%22db%22%7D"
                .to_owned(),
            200,
            1,
            0,
        ),
        (
            "/hooks/pingdom?message=%7B%22check%22%3A%225%22%2C%22checkname%22%3A%22web%22%2C\
             %22action%22%3A%22assign%22%2C%22description%22%3A%22down%22%7D"
                .to_owned(),
            200,
            1,
            0,
        ),
        ("/hooks/nagios?notificationtype=PROBLEM&hostname=a&hoststate=DOWN".to_owned(), 200, 1, 0),
        ("/hooks/script?what=Backup&state=firing&host=a".to_owned(), 200, 1, 0),
        ("/hooks/script?what=Backup&state=ok&host=a".to_owned(), 200, 0, 1),
        ("/hooks/script?state=firing".to_owned(), 400, 0, 0),
        ("/hooks/any?x=y".to_owned(), 400, 0, 0),
    ] {
        let answer = house.get(&what).await;
        assert_eq!(answer.status, status, "{what}: {}", answer.body);
        assert_eq!(answer.header("cache-control"), "no-store", "{what}");
        let number = |name: &str| answer.json()[name].as_u64().unwrap_or(0);
        assert_eq!((number("new"), number("resolved")), (new, resolved), "{what}");
    }
    let kept = house.get("/api/itsm/v1/sources/any/rejected").await.json();
    assert_eq!(kept["items"][0]["body"], "x=y", "{kept}");
}

#[tokio::test]
async fn a_get_that_says_nothing_is_told_so_and_a_head_raises_nothing() {
    let house = House::with(vec![named("uptimerobot"), named("grafana")], Vec::new(), |_| {});
    for (what, status, allow, hint) in [
        ("GET /hooks/uptimerobot", 400, "", "in the query"),
        ("GET /hooks/grafana", 405, "POST", "type `grafana` is told by POST"),
        ("GET /hooks/grafana?monitorID=1", 405, "POST", "by POST"),
        ("GET /hooks/uptimerobott?a=b", 404, "", "did you mean `uptimerobot`?"),
        ("GET /hooks/uptimerobot/token?a=b", 404, "", "no `path_token`"),
        ("HEAD /hooks/uptimerobot?monitorID=7&alertType=1", 405, "GET, POST", ""),
        ("DELETE /hooks/uptimerobot", 405, "POST,PUT,PATCH,GET,HEAD", "DELETE is not possible"),
    ] {
        let answer = house.send(what, &[], "").await;
        assert_eq!((answer.status, answer.header("allow")), (status, allow), "{what}");
        assert!(answer.body.contains(hint), "{what}: {}", answer.body);
    }
    assert_eq!(house.get("/api/v2/alerts").await.body, "[]\n");
}

#[tokio::test]
async fn who_changes_a_record_may_put_or_patch() {
    let house = House::with(vec![named("servicenow")], Vec::new(), |_| {});
    let made = r#"{"short_description":"a","urgency":"1","correlation_id":"c"}"#;
    let over = r#"{"state":"6"}"#;
    for (what, body, told) in [
        ("POST /hooks/servicenow", made, "new"),
        ("PATCH /hooks/servicenow?correlation_id=c", over, "resolved"),
        ("PUT /hooks/servicenow", made, "new"),
    ] {
        let answer = house.send(what, &[], body).await;
        assert_eq!((answer.status, &answer.json()[told]), (200, &1.into()), "{what}");
    }
}

#[tokio::test]
async fn a_get_shows_its_secret_in_a_header_or_in_the_path() {
    let signing = Signing {
        header: "x-signature".to_owned(),
        algorithm: Algorithm::Sha256,
        encoding: Encoding::Hex,
        prefix: String::new(),
        stamp: None,
    };
    let key = Auth::PathToken(Secret::new("a key of sixteen signs"));
    let token = key.path_token("uptimerobot", None).unwrap();
    let hmac = Auth::Hmac { signing, secret: Secret::new("key") };
    let bearer = Auth::Bearer(Secret::new("sesame"));
    let intake = Intake::new(
        "uptimerobot",
        Kind::named("uptimerobot").unwrap(),
        vec![key, hmac, bearer],
        Limits::default(),
    );
    let house = House::with(vec![intake], Vec::new(), |_| {});
    let plain = format!("GET /hooks/uptimerobot?{DOWN}");
    // The HMAC-SHA-256 of nothing under `key`: it says nothing of the query.
    let of_nothing = "5d5d139563c95b5967b9bd9a8c9b233a9dedb45072794cd232dc1b74832607d0";
    for (what, headers, status) in [
        (plain.clone(), &[][..], 401),
        (plain.clone(), &[("x-signature", of_nothing)], 401),
        (plain, &[("authorization", "Bearer sesame")], 200),
        (format!("GET /hooks/uptimerobot/{token}?{DOWN}"), &[], 200),
        (format!("GET /hooks/uptimerobot/0.AAAA?{DOWN}"), &[], 401),
    ] {
        let answer = house.send(&what, headers, "").await;
        assert_eq!(answer.status, status, "{what}: {}", answer.body);
    }
}

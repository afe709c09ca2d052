//! From Alertmanager to us and back, in one directory: nobody is told twice, every end is told, and
//! the silences keep their names.

use std::process::Command;
use std::time::Duration;

use serde_json::{Value, json};

use crate::alertmanager::Alertmanager;
use crate::api::Api;
use crate::daemon::Home;
use crate::program::{self, run};
use crate::sink::Sink;
use crate::until::{pause, until};

/// Long enough for every group to speak some times, should it have something to tell.
const QUIET: Duration = Duration::from_secs(4);

/// Label values whose text in group keys is easily got wrong.
const ODD: [&str; 4] = ["plain", "it's \"odd\"", "back\\slash\ttab\u{7}", "é\u{a0}日本🙂\u{200b}"];

fn config(sink: &Sink) -> String {
    format!(
        r#"
route:
  receiver: all
  group_by: [alertname, odd]
  group_wait: 0s
  group_interval: 1s
  repeat_interval: 1h
  routes:
    - match_re: {{ team: 'd.*|"x\\y"' }}
      match: {{ team: db }}
      matchers: [ 'site!="a\"b\\c"', 'alertname!~"No(ne|thing)"' ]
      receiver: db/ops
      routes:
        - matchers: [ 'tier=deep' ]
          group_by: ['...']
receivers:
  - name: all
    webhook_configs: [ {{ url: '{url}/all' }} ]
  - name: db/ops
    webhook_configs:
      - {{ url: '{url}/first' }}
      - {{ url: '{url}/second', send_resolved: false }}
"#,
        url = sink.url()
    )
}

/// Labels of every alert, one group each but for the last two.
fn alerts() -> Vec<Value> {
    let mut alerts: Vec<Value> = ODD
        .iter()
        .flat_map(|odd| {
            ["all", "db"].map(|team| json!({ "alertname": "Odd", "odd": odd, "team": team }))
        })
        .collect();
    alerts.push(json!({ "alertname": "Deep", "team": "db", "tier": "deep", "odd": "a\nb" }));
    alerts.push(json!({ "alertname": "Two", "host": "a", "team": "db" }));
    alerts.push(json!({ "alertname": "Two", "host": "b", "team": "db" }));
    alerts
}

fn fire(api: &Api, alerts: &[Value]) {
    let began = "2026-03-01T10:00:00Z";
    let all: Vec<_> =
        alerts.iter().map(|labels| json!({ "labels": labels, "startsAt": began })).collect();
    api.alerts(&json!(all));
}

/// How many messages the sink has taken, and which group each of the last spoke of.
fn taken(sink: &Sink) -> usize {
    sink.taken().len()
}

/// Waits until all who want to hear of it are told that something fires, or has ended, and returns
/// the keys of its groups.
#[track_caller]
fn until_told(sink: &Sink, from: usize, status: &str, labels: &Value) -> Vec<String> {
    // Of the two integrations of a team one wants to hear of no end.
    let ears = if labels["team"] == "db" && status == "firing" { 2 } else { 1 };
    until(&format!("{labels} is told as {status}"), || {
        let told = sink.taken().into_iter().skip(from).filter(|message| {
            let mut alerts = message["alerts"].as_array().into_iter().flatten();
            alerts.any(|alert| alert["status"] == status && alert["labels"] == *labels)
        });
        let keys: Vec<String> =
            told.map(|message| message["groupKey"].as_str().unwrap().to_owned()).collect();
        (keys.len() >= ears).then_some(keys)
    })
}

/// Lets time pass in which nobody may be told anything.
#[track_caller]
fn quiet(sink: &Sink, who: &str) {
    let before = taken(sink);
    pause(QUIET);
    let news: Vec<_> = sink.taken().into_iter().skip(before).collect();
    assert!(news.is_empty(), "{who} says again what was told: {news:#?}");
}

/// What every client sees of the silences, without what any stop may change.
fn silences(api: &Api) -> Vec<Value> {
    let mut silences = api.get("/api/v2/silences").json().as_array().unwrap().clone();
    for silence in &mut silences {
        // From 0.32 on there are annotations.
        let silence = silence.as_object_mut().unwrap();
        silence.remove("annotations");
    }
    silences.sort_by_key(|silence| silence["id"].as_str().unwrap().to_owned());
    silences
}

#[test]
fn an_alertmanager_can_be_replaced_and_put_back() {
    let Some(amtool) = program::find("amtool") else { return };
    let sink = Sink::start(&[]);
    let home = Home::new(&config(&sink));
    let alerts = alerts();

    let start = || Alertmanager::start(&home.path("incidentd.yaml"), &home.path("data"), &[]);
    let Some(theirs) = start() else { return };
    let silence = |words: &[&str]| {
        let said = run(Command::new(&amtool)
            .env("HOME", home.path(""))
            .arg(format!("--alertmanager.url={}", theirs.url))
            .args(["silence", "add", "--author=ann", "--comment=new \"disks\""])
            .args(words));
        assert_eq!(said.code, Some(0), "{said:?}");
        said.out.trim().to_owned()
    };
    silence(&["--duration=2h", "alertname=Hushed", "host=~a|b"]);
    silence(&["--start=2099-01-01T00:00:00Z", "--end=2099-01-02T00:00:00Z", "x!=y", "z!~q"]);
    let over = silence(&["--duration=2h", "alertname=Over"]);
    let answer =
        theirs.api.send(reqwest::Method::DELETE, &format!("/api/v2/silence/{over}"), &[], "");
    assert_eq!(answer.status, 200, "{answer:?}");
    fire(&theirs.api, &alerts);
    for labels in &alerts {
        until_told(&sink, 0, "firing", labels);
    }
    let keys: Vec<_> = sink.taken().iter().map(|one| one["groupKey"].clone()).collect();
    quiet(&sink, "Alertmanager");
    let known = silences(&theirs.api);
    assert_eq!(known.len(), 3);
    theirs.stop();

    let ours = home.start();
    assert_eq!(silences(ours.api()), known);
    let before = taken(&sink);
    let (ended, firing) = alerts.split_last().unwrap();
    fire(ours.api(), firing);
    // Its first word to us is its last.
    ours.api().resolve(ended);
    let told = until_told(&sink, before, "resolved", ended);
    assert!(keys.contains(&json!(told[0])), "{told:?} is none of {keys:?}");
    assert_eq!(taken(&sink), before + 1, "{:#?}", sink.taken().split_off(before));
    quiet(&sink, "incidentd");
    fire(ours.api(), &[json!({ "alertname": "Ours", "team": "db" })]);
    until_told(&sink, before, "firing", &json!({ "alertname": "Ours", "team": "db" }));
    quiet(&sink, "incidentd");
    let (status, log) = ours.stop();
    assert!(status.success(), "{log}");

    let said = home.task(&["export", "--alertmanager", "data", "--storage.path", "data"]);
    assert_eq!(said.code, Some(0), "{said:?}");
    let theirs = start().unwrap();
    assert_eq!(silences(&theirs.api), known);
    let before = taken(&sink);
    fire(&theirs.api, firing);
    fire(&theirs.api, &[json!({ "alertname": "Ours", "team": "db" })]);
    theirs.api.resolve(ended);
    pause(QUIET);
    let news = sink.taken().split_off(before);
    assert!(news.is_empty(), "Alertmanager says again what was told: {news:#?}");
    theirs.api.resolve(&firing[0]);
    until_told(&sink, before, "resolved", &firing[0]);
    theirs.stop();

    // What we left behind is a store of ours: the files are not taken over a second time.
    let ours = home.start();
    assert!(!ours.log().contains("Took over"), "{}", ours.log());
}

#[test]
fn state_that_cannot_be_read_is_named_and_left_where_it_is() {
    let home = Home::new("route: { receiver: all }\nreceivers: [ { name: all } ]");
    home.write("data/silences", "\u{3}abc");
    home.write("data/nflog", "\u{7f}cut off");
    let ours = home.start();
    for (file, why) in [("silences", "does not decode"), ("nflog", "is cut off after 7")] {
        let line = ours.until_log(&format!("data/{file}`, byte 0"));
        assert!(line.contains("level=error") && line.contains(why), "{line}");
    }
    let (status, log) = ours.stop();
    assert!(status.success(), "{log}");
    assert_eq!(std::fs::read(home.path("data/silences")).unwrap(), b"\x03abc");
    assert_eq!(std::fs::read(home.path("data/nflog")).unwrap(), b"\x7fcut off");
}

#[test]
fn there_is_nothing_to_give_back_without_a_store() {
    let home = Home::new("");
    let said = home.task(&["export", "--alertmanager", "am", "--storage.path", "data"]);
    assert_eq!(said.code, Some(1), "{said:?}");
    assert!(said.err.contains("there is no store"), "{said:?}");
    let said = home.task(&["export", "--storage.path", "data"]);
    assert_eq!(said.code, Some(2), "{said:?}");
    assert!(!home.path("am").exists());
}

//! The same configuration and the same traffic, at the same moments, for Debian's Alertmanager and
//! for us: what both answer and what both send is compared field by field, and when.

mod cases;
mod plain;

use std::fmt::Write as _;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::alertmanager::Alertmanager;
use crate::api::Api;
use crate::daemon::{Daemon, Home};
use crate::sink::{Heard, Sink};
use crate::until::pause;
use plain::{groups, message, records};

/// How far apart two messages may be that say the same.
const APART_MAX: Duration = Duration::from_millis(150);

/// A busy machine delays one server and not the other; what is said must agree every time, when it
/// is said must agree once.
const ATTEMPTS_MAX: usize = 3;

/// How long before the end of a script its last message must have come.
const SETTLE: Duration = Duration::from_millis(700);

/// Lines shown of a difference, and of what stands before it.
const LINES_SHOWN: usize = 30;
const LINES_BEFORE: usize = 8;

/// Times mean nothing while the cases compete for two cores.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

/// A line of a script.
struct Step {
    at: Duration,
    act: Act,
}

enum Act {
    /// Alerts with these labels fire.
    Fire(Vec<(String, String)>),
    /// They are over.
    Resolve(Vec<(String, String)>),
    /// A silence over these matchers begins.
    Silence(Vec<(String, String)>),
    /// The last silence ends.
    Unsilence,
    /// Both must answer the same to these paths.
    Compare,
}

/// One of the two servers.
struct Side {
    api: Api,
    sink: Sink,
    silences: Vec<String>,
}

/// Runs a script against both. `@` in the configuration stands for the sink's address, `ours` is
/// added to our configuration alone.
#[track_caller]
fn check(config: &str, ours: &str, script: &str) {
    let _turn = ONE_AT_A_TIME.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let steps: Vec<Step> = script.lines().filter(|l| !l.trim().is_empty()).map(step).collect();
    let mut late = String::new();
    for _ in 0..ATTEMPTS_MAX {
        let Some(told) = run(config, ours, &steps) else { return };
        late = told;
        if late.is_empty() {
            return;
        }
    }
    panic!("the same messages at other times:\n{late}");
}

/// One attempt. Returns which messages came at other times; nothing where there is no Alertmanager.
#[track_caller]
fn run(config: &str, ours: &str, steps: &[Step]) -> Option<String> {
    let sinks = [Sink::start(&[]), Sink::start(&[])];
    let files = [config.replace('@', sinks[0].url()) + ours, config.replace('@', sinks[1].url())];
    let homes = files.map(|file| Home::new(&file));
    let external = "--web.external-url=http://am.example.org";
    let peer = Alertmanager::start(
        &homes[1].path("incidentd.yaml"),
        &homes[1].path("data"),
        &[external, "--web.route-prefix=/"],
    )?;
    let daemon: Daemon = homes[0].start_with(&[external]);
    let [ours, theirs] = sinks;
    let mut sides = [
        Side { api: Api::new(&daemon.url()), sink: ours, silences: vec![] },
        Side { api: peer.api, sink: theirs, silences: vec![] },
    ];

    let start = Instant::now();
    let clock = jiff::Timestamp::now();
    for step in steps {
        pause(step.at.saturating_sub(start.elapsed()));
        let now = written(clock + jiff::SignedDuration::try_from(step.at).unwrap());
        std::thread::scope(|scope| {
            for side in &mut sides {
                scope.spawn(|| side.act(&step.act, &now, clock));
            }
        });
        if let Act::Compare = step.act {
            compare_answers(&sides, step.at);
        }
    }
    pause(SETTLE);
    Some(compare_messages(&sides, start))
}

impl Side {
    fn act(&mut self, act: &Act, now: &str, clock: jiff::Timestamp) {
        let started = written(clock);
        let labels = |pairs: &[(String, String)]| -> Value {
            pairs.iter().map(|(name, value)| (name.clone(), Value::from(value.as_str()))).collect()
        };
        let alert = |pairs: &[(String, String)], ends: Option<&str>| {
            let mut alert = json!({
                "labels": labels(pairs),
                "annotations": { "summary": "as told" },
                "generatorURL": "http://prometheus.example.org/graph?a=1&b=2",
            });
            if let Some(ends) = ends {
                alert["startsAt"] = json!(started);
                alert["endsAt"] = json!(ends);
            } else {
                // Without an end each server would set its own, a moment apart.
                alert["startsAt"] = json!(now);
                alert["endsAt"] = json!("2099-01-01T00:00:00Z");
            }
            json!([alert])
        };
        match act {
            Act::Fire(pairs) => self.api.alerts(&alert(pairs, None)),
            Act::Resolve(pairs) => self.api.alerts(&alert(pairs, Some(now))),
            Act::Silence(pairs) => {
                let matchers: Vec<Value> = pairs
                    .iter()
                    .map(|(name, value)| {
                        json!({ "name": name, "value": value, "isRegex": false, "isEqual": true })
                    })
                    .collect();
                let silence = json!({
                    "matchers": matchers, "startsAt": now, "endsAt": "2099-01-01T00:00:00Z",
                    "createdBy": "ann", "comment": "planned work",
                });
                let answer = self.api.post("/api/v2/silences", &silence);
                assert_eq!(answer.status, 200, "{answer:?}");
                self.silences.push(answer.json()["silenceID"].as_str().unwrap().to_owned());
            }
            Act::Unsilence => {
                let id = self.silences.last().expect("a script silences first");
                let path = format!("/api/v2/silence/{id}");
                let answer = self.api.send(reqwest::Method::DELETE, &path, &[], "");
                assert_eq!(answer.status, 200, "{answer:?}");
            }
            Act::Compare => {}
        }
    }
}

/// What both answer must agree, but for what the two releases name differently.
#[track_caller]
fn compare_answers(sides: &[Side; 2], at: Duration) {
    for (path, plain) in [
        ("/api/v2/alerts", records as fn(&Value, &[String]) -> Value),
        ("/api/v2/alerts?active=false", records),
        ("/api/v2/alerts?silenced=false&inhibited=false", records),
        ("/api/v2/alerts?filter=severity%3D~%22crit.%2A%22", records),
        ("/api/v2/alerts/groups", groups),
        ("/api/v2/receivers", records),
        ("/api/v2/silences", records),
    ] {
        let [ours, theirs] = sides.each_ref().map(|side| {
            let answer = side.api.get(path);
            assert_eq!(answer.status, 200, "{path}: {answer:?}");
            plain(&answer.json(), &side.silences)
        });
        let apart = difference(&format!("{ours:#}"), &format!("{theirs:#}"));
        assert!(apart.is_empty(), "{path} at {at:?}\n{apart}");
    }
}

/// Every receiver must have heard the same, in the same order. Returns what came at other times.
#[track_caller]
fn compare_messages(sides: &[Side; 2], start: Instant) -> String {
    let mut paths: Vec<String> =
        sides.iter().flat_map(|side| side.sink.heard()).map(|heard| heard.path).collect();
    paths.sort();
    paths.dedup();
    assert!(!paths.is_empty(), "nobody said anything");
    let mut late = String::new();
    for path in paths {
        let [ours, theirs] = sides.each_ref().map(|side| {
            let mut heard: Vec<Heard> =
                side.sink.heard().into_iter().filter(|heard| heard.path == path).collect();
            // Groups that speak in the same moment do so in any order.
            heard.sort_by_key(|heard| {
                let moment = (heard.at - start).as_millis() / 500;
                (moment, heard.body["groupKey"].to_string())
            });
            heard
        });
        let said = |heard: &[Heard]| -> String {
            let bodies: Vec<_> =
                heard.iter().map(|one| format!("{:#}", message(&one.body))).collect();
            bodies.join("\n")
        };
        let apart = difference(&said(&ours), &said(&theirs));
        let (our_times, their_times) = (times(&ours, start), times(&theirs, start));
        assert!(apart.is_empty(), "{path}: {our_times:?} against {their_times:?} ms\n{apart}");
        for (a, b) in ours.iter().zip(&theirs) {
            let apart = if a.at > b.at { a.at - b.at } else { b.at - a.at };
            if apart > APART_MAX {
                writeln!(late, "{path}: {:?} and {:?}", a.at - start, b.at - start).unwrap();
            }
        }
    }
    late
}

/// The lines from the first one on that is not the same; empty if all are.
fn difference(ours: &str, theirs: &str) -> String {
    let same = ours.lines().zip(theirs.lines()).take_while(|(a, b)| a == b).count();
    let rest = |text: &str| {
        let before = same.saturating_sub(LINES_BEFORE);
        text.lines().skip(before).take(LINES_SHOWN).collect::<Vec<_>>().join("\n")
    };
    if ours == theirs {
        return String::new();
    }
    format!("we say:\n{}\nAlertmanager says:\n{}", rest(ours), rest(theirs))
}

fn times(heard: &[Heard], start: Instant) -> Vec<u128> {
    heard.iter().map(|heard| (heard.at - start).as_millis()).collect()
}

/// Our clock counts milliseconds, Alertmanager's nanoseconds.
fn written(at: jiff::Timestamp) -> String {
    jiff::Timestamp::from_millisecond(at.as_millisecond()).unwrap().to_string()
}

/// `300ms fire alertname=Disk cluster=a`
fn step(line: &str) -> Step {
    let mut words = line.split_whitespace();
    let at: u64 = words.next().and_then(|at| at.strip_suffix("ms")?.parse().ok()).expect(line);
    let verb = words.next().expect(line);
    let pairs = words
        .map(|word| word.split_once('=').map(|(a, b)| (a.to_owned(), b.to_owned())).expect(line))
        .collect();
    let act = match verb {
        "fire" => Act::Fire(pairs),
        "resolve" => Act::Resolve(pairs),
        "silence" => Act::Silence(pairs),
        "unsilence" => Act::Unsilence,
        "compare" => Act::Compare,
        _ => panic!("{line}"),
    };
    Step { at: Duration::from_millis(at), act }
}

//! Command lines, from words to requests.

use super::*;
use crate::domain::MANUALS;

fn wish(line: &str) -> Result<Wish, clap::Error> {
    let now = "2026-03-01T02:05:00Z".parse().unwrap();
    let quoted = line.split('\'').enumerate();
    let words = quoted.flat_map(|(at, part)| {
        // Between quotes it is one word, outside every blank parts two.
        if at % 2 == 1 { vec![part] } else { part.split_whitespace().collect() }
    });
    let words = std::iter::once("incidentctl").chain(words).chain(["--by", "anna"]);
    Wish::of(words.map(OsString::from), now)
}

fn check(line: &str, expected: &str) {
    let call = wish(line).unwrap_or_else(|error| panic!("{line}: {error}")).ask.daemon().unwrap();
    assert_eq!(call.to_string(), expected, "{line}");
}

fn refused(line: &str, expected: &str) {
    let error = wish(line).expect_err(line);
    assert_eq!(error.exit_code(), 2, "{line}");
    let text = error.to_string();
    assert!(text.contains(expected), "{line}: {text}");
}

#[test]
fn no_field_of_a_manual_takes_the_name_of_a_flag_of_the_program() {
    for manual in MANUALS {
        for verb in manual.verbs.iter().chain(manual.make) {
            for field in verb.fields {
                let taken = ["url", "token_file", "output"].contains(&field.name);
                assert!(!taken, "{} {}: {}", manual.name, verb.name, field.name);
            }
        }
    }
}

#[test]
fn every_word_of_every_manual_fits_the_command_line() {
    tree(Timestamp(0)).debug_assert();
}

#[test]
fn words_become_requests() {
    for (line, expected) in [
        ("status", "GET api/itsm/v1/status"),
        ("incident list", "GET api/itsm/v1/incidents"),
        (
            "incidents list --state open --priority 1 --service 'a b' -q 'disk & co'",
            "GET api/itsm/v1/incidents?state=open&priority=1&service=a%20b&q=disk%20%26%20co",
        ),
        ("incident show INC-1", "GET api/itsm/v1/incidents/INC-1"),
        ("incident show ../x?y", "GET api/itsm/v1/incidents/..%2Fx%3Fy"),
        ("alert show ALR-1", "GET api/itsm/v1/alerts/ALR-1"),
        ("alert explain ALR-1", "GET api/itsm/v1/alerts/ALR-1/explain"),
    ] {
        check(line, expected);
    }
}

#[test]
fn verbs_become_forms() {
    for (line, verb, form) in [
        ("ack INC-1", "acknowledge", ""),
        ("ack INC-1 'on it'", "acknowledge", r#","note":"on it""#),
        ("acknowledge INC-1 --note x", "acknowledge", r#","note":"x""#),
        ("note INC-1 'it is DNS'", "note", r#","note":"it is DNS""#),
        ("assign INC-1 bo", "assign", r#","assignee":"bo""#),
        ("assign INC-1 bo --team dba", "assign", r#","team":"dba","assignee":"bo""#),
        ("merge INC-1 INC-2", "merge", r#","into":"INC-2""#),
        ("resolve INC-1", "resolve", ""),
        ("resolve INC-1 fixed --note y", "resolve", r#","code":"fixed","note":"y""#),
        (
            "hold INC-1 awaiting_vendor --until 2h",
            "hold",
            r#","reason":"awaiting_vendor","until":"2026-03-01T04:05:00.000Z""#,
        ),
        (
            "hold INC-1 --reason planned --until 2026-03-02T00:00:00+01:00",
            "hold",
            r#","reason":"planned","until":"2026-03-01T23:00:00.000Z""#,
        ),
        (
            "prioritise INC-1 'all shops' --priority 1",
            "prioritise",
            r#","priority":1,"reason":"all shops""#,
        ),
        ("unmerge INC-1", "unmerge", ""),
    ] {
        let form = format!(r#"{{"by":"anna"{form}}}"#);
        let expected = format!("POST api/itsm/v1/incidents/INC-1/{verb} {form}");
        check(&format!("incident {line}"), &expected);
    }
}

#[test]
fn silences_are_as_short_to_say_as_with_amtool() {
    for (line, expected) in [
        (
            "silence add Disk 'node=~a.*' -d 2h -c why",
            r#"POST api/itsm/v1/silences {"by":"anna","matchers":["alertname=\"Disk\"","node=~a.*"],"comment":"why","duration":"2h"}"#,
        ),
        (
            "silence add a=b -d 2h -c why -a bo --annotation ticket=CHG-9 --annotation x=y",
            r#"POST api/itsm/v1/silences {"by":"anna","matchers":["a=b"],"comment":"why","duration":"2h","created_by":"bo","annotations":{"ticket":"CHG-9","x":"y"}}"#,
        ),
        (
            "silence update SIL-1 3h",
            r#"POST api/itsm/v1/silences/SIL-1/update {"by":"anna","duration":"3h"}"#,
        ),
        ("silence expire SIL-1", r#"POST api/itsm/v1/silences/SIL-1/expire {"by":"anna"}"#),
        ("silence query", "GET api/itsm/v1/silences?state=live"),
        (
            "silence query Disk node=a --created-by bo --id SIL-1 SIL-2",
            "GET api/itsm/v1/silences?state=live&matcher=alertname%3D%22Disk%22%2Cnode%3Da\
             &created_by=bo&id=SIL-1%2CSIL-2",
        ),
        (
            "silence list --matcher a=b --state active",
            "GET api/itsm/v1/silences?state=active&matcher=a%3Db",
        ),
    ] {
        check(line, expected);
    }
    refused("silence add -d 2h -c why", "<MATCHERS>");
    refused("silence add a=b -d 2h", "--comment");
    refused("silence add a=b -c why -d soon", "is not a duration");
    let Ask::Each(calls) = wish("silence expire SIL-1 SIL-2").unwrap().ask else {
        panic!("two records are two calls");
    };
    assert_eq!(calls.len(), 2);
    let quiet = wish("silence query -q").unwrap().ask.daemon().unwrap().answer;
    assert!(matches!(quiet, Answer::Ids { .. }));
}

#[test]
fn wrong_words_are_refused_with_what_would_be_right() {
    for (line, expected) in [
        ("incident", "Usage: incidentctl incident"),
        ("incidint list", "similar subcommands exist: 'incidents', 'incident'"),
        ("incident note INC-1", "not provided:\n  <NOTE>\n"),
        ("incident resolve INC-1 fixd", "similar value exists: 'fixed'"),
        ("incident ack INC-1 a --note b", "cannot be used with"),
        ("incident hold INC-1 planned --until tomorrow", "nor like 2h"),
        ("incident prioritise INC-1 x --impact high", "invalid digit"),
        ("incident list --limit 0", "0 is not in 1..=100000"),
        ("incident list --all --limit 5", "cannot be used with"),
        ("alert ack ALR-1", "unrecognized subcommand 'ack'"),
    ] {
        refused(line, expected);
    }
}

#[test]
fn a_list_knows_how_many_records_it_shows() {
    for (line, expected) in [("", 50), ("--limit 3", 3), ("--all", 100_000)] {
        let Answer::List { limit, .. } =
            wish(&format!("incident list {line}")).unwrap().ask.daemon().unwrap().answer
        else {
            panic!("a list is answered by a list");
        };
        assert_eq!(limit, expected, "{line}");
    }
}

#[test]
fn routes_and_receivers_are_asked_for_by_name() {
    check("config show", "GET api/itsm/v1/config");
    check("config routes show", "GET api/itsm/v1/routes");
    check(
        "config routes test team=db 'a=\"b c\"'",
        "GET api/itsm/v1/routes/explain?label=team%3Ddb&label=a%3Db%20c",
    );
    check("routes explain team=db", "GET api/itsm/v1/routes/explain?label=team%3Ddb");
    check(
        "receiver test team severity=page --resolved",
        "POST api/itsm/v1/receivers/team/test \
         {\"labels\":{\"severity\":\"page\"},\"resolved\":true,\"by\":\"anna\"}",
    );
    refused("routes explain team", "write NAME=VALUE");
    refused("receiver test", "RECEIVER");
    let offline = wish("config routes test --config.file am.yml team=db").unwrap().ask;
    let Ask::Offline(Offline::Test { file, labels, .. }) = offline else { panic!("no daemon") };
    assert_eq!(file, PathBuf::from("am.yml"));
    assert_eq!(labels, [("team".to_owned(), "db".to_owned())]);
}

#[test]
fn sources_are_asked_for_by_name() {
    check("source list", "GET api/itsm/v1/sources");
    check("source show kuma", "GET api/itsm/v1/sources/kuma");
    check("source rejected kuma", "GET api/itsm/v1/sources/kuma/rejected");
    check(
        "source url kuma --expires 30d",
        r#"POST api/itsm/v1/sources/kuma/url {"expires":"30d","by":"anna"}"#,
    );
    let Ask::Trial(trial) =
        wish("source test kuma --payload b.json -H 'X-A: b: c' --query a=b").unwrap().ask
    else {
        panic!("a body is read first");
    };
    assert_eq!(trial.headers, [("X-A".to_owned(), "b: c".to_owned())]);
    assert_eq!((trial.source.as_str(), trial.query.as_str()), ("kuma", "a=b"));
    let Ask::Offline(Offline::Sample { kind }) = wish("source sample prometheus").unwrap().ask
    else {
        panic!("no daemon");
    };
    assert_eq!(kind, "prometheus");
    refused("source sample nothing", "possible values");
    refused("source test kuma -H nonsense", "write NAME: VALUE");
}

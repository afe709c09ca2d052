//! Deployments as their sources tell them: once, twice, late, and out of order.

use incidentd::domain::deployment::{Notice, Status};
use incidentd::domain::value::{Actor, Labels, Span, Via};
use incidentd::domain::view::Query;
use incidentd::domain::{self, Fact};
use incidentd::engine::scenario::{START, World};
use incidentd::engine::{Heard, Input};
use serde_json::json;

use super::{check, check_once, settings, show};

const NOBODY: &str = "
route: { receiver: nobody }
receivers: [ { name: nobody } ]
";

/// Plays a script, with a stop after each of its lines, and compares the deployments in a line each.
#[track_caller]
fn stand(script: &str, expected: &str) -> World {
    let world = check(&settings(NOBODY), script, "");
    let found = listed(&world, &[]);
    let expected: Vec<&str> = expected.lines().map(str::trim).filter(|l| !l.is_empty()).collect();
    assert_eq!(found.join("\n"), expected.join("\n"));
    world
}

/// Number, status, service, version and environment of what a filter leaves, oldest first.
fn listed(world: &World, filters: &[(&str, &str)]) -> Vec<String> {
    let filters = filters.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    let query = Query { limit: usize::MAX, filters: filters.collect(), ..Query::default() };
    let engine = world.engine();
    let list = domain::list(engine.state(), engine.settings(), "deployment", &query).unwrap();
    let word = |item: &serde_json::Value, name: &str| item[name].as_str().unwrap().to_owned();
    let names = ["id", "status", "service", "version", "environment"];
    let line = |item| names.map(|name| word(item, name)).join(" ").trim_end().to_owned();
    list.items.iter().rev().map(line).collect()
}

/// Deployments' facts, counted: words that change nothing leave none.
fn facts(world: &World) -> usize {
    world.facts().iter().filter(|(_, fact)| matches!(fact, Fact::Deployment(_))).count()
}

#[test]
fn a_deployment_is_one_record_from_the_queue_to_its_end() {
    let world = stand(
        "
        0s   deploy key=7 service=shop version=2.1 environment=production status=queued actor=ada
        1m   deploy key=7 service=shop version=2.1 environment=production status=started
        5m   deploy key=7 service=shop version=2.1 environment=production status=succeeded summary=fine
        ",
        "DEP-1 succeeded shop 2.1 production",
    );
    let record = show(&world, "deployment", "DEP-1");
    assert_eq!(record["actor"], "ada", "an empty word does not take a known one away");
    assert_eq!(record["started_at"], "2026-01-01T00:01:00.000Z");
    assert_eq!(record["finished_at"], "2026-01-01T00:05:00.000Z");
    assert_eq!(record["took"], "4m");
    assert_eq!(record["times"]["queued"], "2026-01-01T00:00:00.000Z");
    assert_eq!(facts(&world), 3);
}

#[test]
fn repeats_and_late_words_change_nothing() {
    let world = stand(
        "
        0s   deploy key=7 service=shop status=started
        1m   deploy key=7 service=shop status=started
        2m   deploy key=7 service=shop status=succeeded
        3m   deploy key=7 service=shop status=succeeded
        4m   deploy key=7 service=shop status=started at=0s
        5m   deploy key=7 service=shop status=queued at=0s
        9h   deploy key=7 service=shop status=succeeded at=2m
        ",
        "DEP-1 succeeded shop",
    );
    assert_eq!(facts(&world), 2);
}

#[test]
fn a_word_that_goes_backwards_is_noted_once_and_ignored() {
    let world = stand(
        "
        0s   deploy key=7 service=shop status=started
        1m   deploy key=7 service=shop status=queued
        2m   deploy key=7 service=shop status=queued
        3m   deploy key=7 service=shop status=failed
        4m   deploy key=7 service=shop status=cancelled
        ",
        "DEP-1 failed shop",
    );
    let record = show(&world, "deployment", "DEP-1");
    let actions: Vec<_> =
        record["timeline"].as_array().unwrap().iter().map(|line| line["action"].clone()).collect();
    assert_eq!(actions, ["started", "ignored", "failed", "ignored"]);
}

#[test]
fn after_its_end_a_key_names_another_deployment() {
    stand(
        "
        0s   deploy key=shop service=shop version=1 status=started
        1m   deploy key=shop service=shop version=1 status=failed
        2m   deploy key=shop service=shop version=1 status=started
        3m   deploy key=shop service=shop version=1 status=succeeded
        4m   deploy key=shop service=shop version=2 status=succeeded
        5h   deploy key=shop service=shop version=2 status=succeeded
        ",
        "
        DEP-1 failed shop 1
        DEP-2 succeeded shop 1
        DEP-3 succeeded shop 2
        DEP-4 succeeded shop 2
        ",
    );
}

#[test]
fn what_was_brought_back_has_been_rolled_back() {
    stand(
        "
        0s   deploy key=7 service=shop version=2 status=succeeded
        9m   deploy key=7 service=shop version=1 status=rolled_back
        ",
        "DEP-1 rolled_back shop 2",
    );
}

#[test]
fn sources_and_keys_are_told_apart() {
    let world = stand(
        "
        0s   deploy @github key=7 service=shop environment=production status=started
        0s   deploy @gitlab key=7 service=shop environment=staging status=succeeded
        0s   deploy @gitlab key=8 service=mail environment=staging status=failed
        ",
        "
        DEP-1 started shop  production
        DEP-2 succeeded shop  staging
        DEP-3 failed mail  staging
        ",
    );
    assert_eq!(listed(&world, &[("status", "open")]).len(), 1);
    assert_eq!(listed(&world, &[("status", "failed")]), ["DEP-3 failed mail  staging"]);
    assert_eq!(listed(&world, &[("service", "shop")]).len(), 2);
    assert_eq!(listed(&world, &[("environment", "staging"), ("service", "shop")]).len(), 1);
}

#[test]
fn an_old_deployment_is_forgotten_and_its_number_is_not_given_again() {
    let world = stand(
        "
        0s     deploy service=shop version=1 status=started
        182d   deploy service=shop version=1 status=succeeded
        183d   deploy service=mail version=1 status=succeeded
        366d   tick
        366d   deploy service=shop version=3 status=succeeded
        ",
        "DEP-3 succeeded shop 3",
    );
    assert!(!world.facts().is_empty());
}

#[test]
fn a_failed_deployment_raises_nothing_and_is_named_beside_the_incident_that_follows() {
    let world = check_once(
        &settings(NOBODY),
        "
        0s   deploy service=shop version=1 status=succeeded
        25h  deploy service=shop version=2 environment=production status=failed
        25h  deploy service=mail version=9 status=failed
        25h  deploy service=shop version=2 environment=staging status=succeeded
        26h  fire   alertname=Errors service=shop environment=production severity=critical
        ",
        "",
    );
    assert_eq!(show(&world, "incident", "INC-2"), serde_json::Value::Null);
    let incident = show(&world, "incident", "INC-1");
    let suspects = incident["deployments"].as_array().unwrap();
    assert_eq!(suspects.len(), 1, "{suspects:?}");
    assert_eq!((&suspects[0]["id"], &suspects[0]["status"]), (&"DEP-2".into(), &"failed".into()));
}

#[test]
fn a_pipeline_without_a_hook_reports_by_command() {
    let mut world = stand("0s tick", "");
    let mut report = |at: &str, fields: serde_json::Value| {
        let serde_json::Value::Object(fields) = fields else { panic!("an object") };
        let command = domain::parse("deployment", "add", "", &fields);
        let actor = Actor { name: "ci".to_owned(), via: Via::Api };
        let at = START + at.parse::<Span>().unwrap();
        world.step(at, Input::Command(actor, command.unwrap()));
    };
    report("1m", json!({"service": "shop", "version": "2", "status": "started"}));
    report("2m", json!({"service": "shop", "version": "2", "status": "failed", "summary": "no"}));
    let record = show(&world, "deployment", "DEP-1");
    assert_eq!((&record["status"], &record["actor"]), (&"failed".into(), &"ci".into()));
    assert_eq!((&record["took"], &record["summary"]), (&"1m".into(), &"no".into()));
    for wrong in [json!({"service": "shop"}), json!({"service": "", "status": "failed"})] {
        let serde_json::Value::Object(fields) = &wrong else { panic!("an object") };
        assert!(domain::parse("deployment", "add", "", fields).is_err(), "{wrong}");
    }
}

#[test]
fn the_oldest_deployments_make_room() {
    const MOST: usize = 10_000;
    let mut world = stand("0s tick", "");
    let notice = |number: usize| Notice {
        source: "ci".into(),
        key: number.to_string().into(),
        service: "shop".into(),
        environment: Box::default(),
        version: Box::default(),
        actor: Box::default(),
        status: Status::Succeeded,
        summary: Box::default(),
        url: Box::default(),
        at: START,
        labels: Labels::default(),
    };
    let heard = Heard { deployments: (0..MOST + 2).map(notice).collect(), ..Heard::default() };
    world.step(START, Input::Heard(Box::new(heard)));
    let numbers: Vec<_> = world.engine().state().deployment.iter().map(|(id, _)| id.0).collect();
    assert_eq!((numbers.len(), numbers[0], numbers[MOST - 1]), (MOST, 3, MOST as u64 + 2));
}

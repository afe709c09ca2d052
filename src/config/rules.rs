//! Rule files: stages of rules, and the tests beside them.

mod event;
mod incident;
mod problem;

use std::collections::BTreeMap;

use super::check::Check;
use super::node::{Node, Place};
use crate::domain::event::rules::EventRules;
use crate::domain::incident::rules::IncidentRules;
use crate::domain::problem::rules::ProblemRules;
use crate::domain::stage::{Rule, Stage};

/// A test that stands beside the rules it tests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleTest {
    /// What it shows.
    pub name: String,
    /// Where it stands: `rules/database.yaml:12`.
    pub place: String,
    /// What happens, line by line: `20s fire alertname=X cluster=a`.
    pub input: String,
    /// What must come of it, line by line: `1m incident INC-1 new service=a-db alerts=2`.
    pub expect: String,
}

/// What all rule files say together.
#[derive(Debug, Default)]
pub(super) struct Rules {
    pub(super) events: EventRules,
    pub(super) incidents: IncidentRules,
    pub(super) problems: ProblemRules,
    pub(super) tests: Vec<RuleTest>,
}

/// Reads the files in their order.
pub(super) fn read(check: &mut Check, files: &[Node]) -> Rules {
    let mut tests = Vec::new();
    for node in files.iter().flat_map(|file| list(file, "tests")) {
        let place = check.whereabouts(node.place);
        for key in ["input", "expect"] {
            if node.text_at(key).is_none() {
                check.error(node.place, format!("a test needs `{key}`: write its lines under `|`"));
            }
        }
        tests.push(RuleTest {
            name: node.text_at("name").unwrap_or(&place).to_owned(),
            input: node.text_at("input").unwrap_or_default().to_owned(),
            expect: node.text_at("expect").unwrap_or_default().to_owned(),
            place,
        });
    }
    Rules {
        events: EventRules {
            enrich: stage(check, files, "enrich", true, event::enrich),
            dedupe: stage(check, files, "dedupe", false, event::dedupe),
            flap: stage(check, files, "flap", false, event::flap),
            correlate: stage(check, files, "correlate", false, event::correlate),
        },
        incidents: IncidentRules {
            incident: stage(check, files, "incident", false, incident::incident),
            resolve: stage(check, files, "resolve", false, incident::resolve),
        },
        problems: ProblemRules { problem: stage(check, files, "problem", false, problem::problem) },
        tests,
    }
}

/// Reads one stage out of all files.
fn stage<T>(
    check: &mut Check,
    files: &[Node],
    key: &str,
    goes_on: bool,
    body: fn(&mut Check, &Node) -> Option<T>,
) -> Stage<T> {
    let mut rules = Vec::new();
    let mut places: BTreeMap<String, Place> = BTreeMap::new();
    for node in files.iter().flat_map(|file| list(file, key)) {
        let place = check.whereabouts(node.place);
        let name = node.text_at("name").unwrap_or(&place).to_owned();
        if let Some(first) = places.insert(name.clone(), node.place) {
            let first = check.whereabouts(first);
            let why = format!("the {key} rule `{name}` is at {first} already; rename one");
            check.error(node.get("name").map_or(node.place, |name| name.place), why);
        }
        let matchers = check.matchers(node.get("match"));
        let Some(body) = body(check, node) else { continue };
        // A rule that only watches is somebody's verdict to judge; one that is off is nobody's.
        if node.text_at("mode") == Some("disabled") {
            continue;
        }
        let goes_on = node.get("continue").and_then(Node::boolean).unwrap_or(goes_on);
        rules.push(Rule { name, place, matchers, goes_on, body });
    }
    Stage::new(rules)
}

fn list<'a>(file: &'a Node, key: &str) -> &'a [Node] {
    file.get(key).map(Node::items).unwrap_or_default()
}

/// A number of things, at least `least`.
fn count(check: &mut Check, node: &Node, key: &str, least: u64) -> Option<u64> {
    let value = node.get(key)?;
    let number = value.whole()?;
    if number < least {
        check.error(value.place, format!("`{key}` must be at least {least}"));
    }
    Some(number)
}

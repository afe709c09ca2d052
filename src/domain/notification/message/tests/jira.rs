//! What Jira is asked.

use serde_json::json;

use super::*;
use crate::domain::notification::receiver::{JiraApi, JiraConfig};

const FOUND_OPEN: &str = r#"{"issues":[{"key":"OPS-7","fields":{"status":{"name":"Doing",
    "statusCategory":{"key":"indeterminate"}}}},{"key":"OPS-3"}]}"#;
const FOUND_DONE: &str =
    r#"{"issues":[{"key":"OPS-7","fields":{"status":{"statusCategory":{"key":"done"}}}}]}"#;
const WAYS: &str = r#"{"transitions":[{"id":"11","name":"Start"},{"id":"31","name":"Close"},
    {"id":"41","name":"Reopen"}]}"#;
const NOTHING_FOUND: &str = r#"{"issues":[]}"#;

fn config(fields: &[(&'static str, &str)]) -> JiraConfig {
    let mut all = texts(&[("project", "OPS"), ("issue_type", "Bug"), ("summary", "full")]);
    all.extend(texts(fields));
    JiraConfig {
        api_url: "https://jira.example.org/rest/api/2/".to_owned(),
        api: JiraApi::Datacenter,
        texts: all,
        updates_summary: true,
        updates_description: true,
        labels: Vec::new(),
        resolve_transition: None,
        reopen_transition: None,
        wont_fix_resolution: None,
        reopen_duration: Span::ZERO,
        fields: Vec::new(),
        http: HttpConfig::default(),
    }
}

fn jira(config: JiraConfig) -> Integration {
    integration(IntegrationKind::Jira(Box::new(config)))
}

fn with_transitions(config: JiraConfig) -> JiraConfig {
    JiraConfig {
        resolve_transition: Some("Close".to_owned()),
        reopen_transition: Some("Reopen".to_owned()),
        ..config
    }
}

fn group(status: AlertStatus) -> Letter {
    letter(vec![alert(status, "sda")])
}

/// The fields that a new issue has.
fn created(config: JiraConfig) -> serde_json::Value {
    let mut http = http(&group(AlertStatus::Firing), &jira(config));
    let create = heard(&mut http, 200, NOTHING_FOUND);
    let (_, body) = create.rsplit_once("/issue ").unwrap();
    let body: serde_json::Value = serde_json::from_str(body).unwrap();
    body["fields"].clone()
}

#[test]
fn a_group_is_looked_for_by_its_label() {
    let question = |status, config| {
        let http = http(&group(status), &jira(config));
        let body: serde_json::Value = serde_json::from_str(&http.first.body).unwrap();
        assert_eq!((&body["maxResults"], &body["fields"]), (&json!(2), &json!(["status"])));
        let question = body["jql"].as_str().unwrap();
        question.replace(HASH, "HASH").replace(" order by status ASC,resolutiondate DESC", "")
    };
    let label = r#"project="OPS" and labels="ALERT{HASH}""#;
    let (firing, resolved) = (AlertStatus::Firing, AlertStatus::Resolved);
    assert_eq!(question(firing, config(&[])), format!("statusCategory != Done and {label}"));
    let reopens =
        || JiraConfig { reopen_duration: Span::seconds(7_190), ..with_transitions(config(&[])) };
    assert_eq!(
        question(firing, reopens()),
        format!("(resolutiondate is EMPTY OR resolutiondate >= -119m) and {label}")
    );
    assert_eq!(question(resolved, reopens()), format!("statusCategory != Done and {label}"));
    let wont_fix = Some(r#"Won't "fix""#.to_owned());
    assert_eq!(
        question(firing, JiraConfig { wont_fix_resolution: wont_fix, ..config(&[]) }),
        format!(r#"resolution != "Won't \"fix\"" and statusCategory != Done and {label}"#)
    );
}

#[test]
fn cloud_and_server_are_searched_at_different_doors() {
    for (api, api_url, expected) in [
        (JiraApi::Datacenter, "https://j/rest/api/2/", "https://j/rest/api/2/search"),
        (JiraApi::Cloud, "https://j/rest/api/2", "https://j/rest/api/3/search/jql"),
        (JiraApi::Cloud, "https://j/rest/api/3/", "https://j/rest/api/3/search/jql"),
    ] {
        let config = JiraConfig { api, api_url: api_url.to_owned(), ..config(&[]) };
        let first = http(&group(AlertStatus::Firing), &jira(config)).first;
        let drawn = drawn(&first);
        let (head, _) = drawn.split_once("\n\n").unwrap();
        let rest = "Content-Type: application/json\nAccept-Language: en";
        assert_eq!(head, format!("POST {expected}\n{rest}"));
    }
}

#[test]
fn a_new_issue_has_every_field() {
    let config = JiraConfig {
        labels: ["prod", "{{ .CommonLabels.none }}", "{{ .GroupLabels.alertname }} now"]
            .map(template)
            .to_vec(),
        fields: vec![
            (
                "components".to_owned(),
                Tree::List(vec![Tree::Map(vec![(template("name"), leaf("DB"))])]),
            ),
            ("customfield_1".to_owned(), leaf("{{ .Alerts | len }}")),
            ("customfield_2".to_owned(), leaf("")),
        ],
        ..config(&[
            ("summary", "full:\n{{ .GroupLabels.alertname }}"),
            ("description", "all of it"),
            ("priority", "High"),
        ])
    };
    let label = format!("ALERT{{{HASH}}}");
    assert_eq!(
        created(config),
        json!({
            "project": { "key": "OPS" },
            "issuetype": { "name": "Bug" },
            "summary": "full: DiskFull",
            "description": "all of it",
            "labels": [label, "DiskFull_now", "prod"],
            "priority": { "name": "High" },
            "components": [{ "name": "DB" }],
            "customfield_1": 1,
            "customfield_2": null,
        })
    );
}

#[test]
fn version_3_gets_a_document() {
    let v3 = |description: &str| {
        let api_url = "https://jira.example.org/rest/api/3".to_owned();
        created(JiraConfig { api_url, ..config(&[("description", description)]) })
    };
    let own = r#"{"version":1,"type":"doc","content":[]}"#;
    assert_eq!(v3(own)["description"], json!({"version":1,"type":"doc","content":[]}));
    let text = json!({ "type": "text", "text": "all of it" });
    let content = json!([{ "type": "paragraph", "content": [text] }]);
    let document = json!({ "version": 1, "type": "doc", "content": content });
    assert_eq!(v3("\nall of it\n")["description"], document);
    assert_eq!(v3(" ").get("description"), None);
}

#[test]
fn long_texts_are_cut_where_jira_refuses_them() {
    let long = "ä".repeat(40_000);
    let labels = vec![template(&long)];
    let issue =
        created(JiraConfig { labels, ..config(&[("summary", &long), ("description", &long)]) });
    let label = issue["labels"][1].as_str().unwrap();
    let texts = ["summary", "description"].map(|field| issue[field].as_str().unwrap());
    for (text, chars) in [(texts[0], 255), (texts[1], 32_767), (label, 255)] {
        assert_eq!((text.chars().count(), text.ends_with("ä…")), (chars, true), "{chars}");
    }
}

#[test]
fn what_ended_without_an_issue_needs_none() {
    let mut http = http(&group(AlertStatus::Resolved), &jira(with_transitions(config(&[]))));
    assert_eq!(heard(&mut http, 200, NOTHING_FOUND), "delivered -");
}

#[test]
fn an_issue_is_created_once_and_named_in_the_report() {
    let mut http = http(&group(AlertStatus::Firing), &jira(config(&[])));
    let create = heard(&mut http, 200, NOTHING_FOUND);
    assert!(create.starts_with("Post https://jira.example.org/rest/api/2/issue {"), "{create}");
    assert_eq!(heard(&mut http, 201, r#"{"id":"10000","key":"OPS-24"}"#), "delivered OPS-24");
}

#[test]
fn an_open_issue_is_brought_up_to_date_and_moved_on_when_all_is_over() {
    let told = JiraConfig { updates_summary: false, ..with_transitions(config(&[])) };
    let firing = &mut http(&group(AlertStatus::Firing), &jira(told.clone()));
    let update = heard(firing, 200, FOUND_OPEN);
    let (head, body) = update.split_once(" {").unwrap();
    assert_eq!(head, "Put https://jira.example.org/rest/api/2/issue/OPS-7");
    assert!(!body.contains("summary") && body.contains("labels"), "{body}");
    assert_eq!(heard(firing, 204, ""), "delivered OPS-7");

    let resolved = &mut http(&group(AlertStatus::Resolved), &jira(told));
    heard(resolved, 200, FOUND_OPEN);
    let transitions = "https://jira.example.org/rest/api/2/issue/OPS-7/transitions";
    assert_eq!(heard(resolved, 204, ""), format!("Get {transitions} "));
    assert_eq!(
        heard(resolved, 200, WAYS),
        format!(r#"Post {transitions} {{"transition":{{"id":"31"}}}}"#)
    );
    assert_eq!(heard(resolved, 204, ""), "delivered OPS-7");
}

#[test]
fn a_done_issue_is_opened_again() {
    let firing = &mut http(&group(AlertStatus::Firing), &jira(with_transitions(config(&[]))));
    heard(firing, 200, FOUND_DONE);
    heard(firing, 204, "");
    assert!(heard(firing, 200, WAYS).ends_with(r#"{"transition":{"id":"41"}}"#));
    assert_eq!(heard(firing, 204, ""), "delivered OPS-7");
    let stays = &mut http(&group(AlertStatus::Resolved), &jira(config(&[])));
    heard(stays, 200, FOUND_OPEN);
    assert_eq!(heard(stays, 204, ""), "delivered OPS-7", "no transition, no move");
}

#[test]
fn what_jira_says_no_to_is_told() {
    let told = || with_transitions(config(&[]));
    for (status, body, expected) in [
        (
            200,
            "<html>",
            "permanent other: refused the message: answered 200 with no list of issues: <html>",
        ),
        (400, "no", "permanent clientError: answered 400: no"),
        (401, "no", "permanent authError: answered 401: no"),
        (429, "no", "retry rateLimited: answered 429: no"),
        (502, "no", "retry serverError: answered 502: no"),
    ] {
        let mut http = http(&group(AlertStatus::Firing), &jira(told()));
        assert_eq!(heard(&mut http, status, body), expected);
    }
    let resolved = &mut http(&group(AlertStatus::Resolved), &jira(told()));
    heard(resolved, 200, FOUND_OPEN);
    heard(resolved, 204, "");
    assert_eq!(
        heard(resolved, 200, r#"{"transitions":[{"id":"1","name":"A"},{"id":"2","name":"B"}]}"#),
        "permanent clientError: refused the message: OPS-7 has no transition `Close`, only: A, B"
    );
}

#[test]
fn a_failing_template_costs_its_field_and_a_missing_project_the_message() {
    let broken = JiraConfig {
        labels: vec![template(BROKEN)],
        ..config(&[("summary", BROKEN), ("description", BROKEN), ("priority", BROKEN)])
    };
    let (faults, http) = mended(&group(AlertStatus::Firing), &jira(broken));
    assert_eq!(faults, "`summary`, `labels`, `description`, `priority`");
    let search = json(&http.first);
    assert!(search["jql"].is_string());
    assert_eq!(
        unaddressed(&group(AlertStatus::Firing), &jira(config(&[("project", "")]))),
        "`project` is empty; without it nobody can be told"
    );
}

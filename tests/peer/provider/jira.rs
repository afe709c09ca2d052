//! Jira's REST API, with one project and a workflow of two transitions.

use serde_json::{Value, json};

use super::{Asked, Counter, Said, home, is_hash, told};

const API: &str = "/rest/api/2";
/// `ann@example.org` and `t0ken`.
const AUTHORIZATION: &str = "Basic YW5uQGV4YW1wbGUub3JnOnQwa2Vu";

/// The only issue there can be.
#[derive(Default)]
struct Board {
    label: String,
    done: bool,
}

#[test]
fn jira_has_an_issue_made_and_closed() {
    let mut board = Board::default();
    let counter = Counter::start(move |asked| take(asked, &mut board));
    let fields = format!(
        "api_url: '{}{API}', project: OPS, issue_type: Bug, labels: [prod], \
         resolve_transition: Close, \
         http_config: {{ basic_auth: {{ username: ann@example.org, password: t0ken }} }}",
        counter.url()
    );
    let taken = told(&counter, &home("jira_configs", &fields), 2, 6);
    let lines: Vec<String> = taken.iter().map(Asked::line).collect();
    assert_eq!(
        lines,
        [
            "POST /rest/api/2/search",
            "POST /rest/api/2/issue",
            "POST /rest/api/2/search",
            "PUT /rest/api/2/issue/OPS-1",
            "GET /rest/api/2/issue/OPS-1/transitions",
            "POST /rest/api/2/issue/OPS-1/transitions",
        ]
    );
    let issue = &taken[1].json()["fields"];
    assert!(issue["summary"].as_str().unwrap().contains("DiskFull"), "{issue}");
    assert_eq!(issue["priority"]["name"], "High");
}

fn take(asked: &Asked, board: &mut Board) -> Said {
    if asked.header("authorization") != AUTHORIZATION {
        return Said::Refused(401, "not a token");
    }
    let body = asked.json();
    let done = |json: Value| Said::Taken(200, json.to_string());
    let transitions = format!("{API}/issue/OPS-1/transitions");
    match (asked.method.as_str(), asked.path.strip_prefix(API).unwrap_or_default()) {
        ("POST", "/search") => {
            let jql = body["jql"].as_str().unwrap_or_default();
            if !jql.contains("project=\"OPS\"") || !jql.contains("labels=\"ALERT{") {
                return Said::Refused(400, "not a question");
            }
            let category = if board.done { "done" } else { "new" };
            let status = json!({ "name": "x", "statusCategory": { "key": category } });
            let issue = json!({ "key": "OPS-1", "fields": { "status": status } });
            let asks_for = !board.label.is_empty() && jql.contains(&board.label) && !board.done;
            done(json!({ "issues": if asks_for { vec![issue] } else { Vec::new() } }))
        }
        ("POST", "/issue") if board.label.is_empty() && fits(&body["fields"]) => {
            let labels = body["fields"]["labels"].as_array().unwrap();
            labels[0].as_str().unwrap().clone_into(&mut board.label);
            Said::Taken(201, json!({ "id": "1", "key": "OPS-1" }).to_string())
        }
        ("PUT", "/issue/OPS-1") if fits(&body["fields"]) => Said::Taken(204, String::new()),
        ("GET", _) if asked.path == transitions => {
            let ways = json!([{ "id": "21", "name": "Start" }, { "id": "31", "name": "Close" }]);
            done(json!({ "transitions": ways }))
        }
        ("POST", _) if asked.path == transitions && body["transition"]["id"] == "31" => {
            board.done = true;
            Said::Taken(204, String::new())
        }
        _ => Said::Refused(400, "not like this"),
    }
}

/// Whether an issue could be one of the project. The group's label is the first in order.
fn fits(fields: &Value) -> bool {
    let label = fields["labels"][0].as_str().unwrap_or_default();
    let hash = label.strip_prefix("ALERT{").and_then(|label| label.strip_suffix('}'));
    fields["project"]["key"] == "OPS"
        && fields["issuetype"]["name"] == "Bug"
        && fields["labels"][1] == "prod"
        && is_hash(hash)
}

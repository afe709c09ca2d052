//! Routes as people read them: a tree, the receivers of an alert, and why.

use std::fmt::Write as _;

use serde_json::Value;

use super::written;

/// The routing tree, in the form of `amtool config routes show`.
pub(super) fn routes(root: &Value) -> String {
    let mut text = "Routing tree:\n.\n".to_owned();
    branch(&mut text, root, "", true, true);
    text
}

/// The receivers of an alert on one line, as `amtool config routes test` names them; and with
/// `tree`, every route that was looked at.
pub(super) fn receivers(explained: &Value, tree: bool) -> String {
    let mut text = String::new();
    if tree {
        looked_at(&mut text, explained);
        text.push('\n');
    }
    line(&mut text, &names(explained).join(","));
    text
}

/// The names of those receivers.
pub(super) fn names(explained: &Value) -> Vec<String> {
    let told = explained["notifications"].as_array().map_or(&[][..], Vec::as_slice);
    told.iter().map(|one| field(one, "receiver")).collect()
}

/// Everything that is decided about an alert on its way to people.
pub(super) fn explanation(explained: &Value) -> String {
    let mut text = "Routes:\n".to_owned();
    looked_at(&mut text, explained);
    text.push_str("\nNotifications:\n");
    for told in explained["notifications"].as_array().into_iter().flatten() {
        let through: Vec<String> = told["through"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|one| {
                let ends = one["send_resolved"] == true;
                let ends = if ends { "" } else { " (not of its end)" };
                format!("{}{ends}", field(one, "integration"))
            })
            .collect();
        let through = if through.is_empty() { "nothing".to_owned() } else { through.join(", ") };
        line(&mut text, &format!("  {} through {through}", field(told, "receiver")));
        if !told["group"].is_null() {
            line(&mut text, &format!("    group: {}", pairs(&told["group"])));
        }
        match told["why_not"].as_str() {
            Some(why) => line(&mut text, &format!("    not told: {}", written::line(why))),
            None => line(&mut text, &format!("    when: {}", field(told, "when"))),
        }
    }
    text
}

/// What became of a test of a receiver, integration by integration.
pub(super) fn tested(answer: &Value) -> String {
    let mut text = String::new();
    let results = answer["results"].as_array().map_or(&[][..], Vec::as_slice);
    if results.is_empty() {
        line(
            &mut text,
            &format!("{} has no integrations: nobody hears of it", field(answer, "receiver")),
        );
    }
    for result in results {
        let became = match (&result["delivered"], result["provider"].as_str()) {
            (Value::Bool(true), Some(name)) => format!("delivered as {}", written::line(name)),
            (Value::Bool(true), None) => "delivered".to_owned(),
            _ => format!("failed: {}", field(result, "why")),
        };
        line(&mut text, &format!("{}: {became}", field(result, "integration")));
    }
    text
}

/// Tells whether every integration took the message of a test.
pub(super) fn arrived(answer: &Value) -> bool {
    let results = answer["results"].as_array().map_or(&[][..], Vec::as_slice);
    !results.is_empty() && results.iter().all(|result| result["delivered"] == true)
}

fn looked_at(text: &mut String, explained: &Value) {
    for route in explained["routes"].as_array().into_iter().flatten() {
        let (key, verdict) = (field(route, "route"), field(route, "verdict"));
        line(text, &format!("  {key}  receiver: {}  {verdict}", field(route, "receiver")));
    }
}

fn branch(text: &mut String, route: &Value, indent: &str, last: bool, root: bool) {
    let matchers: Vec<String> = route["matchers"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|matcher| matcher.as_str().map(written::line))
        .collect();
    let name =
        if root { "default-route".to_owned() } else { format!("{{{}}}", matchers.join(",")) };
    let goes_on = if route["continue"] == true { "  continue: true" } else { "" };
    let corner = if last { "└── " } else { "├── " };
    line(text, &format!("{indent}{corner}{name}{goes_on}  receiver: {}", field(route, "receiver")));
    let children = route["routes"].as_array().map_or(&[][..], Vec::as_slice);
    let indent = format!("{indent}{}", if last { "    " } else { "│   " });
    for (at, child) in children.iter().enumerate() {
        branch(text, child, &indent, at + 1 == children.len(), false);
    }
}

fn pairs(labels: &Value) -> String {
    let pairs = labels.as_object().into_iter().flatten();
    let pairs: Vec<String> =
        pairs.map(|(name, value)| format!("{}={value}", written::line(name))).collect();
    if pairs.is_empty() { "{}".to_owned() } else { pairs.join(" ") }
}

fn field(value: &Value, name: &str) -> String {
    value[name].as_str().map(written::line).unwrap_or_default()
}

fn line(text: &mut String, line: &str) {
    writeln!(text, "{line}").expect("a String takes everything");
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn routes_are_drawn_as_a_tree() {
        let root = json!({
            "receiver": "root", "matchers": [], "routes": [
                { "receiver": "db", "matchers": ["team=\"db\"", "a=\"b\""], "continue": true, "routes": [
                    { "receiver": "pager", "matchers": ["severity=\"critical\""], "routes": [] },
                ]},
                { "receiver": "people", "matchers": ["x=~\"y\""], "routes": [] },
            ],
        });
        assert_eq!(
            routes(&root),
            "Routing tree:\n.\n\
             └── default-route  receiver: root\n    \
             ├── {team=\"db\",a=\"b\"}  continue: true  receiver: db\n    \
             │   └── {severity=\"critical\"}  receiver: pager\n    \
             └── {x=~\"y\"}  receiver: people\n"
        );
    }

    #[test]
    fn a_test_says_what_became_of_each_integration() {
        let answer = json!({ "receiver": "team", "results": [
            { "integration": "slack[0]", "delivered": true, "provider": "C1 17.2" },
            { "integration": "webhook[0]", "delivered": false, "why": "host answered 500" },
        ]});
        assert_eq!(
            tested(&answer),
            "slack[0]: delivered as C1 17.2\nwebhook[0]: failed: host answered 500\n"
        );
        let nobody = json!({ "receiver": "team", "results": [] });
        assert_eq!(tested(&nobody), "team has no integrations: nobody hears of it\n");
    }
}

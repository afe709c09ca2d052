//! What is made for `GoAlert`'s generic integration: a summary, details, an action, in the body or
//! in the query.

use serde_json::{Map, Value};

use super::Adapter;
use super::table::{Means, Table};
use crate::domain::event::adapter::{Context, Head, Read, Unreadable, form, json};

/// `GoAlert`'s generic integration.
pub const ADAPTER: Adapter =
    Adapter { name: "goalert", title: "GoAlert generic integration", read, fits };

const TABLE: Table = Table {
    name: &["/summary"],
    // Without a key of its own an alert of GoAlert is told by its summary and details.
    key: &[&["/dedup", "/summary"], &["/details_of_key"]],
    status: &["/action"],
    words: &[("close", Means::Resolved), ("open", Means::Firing), ("trigger", Means::Firing)],
    severity: &["/severity"],
    labels: &[("service", &["/service"])],
    annotations: &[("summary", &["/summary"]), ("description", &["/details"])],
    ..Table::EMPTY
};
const FIELDS: [&str; 4] = ["summary", "details", "action", "dedup"];

fn fits(body: &Value, _: &Head) -> bool {
    let has = |name: &str| body[name].is_string();
    has("summary") && (has("dedup") && has("details") || has("webhook-body") || has("slack-text"))
}

/// Reads an alert. A body that is no JSON is a form; what the query says counts where the body
/// says nothing.
///
/// # Errors
/// When the body is JSON, but no object.
pub fn read(body: &[u8], context: &Context) -> Result<Read, Unreadable> {
    let mut fields = match json::parse(body) {
        Ok(Value::Object(fields)) => fields,
        Ok(_) => return Err(Unreadable::Json("it is no object".to_owned())),
        Err(why) if matches!(body.trim_ascii_start().first(), Some(b'{' | b'[')) => {
            return Err(why);
        }
        Err(_) => texts(form(body)),
    };
    for (name, value) in texts(context.head.query()) {
        if FIELDS.contains(&name.as_str()) {
            fields.entry(name).or_insert(value);
        }
    }
    if !fields.contains_key("dedup") {
        let details = fields.get("details").cloned().unwrap_or_default();
        fields.insert("details_of_key".to_owned(), details);
    }
    TABLE.value(&Value::Object(fields), context)
}

fn texts(pairs: Vec<(String, String)>) -> Map<String, Value> {
    pairs.into_iter().map(|(name, value)| (name, Value::String(value))).collect()
}

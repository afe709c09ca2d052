//! Icinga 2: the words of its notification scripts, and the objects of its event stream
//! (`/v1/events`), which say the same under longer names.

use serde_json::Value;

use super::{Adapter, nagios};
use crate::domain::event::adapter::{Head, json};

/// Icinga 2.
pub const ADAPTER: Adapter =
    Adapter { name: "icinga2", title: "Icinga 2", read: nagios::read, fits };

/// What only objects of the event stream have.
const STREAM: [&str; 5] =
    ["check_result", "downtime", "acknowledgement_type", "comment", "is_flapping"];

fn fits(body: &Value, _: &Head) -> bool {
    let named = |name| !json::field(body, name).is_empty();
    let within = |name: &str| body[name]["host_name"].is_string();
    let host = named("host") || within("downtime") || within("comment");
    let object = json::has_any(body, &["object_type"]) && json::has_any(body, &["object_name"]);
    (object && json::field(body, "type").starts_with("Object"))
        || (host
            && json::has_any(body, &STREAM)
            && (named("type") || body["check_result"].is_object()))
        || json::has_any(body, &["ICINGAWEB2URL", "icingaweb2url"])
}

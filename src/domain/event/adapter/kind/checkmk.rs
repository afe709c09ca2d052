//! Checkmk: the environment of its notification scripts (`NOTIFY_…`), or the same as JSON.

use serde_json::Value;

use super::{Adapter, nagios};
use crate::domain::event::adapter::{Head, json};

/// Checkmk.
pub const ADAPTER: Adapter =
    Adapter { name: "checkmk", title: "Checkmk", read: nagios::read, fits };

fn fits(body: &Value, _: &Head) -> bool {
    let Some(object) = body.as_object() else { return false };
    let environment = object.keys().any(|name| name.starts_with("NOTIFY_"));
    let site = json::has_any(body, &["site", "omd_site", "OMD_SITE"]);
    environment || (site && json::has_any(body, &["notification_type", "what", "WHAT"]))
}

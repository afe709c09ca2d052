//! Kinds of sources, and how to tell them apart by what they send.

use serde_json::Value;

use super::generic::{self, GenericPaths};
use super::{Context, Read, Unreadable};
use super::{alertmanager_webhook, grafana, grafana_legacy, json, prometheus};

/// What kind of source sent a body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// Whatever posts to Alertmanager's API v2: Prometheus, vmalert, Loki, Mimir.
    Prometheus,
    /// Another Alertmanager's webhook receiver.
    AlertmanagerWebhook,
    /// Grafana's unified alerting.
    Grafana,
    /// Grafana's alerting before version 9.
    GrafanaLegacy,
    /// JSON with declared paths.
    Generic(Box<GenericPaths>),
    /// Any of the above but the last, told apart body by body.
    Auto,
}

impl Kind {
    /// The kind of that name in the configuration; `generic` needs paths and has none here.
    pub fn named(name: &str) -> Option<Self> {
        let kinds = [
            Self::Prometheus,
            Self::AlertmanagerWebhook,
            Self::Grafana,
            Self::GrafanaLegacy,
            Self::Auto,
        ];
        kinds.into_iter().find(|kind| kind.name() == name)
    }

    /// The name in the configuration.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Prometheus => "prometheus",
            Self::AlertmanagerWebhook => "alertmanager-webhook",
            Self::Grafana => "grafana",
            Self::GrafanaLegacy => "grafana-legacy",
            Self::Generic(_) => "generic",
            Self::Auto => "auto",
        }
    }
}

/// Reads a body of a known kind.
///
/// # Errors
/// When nothing of the body can be taken in.
pub fn read(kind: &Kind, body: &[u8], context: &Context) -> Result<Read, Unreadable> {
    match kind {
        Kind::Prometheus => prometheus::read(body, context),
        Kind::AlertmanagerWebhook => alertmanager_webhook::read(body, context),
        Kind::Grafana => grafana::read(body, context),
        Kind::GrafanaLegacy => grafana_legacy::read(body, context),
        Kind::Generic(paths) => generic::read(paths, body, context),
        Kind::Auto => {
            let shape = shape(body)?.ok_or(Unreadable::UnknownShape)?;
            read(&shape, body, context)
        }
    }
}

/// Tells by the shape of a body what kind of source sent it; never [`Kind::Auto`] itself.
pub fn detect(body: &[u8]) -> Option<Kind> {
    shape(body).ok().flatten()
}

fn shape(body: &[u8]) -> Result<Option<Kind>, Unreadable> {
    // Only API v2 sends an array, and there is no need to parse a big one twice.
    if body.trim_ascii_start().first() == Some(&b'[') {
        return Ok(Some(Kind::Prometheus));
    }
    let body = json::parse(body)?;
    let has = |object: &Value, names: &[&str]| names.iter().any(|name| object.get(name).is_some());
    if let Some(alerts) = body.get("alerts") {
        let first = alerts.get(0).unwrap_or(&Value::Null);
        let grafana = has(&body, &["orgId", "appVersion"])
            || has(first, &["orgId", "valueString", "silenceURL"])
            || json::field(&body, "version") == "1";
        return Ok(Some(if grafana { Kind::Grafana } else { Kind::AlertmanagerWebhook }));
    }
    if has(&body, &["ruleId", "evalMatches", "ruleName"]) {
        return Ok(Some(Kind::GrafanaLegacy));
    }
    Ok(body.get("labels").is_some_and(Value::is_object).then_some(Kind::AlertmanagerWebhook))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_is_told_by_its_shape() {
        for (body, kind) in [
            (" [", "prometheus"),
            (r#"{"alerts":[]}"#, "alertmanager-webhook"),
            (r#"{"version":"4","alerts":[{"labels":{}}]}"#, "alertmanager-webhook"),
            (r#"{"version":"1","alerts":[]}"#, "grafana"),
            (r#"{"alerts":[],"orgId":1}"#, "grafana"),
            (r#"{"alerts":[{"valueString":""}]}"#, "grafana"),
            (r#"{"ruleId":1,"state":"ok"}"#, "grafana-legacy"),
            (r#"{"labels":{"a":"b"}}"#, "alertmanager-webhook"),
            (r#"{"labels":"a"}"#, "none"),
            (r#"{"hello":"world"}"#, "none"),
            ("", "none"),
            ("7", "none"),
        ] {
            let found = detect(body.as_bytes());
            assert_eq!(found.as_ref().map_or("none", Kind::name), kind, "{body}");
            assert_eq!(found.is_some(), Kind::named(kind).is_some(), "{body}");
        }
    }
}

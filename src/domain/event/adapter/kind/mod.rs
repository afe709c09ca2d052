//! Kinds of sources, one file each, and how to tell them apart by what they send.

pub mod alerta;
pub mod alertmanager;
pub mod argocd;
pub mod axiom;
pub mod azure_monitor;
pub mod cdevents;
pub mod checkly;
pub mod checkmk;
pub mod cloudevents;
pub mod cloudwatch;
pub mod coralogix;
pub mod dash0;
pub mod datadog;
pub mod deployment;
pub mod elastalert;
pub mod eventbridge;
pub mod gcp_monitoring;
pub mod generic;
pub mod gitea;
pub mod github;
pub mod gitlab;
pub mod goalert;
pub mod google_secops;
pub mod grafana;
pub mod grafana_legacy;
pub mod graylog;
pub mod icinga2;
pub mod icinga_notifications;
pub mod kapacitor;
pub mod kubernetes_events;
pub mod librenms;
pub mod mail;
pub mod nagios;
pub mod netbox;
pub mod newrelic;
pub mod opsgenie;
pub mod otlp;
pub mod pagerduty;
pub mod pingdom;
pub mod prometheus;
mod query;
mod resend;
pub mod riemann;
pub mod sample;
pub mod sentry;
pub mod servicenow;
pub mod signalfx;
pub mod site24x7;
pub mod snmp;
pub mod sns;
pub mod syslog;
mod table;
pub mod thousandeyes;
pub mod uptime_kuma;
pub mod uptimerobot;
pub mod vmware_vrealize;
pub mod wazuh;
pub mod zabbix;

use std::sync::Arc;

use serde_json::Value;

use super::{Context, Head, Read, Unreadable, fields, json};
use generic::GenericPaths;

/// Lists the adapters in the order in which `auto` asks them: the first whose shape a body has
/// reads it, so what is peculiar stands before what is plain.
macro_rules! adapters {
    ($($room:ident,)+) => {
        /// Every adapter that needs no more than its name to be configured.
        pub const ADAPTERS: &[&Adapter] = &[$(&$room::ADAPTER,)+];

        /// What `type` of a source can be.
        pub const NAMES: &[&str] = &[$($room::ADAPTER.name,)+ syslog::NAME, mail::NAME, GENERIC, AUTO];
    };
}

adapters! {
    cdevents,
    cloudevents,
    sns,
    eventbridge,
    cloudwatch,
    azure_monitor,
    gcp_monitoring,
    zabbix,
    kubernetes_events,
    icinga_notifications,
    checkmk,
    icinga2,
    nagios,
    librenms,
    wazuh,
    graylog,
    elastalert,
    kapacitor,
    uptime_kuma,
    uptimerobot,
    pingdom,
    site24x7,
    argocd,
    gitea,
    github,
    gitlab,
    pagerduty,
    opsgenie,
    alerta,
    sentry,
    servicenow,
    newrelic,
    datadog,
    axiom,
    checkly,
    coralogix,
    dash0,
    signalfx,
    thousandeyes,
    vmware_vrealize,
    google_secops,
    netbox,
    goalert,
    snmp,
    riemann,
    prometheus,
    grafana,
    grafana_legacy,
    otlp,
    deployment,
    alertmanager,
}

const GENERIC: &str = "generic";
const AUTO: &str = "auto";

/// How the bytes of one kind of source are read.
#[derive(Debug)]
pub struct Adapter {
    /// The word for `type` in the configuration.
    pub name: &'static str,
    /// The source's own name, for people.
    pub title: &'static str,
    /// Reads a body: everything in it becomes an event or something else that is said, a
    /// rejection or a note, never nothing.
    pub read: fn(&[u8], &Context) -> Result<Read, Unreadable>,
    /// Whether a body with such a head is of this kind. It is `null` if it is no JSON; of an array
    /// there is only the first element.
    pub fits: fn(&Value, &Head) -> bool,
}

/// What kind of source sent a body.
#[derive(Debug, Clone, Default)]
pub enum Kind {
    /// One of [`ADAPTERS`].
    Known(&'static Adapter),
    /// JSON with declared paths.
    Generic(Box<GenericPaths>),
    /// Messages of syslog, one a line.
    Syslog(Arc<syslog::Rules>),
    /// One mail (RFC 5322).
    Mail(Arc<mail::Rules>),
    /// OTLP logs with rules.
    Otlp(Arc<otlp::Rules>),
    /// Traps of SNMP with what is configured about them.
    Snmp(Arc<snmp::Rules>),
    /// Any of [`ADAPTERS`], told apart body by body.
    #[default]
    Auto,
}

impl Kind {
    /// Whatever posts to Alertmanager's API v2: Prometheus, vmalert, Loki, Mimir.
    pub const PROMETHEUS: Self = Self::Known(&prometheus::ADAPTER);

    /// The kind of that name in the configuration; `generic` needs paths and has none here.
    pub fn named(name: &str) -> Option<Self> {
        let known = ADAPTERS.iter().find(|adapter| adapter.name == name);
        known.map(|adapter| Self::Known(adapter)).or_else(|| match name {
            syslog::NAME => Some(Self::Syslog(Arc::default())),
            mail::NAME => Some(Self::Mail(Arc::default())),
            AUTO => Some(Self::Auto),
            _ => None,
        })
    }

    /// The name in the configuration.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Known(adapter) => adapter.name,
            Self::Generic(_) => GENERIC,
            Self::Syslog(_) => syslog::NAME,
            Self::Mail(_) => mail::NAME,
            Self::Otlp(_) => otlp::ADAPTER.name,
            Self::Snmp(_) => snmp::ADAPTER.name,
            Self::Auto => AUTO,
        }
    }

    /// Whether its senders repeat by themselves what still holds, so that what is turned away for
    /// its rate comes again.
    pub fn resends(&self) -> bool {
        resend::RESENDING.contains(&self.name())
    }

    /// Whether its senders may say everything in the query of a GET.
    pub fn reads_query(&self) -> bool {
        query::QUERYING.contains(&self.name())
    }

    /// Whether bodies are those of API v2.
    pub fn is_prometheus(&self) -> bool {
        self.name() == prometheus::ADAPTER.name
    }
}

/// Reads a body of a known kind.
///
/// # Errors
/// When nothing of the body can be taken in.
pub fn read(kind: &Kind, body: &[u8], context: &Context) -> Result<Read, Unreadable> {
    match kind {
        Kind::Known(adapter) => (adapter.read)(body, context),
        Kind::Generic(paths) => generic::read(paths, body, context),
        Kind::Syslog(rules) => syslog::read(rules, body, context),
        Kind::Mail(rules) => mail::read(rules, body, context),
        Kind::Otlp(rules) => otlp::read(rules, body, context),
        Kind::Snmp(rules) => snmp::read(rules, body, context),
        Kind::Auto => {
            let adapter = shape(body, context.head)?.ok_or(Unreadable::UnknownShape)?;
            (adapter.read)(body, context)
        }
    }
}

/// Tells by the shape of a request which adapter reads it.
pub fn detect(body: &[u8], head: &Head) -> Option<&'static Adapter> {
    shape(body, head).ok().flatten()
}

fn shape(body: &[u8], head: &Head) -> Result<Option<&'static Adapter>, Unreadable> {
    // The first element tells; there is no need to parse a big array twice.
    let parsed = match json::first(body) {
        Some(element) => Ok(Value::Array(vec![element])),
        None => json::parse(body).or_else(|why| fields::form_of(body, head).ok_or(why)),
    };
    let value = parsed.as_ref().unwrap_or(&Value::Null);
    let found = ADAPTERS.iter().copied().find(|adapter| (adapter.fits)(value, head));
    match (found, parsed) {
        (None, Err(unreadable)) => Err(unreadable),
        (found, _) => Ok(found),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_is_told_by_its_shape() {
        for (body, kind) in [
            (" [", "prometheus"),
            (r#"{"alerts":[]}"#, "alertmanager"),
            (r#"{"version":"4","alerts":[{"labels":{}}]}"#, "alertmanager"),
            (r#"{"version":"1","alerts":[]}"#, "grafana"),
            (r#"{"alerts":[],"orgId":1}"#, "grafana"),
            (r#"{"alerts":[{"valueString":""}]}"#, "grafana"),
            (r#"{"ruleId":1,"state":"ok"}"#, "grafana-legacy"),
            (r#"{"labels":{"a":"b"}}"#, "alertmanager"),
            (r#"{"Type":"Notification","MessageId":"1","TopicArn":"t"}"#, "sns"),
            (r#"{"AlarmName":"a"}"#, "cloudwatch"),
            (r#"{"detail-type":"a","detail":{}}"#, "eventbridge"),
            (r#"{"schemaId":"azureMonitorCommonAlertSchema"}"#, "azure-monitor"),
            (r#"{"incident":{"incident_id":"1"}}"#, "gcp-monitoring"),
            (r#"{"incident":{"id":"1"}}"#, "none"),
            (r#"{"action":"created","installation":{},"data":{"issue":{}}}"#, "sentry"),
            (r#"{"action":"opened","installation":{},"issue":{}}"#, "none"),
            (r#"{"incident_id":1,"condition_name":"c"}"#, "newrelic"),
            (r#"{"alertTransition":"Triggered"}"#, "datadog"),
            (r#"{"messages":[{"event":"incident.trigger","incident":{}}]}"#, "pagerduty"),
            (r#"{"host":"h","service":"s","state":"ok","metric":1}"#, "riemann"),
            (r#"[{"host":"h","service":"s","state":"ok","ttl":1}]"#, "riemann"),
            (r#"[{"snmpTrapOID":"1.3","source":"h"}]"#, "snmp"),
            (r#"[{"num_hits":1,"num_matches":1}]"#, "elastalert"),
            (r#"[{"labels":{"host":"h"}}]"#, "prometheus"),
            (r#"{"host":"h","service":"s","state":"ok"}"#, "none"),
            (r#"{"labels":"a"}"#, "none"),
            (r#"{"event_id":"1","event_value":"1"}"#, "zabbix"),
            (r#"{"event_id":"1","event_type":"x"}"#, "none"),
            (r#"{"NAGIOS_HOSTNAME":"a"}"#, "nagios"),
            (r#"{"NOTIFY_HOSTNAME":"a"}"#, "checkmk"),
            (r#"{"type":"StateChange","host":"a","check_result":{}}"#, "icinga2"),
            (r#"{"name":"a","tags":{},"extra_tags":{}}"#, "icinga-notifications"),
            (r#"{"device_id":1,"rule_id":2,"state":1}"#, "librenms"),
            (r#"{"rule":{"level":3},"agent":{}}"#, "wazuh"),
            (r#"{"event_definition_id":"a","event":{}}"#, "graylog"),
            (r#"{"num_hits":1,"num_matches":1}"#, "elastalert"),
            (r#"{"id":"a","level":"OK","previousLevel":"OK"}"#, "kapacitor"),
            (r#"{"kind":"Event","involvedObject":{}}"#, "kubernetes-events"),
            (r#"{"kind":"EventList","items":[{"regarding":{}}]}"#, "kubernetes-events"),
            (r#"{"kind":"Application","apiVersion":"x/v1","metadata":{}}"#, "none"),
            (r#"{"heartbeat":null,"monitor":null,"msg":"a"}"#, "uptime-kuma"),
            (r#"{"monitorFriendlyName":"a"}"#, "uptimerobot"),
            (r#"{"check_id":1,"current_state":"UP"}"#, "pingdom"),
            (r#"{"MONITORNAME":"a","STATUS":"UP"}"#, "site24x7"),
            (r#"{"resourceLogs":[]}"#, "otlp"),
            (r#"{"service":"shop","version":"1.4","status":"In progress"}"#, "deployment"),
            (r#"{"service":"shop","version":"1.4","status":"critical"}"#, "none"),
            (r#"{"service":"shop","status":"ok"}"#, "none"),
            (r#"{"hello":"world"}"#, "none"),
            ("", "none"),
            ("7", "none"),
        ] {
            let found = detect(body.as_bytes(), &Head::default());
            assert_eq!(found.map_or("none", |adapter| adapter.name), kind, "{body}");
            assert_eq!(found.is_some(), Kind::named(kind).is_some(), "{body}");
        }
    }

    #[test]
    fn names_are_told_apart() {
        let names: std::collections::BTreeSet<_> = NAMES.iter().collect();
        assert_eq!(names.len(), NAMES.len());
    }
}

//! One small request of each kind of source, to try a configuration out with.

use crate::domain::event::adapter::Head;

/// The text of a fixture.
macro_rules! fixture {
    ($name:literal) => {
        include_str!(concat!("../../../../../tests/fixtures/adapter/", $name, ".txt"))
    };
}

/// Names of kinds and their requests: the fixtures of the adapters' own tests.
const SAMPLES: &[(&str, &str)] = &[
    ("alerta", fixture!("alerta/indeterminate")),
    ("alertmanager", fixture!("alertmanager/mixed-statuses")),
    ("argocd", fixture!("argocd/sync-failed")),
    ("axiom", fixture!("axiom/matched-event")),
    ("azure-monitor", fixture!("azure-monitor/metric-fired")),
    ("cdevents", fixture!("cdevents/service-deployed")),
    ("checkly", fixture!("checkly/failure")),
    ("checkmk", fixture!("checkmk/service-critical")),
    ("cloudevents", fixture!("cloudevents/opened")),
    ("cloudwatch", fixture!("cloudwatch/alone")),
    ("coralogix", fixture!("coralogix/trigger")),
    ("dash0", fixture!("dash0/ongoing-critical")),
    ("datadog", fixture!("datadog/sent-as-a-form")),
    ("deployment", fixture!("deployment/succeeded")),
    ("elastalert", fixture!("elastalert/match")),
    ("eventbridge", fixture!("eventbridge/instance-stopped")),
    ("gcp-monitoring", fixture!("gcp-monitoring/error-reporting")),
    ("gitea", fixture!("gitea/workflow-run-failed")),
    ("github", fixture!("github/workflow-run-failed")),
    ("gitlab", fixture!("gitlab/deployment-success")),
    ("goalert", fixture!("goalert/only-a-query")),
    ("google-secops", fixture!("google-secops/one-event")),
    ("grafana", fixture!("grafana/two-orgs")),
    ("grafana-legacy", fixture!("grafana-legacy/alerting")),
    ("graylog", fixture!("graylog/event")),
    ("icinga-notifications", fixture!("icinga-notifications/critical")),
    ("icinga2", fixture!("icinga2/script-service")),
    ("kapacitor", fixture!("kapacitor/critical")),
    ("kubernetes-events", fixture!("kubernetes-events/warning")),
    ("librenms", fixture!("librenms/alert")),
    ("mail", fixture!("mail/nagios-service-problem")),
    ("nagios", fixture!("nagios/host-down")),
    ("netbox", fixture!("netbox/device-updated")),
    ("newrelic", fixture!("newrelic/issue-priority-low-created")),
    ("opsgenie", fixture!("opsgenie/create_without_alias_or_priority")),
    ("otlp", fixture!("otlp/event-with-structured-body")),
    ("pagerduty", fixture!("pagerduty/trigger")),
    ("pingdom", fixture!("pingdom/down")),
    ("prometheus", fixture!("prometheus/sample")),
    ("riemann", fixture!("riemann/critical")),
    ("sentry", fixture!("sentry/plugin")),
    ("servicenow", fixture!("servicenow/table-api-create")),
    ("signalfx", fixture!("signalfx/anomalous")),
    ("site24x7", fixture!("site24x7/down")),
    ("snmp", fixture!("snmp/link-down")),
    ("sns", fixture!("sns/raw-delivery-of-text")),
    ("syslog", fixture!("syslog/router")),
    ("thousandeyes", fixture!("thousandeyes/trigger")),
    ("uptime-kuma", fixture!("uptime-kuma/down")),
    ("uptimerobot", fixture!("uptimerobot/down")),
    ("vmware-vrealize", fixture!("vmware-vrealize/active")),
    ("wazuh", fixture!("wazuh/level-15")),
    ("zabbix", fixture!("zabbix/problem")),
];

/// A request as a source would send it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sample {
    /// Headers beside the usual ones.
    pub headers: Vec<(&'static str, &'static str)>,
    /// What follows the `?`; may be empty.
    pub query: &'static str,
    /// The body.
    pub body: &'static str,
}

impl Sample {
    /// The headers and the query, as an adapter looks at them.
    pub fn head(&self) -> Head {
        Head::new(self.headers.iter().copied(), self.query)
    }
}

/// The sample of a kind; nothing for kinds whose bodies are declared, not known.
pub fn of(kind: &str) -> Option<Sample> {
    let (_, text) = SAMPLES.iter().find(|(name, _)| *name == kind)?;
    let (request, _) = text.split_once("\n=== read\n").unwrap_or((text, ""));
    let (head, body) = request.split_once("\n=== body\n").unwrap_or(("", request));
    let query = head.lines().find_map(|line| line.strip_prefix('?')).unwrap_or("");
    let headers = head.lines().filter_map(|line| line.split_once(": "));
    Some(Sample { headers: headers.collect(), query, body })
}

/// Every kind that has a sample, in order.
pub fn names() -> impl Iterator<Item = &'static str> {
    SAMPLES.iter().map(|(name, _)| *name)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::domain::event::adapter::{Context, Limits, kind};

    #[test]
    fn every_adapter_has_a_sample_that_it_takes_whole() {
        let limits = Limits::default();
        let source: Arc<str> = "sample".into();
        let now = "2026-03-01T12:00:00Z".parse().unwrap();
        for adapter in kind::ADAPTERS {
            let name = adapter.name;
            let sample = of(name).unwrap_or_else(|| panic!("{name} needs a line in SAMPLES"));
            let head = sample.head();
            let context = Context { head: &head, ..Context::new(&source, now, &limits) };
            let read = (adapter.read)(sample.body.as_bytes(), &context);
            let read = read.unwrap_or_else(|error| panic!("{name}: {error}"));
            assert!(read.said() > 0 && read.rejected.is_empty(), "{name}: {read:?}");
        }
        for name in names() {
            assert!(kind::Kind::named(name).is_some(), "{name}");
        }
    }
}

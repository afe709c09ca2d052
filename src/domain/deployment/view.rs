//! How deployments are shown, and how one is reported by hand.

use serde_json::{Value, json};

use super::machine::Status;
use super::notice::Notice;
use super::state::Deployment;
use super::{Command, State};
use crate::domain::value::{DeploymentId, Labels, Span, Timestamp};
use crate::domain::view::{
    Column, Fields, Invalid, Kind, List, Manual, Query, Verb, optional, pairs, required, text,
};
use crate::domain::{self, Settings};

/// What the filter `status` takes.
const STATUSES: &[&str] =
    &["open", "queued", "started", "succeeded", "failed", "rolled_back", "cancelled"];

/// What can be reported.
const REPORTED: &[&str] = &["queued", "started", "succeeded", "failed", "rolled_back", "cancelled"];

/// The source of what is reported by hand.
const BY_HAND: &str = "api";

/// A deployment that moved this long before an incident may have to do with it.
const SUSPECT_WITHIN: Span = Span::hours(24);

/// So many are named beside an incident, newest first.
const SUSPECTS_SHOWN_MAX: usize = 5;

/// What people can see and ask.
pub const MANUAL: Manual = Manual {
    name: "deployment",
    plural: "deployments",
    title: "Deployments",
    about: "What was brought into service, by whom, and how it went",
    columns: &[
        Column { title: "ID", pointer: "/id" },
        Column { title: "STATUS", pointer: "/status" },
        Column { title: "SERVICE", pointer: "/service" },
        Column { title: "VERSION", pointer: "/version" },
        Column { title: "ENVIRONMENT", pointer: "/environment" },
        Column { title: "ACTOR", pointer: "/actor" },
        Column { title: "SINCE", pointer: "/since" },
        Column { title: "SUMMARY", pointer: "/summary" },
    ],
    filters: &[
        optional("status", "`open` (not over), or one of the statuses", Kind::OneOf(STATUSES)),
        optional("service", "what was deployed", Kind::Text),
        optional("environment", "where to", Kind::Text),
        optional("source", "who said so", Kind::Text),
    ],
    make: Some(&Verb {
        name: "add",
        short: None,
        help: "Report a deployment, or how one goes on, as a pipeline without a hook does",
        fields: &[
            required("service", "what is deployed", Kind::Text),
            required("status", "how it stands", Kind::OneOf(REPORTED)),
            optional("version", "which version", Kind::Text),
            optional("environment", "where to", Kind::Text),
            optional(
                "key",
                "names the deployment in each report; service, environment and version",
                Kind::Text,
            ),
            optional("actor", "who set it off; who asks", Kind::Text),
            optional("summary", "a line for people", Kind::Text),
            optional("link", "where to look", Kind::Text),
            optional("labels", "what else there is to say, as name=value", Kind::Pairs)
                .flag("label"),
        ],
    }),
    verbs: &[],
    records: true,
};

pub(crate) fn list(state: &domain::State, _: &Settings, query: &Query) -> List {
    query.page(state.deployment.iter(), |id, deployment| {
        wanted(query, id, deployment).then(|| row(id, deployment))
    })
}

pub(crate) fn show(state: &domain::State, _: &Settings, id: &str) -> Option<Value> {
    let id: DeploymentId = id.parse().ok()?;
    let deployment = state.deployment.get(id)?;
    let mut record = row(id, deployment);
    let times = deployment.times.iter().map(|(status, at)| (status.name(), at.rfc3339()));
    record["times"] = Value::Object(times.map(|(name, at)| (name.to_owned(), at.into())).collect());
    record["timeline"] = deployment.timeline.show().into();
    record["timeline_omitted"] = deployment.timeline.omitted().into();
    Some(record)
}

/// Deployments of the service that an incident is about, shortly before it was detected: the first
/// thing to look at, and no more than that.
pub(crate) fn suspects(state: &State, labels: &Labels, detected_at: Timestamp) -> Vec<Value> {
    let service = labels.get("service");
    if service.is_empty() {
        return Vec::new();
    }
    let environment = labels.get("environment");
    let concerns = |deployment: &Deployment| {
        let elsewhere = !environment.is_empty()
            && !deployment.environment.is_empty()
            && *deployment.environment != *environment;
        deployment.status != Status::Cancelled && !elsewhere
    };
    state
        .shortly_before(service, detected_at, SUSPECT_WITHIN)
        .filter(|(_, deployment)| concerns(deployment))
        .take(SUSPECTS_SHOWN_MAX)
        .map(|(id, deployment)| {
            json!({
                "id": id.to_string(),
                "status": deployment.status.name(),
                "version": deployment.version,
                "since": deployment.since().map(Timestamp::rfc3339),
            })
        })
        .collect()
}

fn row(id: DeploymentId, deployment: &Deployment) -> Value {
    let (begun_at, ended_at) = (deployment.begun_at(), deployment.ended_at());
    let took = begun_at.zip(ended_at).map(|(begun, ended)| ended.since(begun).to_string());
    json!({
        "id": id.to_string(),
        "status": deployment.status.name(),
        "service": deployment.service,
        "environment": deployment.environment,
        "version": deployment.version,
        "actor": deployment.actor,
        "summary": deployment.summary,
        "url": deployment.url,
        "source": deployment.source,
        "key": deployment.key,
        "labels": deployment.labels,
        "since": deployment.since().map(Timestamp::rfc3339),
        "started_at": begun_at.map(Timestamp::rfc3339),
        "finished_at": ended_at.map(Timestamp::rfc3339),
        "took": took,
    })
}

fn wanted(query: &Query, id: DeploymentId, deployment: &Deployment) -> bool {
    let is = |name: &str, have: &str| query.filter(name).is_none_or(|want| want == have);
    let status = query.filter("status").is_none_or(|status| match status {
        "open" => !deployment.status.is_over(),
        status => deployment.status.name() == status,
    });
    let text = query.text.as_ref().is_none_or(|text| {
        let text = text.to_lowercase();
        let number = id.to_string();
        [&*number, &deployment.service, &deployment.version, &deployment.actor, &deployment.summary]
            .iter()
            .any(|hay| hay.to_lowercase().contains(&text))
    });
    status
        && is("service", &deployment.service)
        && is("environment", &deployment.environment)
        && is("source", &deployment.source)
        && text
}

pub(crate) fn parse(verb: &str, _: &str, fields: &Fields) -> Result<Command, Invalid> {
    if verb != "add" {
        return Err(Invalid::new(verb, "no such verb"));
    }
    let said = |name: &str| text(fields, name).unwrap_or_default();
    let must = |name: &str| text(fields, name).ok_or_else(|| Invalid::new(name, "is empty"));
    let (service, environment, version) = (must("service")?, said("environment"), said("version"));
    let status = must("status")?;
    let status = Status::named(status).ok_or_else(|| Invalid::new("status", "no such status"))?;
    let key = match said("key") {
        "" => format!("{service}/{environment}/{version}"),
        key => key.to_owned(),
    };
    let notice = Notice {
        source: BY_HAND.into(),
        key: key.into(),
        service: service.into(),
        environment: environment.into(),
        version: version.into(),
        actor: said("actor").into(),
        status,
        summary: said("summary").into(),
        url: said("link").into(),
        at: Timestamp(0),
        labels: pairs(fields, "labels").unwrap_or_default(),
    };
    Ok(Command { notice: Box::new(notice) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_filter_and_the_report_know_every_status() {
        let statuses = Status::ALL.map(Status::name);
        assert_eq!(REPORTED, statuses);
        assert_eq!(STATUSES, [&["open"][..], &statuses].concat());
    }
}

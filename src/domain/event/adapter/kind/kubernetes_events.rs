//! Kubernetes' events: core/v1 and events.k8s.io/v1, as exporters and a watch send them.
//!
//! Object and reason are the key: a count that goes up is no news. Warnings fire; what is normal is
//! a note, except for the reasons that say that another one is over, and for those of nodes, which are
//! all called normal, also what is none. The API server forgets an event after an hour, and so does
//! this: nothing else ends a warning.

use serde_json::Value;

use super::Adapter;
use crate::domain::event::Signal;
use crate::domain::event::adapter::draft::Draft;
use crate::domain::event::adapter::{Context, Head, Read, Unreadable, fields, json};
use crate::domain::value::{Severity, Span};

/// Events of Kubernetes.
pub const ADAPTER: Adapter =
    Adapter { name: "kubernetes-events", title: "Kubernetes events", read, fits };

/// The default of the API server's `--event-ttl`.
const LEASE: Span = Span::hours(1);

/// Reasons of warnings that are worse than most.
const GRAVE: [&str; 6] = [
    "OOMKilling",
    "SystemOOM",
    "NodeNotReady",
    "EvictionThresholdMet",
    "FreeDiskSpaceFailed",
    "KernelDeadlock",
];

/// What the kubelet and the node controller say of a node under the type `Normal`, and is a fault.
const FAULTS: [&str; 4] =
    ["NodeNotReady", "NodeHasInsufficientMemory", "NodeHasDiskPressure", "NodeHasInsufficientPID"];

/// Normal reasons that end what another reason said of the same object.
const ENDS: &[(&str, &str)] = &[
    ("Scheduled", "FailedScheduling"),
    ("SuccessfulAttachVolume", "FailedAttachVolume"),
    ("NodeReady", "NodeNotReady"),
    ("NodeHasSufficientMemory", "NodeHasInsufficientMemory"),
    ("NodeHasNoDiskPressure", "NodeHasDiskPressure"),
    ("NodeHasSufficientPID", "NodeHasInsufficientPID"),
];

/// Where the object that an event is about stands: core/v1, events.k8s.io.
const REGARDING: [&str; 2] = ["involvedObject", "regarding"];
const SINCE: [&str; 5] = [
    "firstTimestamp",
    "deprecatedFirstTimestamp",
    "eventTime",
    "lastTimestamp",
    "deprecatedLastTimestamp",
];
/// Labels of objects that name their application.
const APPLICATIONS: [&str; 3] = ["app.kubernetes.io/name", "k8s-app", "app"];
const CLUSTERS: [&str; 4] = ["clusterName", "cluster", "cluster_name", "clustername"];

const NO_EVENT: &str = "no event, but a change of";

/// Groups of objects that are recognised, if only to say that they are no events.
const GROUPS: [&str; 3] = ["apps/", "batch/", "events.k8s.io/"];

fn fits(body: &Value, _: &Head) -> bool {
    let event = unwrap(body);
    let about = |event: &Value| REGARDING.iter().any(|name| event[*name].is_object());
    let version = json::field(body, "apiVersion");
    let known = version == "v1" || GROUPS.iter().any(|group| version.starts_with(group));
    about(event)
        || json::has_any(event, &["eventmeta"])
        || of_eventer(event).is_some()
        || (json::field(body, "kind").ends_with("List") && about(&body["items"][0]))
        || (known && body["metadata"].is_object() && body["kind"].is_string())
}

/// Reads an event, a list of them, or what a watch says of one.
///
/// # Errors
/// When the body is no JSON, or has too many events.
pub fn read(body: &[u8], context: &Context) -> Result<Read, Unreadable> {
    let body = json::parse(body)?;
    let max = context.limits.events_max;
    let elements = match (&body, body.get("items")) {
        (Value::Array(elements), _) | (_, Some(Value::Array(elements))) => elements.as_slice(),
        _ => std::slice::from_ref(&body),
    };
    if elements.len() > max {
        return Err(Unreadable::TooMany { max });
    }
    let mut read = Read::default();
    if elements.is_empty() {
        read.note(None, "a list without events");
    }
    for (at, element) in elements.iter().enumerate() {
        match of_eventer(element) {
            Some(event) => one(at, &event, &body, context, &mut read),
            None => one(at, element, &body, context, &mut read),
        }
    }
    Ok(read)
}

/// A watch wraps the event (`object`), and so does heptio's eventrouter (`event`).
fn unwrap(element: &Value) -> &Value {
    let inner = ["object", "event"].into_iter().map(|name| &element[name]);
    inner.into_iter().find(|inner| inner.is_object()).unwrap_or(element)
}

/// Aliyun's kube-eventer writes the fields of an event under names of its own.
fn of_eventer(element: &Value) -> Option<Value> {
    let [kind, reason] = ["EventKind", "EventReason"].map(|name| element.get(name));
    Some(serde_json::json!({
        "involvedObject": {
            "kind": kind?,
            "name": element["EventObject"],
            "namespace": element["EventNamespace"],
        },
        "reason": reason?,
        "type": element["EventType"],
        "message": element["EventMessage"],
        "lastTimestamp": element["EventTime"],
    }))
}

fn one(at: usize, element: &Value, body: &Value, context: &Context, read: &mut Read) {
    let event = unwrap(element);
    let object = REGARDING.into_iter().map(|name| &event[name]).find(|object| object.is_object());
    let Some(object) = object else {
        let kind = json::field(event, "kind");
        // Kubewatch tells what became of an object, and no event.
        if event["eventmeta"].is_object() {
            let text = json::field(event, "text");
            read.note(at, format!("{} `{}`: {text}", NO_EVENT, subject(&event["eventmeta"])));
            return;
        }
        if kind.is_empty() || kind == "Event" {
            read.reject(at, "neither `involvedObject` nor `regarding` says what it is about");
        } else {
            let name = json::field(&event["metadata"], "name");
            read.note(at, format!("{kind} `{name}` is an object, not an event"));
        }
        return;
    };
    let [reason, type_] = ["reason", "type"].map(|name| json::field(event, name));
    let subject = subject(object);
    // The API server deletes an event when its time is over, not when the condition is.
    if ["verb", "type"].iter().any(|name| element[*name] == "DELETED") {
        read.note(at, format!("{reason} of {subject} was deleted: that is not its end"));
        return;
    }
    let ended = ENDS.iter().find(|(over, _)| *over == reason).map(|(_, what)| *what);
    let name = ended.unwrap_or(&reason);
    let is_warning = type_.eq_ignore_ascii_case("warning") || FAULTS.contains(&reason.as_ref());
    let mut draft = Draft { key: key(object, name), lease: Some(LEASE), ..Draft::default() };
    match type_.to_ascii_lowercase().as_str() {
        _ if is_warning => draft.signal = Some(Signal::Firing),
        "normal" if ended.is_some() => draft.signal = Some(Signal::Resolved),
        "normal" => {
            read.note(at, format!("{reason} of {subject} is normal"));
            return;
        }
        _ => draft.notes.push(format!("unknown type `{type_}`: taken as firing")),
    }
    describe(&mut draft, event, object, name, (element, body), context);
    if draft.signal != Some(Signal::Resolved) {
        let grave = GRAVE.contains(&reason.as_ref());
        let known = match is_warning {
            true if grave => Some(Severity::High),
            true => Some(Severity::Warning),
            false => None,
        };
        draft.severity(context, &type_, known);
        let since = SINCE.iter().find_map(|name| event.get(*name).filter(|at| !at.is_null()));
        let since = since.or_else(|| event["metadata"].get("creationTimestamp"));
        draft.starts_at = draft.instant("the first time", since);
    }
    draft.finish(at, context, read);
}

/// The kubelet writes a node's name where its uid should stand, the node controller does not: a
/// node's name alone is the same in what both say.
fn key(object: &Value, reason: &str) -> String {
    let is_node = json::field(object, "kind") == "Node";
    match json::field(object, "uid").as_ref() {
        uid if is_node || uid.is_empty() => format!("{}/{reason}", subject(object)),
        uid => format!("{uid}/{reason}"),
    }
}

/// `Pod shop/checkout-1`.
fn subject(object: &Value) -> String {
    let [kind, namespace, name] =
        ["kind", "namespace", "name"].map(|name| json::field(object, name));
    let slash = if namespace.is_empty() { "" } else { "/" };
    format!("{kind} {namespace}{slash}{name}")
}

fn describe(
    draft: &mut Draft,
    event: &Value,
    object: &Value,
    name: &str,
    (element, body): (&Value, &Value),
    context: &Context,
) {
    let [kind, namespace, object_name] =
        ["kind", "namespace", "name"].map(|name| json::field(object, name));
    let texts = ["message", "note"].map(|name| json::field(event, name));
    let message = texts.into_iter().find(|text| !text.is_empty()).unwrap_or_default();
    let source = [&event["source"], &event["deprecatedSource"]];
    let components =
        ["reportingComponent", "reportingController"].map(|name| json::field(event, name));
    let component =
        components.into_iter().chain(source.map(|source| json::field(source, "component")));
    let component = component.into_iter().find(|text| !text.is_empty()).unwrap_or_default();
    let host = source.map(|source| json::field(source, "host"));
    let host = host.into_iter().find(|text| !text.is_empty()).unwrap_or_default();
    let (owner_kind, owner) = owner(object);
    let applications = APPLICATIONS.map(|name| json::field(&object["labels"], name));
    let application = applications.into_iter().find(|text| !text.is_empty()).unwrap_or_default();
    let cluster = [element, event, body]
        .into_iter()
        .flat_map(|place| CLUSTERS.map(|name| json::field(place, name)))
        .find(|text| !text.is_empty())
        .unwrap_or_default();
    let kind_label = label(&kind);
    let labels = [
        ("alertname", name),
        ("instance", object_name.as_ref()),
        ("kind", &kind),
        ("namespace", &namespace),
        ("cluster", &cluster),
        ("service", &application),
        (kind_label.as_str(), &object_name),
        (owner_kind.as_str(), &owner),
    ];
    let labels = labels.into_iter().filter(|(name, value)| !name.is_empty() && !value.is_empty());
    draft.labels = fields::labels(context, labels);
    let counts = [
        json::field(event, "count"),
        json::field(&event["series"], "count"),
        json::field(event, "deprecatedCount"),
    ];
    let count = counts.into_iter().find(|text| !text.is_empty()).unwrap_or_default();
    let texts = [
        ("summary", format!("{name}: {}", subject(object)).into()),
        ("description", message),
        ("count", count),
        ("component", component),
        ("host", host),
        ("field_path", json::field(object, "fieldPath")),
        ("action", json::field(event, "action")),
        ("event", json::field(&event["metadata"], "name")),
    ];
    draft.annotations = fields::annotations(context, texts);
}

/// The label for objects of a kind. `job` means something else to Prometheus, and to rules.
fn label(kind: &str) -> String {
    if kind == "Job" { "job_name".to_owned() } else { kind.to_ascii_lowercase() }
}

/// The letters and digits of the hashes and random endings that Kubernetes puts behind names.
const ENDING: &str = "bcdfghjklmnpqrstvwxz2456789";

/// The deployment of a replica set, by its name: a hash stands behind it.
fn deployment(replica_set: &str) -> Option<&str> {
    let (deployment, hash) = replica_set.rsplit_once('-')?;
    let is_hash = (8..=10).contains(&hash.len()) && hash.chars().all(|c| ENDING.contains(c));
    is_hash.then_some(deployment)
}

/// Whom the object belongs to, as label and name. Without a word about the owner a pod's name tells
/// it, where it has the form that pods of a deployment have.
fn owner(object: &Value) -> (String, String) {
    let owner = &object["ownerReferences"][0];
    let [kind, name] = ["kind", "name"].map(|name| json::field(owner, name));
    let own = json::field(object, "name");
    let replica_set = match (kind.as_ref(), json::field(object, "kind").as_ref()) {
        ("ReplicaSet", _) => Some(name.as_ref()),
        ("", "ReplicaSet") => Some(own.as_ref()),
        ("", "Pod") => own.rsplit_once('-').filter(|(_, end)| end.len() == 5).map(|(set, _)| set),
        _ => None,
    };
    match replica_set.and_then(deployment) {
        Some(deployment) => ("deployment".to_owned(), deployment.to_owned()),
        None => (label(&kind), name.into_owned()),
    }
}

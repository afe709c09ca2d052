//! What people and programs do to an alert: close, acknowledge, snooze, assign, note, change.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Path, RawQuery, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::{Value, json};

use super::{Action, Receipt, Request, Seen, accepted, accepted_in_vain, edit, fail, unfit};
use crate::domain::event::adapter::Read;
use crate::domain::value::matcher::Operator;
use crate::domain::value::{Actor, Labels, Matcher, Timestamp, Via};
use crate::domain::{self, incident, silence};
use crate::engine::Input;
use crate::shell::api::caller::Caller;
use crate::shell::api::context::Context;
use crate::shell::clock;

/// `POST /v2/alerts/{id}/{verb}`.
const POSTED: [(&str, Action); 12] = [
    ("close", Action::Close),
    ("acknowledge", Action::Acknowledge),
    ("unacknowledge", Action::UnAcknowledge),
    ("notes", Action::AddNote),
    ("snooze", Action::Snooze),
    ("assign", Action::Assign),
    ("teams", Action::AddTeam),
    ("responders", Action::AddResponder),
    ("escalate", Action::Escalate),
    ("tags", Action::AddTags),
    ("details", Action::AddDetails),
    ("priority", Action::UpdatePriority),
];

/// `PUT /v2/alerts/{id}/{verb}`.
const PUT: [(&str, Action); 3] = [
    ("message", Action::UpdateMessage),
    ("description", Action::UpdateDescription),
    ("priority", Action::UpdatePriority),
];

/// `DELETE /v2/alerts/{id}/{verb}`.
const REMOVED: [(&str, Action); 2] =
    [("tags", Action::RemoveTags), ("details", Action::RemoveDetails)];

type Target = Path<(String, String)>;

/// What comes with a verb about an alert, but its body.
type Way = (State<Arc<Context>>, Target, RawQuery, Caller);

pub(super) async fn post(way: Way, body: Body) -> Response {
    about(&POSTED, way, body).await
}

pub(super) async fn put(way: Way, body: Body) -> Response {
    about(&PUT, way, body).await
}

pub(super) async fn remove(way: Way, body: Body) -> Response {
    about(&REMOVED, way, body).await
}

async fn about(verbs: &[(&str, Action)], way: Way, body: Body) -> Response {
    let (State(context), Path((id, verb)), RawQuery(query), caller) = way;
    act(&context, (verbs, &verb), &id, query.as_deref(), (&caller, body)).await
}

/// `DELETE /v2/alerts/{id}`: what nobody wants to see any longer is over.
pub(super) async fn delete(
    State(context): State<Arc<Context>>,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
    headers: Caller,
    body: Body,
) -> Response {
    let verbs = [("", Action::Delete)];
    act(&context, (&verbs, ""), &id, query.as_deref(), (&headers, body)).await
}

/// `POST /v2/alerts/{id}/actions/{action}`: an action of the sender's own making is noted.
pub(super) async fn custom(
    State(context): State<Arc<Context>>,
    Path((id, action)): Target,
    RawQuery(query): RawQuery,
    headers: Caller,
    body: Body,
) -> Response {
    let verbs = [(action.as_str(), Action::Custom)];
    act(&context, (&verbs, &action), &id, query.as_deref(), (&headers, body)).await
}

async fn act(
    context: &Context,
    (verbs, verb): (&[(&str, Action)], &str),
    identifier: &str,
    query: Option<&str>,
    (headers, body): (&Caller, Body),
) -> Response {
    let request = match Request::open(context, headers, query) {
        Ok(request) => request,
        Err(answer) => return answer,
    };
    let Some((_, action)) = verbs.iter().find(|(have, _)| *have == verb) else {
        let verb = crate::shell::api::problem::echo(verb);
        return fail(StatusCode::NOT_FOUND, &format!("`{verb}` is nothing that can be done"));
    };
    let fields = match request.body(headers, body).await {
        Ok(fields) => fields,
        Err(answer) => return answer,
    };
    let Some(alert) = request.alert(identifier) else { return accepted_in_vain(*action) };
    match perform(&request, *action, verb, &alert, &fields).await {
        Ok(true) => accepted(Receipt::new(*action, Some(alert.id))),
        Ok(false) => accepted_in_vain(*action),
        Err(answer) => answer,
    }
}

/// Does it; says whether it could be done.
async fn perform(
    request: &Request<'_>,
    action: Action,
    verb: &str,
    alert: &Seen,
    fields: &Value,
) -> Result<bool, Response> {
    let text = |name: &str| fields[name].as_str().unwrap_or_default().trim().to_owned();
    match action {
        Action::Create => Ok(false),
        Action::Close | Action::Delete | Action::Acknowledge | Action::UnAcknowledge => {
            if !alert.is_firing() {
                return Ok(false);
            }
            tell(request, &action.name(), alert, fields, &text("note")).await
        }
        Action::AddNote => {
            if text("note").is_empty() {
                return Err(unfit("note", "is missing or blank"));
            }
            tell(request, "AddNote", alert, fields, &text("note")).await
        }
        Action::Escalate | Action::Custom => {
            let escalation = name_of(&fields["escalation"]);
            let words = format!("{verb} {escalation}");
            let words = [words.trim(), &text("note")].join(": ");
            tell(request, "AddNote", alert, fields, words.trim_end_matches(": ")).await
        }
        Action::Snooze => snooze(request, alert, fields).await,
        Action::Assign => {
            assign(request, alert, fields, (None, Some(name_of(&fields["owner"])))).await
        }
        Action::AddTeam => {
            assign(request, alert, fields, (Some(name_of(&fields["team"])), None)).await
        }
        Action::AddResponder => {
            let responder = &fields["responder"];
            let named = Some(name_of(responder));
            let whom = if responder["type"] == "user" { (None, named) } else { (named, None) };
            assign(request, alert, fields, whom).await
        }
        Action::AddTags
        | Action::RemoveTags
        | Action::AddDetails
        | Action::RemoveDetails
        | Action::UpdateMessage
        | Action::UpdateDescription
        | Action::UpdatePriority => {
            if !alert.is_firing() {
                return Ok(false);
            }
            let (_, intake) = &request.opened;
            let event = edit::edit(action, alert, fields, &request.query, intake)
                .map_err(|(field, why)| unfit(field, &why))?;
            let read = Read { events: vec![event], ..Read::default() };
            let terms = request.context.terms(&request.opened.0);
            intake.admit(terms, read).await.map_err(|turned| super::turn_away(&turned))?;
            if text("note").is_empty() {
                return Ok(true);
            }
            tell(request, "AddNote", alert, fields, &text("note")).await
        }
    }
}

/// Says it as one of Opsgenie's webhooks would.
async fn tell(
    request: &Request<'_>,
    action: &str,
    alert: &Seen,
    fields: &Value,
    note: &str,
) -> Result<bool, Response> {
    let about = json!({ "alias": alert.key });
    let said = json!({ "action": action, "alert": about, "note": note, "user": fields["user"] });
    request.admit(&said).await.map(|()| true)
}

/// Nobody is told of the alert until an instant: a silence of its labels.
async fn snooze(request: &Request<'_>, alert: &Seen, fields: &Value) -> Result<bool, Response> {
    let end = fields["endTime"].as_str().and_then(|text| text.parse::<Timestamp>().ok());
    let Some(end) = end.filter(|end| *end > clock::now()) else {
        return Err(unfit("endTime", "is not a time that lies ahead (RFC 3339)"));
    };
    if !alert.is_firing() {
        return Ok(false);
    }
    let pairs = alert.labels.iter();
    let matchers =
        pairs.filter_map(|(name, value)| Matcher::new(name, Operator::Equal, value).ok());
    let note = fields["note"].as_str().unwrap_or_default();
    let draft = silence::Draft {
        matchers: vec![matchers.collect()],
        starts_at: None,
        until: silence::Until::At(end),
        created_by: None,
        comment: format!("snoozed {}: {note}", alert.id).trim_end_matches(": ").to_owned(),
        annotations: Labels::default(),
    };
    command(request, fields, silence::Command::Create(Box::new(draft)).into()).await
}

/// Gives the alert's incident to a team or a person.
async fn assign(
    request: &Request<'_>,
    alert: &Seen,
    fields: &Value,
    (team, assignee): (Option<String>, Option<String>),
) -> Result<bool, Response> {
    let blank = |name: &Option<String>| name.as_ref().is_none_or(String::is_empty);
    if blank(&team) && blank(&assignee) {
        return Err(unfit("owner", "says neither a name nor an id"));
    }
    let Some(id) = alert.incident else { return Ok(false) };
    let ask = incident::Ask::Assign { team, assignee };
    command(request, fields, incident::Command { id, ask }.into()).await
}

async fn command(
    request: &Request<'_>,
    fields: &Value,
    command: domain::Command,
) -> Result<bool, Response> {
    let (_, intake) = &request.opened;
    let name = match fields["user"].as_str().map(str::trim) {
        Some(user) if !user.is_empty() => format!("{user} ({})", intake.name),
        _ => intake.name.to_string(),
    };
    let input = Input::Command(Actor { name, via: Via::Api }, command);
    match request.context.handle.submit(input).await {
        Ok(done) => Ok(done.reply.is_ok()),
        Err(not_taken) => Err(super::turn_away(&not_taken.into())),
    }
}

/// The name of a person or a team: `username`, `name` or `id`, or the text itself.
fn name_of(value: &Value) -> String {
    let names = ["username", "name", "id"].map(|name| value[name].as_str());
    names.into_iter().flatten().next().or(value.as_str()).unwrap_or_default().trim().to_owned()
}

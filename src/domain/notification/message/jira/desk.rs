//! The desk: what is asked of Jira next, by what it has answered.

use serde::Deserialize;
use serde_json::{Map, Value as Json, json};

use super::super::address::{below, encoded};
use super::super::exchange::{Listener, Method, Reply, Step, by_status};
use super::super::report::{Class, Reason, Report};
use super::request;

/// Jira's word for the category of a status that ends an issue's work.
const DONE: &str = "done";

/// One attempt at one issue.
#[derive(Debug)]
pub(super) struct Desk {
    api_url: String,
    firing: bool,
    create: Map<String, Json>,
    update: Map<String, Json>,
    transition: Option<String>,
    stage: Stage,
}

/// What was asked last.
#[derive(Debug)]
enum Stage {
    Searching,
    Creating,
    Updating(Issue),
    /// For the ways that an issue can go.
    Asking(Issue),
    Moving(Issue),
}

/// An issue that was found.
#[derive(Debug, Clone, Deserialize)]
struct Issue {
    key: String,
    #[serde(default)]
    fields: Fields,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
struct Fields {
    status: Status,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Status {
    status_category: Category,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
struct Category {
    key: String,
}

#[derive(Deserialize)]
struct Found {
    issues: Vec<Issue>,
}

#[derive(Deserialize)]
struct Ways {
    transitions: Vec<Way>,
}

#[derive(Deserialize)]
struct Way {
    id: String,
    name: String,
}

impl Desk {
    pub(super) fn new(
        api_url: &str,
        firing: bool,
        create: Map<String, Json>,
        update: Map<String, Json>,
        transition: Option<String>,
    ) -> Self {
        let api_url = api_url.to_owned();
        Self { api_url, firing, create, update, transition, stage: Stage::Searching }
    }

    fn found(&mut self, reply: &Reply) -> Step {
        let Ok(found) = serde_json::from_str::<Found>(&reply.body) else {
            return not_understood(reply, "no list of issues");
        };
        let Some(issue) = found.issues.into_iter().next() else {
            if !self.firing {
                // What was never an issue, or is one no more, needs no end.
                return Step::End(Report::Delivered { provider: None });
            }
            self.stage = Stage::Creating;
            let body = json!({ "fields": self.create });
            return Step::Send(request(&below(&self.api_url, "issue"), &body));
        };
        let body = json!({ "fields": self.update });
        let update = request(&self.address(&issue, ""), &body).method(Method::Put);
        self.stage = Stage::Updating(issue);
        Step::Send(update)
    }

    /// An issue that stands as it should is left there.
    fn updated(&mut self, issue: Issue) -> Step {
        let done = issue.fields.status.status_category.key == DONE;
        if done != self.firing || self.transition.is_none() {
            return delivered(issue);
        }
        let mut ask = request(&self.address(&issue, "/transitions"), &Json::Null);
        ask.body.clear();
        self.stage = Stage::Asking(issue);
        Step::Send(ask.method(Method::Get))
    }

    fn asked(&mut self, issue: Issue, reply: &Reply) -> Step {
        let Ok(ways) = serde_json::from_str::<Ways>(&reply.body) else {
            return not_understood(reply, "no list of transitions");
        };
        let wanted = self.transition.as_deref().unwrap_or_default();
        let Some(way) = ways.transitions.iter().find(|way| way.name == wanted) else {
            let known: Vec<&str> = ways.transitions.iter().map(|way| way.name.as_str()).collect();
            let known = known.join(", ");
            let why = format!("{} has no transition `{wanted}`, only: {known}", issue.key);
            return Step::End(reply.refused(Class::Permanent, Reason::ClientError, &why));
        };
        let body = json!({ "transition": { "id": way.id } });
        let go = request(&self.address(&issue, "/transitions"), &body);
        self.stage = Stage::Moving(issue);
        Step::Send(go)
    }

    fn address(&self, issue: &Issue, behind: &str) -> String {
        below(&self.api_url, &format!("issue/{}{behind}", encoded(&issue.key)))
    }
}

impl Listener for Desk {
    fn hear(&mut self, reply: &Reply) -> Step {
        if !reply.is_success() {
            return Step::End(by_status(reply));
        }
        match std::mem::replace(&mut self.stage, Stage::Searching) {
            Stage::Searching => self.found(reply),
            Stage::Creating => {
                let key = serde_json::from_str::<Issue>(&reply.body).ok().map(|issue| issue.key);
                Step::End(Report::Delivered { provider: key })
            }
            Stage::Updating(issue) => self.updated(issue),
            Stage::Asking(issue) => self.asked(issue, reply),
            Stage::Moving(issue) => delivered(issue),
        }
    }
}

fn delivered(issue: Issue) -> Step {
    Step::End(Report::Delivered { provider: Some(issue.key) })
}

/// A page for people, most likely: a login, or a proxy's.
fn not_understood(reply: &Reply, what: &str) -> Step {
    let why = format!("answered {} with {what}: {}", reply.status, reply.body);
    Step::End(reply.refused(Class::Permanent, Reason::Other, &why))
}

//! A client of the daemon's HTTP surface, as a test wants it: blocking and blunt.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use crate::until::until;

/// Where our own API begins.
const ITSM: &str = "/api/itsm/v1";

/// How long one answer may take.
const ANSWER_MAX: Duration = Duration::from_secs(30);

pub(crate) struct Api {
    url: String,
    runtime: Runtime,
    http: reqwest::Client,
}

/// An answer, or the lack of one.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    /// 0 if none came.
    pub(crate) status: u16,
    pub(crate) text: String,
}

impl Answer {
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("no JSON: {self:?}"))
    }
}

impl Api {
    pub(crate) fn new(url: &str) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let http = reqwest::Client::builder().no_proxy().timeout(ANSWER_MAX).build().unwrap();
        Self { url: url.to_owned(), runtime, http }
    }

    /// One request. `headers` are `Name: value`.
    pub(crate) fn send(
        &self,
        method: Method,
        path: &str,
        headers: &[&str],
        body: impl Into<reqwest::Body>,
    ) -> Answer {
        let mut request = self.http.request(method, format!("{}{path}", self.url)).body(body);
        for header in headers {
            let (name, value) = header.split_once(": ").unwrap();
            request = request.header(name, value);
        }
        self.runtime.block_on(async {
            let Ok(response) = request.send().await else {
                return Answer { status: 0, text: String::new() };
            };
            let status = response.status().as_u16();
            Answer { status, text: response.text().await.unwrap_or_default() }
        })
    }

    pub(crate) fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, &[], "")
    }

    pub(crate) fn post(&self, path: &str, body: &Value) -> Answer {
        let headers = ["Content-Type: application/json"];
        self.send(Method::POST, path, &headers, body.to_string())
    }

    /// Alerts as Prometheus would send them; they must be taken.
    #[track_caller]
    pub(crate) fn alerts(&self, alerts: &Value) {
        let answer = self.post("/api/v2/alerts", alerts);
        assert_eq!(answer.status, 200, "{answer:?}");
    }

    #[track_caller]
    pub(crate) fn fire(&self, labels: &Value) {
        self.alerts(&json!([{ "labels": labels }]));
    }

    #[track_caller]
    pub(crate) fn resolve(&self, labels: &Value) {
        let now = jiff::Timestamp::now().to_string();
        self.alerts(&json!([{ "labels": labels, "endsAt": now }]));
    }

    /// A record of our own API, or null.
    pub(crate) fn record(&self, plural: &str, id: &str) -> Value {
        let answer = self.get(&format!("{ITSM}/{plural}/{id}"));
        if answer.status == 200 { answer.json() } else { Value::Null }
    }

    pub(crate) fn incident(&self, id: &str) -> Value {
        self.record("incidents", id)
    }

    /// All records of a practice that pass a filter such as `state=open`, oldest first.
    pub(crate) fn list(&self, plural: &str, filter: &str) -> Vec<Value> {
        let mut records = Vec::new();
        let mut next = String::new();
        loop {
            let page = self.get(&format!("{ITSM}/{plural}?limit=1000&{filter}{next}")).json();
            records.extend(page["items"].as_array().unwrap().iter().cloned());
            let Some(cursor) = page["next"].as_u64() else { break };
            next = format!("&cursor={cursor}");
        }
        records.reverse();
        records
    }

    /// What a person does to an incident; it must be allowed.
    #[track_caller]
    pub(crate) fn act(&self, id: &str, verb: &str, fields: &Value) -> Value {
        let answer = self.post(&format!("{ITSM}/incidents/{id}/{verb}"), fields);
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.json()
    }

    /// Waits until an incident is in a state.
    #[track_caller]
    pub(crate) fn until_state(&self, id: &str, state: &str) -> Value {
        until(&format!("{id} is {state}"), || {
            Some(self.incident(id)).filter(|incident| incident["state"] == state)
        })
    }
}

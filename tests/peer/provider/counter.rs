//! A provider's counter: answers over HTTP as its clerk says, and remembers what was asked.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use serde_json::Value;

use crate::served::Served;

/// One request.
#[derive(Debug, Clone)]
pub(super) struct Asked {
    pub(super) at: Instant,
    pub(super) method: String,
    /// The path with its query.
    pub(super) path: String,
    /// Header fields by their names in small letters.
    pub(super) headers: BTreeMap<String, String>,
    pub(super) text: String,
}

impl Asked {
    /// The body; null if it is no JSON.
    pub(super) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_default()
    }

    /// `POST /path`.
    pub(super) fn line(&self) -> String {
        format!("{} {}", self.method, self.path)
    }

    /// A header field; empty if it is absent.
    pub(super) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }
}

/// An answer.
#[derive(Debug, Clone)]
pub(super) enum Said {
    /// A status of success with a body.
    Taken(u16, String),
    /// Not now, but after so many seconds.
    Later(u32),
    /// A status of failure: the request is not what the provider documents.
    Refused(u16, &'static str),
}

type Clerk = Box<dyn FnMut(&Asked) -> Said + Send>;

struct Memory {
    clerk: Clerk,
    heard: Vec<(Asked, Said)>,
}

/// A running provider.
pub(super) struct Counter {
    url: String,
    memory: Arc<Mutex<Memory>>,
    _served: Served,
}

impl Counter {
    pub(super) fn start(clerk: impl FnMut(&Asked) -> Said + Send + 'static) -> Self {
        let memory = Memory { clerk: Box::new(clerk), heard: Vec::new() };
        let memory = Arc::new(Mutex::new(memory));
        let router = Router::new().fallback(answer).with_state(Arc::clone(&memory));
        let served = Served::start(router);
        Self { url: format!("http://{}", served.address), memory, _served: served }
    }

    pub(super) fn url(&self) -> &str {
        &self.url
    }

    /// What was taken, oldest first.
    pub(super) fn taken(&self) -> Vec<Asked> {
        let memory = self.memory.lock().unwrap();
        let taken = memory.heard.iter().filter(|(_, said)| matches!(said, Said::Taken(..)));
        taken.map(|(asked, _)| asked.clone()).collect()
    }

    /// Everything that was asked, oldest first.
    pub(super) fn asked(&self) -> Vec<Asked> {
        self.memory.lock().unwrap().heard.iter().map(|(asked, _)| asked.clone()).collect()
    }

    /// What was wrong, with the requests.
    pub(super) fn refused(&self) -> Vec<String> {
        let memory = self.memory.lock().unwrap();
        let refused = memory.heard.iter().filter(|(_, said)| matches!(said, Said::Refused(..)));
        refused.map(|(asked, said)| format!("{said:?} {asked:?}")).collect()
    }
}

async fn answer(
    State(memory): State<Arc<Mutex<Memory>>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let headers = headers
        .iter()
        .map(|(name, value)| (name.to_string(), value.to_str().unwrap_or_default().to_owned()));
    let asked = Asked {
        at: Instant::now(),
        method: method.to_string(),
        path: uri.path_and_query().map_or_else(String::new, ToString::to_string),
        headers: headers.collect(),
        text: String::from_utf8_lossy(&body).into_owned(),
    };
    let said = {
        let mut memory = memory.lock().unwrap();
        let said = (memory.clerk)(&asked);
        memory.heard.push((asked, said.clone()));
        said
    };
    let status = |status| StatusCode::from_u16(status).unwrap();
    match said {
        Said::Taken(code, body) => (status(code), body).into_response(),
        Said::Refused(code, why) => (status(code), why).into_response(),
        Said::Later(seconds) => {
            (status(429), [("retry-after", seconds.to_string())]).into_response()
        }
    }
}

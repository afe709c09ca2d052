//! A receiver of webhooks that answers what the test tells it to, and remembers what it heard.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::Value;

use crate::served::Served;

/// How long a sink hangs: longer than any test waits.
const HANG: Duration = Duration::from_mins(10);

/// Some providers say in the body that all is well; this is how Telegram does.
const ALL_IS_WELL: &str =
    r#"{"ok":true,"result":{"message_id":1,"date":1,"chat":{"id":7,"type":"private"}}}"#;

/// How a request is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reply {
    Status(u16),
    /// 429 with this many seconds in `Retry-After`.
    Slower(u32),
    /// Never.
    Hang,
}

/// One request.
#[derive(Debug, Clone)]
pub(crate) struct Heard {
    pub(crate) at: Instant,
    pub(crate) path: String,
    pub(crate) key: String,
    pub(crate) traceparent: String,
    pub(crate) body: Value,
    pub(crate) reply: Reply,
}

impl Heard {
    /// Whether its sender may take it for delivered.
    pub(crate) fn is_taken(&self) -> bool {
        self.reply == Reply::Status(200)
    }
}

#[derive(Default)]
struct Memory {
    script: VecDeque<Reply>,
    heard: Vec<Heard>,
}

pub(crate) struct Sink {
    url: String,
    memory: Arc<Mutex<Memory>>,
    _served: Served,
}

impl Sink {
    /// Answers as the script says, and 200 to everything after it.
    pub(crate) fn start(script: &[Reply]) -> Self {
        Self::start_on(0, script)
    }

    /// As [`Self::start`], on a port of the test's choice.
    pub(crate) fn start_on(port: u16, script: &[Reply]) -> Self {
        let memory = Memory { script: script.iter().copied().collect(), heard: Vec::new() };
        let memory = Arc::new(Mutex::new(memory));
        let router = Router::new().fallback(hear).with_state(Arc::clone(&memory));
        let served = Served::start_on(port, router);
        Self { url: format!("http://{}", served.address), memory, _served: served }
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Everything heard, oldest first.
    pub(crate) fn heard(&self) -> Vec<Heard> {
        self.memory().heard.clone()
    }

    /// Bodies that were answered 200.
    pub(crate) fn taken(&self) -> Vec<Value> {
        self.heard().into_iter().filter(Heard::is_taken).map(|heard| heard.body).collect()
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap()
    }
}

async fn hear(
    State(memory): State<Arc<Mutex<Memory>>>,
    uri: axum::http::Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let header = |name: &str| headers.get(name).map_or("", |it| it.to_str().unwrap()).to_owned();
    let (key, traceparent) = (header("idempotency-key"), header("traceparent"));
    let body = serde_json::from_slice(&body).unwrap_or_default();
    let reply = {
        let mut memory = memory.lock().unwrap();
        let reply = memory.script.pop_front().unwrap_or(Reply::Status(200));
        let path = uri.path().to_owned();
        memory.heard.push(Heard { at: Instant::now(), path, key, traceparent, body, reply });
        reply
    };
    match reply {
        Reply::Status(200) if uri.path().contains("/telegram/") => ALL_IS_WELL.into_response(),
        Reply::Status(status) => StatusCode::from_u16(status).unwrap().into_response(),
        Reply::Slower(seconds) => {
            (StatusCode::TOO_MANY_REQUESTS, [("retry-after", seconds.to_string())]).into_response()
        }
        Reply::Hang => {
            tokio::time::sleep(HANG).await;
            StatusCode::OK.into_response()
        }
    }
}

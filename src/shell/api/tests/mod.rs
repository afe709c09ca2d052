//! Tests of the whole surface, without sockets: requests go straight to the router.

mod alerta;
mod contract;
mod gate;
mod ingest;
mod lists;
mod operations;
mod opsgenie;
mod otlp;
mod pagerduty;
mod post;
mod query;
mod rest;
mod senders;
mod silences;
mod sources;
mod suppressed;

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request};
use serde_json::Value;
use sha2::{Digest, Sha256};
use tokio::sync::{mpsc, oneshot};
use tower::ServiceExt;

use super::{Context, Scope, Setup, Token, router};
use crate::domain::Settings;
use crate::domain::event::adapter::Kind;
use crate::domain::notification::receiver::Receiver;
use crate::domain::notification::route::{GroupBy, Route, Routes};
use crate::domain::value::matcher::{Operator, ParseMode};
use crate::domain::value::{Labels, Matcher, Span};
use crate::engine::Engine;
use crate::shell::handle::loopback;
use crate::shell::intake::http::{Intake, Limits, Sources};
use crate::shell::metrics::Metrics;

type Asked = mpsc::Receiver<oneshot::Sender<Result<(), String>>>;

/// A daemon without a store, and the router before it.
struct House {
    context: Arc<Context>,
    router: Router,
    reloads: Asked,
}

/// What came back.
#[derive(Debug)]
struct Answer {
    status: u16,
    headers: HeaderMap,
    body: String,
}

impl Answer {
    fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("no JSON: {}", self.body))
    }

    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

impl House {
    fn new() -> Self {
        Self::with(Vec::new(), Vec::new(), |_| {})
    }

    fn with(intakes: Vec<Intake>, tokens: Vec<Token>, change: impl Fn(&mut Context)) -> Self {
        let settings = Arc::new(settings());
        let handle = loopback(Engine::new(Arc::clone(&settings)));
        let (reload, reloads) = mpsc::channel(1);
        let setup = Setup {
            settings,
            sources: Sources::new(intakes, "alertmanager"),
            tokens,
            matchers: ParseMode::Fallback,
            original: "route: {receiver: web}\n".to_owned(),
            warnings: vec!["a warning".to_owned()],
        };
        let mut context = Context::new(handle, Arc::new(Metrics::new()), setup, reload);
        change(&mut context);
        let context = Arc::new(context);
        Self { router: router(Arc::clone(&context)), context, reloads }
    }

    async fn ask(&self, request: Request<Body>) -> Answer {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = to_bytes(body, 1 << 30).await.unwrap();
        Answer {
            status: parts.status.as_u16(),
            headers: parts.headers,
            body: String::from_utf8(bytes.to_vec()).unwrap(),
        }
    }

    /// `GET /path` or `POST /path`, with headers.
    async fn send(&self, what: &str, headers: &[(&str, &str)], body: impl Into<Body>) -> Answer {
        let (method, path) = what.split_once(' ').unwrap();
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.ask(request.body(body.into()).unwrap()).await
    }

    async fn get(&self, path: &str) -> Answer {
        self.send(&format!("GET {path}"), &[], "").await
    }

    async fn post(&self, path: &str, body: impl Into<Body>) -> Answer {
        let json = [("content-type", "application/json")];
        self.send(&format!("POST {path}"), &json, body).await
    }

    /// Posts alerts, one a line of `name=value` pairs.
    async fn fire(&self, alerts: &str) {
        let alert = |line: &str| {
            let labels: BTreeMap<_, _> =
                line.split_whitespace().map(|pair| pair.split_once('=').unwrap()).collect();
            serde_json::json!({ "labels": labels, "annotations": { "summary": line } })
        };
        let alerts: Vec<_> = alerts.lines().map(alert).collect();
        let answer = self.post("/api/v2/alerts", serde_json::to_string(&alerts).unwrap()).await;
        assert_eq!((answer.status, answer.body.as_str()), (200, ""));
    }
}

/// Everything goes to `web`, by name; databases go to `dba` as well, one by one.
fn settings() -> Settings {
    let route = |index: usize, receiver: &str, group_by: GroupBy| Route {
        index,
        key: "{}".to_owned(),
        receiver: receiver.to_owned(),
        group_by,
        matchers: Vec::new(),
        goes_on: false,
        group_wait: Span::seconds(30),
        group_interval: Span::minutes(5),
        repeat_interval: Span::hours(4),
        mute_time_intervals: Vec::new(),
        active_time_intervals: Vec::new(),
        labels: Vec::new(),
        children: Vec::new(),
    };
    let by_name = || GroupBy::Labels(vec!["alertname".to_owned()]);
    let routes = vec![
        Route { children: vec![1, 2], ..route(0, "web", by_name()) },
        Route {
            goes_on: true,
            matchers: vec![Matcher::new("service", Operator::Equal, "db").unwrap()],
            ..route(1, "dba", GroupBy::All)
        },
        route(2, "web", by_name()),
    ];
    let receiver =
        |name: &str| (name.to_owned(), Receiver { name: name.to_owned(), integrations: vec![] });
    Settings {
        hash: "0123456789abcdef".to_owned(),
        resolve_timeout: Span::minutes(5),
        routes: Routes::new(routes),
        receivers: [receiver("web"), receiver("dba")].into(),
        receiver_labels: vec![
            Labels::new([("name", "web")]),
            Labels::new([("name", "dba"), ("team", "databases")]),
        ],
        ..Settings::default()
    }
}

fn token(text: &str, scope: Scope) -> Token {
    let name = format!("{}-bot", scope.name());
    Token { name, sha256: Sha256::digest(text.as_bytes()).into(), scopes: [scope].into() }
}

fn source(name: &str, kind: Kind) -> Intake {
    Intake::new(name, kind, Vec::new(), crate::shell::intake::http::Limits::default())
}

//! A source with a listener for tests: an engine without a store behind an inlet.

use std::sync::Arc;
use std::time::Duration;

use super::http::{Intake, Limits};
use super::inlet::Inlet;
use crate::domain::Settings;
use crate::domain::event::adapter::Kind;
use crate::domain::value::Span;
use crate::engine::Engine;
use crate::shell::handle::{Handle, loopback};
use crate::shell::metrics::Metrics;

/// How long a test waits for what must come.
const WAIT_MAX: Duration = Duration::from_secs(10);

pub(in crate::shell) struct Post {
    pub(in crate::shell) handle: Handle,
    pub(in crate::shell) metrics: Arc<Metrics>,
    intake: Arc<Intake>,
}

impl Post {
    pub(in crate::shell) fn new(kind: Kind) -> Self {
        let handle = loopback(Engine::new(Arc::new(Settings::default())));
        let intake = Arc::new(Intake::new("logs", kind, Vec::new(), Limits::default()));
        Self { handle, metrics: Arc::new(Metrics::new()), intake }
    }

    pub(in crate::shell) fn inlet(&self) -> Inlet {
        let intake = Arc::clone(&self.intake);
        let lookup = Arc::new(move |_: &str| Some((Arc::clone(&intake), Span::minutes(5))));
        Inlet::new("logs", self.handle.clone(), Arc::clone(&self.metrics), lookup)
    }

    /// The source, to be configured before anybody listens for it.
    pub(in crate::shell) fn intake(&mut self) -> &mut Intake {
        Arc::get_mut(&mut self.intake).unwrap()
    }

    /// How many messages were dropped for a reason.
    pub(in crate::shell) fn dropped(&self, reason: &str) -> u64 {
        let lead = format!("source_messages_dropped_total{{reason=\"{reason}\",source=\"logs\"}} ");
        let text = self.metrics.text();
        let line = text.lines().find_map(|line| line.split_once(&lead).map(|(_, count)| count));
        line.map_or(0, |count| count.parse().unwrap())
    }

    /// Waits until there are so many alerts.
    pub(in crate::shell) async fn until(&self, alerts: usize) {
        let seen = async {
            while self.handle.read(|engine| engine.state().event.len()) < alerts {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(WAIT_MAX, seen).await.unwrap_or_else(|_| {
            panic!("there should be {alerts} alerts: {:?}", self.labels("alertname"));
        });
    }

    /// A label of every alert, in order.
    pub(in crate::shell) fn labels(&self, name: &str) -> Vec<String> {
        let mut values: Vec<String> = self.handle.read(|engine| {
            let events = &engine.state().event;
            events.alerts().map(|(_, alert)| events.label(alert, name).to_owned()).collect()
        });
        values.sort();
        values
    }

    pub(in crate::shell) fn instances(&self) -> Vec<String> {
        self.labels("instance")
    }
}

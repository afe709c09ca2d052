//! Looks at every alert without keeping the writer waiting.

use crate::domain;
use crate::domain::event::Alert;
use crate::domain::value::{AlertId, RecordId};
use crate::shell::handle::Handle;

/// Alerts looked at while the writer waits: well under a millisecond of work.
pub(super) const ALERTS_PER_LOOK: usize = 500;

/// Shows every alert to `look`, oldest first and some at a time, and keeps what it returns. Alerts
/// that come or go meanwhile may or may not be among them.
pub(super) async fn survey<T>(
    handle: &Handle,
    mut look: impl FnMut(&domain::State, AlertId, &Alert) -> Option<T>,
) -> Vec<T> {
    let mut found = Vec::new();
    let mut from = Some(AlertId::from_number(0));
    while let Some(start) = from {
        from = handle.read(|engine| {
            let state = engine.state();
            let mut last = None;
            let mut count = 0;
            for (id, alert) in state.event.alerts_from(start).take(ALERTS_PER_LOOK) {
                found.extend(look(state, id, alert));
                last = Some(id);
                count += 1;
            }
            let more = count == ALERTS_PER_LOOK;
            last.filter(|_| more).map(|last| AlertId::from_number(last.number() + 1))
        });
        tokio::task::yield_now().await;
    }
    found
}

//! The HTTP surface: Alertmanager's API v2, our own REST, webhooks, and what operators look at.
//!
//! ```text
//! /api/v2/…        Alertmanager's contract, errors and all          v2
//! /hooks/{source}  events of any source                             hooks
//! /v2/enqueue …    PagerDuty's Events API                           pagerduty
//! /v2/alerts …     Opsgenie's Alert and Heartbeat API               opsgenie
//! /api/alert …     Alerta's API                                     alerta
//! /v1/logs         OTLP's logs                                      otlp
//! /api/itsm/v1/…   every practice by its manual, problem details    rest
//! /-/… /metrics /  whether it lives, what it counts, where to look  operations
//! ```
//!
//! Handlers hold no state of their own: they read the engine for a moment at a time, hand inputs
//! in, and render outside of the lock.

mod alerta;
mod caller;
mod context;
mod door;
mod gate;
mod home;
mod hooks;
mod json;
mod layer;
mod nearest;
mod operations;
mod opsgenie;
mod otlp;
mod own;
mod pagerduty;
mod problem;
mod rest;
mod router;
mod search;
mod serve;
mod survey;
mod traced;
mod unique;
mod v2;

#[cfg(test)]
mod tests;

pub use context::{Context, Explain, Peer, Reload, Setup};
pub use door::{Door, DoorError};
pub use gate::{Scope, Token};
pub use router::router;
pub use serve::serve;

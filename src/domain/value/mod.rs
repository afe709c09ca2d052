//! Values every practice speaks in. Parse once at the door; trust everywhere else.

mod actor;
mod body;
pub(crate) mod bytes;
mod cron;
pub mod gaps;
mod id;
mod labels;
pub mod matcher;
mod secret;
mod severity;
mod slab;
mod symbol;
mod time;
mod uuid;

pub use actor::{Actor, Via};
pub use body::{Bodies, Body, Part, Spread};
pub use cron::{Cron, InvalidCron};
pub(crate) use id::in_reach;
pub use id::{
    AlertId, ArrivalId, AuditId, ChannelId, ConfigurationId, DeliveryId, DeploymentId, GroupId,
    HeartbeatId, IncidentId, InheritedId, InvalidId, NUMBER_MAX, NumberTooHigh, ProblemId,
    RecordId, Short, SignatureId, SilenceId, SourceId,
};
pub use labels::{Fingerprint, Labels, is_label_name, show_pairs};
pub use matcher::{Matcher, Matchers};
pub use secret::Secret;
pub use severity::{Impact, OutOfRange, Priority, Severity, Urgency};
pub use slab::{Place, Slab};
pub use symbol::{Symbol, Symbols};
pub use time::{InvalidSpan, InvalidTimestamp, Span, Timestamp};
pub use uuid::{InvalidUuid, Uuid};

//! Values every practice speaks in. Parse once at the door; trust everywhere else.

mod actor;
mod id;
mod labels;
pub mod matcher;
mod packed;
mod secret;
mod severity;
mod symbol;
mod time;
mod uuid;

pub use actor::{Actor, Via};
pub use id::{
    AlertId, AuditId, ChannelId, ConfigurationId, DeliveryId, GroupId, IncidentId, InheritedId,
    InvalidId, ProblemId, RecordId, SignatureId, SilenceId, SourceId,
};
pub use labels::{Fingerprint, Labels};
pub use matcher::{Matcher, Matchers};
pub use packed::Packed;
pub use secret::Secret;
pub use severity::{Impact, OutOfRange, Priority, Severity, Urgency};
pub use symbol::{LabelSet, Symbol, Symbols};
pub use time::{InvalidSpan, InvalidTimestamp, Span, Timestamp};
pub use uuid::{InvalidUuid, Uuid};

//! How much a source may send.

use crate::domain::event::adapter;

/// How much a source may send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of one body.
    pub body_bytes_max: usize,
    /// Events in the course of time; nothing means as many as the machine can take.
    pub rate: Option<Rate>,
    /// Alerts in one hour that nobody has heard of before; nothing means any number.
    pub new_alerts_max_per_hour: Option<u64>,
    /// What one event may bring.
    pub event: adapter::Limits,
}

/// How many events a source may send in the course of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// Events a second in the long run; at least 1.
    pub per_second: u32,
    /// Events at once after a pause.
    pub burst: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            body_bytes_max: 4 << 20,
            rate: Some(Rate { per_second: 2_000, burst: 10_000 }),
            new_alerts_max_per_hour: None,
            event: adapter::Limits::default(),
        }
    }
}

impl Limits {
    /// Alertmanager has no limits, so what works there works here; these only keep one request
    /// from filling the memory.
    pub const ALERTMANAGER: Self = Self {
        body_bytes_max: 64 << 20,
        rate: None,
        new_alerts_max_per_hour: None,
        event: adapter::Limits::API_V2,
    };
}

//! The messages of Alertmanager's state files, by the field numbers of `silencepb` and `nflogpb`.
//!
//! Fields that are not named here are skipped: releases from 0.25 on add some and move none.

use std::collections::BTreeMap;

use prost::{Message, Oneof};

use crate::domain::value::Timestamp;

/// A silence and when it may be forgotten.
#[derive(Clone, PartialEq, Message)]
pub(super) struct MeshSilence {
    #[prost(message, optional, tag = "1")]
    pub(super) silence: Option<Silence>,
    #[prost(message, optional, tag = "2")]
    pub(super) expires_at: Option<Instant>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct Silence {
    #[prost(string, tag = "1")]
    pub(super) id: String,
    /// The first of `matcher_sets`; the only ones before 0.32.
    #[prost(message, repeated, tag = "2")]
    pub(super) matchers: Vec<Matcher>,
    #[prost(message, optional, tag = "3")]
    pub(super) starts_at: Option<Instant>,
    #[prost(message, optional, tag = "4")]
    pub(super) ends_at: Option<Instant>,
    #[prost(message, optional, tag = "5")]
    pub(super) updated_at: Option<Instant>,
    /// Where old releases kept author and comment.
    #[prost(message, repeated, tag = "7")]
    pub(super) comments: Vec<Comment>,
    #[prost(string, tag = "8")]
    pub(super) created_by: String,
    #[prost(string, tag = "9")]
    pub(super) comment: String,
    #[prost(btree_map = "string, string", tag = "10")]
    pub(super) annotations: BTreeMap<String, String>,
    /// One of them must match; from 0.32 on.
    #[prost(message, repeated, tag = "11")]
    pub(super) matcher_sets: Vec<MatcherSet>,
    /// Restricts the silence to some receivers; from 0.34 on.
    #[prost(message, repeated, tag = "12")]
    pub(super) receiver_matcher_sets: Vec<MatcherSet>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct MatcherSet {
    #[prost(message, repeated, tag = "1")]
    pub(super) matchers: Vec<Matcher>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct Matcher {
    /// 0 `=`, 1 `=~`, 2 `!=`, 3 `!~`.
    #[prost(int32, tag = "1")]
    pub(super) kind: i32,
    #[prost(string, tag = "2")]
    pub(super) name: String,
    #[prost(string, tag = "3")]
    pub(super) pattern: String,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct Comment {
    #[prost(string, tag = "1")]
    pub(super) author: String,
    #[prost(string, tag = "2")]
    pub(super) comment: String,
}

/// An entry of the notification log and when it may be forgotten.
#[derive(Clone, PartialEq, Message)]
pub(super) struct MeshEntry {
    #[prost(message, optional, tag = "1")]
    pub(super) entry: Option<Entry>,
    #[prost(message, optional, tag = "2")]
    pub(super) expires_at: Option<Instant>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct Entry {
    #[prost(bytes = "vec", tag = "1")]
    pub(super) group_key: Vec<u8>,
    #[prost(message, optional, tag = "2")]
    pub(super) receiver: Option<Receiver>,
    #[prost(message, optional, tag = "5")]
    pub(super) timestamp: Option<Instant>,
    #[prost(uint64, repeated, tag = "6")]
    pub(super) firing: Vec<u64>,
    #[prost(uint64, repeated, tag = "7")]
    pub(super) resolved: Vec<u64>,
    #[prost(btree_map = "string, message", tag = "8")]
    pub(super) receiver_data: BTreeMap<String, Datum>,
    /// Which of the others were held back, and so not told; after 0.34.
    #[prost(uint64, repeated, tag = "9")]
    pub(super) muted: Vec<u64>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct Receiver {
    #[prost(string, tag = "1")]
    pub(super) name: String,
    #[prost(string, tag = "2")]
    pub(super) integration: String,
    #[prost(uint32, tag = "3")]
    pub(super) index: u32,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct Datum {
    #[prost(oneof = "Value", tags = "1, 2, 3")]
    pub(super) value: Option<Value>,
}

#[derive(Clone, PartialEq, Oneof)]
pub(super) enum Value {
    #[prost(string, tag = "1")]
    Text(String),
    #[prost(int64, tag = "2")]
    Whole(i64),
    #[prost(double, tag = "3")]
    Real(f64),
}

/// `google.protobuf.Timestamp`.
#[derive(Clone, Copy, PartialEq, Message)]
pub(super) struct Instant {
    #[prost(int64, tag = "1")]
    pub(super) seconds: i64,
    #[prost(int32, tag = "2")]
    pub(super) nanos: i32,
}

impl From<Timestamp> for Instant {
    fn from(at: Timestamp) -> Self {
        let nanos = i32::try_from(at.0.rem_euclid(1_000)).expect("below 1000") * 1_000_000;
        Self { seconds: at.0.div_euclid(1_000), nanos }
    }
}

impl From<Instant> for Timestamp {
    fn from(instant: Instant) -> Self {
        let millis = i64::from(instant.nanos / 1_000_000);
        Self(instant.seconds.saturating_mul(1_000).saturating_add(millis))
    }
}

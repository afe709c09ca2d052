//! Replies that are kept: tokens and keys that are lent for a while, and are asked for only once.

use std::sync::{Arc, Mutex, PoisonError};

use crate::domain::notification::message::exchange::{Reply, Request};
use crate::domain::value::{Secret, Timestamp};

/// Replies that are kept; of more, the one unused for longest is forgotten.
const REPLIES_MAX: usize = 128;

/// Replies by what was asked: an address and a body.
#[derive(Debug, Default)]
pub(super) struct Kept(Mutex<Vec<(Key, Slot)>>);

type Key = (Secret, Secret);

/// A reply and its end, if there is one.
pub(super) type Slot = Arc<tokio::sync::Mutex<Option<(Reply, Timestamp)>>>;

impl Kept {
    /// Where the reply to a request is kept. A word that stands in a file does not count: others
    /// replace it while the reply is good.
    pub(super) fn slot(&self, request: &Request) -> Slot {
        let key = (request.url.clone(), Secret::new(request.body.as_str()));
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(at) = kept.iter().position(|(known, _)| *known == key) {
            kept[..=at].rotate_right(1);
        } else {
            kept.truncate(REPLIES_MAX - 1);
            kept.insert(0, (key, Slot::default()));
        }
        Arc::clone(&kept[0].1)
    }
}

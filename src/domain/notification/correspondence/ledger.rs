//! The mails that were answered within the last hour, or are being answered.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::domain::table::{Table, UnreadablePage};
use crate::domain::value::{GroupId, Span, Timestamp};

/// How long an answer counts against the limits.
pub(super) const WITHIN: Span = Span::hours(1);

/// The answer to a mail, as far as the mail decides it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reply {
    /// The address that it goes to, in lower case.
    pub to: String,
    /// The subject of the mail.
    pub subject: String,
    /// The Message-ID of the mail, without angle brackets; empty if it had none.
    pub message_id: String,
    /// The Message-IDs that the mail referred to, without angle brackets, oldest first.
    pub references: Vec<String>,
}

/// A reply, and when it was decided.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Entry {
    at: Timestamp,
    reply: Reply,
}

/// The replies of the last hour by the group that each of them is.
#[derive(Debug, Clone, Default)]
pub(in crate::domain::notification) struct Ledger {
    entries: Table<GroupId, Entry>,
}

impl Ledger {
    /// The reply that a group is.
    pub(in crate::domain::notification) fn get(&self, id: GroupId) -> Option<&Reply> {
        self.entries.get(id).map(|entry| &entry.reply)
    }

    /// The replies that count against the limits at a time.
    pub(super) fn recent(&self, now: Timestamp) -> impl Iterator<Item = &Reply> {
        let counts = move |entry: &&Entry| now.since(entry.at) < WITHIN;
        self.entries.iter().map(|(_, entry)| entry).filter(counts).map(|entry| &entry.reply)
    }

    /// Takes a reply in, and lets go those that count no longer and are on their way no longer.
    pub(in crate::domain::notification) fn insert(
        &mut self,
        at: Timestamp,
        (id, reply): (GroupId, Reply),
        is_live: impl Fn(GroupId) -> bool,
    ) {
        let spent = |(id, entry): &(GroupId, &Entry)| at.since(entry.at) >= WITHIN && !is_live(*id);
        let spent: Vec<GroupId> = self.entries.iter().filter(spent).map(|(id, _)| id).collect();
        for id in spent {
            self.entries.remove(id);
        }
        self.entries.insert(id, Entry { at, reply });
    }

    pub(in crate::domain::notification) fn take_changed(&mut self) -> BTreeSet<u64> {
        self.entries.take_changed()
    }

    pub(in crate::domain::notification) fn page(&self, number: u64) -> Option<Vec<u8>> {
        self.entries.page(number, Clone::clone)
    }

    pub(in crate::domain::notification) fn load_page(
        &mut self,
        number: u64,
        records: &[u8],
    ) -> Result<(), UnreadablePage> {
        self.entries.load_page(("notification", "replies"), number, records, |record| record)
    }
}

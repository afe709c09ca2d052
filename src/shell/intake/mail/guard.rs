//! Stops mails that go round in circles: of one sender and subject only so many in a while, and a
//! mail that was delivered twice only once.

use std::collections::VecDeque;

use crate::domain::event::adapter::kind::mail::{Letter, bare};
use crate::domain::value::{Span, Timestamp};

/// So many mails of one sender and subject within so long; the next ones are stopped.
const ALIKE_MAX: usize = 5;
const WITHIN: Span = Span::minutes(10);
/// Mails that are remembered.
const REMEMBERED_MAX: usize = 10_000;

/// What came in lately.
#[derive(Debug, Default)]
pub(super) struct Guard {
    /// When, and sender with subject.
    lately: VecDeque<(Timestamp, String)>,
    /// Message-IDs of notes.
    noted: VecDeque<String>,
}

impl Guard {
    /// Whether a mail may pass; it is remembered if it may.
    pub(super) fn passes(&mut self, letter: &Letter, now: Timestamp) -> bool {
        while self.lately.front().is_some_and(|(at, _)| *at + WITHIN < now)
            || self.lately.len() >= REMEMBERED_MAX
        {
            self.lately.pop_front();
        }
        let name = format!("{}\n{}", letter.from, bare(&letter.subject));
        let alike = self.lately.iter().filter(|(_, known)| *known == name).count();
        if alike >= ALIKE_MAX {
            return false;
        }
        self.lately.push_back((now, name));
        true
    }

    /// Whether this mail has become a note before.
    pub(super) fn is_noted(&self, letter: &Letter) -> bool {
        !letter.message_id.is_empty() && self.noted.contains(&letter.message_id)
    }

    /// Remembers that it has.
    pub(super) fn note(&mut self, letter: &Letter) {
        if self.noted.len() >= REMEMBERED_MAX {
            self.noted.pop_front();
        }
        self.noted.push_back(letter.message_id.clone());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sixth_mail_of_a_kind_in_ten_minutes_is_stopped() {
        let letter = |from: &str, subject: &str| Letter {
            from: from.to_owned(),
            subject: subject.to_owned(),
            ..Letter::default()
        };
        let mut guard = Guard::default();
        let minute = |minute: u64| Timestamp(0) + Span::minutes(minute);
        for (at, prefix) in (0..).zip(["", "Re: ", "AW: Re: ", "", ""]) {
            assert!(guard.passes(&letter("a@b", &format!("{prefix}x")), minute(at)));
        }
        assert!(!guard.passes(&letter("a@b", "x"), minute(9)));
        assert!(guard.passes(&letter("c@d", "x"), minute(9)));
        assert!(guard.passes(&letter("a@b", "y"), minute(9)));
        assert!(guard.passes(&letter("a@b", "x"), minute(11)));
    }
}

//! Correspondence with who writes to us: which incident a mail answers, and the one answer to a mail
//! that opened something (`auto_reply` of a source).

mod answer;
mod ledger;
mod mark;
mod reply;

pub use answer::answered;
pub(super) use ledger::Ledger;
pub use ledger::Reply;
pub use mark::mark;
pub(super) use reply::{answer, answer_all, is_reply, says};

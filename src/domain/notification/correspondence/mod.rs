//! Correspondence: which incident a mail from outside answers.

mod answer;
mod mark;

pub use answer::answered;
pub use mark::mark;

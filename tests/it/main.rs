//! One integration binary: it links once and runs in parallel.
#![expect(clippy::unwrap_used, reason = "tests")]

mod cost;
mod invariant;
mod promise;
mod rules;
mod sim;
mod tidy;

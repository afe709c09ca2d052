//! What a store promises, tried on every store there is.
#![expect(clippy::unwrap_used, reason = "tests")]

mod conformance;
mod crash;
mod fixture;
mod opening;

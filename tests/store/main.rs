//! What a store promises, tried on every store there is.
#![expect(clippy::unwrap_used, reason = "tests")]

mod archive;
mod conformance;
mod crash;
mod faults;
mod fixture;
mod fsck;
mod opening;
mod staging;

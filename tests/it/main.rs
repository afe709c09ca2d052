//! One integration binary: it links once and runs in parallel.
#![expect(clippy::unwrap_used, reason = "tests")]

mod promise;

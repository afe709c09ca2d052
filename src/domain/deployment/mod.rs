//! Deployment management: what was brought into service, by whom, and how it went.

mod notice;

pub use notice::{Notice, Status};

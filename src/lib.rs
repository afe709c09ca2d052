//! Turns what monitoring says into what people must do.
//!
//! ```text
//! domain   decides    pure: nouns, rules, state machines            knows nobody
//! engine   drives     pure: one entry in → facts + effects out      knows domain
//! shell    does       I/O: http, polls, store, courier, clock       knows both
//! ```
//!
//! `ARCHITECTURE.md` is the map. Read `domain::value` first, then `domain`, `engine`, `shell`;
//! `config` says what the files mean, `app` wires everything, `ctl` is the operator's side.

pub mod app;
pub mod config;
pub mod ctl;
pub mod domain;
pub mod engine;
pub mod shell;

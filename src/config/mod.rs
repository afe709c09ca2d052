//! What was typed → what it means: YAML files become [`Settings`](crate::domain::Settings).

mod diagnostic;
mod node;

pub use diagnostic::{ConfigErrors, Diagnostic, ERRORS_MAX};

//! The courier against other sides that behave and others that do not, on the loopback.

mod email;
mod http;
mod kept;
mod line;

use super::*;

/// Long enough for the loopback, short enough for a test that waits for it to pass.
const PATIENCE: Span = Span(5_000);

fn courier() -> Courier {
    Courier::with_patience(PATIENCE)
}

/// A report as one line.
fn told(report: &Report) -> String {
    match report {
        Report::Delivered { provider } => {
            format!("delivered {}", provider.as_deref().unwrap_or("-"))
        }
        Report::Failed { class: Class::Permanent, why, reason } => {
            format!("permanent {}: {why}", reason.name())
        }
        Report::Failed { class: Class::Retry { after: None }, why, reason } => {
            format!("retry {}: {why}", reason.name())
        }
        Report::Failed { class: Class::Retry { after: Some(after) }, why, reason } => {
            format!("retry after {after} {}: {why}", reason.name())
        }
    }
}

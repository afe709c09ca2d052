//! An error and what caused it, on one line: for logs, metrics and people.

use std::error::Error;

/// The error's words and those of its causes. Some libraries repeat a cause in the words of the
/// error above it; what has been said is not said twice.
pub fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let words = cause.to_string();
        if !text.contains(&words) {
            text = format!("{text}: {words}");
        }
        source = cause.source();
    }
    text
}

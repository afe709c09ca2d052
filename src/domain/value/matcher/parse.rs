//! Reads matchers: the UTF-8 grammar, the classic one, and the fallback between them.

use super::{Matcher, Matchers};

/// Which grammar counts (`--enable-feature` of Alertmanager).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ParseMode {
    /// UTF-8 first, classic where only that one understands.
    #[default]
    Fallback,
    /// `utf8-strict-mode`.
    Utf8,
    /// `classic-mode`.
    Classic,
}

/// Text that is no matcher.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{why}")]
pub struct InvalidMatcher {
    /// Where in the text, in bytes.
    pub at: usize,
    /// What is wrong and what was expected.
    pub why: String,
}

/// Reads one matcher such as `severity=~"critical|page"`.
///
/// # Errors
/// When the text is no matcher.
pub fn parse_one(_text: &str, _mode: ParseMode) -> Result<Matcher, InvalidMatcher> {
    Err(InvalidMatcher { at: 0, why: "not built".to_owned() })
}

/// Reads a list of matchers such as `{a="1", b!="2"}`; braces are optional.
///
/// # Errors
/// When the text is no list of matchers.
pub fn parse_all(_text: &str, _mode: ParseMode) -> Result<Matchers, InvalidMatcher> {
    Err(InvalidMatcher { at: 0, why: "not built".to_owned() })
}

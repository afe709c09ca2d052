//! Slack's mark-up: what templates say may be some; what the data brings into them is text.

use crate::domain::notification::message::plain;

/// The longest piece of an escape before an ellipsis: `&amp…`.
const ENTITY_CHARS_MAX: usize = 5;

/// Slack's three characters: without them there is no link and no `<!channel>`.
pub(super) fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// As [`escape`], and calls to everybody are broken up by a space without width: with `link_names`,
/// Slack reads them also without brackets.
pub(super) fn escape_names(text: &str) -> String {
    ["channel", "here", "everyone"].iter().fold(escape(text), |text, everybody| {
        text.replace(&format!("@{everybody}"), &format!("@\u{200b}{everybody}"))
    })
}

/// Undoes [`escape`] where the result went through `urlquery`: it is part of an address there.
pub(super) fn unescape_queries(text: &str) -> String {
    text.replace("%26lt%3B", "%3C").replace("%26gt%3B", "%3E").replace("%26amp%3B", "%26")
}

/// At most so many characters, without half an `&amp;` at the end.
pub(super) fn cut(text: &str, chars_max: usize) -> String {
    let mut short = plain::shorten(text, chars_max);
    if short.len() < text.len()
        && let Some(start) = short.rfind('&')
        && !short[start..].contains(';')
        && short[start..].chars().count() <= ENTITY_CHARS_MAX
    {
        short.truncate(start);
        short.push('…');
    }
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_makes_no_markup_and_no_mention() {
        assert_eq!(escape("<!channel> a&b"), "&lt;!channel&gt; a&amp;b");
        assert_eq!(escape("<http://evil|Click>"), "&lt;http://evil|Click&gt;");
        assert_eq!(escape_names("@here, mail@home"), "@\u{200b}here, mail@home");
    }

    #[test]
    fn what_went_into_an_address_is_not_escaped_for_markup() {
        // urlquery of `a&b<c`, and of `&amp;` as a label may spell it.
        assert_eq!(unescape_queries("x?q=a%26amp%3Bb%26lt%3Bc"), "x?q=a%26b%3Cc");
        assert_eq!(unescape_queries("x?q=%26amp%3Bamp%3B"), "x?q=%26amp%3B");
    }

    #[test]
    fn a_cut_leaves_no_half_of_an_escape() {
        assert_eq!(cut("disk &amp; cpu", 20), "disk &amp; cpu");
        assert_eq!(cut("disk &amp; cpu", 9), "disk …");
        assert_eq!(cut("disk &amp; cpu", 12), "disk &amp; …");
        assert_eq!(cut("R&D goes on and on", 12), "R&D goes on…");
    }
}

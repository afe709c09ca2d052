//! Reads matchers: the UTF-8 grammar, the classic one, and the fallback between them.

mod classic;
mod utf8;

use super::{Matcher, Matchers, Operator};

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
#[error("{why} (at byte {at})")]
pub struct InvalidMatcher {
    /// Where in the text, in bytes.
    pub at: usize,
    /// What is wrong and what was expected.
    pub why: String,
}

/// A longer text is no list of matchers that a person wrote.
const TEXT_BYTES_MAX: usize = 64 << 10;

/// Reads one matcher such as `severity=~"critical|page"`.
///
/// A comma parts nothing here: where only the classic grammar understands, it belongs to the value,
/// as in Alertmanager.
///
/// # Errors
/// When the text is no matcher.
pub fn parse_one(text: &str, mode: ParseMode) -> Result<Matcher, InvalidMatcher> {
    if text.starts_with('{') || text.ends_with('}') {
        let at = if text.starts_with('{') { 0 } else { text.len() - 1 };
        return Err(invalid(at, "a single matcher has no braces: write `name=\"value\"`"));
    }
    check_length(text)?;
    match mode {
        ParseMode::Utf8 => single(utf8::parse(text)?),
        ParseMode::Classic => classic::parse_one(text),
        ParseMode::Fallback => prefer(utf8::parse(text).and_then(single), classic::parse_one(text)),
    }
}

/// Reads a list of matchers such as `{a="1", b!="2"}`; braces are optional.
///
/// In [`ParseMode::Fallback`] the classic grammar decides where the two read the same text
/// differently, as in Alertmanager.
///
/// # Errors
/// When the text is no list of matchers.
pub fn parse_all(text: &str, mode: ParseMode) -> Result<Matchers, InvalidMatcher> {
    check_length(text)?;
    match mode {
        ParseMode::Utf8 => utf8::parse(text),
        ParseMode::Classic => classic::parse(text),
        ParseMode::Fallback => prefer(utf8::parse(text), classic::parse(text)),
    }
}

/// Why a text is read in [`ParseMode::Fallback`] otherwise than it may be meant.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Doubt {
    /// Only the classic grammar understands it.
    #[error("only the classic grammar of matchers reads this; write `{0}`, which both read")]
    OnlyClassic(String),
    /// The two grammars understand different things; the classic one counts.
    #[error("read as `{classic}`, but as `{utf8}` by the UTF-8 grammar; write `{classic}`")]
    Differ {
        /// What the classic grammar reads, written so that both read it alike.
        classic: String,
        /// What the UTF-8 grammar reads.
        utf8: String,
    },
}

/// Tells where the two grammars do not agree about a list of matchers, which Alertmanager warns
/// of. None that only the UTF-8 grammar reads, as names beyond ASCII: there is no other way to
/// write those.
pub fn doubt(text: &str) -> Option<Doubt> {
    let classic = classic::parse(text).ok()?;
    let shown = |matchers: &Matchers| {
        matchers.iter().map(ToString::to_string).collect::<Vec<String>>().join(",")
    };
    let classic = shown(&classic);
    match utf8::parse(text).map(|matchers| shown(&matchers)) {
        Ok(utf8) if utf8 == classic => None,
        Ok(utf8) => Some(Doubt::Differ { classic, utf8 }),
        Err(_) => Some(Doubt::OnlyClassic(classic)),
    }
}

fn prefer<T>(
    modern: Result<T, InvalidMatcher>,
    classic: Result<T, InvalidMatcher>,
) -> Result<T, InvalidMatcher> {
    match (modern, classic) {
        // Of two complaints, the one of the richer grammar knows its place better.
        (Err(error), Err(_)) => Err(error),
        (Ok(modern), Err(_)) => Ok(modern),
        (_, Ok(classic)) => Ok(classic),
    }
}

fn single(mut matchers: Matchers) -> Result<Matcher, InvalidMatcher> {
    let Some(matcher) = matchers.pop() else {
        return Err(invalid(0, "expected a matcher like `name=\"value\"`, found nothing"));
    };
    if matchers.is_empty() {
        return Ok(matcher);
    }
    Err(invalid(0, "expected one matcher, found several"))
}

fn check_length(text: &str) -> Result<(), InvalidMatcher> {
    if text.len() > TEXT_BYTES_MAX {
        return Err(invalid(TEXT_BYTES_MAX, "matchers are limited to 65536 bytes"));
    }
    Ok(())
}

fn invalid(at: usize, why: impl Into<String>) -> InvalidMatcher {
    InvalidMatcher { at, why: why.into() }
}

fn matcher(
    at: usize,
    name: &str,
    operator: Operator,
    value: &str,
) -> Result<Matcher, InvalidMatcher> {
    Matcher::new(name, operator, value).map_err(|error| {
        // The library's message draws the pattern over several lines; its last line says why.
        let text = error.to_string();
        let why = text.lines().last().unwrap_or_default().trim().trim_start_matches("error: ");
        invalid(at, format!("`{value}` is not a regular expression: {why}"))
    })
}

/// What cannot stand in a bare name or value.
pub(super) fn reserved(c: char) -> bool {
    c.is_whitespace() || "{}!=~,\\\"'`".contains(c)
}

/// The operator at the start of the text, with its length in bytes.
fn operator(text: &str) -> Option<(Operator, usize)> {
    [Operator::Like, Operator::NotLike, Operator::NotEqual, Operator::Equal]
        .into_iter()
        .find(|operator| text.starts_with(operator.symbol()))
        .map(|operator| (operator, operator.symbol().len()))
}

#[cfg(test)]
mod tests {
    use std::fmt::Write;

    use super::*;

    fn check(mode: ParseMode, table: &[(&str, &str)]) {
        for (text, expected) in table {
            let told = match parse_all(text, mode) {
                Ok(matchers) => matchers.iter().fold(String::new(), |mut told, matcher| {
                    let _ = write!(told, "{}{matcher}", if told.is_empty() { "" } else { ", " });
                    told
                }),
                Err(error) => format!("{}: {}", error.at, error.why),
            };
            assert_eq!(told, *expected, "{text}");
        }
    }

    #[test]
    fn the_utf8_grammar_reads_any_name_and_value() {
        check(
            ParseMode::Utf8,
            &[
                ("", ""),
                ("{}", ""),
                ("foo=bar", r#"foo="bar""#),
                ("{foo=bar,}", r#"foo="bar""#),
                ("foo=bar,", r#"foo="bar""#),
                (r#"{ foo = "bar baz" , 🙂!="x" }"#, r#"foo="bar baz", 🙂!="x""#),
                (r#""a b"=~"c|d",e!~f"#, r#""a b"=~"c|d", e!~"f""#),
                (r#"foo="a\tb\"\\\x41\101\u00e9\U0001F642""#, "foo=\"a\tb\\\"\\\\AAé🙂\""),
                ("foo=", "4: expected a value, found the end; quote an empty value: `\"\"`"),
                ("foo", "3: expected an operator (`=`, `!=`, `=~` or `!~`), found the end"),
                ("=x", "0: expected a label name, found `=`"),
                ("foo=bar baz", "8: expected `,` or the end, found `baz`"),
                ("{foo=bar", "8: expected `,` or `}`, found the end"),
                ("foo=bar}", "7: `}` without an opening `{`"),
                ("{foo=bar}x", "9: expected the end, found `x`"),
                (",", "0: expected a label name, found `,`"),
                ("{,}", "1: expected a label name, found `,`"),
                ("foo=bar,,", "8: expected a label name, found `,`"),
                (r#"foo="bar"#, "4: the quote is never closed"),
                (r#"foo="\q""#, "5: `\\q` is no escape of Go; write `\\\\` for a backslash"),
                (r#"foo="\xff""#, "5: the escape makes no UTF-8 text"),
                (r#"foo="\ud800""#, "5: the escape names no character"),
                ("foo='x'", "4: expected a value, found `'`; use double quotes"),
                ("foo!x", "3: expected an operator (`=`, `!=`, `=~` or `!~`), found `!`"),
                ("\"\"=x", "0: a label name cannot be empty"),
                (r#"foo=~"(""#, "0: `(` is not a regular expression: unclosed group"),
            ],
        );
    }

    #[test]
    fn the_classic_grammar_is_looser_about_values() {
        check(
            ParseMode::Classic,
            &[
                ("", ""),
                ("{}", ""),
                ("foo=", r#"foo="""#),
                ("foo=bar baz", r#"foo="bar baz""#),
                (r#"{foo=~"a,b", bar!=x\n}"#, r#"foo=~"a,b", bar!="x\n""#),
                (r#"foo="a\qb""#, r#"foo="a\\qb""#),
                (r"foo=bar\", r#"foo="bar\\""#),
                ("a:b=1", r#"a:b="1""#),
                ("foo={x", r#"foo="{x""#),
                ("🙂=x", "0: expected a matcher like `name=\"value\"`, found `🙂=x`"),
                (r#"foo=a"b"#, "5: a double quote inside a value must be written `\\\"`"),
                (r#"foo="ab"#, "4: the quote is never closed"),
                (",", "0: expected a matcher like `name=\"value\"`, found nothing"),
                ("a=1,b", "4: expected a matcher like `name=\"value\"`, found `b`"),
            ],
        );
    }

    #[test]
    fn fallback_takes_what_either_understands_and_classic_where_they_differ() {
        check(
            ParseMode::Fallback,
            &[
                ("foo=", r#"foo="""#),
                ("🙂=x", r#"🙂="x""#),
                // Go's escape in one grammar, two plain letters in the other.
                (r#"foo="a\tb""#, r#"foo="a\\tb""#),
                ("foo", "3: expected an operator (`=`, `!=`, `=~` or `!~`), found the end"),
            ],
        );
    }

    #[test]
    fn where_the_grammars_do_not_agree_there_is_doubt() {
        for (text, expected) in [
            ("foo=bar", None),
            ("{foo=~\"a|b\",}", None),
            ("🙂=x", None),
            ("foo", None),
            (
                "foo=",
                Some(
                    r#"only the classic grammar of matchers reads this; write `foo=""`, which both read"#,
                ),
            ),
            (
                r#"foo="a\tb""#,
                Some(
                    "read as `foo=\"a\\\\tb\"`, but as `foo=\"a\tb\"` by the UTF-8 grammar; write `foo=\"a\\\\tb\"`",
                ),
            ),
        ] {
            let told = doubt(text).map(|doubt| doubt.to_string());
            assert_eq!(told.as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn one_matcher_is_not_a_list() {
        let one = |text| parse_one(text, ParseMode::Fallback).map_err(|error| error.why);
        assert_eq!(one("a=b").unwrap().to_string(), r#"a="b""#);
        assert!(one("{a=b}").unwrap_err().contains("no braces"));
        assert_eq!(one("a=b,c").unwrap().to_string(), r#"a="b,c""#);
        assert_eq!(one("a=b,c=d").unwrap().to_string(), r#"a="b,c=d""#);
        assert!(one("🙂=b,c=d").unwrap_err().contains("several"));
        assert!(one("").unwrap_err().contains("found nothing"));
    }

    proptest::proptest! {
        #[test]
        fn what_is_printed_reads_back(name in "[a-z_][a-z0-9_]{0,8}", value in "\\PC{0,20}") {
            let text = Matcher::new(&name, Operator::Equal, &value).unwrap().to_string();
            let read = parse_one(&text, ParseMode::Utf8).unwrap();
            proptest::prop_assert_eq!((read.name, read.value), (name, value));
        }

        #[test]
        fn no_text_makes_the_reader_fall(text in "[ -~]{0,40}|\\PC{0,40}") {
            for mode in [ParseMode::Fallback, ParseMode::Utf8, ParseMode::Classic] {
                let _ = parse_all(&text, mode);
            }
        }
    }
}

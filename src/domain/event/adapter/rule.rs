//! Rules that find a condition in a text: a line of a log, a mail. For sources that have no word of
//! their own for "this has begun" and "this is over".

use regex::{Regex, RegexBuilder};

use super::draft::Draft;
use super::{Context, clip};
use crate::domain::event::Signal;
use crate::domain::value::{Severity, Span};

/// What a compiled pattern may take. Twice what the largest pattern of known rule files needs.
const PATTERN_BYTES_MAX: usize = 1 << 20;

/// A rule. The first of a list that fits a text decides what the text says.
#[derive(Debug, Clone)]
pub struct TextRule {
    /// The label `alertname` of what it finds.
    pub name: String,
    /// What the text must say; nothing means that the fields alone decide.
    pub find: Option<Regex>,
    /// What it says when the condition is over.
    pub clear: Option<Regex>,
    /// What fields of the message must say, by their names.
    pub fields: Vec<(String, Regex)>,
    /// How bad it is; nothing means as bad as the message says.
    pub severity: Option<Severity>,
    /// What a text that fits `find` says: that the condition holds, or that it is over.
    pub signal: Signal,
    /// How long its word counts; nothing means until something says that it is over.
    pub lease: Option<Span>,
    /// Takes the message for noise: it is counted and nothing else.
    pub ignore: bool,
}

/// What a rule found in a text.
#[derive(Debug)]
pub(super) struct Finding<'r> {
    pub(super) rule: &'r TextRule,
    pub(super) signal: Signal,
    /// Named groups of the patterns with what they caught, by name.
    caught: Vec<(String, String)>,
}

impl TextRule {
    /// Compiles a pattern. It may fit anywhere in a text unless it says `^` and `$`.
    ///
    /// # Errors
    /// Says what is wrong with it.
    pub fn pattern(text: &str) -> Result<Regex, regex::Error> {
        RegexBuilder::new(text).size_limit(PATTERN_BYTES_MAX).build()
    }

    fn judge<'t>(&self, text: &str, field: impl Fn(&str) -> &'t str) -> Option<Finding<'_>> {
        let over = self.clear.as_ref().and_then(|clear| Some((clear, clear.captures(text)?)));
        let signal = if over.is_some() { Signal::Resolved } else { self.signal };
        let mut caught = Vec::new();
        let mut catch = |pattern: &Regex, found: &regex::Captures| {
            for name in pattern.capture_names().flatten() {
                let value = found.name(name).map_or("", |value| value.as_str());
                caught.push((name.to_owned(), value.to_owned()));
            }
        };
        match (&over, &self.find) {
            (Some((clear, found)), _) => catch(clear, found),
            (None, Some(find)) => catch(find, &find.captures(text)?),
            (None, None) => {}
        }
        for (name, pattern) in &self.fields {
            catch(pattern, &pattern.captures(field(name))?);
        }
        caught.sort();
        caught.dedup_by(|one, other| one.0 == other.0);
        Some(Finding { rule: self, signal, caught })
    }

    /// Whether a group's value tells conditions apart: with a pattern for the end, what only the
    /// beginning says cannot.
    fn identifies(&self, group: &str) -> bool {
        let names = |pattern: &Regex| pattern.capture_names().flatten().any(|name| name == group);
        let in_fields = self.fields.iter().any(|(_, pattern)| names(pattern));
        match (&self.find, &self.clear) {
            (Some(find), Some(clear)) => in_fields || names(find) && names(clear),
            (None, Some(_)) => in_fields,
            (_, None) => true,
        }
    }
}

impl Finding<'_> {
    /// The key of the condition: the rule's name, where it happened, and what was caught.
    pub(super) fn key(&self, place: &str) -> String {
        let mut key = self.rule.name.clone();
        let caught = self.caught.iter().filter(|(name, _)| self.rule.identifies(name));
        for part in std::iter::once(place).chain(caught.map(|(_, value)| value.as_str())) {
            if !part.is_empty() {
                key.push('/');
                key.push_str(part);
            }
        }
        key
    }

    /// Writes what was found into an event in the making. `word` and `meaning` are the severity by
    /// the message itself.
    pub(super) fn apply(
        &self,
        draft: &mut Draft,
        context: &Context,
        (word, meaning): (&str, Option<Severity>),
    ) {
        let limit = context.limits.label_value_bytes_max;
        let caught = self.caught.iter().map(|(name, value)| (name.as_str(), clip(value, limit)));
        draft.labels = draft.labels.with(caught);
        draft.labels = draft.labels.with([("alertname", self.rule.name.as_str())]);
        match self.rule.severity {
            Some(severity) => {
                draft.labels = draft.labels.with([("severity", severity.name())]);
                if !word.is_empty() {
                    draft.annotations = draft.annotations.with([("source_severity", word)]);
                }
            }
            None => draft.severity(context, word, meaning),
        }
        draft.signal = Some(self.signal);
        draft.lease = self.rule.lease;
    }
}

/// What the first rule that fits makes of a text.
pub(super) fn judge<'r, 't>(
    rules: &'r [TextRule],
    text: &str,
    field: impl Fn(&str) -> &'t str,
) -> Option<Finding<'r>> {
    rules.iter().find_map(|rule| rule.judge(text, &field))
}

/// Puts one sign in the place of what differs from one message of a kind to the next: numbers,
/// addresses, hexadecimal ids. Messages with one template speak of one condition.
pub(super) fn template(text: &str, chars_max: usize) -> String {
    let mut template = String::with_capacity(text.len().min(4 * chars_max));
    let mut rest = text;
    // What stands between the last word and the next one, and what became of the last one.
    let mut joint = None;
    let mut last = Word::None;
    let mut room = chars_max;
    while let Some(first) = rest.chars().next().filter(|_| room > 0) {
        if !wordy(first) {
            let sign = if first.is_whitespace() { ' ' } else { first };
            template.push(sign);
            room -= 1;
            joint = joint.is_none().then_some(sign).filter(|_| last != Word::None);
            if joint.is_none() {
                last = Word::None;
            }
            rest = &rest[first.len_utf8()..];
            continue;
        }
        let end = rest.find(|c: char| !wordy(c)).unwrap_or(rest.len());
        let (word, after) = rest.split_at(end);
        rest = after;
        match (last, joint) {
            // Addresses, times and UUIDs are one sign.
            (Word::Masked, Some('.' | ':' | '-' | '/' | ',' | '+')) if goes_on(word) => {
                template.pop();
                room += 1;
            }
            // `Gi0/1` and `node-7` name things.
            (Word::Kept, Some('/' | '-')) if word.len() <= PLACE_CHARS_MAX => {
                room -= push(&mut template, word, room);
            }
            _ if varies(word) => {
                template.push('*');
                room -= 1;
                last = Word::Masked;
            }
            _ => {
                room -= push(&mut template, word, room);
                last = Word::Kept;
            }
        }
        joint = None;
    }
    template.trim().to_owned()
}

/// Adds as many characters of a word as there is room for; returns how many.
fn push(template: &mut String, word: &str, room: usize) -> usize {
    let cut = if word.len() <= room { None } else { word.char_indices().nth(room) };
    let word = cut.map_or(word, |(end, _)| &word[..end]);
    template.push_str(word);
    if word.is_ascii() { word.len() } else { word.chars().count() }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Word {
    None,
    Kept,
    Masked,
}

/// Hexadecimal words shorter than this may be words: `cafe1`, `feed2`.
const HEX_CHARS_MIN: usize = 6;
/// Numbers of ports, slots and nodes are no longer.
const PLACE_CHARS_MAX: usize = 3;
/// Groups of a UUID, which may have no digit.
const UUID_GROUPS_CHARS: [usize; 2] = [4, 12];

fn wordy(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

fn varies(word: &str) -> bool {
    let digits = digits(word);
    // `eth0` and `sda1` name things; `4ms`, `0x7f`, `3f2a9c` and `req_8812` are values.
    digits > 0
        && (word.as_bytes()[0].is_ascii_digit()
            || is_hex(word) && word.len() >= HEX_CHARS_MIN
            || digits >= 3)
}

fn goes_on(word: &str) -> bool {
    varies(word) || is_hex(word) && (digits(word) > 0 || UUID_GROUPS_CHARS.contains(&word.len()))
}

fn digits(word: &str) -> usize {
    word.bytes().filter(u8::is_ascii_digit).count()
}

fn is_hex(word: &str) -> bool {
    word.bytes().all(|byte| byte.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_differs_from_message_to_message_is_masked() {
        let check =
            |text: &str, expected: &str| assert_eq!(template(text, 200), expected, "{text}");
        check(
            "Failed password for root from 10.0.0.7 port 5122 ssh2",
            "Failed password for root from * port * ssh2",
        );
        check("eth0: link is down", "eth0: link is down");
        check("took 12.5ms at 2026-03-01T12:00:00.5Z", "took * at *");
        check("[fe80::1%eth0] gone", "[fe80::*%eth0] gone");
        check("job 7f3a9c22 of 550e8400-e29b-41d4-a716-446655440000 died", "job * of * died");
        check("page fault at 0x7fff5fbff8c0", "page fault at *");
        check("Gi0/1 of node-7 in xe-0/0/12 down", "Gi0/1 of node-7 in xe-0/0/12 down");
        check("/var/log/4711/x, 5 left", "/var/log/*/x, * left");
        check("a\tb\nc", "a b c");
        check("größe 12 µm", "größe * µm");
        check("", "");
        assert_eq!(template("abcdef 12 ghi", 8), "abcdef *");
    }

    fn rule(find: &str, clear: &str) -> TextRule {
        let pattern = |text: &str| (!text.is_empty()).then(|| TextRule::pattern(text).unwrap());
        TextRule {
            name: "Link".to_owned(),
            find: pattern(find),
            clear: pattern(clear),
            fields: vec![("app".to_owned(), TextRule::pattern("^kernel$").unwrap())],
            severity: None,
            signal: Signal::Firing,
            lease: None,
            ignore: false,
        }
    }

    #[test]
    fn the_end_has_the_key_of_the_beginning() {
        let rules = [rule(r"(?P<port>\S+): link (?P<how>down|lost)", r"(?P<port>\S+): link up")];
        let check = |app: &str, text: &str, expected: Option<(Signal, &str)>| {
            let field = |name: &str| if name == "app" { app } else { "" };
            let found = judge(&rules, text, field);
            let found = found.map(|found| (found.signal, found.key("web-1")));
            let found = found.as_ref().map(|(signal, key)| (*signal, key.as_str()));
            assert_eq!(found, expected, "{text}");
        };
        check("kernel", "eth0: link down", Some((Signal::Firing, "Link/web-1/eth0")));
        check("kernel", "eth0: link up", Some((Signal::Resolved, "Link/web-1/eth0")));
        check("kernel", "eth0: link idle", None);
        check("sshd", "eth0: link down", None);
    }
}

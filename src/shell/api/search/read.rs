//! Reads queries: brackets bind first, then `NOT`, `AND` and `OR`.

use std::cmp::Ordering;

use regex::RegexBuilder;

use super::{Query, Term, Wanted};

/// A longer query is refused.
const QUERY_BYTES_MAX: usize = 4 << 10;
/// Brackets within brackets.
const DEPTH_MAX: usize = 16;
/// Patterns of one query: each has to be built, and is tried on every alert.
pub(in crate::shell::api) const PATTERNS_MAX: usize = 32;
/// What a pattern may take in memory.
const PATTERN_BYTES_MAX: usize = 64 << 10;

/// Comparisons, the longer ones first.
const COMPARISONS: &[(&str, &[Ordering])] = &[
    (">=", &[Ordering::Greater, Ordering::Equal]),
    ("<=", &[Ordering::Less, Ordering::Equal]),
    (">", &[Ordering::Greater]),
    ("<", &[Ordering::Less]),
];

/// Whether a field is there.
const EXISTS: &str = "_exists_";

/// How queries are read.
#[derive(Debug, Clone, Copy)]
pub(in crate::shell::api) struct Reader {
    /// Whether one of several words without anything between them is enough.
    pub(in crate::shell::api) any: bool,
    /// Whether there is a field of that name.
    pub(in crate::shell::api) knows: fn(&str) -> bool,
}

/// Words that stand between others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Between {
    And,
    Or,
}

struct Reading<'q> {
    reader: Reader,
    rest: &'q str,
    depth: usize,
    patterns: usize,
    /// The field before the brackets that are open.
    field: Option<String>,
}

/// A word as it was written.
struct Word {
    text: String,
    quoted: bool,
}

impl Reader {
    /// Reads a query.
    ///
    /// # Errors
    /// Says what makes no sense in it.
    pub(in crate::shell::api) fn read(self, text: &str) -> Result<Query, String> {
        if text.len() > QUERY_BYTES_MAX {
            return Err(format!("the query is longer than {QUERY_BYTES_MAX} bytes"));
        }
        let mut reading =
            Reading { reader: self, rest: text.trim(), depth: 0, patterns: 0, field: None };
        if reading.rest.is_empty() {
            return Ok(Query::All(Vec::new()));
        }
        let query = reading.alternatives()?;
        match reading.peek() {
            None => Ok(query),
            Some(sign) => Err(format!("`{sign}` stands where nothing was opened")),
        }
    }
}

impl Reading<'_> {
    /// Parts with `OR` between them.
    fn alternatives(&mut self) -> Result<Query, String> {
        let mut parts = vec![self.conjunction()?];
        loop {
            self.skip();
            if self.between() == Some(Between::Or) {
                self.skip_between();
            } else if !self.reader.any || self.is_over() {
                break;
            }
            parts.push(self.conjunction()?);
        }
        Ok(single(parts, Query::Any))
    }

    /// Parts with `AND` between them.
    fn conjunction(&mut self) -> Result<Query, String> {
        let mut parts = vec![self.part()?];
        loop {
            self.skip();
            match self.between() {
                Some(Between::And) => self.skip_between(),
                Some(Between::Or) => break,
                None if self.reader.any || self.is_over() => break,
                None => {}
            }
            parts.push(self.part()?);
        }
        Ok(single(parts, Query::All))
    }

    fn part(&mut self) -> Result<Query, String> {
        self.skip();
        if let Some(between) = self.between() {
            let word = if between == Between::And { "AND" } else { "OR" };
            return Err(format!("`{word}` has nothing before it"));
        }
        if self.takes_sign('!') || self.takes_sign('-') {
            return self.not();
        }
        if is_keyword(self.rest, "not") {
            self.advance(3);
            return self.not();
        }
        self.takes_sign('+');
        if self.takes_sign('(') {
            return self.brackets();
        }
        match self.field.clone() {
            Some(field) => self.value(field),
            None => self.term(),
        }
    }

    fn not(&mut self) -> Result<Query, String> {
        self.deeper()?;
        let part = self.part()?;
        self.depth -= 1;
        Ok(Query::Not(Box::new(part)))
    }

    fn brackets(&mut self) -> Result<Query, String> {
        self.deeper()?;
        let inside = self.alternatives()?;
        self.depth -= 1;
        self.skip();
        if self.takes_sign(')') { Ok(inside) } else { Err("a bracket is not closed".to_owned()) }
    }

    fn deeper(&mut self) -> Result<(), String> {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return Err(format!("brackets are more than {DEPTH_MAX} deep"));
        }
        Ok(())
    }

    /// A field with what it is to be, or a word of the text.
    fn term(&mut self) -> Result<Query, String> {
        if self.rest.starts_with('/') {
            return self.value(String::new());
        }
        let name = self.word(true)?;
        if name.quoted {
            return Ok(is(String::new(), Wanted::Text(name.text)));
        }
        let before = self.rest;
        self.skip();
        let rest = self.rest;
        let differs = rest.starts_with("!=");
        let compared = COMPARISONS.iter().any(|(sign, _)| rest.starts_with(sign));
        if differs {
            self.advance(2);
        } else if rest.starts_with([':', '=']) {
            self.advance(1);
        } else if !compared {
            self.rest = before;
            return plain(String::new(), name.text);
        }
        self.skip();
        if name.text == EXISTS {
            let field = self.word(false)?.text;
            return self.known(field).map(|field| is(field, Wanted::Something));
        }
        let field = self.known(name.text)?;
        if !self.takes_sign('(') {
            let value = self.value(field)?;
            return Ok(if differs { Query::Not(Box::new(value)) } else { value });
        }
        self.field = Some(field);
        let inside = self.brackets();
        self.field = None;
        inside.map(|inside| if differs { Query::Not(Box::new(inside)) } else { inside })
    }

    fn known(&self, field: String) -> Result<String, String> {
        if (self.reader.knows)(&field) {
            return Ok(field);
        }
        Err(format!("there is no field `{field}` to ask for"))
    }

    /// What a field is to be.
    fn value(&mut self, field: String) -> Result<Query, String> {
        let rest = self.rest;
        if let Some((sign, orders)) = COMPARISONS.iter().find(|(sign, _)| rest.starts_with(sign)) {
            self.advance(sign.len());
            self.skip();
            let bound = self.word(false)?.text;
            return Ok(is(field, Wanted::Beside(orders.to_vec(), bound)));
        }
        if rest.starts_with(['[', '{']) {
            return self.range(&field);
        }
        if self.takes_sign('/') {
            return self.pattern(field);
        }
        let Word { text, quoted } = self.word(false).map_err(|why| {
            if field.is_empty() { why } else { format!("`{field}` has no value: {why}") }
        })?;
        if quoted { Ok(is(field, Wanted::Text(text))) } else { plain(field, text) }
    }

    /// `[low TO high]`; curly where the bound itself is not in it, `*` where there is none.
    fn range(&mut self, field: &str) -> Result<Query, String> {
        let wrong = || "a range is written `[low TO high]`".to_owned();
        let text = self.rest;
        let end = text.find([']', '}']).ok_or_else(wrong)?;
        let (inside, open, close) = (&text[1..end], &text[..1], &text[end..=end]);
        let (low, high) = inside.split_once(" TO ").ok_or_else(wrong)?;
        self.advance(end + 1);
        let bound = |text: &str, beyond: Ordering, within: bool| {
            let text = text.trim().trim_matches('"');
            let mut orders = vec![beyond];
            orders.extend(within.then_some(Ordering::Equal));
            (text != "*").then(|| is(field.to_owned(), Wanted::Beside(orders, text.to_owned())))
        };
        let low = bound(low, Ordering::Greater, open == "[");
        let high = bound(high, Ordering::Less, close == "]");
        let parts: Vec<Query> = low.into_iter().chain(high).collect();
        Ok(if parts.is_empty() {
            is(field.to_owned(), Wanted::Something)
        } else {
            single(parts, Query::All)
        })
    }

    fn pattern(&mut self, field: String) -> Result<Query, String> {
        self.patterns += 1;
        if self.patterns > PATTERNS_MAX {
            return Err(format!("there are more than {PATTERNS_MAX} patterns"));
        }
        let mut text = String::new();
        loop {
            match self.next() {
                None => return Err("a pattern is not closed".to_owned()),
                Some('/') => break,
                Some('\\') if self.rest.starts_with('/') => text.extend(self.next()),
                Some(sign) => text.push(sign),
            }
        }
        pattern(&text).map(|wanted| is(field, wanted))
    }

    /// A word, or several in quotes. The name of a field ends before a comparison.
    fn word(&mut self, name: bool) -> Result<Word, String> {
        if self.takes_sign('"') {
            let mut text = String::new();
            loop {
                match self.next() {
                    None => return Err("a double quote is not closed".to_owned()),
                    Some('"') => return Ok(Word { text, quoted: true }),
                    Some('\\') => text.extend(self.next()),
                    Some(sign) => text.push(sign),
                }
            }
        }
        let mut text = String::new();
        while let Some(sign) = self.peek() {
            let ends = sign.is_whitespace() || "()\"".contains(sign);
            let compares = name && (":=<>".contains(sign) || self.rest.starts_with("!="));
            if ends || compares {
                break;
            }
            self.next();
            if sign == '\\' {
                text.extend(self.next());
            } else {
                text.push(sign);
            }
        }
        if text.is_empty() {
            return Err(match self.peek() {
                None => "something is missing after the last word".to_owned(),
                Some(sign) => format!("`{sign}` stands where a value was awaited"),
            });
        }
        Ok(Word { text, quoted: false })
    }

    fn skip(&mut self) {
        self.rest = self.rest.trim_start();
    }

    fn peek(&self) -> Option<char> {
        self.rest.chars().next()
    }

    fn next(&mut self) -> Option<char> {
        let sign = self.peek()?;
        self.advance(sign.len_utf8());
        Some(sign)
    }

    fn advance(&mut self, bytes: usize) {
        self.rest = &self.rest[bytes..];
    }

    fn takes_sign(&mut self, sign: char) -> bool {
        let takes = self.rest.starts_with(sign);
        if takes {
            self.advance(sign.len_utf8());
        }
        takes
    }

    /// Whether the brackets that are open end here, or the query.
    fn is_over(&self) -> bool {
        matches!(self.peek(), None | Some(')'))
    }

    fn between(&self) -> Option<Between> {
        if self.rest.starts_with("&&") || is_keyword(self.rest, "and") {
            Some(Between::And)
        } else if self.rest.starts_with("||") || is_keyword(self.rest, "or") {
            Some(Between::Or)
        } else {
            None
        }
    }

    fn skip_between(&mut self) {
        let and = is_keyword(self.rest, "and");
        self.advance(if and { 3 } else { 2 });
    }
}

fn is(field: String, wanted: Wanted) -> Query {
    Query::Is(Term { field, wanted })
}

fn single(mut parts: Vec<Query>, many: fn(Vec<Query>) -> Query) -> Query {
    if parts.len() == 1 { parts.remove(0) } else { many(parts) }
}

/// A word that is not in quotes may have wildcards.
fn plain(field: String, text: String) -> Result<Query, String> {
    let wanted = match text.as_str() {
        "*" => Wanted::Something,
        wild if wild.contains(['*', '?']) => Wanted::Wild(text),
        _ => Wanted::Text(text),
    };
    Ok(is(field, wanted))
}

/// A pattern that a text must hold, without regard to case.
pub(in crate::shell::api) fn pattern(text: &str) -> Result<Wanted, String> {
    RegexBuilder::new(text)
        .case_insensitive(true)
        .size_limit(PATTERN_BYTES_MAX)
        .build()
        .map(Wanted::Pattern)
        .map_err(|_| format!("`{text}` is no pattern"))
}

/// Whether a word stands at the beginning, in any case, and nothing of a longer one.
fn is_keyword(text: &str, word: &str) -> bool {
    let Some((start, rest)) = text.split_at_checked(word.len()) else { return false };
    let ends = rest.starts_with(|sign: char| sign.is_whitespace() || sign == '(');
    start.eq_ignore_ascii_case(word) && (ends || rest.is_empty())
}

//! Matchers: conditions on one label, written as in Alertmanager. `parse` reads them.

pub(in crate::domain) mod branch;
mod parse;
mod quote;
mod stored;

use std::fmt;

use regex::Regex;

use branch::Few;
pub use parse::{Doubt, InvalidMatcher, ParseMode, doubt, parse_all, parse_one};

pub use quote::{Escaped, Quoted};

/// All of them must hold.
pub type Matchers = Vec<Matcher>;

/// A condition on one label. A missing label counts as one with the empty value.
#[derive(Debug, Clone)]
pub struct Matcher {
    /// The label's name.
    pub name: String,
    /// The value, or the pattern, as it was written.
    pub value: String,
    test: Test,
}

/// The four operators.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Operator {
    /// `=`
    Equal,
    /// `!=`
    NotEqual,
    /// `=~`
    Like,
    /// `!~`
    NotLike,
}

#[derive(Debug, Clone)]
enum Test {
    Equal,
    NotEqual,
    Like(Pattern),
    NotLike(Pattern),
}

/// What a value is held against.
#[derive(Debug, Clone)]
enum Pattern {
    Few(Few),
    Regex(Regex),
}

/// More than this in one compiled pattern is a mistake or an attack.
const PATTERN_BYTES_MAX: usize = 1 << 20;

impl Matcher {
    /// Makes a matcher. Patterns are anchored at both ends, as in Prometheus.
    ///
    /// # Errors
    /// When the pattern is no regular expression (RE2 syntax) or compiles to more than a megabyte.
    pub fn new(name: &str, operator: Operator, value: &str) -> Result<Self, regex::Error> {
        let pattern = || Pattern::new(value);
        let test = match operator {
            Operator::Equal => Test::Equal,
            Operator::NotEqual => Test::NotEqual,
            Operator::Like => Test::Like(pattern()?),
            Operator::NotLike => Test::NotLike(pattern()?),
        };
        Ok(Self { name: name.to_owned(), value: value.to_owned(), test })
    }

    /// Writes a matcher so that every name and value reads back, whatever is in them.
    pub fn quoted(name: &str, operator: Operator, value: &str) -> String {
        format!("{}{}{}", Quoted(name), operator.symbol(), Quoted(value))
    }

    /// The operator.
    pub fn operator(&self) -> Operator {
        match self.test {
            Test::Equal => Operator::Equal,
            Test::NotEqual => Operator::NotEqual,
            Test::Like(_) => Operator::Like,
            Test::NotLike(_) => Operator::NotLike,
        }
    }

    /// Tells whether a label's value, empty if the label is missing, fulfils the condition.
    pub fn matches(&self, value: &str) -> bool {
        match &self.test {
            Test::Equal => value == self.value,
            Test::NotEqual => value != self.value,
            Test::Like(pattern) => pattern.allows(value),
            Test::NotLike(pattern) => !pattern.allows(value),
        }
    }
}

impl Pattern {
    fn new(text: &str) -> Result<Self, regex::Error> {
        if let Some(few) = Few::of(text) {
            return Ok(Self::Few(few));
        }
        let anchored = format!("^(?:{text})$");
        let mut builder = regex::RegexBuilder::new(&anchored);
        builder.size_limit(PATTERN_BYTES_MAX).dot_matches_new_line(true).build().map(Self::Regex)
    }

    fn allows(&self, value: &str) -> bool {
        match self {
            Self::Few(few) => few.allow(value),
            Self::Regex(regex) => regex.is_match(value),
        }
    }
}

impl PartialEq for Matcher {
    fn eq(&self, other: &Self) -> bool {
        (&self.name, self.operator(), &self.value) == (&other.name, other.operator(), &other.value)
    }
}

impl Eq for Matcher {}

impl Operator {
    /// All four.
    pub const ALL: [Self; 4] = [Self::Equal, Self::NotEqual, Self::Like, Self::NotLike];

    /// As it is written.
    pub fn symbol(self) -> &'static str {
        match self {
            Self::Equal => "=",
            Self::NotEqual => "!=",
            Self::Like => "=~",
            Self::NotLike => "!~",
        }
    }
}

/// Writes `name="value"` as Alertmanager does in group keys: a name that cannot stand bare is
/// quoted by Go's rules, and its value too; else the value knows three escapes only.
impl fmt::Display for Matcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let symbol = self.operator().symbol();
        if self.name.contains(parse::reserved) {
            write!(f, "{}{symbol}{}", Quoted(&self.name), Quoted(&self.value))
        } else {
            write!(f, "{}{symbol}{}", self.name, Escaped(&self.value))
        }
    }
}

/// Tells whether all matchers hold, given a way to look a label up (empty text if missing).
pub fn all_match<'a>(matchers: &[Matcher], label: impl Fn(&str) -> &'a str) -> bool {
    matchers.iter().all(|matcher| matcher.matches(label(&matcher.name)))
}

//! Queries after Lucene's manner, as Opsgenie and Alerta take them: `field: value`, comparisons,
//! ranges, wildcards, patterns, `AND`, `OR`, `NOT` and brackets.
//!
//! Words are compared without regard to case. What a field is, and which there are, is the matter
//! of whoever asks.

mod read;

use std::cmp::Ordering;

use regex::Regex;

use crate::domain::value::Timestamp;

pub(super) use read::{PATTERNS_MAX, Reader, pattern};

/// A query, or a part of it.
#[derive(Debug)]
pub(super) enum Query {
    /// All of these; none is always true.
    All(Vec<Query>),
    /// Any of these.
    Any(Vec<Query>),
    /// Not this.
    Not(Box<Query>),
    /// What a field is to be.
    Is(Term),
}

/// What a field is to be; without a field, it is about the text.
#[derive(Debug)]
pub(super) struct Term {
    pub(super) field: String,
    pub(super) wanted: Wanted,
}

/// What is asked of a value.
#[derive(Debug)]
pub(super) enum Wanted {
    /// To be this text, or to hold it.
    Text(String),
    /// To be what the wildcards leave open.
    Wild(String),
    /// To hold what the pattern describes.
    Pattern(Regex),
    /// To be there at all.
    Something,
    /// To lie before, at, or behind a bound.
    Beside(Vec<Ordering>, String),
}

/// What a field holds.
#[derive(Debug)]
pub(super) enum Held {
    /// A word, or several: each is asked for as a whole.
    Words(Vec<String>),
    /// A text in which is searched.
    Text(String),
    /// A number, or a time in milliseconds since 1970.
    Number(i64),
}

impl Query {
    /// Whether it holds, where `held` says what a field holds.
    pub(super) fn holds(&self, held: &impl Fn(&str) -> Held) -> bool {
        match self {
            Self::All(parts) => parts.iter().all(|part| part.holds(held)),
            Self::Any(parts) => parts.iter().any(|part| part.holds(held)),
            Self::Not(part) => !part.holds(held),
            Self::Is(term) => term.wanted.is_met(&held(&term.field)),
        }
    }
}

impl Wanted {
    fn is_met(&self, held: &Held) -> bool {
        match held {
            Held::Words(words) => {
                let mut words = words.iter().filter(|word| !word.is_empty());
                words.any(|word| self.is_met_by(word, true))
            }
            Held::Text(text) => !text.is_empty() && self.is_met_by(text, false),
            Held::Number(number) => match self {
                Self::Beside(orders, bound) => {
                    as_number(bound).is_some_and(|bound| orders.contains(&number.cmp(&bound)))
                }
                Self::Text(text) => as_number(text) == Some(*number),
                Self::Wild(_) | Self::Pattern(_) => self.is_met_by(&number.to_string(), true),
                Self::Something => true,
            },
        }
    }

    fn is_met_by(&self, have: &str, whole: bool) -> bool {
        match self {
            Self::Text(text) if whole => have.to_lowercase() == text.to_lowercase(),
            Self::Text(text) => have.to_lowercase().contains(&text.to_lowercase()),
            Self::Wild(text) if whole => is_like(have, text),
            // A word of the text, or several: wherever a word begins, and whatever follows.
            Self::Wild(text) => {
                let spaced: String =
                    have.chars().map(|c| if c.is_whitespace() { ' ' } else { c }).collect();
                is_like(&format!(" {spaced}"), &format!("* {text}*"))
            }
            Self::Pattern(pattern) => pattern.is_match(have),
            Self::Something => true,
            Self::Beside(orders, bound) => match (as_number(have), as_number(bound)) {
                (Some(have), Some(bound)) => orders.contains(&have.cmp(&bound)),
                _ => orders.contains(&have.to_lowercase().cmp(&bound.to_lowercase())),
            },
        }
    }
}

/// A number, or a time (RFC 3339) in milliseconds since 1970.
fn as_number(text: &str) -> Option<i64> {
    let time = || text.parse::<Timestamp>().ok().map(|at| at.0);
    text.parse().ok().or_else(time)
}

/// Whether a text is what `?` (one sign) and `*` (any signs) leave open, without regard to case.
/// It takes the time of both lengths multiplied, at most.
fn is_like(text: &str, wild: &str) -> bool {
    let text: Vec<char> = text.chars().flat_map(char::to_lowercase).collect();
    let wild: Vec<char> = wild.chars().flat_map(char::to_lowercase).collect();
    let (mut at, mut next) = (0, 0);
    // Where the last star stands, and how much of the text it has taken.
    let mut star: Option<(usize, usize)> = None;
    while at < text.len() {
        if next < wild.len() && wild[next] == '*' {
            star = Some((next, at));
            next += 1;
        } else if next < wild.len() && (wild[next] == '?' || wild[next] == text[at]) {
            at += 1;
            next += 1;
        } else if let Some((place, taken)) = star {
            star = Some((place, taken + 1));
            next = place + 1;
            at = taken + 1;
        } else {
            return false;
        }
    }
    wild[next..].iter().all(|sign| *sign == '*')
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIELDS: [&str; 5] = ["status", "tag", "count", "text", "owner"];

    fn held(field: &str) -> Held {
        match field {
            "status" => Held::Words(vec!["open".to_owned()]),
            "tag" => Held::Words(vec!["Prod".to_owned(), "web-7:80".to_owned()]),
            "count" => Held::Number(12),
            "owner" => Held::Words(vec![String::new()]),
            _ => Held::Text("The disk of db-1 is full".to_owned()),
        }
    }

    fn reader(any: bool) -> Reader {
        Reader { any, knows: |field| FIELDS.contains(&field) }
    }

    #[test]
    fn queries_hold_or_do_not() {
        let check = |query: &str, expected: bool| {
            let read = reader(false).read(query).unwrap_or_else(|why| panic!("{query}: {why}"));
            assert_eq!(read.holds(&held), expected, "{query}: {read:?}");
        };
        for (query, expected) in [
            ("", true),
            ("status: open", true),
            ("status=OPEN", true),
            ("status:closed", false),
            ("status != closed", true),
            ("NOT status: open", false),
            ("not status: closed and tag: prod", true),
            ("-status:closed", true),
            ("!status:open", false),
            ("status: closed OR tag: prod", true),
            ("status: closed || tag: prod && status: open", true),
            ("status: closed AND tag: prod OR count: 12", true),
            ("status: closed AND (tag: prod OR count: 12)", false),
            ("status: (open OR closed)", true),
            ("tag: (prod AND test)", false),
            ("tag: \"web-7:80\"", true),
            ("tag: web-7:80", true),
            ("tag: web*", true),
            ("tag: w?b-7*", true),
            ("tag: ro*", false),
            ("count > 11", true),
            ("count>12", false),
            ("count >= 12 AND count <= 12", true),
            ("count < 12", false),
            ("count:>=12", true),
            ("count:[10 TO 12]", true),
            ("count:[10 TO 12}", false),
            ("count:{12 TO *]", false),
            ("count:[* TO 20]", true),
            ("disk", true),
            ("\"disk of\"", true),
            ("disk full", true),
            ("disk empty", false),
            ("text: di*", true),
            ("text: isk*", false),
            ("text: the*f", true),
            ("text: f?ll", true),
            ("text: /db-[0-9] is/", true),
            ("_exists_:tag", true),
            ("_exists_:owner", false),
            ("owner: *", false),
            ("(((disk)))", true),
        ] {
            check(query, expected);
        }
        let any = reader(true).read("disk empty").unwrap();
        assert!(any.holds(&held), "where one word is enough");
    }

    #[test]
    fn what_is_no_query_is_refused_with_a_reason() {
        let deep = "(".repeat(200);
        let long = "a ".repeat(5_000);
        let patterns = "/a/ ".repeat(40);
        for (query, hint) in [
            ("colour: red", "colour"),
            ("status:", "value"),
            ("\"open", "not closed"),
            ("(status: open", "not closed"),
            ("status: open)", "`)`"),
            ("AND status: open", "AND"),
            ("status: open AND", "after"),
            ("text: /[/", "pattern"),
            ("count:[1 TO", "range"),
            (&deep, "deep"),
            (&long, "longer"),
            (&patterns, "patterns"),
        ] {
            let why = reader(false).read(query).unwrap_err();
            assert!(why.contains(hint), "{query:.40}: {why}");
        }
    }

    #[test]
    fn wildcards_leave_signs_open() {
        for (text, wild, expected) in [
            ("", "", true),
            ("", "*", true),
            ("abc", "a*c", true),
            ("abcbd", "a*b?", true),
            ("abc", "a?", false),
            ("Ä", "ä", true),
            ("aaaaaaaaaaaaaaaaaaaab", "*a*a*a*a*a*c", false),
        ] {
            assert_eq!(is_like(text, wild), expected, "{text} {wild}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_query_makes_it_fall_over(query in r#"[a-z:<>=!()\[\]{}"/*? \\&|+-]{0,40}"#) {
            if let Ok(read) = reader(true).read(&query) {
                read.holds(&held);
            }
        }
    }
}

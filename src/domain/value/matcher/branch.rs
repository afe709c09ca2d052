//! Patterns that only list texts, such as `web|db-.*`: they need no automaton.

use std::sync::Arc;

/// A longer list is left to an automaton, which looks at all of its texts in one step.
const TRIED_MAX: usize = 16;

/// One of the texts that a pattern lists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::domain) struct Branch {
    /// What the value is, or begins with.
    pub(in crate::domain) text: String,
    /// What may follow.
    pub(in crate::domain) tail: Tail,
}

/// What may follow a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::domain) enum Tail {
    /// Nothing.
    Nothing,
    /// Anything or nothing: `.*`.
    Anything,
    /// At least one more character: `.+`.
    Something,
}

/// A pattern whose few branches are tried one by one.
#[derive(Debug, Clone)]
pub(super) struct Few(Arc<[Branch]>);

impl Few {
    /// Nothing where the pattern is more than a short list of texts.
    pub(super) fn of(pattern: &str) -> Option<Self> {
        branches(pattern).filter(|branches| branches.len() <= TRIED_MAX).map(|all| Self(all.into()))
    }

    /// Tells whether one of the branches allows a value.
    pub(super) fn allow(&self, value: &str) -> bool {
        self.0.iter().any(|branch| branch.allows(value))
    }
}

impl Branch {
    /// Tells whether a value is this text, or begins with it and ends as it may.
    pub(in crate::domain) fn allows(&self, value: &str) -> bool {
        match self.tail {
            Tail::Nothing => value == self.text,
            Tail::Anything => value.starts_with(&self.text),
            Tail::Something => value.len() > self.text.len() && value.starts_with(&self.text),
        }
    }
}

/// The branches of an anchored pattern in which `.` stands for every character; nothing if it is
/// more than a list of texts.
pub(in crate::domain) fn branches(pattern: &str) -> Option<Vec<Branch>> {
    let mut all = Vec::new();
    let mut text = String::new();
    let mut tail = Tail::Nothing;
    let mut signs = pattern.chars().peekable();
    while let Some(sign) = signs.next() {
        if sign == '|' {
            all.push(Branch { text: std::mem::take(&mut text), tail });
            tail = Tail::Nothing;
            continue;
        }
        if tail != Tail::Nothing {
            return None;
        }
        match sign {
            '.' => {
                tail = match signs.next()? {
                    '*' => Tail::Anything,
                    '+' => Tail::Something,
                    _ => return None,
                };
            }
            '\\' => text.push(signs.next().filter(|sign| is_sign(*sign))?),
            sign if is_sign(sign) => return None,
            sign => text.push(sign),
        }
    }
    all.push(Branch { text, tail });
    Some(all)
}

/// Means something else than itself in a pattern, unless a backslash stands before it.
fn is_sign(sign: char) -> bool {
    matches!(
        sign,
        '\\' | '.' | '+' | '*' | '?' | '(' | ')' | '|' | '[' | ']' | '{' | '}' | '^' | '$'
    )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn regex(pattern: &str) -> Result<regex::Regex, regex::Error> {
        regex::RegexBuilder::new(&format!("^(?:{pattern})$")).dot_matches_new_line(true).build()
    }

    #[test]
    fn lists_of_texts_are_taken_apart() {
        let check = |pattern: &str, expected: &str| {
            let shown = branches(pattern).map(|all| {
                let tail = |tail| match tail {
                    Tail::Nothing => "",
                    Tail::Anything => "…",
                    Tail::Something => "…!",
                };
                let one = |branch: &Branch| format!("<{}{}>", branch.text, tail(branch.tail));
                all.iter().map(one).collect::<String>()
            });
            assert_eq!(shown.as_deref().unwrap_or("none"), expected, "{pattern}");
        };
        check("", "<>");
        check("a|b-c", "<a><b-c>");
        check("a|", "<a><>");
        check("svc1|app1-.*|x.+", "<svc1><app1-…><x…!>");
        check(r"a\.b|c\|d", "<a.b><c|d>");
        for more in ["a.b", "a.*b", ".*a", "a?", "(a|b)", "[ab]", "^a", r"\d", r"a\", "a.", "a.*?"]
        {
            check(more, "none");
        }
    }

    proptest! {
        #[test]
        fn branches_allow_what_the_pattern_allows(
            pattern in r"[ab]{0,2}(\.[*+]|\\\.)?(\|[abé\n]{0,2}(\.[*+]|\\\.|[-?]|x{2})?){0,3}",
            values in prop::collection::vec("[abé.|\n-]{0,4}", 0..12),
        ) {
            let Some(branches) = branches(&pattern) else { return Ok(()) };
            let regex = regex(&pattern).unwrap();
            for value in values {
                let allowed = branches.iter().any(|branch| branch.allows(&value));
                prop_assert_eq!(allowed, regex.is_match(&value), "{:?} {:?}", &pattern, &value);
            }
        }
    }
}

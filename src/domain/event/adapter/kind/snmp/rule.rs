//! What is configured about traps, and what a trap means by it. It counts more than the table of
//! traps that are known.

use std::collections::BTreeMap;

use super::{Severity, Signal, bare, known};
use crate::domain::value::Span;

/// Parts of a number (RFC 2578, 3.5).
const OID_PARTS_MAX: usize = 128;

/// What is configured about the traps of one source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rules {
    /// By number, or by name where whoever hands traps on says no number ([`trap_number`]).
    pub traps: BTreeMap<String, TrapRule>,
    /// How long a trap counts that nothing ends.
    pub lease: Span,
}

impl Default for Rules {
    /// Restarts and failed logins are old news after an hour.
    fn default() -> Self {
        Self { traps: BTreeMap::new(), lease: Span::hours(1) }
    }
}

/// What one trap means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrapRule {
    /// What the trap is called in the summary.
    pub name: String,
    /// The `alertname` of what it begins, or of what it ends.
    pub condition: String,
    /// Whether it begins or ends that.
    pub signal: Signal,
    /// How bad it is, where somebody said so.
    pub severity: Option<Severity>,
    /// What tells one such condition of a host from another; where there is nothing, as with
    /// traps that nobody configured.
    pub index: Vec<Pick>,
    /// Labels from variables.
    pub labels: Vec<(String, Pick)>,
    /// How long it counts; nothing where another trap ends it.
    pub lease: Option<Span>,
    /// Such traps are counted, and that is all.
    pub ignore: bool,
}

/// What is picked out of the variables of a trap.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pick {
    column: String,
    /// The row is meant, not the value.
    row: bool,
}

impl Pick {
    /// Reads the number or name of a variable: its value is meant, or with `.*` at the end the row
    /// that stands in the place of `*`. Nothing if it is neither.
    pub fn parse(text: &str) -> Option<Self> {
        let (column, row) = text.strip_suffix(".*").map_or((text, false), |column| (column, true));
        let column = bare(column);
        is_oid(column).then(|| Self { column: column.to_owned(), row })
    }

    pub(super) fn of<'v>(&self, variables: &'v [(String, String)]) -> &'v str {
        let found = find(variables, &self.column);
        found.map_or("", |(row, value)| if self.row { row } else { value })
    }
}

/// A number or name as traps are looked up by; nothing if it is neither.
pub fn trap_number(text: &str) -> Option<String> {
    let number = known::number(text);
    is_oid(number).then(|| number.to_owned())
}

/// What a trap begins that is known without configuration: its name, and how bad it is.
pub fn condition(number: &str) -> Option<(&'static str, Option<Severity>)> {
    let known = known::trap(number).filter(|known| known.3 == Signal::Firing)?;
    Some((known.2, known.4))
}

/// Known traps, by number and name, that end what this one begins.
pub fn cleared_with(number: &str) -> impl Iterator<Item = (&'static str, &'static str)> {
    let condition = condition(number).map(|(name, _)| name);
    let ends =
        move |known: &&known::Known| known.3 == Signal::Resolved && Some(known.2) == condition;
    known::TRAPS.iter().filter(ends).map(|known| (known.0, known.1))
}

/// What a trap means.
#[derive(Debug)]
pub(super) struct Meaning<'m> {
    pub(super) number: &'m str,
    pub(super) name: &'m str,
    pub(super) condition: &'m str,
    pub(super) signal: Option<Signal>,
    /// What somebody said how bad it is; it counts more than what the variables tell.
    pub(super) said: Option<Severity>,
    pub(super) severity: Option<Severity>,
    pub(super) index: &'m [Pick],
    pub(super) labels: &'m [(String, Pick)],
    pub(super) lease: Option<Span>,
    pub(super) ignore: bool,
}

impl Rules {
    pub(super) fn meaning<'m>(&'m self, oid: &'m str) -> Meaning<'m> {
        let number = known::number(oid);
        let mut meaning = Meaning {
            number,
            name: number,
            condition: number,
            signal: None,
            said: None,
            severity: None,
            index: &[],
            labels: &[],
            lease: Some(self.lease),
            ignore: false,
        };
        if let Some((_, name, condition, signal, severity)) = known::trap(number) {
            (meaning.name, meaning.condition) = (name, condition);
            (meaning.signal, meaning.severity) = (Some(*signal), *severity);
            if cleared_with(number).next().is_some() {
                meaning.lease = None;
            }
        }
        if let Some(rule) = self.traps.get(number) {
            (meaning.name, meaning.condition) = (&rule.name, &rule.condition);
            (meaning.signal, meaning.said) = (Some(rule.signal), rule.severity);
            (meaning.index, meaning.labels) = (&rule.index, &rule.labels);
            (meaning.lease, meaning.ignore) = (rule.lease, rule.ignore);
        }
        meaning
    }
}

/// The value of a variable that is known by number or name; empty if it is not there.
pub(super) fn value<'v>(variables: &'v [(String, String)], column: &str) -> &'v str {
    find(variables, column).map_or("", |(_, value)| value)
}

fn find<'v>(variables: &'v [(String, String)], column: &str) -> Option<(&'v str, &'v str)> {
    let names = known::names(column);
    variables.iter().find_map(|(name, value)| {
        let row = names.iter().find_map(|column| known::row(name, column))?;
        Some((row, value.as_str()))
    })
}

/// A dotted number (RFC 2578, 3.5), or a name with or without a row.
fn is_oid(text: &str) -> bool {
    if text.starts_with(|c: char| c.is_ascii_alphabetic()) {
        return text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte));
    }
    let parts: Vec<&str> = text.split('.').collect();
    let first = parts[0].parse::<u32>().ok().filter(|first| *first <= 2);
    first.is_some()
        && (2..=OID_PARTS_MAX).contains(&parts.len())
        && parts.iter().all(|part| part.parse::<u32>().is_ok() && !part.starts_with('+'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trap_is_looked_up_by_its_number() {
        for (text, number) in [
            (".1.3.6.1.4.1.9.9", Some("1.3.6.1.4.1.9.9")),
            ("IF-MIB::linkDown", Some("1.3.6.1.6.3.1.1.5.3")),
            ("ACME-MIB::fanFailed", Some("fanFailed")),
            ("1", None),
            ("3.1", None),
            ("1.3.", None),
            ("1.3.+6", None),
            ("1.3.4294967296", None),
            ("", None),
            ("fan failed", None),
        ] {
            assert_eq!(trap_number(text).as_deref(), number, "{text}");
        }
    }

    #[test]
    fn a_value_or_a_row_is_picked() {
        let variables = [
            ("1.3.6.1.2.1.15.3.1.2.192.0.2.1".to_owned(), "1".to_owned()),
            ("ACME-MIB::fan.7".to_owned(), "stuck".to_owned()),
        ];
        for (text, picked) in [
            ("1.3.6.1.2.1.15.3.1.2", "1"),
            ("bgpPeerState.*", "192.0.2.1"),
            (".1.3.6.1.2.1.15.3.1.*", "2.192.0.2.1"),
            ("fan", "stuck"),
            ("fan.*", "7"),
            ("1.3.6.1.2.1.15.3.1.20", ""),
            ("fa", ""),
        ] {
            assert_eq!(Pick::parse(text).unwrap().of(&variables), picked, "{text}");
        }
        assert_eq!(Pick::parse("*"), None);
    }
}

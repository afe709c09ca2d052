//! Traps and variables that are known without any configuration.

use super::Signal;
use super::{Severity, bare};

/// A trap that is known: its number, its name, the condition it speaks of, what it says of it.
pub(super) type Known = (&'static str, &'static str, &'static str, Signal, Option<Severity>);

/// RFC 3418, 2863, 4273 and 1628.
pub(super) const TRAPS: [Known; 12] = [
    ("1.3.6.1.6.3.1.1.5.1", "coldStart", "coldStart", Signal::Firing, Some(Severity::Warning)),
    ("1.3.6.1.6.3.1.1.5.2", "warmStart", "warmStart", Signal::Firing, Some(Severity::Warning)),
    ("1.3.6.1.6.3.1.1.5.3", "linkDown", "linkDown", Signal::Firing, Some(Severity::High)),
    ("1.3.6.1.6.3.1.1.5.4", "linkUp", "linkDown", Signal::Resolved, None),
    (
        "1.3.6.1.6.3.1.1.5.5",
        "authenticationFailure",
        "authenticationFailure",
        Signal::Firing,
        Some(Severity::Warning),
    ),
    (
        "1.3.6.1.6.3.1.1.5.6",
        "egpNeighborLoss",
        "egpNeighborLoss",
        Signal::Firing,
        Some(Severity::High),
    ),
    ("1.3.6.1.2.1.15.0.1", "bgpEstablishedNotification", "bgpDown", Signal::Resolved, None),
    (
        "1.3.6.1.2.1.15.0.2",
        "bgpBackwardTransNotification",
        "bgpDown",
        Signal::Firing,
        Some(Severity::High),
    ),
    ("1.3.6.1.2.1.15.7.1", "bgpEstablished", "bgpDown", Signal::Resolved, None),
    (
        "1.3.6.1.2.1.15.7.2",
        "bgpBackwardTransition",
        "bgpDown",
        Signal::Firing,
        Some(Severity::High),
    ),
    (
        "1.3.6.1.2.1.33.2.3",
        "upsTrapAlarmEntryAdded",
        "upsAlarm",
        Signal::Firing,
        Some(Severity::High),
    ),
    ("1.3.6.1.2.1.33.2.4", "upsTrapAlarmEntryRemoved", "upsAlarm", Signal::Resolved, None),
];

/// Variables that are known by number: the column, and its name.
const COLUMNS: [(&str, &str); 8] = [
    ("1.3.6.1.2.1.2.2.1.1", "ifIndex"),
    ("1.3.6.1.2.1.2.2.1.2", "ifDescr"),
    ("1.3.6.1.2.1.2.2.1.7", "ifAdminStatus"),
    ("1.3.6.1.2.1.2.2.1.8", "ifOperStatus"),
    ("1.3.6.1.2.1.31.1.1.1.1", "ifName"),
    ("1.3.6.1.2.1.31.1.1.1.18", "ifAlias"),
    ("1.3.6.1.2.1.15.3.1.14", "bgpPeerLastError"),
    ("1.3.6.1.2.1.15.3.1.2", "bgpPeerState"),
];

/// The trap of a number or name.
pub(super) fn trap(oid: &str) -> Option<&'static Known> {
    TRAPS.iter().find(|(number, name, ..)| oid == *number || oid == *name)
}

/// The number of a trap that is known by name; any other number or name stays.
pub(super) fn number(oid: &str) -> &str {
    trap(bare(oid)).map_or(bare(oid), |known| known.0)
}

/// The name of the column that a variable belongs to, by its number.
pub(super) fn column(variable: &str) -> Option<&'static str> {
    let is = |known: &str| row(variable, known).is_some();
    COLUMNS.iter().find(|(number, _)| is(number)).map(|(_, name)| *name)
}

/// Which row of a column a variable is: what stands behind the column's number or name. Nothing
/// where it belongs to another column.
pub(super) fn row<'v>(variable: &'v str, column: &str) -> Option<&'v str> {
    let rest = bare(variable).strip_prefix(column)?;
    if rest.is_empty() { Some(rest) } else { rest.strip_prefix('.') }
}

/// The row of a variable whose column is known, else the last part of its number.
pub(super) fn row_of(variable: &str) -> &str {
    let known = COLUMNS.iter().flat_map(|(number, name)| [*number, *name]);
    let last = || variable.rsplit_once('.').map_or("", |(_, last)| last);
    let row = known.into_iter().find_map(|column| row(variable, column)).unwrap_or_else(last);
    if row.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.') { row } else { "" }
}

/// The two names of a column, where it has two.
pub(super) fn names(column: &str) -> [&str; 2] {
    let known = COLUMNS.iter().find(|(number, name)| column == *number || column == *name);
    known.map_or([column; 2], |(number, name)| [number, name])
}

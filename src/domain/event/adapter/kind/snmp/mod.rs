//! SNMP traps: datagrams of versions 1 and 2c, what snmptrapd hands to a program, or JSON.
//!
//! A trap is one moment. Of pairs such as linkDown and linkUp the second ends what the first began;
//! everything else ends when it has not been said again for a while.

mod packet;

use serde_json::Value;

use super::Adapter;
use crate::domain::event::Signal;
use crate::domain::event::adapter::draft::Draft;
use crate::domain::event::adapter::{Context, Head, Read, Unreadable, clip, json};
use crate::domain::value::{Labels, Severity, Span};

pub use packet::{NoTrap, answer};

/// How long a trap counts that nothing ends: restarts and failed logins are old news after it.
const LEASE: Span = Span::hours(1);

/// Variables of a trap that are kept.
const VARIABLES_MAX: usize = 40;

/// A trap that is known: its number, its name, the condition it speaks of, what it says of it.
type Known = (&'static str, &'static str, &'static str, Signal, Option<Severity>);

/// RFC 3418, 2863, 4273 and 1628.
const TRAPS: [Known; 12] = [
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

/// Traps that end what they speak of by a partner.
const PAIRED: [&str; 3] = ["linkDown", "bgpDown", "upsAlarm"];

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

/// Variables about the trap itself.
const TRAP_OID: [&str; 2] = ["1.3.6.1.6.3.1.1.4.1", "snmpTrapOID"];
const UPTIME: [&str; 3] = ["1.3.6.1.2.1.1.3", "sysUpTimeInstance", "sysUpTime"];
const AGENT: [&str; 2] = ["1.3.6.1.6.3.18.1.3", "snmpTrapAddress"];
const COMMUNITY: [&str; 2] = ["1.3.6.1.6.3.18.1.4", "snmpTrapCommunity"];

/// Fields of JSON under the names that scripts give them; the first that is there counts.
const OID_FIELDS: &[&str] = &["snmpTrapOID", "trap_oid", "trapOID", "trapoid", "oid"];
const AGENT_FIELDS: &[&str] =
    &["agent_address", "agentAddress", "agent_addr", "agent", "source", "host", "hostname"];
const VARIABLE_FIELDS: &[&str] = &["varbinds", "variables", "vars"];

/// Traps of snmptrapd.
pub const ADAPTER: Adapter = Adapter { name: "snmp", title: "SNMP traps", read, fits };

fn fits(body: &Value, _: &Head) -> bool {
    let named = |names: &[&str]| json::has_any(body, names);
    named(&OID_FIELDS[..4]) && (named(VARIABLE_FIELDS) || named(AGENT_FIELDS))
        || named(&["generic_trap", "genericTrap"]) && named(&["enterprise"])
}

/// A trap, wherever it came from.
#[derive(Default)]
struct Trap {
    oid: String,
    agent: String,
    uptime: String,
    /// Number or name with its instance, and the value.
    variables: Vec<(String, String)>,
}

/// Reads a trap.
///
/// # Errors
/// When the body is neither JSON nor what snmptrapd writes.
pub fn read(body: &[u8], context: &Context) -> Result<Read, Unreadable> {
    let mut read = Read::default();
    if matches!(body.trim_ascii_start().first(), Some(b'{' | b'[')) {
        let body = json::parse(body)?;
        let one = std::slice::from_ref(&body);
        let traps = body.as_array().map_or(one, Vec::as_slice);
        if traps.len() > context.limits.events_max {
            return Err(Unreadable::TooMany { max: context.limits.events_max });
        }
        for (at, trap) in traps.iter().enumerate() {
            event(from_json(trap), at, context, &mut read);
        }
        return Ok(read);
    }
    let text = json::utf8(body);
    let trap = from_lines(&text).ok_or_else(|| {
        Unreadable::Json("neither JSON nor the lines of snmptrapd's traphandle".to_owned())
    })?;
    event(trap, 0, context, &mut read);
    Ok(read)
}

/// Reads a datagram. `peer` is the host that it came from, which counts where it names none; `at`
/// its place among those that are read together.
///
/// # Errors
/// When it is no trap.
pub fn read_packet(
    packet: &[u8],
    peer: &str,
    at: usize,
    context: &Context,
    read: &mut Read,
) -> Result<(), NoTrap> {
    let mut trap = packet::read(packet)?;
    if trap.agent.is_empty() {
        peer.clone_into(&mut trap.agent);
    }
    event(trap, at, context, read);
    Ok(())
}

fn from_json(body: &Value) -> Trap {
    let first = |names: &[&str]| {
        let found = names.iter().map(|name| json::field(body, name));
        found.map(std::borrow::Cow::into_owned).find(|text| !text.is_empty()).unwrap_or_default()
    };
    let list = VARIABLE_FIELDS.iter().find_map(|name| body.get(name));
    let variables = match list {
        Some(Value::Array(items)) => items
            .iter()
            .map(|item| {
                let name = ["oid", "name", "OID"].iter().map(|name| json::field(item, name));
                let name = name.into_iter().find(|name| !name.is_empty()).unwrap_or_default();
                (name.into_owned(), json::field(item, "value").into_owned())
            })
            .collect(),
        Some(Value::Object(fields)) => fields
            .iter()
            .map(|(name, value)| (name.clone(), json::text(value).into_owned()))
            .collect(),
        _ => Vec::new(),
    };
    let mut trap = Trap {
        oid: first(OID_FIELDS),
        agent: first(AGENT_FIELDS),
        uptime: first(&["sysUpTime", "uptime"]),
        variables,
    };
    if trap.oid.is_empty() {
        trap.oid = of_version_1(body);
    }
    sort_out(trap)
}

/// The number that RFC 3584, 3.1, gives to a trap of version 1.
fn of_version_1(body: &Value) -> String {
    let number = |names: [&str; 2]| {
        names.iter().find_map(|name| json::field(body, name).parse::<u32>().ok())
    };
    let enterprise = json::field(body, "enterprise");
    match (number(["generic_trap", "genericTrap"]), number(["specific_trap", "specificTrap"])) {
        (Some(generic @ 0..=5), _) => format!("1.3.6.1.6.3.1.1.5.{}", generic + 1),
        (_, Some(specific)) if !enterprise.is_empty() => format!("{enterprise}.0.{specific}"),
        _ => String::new(),
    }
}

/// Host, transport, then a variable a line (snmptrapd.conf(5), traphandle).
fn from_lines(text: &str) -> Option<Trap> {
    let mut lines = text.lines();
    let (host, transport) = (lines.next()?.trim(), lines.next()?.trim());
    let variables: Vec<(String, String)> = lines
        .filter_map(|line| line.trim().split_once(char::is_whitespace))
        .map(|(name, value)| (name.to_owned(), value.trim().trim_matches('"').to_owned()))
        .collect();
    if variables.is_empty() {
        return None;
    }
    // `UDP: [192.0.2.7]:161->[192.0.2.1]:162`
    let address = transport.split_once('[').and_then(|(_, rest)| rest.split_once(']'));
    let agent = match (host, address) {
        ("" | "<UNKNOWN>", Some((address, _))) => address,
        (host, _) => host,
    };
    Some(sort_out(Trap { agent: agent.to_owned(), variables, ..Trap::default() }))
}

/// Takes what is said about the trap itself out of its variables.
fn sort_out(mut trap: Trap) -> Trap {
    let variables = std::mem::take(&mut trap.variables);
    for (name, value) in variables {
        let is = |names: &[&str]| names.iter().any(|known| is_column(&name, known));
        if is(&TRAP_OID) {
            trap.oid = value;
        } else if is(&UPTIME) {
            trap.uptime = value;
        } else if is(&AGENT) {
            // The one who forwards is not the one who speaks.
            if !value.is_empty() && value != "0.0.0.0" {
                trap.agent = value;
            }
        } else if !is(&COMMUNITY) {
            trap.variables.push((bare(&name).to_owned(), value));
        }
    }
    trap.oid = bare(&trap.oid).to_owned();
    trap
}

/// `IF-MIB::ifIndex.7` and `.1.3.6` without what stands in front.
fn bare(name: &str) -> &str {
    name.rsplit_once("::").map_or(name, |(_, name)| name).trim_start_matches('.')
}

fn is_column(name: &str, column: &str) -> bool {
    let rest = bare(name).strip_prefix(column);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

fn event(trap: Trap, at: usize, context: &Context, read: &mut Read) {
    if trap.oid.is_empty() {
        read.reject(at, "no `snmpTrapOID` says which trap it is");
        return;
    }
    let max = context.limits.label_value_bytes_max;
    let known = TRAPS.iter().find(|(oid, name, ..)| trap.oid == *oid || trap.oid == *name);
    let variable = |column: &str| {
        let number = COLUMNS.iter().find(|(_, name)| *name == column).map_or("", |(oid, _)| *oid);
        let fits = |name: &str| is_column(name, column) || is_column(name, number);
        let found = trap.variables.iter().find(|(name, _)| fits(name));
        found.map_or("", |(_, value)| value.as_str())
    };
    let index = match variable("ifIndex") {
        "" => trap.variables.first().map_or("", |(name, _)| instance(name)),
        index => index,
    };
    let interface = match variable("ifName") {
        "" => variable("ifDescr"),
        name => name,
    };
    let (name, condition) =
        known.map_or((trap.oid.as_str(), trap.oid.as_str()), |known| (known.1, known.2));
    let labels = Labels::new([
        ("alertname", clip(condition, max)),
        ("instance", clip(&trap.agent, max)),
        ("interface", clip(interface, max)),
        ("index", clip(index, max)),
        ("trap_oid", known.map_or(clip(&trap.oid, max), |known| known.0)),
    ]);
    let signal = known.map(|known| known.3);
    let mut draft = Draft { signal, labels, ..Draft::default() };
    // A port that somebody switched off is no fault.
    let by_hand = condition == "linkDown" && matches!(variable("ifAdminStatus"), "2" | "down");
    if draft.signal != Some(Signal::Resolved) {
        let severity = known.and_then(|known| known.4);
        draft.severity(context, "", severity.map(|it| if by_hand { Severity::Info } else { it }));
        if !PAIRED.contains(&condition) {
            draft.lease = Some(LEASE);
        }
    }
    let place = if interface.is_empty() { index } else { interface };
    let summary = format!("{name} {place}");
    let named = |name: &str| {
        let column = COLUMNS.iter().find(|(oid, _)| is_column(name, oid));
        column.map_or_else(|| name.to_owned(), |(_, column)| (*column).to_owned())
    };
    let limit = context.limits.annotation_value_bytes_max;
    let name_max = context.limits.label_name_bytes_max;
    let variables = trap.variables.iter().filter(|(name, _)| (1..=name_max).contains(&name.len()));
    let said = variables.take(VARIABLES_MAX).map(|(name, value)| (named(name), clip(value, limit)));
    draft.annotations = Labels::new(said)
        .with([("summary", summary.trim()), ("uptime", clip(&trap.uptime, limit))]);
    if trap.variables.len() > VARIABLES_MAX {
        draft.notes.push(format!("{} variables: {VARIABLES_MAX} are kept", trap.variables.len()));
    }
    draft.key = format!("{}/{condition}/{index}", trap.agent);
    draft.finish(at, context, read);
}

/// The last part of a number or name: which row of the table.
fn instance(name: &str) -> &str {
    let last = name.rsplit_once('.').map_or("", |(_, last)| last);
    if last.bytes().all(|byte| byte.is_ascii_digit()) { last } else { "" }
}

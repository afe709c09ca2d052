//! SNMP traps: datagrams of versions 1, 2c and 3, what snmptrapd hands to a program, or JSON.
//!
//! A trap is one moment. Of pairs such as linkDown and linkUp the second ends what the first began;
//! everything else ends when it has not been said again for a while.

mod engine;
mod known;
mod packet;
mod rule;
mod usm;

use serde_json::Value;

use super::Adapter;
use crate::domain::event::Signal;
use crate::domain::event::adapter::draft::Draft;
use crate::domain::event::adapter::{Context, Head, Read, Unreadable, clip, json};
use crate::domain::value::{Labels, Severity};

pub use engine::{Engine, Judged, Refusal};
pub use packet::{NoTrap, answer, community};
pub use rule::{Pick, Rules, TrapRule, cleared_with, condition, trap_number};
pub use usm::{Algorithm, User};

/// Variables of a trap that are kept.
const VARIABLES_MAX: usize = 40;

/// The trap whose port may have been switched off by hand.
const LINK_DOWN: &str = "1.3.6.1.6.3.1.1.5.3";

/// Variables about the trap itself.
const TRAP_OID: [&str; 2] = ["1.3.6.1.6.3.1.1.4.1", "snmpTrapOID"];
const UPTIME: [&str; 3] = ["1.3.6.1.2.1.1.3", "sysUpTimeInstance", "sysUpTime"];
const AGENT: [&str; 2] = ["1.3.6.1.6.3.18.1.3", "snmpTrapAddress"];
const COMMUNITY: [&str; 2] = ["1.3.6.1.6.3.18.1.4", "snmpTrapCommunity"];

/// Fields of JSON under the names that scripts give them; the first that is there counts.
const OID_FIELDS: &[&str] = &["snmpTrapOID", "trap_oid", "trapOID", "trapoid", "oid"];
const AGENT_FIELDS: &[&str] =
    &["agent_address", "agentAddress", "agent_addr", "agent", "source", "host", "hostname"];
const VARIABLE_FIELDS: &[&str] = &["varbinds", "variables", "vars", "fields"];

/// The name of Telegraf's metrics that are traps.
const TELEGRAF: &str = "snmp_trap";

/// Traps of snmptrapd.
pub const ADAPTER: Adapter = Adapter {
    name: "snmp",
    title: "SNMP traps",
    read: |body, context| read(&Rules::default(), body, context),
    fits,
};

fn fits(body: &Value, _: &Head) -> bool {
    let body = body.get(0).unwrap_or(body);
    let named = |names: &[&str]| json::has_any(body, names);
    named(&OID_FIELDS[..4]) && (named(VARIABLE_FIELDS) || named(AGENT_FIELDS))
        || flat(body).any(|(name, _)| is_trap_oid(name))
        || metrics(body).first().is_some_and(|trap| trap["name"] == TELEGRAF)
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
pub fn read(rules: &Rules, body: &[u8], context: &Context) -> Result<Read, Unreadable> {
    let mut read = Read::default();
    if matches!(body.trim_ascii_start().first(), Some(b'{' | b'[')) {
        let body = json::parse(body)?;
        let traps = metrics(&body);
        if traps.len() > context.limits.events_max {
            return Err(Unreadable::TooMany { max: context.limits.events_max });
        }
        for (at, trap) in traps.iter().enumerate() {
            event(rules, from_json(trap), at, context, &mut read);
        }
        if read.counted > 0 {
            read.note(None, format!("{} traps that are ignored: counted", read.counted));
        }
        return Ok(read);
    }
    let text = json::utf8(body);
    let trap = from_lines(&text).ok_or_else(|| {
        Unreadable::Json("neither JSON nor the lines of snmptrapd's traphandle".to_owned())
    })?;
    event(rules, trap, 0, context, &mut read);
    if read.counted > 0 {
        read.note(None, "a trap that is ignored: counted");
    }
    Ok(read)
}

/// Reads a datagram. `peer` is the host that it came from, which counts where it names none; `at`
/// its place among those that are read together.
///
/// # Errors
/// When it is no trap.
pub fn read_packet(
    rules: &Rules,
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
    event(rules, trap, at, context, read);
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
        _ => {
            flat(body).map(|(name, value)| (name.clone(), json::text(value).into_owned())).collect()
        }
    };
    let either = |first: String, pointers: &[&str]| {
        if first.is_empty() { json::first_of(body, pointers) } else { first }
    };
    let mut trap = Trap {
        oid: either(first(OID_FIELDS), &["/tags/oid"]),
        agent: either(first(AGENT_FIELDS), &["/tags/source", "/tags/host"]),
        uptime: first(&["sysUpTime", "uptime"]),
        variables,
    };
    if trap.oid.is_empty() {
        trap.oid = of_version_1(body);
    }
    sort_out(trap)
}

/// The traps of a body: one, an array, or what Telegraf writes in batches.
fn metrics(body: &Value) -> &[Value] {
    match body.as_array().or_else(|| body["metrics"].as_array()) {
        Some(traps) => traps,
        None => std::slice::from_ref(body),
    }
}

/// Members of a body that stand for variables by their names, as collectors of logs write them:
/// `IF-MIB::ifIndex.7`, `.1.3.6.1.2.1.2.2.1.1.7`.
fn flat(body: &Value) -> impl Iterator<Item = (&String, &Value)> {
    let members = body.as_object().into_iter().flatten();
    members.filter(|(name, _)| name.contains("::") || bare(name).starts_with("1.3.6.1."))
}

fn is_trap_oid(name: &str) -> bool {
    TRAP_OID.iter().any(|known| is_column(name, known))
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
    known::row(name, column).is_some()
}

fn event(rules: &Rules, trap: Trap, at: usize, context: &Context, read: &mut Read) {
    if trap.oid.is_empty() {
        read.reject(at, "no `snmpTrapOID` says which trap it is");
        return;
    }
    let meaning = rules.meaning(&trap.oid);
    if meaning.ignore {
        read.counted += 1;
        return;
    }
    let max = context.limits.label_value_bytes_max;
    let mut draft = Draft { signal: meaning.signal, ..Draft::default() };
    let variable = |column: &str| rule::value(&trap.variables, column);
    let index = if meaning.index.is_empty() {
        match variable("ifIndex") {
            "" => trap.variables.first().map_or("", |(name, _)| known::row_of(name)).to_owned(),
            index => index.to_owned(),
        }
    } else {
        let parts = meaning.index.iter().map(|pick| pick.of(&trap.variables));
        let parts: Vec<&str> = parts.filter(|part| !part.is_empty()).collect();
        if parts.len() < meaning.index.len() {
            draft.notes.push("a variable of `index` is not in this trap".to_owned());
        }
        parts.join("/")
    };
    let interface = match variable("ifName") {
        "" => variable("ifDescr"),
        name => name,
    };
    draft.labels = Labels::new([
        ("alertname", clip(meaning.condition, max)),
        ("instance", clip(&trap.agent, max)),
        ("interface", clip(interface, max)),
        ("index", clip(&index, max)),
        ("trap_oid", clip(meaning.number, max)),
    ]);
    let own = meaning.labels.iter().map(|(name, pick)| (name.as_str(), pick.of(&trap.variables)));
    let own = own.filter(|(_, value)| !value.is_empty()).map(|(name, it)| (name, clip(it, max)));
    draft.labels = draft.labels.with(own);
    if draft.signal != Some(Signal::Resolved) {
        // A port that somebody switched off is no fault.
        let by_hand =
            meaning.number == LINK_DOWN && matches!(variable("ifAdminStatus"), "2" | "down");
        let usual = if by_hand { Some(Severity::Info) } else { meaning.severity };
        draft.severity(context, "", meaning.said.or(usual));
        draft.lease = meaning.lease;
    }
    let place = if interface.is_empty() { &index } else { interface };
    let summary = format!("{} {place}", meaning.name);
    let named = |name: &str| known::column(name).unwrap_or(name).to_owned();
    let limit = context.limits.annotation_value_bytes_max;
    let name_max = context.limits.label_name_bytes_max;
    let variables = trap.variables.iter().filter(|(name, _)| (1..=name_max).contains(&name.len()));
    let said = variables.take(VARIABLES_MAX).map(|(name, value)| (named(name), clip(value, limit)));
    draft.annotations = Labels::new(said)
        .with([("summary", summary.trim()), ("uptime", clip(&trap.uptime, limit))]);
    if trap.variables.len() > VARIABLES_MAX {
        draft.notes.push(format!("{} variables: {VARIABLES_MAX} are kept", trap.variables.len()));
    }
    draft.key = format!("{}/{}/{index}", trap.agent, meaning.condition);
    draft.finish(at, context, read);
}

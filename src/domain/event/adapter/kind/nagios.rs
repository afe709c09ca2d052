//! Nagios and what came of it: the words of a notification script, which Icinga 2 and Checkmk
//! share.
//!
//! A notification is about a host, or about a service on a host; `host` or `host!service` is the
//! key. The type says what happened, the state how bad it is. Only hard states count: a soft one is
//! a check that is still being repeated. Who acknowledges or plans a downtime says something
//! about the alert, not whether it holds.

use serde_json::Value;

use super::Adapter;
use crate::domain::event::adapter::draft::Draft;
use crate::domain::event::adapter::fields::{self, Fields, plain};
use crate::domain::event::adapter::said::Words;
use crate::domain::event::adapter::{Context, Head, Read, Unreadable, json};
use crate::domain::event::{Saying, Signal};
use crate::domain::value::{Severity, Timestamp};

/// Nagios, Naemon, Shinken, Centreon.
pub const ADAPTER: Adapter =
    Adapter { name: "nagios", title: "Nagios, Naemon, Centreon", read, fits };

/// The field in which a notification for a service differs from one for its host comes first:
/// Nagios fills in the host's macros for both.
const HOST: &[&str] = &[
    "hostname",
    "host",
    "downtimehostname",
    "commenthostname",
    "acknowledgementhostname",
    "hostdisplayname",
    "hostalias",
];
const SERVICE: &[&str] = &[
    "servicedesc",
    "servicedescription",
    "servicename",
    "service",
    "downtimeservicename",
    "commentservicename",
    "acknowledgementservicename",
];
const TYPE: &[&str] = &["notificationtype", "type"];
const WHAT: &[&str] = &["what", "notifywhat"];
const HOST_STATE: &[&str] = &["hoststate", "state", "status", "checkresultstate", "hoststateid"];
const SERVICE_STATE: &[&str] =
    &["servicestate", "state", "status", "checkresultstate", "servicestateid"];
const HOST_STATE_TYPE: &[&str] =
    &["hoststatetype", "statetype", "checkresultstatetype", "checkresultvarsafterstatetype"];
const SERVICE_STATE_TYPE: &[&str] =
    &["servicestatetype", "statetype", "checkresultstatetype", "checkresultvarsafterstatetype"];
const HOST_OUTPUT: &[&str] = &["hostoutput", "output", "checkresultoutput", "message"];
const SERVICE_OUTPUT: &[&str] = &["serviceoutput", "output", "checkresultoutput", "message"];
const HOST_LONG: &[&str] = &["longhostoutput", "hostlongoutput", "longoutput"];
const SERVICE_LONG: &[&str] = &["longserviceoutput", "servicelongoutput", "longoutput"];
const AUTHOR: &[&str] = &[
    "notificationauthoralias",
    "notificationauthorname",
    "notificationauthor",
    "author",
    "downtimeauthor",
    "commentauthor",
    "serviceackauthor",
    "hostackauthor",
];
const COMMENT: &[&str] = &[
    "notificationcomment",
    "comment",
    "downtimecomment",
    "commenttext",
    "text",
    "serviceackcomment",
    "hostackcomment",
];
const HOST_SINCE: &[&str] = &["lasthoststatechange", "hostlaststatechange", "laststatechange"];
const SERVICE_SINCE: &[&str] =
    &["lastservicestatechange", "servicelaststatechange", "laststatechange"];
/// Seconds since 1970.
const AT: &[&str] = &["timet", "timestamp", "time", "checkresultexecutionend"];
/// Dates in words.
const AT_LOCAL: &[&str] = &["longdatetime", "shortdatetime", "datetime"];
const HOST_URL: &[&str] =
    &["hosturl", "url", "hostactionurl", "actionurl", "hostnotesurl", "notesurl"];
const SERVICE_URL: &[&str] =
    &["serviceurl", "url", "serviceactionurl", "actionurl", "servicenotesurl", "notesurl"];

/// Annotations and the fields they come from.
const ANNOTATIONS: &[(&str, &[&str])] = &[
    ("address", &["hostaddress", "address", "hostaddress6", "address6"]),
    ("host_alias", &["hostdisplayname", "hostalias", "alias"]),
    ("service_alias", &["servicedisplayname"]),
    ("host_groups", &["hostgroupnames", "hostgroups", "hostgroup"]),
    ("service_groups", &["servicegroupnames", "servicegroups", "servicegroup"]),
    ("attempt", &["serviceattempt", "hostattempt", "attempt", "checkattempt"]),
    ("check_command", &["servicecheckcommand", "hostcheckcommand", "checkcommand"]),
    ("notes", &["servicenotes", "hostnotes", "notes"]),
    ("perfdata", &["serviceperfdata", "hostperfdata", "perfdata"]),
    ("change", &["event"]),
];

/// What it is called when the host itself is meant.
const HOST_ALERTNAME: &str = "Host state";

/// What a type of notification says.
#[derive(Clone, Copy)]
enum Meaning {
    Problem,
    Recovery,
    /// Nothing about whether the condition holds; the state does.
    State,
    Said(Saying),
    /// Nothing that concerns anybody here.
    Nothing,
}

/// Types of notifications, of Icinga 2's event stream too.
const TYPES: &[(&str, Meaning)] = &[
    ("problem", Meaning::Problem),
    ("recovery", Meaning::Recovery),
    ("", Meaning::State),
    ("statechange", Meaning::State),
    ("checkresult", Meaning::State),
    ("notification", Meaning::State),
    ("acknowledgement", Meaning::Said(Saying::Acknowledged)),
    ("acknowledgementset", Meaning::Said(Saying::Acknowledged)),
    ("acknowledgementcleared", Meaning::Said(Saying::Unacknowledged)),
    ("downtime", Meaning::Said(Saying::Suppressed)),
    ("downtimestart", Meaning::Said(Saying::Suppressed)),
    ("downtimestarted", Meaning::Said(Saying::Suppressed)),
    ("downtimetriggered", Meaning::Said(Saying::Suppressed)),
    ("downtimeend", Meaning::Said(Saying::Unsuppressed)),
    ("downtimestop", Meaning::Said(Saying::Unsuppressed)),
    ("downtimecancelled", Meaning::Said(Saying::Unsuppressed)),
    ("downtimeremoved", Meaning::Said(Saying::Unsuppressed)),
    ("downtimeadded", Meaning::Said(Saying::Noted)),
    ("alerthandler", Meaning::Nothing),
    ("flapping", Meaning::Said(Saying::Noted)),
    ("flappingstart", Meaning::Said(Saying::Noted)),
    ("flappingstop", Meaning::Said(Saying::Noted)),
    ("flappingend", Meaning::Said(Saying::Noted)),
    ("flappingdisabled", Meaning::Said(Saying::Noted)),
    ("custom", Meaning::Said(Saying::Noted)),
    ("commentadded", Meaning::Said(Saying::Noted)),
    ("commentremoved", Meaning::Nothing),
    ("objectcreated", Meaning::Nothing),
    ("objectmodified", Meaning::Nothing),
    ("objectdeleted", Meaning::Nothing),
];

/// States: whether the condition holds, and how bad it is.
const STATES: &[(&str, Signal, Option<Severity>)] = &[
    ("ok", Signal::Resolved, None),
    ("up", Signal::Resolved, None),
    ("warning", Signal::Firing, Some(Severity::Warning)),
    ("warn", Signal::Firing, Some(Severity::Warning)),
    ("critical", Signal::Firing, Some(Severity::Critical)),
    ("crit", Signal::Firing, Some(Severity::Critical)),
    ("unknown", Signal::Firing, Some(Severity::Unknown)),
    ("unkn", Signal::Firing, Some(Severity::Unknown)),
    ("down", Signal::Firing, Some(Severity::Critical)),
    ("unreachable", Signal::Firing, Some(Severity::High)),
    ("unreach", Signal::Firing, Some(Severity::High)),
];
/// The states of plugins as numbers.
const SERVICE_NUMBERS: [&str; 4] = ["OK", "WARNING", "CRITICAL", "UNKNOWN"];
const HOST_NUMBERS: [&str; 3] = ["UP", "DOWN", "UNREACHABLE"];

/// A clock that counts microseconds since 1970 is beyond this.
const MICROSECONDS_MIN: i64 = 100_000_000_000_000;

/// Types of notifications, as scripts for them hand them over.
const NOTIFIED: [&str; 10] = [
    "PROBLEM",
    "RECOVERY",
    "ACKNOWLEDGEMENT",
    "CUSTOM",
    "FLAPPINGSTART",
    "FLAPPINGSTOP",
    "FLAPPINGEND",
    "DOWNTIMESTART",
    "DOWNTIMEEND",
    "DOWNTIMEREMOVED",
];

fn fits(body: &Value, _: &Head) -> bool {
    let body = body.get(0).unwrap_or(body);
    let Some(object) = body.as_object() else { return false };
    let names: Vec<String> = object.keys().map(|name| plain(name)).collect();
    let has = |name: &str| names.iter().any(|other| other == name);
    object.keys().any(|name| name.starts_with("NAGIOS_"))
        || (has("notificationtype") && (has("hostname") || has("host")) && !has("checkresult"))
        || (has("statetype") && has("state") && (has("hostname") || has("host")))
        || (NOTIFIED.contains(&json::field(body, "type").as_ref())
            && (has("hostname") || has("host"))
            && (has("state") || has("hoststate") || has("servicestate") || has("output")))
}

/// Reads what a notification script sent: JSON, a form or a query.
///
/// # Errors
/// When the body is none of them.
pub fn read(body: &[u8], context: &Context) -> Result<Read, Unreadable> {
    let mut read = Read::default();
    for (at, fields) in Fields::each(body, context)?.into_iter().enumerate() {
        // The id that our script gives a notification stays the same when it has to try again.
        if let delivery @ [_, ..] = fields.get(&["delivery"]).as_bytes() {
            read.delivery = String::from_utf8_lossy(delivery).into();
        }
        one(at, &fields, context, &mut read);
    }
    Ok(read)
}

/// What a notification for a service says under other names than one for a host.
struct Scope<'a> {
    fields: &'a Fields,
    service: &'a str,
}

impl<'a> Scope<'a> {
    fn get(&self, host: &'static [&'static str], service: &'static [&'static str]) -> &'a str {
        self.fields.get(if self.service.is_empty() { host } else { service })
    }

    /// The state's word; a number means what plugins mean by it.
    fn state(&self) -> &'a str {
        let raw = self.get(HOST_STATE, SERVICE_STATE);
        let numbers: &[&'static str] =
            if self.service.is_empty() { &HOST_NUMBERS } else { &SERVICE_NUMBERS };
        let whole = raw.strip_suffix(".0").unwrap_or(raw);
        let number = whole.parse().ok().and_then(|number: usize| numbers.get(number));
        number.copied().unwrap_or(raw)
    }

    fn is_soft(&self) -> bool {
        let word = self.get(HOST_STATE_TYPE, SERVICE_STATE_TYPE);
        word.eq_ignore_ascii_case("soft") || ["0", "0.0"].contains(&word)
    }
}

fn one(at: usize, fields: &Fields, context: &Context, read: &mut Read) {
    let host = fields.get(HOST);
    let object = fields.get(&["objectname"]);
    if host.is_empty() && !object.is_empty() {
        read.note(at, format!("`{}` of {object} says nothing of a condition", fields.get(TYPE)));
        return;
    }
    if host.is_empty() {
        read.reject(at, "no field says which host it is, such as `host` or `NAGIOS_HOSTNAME`");
        return;
    }
    let of_host = fields.get(WHAT).eq_ignore_ascii_case("host");
    let scope = Scope { fields, service: if of_host { "" } else { fields.get(SERVICE) } };
    let mut draft = Draft::default();
    identify(&mut draft, host, &scope, context);
    let word = fields.get(TYPE);
    // Checkmk adds the outcome of an alert handler in brackets.
    let meaning = plain(word.split('(').next().unwrap_or_default());
    let known = TYPES.iter().find(|(name, _)| *name == meaning).map(|(_, meaning)| *meaning);
    let state = scope.state();
    let found = STATES.iter().find(|(name, ..)| name.eq_ignore_ascii_case(state));
    let meaning = known.unwrap_or_else(|| {
        draft.notes.push(format!("unknown type `{word}`: the state counts"));
        Meaning::State
    });
    match meaning {
        Meaning::Said(saying) => {
            let words = Words { author: fields.get(AUTHOR), text: fields.get(COMMENT) };
            let text = said(saying, (word, fields.get(&["isflapping"])), &words);
            let words = Words { text: &text, ..words };
            draft.remark(saying, words, (at, context), read);
            return;
        }
        Meaning::Nothing => {
            read.note(at, format!("`{word}` of {} says nothing of a condition", draft.key));
            return;
        }
        _ if scope.is_soft() => {
            let what = format!("{} is {state}, a soft state: the check is repeated", draft.key);
            read.note(at, what);
            return;
        }
        Meaning::Problem => {
            draft.signal = Some(Signal::Firing);
            if found.is_some_and(|(_, signal, _)| *signal == Signal::Resolved) {
                draft.notes.push(format!("a problem whose state is `{state}`: taken as firing"));
            }
        }
        Meaning::Recovery => draft.signal = Some(Signal::Resolved),
        Meaning::State if state.eq_ignore_ascii_case("pending") => {
            read.note(at, format!("{} is pending: it has not been checked", draft.key));
            return;
        }
        Meaning::State => {
            draft.signal = found.map(|(_, signal, _)| *signal);
            if found.is_none() {
                draft.notes.push(format!("unknown state `{state}`: taken as firing"));
            }
        }
    }
    times(&mut draft, &scope, context);
    describe(&mut draft, host, &scope, context);
    if draft.signal != Some(Signal::Resolved) {
        // The word for what is well is no word for a severity.
        let bad = found.is_none_or(|(_, signal, _)| *signal == Signal::Firing);
        let word = if bad { state } else { "" };
        draft.severity(context, word, found.and_then(|(.., severity)| *severity));
    }
    let holds = draft.signal != Some(Signal::Resolved);
    let about = Draft { key: draft.key.clone(), labels: draft.labels.clone(), ..Draft::default() };
    draft.finish(at, context, read);
    // The event stream tells of every change, whether or not anybody is to be told.
    let depth = fields.get(&["downtimedepth"]);
    if holds && !["", "0", "0.0"].contains(&depth) {
        let words = Words { text: "in a downtime", ..Words::default() };
        about.remark(Saying::Suppressed, words, (at, context), read);
    }
}

fn identify(draft: &mut Draft, host: &str, scope: &Scope, context: &Context) {
    let name = if scope.service.is_empty() { HOST_ALERTNAME } else { scope.service };
    let labels = [
        ("alertname", name),
        ("instance", host),
        ("service", scope.service),
        ("site", scope.fields.get(&["omdsite", "site"])),
        ("environment", scope.fields.get(&["environment", "hostvarsenvironment"])),
    ];
    draft.labels = fields::labels(context, labels);
    draft.key = match scope.service {
        "" => host.to_owned(),
        service => format!("{host}!{service}"),
    };
}

/// A remark that comes without words says at least what it is about.
fn said(saying: Saying, (word, flaps): (&str, &str), words: &Words) -> String {
    if words.text.is_empty() && saying == Saying::Noted && !flaps.is_empty() {
        return if flaps == "true" { "flapping began" } else { "flapping ended" }.to_owned();
    }
    if words.text.is_empty() && saying == Saying::Noted {
        return word.to_owned();
    }
    words.text.to_owned()
}

fn times(draft: &mut Draft, scope: &Scope, context: &Context) {
    let since = scope.get(HOST_SINCE, SERVICE_SINCE);
    let [since, at] = [since, scope.fields.get(AT)].map(seconds);
    let micro = scope.fields.get(&["microtime"]).parse().ok();
    let micro = micro.filter(|us| *us > MICROSECONDS_MIN).map(|us: i64| Timestamp(us / 1_000));
    let at = at.or(micro).or_else(|| {
        let local = scope.fields.get(AT_LOCAL);
        // Dates in words are of use only where they are written as numbers.
        let numbers = local.starts_with(|c: char| c.is_ascii_digit());
        if since.is_some() || !numbers { None } else { draft.local("the time", local, context) }
    });
    match draft.signal {
        Some(Signal::Resolved) => draft.ends_at = at,
        _ => draft.starts_at = since.or(at),
    }
}

fn seconds(text: &str) -> Option<Timestamp> {
    let seconds: f64 = text.parse().ok()?;
    json::instant(&Value::from(seconds)).ok().flatten()
}

fn describe(draft: &mut Draft, host: &str, scope: &Scope, context: &Context) {
    let output = scope.get(HOST_OUTPUT, SERVICE_OUTPUT);
    let subject = match scope.service {
        "" => host.to_owned(),
        service => format!("{service} on {host}"),
    };
    let summary = match (scope.state(), output) {
        ("", "") => subject,
        ("", output) => format!("{subject}: {output}"),
        (state, "") => format!("{subject} is {state}"),
        (state, output) => format!("{subject} is {state}: {output}"),
    };
    let long = scope.get(HOST_LONG, SERVICE_LONG);
    let description = if long.is_empty() { output } else { long };
    let comment = ("comment", scope.fields.get(COMMENT));
    let author = ("author", scope.fields.get(AUTHOR));
    let said = [("summary", summary.as_str()), ("description", description), comment, author];
    // Checkmk names the page without the server that it is on.
    let url = scope.get(HOST_URL, SERVICE_URL);
    let (url, page) = if url.starts_with('/') { ("", url) } else { (url, "") };
    let said = said.into_iter().chain(scope.fields.pick(ANNOTATIONS)).chain([("page", page)]);
    draft.annotations =
        fields::annotations(context, said.map(|(name, value)| (name, value.into())));
    url.clone_into(&mut draft.url);
}

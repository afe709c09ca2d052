//! Zabbix: the macros that a webhook media type hands over, as JSON or a form.
//!
//! `{EVENT.ID}` is the key: a recovery and every update bring the id of the problem they belong to.
//! An update of a problem says what a person did; only where it changes the severity, or what was
//! done is not known here, it speaks of the condition too. Macros that Zabbix could not fill in
//! arrive as they stand, or as `*UNKNOWN*`; where a media type hands over none, the texts of Zabbix'
//! own templates say the same. Dates are in the zone of the server or of the user;
//! `{EVENT.TIMESTAMP}` (Zabbix 7) is not.

mod message;

use serde_json::Value;

use super::Adapter;
use crate::domain::event::adapter::draft::Draft;
use crate::domain::event::adapter::fields::{self, Fields, plain};
use crate::domain::event::adapter::said::Words;
use crate::domain::event::adapter::{Context, Head, Read, Unreadable, json};
use crate::domain::event::{Saying, Signal};
use crate::domain::value::{Labels, Severity, Span};

/// Zabbix.
pub const ADAPTER: Adapter = Adapter { name: "zabbix", title: "Zabbix", read, fits };

const ID: &[&str] = &["eventid", "problemid", "eventproblemid", "alertid", "id"];
const SOURCE: &[&str] = &["eventsource", "source"];
const VALUE: &[&str] =
    &["eventvalue", "triggervalue", "eventstatus", "triggerstatus", "status", "value"];
const RECOVERED: &[&str] = &[
    "eventrecoveryid",
    "eventrecoveryvalue",
    "eventrecoverystatus",
    "eventrecoverytimestamp",
    "eventrecoverydate",
    "recoverystatus",
    "recoverytime",
];
const NAME: &[&str] = &[
    "eventname",
    "triggername",
    "name",
    "trigger",
    "alertname",
    "servicename",
    "alertsubject",
    "subject",
    "title",
];
const HOST: &[&str] =
    &["hostname", "hosthost", "host", "labelshost", "hostconn", "hostip", "hostid", "service"];
const SERVICE: &[&str] = &["servicename", "service", "labelsservice"];
const ENVIRONMENT: &[&str] = &["environment", "env", "labelsenvironment", "labelsenv"];
const TRIGGER: &[&str] = &["triggerid"];
const SEVERITY_NUMBER: &[&str] =
    &["eventupdatenseverity", "eventnseverity", "triggernseverity", "nseverity"];
const SEVERITY: &[&str] = &[
    "eventupdateseverity",
    "eventseverity",
    "triggerseverity",
    "triggerseveritytext",
    "severity",
    "priority",
];
const TAGS: &[&str] = &["eventtagsjson", "eventtags", "triggertags", "tags"];
const AUTHOR: &[&str] =
    &["eventupdateuser", "userfullname", "userusername", "useralias", "author", "user"];
const WORDS: &[&str] = &["eventupdatemessage", "updatemessage", "acknowledgemessage"];
const ACTION: &[&str] = &["eventupdateaction", "updateaction"];
const DEVICE: &[&str] = &["discoverydeviceipaddress", "discoverydevicedns"];
const DEVICE_STATUS: &[&str] = &["discoveryservicestatus", "discoverydevicestatus"];
const ANNOTATIONS: &[(&str, &[&str])] = &[
    ("description", &["alertmessage", "triggerdescription", "message", "eventopdata"]),
    ("trigger_description", &["triggerdescription"]),
    ("operational_data", &["eventopdata", "opdata"]),
    ("host_groups", &["hostgroups", "triggerhostgroupname", "hostgroup"]),
    ("host_ip", &["hostip", "hostconn"]),
    ("host_description", &["hostdescription"]),
    ("item", &["itemname", "itemname1"]),
    ("value", &["itemlastvalue", "itemvalue"]),
    ("age", &["eventage"]),
    ("duration", &["eventduration"]),
    ("monitoring_source", &["monitoringsource"]),
];

/// Words for the status.
const VALUES: &[(&str, Signal)] = &[
    ("1", Signal::Firing),
    ("problem", Signal::Firing),
    ("0", Signal::Resolved),
    ("ok", Signal::Resolved),
    ("resolved", Signal::Resolved),
    ("recovery", Signal::Resolved),
    ("recovered", Signal::Resolved),
    ("closed", Signal::Resolved),
    ("up", Signal::Resolved),
    ("firing", Signal::Firing),
    ("open", Signal::Firing),
    ("active", Signal::Firing),
    ("down", Signal::Firing),
];

/// Severities of triggers by number, and the names they have until somebody renames them. *Not
/// classified* is what nobody has yet judged; Zabbix itself ranks it below *Information*.
const SEVERITIES: [(&str, &str, Severity); 6] = [
    ("0", "Not classified", Severity::Info),
    ("1", "Information", Severity::Info),
    ("2", "Warning", Severity::Warning),
    ("3", "Average", Severity::Warning),
    ("4", "High", Severity::High),
    ("5", "Disaster", Severity::Critical),
];

/// Where the time is: as a number, as a date, and as a time of day.
const PROBLEM_TIMES: [&[&str]; 3] =
    [&["eventtimestamp", "timestamp"], &["eventdate", "date"], &["eventtime", "time"]];
const RECOVERY_TIMES: [&[&str]; 3] = [
    &["eventrecoverytimestamp"],
    &["eventrecoverydate", "eventrdate", "recoverydate"],
    &["eventrecoverytime", "eventrtime", "recoverytime"],
];
/// `2026.03.01`.
const DATE_BYTES: usize = 10;

/// What an update did, by the beginning of Zabbix's words for it.
const ACTIONS: &[(&str, Saying)] = &[
    ("acknowledged", Saying::Acknowledged),
    ("unacknowledged", Saying::Unacknowledged),
    ("suppressed", Saying::Suppressed),
    ("unsuppressed", Saying::Unsuppressed),
    ("closed", Saying::Noted),
    ("commented", Saying::Noted),
    ("changed rank", Saying::Noted),
    ("changed severity", Saying::Noted),
];
const SEVERITY_CHANGE: &str = "changed severity";

/// Tags that have a name of ours.
const TAG_NAMES: &[(&str, &str)] =
    &[("service", "service"), ("environment", "environment"), ("env", "environment")];

/// What a discovery or an autoregistration reports is worth a look for so long; nothing ends it.
const NEWS_LEASE: Span = Span::hours(1);

/// Fields that media types hand over beside the number of the event.
const BESIDE_ID: [&str; 8] = [
    "eventvalue",
    "eventnseverity",
    "eventupdatestatus",
    "eventackstatus",
    "eventrecoveryvalue",
    "eventtagsjson",
    "triggerid",
    "triggername",
];

fn fits(body: &Value, _: &Head) -> bool {
    let body = body.get(0).unwrap_or(body);
    let Some(object) = body.as_object() else { return false };
    // Others have names in words: `Event ID`.
    let names = object.keys().filter(|name| !name.contains(' '));
    let names: Vec<String> = names.map(|name| plain(name)).collect();
    let has = |name: &str| names.iter().any(|other| other == name);
    let words = ["status", "eventstatus", "triggerstatus"];
    let word = object.iter().find(|(name, _)| words.contains(&plain(name).as_str()));
    let word = word.map_or("".into(), |(_, word)| json::text(word));
    let known = VALUES.iter().any(|(known, _)| known.eq_ignore_ascii_case(&word));
    let nested = |name: &str| body[name].is_object();
    (has("eventid") && BESIDE_ID.iter().copied().any(has))
        || (has("triggerid") && (has("lastreceived") || known && (has("hostname") || has("name"))))
        || (nested("event")
            && nested("trigger")
            && nested("host")
            && body["event"]["id"].is_string())
        || json::field(body, "source").eq_ignore_ascii_case("zabbix")
        || message::is_told(body)
}

/// Reads what a media type handed over.
///
/// # Errors
/// When the body is no JSON object, form or query.
pub fn read(body: &[u8], context: &Context) -> Result<Read, Unreadable> {
    let mut read = Read::default();
    for (at, fields) in Fields::each(body, context)?.into_iter().enumerate() {
        let mut fields = fields.without(|value| value.trim_matches('*') == "UNKNOWN");
        message::fill_in(&mut fields);
        one(at, &fields, context, &mut read);
    }
    Ok(read)
}

fn one(at: usize, fields: &Fields, context: &Context, read: &mut Read) {
    let (source, id, name) = (fields.get(SOURCE), fields.get(ID), fields.get(NAME));
    if id.is_empty() && name.is_empty() && fields.get(DEVICE).is_empty() {
        if fields.is_empty() || !fields.get(&["alertmessage", "message"]).is_empty() {
            read.note(at, "no macro is filled in: a test of the media type");
        } else {
            read.reject(at, "neither `event_id` nor `event_name` says which problem it is");
        }
        return;
    }
    // Where a media type leaves the status out: only an update has an action.
    let updated = match fields.get(&["eventupdatestatus"]) {
        "" => !fields.get(ACTION).is_empty(),
        status => status == "1",
    };
    if updated && id.is_empty() && fields.get(TRIGGER).is_empty() {
        read.note(at, format!("an update of `{name}` that does not say which problem it is"));
        return;
    }
    let mut draft = Draft { key: key(fields), ..Draft::default() };
    let value = fields.get(VALUE);
    let known = VALUES.iter().find(|(word, _)| word.eq_ignore_ascii_case(value));
    draft.signal = known.map(|(_, signal)| *signal);
    // Only a recovery knows when it was.
    if value.is_empty() && !fields.get(RECOVERED).is_empty() {
        draft.signal = Some(Signal::Resolved);
    }
    describe(&mut draft, fields, context);
    match source {
        "1" | "2" if known.is_none() => return news(draft, (at, source), fields, context, read),
        // An item or a rule that stopped working says so without a severity.
        "3" => draft.severity(context, fields.get(SEVERITY), Some(Severity::Warning)),
        _ => severity(&mut draft, fields, context),
    }
    times(&mut draft, fields, context);
    if updated && updates(&mut draft, fields, (at, context), read) {
        return;
    }
    if draft.signal.is_none() {
        draft.notes.push(format!("unknown event value `{value}`: taken as firing"));
    }
    draft.finish(at, context, read);
}

/// The problem's id; where a media type does not send it, the trigger on its host.
fn key(fields: &Fields) -> String {
    let (host, trigger) = (fields.get(HOST), fields.get(TRIGGER));
    match (fields.get(ID), trigger) {
        ("", "") => format!("{host}/{}", fields.get(NAME)),
        ("", trigger) => format!("{host}/{trigger}"),
        (id, _) => id.to_owned(),
    }
}

fn severity(draft: &mut Draft, fields: &Fields, context: &Context) {
    let (number, word) = (fields.get(SEVERITY_NUMBER), fields.get(SEVERITY));
    let by_number = SEVERITIES.iter().find(|(known, ..)| *known == number);
    let by_word = || SEVERITIES.iter().find(|(_, known, _)| known.eq_ignore_ascii_case(word));
    // A media type may hand over the number where the word is expected.
    let either = || SEVERITIES.iter().find(|(known, ..)| *known == word);
    let meaning = by_number.or_else(by_word).or_else(either).map(|(.., severity)| *severity);
    let word = if word.is_empty() { by_number.map_or(number, |(_, word, _)| word) } else { word };
    draft.severity(context, word, meaning);
}

fn times(draft: &mut Draft, fields: &Fields, context: &Context) {
    let resolved = draft.signal == Some(Signal::Resolved);
    let [stamp, date, time] = if resolved { RECOVERY_TIMES } else { PROBLEM_TIMES };
    let [stamp, date, time] = [stamp, date, time].map(|names| fields.get(names));
    let at = if stamp.is_empty() {
        // One field may hold both.
        let local = match (date, time) {
            ("", both) if both.len() > DATE_BYTES => both.to_owned(),
            ("", _) => String::new(),
            (both, _) if both.len() > DATE_BYTES => both.to_owned(),
            (date, time) => format!("{date} {time}"),
        };
        draft.local("the time of the event", &local, context)
    } else {
        draft.instant("the time of the event", Some(&Value::from(stamp)))
    };
    if resolved {
        draft.ends_at = at;
    } else {
        draft.starts_at = at;
    }
}

/// What people did. Tells whether that is all there is to say.
fn updates(
    draft: &mut Draft,
    fields: &Fields,
    (at, context): (usize, &Context),
    read: &mut Read,
) -> bool {
    let action = fields.get(ACTION);
    let words = Words { author: fields.get(AUTHOR), text: fields.get(WORDS) };
    let lower = action.to_lowercase();
    // A comment may stand in quotes within the action, with whatever somebody wrote in it.
    let told = lower.find('"').map_or(lower.as_str(), |quote| &lower[..quote]);
    let mut done = Vec::new();
    for word in told.split([',', ';']).flat_map(|part| part.split(" and ")) {
        let found = ACTIONS.iter().find(|(known, _)| word.trim_start().starts_with(known));
        done.extend(found.map(|(_, saying)| *saying));
    }
    if done.is_empty() && fields.get(&["eventackstatus"]).eq_ignore_ascii_case("yes") {
        done.push(Saying::Acknowledged);
    }
    // One note for all that is no more than noted.
    let noted = done.iter().filter(|saying| **saying == Saying::Noted).count();
    if noted < done.len() {
        done.retain(|saying| *saying != Saying::Noted);
    } else {
        done.truncate(1);
    }
    // A comment is in the action already where that says more than that there is one.
    let text = if words.text.is_empty() || action.contains(words.text) {
        action.to_owned()
    } else {
        format!("{action}: {}", words.text)
    };
    let notes = std::mem::take(&mut draft.notes);
    for saying in &done {
        draft.remark(*saying, Words { text: &text, ..words }, (at, context), read);
    }
    draft.notes = notes;
    if done.is_empty() {
        draft.notes.push(format!("unknown update `{action}`: the event value counts"));
    }
    !done.is_empty() && !told.contains(SEVERITY_CHANGE)
}

fn describe(draft: &mut Draft, fields: &Fields, context: &Context) {
    let host = match fields.get(HOST) {
        "" => fields.get(DEVICE),
        host => host,
    };
    let name = fields.get(NAME);
    let tags = tags(fields.get(TAGS));
    let named = tags.iter().map(|(name, value)| {
        let ours = TAG_NAMES.iter().find(|(theirs, _)| theirs.eq_ignore_ascii_case(name));
        (ours.map_or(name, |(_, ours)| *ours), value)
    });
    let said = [("service", fields.get(SERVICE)), ("environment", fields.get(ENVIRONMENT))];
    let labels = [("alertname", name), ("instance", host), ("trigger_id", fields.get(TRIGGER))];
    let full = |(_, value): &(&str, &str)| !value.is_empty();
    let (said, labels) = (said.into_iter().filter(full), labels.into_iter().filter(full));
    // What a tag says counts more than a field of another name.
    draft.labels = fields::labels(context, said.chain(named).chain(labels));
    let subject = fields.get(&["alertsubject", "subject", "title"]);
    let told = if host.is_empty() { name.to_owned() } else { format!("{name} on {host}") };
    let summary = if subject.is_empty() { told } else { subject.to_owned() };
    let texts = fields.pick(ANNOTATIONS).map(|(name, value)| (name, value.into()));
    draft.annotations = fields::annotations(context, texts.chain([("summary", summary.into())]));
    draft.url = url(fields);
}

/// The page of the event, if the media type knows where Zabbix is.
fn url(fields: &Fields) -> String {
    let (base, trigger, id) = (fields.get(&["zabbixurl"]), fields.get(TRIGGER), fields.get(ID));
    let own = fields.get(&["eventurl", "eventlink", "problemurl", "link", "alerturl", "url"]);
    // The form for a new media type names the receiver `URL`, beside `To`.
    if !own.is_empty() && fields.get(&["to"]).is_empty() {
        return own.to_owned();
    }
    if !base.starts_with("http") || trigger.is_empty() || id.is_empty() {
        return fields.get(&["triggerurl"]).to_owned();
    }
    let base = base.trim_end_matches('/');
    format!("{base}/tr_events.php?triggerid={trigger}&eventid={id}")
}

/// Tags are JSON, or `name:value, name:value`. Of one name there may be several.
fn tags(text: &str) -> Labels {
    let array = if text.starts_with('{') { format!("[{text}]") } else { text.to_owned() };
    let pairs: Vec<(String, String)> = match serde_json::from_str::<Value>(&array) {
        Ok(Value::Array(tags)) => tags
            .iter()
            .map(|tag| {
                let fields = Fields::of(tag);
                (fields.get(&["tag", "name"]).to_owned(), fields.get(&["value"]).to_owned())
            })
            .collect(),
        _ => text
            .split(',')
            .filter_map(|tag| tag.trim().split_once([':', '=']))
            .map(|(name, value)| (name.trim().to_owned(), value.trim().to_owned()))
            .collect(),
    };
    let mut joined = std::collections::BTreeMap::<String, String>::new();
    for (name, value) in pairs.into_iter().filter(|(name, _)| !name.is_empty()) {
        let value = if value.is_empty() { "yes".to_owned() } else { value };
        joined
            .entry(name)
            .and_modify(|values| *values = format!("{values}, {value}"))
            .or_insert(value);
    }
    Labels::new(joined)
}

/// What was discovered or registered itself: for the record, except for what is gone.
fn news(
    mut draft: Draft,
    (at, source): (usize, &str),
    fields: &Fields,
    context: &Context,
    read: &mut Read,
) {
    let (device, status) = (fields.get(DEVICE), fields.get(DEVICE_STATUS));
    let what = if source == "1" { "Discovery" } else { "Autoregistration" };
    let severity = match status.to_ascii_uppercase().as_str() {
        "DOWN" | "LOST" => Severity::Warning,
        _ => Severity::Info,
    };
    if !device.is_empty() {
        let service = fields.get(&["discoveryservicename"]);
        let port = fields.get(&["discoveryserviceport"]);
        let parts = ["discovery", device, service, port].into_iter();
        draft.key = parts.filter(|part| !part.is_empty()).collect::<Vec<&str>>().join("/");
    }
    // The subject tells what was found, which is another thing each time.
    draft.labels = draft.labels.with([("alertname", what)]);
    draft.severity(context, "", Some(severity));
    draft.signal = Some(match status.to_ascii_uppercase().as_str() {
        "UP" if !device.is_empty() => Signal::Resolved,
        _ => Signal::Firing,
    });
    draft.lease = Some(NEWS_LEASE);
    draft.finish(at, context, read);
}

//! Datadog: webhooks whose body the user writes as a template of `$VARIABLES`.
//!
//! Nothing in the body has a fixed name, so names are compared without case and signs
//! (`alertTransition` is `ALERT_TRANSITION`), and the names of the templates in use are all known.
//! One body is one group of one monitor: the monitor and its scope are the key.

use std::borrow::Cow;

use serde_json::{Map, Value};

use super::Adapter;
use super::table::{self, Means, Places, pick, word};
use crate::domain::event::adapter::draft::Draft;
use crate::domain::event::adapter::{Context, Head, Read, Unreadable, form, json};
use crate::domain::event::{Saying, Signal};
use crate::domain::value::{Labels, Severity, Span};

/// Datadog.
pub const ADAPTER: Adapter = Adapter { name: "datadog", title: "Datadog", read, fits };

/// `$ALERT_TRANSITION`, the words of the monitor API, and those in brackets before a title.
const TRANSITIONS: [(&str, Means); 21] = [
    ("triggered", Means::Firing),
    ("re-triggered", Means::Firing),
    ("retriggered", Means::Firing),
    ("renotify", Means::Firing),
    ("no data", Means::Firing),
    ("re-no data", Means::Firing),
    ("warn", Means::Firing),
    ("re-warn", Means::Firing),
    ("warning", Means::Firing),
    ("alert", Means::Firing),
    ("re-alert", Means::Firing),
    ("error", Means::Firing),
    ("firing", Means::Firing),
    ("recovered", Means::Resolved),
    ("recovery", Means::Resolved),
    ("resolved", Means::Resolved),
    ("ok", Means::Resolved),
    ("success", Means::Resolved),
    ("muted", Means::Said(Saying::Suppressed)),
    ("unmuted", Means::Said(Saying::Unsuppressed)),
    ("info", Means::Firing),
];
/// `$ALERT_PRIORITY`, and `$ALERT_TYPE` where the monitor has no priority. `$PRIORITY`, which is
/// `normal` or `low` for every event, says nothing of the monitor.
const SEVERITIES: [(&str, Severity); 14] = [
    ("p1", Severity::Critical),
    ("p2", Severity::High),
    ("p3", Severity::Warning),
    ("p4", Severity::Info),
    ("p5", Severity::Info),
    ("1", Severity::Critical),
    ("2", Severity::High),
    ("3", Severity::Warning),
    ("4", Severity::Info),
    ("5", Severity::Info),
    ("error", Severity::High),
    ("warning", Severity::Warning),
    ("success", Severity::Info),
    ("info", Severity::Info),
];
const EVENT_PRIORITIES: [&str; 2] = ["normal", "low"];
/// Tags that mean what a label of another name means everywhere.
const TAG_LABELS: [(&str, &str); 2] = [("env", "environment"), ("host", "instance")];
/// Of more tags the rest is only in the annotation.
const TAGS_MAX: usize = 40;
/// A template without the transition cannot say that it is over. A monitor that renotifies does so
/// within this time as a rule.
const LEASE: Span = Span::hours(1);

const TITLE: Places =
    &["/alerttitle", "/title", "/eventtitle", "/monitorname", "/alertname", "/name", "/summary"];
/// Where the words in brackets stand.
const HEADLINE: Places = &["/eventtitle", "/title", "/alerttitle"];
const TRANSITION: Places = &["/alerttransition", "/transition", "/overallstate"];
const STATUS: Places = &["/status", "/state", "/alertstate"];
const TYPE: Places = &["/alerttype", "/level"];
const PRIORITY: Places = &["/alertpriority", "/severity", "/priority"];
const MONITOR: Places = &["/monitorid", "/alertid", "/monitor/id"];
const AGGREGATE: Places = &[
    "/aggregkey",
    "/aggregationkey",
    "/deduplicationkey",
    "/dedupkey",
    "/alertcyclekey",
    "/cyclekey",
];
const SCOPE: Places = &["/alertscope", "/scope", "/scopes"];
const TAGS: Places = &["/tags", "/alerttags"];
const HOST: Places = &["/hostname", "/host"];
const URL: Places = &["/link", "/url", "/alerturl", "/monitorurl", "/eventurl", "/sourceurl"];
const TIME: Places = &["/date", "/dateposix", "/lastupdated", "/timestamp", "/eventdate"];
const EVENT: Places = &["/eventid"];
/// `$ID`, which is another one each time, or `$ALERT_ID`, which is the monitor's.
const EITHER: Places = &["/id"];
/// Events have numbers of 19 digits, monitors of up to 10.
const MONITOR_DIGITS_MAX: usize = 12;
/// Fields that stand beside the number of an event: they are of the payload that Datadog proposes.
const OF_EVENTS: [&str; 2] = ["lastupdated", "eventtype"];
/// The page of a monitor.
const PAGE: &str = "/monitors/";
const TEXTS: [(&str, Places); 9] = [
    (
        "description",
        &[
            "/textonlymsg",
            "/eventmsg",
            "/eventmessage",
            "/body",
            "/message",
            "/description",
            "/text",
        ],
    ),
    ("query", &["/alertquery", "/query"]),
    ("metric", &["/alertmetric", "/metric"]),
    ("status_summary", &["/alertstatus"]),
    ("snapshot", &["/snapshot", "/snapshoturl"]),
    ("event_type", &["/eventtype"]),
    ("org", &["/orgname", "/org/name"]),
    ("tags", TAGS),
    ("scope", SCOPE),
];

fn fits(body: &Value, _: &Head) -> bool {
    let Some(fields) = body.as_object() else { return false };
    let names: Vec<String> = fields.keys().map(|name| squash(name)).collect();
    let has = |name: &str| names.iter().any(|known| known == name);
    let text = |name: &str| fields.get(name).and_then(Value::as_str).unwrap_or_default();
    has("alerttransition")
        || has("aggregkey") && (has("alertid") || has("title"))
        || has("eventtype") && has("lastupdated") && (has("org") || has("title"))
        || has("monitorid") && has("query") && (has("scopes") || text("type").contains("alert"))
        || ["link", "url"].iter().any(|name| text(name).contains(".datadoghq."))
}

/// Reads a notification.
///
/// # Errors
/// When the body is neither a JSON object nor a form.
pub fn read(body: &[u8], context: &Context) -> Result<Read, Unreadable> {
    let body = match json::parse(body) {
        Ok(Value::Object(fields)) => fold(fields.into_iter()),
        _ if context.head.media_type() == "application/x-www-form-urlencoded" => {
            fold(form(body).into_iter().map(|(name, value)| (name, Value::String(value))))
        }
        Ok(_) => return Err(Unreadable::Json("it is no object".to_owned())),
        Err(unreadable) => return Err(unreadable),
    };
    let mut read = Read::default();
    let title = pick(&body, TITLE);
    let headline = pick(&body, HEADLINE);
    let Title { name, .. } = Title::parse(&title);
    let Title { bracketed, test, scope, .. } = Title::parse(&headline);
    let Numbers { monitor, event } = Numbers::of(&body);
    if name.is_empty() && monitor.is_empty() {
        let mut values = body.as_object().into_iter().flatten().map(|(_, value)| json::text(value));
        if values.any(|text| table::is_placeholder(text.trim())) {
            read.note(0, "no variable of the template is filled in: a test");
            return Ok(read);
        }
        read.reject(0, "neither a title (`$EVENT_TITLE`) nor a monitor (`$ALERT_ID`) is named");
        return Ok(read);
    }
    let mut draft = Draft::default();
    let means = status(&body, bracketed, &mut draft);
    let resolved = means == Some(Means::Resolved);
    draft.signal = means.map(|_| if resolved { Signal::Resolved } else { Signal::Firing });
    let named = if name.is_empty() { format!("monitor {monitor}") } else { name.to_owned() };
    draft.labels = labels(&body, scope).with([("alertname", named.as_str())]);
    draft.annotations = Labels::new(TEXTS.map(|(name, places)| (name, pick(&body, places))))
        .with([("summary", title.as_ref())]);
    let priority = pick(&body, PRIORITY);
    let ours = !EVENT_PRIORITIES.contains(&priority.as_ref()) && !priority.is_empty();
    let severity = if ours { priority } else { pick(&body, TYPE) };
    if test {
        read.note(0, "a test from Datadog's page: taken as information");
        draft.severity(context, "info", Some(Severity::Info));
        draft.lease = Some(LEASE);
        draft.key = format!("test/{}", key(&body, &monitor, &named, scope));
    } else {
        draft.key = key(&body, &monitor, &named, scope);
        draft.severity(context, &severity, word(&severity, &SEVERITIES));
    }
    draft.cut(context);
    draft.url = pick(&body, URL).into_owned();
    let at = table::instant(&body, TIME, "the date", &mut draft);
    if resolved {
        draft.ends_at = at;
    } else {
        draft.starts_at = at;
    }
    read.delivery = event.into();
    match means {
        Some(Means::Said(saying)) => {
            table::remark(draft, saying, "", &title, context, &mut read);
        }
        _ => draft.finish(0, context, &mut read),
    }
    Ok(read)
}

/// The transition counts most, then the words in brackets before the title, then the type. What
/// the user's template calls the status is taken where it is a word that Datadog uses.
fn status(body: &Value, bracketed: Option<Means>, draft: &mut Draft) -> Option<Means> {
    let transition = pick(body, TRANSITION);
    if transition.eq_ignore_ascii_case("null") {
        draft.lease = Some(LEASE);
        draft.notes.push("an event of no monitor: it ends by itself".to_owned());
    } else if !transition.is_empty() {
        return Some(word(&transition, &TRANSITIONS).unwrap_or_else(|| {
            draft.notes.push(format!("unknown transition `{transition}`: taken as firing"));
            Means::Firing
        }));
    }
    let known = |places| word(&pick(body, places), &TRANSITIONS);
    let found = known(STATUS).or(bracketed).or_else(|| known(TYPE));
    if found.is_none() && draft.lease.is_none() {
        draft.lease = Some(LEASE);
        let why = "the template has no `$ALERT_TRANSITION`, so nothing says when this is over";
        draft.notes.push(why.to_owned());
    }
    found
}

/// Which monitor it is, and which event of it.
struct Numbers<'a> {
    monitor: Cow<'a, str>,
    event: Cow<'a, str>,
}

impl<'a> Numbers<'a> {
    fn of(body: &'a Value) -> Self {
        let (monitor, mut event) = (pick(body, MONITOR), pick(body, EVENT));
        let either = pick(body, EITHER);
        if !monitor.is_empty() || either.is_empty() {
            event = if event.is_empty() { either } else { event };
            return Self { monitor, event };
        }
        if either.len() <= MONITOR_DIGITS_MAX && !json::has_any(body, &OF_EVENTS) {
            return Self { monitor: either, event };
        }
        Self { monitor: monitor_of_page(body), event: either }
    }
}

/// The number in the address of the monitor's page, which stands as a link or in the text.
fn monitor_of_page(body: &Value) -> Cow<'_, str> {
    let number = |text: &str| {
        let (_, rest) = text.split_once(PAGE)?;
        let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        Some(rest[..end].to_owned()).filter(|number| !number.is_empty())
    };
    let places = [URL, TEXTS[0].1];
    let found = places.iter().find_map(|places| number(&pick(body, places)));
    found.map(Cow::Owned).unwrap_or_default()
}

/// The monitor and its scope. Without a number what is called by the same name is the same.
fn key(body: &Value, monitor: &str, name: &str, titled: &str) -> String {
    let scope = pick(body, SCOPE);
    let scope = if scope.is_empty() { titled } else { scope.as_ref() };
    match (monitor, scope) {
        ("", scope) => match (pick(body, AGGREGATE).as_ref(), scope) {
            ("", "") => [name, &pick(body, HOST)].join("/").trim_end_matches('/').to_owned(),
            ("", scope) => format!("{name}/{scope}"),
            (aggregate, _) => aggregate.to_owned(),
        },
        (monitor, "") => monitor.to_owned(),
        (monitor, scope) => format!("{monitor}/{scope}"),
    }
}

/// Tags of the scope tell the groups of a monitor apart; the others say whose it is. Those
/// without a value are only in the annotation.
fn labels(body: &Value, titled: &str) -> Labels {
    let [tags, scope, host] = [TAGS, SCOPE, HOST].map(|places| pick(body, places));
    let all = tags.split(',').chain(titled.split(',')).chain(scope.split(','));
    let pairs = all.filter_map(|tag| {
        let (name, value) = tag.trim().split_once(':')?;
        let plain = !name.is_empty() && !table::is_placeholder(value);
        plain.then(|| (word(name, &TAG_LABELS).unwrap_or(name), value))
    });
    let own = [("instance", host.as_ref())].into_iter().filter(|(_, host)| !host.is_empty());
    Labels::new(pairs.take(TAGS_MAX).chain(own))
}

/// `[P2] [Triggered on {host:web-1}] Disk full`, taken apart.
struct Title<'a> {
    name: &'a str,
    bracketed: Option<Means>,
    test: bool,
    /// `host:web-1`.
    scope: &'a str,
}

impl<'a> Title<'a> {
    fn parse(text: &'a str) -> Self {
        let mut title = Self { name: text.trim(), bracketed: None, test: false, scope: "" };
        while let Some((inside, rest)) =
            title.name.strip_prefix('[').and_then(|rest| rest.split_once(']'))
        {
            let (said, scope) = inside.split_once(" on {").unwrap_or((inside, ""));
            let means = word(said, &TRANSITIONS);
            let test = said.eq_ignore_ascii_case("test");
            let priority = word(said, &SEVERITIES).is_some();
            if means.is_none() && !test && !priority || rest.trim().is_empty() {
                break;
            }
            title.bracketed = title.bracketed.or(means);
            title.test |= test;
            title.scope = scope.strip_suffix('}').unwrap_or(title.scope);
            title.name = rest.trim();
        }
        title
    }
}

/// Objects in which templates put the variables that their receiver has no field for.
const ROOMS: [&str; 3] = ["metadata", "details", "customdetails"];

/// The fields of the body, and of the rooms in it.
fn fold(fields: impl Iterator<Item = (String, Value)>) -> Value {
    let mut body = squashed(fields);
    for room in ROOMS {
        let Some(inner) = body[room].as_object().cloned() else { continue };
        for (name, value) in inner {
            if body.get(&name).is_none_or(Value::is_null) {
                body[name] = value;
            }
        }
    }
    body
}

/// Names without case and signs, at every depth.
fn squashed(fields: impl Iterator<Item = (String, Value)>) -> Value {
    let mut folded = Map::new();
    for (name, value) in fields {
        let value = match value {
            Value::Object(inner) => squashed(inner.into_iter()),
            Value::Array(items) if items.is_empty() => Value::Null,
            other => other,
        };
        // `title` before `TITLE`: the first of two names that are one counts.
        folded.entry(squash(&name)).or_insert(value);
    }
    Value::Object(folded)
}

fn squash(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
}

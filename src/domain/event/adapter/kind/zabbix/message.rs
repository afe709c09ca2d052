//! Zabbix' own texts: a media type that hands over subject and message alone says in them which
//! problem it is, as long as nobody has rewritten the templates that Zabbix comes with.

use serde_json::Value;

use crate::domain::event::adapter::fields::Fields;

const SUBJECT: &[&str] = &["alertsubject", "subject"];
const MESSAGE: &[&str] = &["alertmessage", "message"];
/// Where the page of a problem may be named.
const LINK: &[&str] = &["link", "url", "problemurl", "eventurl", "alerturl", "eventlink"];
/// The page of an event in Zabbix' frontend.
const PAGE: &str = "tr_events.php";

/// Lines of the message and the macros that they are filled in from.
const LINES: &[(&str, &str)] = &[
    ("Original problem ID", "eventid"),
    ("Problem name", "eventname"),
    ("Host", "hostname"),
    ("Severity", "eventseverity"),
    ("Operational data", "eventopdata"),
    ("Problem duration", "eventduration"),
];
/// How subjects begin, and what macros would say of it. Up to the colon there may be an age.
const SUBJECTS: &[(&str, &str, &str)] = &[
    ("Problem", "eventvalue", "1"),
    ("Resolved", "eventvalue", "0"),
    ("Updated problem", "eventupdatestatus", "1"),
];
/// How messages begin, and the macros for the time and the date that follow.
const OPENINGS: &[(&str, &str, &str)] = &[
    ("Problem started at ", "eventtime", "eventdate"),
    ("Problem has been resolved at ", "eventrecoverytime", "eventrecoverydate"),
];

/// Whether a body has Zabbix' texts, or names one of its pages.
pub(super) fn is_told(body: &Value) -> bool {
    let texts = || body.as_object().into_iter().flatten().filter_map(|(_, value)| value.as_str());
    let own = [PAGE, "\nOriginal problem ID: ", "\nCurrent problem status is "];
    texts().any(|text| own.iter().any(|own| text.contains(own)))
}

/// Fills in what the texts say and no macro does.
pub(super) fn fill_in(fields: &mut Fields) {
    let link = fields.get(LINK);
    if link.contains(PAGE) {
        let trigger = link.split(['?', '&']).find_map(|part| part.strip_prefix("triggerid="));
        let trigger = trigger.unwrap_or_default().to_owned();
        fields.fill("triggerid", &trigger);
    }
    if !fields.get(&["eventid", "problemid", "id", "eventvalue"]).is_empty() {
        return;
    }
    let (subject, message) = (fields.get(SUBJECT).to_owned(), fields.get(MESSAGE).to_owned());
    for line in message.lines() {
        let Some((name, value)) = line.split_once(": ") else { continue };
        if let Some((_, field)) = LINES.iter().find(|(known, _)| *known == name) {
            fields.fill(field, value);
        }
    }
    let first = message.lines().next().unwrap_or_default();
    for (opening, time, date) in OPENINGS {
        let when = first.strip_prefix(opening).and_then(|when| when.split_once(" on "));
        if let Some((at, on)) = when {
            fields.fill(time, at);
            fields.fill(date, on);
        }
    }
    let Some((told, name)) = subject.split_once(": ") else { return };
    for (_, field, value) in SUBJECTS.iter().filter(|(begin, ..)| told.starts_with(begin)) {
        fields.fill(field, value);
        fields.fill("eventname", name);
    }
}

//! `POST /api/v2/alerts`: what Prometheus and every other client of Alertmanager sends.
//!
//! The rules for times, labels and errors are Alertmanager's own, in its order of checks.

mod quick;

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::Adapter;
use crate::domain::event::adapter::instant::Instant;
use crate::domain::event::adapter::{Context, Head, Read, Unreadable, json};
use crate::domain::event::{Ends, Event, Signal};
use crate::domain::value::{Labels, Timestamp};

/// Whatever speaks Alertmanager's API v2.
pub const ADAPTER: Adapter =
    Adapter { name: "prometheus", title: "Prometheus, vmalert, Loki, Mimir", read, fits };

/// Other arrays are told by their first element; what is left is API v2's, which says best what is
/// wrong with it.
fn fits(body: &serde_json::Value, _: &Head) -> bool {
    body.is_array()
}

/// Reads the JSON array. Alerts that make no sense are rejected one by one; the others count.
///
/// # Errors
/// When the body is no such array, a field has another type, or an alert has no `labels` at all.
pub fn read(body: &[u8], context: &Context) -> Result<Read, Unreadable> {
    // Checked once as a whole, so that the parser need not check text by text. What is no UTF-8
    // is replaced, as Go's parser does.
    let text = json::utf8(body);
    if text.trim_ascii().is_empty() {
        return Err(Unreadable::Required("alerts".to_owned()));
    }
    let mut alerts = Alerts::new(context);
    match quick::each(&text, |posted| alerts.take_within(posted)) {
        Some(()) => Ok(alerts.read),
        None => by_parser(&text, context),
    }
}

/// Reads a body in whatever form it is.
fn by_parser(text: &str, context: &Context) -> Result<Read, Unreadable> {
    let mut alerts = Alerts::new(context);
    let mut json = serde_json::Deserializer::from_str(text);
    let parsed = alerts.deserialize(&mut json).and_then(|()| json.end());
    parsed.map_err(|error| Unreadable::Alerts(error.to_string()))?;
    match alerts.unlabelled {
        Some(at) => Err(Unreadable::Required(format!("{at}.labels"))),
        None => Ok(alerts.read),
    }
}

struct Alerts<'a> {
    context: &'a Context<'a>,
    read: Read,
    at: usize,
    unlabelled: Option<usize>,
}

impl<'a> Alerts<'a> {
    fn new(context: &'a Context<'a>) -> Self {
        Self { context, read: Read::default(), at: 0, unlabelled: None }
    }

    /// Takes an alert that has labels, as long as there are not too many.
    fn take_within(&mut self, posted: Posted<'_>) -> Option<()> {
        if posted.labels.is_none() || self.at == self.context.limits.events_max {
            return None;
        }
        self.take(posted);
        Some(())
    }

    fn take(&mut self, posted: Posted<'_>) {
        let at = self.at;
        self.at += 1;
        let Some(labels) = posted.labels else {
            self.unlabelled.get_or_insert(at);
            return;
        };
        let (starts_at, ends) = times(posted.starts_at, posted.ends_at, self.context);
        let until = ends.at().unwrap_or(Timestamp(i64::MAX));
        let checked = if until < starts_at {
            Err("start time must be before end time".to_owned())
        } else {
            let Context { limits, utf8, .. } = *self.context;
            limits
                .check_labels(&labels, utf8)
                .and_then(|()| limits.check_annotations(&posted.annotations, utf8))
                .and_then(|()| limits.check_text("generatorURL", &posted.url))
        };
        if let Err(why) = checked {
            self.read.reject(at, why);
            return;
        }
        self.read.events.push(Event {
            source: self.context.source.clone(),
            signal: if until <= self.context.now { Signal::Resolved } else { Signal::Firing },
            labels,
            annotations: posted.annotations,
            url: posted.url.into(),
            key: Box::default(),
            starts_at,
            ends,
        });
    }
}

/// An alert without a start began when it ends, or else now; one without an end is believed for
/// the resolve timeout.
fn times(starts_at: Instant, ends_at: Instant, context: &Context) -> (Timestamp, Ends) {
    let starts_at = starts_at.0.or(ends_at.0).unwrap_or(context.now);
    let timeout = || Ends::Timeout(context.now + context.resolve_timeout);
    (starts_at, ends_at.0.map_or_else(timeout, Ends::At))
}

impl<'de> DeserializeSeed<'de> for &mut Alerts<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for &mut Alerts<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array of alerts")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<(), A::Error> {
        while let Some(posted) = elements.next_element()? {
            let max = self.context.limits.events_max;
            if self.at == max {
                return Err(A::Error::custom(format_args!(
                    "there are more than {max} alerts; send several smaller requests"
                )));
            }
            self.take(posted);
        }
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }
}

/// One alert as it was posted. Of two fields with one name the later counts, as in Go.
#[derive(Default)]
struct Posted<'a> {
    labels: Option<Labels>,
    annotations: Labels,
    starts_at: Instant,
    ends_at: Instant,
    url: Cow<'a, str>,
}

#[derive(Deserialize)]
#[serde(field_identifier, rename_all = "camelCase")]
enum Field {
    Labels,
    Annotations,
    StartsAt,
    EndsAt,
    #[serde(rename = "generatorURL")]
    Url,
    #[serde(other)]
    Unknown,
}

impl<'de> Deserialize<'de> for Posted<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Fields;

        impl<'de> Visitor<'de> for Fields {
            type Value = Posted<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an alert object with `labels`")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Posted<'de>, A::Error> {
                let mut posted = Posted::default();
                while let Some(field) = map.next_key()? {
                    match field {
                        Field::Labels => posted.labels = map.next_value()?,
                        Field::Annotations => posted.annotations = map.next_value()?,
                        Field::StartsAt => posted.starts_at = map.next_value()?,
                        Field::EndsAt => posted.ends_at = map.next_value()?,
                        Field::Url => posted.url = map.next_value::<Url>()?.0,
                        Field::Unknown => drop(map.next_value::<IgnoredAny>()?),
                    }
                }
                Ok(posted)
            }
        }

        deserializer.deserialize_map(Fields)
    }
}

struct Url<'a>(Cow<'a, str>);

impl<'de> Deserialize<'de> for Url<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;

        impl<'de> Visitor<'de> for Text {
            type Value = Url<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a URL")
            }

            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Url<'de>, E> {
                Ok(Url(Cow::Borrowed(text)))
            }

            fn visit_str<E>(self, text: &str) -> Result<Url<'de>, E> {
                Ok(Url(Cow::Owned(text.to_owned())))
            }

            fn visit_unit<E>(self) -> Result<Url<'de>, E> {
                Ok(Url(Cow::Borrowed("")))
            }
        }

        deserializer.deserialize_any(Text)
    }
}

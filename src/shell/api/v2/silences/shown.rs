//! A silence as API v2 shows it, its members in Alertmanager's order.

use serde::ser::{Serialize, SerializeStruct, Serializer};
use serde_json::{Value, json};

use crate::domain::silence::Silence;
use crate::domain::value::matcher::Operator;
use crate::domain::value::{Matcher, Timestamp};

/// A silence at an instant.
pub(super) struct Shown<'a> {
    pub(super) silence: &'a Silence,
    pub(super) now: Timestamp,
}

impl Serialize for Shown<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let silence = self.silence;
        // API v2 knows one set of matchers; only the state files of Alertmanager know more.
        let matchers: Vec<Value> =
            silence.matchers.first().into_iter().flatten().map(matcher).collect();
        let state = silence.status_at(self.now).name();
        let mut fields = serializer.serialize_struct("silence", 9)?;
        fields.serialize_field("id", &silence.uuid)?;
        fields.serialize_field("status", &json!({ "state": state }))?;
        fields.serialize_field("updatedAt", &silence.updated_at.rfc3339())?;
        if !silence.annotations.is_empty() {
            fields.serialize_field("annotations", &silence.annotations)?;
        }
        fields.serialize_field("comment", &silence.comment)?;
        fields.serialize_field("createdBy", &silence.created_by)?;
        fields.serialize_field("endsAt", &silence.ends_at.rfc3339())?;
        fields.serialize_field("matchers", &matchers)?;
        fields.serialize_field("startsAt", &silence.starts_at.rfc3339())?;
        fields.end()
    }
}

fn matcher(matcher: &Matcher) -> Value {
    let (is_equal, is_regex) = match matcher.operator() {
        Operator::Equal => (true, false),
        Operator::NotEqual => (false, false),
        Operator::Like => (true, true),
        Operator::NotLike => (false, true),
    };
    json!({
        "isEqual": is_equal,
        "isRegex": is_regex,
        "name": matcher.name,
        "value": matcher.value,
    })
}

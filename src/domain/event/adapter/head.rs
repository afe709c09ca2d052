//! What a request carries beside its body: some sources say there what they send.

use std::collections::BTreeMap;
use std::ops::Bound;

use serde_json::Value;

/// Headers and the query of a request.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Head {
    /// Names in lower case.
    headers: BTreeMap<String, String>,
    query: String,
}

impl Head {
    /// A request without any.
    pub const NONE: &'static Self = &Self { headers: BTreeMap::new(), query: String::new() };

    /// Takes headers, in any case, and the query as it stands in the URL. Of several headers of
    /// one name the first counts.
    pub fn new<'a>(headers: impl IntoIterator<Item = (&'a str, &'a str)>, query: &str) -> Self {
        let mut by_name = BTreeMap::new();
        for (name, value) in headers {
            by_name.entry(name.to_ascii_lowercase()).or_insert_with(|| value.to_owned());
        }
        Self { headers: by_name, query: query.into() }
    }

    /// A header by its name in lower case; the empty text if it is not there.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }

    /// Whether there is a header of that name.
    pub fn has(&self, name: &str) -> bool {
        self.headers.contains_key(name)
    }

    /// Headers whose names begin so, in order.
    pub fn with_prefix<'a>(&'a self, prefix: &'a str) -> impl Iterator<Item = (&'a str, &'a str)> {
        let from = self.headers.range::<str, _>((Bound::Included(prefix), Bound::Unbounded));
        from.map(|(name, value)| (name.as_str(), value.as_str()))
            .take_while(move |(name, _)| name.starts_with(prefix))
    }

    /// Whether there is a header whose name begins so.
    pub fn has_prefix(&self, prefix: &str) -> bool {
        self.with_prefix(prefix).next().is_some()
    }

    /// The media type of the body in lower case, without parameters; may be empty.
    pub fn media_type(&self) -> String {
        let value = self.header("content-type");
        let end = value.find(';').unwrap_or(value.len());
        value[..end].trim().to_ascii_lowercase()
    }

    /// What the query says, as the body that a POST would say it in: a JSON object of its fields. A
    /// field that holds an object or an array is one. Nothing where there is no query.
    pub fn query_body(&self) -> Option<Vec<u8>> {
        let mut object = serde_json::Map::new();
        for (name, text) in self.query() {
            let nested = text.starts_with(['{', '[']).then(|| serde_json::from_str(&text).ok());
            let value = nested.flatten().unwrap_or(Value::String(text));
            // As with headers: of several of one name the first counts.
            object.entry(name).or_insert(value);
        }
        (!object.is_empty()).then(|| Value::Object(object).to_string().into_bytes())
    }

    /// Fields of the query, decoded, in order.
    pub fn query(&self) -> Vec<(String, String)> {
        form(self.query.as_bytes())
    }
}

/// Fields of `application/x-www-form-urlencoded` text (WHATWG URL, 5.1), decoded, in order.
pub fn form(text: &[u8]) -> Vec<(String, String)> {
    form_urlencoded::parse(text).into_owned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_found_in_any_case() {
        let head = Head::new(
            [("Content-Type", "Application/JSON; charset=utf-8"), ("CE-Id", "1"), ("ce-type", "t")],
            "a=1&b=x%20y",
        );
        assert_eq!(head.media_type(), "application/json");
        let found: Vec<_> = head.with_prefix("ce-").collect();
        assert_eq!(found, [("ce-id", "1"), ("ce-type", "t")]);
        assert!(head.has_prefix("ce-") && !head.has_prefix("cf-"));
        let query = [("a", "1"), ("b", "x y")].map(|(name, value)| (name.into(), value.into()));
        assert_eq!(head.query(), query);
    }

    #[test]
    fn a_query_says_what_a_body_would() {
        let check = |query: &str, expected: Option<&str>| {
            let body = Head::new([], query).query_body();
            assert_eq!(body.as_deref(), expected.map(str::as_bytes), "{query}");
        };
        check("", None);
        check("a=1&b=x%20y&a=2", Some(r#"{"a":"1","b":"x y"}"#));
        check("a=%7B%22b%22%3A1%7D&c=%5B", Some(r#"{"a":{"b":1},"c":"["}"#));
        check("x", Some(r#"{"x":""}"#));
    }
}

//! Paths into JSON: `/host/name` (JSON Pointer), `host.name`, or `$.name` from the top.

use serde::Deserialize;
use serde_json::Value;

/// Where a field is. A path begins at the element of the body that is read; one that begins with
/// `$` begins at the body itself.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct JsonPath {
    written: String,
    pointer: String,
    from_body: bool,
}

/// Text that is no path.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a path like host.name, /host/name or $.host.name")]
pub struct InvalidPath(String);

impl TryFrom<String> for JsonPath {
    type Error = InvalidPath;

    /// An empty path, or `$`, is the whole element, or the whole body.
    fn try_from(written: String) -> Result<Self, InvalidPath> {
        let from_body = written.starts_with('$');
        let rest = written.strip_prefix('$').unwrap_or(&written);
        let dotted = if from_body { rest.strip_prefix('.').unwrap_or(rest) } else { rest };
        let pointer = if rest.is_empty() || rest.starts_with('/') {
            let escapes = rest.split('~').skip(1);
            escapes.into_iter().all(|after| after.starts_with(['0', '1'])).then(|| rest.to_owned())
        } else {
            dotted.split('.').try_fold(String::new(), |pointer, name| {
                let name = name.replace('~', "~0").replace('/', "~1");
                (!name.is_empty()).then(|| pointer + "/" + &name)
            })
        };
        match pointer {
            Some(pointer) => Ok(Self { written, pointer, from_body }),
            None => Err(InvalidPath(written)),
        }
    }
}

impl JsonPath {
    /// What is there.
    pub fn find<'a>(&self, body: &'a Value, element: &'a Value) -> Option<&'a Value> {
        if self.from_body { body } else { element }.pointer(&self.pointer)
    }
}

impl std::fmt::Display for JsonPath {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.written)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn paths_lead_to_fields() {
        let body = json!({"site": "x", "a/b": 1, "hosts": [{"name": "h", "tags": ["t0", "t1"]}]});
        let check = |path: &str, expected: Value| {
            let path = JsonPath::try_from(path.to_owned()).unwrap();
            let found = path.find(&body, &body["hosts"][0]).cloned().unwrap_or_default();
            assert_eq!(found, expected, "{path}");
        };
        check("name", json!("h"));
        check("/name", json!("h"));
        check("tags.1", json!("t1"));
        check("$.site", json!("x"));
        check("$/site", json!("x"));
        check("$.hosts.0.name", json!("h"));
        check("$/a~1b", json!(1));
        check("$.a/b", json!(1));
        check("", body["hosts"][0].clone());
        check("$", body.clone());
        check("name.first", json!(null));
        for wrong in ["a..b", ".a", "a.", "/a~2", "$."] {
            let parsed = JsonPath::try_from(wrong.to_owned());
            assert!(parsed.is_err(), "{wrong}: {parsed:?}");
        }
    }
}

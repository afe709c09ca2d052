//! Shapes: what may stand where in a file, checked in one walk before anything is understood.

use super::check::Check;
use super::duration;
use super::node::{Key, Node, Yaml};

/// What a value must look like.
#[derive(Debug, Clone, Copy)]
pub(super) enum Shape {
    /// A single value, taken as its letters.
    Text,
    /// Text with Go template actions.
    Template,
    /// Text that is never shown.
    Secret,
    /// A URL whose password is never shown.
    Url,
    /// `true` or `false`.
    Truth,
    /// A duration as Prometheus writes it.
    Duration,
    /// A duration as Prometheus or Go writes it.
    GoDuration,
    /// A whole number, not negative.
    Whole,
    /// A number.
    Number,
    /// One of these words.
    Word(&'static [&'static str]),
    /// A list of one shape.
    List(&'static Shape),
    /// A map from names to one shape.
    Names(&'static Shape),
    /// A map with known keys.
    Fields(&'static [Field]),
    /// A template, or a map with known keys that has more to say.
    TemplateOr(&'static [Field]),
    /// A duration as Prometheus writes it, or a map with known keys that has more to say.
    DurationOr(&'static [Field]),
    /// A text that is never shown, or a map with known keys that has more to say.
    SecretOr(&'static [Field]),
    /// A tree whose nodes have the same keys: the routes.
    Within(fn() -> &'static [Field]),
    /// Anything.
    Any,
}

/// A known key and its value's shape.
pub(super) type Field = (&'static str, Shape);

/// A longer value is cut in messages.
const VALUE_CHARS_MAX: usize = 60;

/// Of more words than this only the one is named that was probably meant.
const WORDS_SHOWN_MAX: usize = 8;

/// How unlike a known key an unknown one may be to be taken for a slip.
const LIKENESS_MIN: f64 = 0.8;

/// The password in a URL `scheme://user:password@host`.
pub(super) fn password(url: &str) -> Option<&str> {
    let (credentials, _) = url.rsplit_once('@')?;
    let start = credentials.find("://").map_or(0, |at| at + 3);
    let (_, password) = credentials[start..].split_once(':')?;
    Some(password).filter(|password| !password.is_empty())
}

/// Tells everything about a tree that does not fit its shape.
pub(super) fn examine(check: &mut Check, node: &Node, shape: &Shape) {
    // A key without a value is as good as no key: every field has a default or is asked for later.
    if matches!(node.value, Yaml::Null) {
        return;
    }
    let letters = node.text();
    match shape {
        Shape::Any => {}
        Shape::Text | Shape::Template => single(check, node, "text"),
        Shape::Secret => {
            check.hide(node.place, letters.unwrap_or_default());
            single(check, node, "text");
        }
        Shape::Url => {
            if let Some(password) = letters.and_then(password) {
                check.hide(node.place, password);
            }
            single(check, node, "text");
        }
        Shape::Truth => {
            demand(check, node, node.boolean().is_some(), "`true` or `false`");
        }
        Shape::Duration => {
            demand(check, node, node.span().is_some(), "a duration like `30s`, `5m` or `1h30m`");
        }
        Shape::GoDuration => {
            let fits = letters.is_some_and(|text| duration::parse(text).is_some());
            demand(check, node, fits, "a duration like `30s`, `5m` or `1h30m`");
        }
        Shape::Whole => demand(check, node, node.whole().is_some(), "a whole number"),
        Shape::Number => {
            let number = letters.and_then(|text| text.parse::<f64>().ok());
            demand(check, node, number.is_some_and(f64::is_finite), "a number");
        }
        Shape::Word(words) => {
            let fits = letters.is_some_and(|text| words.contains(&text));
            let near = letters.and_then(|text| nearest(text, words.iter().copied()));
            let expected = match near {
                Some(near) if words.len() > WORDS_SHOWN_MAX => {
                    format!("a known word, like `{near}`")
                }
                _ => {
                    let list: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
                    format!("one of {}", list.join(", "))
                }
            };
            demand(check, node, fits, &expected);
        }
        Shape::List(item) => {
            if let Yaml::List(items) = &node.value {
                for node in items {
                    examine(check, node, item);
                }
            } else {
                demand(check, node, false, "a list");
            }
        }
        Shape::Names(value) => {
            if let Yaml::Map(entries) = &node.value {
                for (key, node) in entries {
                    demand_name(check, key);
                    examine(check, node, value);
                }
            } else {
                demand(check, node, false, "a map from names");
            }
        }
        Shape::Fields(fields) => examine_fields(check, node, fields),
        Shape::DurationOr(fields) => {
            if letters.is_none() {
                examine_fields(check, node, fields);
            } else {
                examine(check, node, &Shape::Duration);
            }
        }
        Shape::SecretOr(fields) => {
            if let Some(letters) = letters {
                check.hide(node.place, letters);
            } else {
                examine_fields(check, node, fields);
            }
        }
        Shape::TemplateOr(fields) => {
            if letters.is_none() {
                examine_fields(check, node, fields);
            }
        }
        Shape::Within(fields) => examine_fields(check, node, fields()),
    }
}

/// The known key that an unknown one was probably meant to be.
pub(super) fn nearest<'a>(unknown: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    known
        .map(|name| (strsim::jaro_winkler(unknown, name), name))
        .filter(|(likeness, _)| *likeness >= LIKENESS_MIN)
        .max_by(|(a, _), (b, _)| a.total_cmp(b))
        .map(|(_, name)| name)
}

fn examine_fields(check: &mut Check, node: &Node, fields: &[Field]) {
    let Yaml::Map(entries) = &node.value else {
        demand(check, node, false, "a map");
        return;
    };
    for (key, value) in entries {
        if let Some((_, shape)) = fields.iter().find(|(name, _)| *name == key.name) {
            examine(check, value, shape);
            continue;
        }
        let known = || fields.iter().map(|(name, _)| *name);
        let hint = match nearest(&key.name, known()) {
            Some(name) => format!("did you mean `{name}`?"),
            None => format!("known here: {}", known().collect::<Vec<_>>().join(", ")),
        };
        check.error(key.place, format!("unknown key `{}`; {hint}", key.name));
    }
}

fn demand_name(check: &mut Check, key: &Key) {
    if key.name.is_empty() {
        check.error(key.place, "a name cannot be empty; write one".to_owned());
    }
}

fn single(check: &mut Check, node: &Node, expected: &str) {
    demand(check, node, node.text().is_some(), expected);
}

fn demand(check: &mut Check, node: &Node, fits: bool, expected: &str) {
    if !fits {
        let found = match &node.value {
            Yaml::Scalar { text, quoted } => {
                let text: String = text.chars().take(VALUE_CHARS_MAX).collect();
                format!("{}`{text}`", if *quoted { "text in quotes: " } else { "" })
            }
            Yaml::Null | Yaml::List(_) | Yaml::Map(_) => node.kind().to_owned(),
        };
        check.error(node.place, format!("expected {expected}, found {found}"));
    }
}

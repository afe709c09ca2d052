//! Writes a configuration out again: keys in their order, secrets as `<secret>`.

mod fill;

use std::fmt::Write;

use super::node::{Node, Yaml};
use super::shape::{Field, Shape, password};

pub(super) use fill::filled;

/// The files as one text of YAML, without comments and without secrets.
pub(super) fn write(root: &Node, fields: &[Field]) -> String {
    let mut text = String::new();
    write_fields(&mut text, root, fields, 0);
    text
}

/// Writes what stands behind `key:` or `-`, up to the end of its last line.
fn write_value(text: &mut String, node: &Node, shape: &Shape, depth: usize) {
    match &node.value {
        Yaml::Null => text.push_str(" null\n"),
        Yaml::Scalar { .. } if matches!(shape, Shape::Secret | Shape::SecretOr(_)) => {
            text.push_str(" <secret>\n");
        }
        Yaml::Scalar { text: letters, quoted } => {
            text.push(' ');
            // One form for what can be written in several.
            match (shape, node.boolean(), node.span()) {
                (Shape::Truth, Some(truth), _) => {
                    text.push_str(if truth { "true" } else { "false" });
                }
                (Shape::Duration | Shape::DurationOr(_), _, Some(span)) => {
                    text.push_str(&span.to_string());
                }
                // As Go writes a URL with a password.
                (Shape::Url, ..) => match password(letters) {
                    Some(password) => {
                        let (hidden, shown) = (format!(":{password}@"), ":xxxxx@");
                        write_scalar(text, &letters.replacen(&hidden, shown, 1), *quoted);
                    }
                    None => write_scalar(text, letters, *quoted),
                },
                _ => write_scalar(text, letters, *quoted),
            }
            text.push('\n');
        }
        Yaml::List(items) if items.is_empty() => text.push_str(" []\n"),
        Yaml::Map(entries) if entries.is_empty() => text.push_str(" {}\n"),
        Yaml::List(items) => {
            let inner = match shape {
                Shape::List(inner) => inner,
                _ => &Shape::Any,
            };
            text.push('\n');
            for item in items {
                write_item(text, item, inner, depth);
            }
        }
        Yaml::Map(entries) => {
            text.push('\n');
            match shape {
                Shape::Fields(fields)
                | Shape::TemplateOr(fields)
                | Shape::SecretOr(fields)
                | Shape::DurationOr(fields) => {
                    write_fields(text, node, fields, depth + 1);
                }
                Shape::Within(fields) => write_fields(text, node, fields(), depth + 1),
                shape => {
                    let inner = if let Shape::Names(inner) = shape { inner } else { &Shape::Any };
                    for (key, value) in entries {
                        write_key(text, &key.name, depth + 1);
                        write_value(text, value, inner, depth + 1);
                    }
                }
            }
        }
    }
}

fn write_item(text: &mut String, item: &Node, shape: &Shape, depth: usize) {
    let pad = "  ".repeat(depth);
    let mut inner = String::new();
    let nested = usize::from(matches!(item.value, Yaml::List(_)));
    write_value(&mut inner, item, shape, depth + nested);
    // The first key of a map, or the first item of a list, goes beside the dash.
    let inner = inner
        .strip_prefix('\n')
        .map_or(inner.as_str(), |lines| lines.get(pad.len() + 1..).unwrap_or_default());
    let _ = write!(text, "{pad}-{inner}");
}

/// Known keys in their order; unknown ones were turned down before.
fn write_fields(text: &mut String, node: &Node, fields: &[Field], depth: usize) {
    for (name, shape) in fields {
        if let Some(value) = node.get(name) {
            write_key(text, name, depth);
            write_value(text, value, shape, depth);
        }
    }
}

fn write_key(text: &mut String, name: &str, depth: usize) {
    // YAML 1.1 takes these for truth values, even as keys.
    let ambiguous = ["y", "n", "yes", "no", "on", "off", "true", "false", "null"]
        .iter()
        .any(|word| word.eq_ignore_ascii_case(name));
    text.push_str(&"  ".repeat(depth));
    write_scalar(text, name, ambiguous);
    text.push(':');
}

/// Plain where no reader could take it for something else, quoted as JSON otherwise.
fn write_scalar(text: &mut String, letters: &str, quoted: bool) {
    let plain = !quoted
        && letters.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_' || c == '/')
        && letters.chars().all(|c| c.is_ascii_alphanumeric() || "_-./@+".contains(c));
    if plain {
        text.push_str(letters);
    } else {
        text.push_str(&serde_json::Value::from(letters).to_string());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn anything_reads_back_as_it_was() {
        let written = |text: &str| {
            let node = Node::read(0, text).unwrap();
            let mut written = String::new();
            write_value(&mut written, &node, &Shape::Any, 0);
            written
        };
        let text = "a: [[1, x: 'y z', [{b: []}]], {}]\n'#': {n: ~, t: \"a\\nb\\t\", e: é}\n? 'yes'\n: -1\n";
        let once = written(text);
        assert_eq!(written(&once), once);
        assert_eq!(
            once,
            "
  a:
  - - 1
    - x: \"y z\"
    - - b: []
  - {}
  \"#\":
    \"n\": null
    t: \"a\\nb\\t\"
    e: \"é\"
  \"yes\": \"-1\"
"
        );
    }
}

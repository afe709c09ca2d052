//! Reads a file's text into the tree.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_saphyr::{DuplicateKeyPolicy, Spanned};

use super::{Key, Node, Place, Yaml};

/// More nodes than this in one file are not a configuration.
const NODES_MAX: usize = 2_000_000;

/// Maps and lists within each other.
const DEPTH_MAX: usize = 64;

/// Text that is no YAML.
#[derive(Debug)]
pub(crate) struct NotYaml {
    pub(crate) place: Place,
    pub(crate) why: String,
}

impl Node {
    /// Reads a file's text. An empty file is an empty map.
    pub(crate) fn read(file: usize, text: &str) -> Result<Self, NotYaml> {
        let options = serde_saphyr::options! {
            duplicate_keys: DuplicateKeyPolicy::Error,
            strict_booleans: true,
            non_finite_float_policy: serde_saphyr::options::NonFiniteFloatPolicy::AsString,
            with_snippet: false,
            budget: serde_saphyr::budget! {
                max_nodes: NODES_MAX,
                max_events: NODES_MAX * 2,
                max_depth: DEPTH_MAX,
            },
        };
        let start = Place { file, line: 1, column: 1, byte: 0 };
        let raw: Raw = serde_saphyr::from_str_with_options(text, options).map_err(|error| {
            let location = error.location();
            let place = location.map_or(start, |location| place_of(file, &location));
            NotYaml { place, why: complaint(error.without_snippet()) }
        })?;
        let root = Self::settle(raw, file, text);
        Ok(match root.value {
            Yaml::Null => Self { place: start, value: Yaml::Map(Vec::new()) },
            Yaml::Scalar { .. } | Yaml::List(_) | Yaml::Map(_) => root,
        })
    }

    fn settle(raw: Raw, file: usize, source: &str) -> Self {
        let location = raw.0.defined;
        let place = place_of(file, &location);
        // The parser tells numbers from text; whoever reads the field decides what it is, so the
        // letters of the file are what counts.
        let written = || {
            let length = location.span().byte_len().and_then(|n| usize::try_from(n).ok());
            length
                .and_then(|length| source.get(place.byte..place.byte.checked_add(length)?))
                .map(str::trim)
                .unwrap_or_default()
        };
        let value = match raw.0.value {
            RawYaml::Null => Yaml::Null,
            RawYaml::Plain => Yaml::Scalar { text: written().to_owned(), quoted: false },
            RawYaml::Text(text) => {
                let first = source.get(place.byte..).and_then(|rest| rest.chars().next());
                let quoted = matches!(first, Some('"' | '\''));
                Yaml::Scalar { text, quoted }
            }
            RawYaml::List(items) => {
                Yaml::List(items.into_iter().map(|item| Self::settle(item, file, source)).collect())
            }
            RawYaml::Map(entries) => Yaml::Map(
                entries
                    .into_iter()
                    .map(|(key, value)| {
                        let key = Self::settle(key, file, source);
                        let name = key.text().unwrap_or_default().to_owned();
                        (Key { place: key.place, name }, Self::settle(value, file, source))
                    })
                    .collect(),
            ),
        };
        Self { place, value }
    }
}

fn place_of(file: usize, location: &serde_saphyr::Location) -> Place {
    let number = |number: u64| usize::try_from(number).unwrap_or(0);
    Place {
        file,
        line: number(location.line()).max(1),
        column: number(location.column()).max(1),
        byte: number(location.span().byte_offset().unwrap_or(0)),
    }
}

/// The parser's complaint as half a sentence of ours.
fn complaint(error: &serde_saphyr::Error) -> String {
    if let serde_saphyr::Error::DuplicateMappingKey { key, .. } = error {
        let key = key.as_deref().unwrap_or("a key");
        return format!("`{key}` stands twice in this map; keep one of them");
    }
    if let serde_saphyr::Error::MultipleDocuments { .. } = error {
        return "a second document begins here; put everything into one".to_owned();
    }
    let text = error.to_string();
    let text = text.lines().next().unwrap_or_default();
    // The place stands in front of our message already.
    let text = text.split(" at line ").next().unwrap_or(text);
    format!("not YAML: {text}")
}

/// The tree as the parser hands it over.
struct Raw(Spanned<RawYaml>);

enum RawYaml {
    Null,
    /// A number or a truth value; its letters are in the file.
    Plain,
    Text(String),
    List(Vec<Raw>),
    Map(Vec<(Raw, Raw)>),
}

impl<'de> Deserialize<'de> for Raw {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Spanned::deserialize(deserializer).map(Self)
    }
}

impl<'de> Deserialize<'de> for RawYaml {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Anything;

        impl<'de> Visitor<'de> for Anything {
            type Value = RawYaml;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("any YAML value")
            }

            fn visit_unit<E>(self) -> Result<RawYaml, E> {
                Ok(RawYaml::Null)
            }

            fn visit_bool<E>(self, _: bool) -> Result<RawYaml, E> {
                Ok(RawYaml::Plain)
            }

            fn visit_i64<E>(self, _: i64) -> Result<RawYaml, E> {
                Ok(RawYaml::Plain)
            }

            fn visit_u64<E>(self, _: u64) -> Result<RawYaml, E> {
                Ok(RawYaml::Plain)
            }

            fn visit_f64<E>(self, _: f64) -> Result<RawYaml, E> {
                Ok(RawYaml::Plain)
            }

            fn visit_str<E>(self, text: &str) -> Result<RawYaml, E> {
                Ok(RawYaml::Text(text.to_owned()))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<RawYaml, A::Error> {
                let mut list = Vec::new();
                while let Some(item) = items.next_element()? {
                    list.push(item);
                }
                Ok(RawYaml::List(list))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<RawYaml, A::Error> {
                let mut map = Vec::new();
                while let Some(entry) = entries.next_entry()? {
                    map.push(entry);
                }
                Ok(RawYaml::Map(map))
            }
        }

        deserializer.deserialize_any(Anything)
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write;

    use super::*;

    fn draw(node: &Node, depth: usize, drawn: &mut String) {
        let pad = "  ".repeat(depth);
        let Place { line, column, .. } = node.place;
        let _ = match &node.value {
            Yaml::Null => writeln!(drawn, "{pad}{line}:{column} null"),
            Yaml::Scalar { text, quoted } => {
                writeln!(drawn, "{pad}{line}:{column} {text:?} {quoted}")
            }
            Yaml::List(items) => {
                for item in items {
                    draw(item, depth + 1, drawn);
                }
                Ok(())
            }
            Yaml::Map(entries) => {
                for (key, value) in entries {
                    let Place { line, column, .. } = key.place;
                    let _ = writeln!(drawn, "{pad}{line}:{column} {}:", key.name);
                    draw(value, depth + 1, drawn);
                }
                Ok(())
            }
        };
    }

    fn check(text: &str, expected: &str) {
        let mut drawn = String::new();
        match Node::read(0, text) {
            Ok(node) => draw(&node, 0, &mut drawn),
            Err(NotYaml { place, why }) => {
                let _ = write!(drawn, "{}:{} {why}", place.line, place.column);
            }
        }
        assert_eq!(drawn.trim(), expected.trim(), "{text}");
    }

    #[test]
    fn values_keep_their_letters_and_places() {
        check(
            "a: 007 # seven\nb: ['yes', yes, 1.50]\n\"c\":\n  d: |\n    two\n    lines\n  e:\n1: 0x1f\nt: true\nn: ~\ni: .inf\n",
            r#"
1:1 a:
  1:4 "007" false
2:1 b:
    2:5 "yes" true
    2:12 "yes" false
    2:17 "1.50" false
3:1 c:
  4:3 d:
    5:5 "two\nlines\n" false
  7:3 e:
    7:4 null
8:1 1:
  8:4 "0x1f" false
9:1 t:
  9:4 "true" false
10:1 n:
  10:4 null
11:1 i:
  11:4 ".inf" false
"#,
        );
    }

    #[test]
    fn anchors_and_merges_point_to_where_the_value_stands() {
        check(
            "x: &x {a: 1}\ny:\n  <<: *x\n  b: 2\nz: *x\n",
            r#"
1:1 x:
  1:8 a:
    1:11 "1" false
2:1 y:
  4:3 b:
    4:6 "2" false
  1:8 a:
    1:11 "1" false
5:1 z:
  1:8 a:
    1:11 "1" false
"#,
        );
    }

    #[test]
    fn a_key_beside_a_merge_overrides_it() {
        check(
            "x: &x {a: 1, b: 2}\ny: {<<: *x, a: 3}\n",
            "
1:1 x:
  1:8 a:
    1:11 \"1\" false
  1:14 b:
    1:17 \"2\" false
2:1 y:
  2:13 a:
    2:16 \"3\" false
  1:14 b:
    1:17 \"2\" false
",
        );
    }

    #[test]
    fn what_is_not_yaml_is_told_with_its_place() {
        check("a: 1\nb: 2\na: 3\n", "3:1 `a` stands twice in this map; keep one of them");
        check("a: [1\n", "1:4 not YAML: unclosed bracket '['");
        check("a: 1\n---\nb: 2\n", "3:1 a second document begins here; put everything into one");
        check("", "");
    }
}

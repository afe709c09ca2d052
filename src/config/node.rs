//! A YAML file as a tree in which every value knows where it stands.

mod read;

use crate::domain::value::Span;
pub(crate) use read::NotYaml;

/// A place in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    /// Which of the files that were read.
    pub(crate) file: usize,
    /// Counted from 1.
    pub(crate) line: usize,
    /// In characters, counted from 1.
    pub(crate) column: usize,
    /// In bytes from the start of the file.
    pub(crate) byte: usize,
}

/// A value with its place.
#[derive(Debug, Clone)]
pub(crate) struct Node {
    pub(crate) place: Place,
    pub(crate) value: Yaml,
}

/// What YAML can say.
#[derive(Debug, Clone)]
pub(crate) enum Yaml {
    Null,
    /// Text as it was written, and whether it stood in quotes. A block's place is its first letter.
    Scalar {
        text: String,
        quoted: bool,
    },
    List(Vec<Node>),
    Map(Vec<(Key, Node)>),
}

/// A key with its place.
#[derive(Debug, Clone)]
pub(crate) struct Key {
    pub(crate) place: Place,
    pub(crate) name: String,
}

impl Node {
    /// The text of a scalar, whatever YAML takes it for.
    pub(crate) fn text(&self) -> Option<&str> {
        match &self.value {
            Yaml::Scalar { text, .. } => Some(text),
            Yaml::Null | Yaml::List(_) | Yaml::Map(_) => None,
        }
    }

    /// A truth value as YAML 1.1 writes it, which Go's reader takes as well.
    pub(crate) fn boolean(&self) -> Option<bool> {
        match &self.value {
            Yaml::Scalar { text, quoted: false } => match text.to_ascii_lowercase().as_str() {
                "true" | "yes" | "on" | "y" => Some(true),
                "false" | "no" | "off" | "n" => Some(false),
                _ => None,
            },
            Yaml::Scalar { .. } | Yaml::Null | Yaml::List(_) | Yaml::Map(_) => None,
        }
    }

    /// A duration as Prometheus writes it.
    pub(crate) fn span(&self) -> Option<Span> {
        self.text()?.parse().ok()
    }

    /// A whole number that is not negative.
    pub(crate) fn whole(&self) -> Option<u64> {
        self.text()?.parse().ok()
    }

    /// The items of a list; nothing for anything else.
    pub(crate) fn items(&self) -> &[Self] {
        match &self.value {
            Yaml::List(items) => items,
            Yaml::Null | Yaml::Scalar { .. } | Yaml::Map(_) => &[],
        }
    }

    /// The entries of a map; nothing for anything else.
    pub(crate) fn entries(&self) -> &[(Key, Self)] {
        match &self.value {
            Yaml::Map(entries) => entries,
            Yaml::Null | Yaml::Scalar { .. } | Yaml::List(_) => &[],
        }
    }

    /// The value under a key. A key without a value counts as absent.
    pub(crate) fn get(&self, name: &str) -> Option<&Self> {
        let found = self.entries().iter().find(|(key, _)| key.name == name);
        found.map(|(_, value)| value).filter(|value| !matches!(value.value, Yaml::Null))
    }

    /// The text under a key.
    pub(crate) fn text_at(&self, name: &str) -> Option<&str> {
        self.get(name)?.text()
    }

    /// The duration under a key.
    pub(crate) fn span_at(&self, name: &str) -> Option<Span> {
        self.get(name)?.span()
    }

    /// The texts of the list under a key.
    pub(crate) fn texts_at(&self, name: &str) -> Vec<String> {
        let items = self.get(name).map(Self::items).unwrap_or_default();
        items.iter().filter_map(|item| item.text().map(str::to_owned)).collect()
    }

    /// What YAML calls it, for messages.
    pub(crate) fn kind(&self) -> &'static str {
        match &self.value {
            Yaml::Null => "nothing",
            Yaml::Scalar { .. } => "a single value",
            Yaml::List(_) => "a list",
            Yaml::Map(_) => "a map",
        }
    }
}

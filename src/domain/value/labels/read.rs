//! Reads a label set: names and values are copied once, to where they stay.

use std::fmt;

use serde::de::{
    Deserialize, DeserializeSeed, Deserializer, Error, MapAccess, Unexpected, Visitor,
};

use super::Labels;
use super::packing;

/// Room for the names and values of most sets, so that it need not grow.
const TEXT_BYTES_USUAL: usize = 512;

/// Room for the ends of as many parts as most sets have.
const PARTS_USUAL: usize = 32;

impl<'de> Deserialize<'de> for Labels {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Pairs;

        impl<'de> Visitor<'de> for Pairs {
            type Value = Labels;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a map from label name to label value")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Labels, A::Error> {
                let mut heap = Heap::new();
                while map.next_key_seed(Append(&mut heap.text))?.is_some() {
                    heap.end();
                    map.next_value_seed(Append(&mut heap.text))?;
                    heap.end();
                    heap.close_pair();
                }
                Ok(heap.sorted())
            }

            fn visit_unit<E>(self) -> Result<Labels, E> {
                Ok(Labels::default())
            }

            fn visit_bytes<E: Error>(self, packed: &[u8]) -> Result<Labels, E> {
                let labels = str::from_utf8(packed).ok().and_then(Labels::unpacked);
                labels.ok_or_else(|| E::invalid_value(Unexpected::Bytes(packed), &self))
            }
        }

        deserializer.deserialize_any(Pairs)
    }
}

impl Labels {
    /// The set that was packed so; nothing if none was.
    fn unpacked(packed: &str) -> Option<Self> {
        let labels = Self::new(packing::read(packed)?);
        (*labels.packed == *packed).then_some(labels)
    }
}

/// Pairs as they come.
struct Heap {
    /// Names and values in turn, end to end.
    text: String,
    /// Where each of them ends in `text`.
    ends: Vec<usize>,
    /// Where the name before the last one stands.
    before: (usize, usize),
    /// Whether they come in order: senders written in Go sort their maps.
    in_order: bool,
}

impl Heap {
    fn new() -> Self {
        Self {
            text: String::with_capacity(TEXT_BYTES_USUAL),
            ends: Vec::with_capacity(PARTS_USUAL),
            before: (0, 0),
            in_order: true,
        }
    }

    fn end(&mut self) {
        self.ends.push(self.text.len());
    }

    fn close_pair(&mut self) {
        if !self.in_order {
            return;
        }
        let (_, [middle, end]) = self.ends.split_last_chunk().expect("a pair has two ends");
        let (middle, end) = (*middle, *end);
        let parts = self.ends.len();
        let start = if parts == 2 { 0 } else { self.ends[parts - 3] };
        let bytes = self.text.as_bytes();
        if parts > 2 && bytes[self.before.0..self.before.1] >= bytes[start..middle] {
            self.in_order = false;
        } else if middle == end {
            // An empty value is the same as none.
            self.text.truncate(start);
            self.ends.truncate(parts - 2);
        } else {
            self.before = (start, middle);
        }
    }

    fn sorted(&self) -> Labels {
        let mut start = 0;
        let pairs = self.ends.chunks_exact(2).map(move |ends| {
            let (middle, end) = (ends[0], ends[1]);
            let pair = (&self.text[start..middle], &self.text[middle..end]);
            start = end;
            pair
        });
        if self.in_order { Labels::pack(pairs) } else { Labels::new(pairs) }
    }
}

/// Appends a text to another one.
struct Append<'a>(&'a mut String);

impl<'de> DeserializeSeed<'de> for Append<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl Visitor<'_> for Append<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("text")
    }

    fn visit_str<E>(self, text: &str) -> Result<(), E> {
        self.0.push_str(text);
        Ok(())
    }

    // `null` is the empty text where Go reads a map of texts: no label.
    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_packed_set_comes_back_and_nothing_else_does() {
        let long = "ü".repeat(70_000);
        let sets: [&[(&str, &str)]; 4] =
            [&[], &[("a", "1")], &[("a", &long), ("é", "2")], &[(&long, "é"), (&long[2..], "")]];
        for pairs in sets {
            let labels = Labels::new(pairs.iter().copied());
            let packed = rmp_serde::to_vec(&labels).unwrap();
            assert_eq!(rmp_serde::from_slice::<Labels>(&packed).unwrap(), labels);
        }
        let map = std::collections::BTreeMap::from([("b", "2"), ("a", "1")]);
        let map = rmp_serde::to_vec(&map).unwrap();
        assert_eq!(rmp_serde::from_slice::<Labels>(&map).unwrap().to_string(), r#"{a="1", b="2"}"#);
        let packs = |text: &str| Labels::unpacked(text).map(|labels| labels.to_string());
        assert_eq!(packs("\u{1}\u{1}a\u{1}1").as_deref(), Some(r#"{a="1"}"#));
        for damaged in [
            "\u{1}",
            "\u{1}\u{1}a",
            "\u{2}\u{1}a\u{1}1",
            "\u{1}\u{1}a\u{1}1\u{1}",
            "\u{1}\u{1}a\u{2}é?",
            "\u{1}\u{1}é\u{1}1",
            "\u{1}\u{1}a\u{0}",
            "\u{2}\u{1}b\u{1}1\u{1}a\u{1}1",
            "\u{10FFFF}\u{10FFFF}",
            "\u{0}",
        ] {
            assert_eq!(packs(damaged), None, "{damaged:?}");
        }
    }

    #[test]
    fn pairs_may_come_in_any_order_and_the_later_of_one_name_counts() {
        let check = |json: &str, expected: &str| {
            let labels: Labels = serde_json::from_str(json).unwrap();
            assert_eq!(labels.to_string(), expected, "{json}");
        };
        check("{}", "{}");
        check("null", "{}");
        check(r#"{"a":"1","b":"2","c":"3"}"#, r#"{a="1", b="2", c="3"}"#);
        check(r#"{"c":"3","a":"1","b":"2"}"#, r#"{a="1", b="2", c="3"}"#);
        check(r#"{"a":"","b":"2","c":""}"#, r#"{b="2"}"#);
        check(r#"{"a":"1","a":"2","b":"3"}"#, r#"{a="2", b="3"}"#);
        check(r#"{"a":"1","b":"2","a":""}"#, r#"{b="2"}"#);
        check(r#"{"b":"","a":"1","b":"2"}"#, r#"{a="1", b="2"}"#);
        check(r#"{"a":"\u0041","b":null}"#, r#"{a="A"}"#);
    }

    #[test]
    fn sets_longer_than_usual_are_read_whole() {
        let pairs: Vec<(String, String)> =
            (100..200).map(|n| (format!("label_{n}"), "v".repeat(n))).collect();
        let labels = Labels::new(pairs.iter().map(|(name, value)| (name, value)));
        let json = serde_json::to_string(&labels).unwrap();
        assert_eq!(serde_json::from_str::<Labels>(&json).unwrap(), labels);
    }
}

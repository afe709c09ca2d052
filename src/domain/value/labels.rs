//! Label sets: sorted, without empty values, in one allocation however many labels there are.

mod fingerprint;
mod packing;
mod read;

use std::cmp::Ordering;
use std::fmt::{self, Write};

use serde::ser::{Serialize, SerializeMap, Serializer};
use smallvec::SmallVec;

use super::matcher::Quoted;
pub use fingerprint::Fingerprint;
use packing::{Parts, number_bytes, push_number};

/// A label set, or a set of annotations: names with values, sorted by name.
///
/// A label with an empty value is the same as no label (Prometheus' data model).
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Labels {
    /// How many pairs there are, then of each name and value how long it is and what it says.
    /// Nothing at all if there are none.
    packed: Box<str>,
}

impl Labels {
    /// Makes a label set of pairs in any order. Of two pairs with one name the later counts, and
    /// pairs with an empty value are left out.
    pub fn new<N: AsRef<str>, V: AsRef<str>>(pairs: impl IntoIterator<Item = (N, V)>) -> Self {
        Self::of(&mut pairs.into_iter().collect())
    }

    /// As [`Labels::new`]; `pairs` holds whatever it is left with.
    pub(in crate::domain) fn of<N: AsRef<str>, V: AsRef<str>>(pairs: &mut Vec<(N, V)>) -> Self {
        // Senders written in Go sort their maps: most sets arrive in order.
        let in_order = pairs.is_sorted_by(|(a, _), (b, _)| a.as_ref() < b.as_ref());
        if !in_order {
            // Later first and stable, so that of two equal names the later one is kept.
            pairs.reverse();
            pairs.sort_by(|(a, _), (b, _)| a.as_ref().cmp(b.as_ref()));
            pairs.dedup_by(|(a, _), (b, _)| a.as_ref() == b.as_ref());
        }
        if pairs.iter().any(|(_, value)| value.as_ref().is_empty()) {
            pairs.retain(|(_, value)| !value.as_ref().is_empty());
        }
        Self::pack(pairs.iter().map(|(name, value)| (name.as_ref(), value.as_ref())))
    }

    /// Packs pairs that are in order, without empty values.
    pub(in crate::domain) fn pack<'a>(
        sorted: impl Iterator<Item = (&'a str, &'a str)> + Clone,
    ) -> Self {
        let (count, bytes) = room(sorted.clone().map(|(name, value)| (name.len(), value.len())));
        if count == 0 {
            return Self::default();
        }
        let mut packed = String::with_capacity(bytes);
        push_number(count, |number| packed.push(number));
        for (name, value) in sorted {
            for part in [name, value] {
                push_number(part.len(), |number| packed.push(number));
                packed.push_str(part);
            }
        }
        Self { packed: packed.into_boxed_str() }
    }

    /// As [`Labels::pack`], with values as the bytes of texts: all are checked in one go. The empty
    /// set if they are no texts.
    pub(in crate::domain) fn pack_raw<'a>(
        sorted: impl Iterator<Item = (&'a str, &'a [u8])> + Clone,
    ) -> Self {
        let (count, bytes) = room(sorted.clone().map(|(name, value)| (name.len(), value.len())));
        if count == 0 {
            return Self::default();
        }
        let mut packed = Vec::with_capacity(bytes);
        let number = |n: usize, packed: &mut Vec<u8>| {
            push_number(n, |number| {
                packed.extend_from_slice(number.encode_utf8(&mut [0; 4]).as_bytes());
            });
        };
        number(count, &mut packed);
        for (name, value) in sorted {
            for part in [name.as_bytes(), value] {
                number(part.len(), &mut packed);
                packed.extend_from_slice(part);
            }
        }
        let Ok(packed) = String::from_utf8(packed) else { return Self::default() };
        Self { packed: packed.into_boxed_str() }
    }

    /// How many bytes the names and values take, their lengths included.
    pub(in crate::domain) fn text_bytes(&self) -> usize {
        self.packed.len()
    }

    /// Names with values, sorted by name.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &str)> + Clone {
        Pairs(Parts::new(&self.packed))
    }

    /// The value of a label; the empty text if there is no such label.
    pub fn get(&self, name: &str) -> &str {
        // Label sets are short: a scan beats a binary search, and most names differ in length.
        let mut parts = Parts::new(&self.packed);
        while let Some((found, value)) = parts.pair() {
            if self.packed.as_bytes()[found] == *name.as_bytes() {
                return &self.packed[value];
            }
        }
        ""
    }

    /// The order in which Prometheus sorts label sets: fewer labels first, then by the first label
    /// that not both have with the same value; the set that lacks it comes first.
    pub fn order(&self, other: &Self) -> Ordering {
        let apart = || {
            let mut pairs = self.iter().zip(other.iter());
            let (a, b) = pairs.find(|(a, b)| a != b)?;
            Some(b.0.cmp(a.0).then_with(|| a.1.cmp(b.1)))
        };
        self.len().cmp(&other.len()).then_with(|| apart().unwrap_or(Ordering::Equal))
    }

    /// How many labels there are.
    pub fn len(&self) -> usize {
        Parts::new(&self.packed).left()
    }

    /// Tells whether there is no label at all.
    pub fn is_empty(&self) -> bool {
        self.packed.is_empty()
    }

    /// A copy with other labels laid over these. An empty value takes a label away.
    #[must_use]
    pub fn with<'a>(&'a self, over: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        Self::new(self.iter().chain(over))
    }

    /// A copy without the named labels.
    #[must_use]
    pub fn without(&self, names: &[String]) -> Self {
        Self::pack(self.iter().filter(|(name, _)| !names.iter().any(|n| n == name)))
    }

    /// A copy with only the named labels.
    #[must_use]
    pub fn only(&self, names: &[String]) -> Self {
        Self::pack(self.among(names).into_iter())
    }

    /// The named labels, sorted by name: what [`Labels::only`] makes a copy of.
    pub fn among(&self, names: &[String]) -> SmallVec<[(&str, &str); 4]> {
        let mut found = SmallVec::new();
        let mut parts = Parts::new(&self.packed);
        while let Some((name, value)) = parts.pair() {
            let text = &self.packed.as_bytes()[name.clone()];
            if names.iter().any(|n| n.as_bytes() == text) {
                found.push((&self.packed[name], &self.packed[value]));
                // No name comes twice.
                if found.len() == names.len() {
                    break;
                }
            }
        }
        found
    }

    /// The identity of this set.
    pub fn fingerprint(&self) -> Fingerprint {
        Fingerprint::of(self.iter())
    }
}

/// Writes pairs as [`Labels`] shows them.
pub fn show_pairs(pairs: &[(&str, &str)]) -> String {
    let bytes: usize = pairs.iter().map(|(name, value)| name.len() + value.len() + 5).sum();
    let mut shown = String::with_capacity(bytes + 2);
    write_pairs(pairs.iter().copied(), &mut shown).expect("a text takes whatever is written");
    shown
}

fn write_pairs<'a>(
    pairs: impl Iterator<Item = (&'a str, &'a str)>,
    out: &mut impl Write,
) -> fmt::Result {
    out.write_str("{")?;
    for (i, (name, value)) in pairs.enumerate() {
        out.write_str(if i == 0 { "" } else { ", " })?;
        out.write_str(name)?;
        let plain = |byte| matches!(byte, b' '..=b'~') && byte != b'"' && byte != b'\\';
        // Without an early end, so that many bytes are looked at in one step.
        if value.bytes().fold(true, |all, byte| all & plain(byte)) {
            out.write_str("=\"")?;
            out.write_str(value)?;
            out.write_str("\"")?;
        } else {
            write!(out, "={}", Quoted(value))?;
        }
    }
    out.write_str("}")
}

/// How many pairs there are, and how many bytes they take.
fn room(sizes: impl Iterator<Item = (usize, usize)>) -> (usize, usize) {
    let add = |(count, bytes), (name, value)| {
        (count + 1, bytes + name + number_bytes(name) + value + number_bytes(value))
    };
    let (count, bytes) = sizes.fold((0, 0), add);
    (count, bytes + number_bytes(count))
}

/// Walks over a label set.
#[derive(Debug, Clone)]
struct Pairs<'a>(Parts<'a>);

impl<'a> Iterator for Pairs<'a> {
    type Item = (&'a str, &'a str);

    fn next(&mut self) -> Option<Self::Item> {
        let (name, value) = self.0.pair()?;
        Some((&self.0.text()[name], &self.0.text()[value]))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.0.left(), Some(self.0.left()))
    }
}

impl ExactSizeIterator for Pairs<'_> {}

/// Writes `{name="value", …}` as Prometheus does: values by the rules of Go's `strconv.Quote`.
impl fmt::Display for Labels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_pairs(self.iter(), f)
    }
}

impl fmt::Debug for Labels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A map where people may read it, and else the set as it is packed: the journal has a hundred
/// thousand of them, and copies each at once.
impl Serialize for Labels {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if !serializer.is_human_readable() {
            return serializer.serialize_bytes(self.packed.as_bytes());
        }
        let mut map = serializer.serialize_map(Some(self.len()))?;
        for (name, value) in self.iter() {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

/// Whether a text can be the name of a label: any that is not empty, or without `utf8` letters,
/// digits and `_`, not a digit first, as Prometheus had it before version 3.
pub fn is_label_name(name: &str, utf8: bool) -> bool {
    if utf8 {
        return !name.is_empty();
    }
    let letter = |byte: u8| byte.is_ascii_alphabetic() || byte == b'_';
    let mut bytes = name.bytes();
    bytes.next().is_some_and(letter) && bytes.all(|byte| letter(byte) || byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fingerprints_are_those_of_prometheus() {
        assert_eq!(Labels::default().fingerprint().to_string(), "cbf29ce484222325");
        let one = Labels::new([("b", "2"), ("a", "1"), ("empty", "")]);
        let two = Labels::new([("a", "1"), ("b", "2")]);
        assert_eq!(one.fingerprint(), two.fingerprint());
        assert_eq!(one.to_string(), r#"{a="1", b="2"}"#);
        // `name 0xff value 0xff`: moving a letter across the border is another set.
        assert_ne!(
            Labels::new([("a", "bc")]).fingerprint(),
            Labels::new([("ab", "c")]).fingerprint()
        );
    }

    #[test]
    fn text_is_quoted_where_it_must_be() {
        for (value, quoted) in [
            ("plain ~!'", r#""plain ~!'""#),
            ("a\"b", r#""a\"b""#),
            ("a\\b", r#""a\\b""#),
            ("line\n", r#""line\n""#),
            ("é", r#""é""#),
            ("\u{7f}", r#""\x7f""#),
            ("\t", r#""\t""#),
        ] {
            let shown = Labels::new([("a", value), ("b", "x")]).to_string();
            assert_eq!(shown, format!("{{a={quoted}, b=\"x\"}}"));
        }
    }

    #[test]
    fn of_two_values_for_one_name_the_later_counts() {
        let labels = Labels::new([("a", "1"), ("b", "x"), ("a", "2")]);
        assert_eq!(labels.get("a"), "2");
        assert_eq!(labels.with([("b", ""), ("c", "3")]).to_string(), r#"{a="2", c="3"}"#);
    }

    #[test]
    fn json_goes_in_and_out() {
        let labels: Labels = serde_json::from_str(r#"{"b":"\u00e9","a":"1"}"#).unwrap();
        assert_eq!(serde_json::to_string(&labels).unwrap(), r#"{"a":"1","b":"é"}"#);
        let null: Labels = serde_json::from_str(r#"{"a":null,"b":"1"}"#).unwrap();
        assert_eq!(null.to_string(), r#"{b="1"}"#);
        assert!(serde_json::from_str::<Labels>(r#"{"a":1}"#).is_err());
    }

    #[test]
    fn label_sets_are_sorted_as_prometheus_sorts_them() {
        let set = |text: &str| {
            let pairs = text.split_whitespace().map(|pair| pair.split_once('=').unwrap());
            Labels::new(pairs)
        };
        let sorted = ["", "b=1", "a=1", "a=2", "a=1 c=1", "a=1 b=1", "a=1 b=2"];
        for (place, a) in sorted.iter().enumerate() {
            for (other, b) in sorted.iter().enumerate() {
                assert_eq!(set(a).order(&set(b)), place.cmp(&other), "{a} and {b}");
            }
        }
    }
}

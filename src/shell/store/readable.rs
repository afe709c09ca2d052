//! What a machine has written, as people and other releases read it: `MessagePack` as JSON.

use std::fmt;

use serde::de::value::BytesDeserializer;
use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

use crate::domain::value::Labels;

/// Anything, as JSON. Bytes are label sets; nothing else is written as such.
pub(super) struct Readable(pub(super) Value);

impl<'de> Deserialize<'de> for Readable {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Anything).map(Self)
    }
}

struct Anything;

impl<'de> Visitor<'de> for Anything {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("what JSON has words for")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, is: bool) -> Result<Value, E> {
        Ok(is.into())
    }

    fn visit_i64<E>(self, number: i64) -> Result<Value, E> {
        Ok(number.into())
    }

    fn visit_u64<E>(self, number: u64) -> Result<Value, E> {
        Ok(number.into())
    }

    fn visit_f64<E>(self, number: f64) -> Result<Value, E> {
        Ok(number.into())
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(text.into())
    }

    fn visit_bytes<E: Error>(self, bytes: &[u8]) -> Result<Value, E> {
        let labels = Labels::deserialize(BytesDeserializer::new(bytes))?;
        serde_json::to_value(labels).map_err(E::custom)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let mut values = Vec::new();
        while let Some(Readable(value)) = seq.next_element()? {
            values.push(value);
        }
        Ok(values.into())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut fields = Map::new();
        while let Some((Name(name), Readable(value))) = map.next_entry()? {
            fields.insert(name, value);
        }
        Ok(fields.into())
    }
}

/// The name of a field, or a number as JSON writes it there.
struct Name(String);

impl<'de> Deserialize<'de> for Name {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Readable(name) = Readable::deserialize(deserializer)?;
        match name {
            Value::String(name) => Ok(Self(name)),
            Value::Number(number) => Ok(Self(number.to_string())),
            Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => {
                Err(D::Error::custom("what is neither a text nor a number names a field"))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::json;

    use super::*;

    #[test]
    fn whatever_was_written_reads_as_json() {
        let labels = Labels::new([("host", "db-1"), ("city", "Zürich")]);
        let plain = json!({"a": [1, -2, 2.5, null, true, "text"], "b": {}});
        let numbered = BTreeMap::from([(7_u64, "seven")]);
        let written = rmp_serde::to_vec(&(&labels, &plain, &numbered)).unwrap();
        let Readable(read) = rmp_serde::from_slice(&written).unwrap();
        assert_eq!(read, json!([{"city": "Zürich", "host": "db-1"}, plain, {"7": "seven"}]));
        let damaged = rmp_serde::to_vec(&raw(b"\x01")).unwrap();
        assert!(rmp_serde::from_slice::<Readable>(&damaged).is_err(), "no label set");
    }

    fn raw(bytes: &[u8]) -> impl serde::Serialize + '_ {
        struct Raw<'a>(&'a [u8]);

        impl serde::Serialize for Raw<'_> {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_bytes(self.0)
            }
        }

        Raw(bytes)
    }
}

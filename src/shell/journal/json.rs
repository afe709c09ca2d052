//! Writes facts as JSON, byte for byte as `serde_json` does, for less: names of fields need no look
//! for what must be escaped, and texts are looked at many bytes in one step.

use serde::ser::{
    Error as _, Serialize, SerializeMap, SerializeSeq, SerializeStruct, SerializeStructVariant,
    SerializeTuple, SerializeTupleStruct, SerializeTupleVariant, Serializer,
};
use serde_json::Error;

use crate::domain::value::bytes::is_plain_json;

/// Decimal digits of the highest `u64`.
const DIGITS_MAX: usize = 20;

/// Appends a value.
///
/// # Errors
/// When a map has a key that is no text.
pub(super) fn write(value: &impl Serialize, out: &mut Vec<u8>) -> Result<(), Error> {
    let start = out.len();
    value.serialize(Writer(out))?;
    debug_assert_eq!(
        std::str::from_utf8(&out[start..]).ok(),
        serde_json::to_string(value).ok().as_deref()
    );
    Ok(())
}

/// Appends to a text.
struct Writer<'a>(&'a mut Vec<u8>);

/// A list or an object that is being written.
struct Open<'a> {
    out: &'a mut Vec<u8>,
    /// Whether something stands before the next element.
    comma: bool,
    close: &'static [u8],
}

impl<'a> Writer<'a> {
    #[inline]
    fn raw(self, text: &str) {
        self.0.extend_from_slice(text.as_bytes());
    }

    #[inline]
    fn number(self, mut number: u64, negative: bool) {
        let mut digits = [b'-'; DIGITS_MAX + 1];
        let mut at = digits.len();
        loop {
            at -= 1;
            digits[at] = b'0' + u8::try_from(number % 10).unwrap_or_default();
            number /= 10;
            if number == 0 {
                break;
            }
        }
        self.0.extend_from_slice(&digits[at - usize::from(negative)..]);
    }

    #[inline]
    fn text(self, text: &str) {
        if is_plain_json(text.as_bytes()) {
            self.0.reserve(text.len() + 2);
            self.0.push(b'"');
            self.0.extend_from_slice(text.as_bytes());
            self.0.push(b'"');
        } else {
            serde_json::to_writer(self.0, text).expect("memory takes whatever is written");
        }
    }

    #[inline]
    fn open(self, sign: u8, close: &'static [u8]) -> Open<'a> {
        self.0.push(sign);
        Open { out: self.0, comma: false, close }
    }

    /// What a variant holds stands in an object under the variant's name.
    #[inline]
    fn variant(self, name: &'static str) -> Self {
        self.0.extend_from_slice(b"{\"");
        self.0.extend_from_slice(name.as_bytes());
        self.0.extend_from_slice(b"\":");
        self
    }

    /// A number that the library knows how to write.
    fn by_library(self, value: &impl Serialize) -> Result<(), Error> {
        serde_json::to_writer(self.0, value)
    }
}

impl Open<'_> {
    #[inline]
    fn next(&mut self) -> Writer<'_> {
        if self.comma {
            self.out.push(b',');
        }
        self.comma = true;
        Writer(self.out)
    }

    #[inline]
    fn field<T: Serialize + ?Sized>(&mut self, name: &'static str, value: &T) -> Result<(), Error> {
        let Writer(out) = self.next();
        out.push(b'"');
        out.extend_from_slice(name.as_bytes());
        out.extend_from_slice(b"\":");
        value.serialize(Writer(out))
    }

    #[inline]
    fn element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        value.serialize(self.next())
    }

    fn close(self) {
        self.out.extend_from_slice(self.close);
    }
}

impl<'a> Serializer for Writer<'a> {
    type Ok = ();
    type Error = Error;
    type SerializeSeq = Open<'a>;
    type SerializeTuple = Open<'a>;
    type SerializeTupleStruct = Open<'a>;
    type SerializeTupleVariant = Open<'a>;
    type SerializeMap = Open<'a>;
    type SerializeStruct = Open<'a>;
    type SerializeStructVariant = Open<'a>;

    fn serialize_bool(self, value: bool) -> Result<(), Error> {
        self.raw(if value { "true" } else { "false" });
        Ok(())
    }

    fn serialize_i8(self, value: i8) -> Result<(), Error> {
        self.serialize_i64(value.into())
    }

    fn serialize_i16(self, value: i16) -> Result<(), Error> {
        self.serialize_i64(value.into())
    }

    fn serialize_i32(self, value: i32) -> Result<(), Error> {
        self.serialize_i64(value.into())
    }

    fn serialize_i64(self, value: i64) -> Result<(), Error> {
        self.number(value.unsigned_abs(), value < 0);
        Ok(())
    }

    fn serialize_i128(self, value: i128) -> Result<(), Error> {
        self.by_library(&value)
    }

    fn serialize_u8(self, value: u8) -> Result<(), Error> {
        self.serialize_u64(value.into())
    }

    fn serialize_u16(self, value: u16) -> Result<(), Error> {
        self.serialize_u64(value.into())
    }

    fn serialize_u32(self, value: u32) -> Result<(), Error> {
        self.serialize_u64(value.into())
    }

    fn serialize_u64(self, value: u64) -> Result<(), Error> {
        self.number(value, false);
        Ok(())
    }

    fn serialize_u128(self, value: u128) -> Result<(), Error> {
        self.by_library(&value)
    }

    fn serialize_f32(self, value: f32) -> Result<(), Error> {
        self.by_library(&value)
    }

    fn serialize_f64(self, value: f64) -> Result<(), Error> {
        self.by_library(&value)
    }

    fn serialize_char(self, value: char) -> Result<(), Error> {
        self.text(value.encode_utf8(&mut [0; 4]));
        Ok(())
    }

    fn serialize_str(self, value: &str) -> Result<(), Error> {
        self.text(value);
        Ok(())
    }

    fn serialize_bytes(self, value: &[u8]) -> Result<(), Error> {
        self.collect_seq(value)
    }

    fn serialize_none(self) -> Result<(), Error> {
        self.serialize_unit()
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), Error> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<(), Error> {
        self.raw("null");
        Ok(())
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<(), Error> {
        self.serialize_unit()
    }

    fn serialize_unit_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
    ) -> Result<(), Error> {
        self.serialize_str(variant)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        value: &T,
    ) -> Result<(), Error> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<(), Error> {
        let Writer(out) = self.variant(variant);
        value.serialize(Writer(out))?;
        out.push(b'}');
        Ok(())
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Open<'a>, Error> {
        Ok(self.open(b'[', b"]"))
    }

    fn serialize_tuple(self, _: usize) -> Result<Open<'a>, Error> {
        Ok(self.open(b'[', b"]"))
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Open<'a>, Error> {
        Ok(self.open(b'[', b"]"))
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Open<'a>, Error> {
        Ok(self.variant(variant).open(b'[', b"]}"))
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Open<'a>, Error> {
        Ok(self.open(b'{', b"}"))
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Open<'a>, Error> {
        Ok(self.open(b'{', b"}"))
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Open<'a>, Error> {
        Ok(self.variant(variant).open(b'{', b"}}"))
    }
}

impl SerializeMap for Open<'_> {
    type Ok = ();
    type Error = Error;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Error> {
        let Writer(out) = self.next();
        let start = out.len();
        key.serialize(Writer(out))?;
        match out.get(start) {
            Some(b'"') => {}
            // Numbers and truth values stand as texts.
            Some(b'0'..=b'9' | b'-' | b't' | b'f') => {
                out.insert(start, b'"');
                out.push(b'"');
            }
            _ => return Err(Error::custom("a key of an object must be a text")),
        }
        out.push(b':');
        Ok(())
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        value.serialize(Writer(self.out))
    }

    fn end(self) -> Result<(), Error> {
        self.close();
        Ok(())
    }
}

macro_rules! of_elements {
    ($($of:ident $add:ident),*) => {$(
        impl $of for Open<'_> {
            type Ok = ();
            type Error = Error;

            fn $add<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
                self.element(value)
            }

            fn end(self) -> Result<(), Error> {
                self.close();
                Ok(())
            }
        }
    )*};
}

of_elements!(
    SerializeSeq serialize_element,
    SerializeTuple serialize_element,
    SerializeTupleStruct serialize_field,
    SerializeTupleVariant serialize_field
);

macro_rules! of_fields {
    ($($of:ident),*) => {$(
        impl $of for Open<'_> {
            type Ok = ();
            type Error = Error;

            fn serialize_field<T: Serialize + ?Sized>(
                &mut self,
                name: &'static str,
                value: &T,
            ) -> Result<(), Error> {
                self.field(name, value)
            }

            fn end(self) -> Result<(), Error> {
                self.close();
                Ok(())
            }
        }
    )*};
}

of_fields!(SerializeStruct, SerializeStructVariant);

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;
    use serde::Serialize;

    use super::*;

    #[derive(Debug, Clone, Serialize)]
    enum Any {
        Unit,
        New(Box<Any>),
        Pair(i64, u8),
        Named { text: String, maybe: Option<char> },
        Seq(Vec<Any>),
        Map(BTreeMap<String, Any>),
        Keys(BTreeMap<i32, bool>),
        Float(f64),
        Nothing(()),
        Wide(u64, i128),
    }

    fn any_value() -> impl Strategy<Value = Any> {
        let leaf = prop_oneof![
            Just(Any::Unit),
            Just(Any::Nothing(())),
            (any::<i64>(), any::<u8>()).prop_map(|(a, b)| Any::Pair(a, b)),
            (any::<u64>(), any::<i128>()).prop_map(|(a, b)| Any::Wide(a, b)),
            (r#"[a-zé"\\/\x00-\x1f\x7f]{0,40}"#, any::<Option<char>>())
                .prop_map(|(text, maybe)| Any::Named { text, maybe }),
            any::<f64>().prop_map(Any::Float),
            prop::collection::btree_map(any::<i32>(), any::<bool>(), 0..3).prop_map(Any::Keys),
        ];
        leaf.prop_recursive(3, 24, 4, |inner| {
            prop_oneof![
                inner.clone().prop_map(|one| Any::New(Box::new(one))),
                prop::collection::vec(inner.clone(), 0..4).prop_map(Any::Seq),
                prop::collection::btree_map("[a\"]{0,3}", inner, 0..4).prop_map(Any::Map),
            ]
        })
    }

    proptest! {
        #[test]
        fn what_is_written_is_what_the_library_writes(value in any_value()) {
            let mut out = b"before".to_vec();
            write(&value, &mut out).unwrap();
            let text = String::from_utf8(out).unwrap();
            prop_assert_eq!(&text[6..], serde_json::to_string(&value).unwrap());
        }
    }

    #[test]
    fn the_ends_of_numbers_are_written_whole() {
        let check = |value: &dyn Fn(&mut Vec<u8>), expected: &str| {
            let mut out = Vec::new();
            value(&mut out);
            assert_eq!(String::from_utf8(out).unwrap(), expected);
        };
        check(&|out| write(&(u64::MAX, 0), out).unwrap(), "[18446744073709551615,0]");
        check(&|out| write(&(i64::MIN, -1), out).unwrap(), "[-9223372036854775808,-1]");
    }

    #[test]
    fn a_key_that_is_no_text_is_refused() {
        let map: BTreeMap<Vec<u8>, u8> = [(vec![1], 1)].into();
        assert!(Writer(&mut Vec::new()).collect_map(map).is_err());
    }
}

//! Writes values as `MessagePack` in which each text stands once.
//!
//! Fields go by name, as in JSON, so that later releases can add some. [`super::once`] says how
//! texts are written; everything else is as rmp-serde writes it, which a property holds it to.

use serde::de::value::Error;
use serde::ser::{
    Serialize, SerializeMap, SerializeSeq, SerializeStruct, SerializeStructVariant, SerializeTuple,
    SerializeTupleStruct, SerializeTupleVariant, Serializer,
};

use super::once::Written;

/// A writer that keeps its room from one value to the next.
#[derive(Debug, Default)]
pub struct Pen {
    bytes: Vec<u8>,
    texts: Written,
}

/// The room for a value that is kept, in bytes.
const VALUE_BYTES_KEPT: usize = 4 << 20;

impl Pen {
    /// Writes a value and shows its bytes, which [`super::once::expand`] makes plain again.
    ///
    /// # Errors
    /// When the value itself refuses to be written.
    pub fn write(&mut self, value: &impl Serialize) -> Result<&[u8], Error> {
        self.bytes.clear();
        self.bytes.shrink_to(VALUE_BYTES_KEPT);
        self.texts.clear();
        value.serialize(&mut *self)?;
        Ok(&self.bytes)
    }

    fn text(&mut self, text: &str) {
        self.texts.text(text, &mut self.bytes);
    }

    /// Appends a mark and the last bytes of a number.
    fn mark<const BYTES: usize>(&mut self, mark: u8, number: [u8; BYTES]) {
        self.bytes.push(mark);
        self.bytes.extend_from_slice(&number);
    }

    fn natural(&mut self, number: u64) {
        match number {
            0..0x80 => self.bytes.extend(u8::try_from(number)),
            _ => {
                if let Ok(number) = u8::try_from(number) {
                    self.mark(0xcc, number.to_be_bytes());
                } else if let Ok(number) = u16::try_from(number) {
                    self.mark(0xcd, number.to_be_bytes());
                } else if let Ok(number) = u32::try_from(number) {
                    self.mark(0xce, number.to_be_bytes());
                } else {
                    self.mark(0xcf, number.to_be_bytes());
                }
            }
        }
    }

    fn integer(&mut self, number: i64) {
        if let Ok(number) = u64::try_from(number) {
            self.natural(number);
        } else if let Ok(number) = i8::try_from(number) {
            let [byte] = number.to_be_bytes();
            if number >= -32 { self.bytes.push(byte) } else { self.mark(0xd0, [byte]) }
        } else if let Ok(number) = i16::try_from(number) {
            self.mark(0xd1, number.to_be_bytes());
        } else if let Ok(number) = i32::try_from(number) {
            self.mark(0xd2, number.to_be_bytes());
        } else {
            self.mark(0xd3, number.to_be_bytes());
        }
    }

    /// Appends how many follow: `few` with up to 15 in it, else `many` and the next mark.
    fn count(&mut self, count: usize, few: u8, many: u8) {
        match (u8::try_from(count), u16::try_from(count)) {
            (Ok(count), _) if count < 16 => self.bytes.push(few | count),
            (_, Ok(count)) => self.mark(many, count.to_be_bytes()),
            _ => {
                let count = u32::try_from(count).expect("values are far below 4 GiB");
                self.mark(many + 1, count.to_be_bytes());
            }
        }
    }

    fn list(&mut self, count: usize) {
        self.count(count, 0x90, 0xdc);
    }

    fn map(&mut self, count: usize) {
        self.count(count, 0x80, 0xde);
    }

    /// A variant is a map of its name to what it says.
    fn variant(&mut self, name: &str) {
        self.map(1);
        self.text(name);
    }

    /// A list or map of which only its end will tell how many there are.
    fn open(&mut self, mark: u8) -> Parts<'_> {
        let open = Some(self.bytes.len() + 1);
        self.mark(mark, [0; 4]);
        Parts { pen: self, open, count: 0 }
    }

    fn parts(&mut self) -> Parts<'_> {
        Parts { pen: self, open: None, count: 0 }
    }
}

/// The rest of a list or map.
#[derive(Debug)]
pub struct Parts<'a> {
    pen: &'a mut Pen,
    /// Where the count is to be written, if it is not there yet.
    open: Option<usize>,
    count: u32,
}

impl Parts<'_> {
    fn part(&mut self, part: &(impl Serialize + ?Sized)) -> Result<(), Error> {
        self.count = self.count.saturating_add(1);
        part.serialize(&mut *self.pen)
    }

    fn field(&mut self, name: &str, value: &(impl Serialize + ?Sized)) -> Result<(), Error> {
        self.pen.text(name);
        value.serialize(&mut *self.pen)
    }

    fn close(self) {
        if let Some(at) = self.open {
            self.pen.bytes[at..at + 4].copy_from_slice(&self.count.to_be_bytes());
        }
    }
}

impl<'a> Serializer for &'a mut Pen {
    type Ok = ();
    type Error = Error;
    type SerializeSeq = Parts<'a>;
    type SerializeTuple = Parts<'a>;
    type SerializeTupleStruct = Parts<'a>;
    type SerializeTupleVariant = Parts<'a>;
    type SerializeMap = Parts<'a>;
    type SerializeStruct = Parts<'a>;
    type SerializeStructVariant = Parts<'a>;

    fn serialize_bool(self, value: bool) -> Result<(), Error> {
        self.bytes.push(if value { 0xc3 } else { 0xc2 });
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
        self.integer(value);
        Ok(())
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
        self.natural(value);
        Ok(())
    }

    fn serialize_f32(self, value: f32) -> Result<(), Error> {
        self.mark(0xca, value.to_be_bytes());
        Ok(())
    }

    fn serialize_f64(self, value: f64) -> Result<(), Error> {
        self.mark(0xcb, value.to_be_bytes());
        Ok(())
    }

    fn serialize_char(self, value: char) -> Result<(), Error> {
        self.serialize_str(value.encode_utf8(&mut [0; 4]))
    }

    fn serialize_str(self, value: &str) -> Result<(), Error> {
        self.text(value);
        Ok(())
    }

    fn serialize_bytes(self, value: &[u8]) -> Result<(), Error> {
        if let Ok(length) = u8::try_from(value.len()) {
            self.mark(0xc4, length.to_be_bytes());
        } else if let Ok(length) = u16::try_from(value.len()) {
            self.mark(0xc5, length.to_be_bytes());
        } else {
            let length = u32::try_from(value.len()).expect("values are far below 4 GiB");
            self.mark(0xc6, length.to_be_bytes());
        }
        self.bytes.extend_from_slice(value);
        Ok(())
    }

    fn serialize_none(self) -> Result<(), Error> {
        self.serialize_unit()
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), Error> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<(), Error> {
        self.bytes.push(0xc0);
        Ok(())
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<(), Error> {
        self.list(0);
        Ok(())
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
        self.variant(variant);
        value.serialize(self)
    }

    fn serialize_seq(self, count: Option<usize>) -> Result<Parts<'a>, Error> {
        let Some(count) = count else { return Ok(self.open(0xdd)) };
        self.list(count);
        Ok(self.parts())
    }

    fn serialize_tuple(self, count: usize) -> Result<Parts<'a>, Error> {
        self.serialize_seq(Some(count))
    }

    fn serialize_tuple_struct(self, _: &'static str, count: usize) -> Result<Parts<'a>, Error> {
        self.serialize_seq(Some(count))
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        count: usize,
    ) -> Result<Parts<'a>, Error> {
        self.variant(variant);
        self.serialize_seq(Some(count))
    }

    fn serialize_map(self, count: Option<usize>) -> Result<Parts<'a>, Error> {
        let Some(count) = count else { return Ok(self.open(0xdf)) };
        self.map(count);
        Ok(self.parts())
    }

    fn serialize_struct(self, _: &'static str, count: usize) -> Result<Parts<'a>, Error> {
        self.serialize_map(Some(count))
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        count: usize,
    ) -> Result<Parts<'a>, Error> {
        self.variant(variant);
        self.serialize_map(Some(count))
    }
}

/// Lists: what is in them, one after another.
macro_rules! lists {
    ($($Trait:ident $add:ident,)+) => { $(
        impl $Trait for Parts<'_> {
            type Ok = ();
            type Error = Error;

            fn $add<T: Serialize + ?Sized>(&mut self, part: &T) -> Result<(), Error> {
                self.part(part)
            }

            fn end(self) -> Result<(), Error> {
                self.close();
                Ok(())
            }
        }
    )+ };
}

lists! {
    SerializeSeq serialize_element,
    SerializeTuple serialize_element,
    SerializeTupleStruct serialize_field,
    SerializeTupleVariant serialize_field,
}

/// Structs: names with values.
macro_rules! structs {
    ($($Trait:ident)+) => { $(
        impl $Trait for Parts<'_> {
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
                Ok(())
            }
        }
    )+ };
}

structs! { SerializeStruct SerializeStructVariant }

impl SerializeMap for Parts<'_> {
    type Ok = ();
    type Error = Error;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Error> {
        self.part(key)
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        value.serialize(&mut *self.pen)
    }

    fn end(self) -> Result<(), Error> {
        self.close();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::super::once::expand;
    use super::*;

    /// Whatever serde can say, beside lists and maps without a count.
    #[derive(Debug, Clone, serde::Serialize)]
    enum Said {
        Nothing,
        Unit(()),
        Bare(Bare),
        One(Box<Said>),
        Two(i64, f32),
        Named { perhaps: Option<u64>, text: String, bytes: Bytes, pair: (i8, char) },
        Json(Value),
    }

    #[derive(Debug, Clone, serde::Serialize)]
    struct Bare;

    #[derive(Debug, Clone)]
    struct Bytes(Vec<u8>);

    impl Serialize for Bytes {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            serializer.serialize_bytes(&self.0)
        }
    }

    fn plain(value: &impl Serialize) -> Vec<u8> {
        let mut bytes = Vec::new();
        let writer = rmp_serde::Serializer::new(&mut bytes).with_struct_map();
        value.serialize(&mut writer.with_human_readable()).unwrap();
        bytes
    }

    fn json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<u64>().prop_map(Value::from),
            (any::<i64>(), 0..64_u32).prop_map(|(number, bits)| Value::from(number >> bits)),
            any::<f64>().prop_map(Value::from),
            "[ab]{0,2}|(?s).{0,60}".prop_map(Value::from),
        ];
        leaf.prop_recursive(3, 60, 20, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..20).prop_map(Value::from),
                prop::collection::btree_map("[a-c]{1,2}", inner, 0..20)
                    .prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    fn said() -> impl Strategy<Value = Said> {
        let bytes = prop::collection::vec(any::<u8>(), 0..300).prop_map(Bytes);
        let named = (any::<Option<u64>>(), "[ab]{0,3}", bytes, any::<(i8, char)>());
        let leaf = prop_oneof![
            Just(Said::Nothing),
            Just(Said::Unit(())),
            Just(Said::Bare(Bare)),
            any::<(i64, f32)>().prop_map(|(one, two)| Said::Two(one, two)),
            named.prop_map(|(perhaps, text, bytes, pair)| Said::Named {
                perhaps,
                text,
                bytes,
                pair
            }),
            json().prop_map(Said::Json),
        ];
        prop_oneof![leaf.clone(), leaf.prop_map(|one| Said::One(Box::new(one)))]
    }

    proptest! {
        #[test]
        fn what_is_written_is_what_rmp_serde_writes(values in prop::collection::vec(said(), 0..20)) {
            let mut pen = Pen::default();
            for value in [&values[..], &values[..values.len() / 2]] {
                prop_assert_eq!(expand(pen.write(&value).unwrap()), Ok(plain(&value)));
            }
        }
    }

    #[test]
    fn long_lists_and_lists_of_unknown_length_are_counted() {
        struct Some(usize);
        impl Serialize for Some {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                let mut list = serializer.serialize_seq(None)?;
                (0..self.0).try_for_each(|part| list.serialize_element(&part))?;
                list.end()
            }
        }
        let mut pen = Pen::default();
        for count in [0, 15, 16, 65_535, 65_536] {
            let list: Vec<usize> = (0..count).collect();
            assert_eq!(expand(pen.write(&list).unwrap()), Ok(plain(&list)));
            let bytes = expand(pen.write(&Some(count)).unwrap()).unwrap();
            assert_eq!(rmp_serde::from_slice::<Vec<usize>>(&bytes).unwrap(), list);
        }
    }
}

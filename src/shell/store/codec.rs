//! How a stored value looks: `[codec][schema][payload]`, compressed where that saves space. The codec
//! says both in which form the payload is written and whether it is packed.

use std::cell::RefCell;
use std::io;

use zstd::bulk::{Compressor, Decompressor};
use zstd::zstd_safe::get_frame_content_size;

use super::readable::Readable;

/// The longest payload that is packed or unpacked: a damaged or forged length must not take memory.
pub const PAYLOAD_BYTES_MAX: usize = 64 * 1024 * 1024;

/// Why a stored value cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum CodecError {
    /// The value has no room for codec and schema.
    #[error("the value has {bytes} bytes, which is too short for codec and schema")]
    Short {
        /// Its length.
        bytes: usize,
    },
    /// The codec byte means nothing to this release.
    #[error("codec {codec} is unknown: the value was written by a newer release or is damaged")]
    Unknown {
        /// The byte.
        codec: u8,
    },
    /// The payload does not say how long it is, or says more than the limit.
    #[error("the payload has no length or is over {PAYLOAD_BYTES_MAX} bytes")]
    Length,
    /// The payload is no `MessagePack`, or holds what JSON has no words for.
    #[error("failed to write the payload as JSON")]
    Transcribe {
        /// Why.
        #[source]
        source: rmp_serde::decode::Error,
    },
    /// The payload does not unpack.
    #[error("failed to unpack the payload")]
    Unpack {
        /// Why.
        #[source]
        source: io::Error,
    },
}

/// The form in which a payload is written. Both say of each value what it is and of each field its
/// name, so that a later release may know more of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// What a person can read: what came out of an archive.
    Json,
    /// What a machine writes a few times as fast: journal and pages.
    MessagePack,
}

/// A value as it was before it was packed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Payload {
    /// What it is written in.
    pub form: Form,
    /// The version of what is in it.
    pub schema: u8,
    /// What was written.
    pub bytes: Vec<u8>,
}

impl Payload {
    /// The same written as JSON, which is for people and for releases that write otherwise.
    ///
    /// # Errors
    /// When it is no `MessagePack`, or holds what JSON has no words for.
    pub fn json(self) -> Result<Self, CodecError> {
        let bytes = match self.form {
            Form::Json => self.bytes,
            Form::MessagePack => {
                let read: Readable = rmp_serde::from_slice(&self.bytes)
                    .map_err(|source| CodecError::Transcribe { source })?;
                read.0.to_string().into_bytes()
            }
        };
        Ok(Self { form: Form::Json, bytes, ..self })
    }
}

const RAW: u8 = 0;
const ZSTD: u8 = 1;
/// Added to the codec of what is written as `MessagePack`.
const MESSAGE_PACK: u8 = 2;
const HEAD_BYTES: usize = 2;
/// The fast levels below zero cost the writer thread least; higher ones save little on short JSON.
const LEVEL: i32 = -1;
/// Below this a frame costs more than it saves.
const PACK_BYTES_MIN: usize = 64;

/// The room for a frame that is kept from one value to the next.
const FRAME_BYTES_KEPT: usize = 1 << 20;

thread_local! {
    // Making a context costs more than packing a short value with it, and room that is new to the
    // process more than packing into it.
    static COMPRESSOR: RefCell<Option<(Compressor<'static>, Vec<u8>)>> =
        RefCell::new(Compressor::new(LEVEL).ok().map(|compressor| (compressor, Vec::new())));
    static DECOMPRESSOR: RefCell<Option<Decompressor<'static>>> =
        RefCell::new(Decompressor::new().ok());
}

/// Packs a payload that is JSON. `schema` is the version of what is in it, and comes back from
/// [`decode`].
pub fn encode(schema: u8, payload: &[u8]) -> Vec<u8> {
    encode_as(Form::Json, schema, payload)
}

/// Packs a payload of either form.
pub fn encode_as(form: Form, schema: u8, payload: &[u8]) -> Vec<u8> {
    let codec = match form {
        Form::Json => 0,
        Form::MessagePack => MESSAGE_PACK,
    };
    if let Some(packed) = pack([codec + ZSTD, schema], payload) {
        return packed;
    }
    let mut value = Vec::with_capacity(HEAD_BYTES + payload.len());
    value.extend_from_slice(&[codec + RAW, schema]);
    value.extend_from_slice(payload);
    value
}

/// Unpacks a value.
///
/// # Errors
/// When the value was not made by [`encode`] or [`encode_as`], is damaged, or is over
/// [`PAYLOAD_BYTES_MAX`].
pub fn decode(value: &[u8]) -> Result<Payload, CodecError> {
    let &[codec, schema, ref payload @ ..] = value else {
        return Err(CodecError::Short { bytes: value.len() });
    };
    let (form, packing) = match codec {
        RAW | ZSTD => (Form::Json, codec),
        MESSAGE_PACK.. => (Form::MessagePack, codec - MESSAGE_PACK),
    };
    let bytes = match packing {
        RAW => payload.to_vec(),
        ZSTD => unpack(payload)?,
        _ => return Err(CodecError::Unknown { codec }),
    };
    Ok(Payload { form, schema, bytes })
}

/// Nothing when packing does not pay.
fn pack(head: [u8; HEAD_BYTES], payload: &[u8]) -> Option<Vec<u8>> {
    if !(PACK_BYTES_MIN..=PAYLOAD_BYTES_MAX).contains(&payload.len()) {
        return None;
    }
    COMPRESSOR.with_borrow_mut(|compressor| {
        let (compressor, frame) = compressor.as_mut()?;
        frame.clear();
        frame.reserve(payload.len());
        // A frame that finds no room there would not be shorter than the payload.
        let packed = compressor.compress_to_buffer(payload, frame).is_ok();
        let value = (packed && frame.len() < payload.len()).then(|| {
            let mut value = Vec::with_capacity(HEAD_BYTES + frame.len());
            value.extend_from_slice(&head);
            value.extend_from_slice(frame);
            value
        });
        frame.clear();
        frame.shrink_to(FRAME_BYTES_KEPT);
        value
    })
}

fn unpack(frame: &[u8]) -> Result<Vec<u8>, CodecError> {
    let Ok(Some(bytes)) = get_frame_content_size(frame) else { return Err(CodecError::Length) };
    let bytes = usize::try_from(bytes).map_err(|_| CodecError::Length)?;
    if bytes > PAYLOAD_BYTES_MAX {
        return Err(CodecError::Length);
    }
    DECOMPRESSOR.with_borrow_mut(|decompressor| {
        let unpacked = match decompressor {
            Some(decompressor) => decompressor.decompress(frame, bytes),
            None => Err(io::ErrorKind::OutOfMemory.into()),
        };
        unpacked.map_err(|source| CodecError::Unpack { source })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bytes that do not pack.
    fn noise() -> Vec<u8> {
        (0..4096_u32)
            .map(|n| n.wrapping_mul(2_654_435_761).to_be_bytes()[0] ^ n.to_be_bytes()[3])
            .collect()
    }

    #[test]
    fn a_value_comes_back_with_its_schema() {
        let check = |payload: &[u8]| {
            for form in [Form::Json, Form::MessagePack] {
                let back = decode(&encode_as(form, 7, payload)).unwrap();
                assert_eq!(back, Payload { form, schema: 7, bytes: payload.to_vec() });
            }
        };
        check(b"");
        check(b"{}");
        check(&[b'a'; 63]);
        check(&[b'a'; 64]);
        check(&vec![b'a'; 300_000]);
        check(&noise());
    }

    #[test]
    fn packing_is_used_only_where_it_saves_space() {
        let check = |payload: &[u8], codec| assert_eq!(encode(1, payload)[0], codec);
        check(b"short", RAW);
        check(&[b'a'; 4096], ZSTD);
        check(&noise(), RAW);
    }

    #[test]
    fn damage_is_an_error_that_says_what_is_wrong() {
        let check = |value: &[u8], expected: &str| {
            assert_eq!(decode(value).unwrap_err().to_string(), expected);
        };
        check(b"", "the value has 0 bytes, which is too short for codec and schema");
        check(&[0], "the value has 1 bytes, which is too short for codec and schema");
        check(
            &[9, 1, 2],
            "codec 9 is unknown: the value was written by a newer release or is damaged",
        );
        check(&[1, 1, 2, 3], "the payload has no length or is over 67108864 bytes");
        let mut cut = encode(1, &[b'a'; 4096]);
        cut.pop();
        check(&cut, "failed to unpack the payload");
    }

    #[test]
    fn a_frame_that_promises_too_much_is_refused_before_memory_is_taken() {
        let frame = zstd::bulk::compress(&vec![0; PAYLOAD_BYTES_MAX + 1], 1).unwrap();
        assert!(matches!(unpack(&frame), Err(CodecError::Length)));
    }
}

//! Messages one after the other, each behind its length as a varint.

use std::path::Path;

use prost::Message;
use prost::encoding::{decode_varint, encode_varint};

use super::{Fault, Found};

/// Bytes that one message may have.
const MESSAGE_BYTES_MAX: usize = 16 << 20;

/// Faults that are told of one file; the rest would only fill the log.
const FAULTS_MAX: usize = 100;

/// Reads messages, each made into what it means by `meaning`, or nothing if it means nothing here;
/// what does not decode is noted and left out.
pub(super) fn read<M: Message + Default, T>(
    path: &Path,
    bytes: &[u8],
    meaning: impl Fn(M) -> Result<Option<T>, String>,
) -> Found<T> {
    let mut found = Found { records: Vec::new(), faults: Vec::new() };
    let mut rest = bytes;
    while !rest.is_empty() {
        let offset = bytes.len() - rest.len();
        let path = || path.to_owned();
        let body = match split(&mut rest) {
            Ok(body) => body,
            Err(why) => {
                found.faults.push(Fault::Torn { path: path(), offset, why });
                return found;
            }
        };
        let fault = match M::decode(body).map(&meaning) {
            Ok(Ok(record)) => {
                found.records.extend(record);
                continue;
            }
            Ok(Err(why)) => Fault::Meaningless { path: path(), offset, why },
            Err(source) => Fault::Undecodable { path: path(), offset, source },
        };
        if found.faults.len() < FAULTS_MAX {
            found.faults.push(fault);
        }
    }
    found
}

/// Writes messages.
pub(super) fn write<M: Message>(messages: &[M]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for message in messages {
        encode_varint(message.encoded_len() as u64, &mut bytes);
        message.encode_raw(&mut bytes);
    }
    bytes
}

/// Takes the first message off.
fn split<'a>(rest: &mut &'a [u8]) -> Result<&'a [u8], String> {
    let length = decode_varint(rest)
        .map_err(|_| "the length of a message is cut off or longer than 10 bytes".to_owned())?;
    let length = usize::try_from(length).unwrap_or(usize::MAX);
    if length > MESSAGE_BYTES_MAX {
        return Err(format!("a message says that it is {length} bytes long, which none is"));
    }
    let Some((body, after)) = rest.split_at_checked(length) else {
        let left = rest.len();
        return Err(format!("a message of {length} bytes is cut off after {left}"));
    };
    *rest = after;
    Ok(body)
}

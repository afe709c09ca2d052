//! The lines of an archive.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::shell::store::codec::{self, CodecError, Payload};
use crate::shell::store::{Entry, IndexRow, PageKey, Seq};

/// What the first line of every archive calls itself.
pub(super) const FORMAT: &str = "incidentd";

/// The first line.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Header {
    pub(super) format: String,
    pub(super) version: u32,
    pub(super) uuid: String,
    pub(super) at: String,
    pub(super) part: u16,
    pub(super) trimmed: u64,
    pub(super) checkpoint: u64,
    pub(super) seq: u64,
    pub(super) records: u64,
}

/// The last line.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Trailer {
    pub(super) records: u64,
    pub(super) sha256: String,
}

/// A line in between: a page or a journal value, its payload as JSON or as bytes.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Record<'a> {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    page: Option<PageName>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    journal: Option<u64>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    index: Vec<Cow<'a, str>>,
    schema: u8,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    payload: Option<&'a RawValue>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    bytes: Option<String>,
}

/// What a record puts into a store.
#[derive(Debug)]
pub(super) enum Content {
    Page(PageKey, Vec<u8>),
    Journal(Seq, Entry),
}

/// The line of a page.
pub(super) fn page(key: &PageKey, value: &[u8]) -> Result<String, CodecError> {
    let PageKey { practice, table, number } = key.clone();
    let page = Some(PageName { practice, table, number });
    written(Record { page, ..Record::default() }, value)
}

/// The line of a journal value.
pub(super) fn journal(seq: Seq, entry: &Entry) -> Result<String, CodecError> {
    let index = entry.index.iter().map(|row| Cow::Borrowed(row.0.as_str())).collect();
    written(Record { journal: Some(seq.0), index, ..Record::default() }, &entry.value)
}

impl Record<'_> {
    /// What the record holds, packed again; nothing when its fields do not make sense together.
    pub(super) fn content(self) -> Option<Content> {
        let payload = match (self.payload, self.bytes) {
            (Some(payload), None) => Cow::Borrowed(payload.get().as_bytes()),
            (None, Some(bytes)) => Cow::Owned(STANDARD.decode(bytes).ok()?),
            (None, None) | (Some(_), Some(_)) => return None,
        };
        let value = codec::encode(self.schema, &payload);
        match (self.page, self.journal) {
            (Some(PageName { practice, table, number }), None) if self.index.is_empty() => {
                let key = PageKey { practice, table, number };
                key.check().ok()?;
                Some(Content::Page(key, value))
            }
            (None, Some(seq)) => {
                let index = self.index.into_iter().map(|row| IndexRow(row.into_owned())).collect();
                Some(Content::Journal(Seq(seq), Entry { value, index }))
            }
            (Some(_) | None, Some(_) | None) => None,
        }
    }
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct PageName {
    practice: String,
    table: String,
    number: u64,
}

fn written(record: Record<'_>, value: &[u8]) -> Result<String, CodecError> {
    let Payload { schema, bytes: payload, .. } = codec::decode(value)?.json()?;
    let json = one_line_json(&payload);
    let bytes = json.is_none().then(|| STANDARD.encode(&payload));
    let record = Record { schema, payload: json, bytes, ..record };
    Ok(serde_json::to_string(&record).expect("a record of texts and numbers is always JSON"))
}

/// The payload comes back byte for byte, so JSON with line ends or space around it is not taken.
fn one_line_json(payload: &[u8]) -> Option<&RawValue> {
    let text = str::from_utf8(payload).ok()?;
    let json: &RawValue = serde_json::from_str(text).ok()?;
    (json.get().len() == text.len() && !text.contains(['\n', '\r'])).then_some(json)
}

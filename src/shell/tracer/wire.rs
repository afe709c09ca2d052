//! The messages of OTLP's traces, by the field numbers of `opentelemetry.proto.trace.v1`.

use prost::{Message, Oneof};

/// `ExportTraceServiceRequest`.
#[derive(Clone, PartialEq, Message)]
pub struct Request {
    /// Spans by who made them.
    #[prost(message, repeated, tag = "1")]
    pub resource_spans: Vec<ResourceSpans>,
}

/// `ResourceSpans`.
#[derive(Clone, PartialEq, Message)]
pub struct ResourceSpans {
    /// The program that made them.
    #[prost(message, optional, tag = "1")]
    pub resource: Option<Resource>,
    /// Spans by the part of the program.
    #[prost(message, repeated, tag = "2")]
    pub scope_spans: Vec<ScopeSpans>,
}

/// `Resource`.
#[derive(Clone, PartialEq, Message)]
pub struct Resource {
    /// What is known of it.
    #[prost(message, repeated, tag = "1")]
    pub attributes: Vec<KeyValue>,
}

/// `ScopeSpans`.
#[derive(Clone, PartialEq, Message)]
pub struct ScopeSpans {
    /// The part of the program.
    #[prost(message, optional, tag = "1")]
    pub scope: Option<Scope>,
    /// Its spans.
    #[prost(message, repeated, tag = "2")]
    pub spans: Vec<Span>,
}

/// `InstrumentationScope`.
#[derive(Clone, PartialEq, Message)]
pub struct Scope {
    /// Its name.
    #[prost(string, tag = "1")]
    pub name: String,
    /// Its version.
    #[prost(string, tag = "2")]
    pub version: String,
}

/// `Span`.
#[derive(Clone, PartialEq, Message)]
pub struct Span {
    /// 16 bytes.
    #[prost(bytes = "vec", tag = "1")]
    pub trace_id: Vec<u8>,
    /// 8 bytes.
    #[prost(bytes = "vec", tag = "2")]
    pub span_id: Vec<u8>,
    /// What tracing systems add, as it came.
    #[prost(string, tag = "3")]
    pub trace_state: String,
    /// 8 bytes; empty for the first of a trace.
    #[prost(bytes = "vec", tag = "4")]
    pub parent_span_id: Vec<u8>,
    /// What was done.
    #[prost(string, tag = "5")]
    pub name: String,
    /// [`SERVER`] or [`CLIENT`].
    #[prost(int32, tag = "6")]
    pub kind: i32,
    /// In nanoseconds since 1970.
    #[prost(fixed64, tag = "7")]
    pub start_time_unix_nano: u64,
    /// In nanoseconds since 1970.
    #[prost(fixed64, tag = "8")]
    pub end_time_unix_nano: u64,
    /// What is known of it.
    #[prost(message, repeated, tag = "9")]
    pub attributes: Vec<KeyValue>,
    /// How it ended.
    #[prost(message, optional, tag = "15")]
    pub status: Option<Status>,
    /// W3C's flags, and [`HAS_IS_REMOTE`] and [`IS_REMOTE`].
    #[prost(fixed32, tag = "16")]
    pub flags: u32,
}

/// `SPAN_KIND_SERVER`: somebody else's request is answered.
pub const SERVER: i32 = 2;
/// `SPAN_KIND_CLIENT`: a request is made.
pub const CLIENT: i32 = 3;
/// Whether the parent is somebody else's is known.
pub const HAS_IS_REMOTE: u32 = 0x100;
/// The parent is somebody else's.
pub const IS_REMOTE: u32 = 0x200;
/// `STATUS_CODE_ERROR`.
pub const ERROR: i32 = 2;

/// `Status`.
#[derive(Clone, PartialEq, Message)]
pub struct Status {
    /// What is wrong.
    #[prost(string, tag = "2")]
    pub message: String,
    /// [`ERROR`], or 0 where nothing is said.
    #[prost(int32, tag = "3")]
    pub code: i32,
}

/// `KeyValue`.
#[derive(Clone, PartialEq, Message)]
pub struct KeyValue {
    /// Its name.
    #[prost(string, tag = "1")]
    pub key: String,
    /// Its value.
    #[prost(message, optional, tag = "2")]
    pub value: Option<AnyValue>,
}

/// `AnyValue`, as far as we have any.
#[derive(Clone, PartialEq, Message)]
pub struct AnyValue {
    /// What it is.
    #[prost(oneof = "Any", tags = "1, 3")]
    pub value: Option<Any>,
}

/// The kinds of values that we have.
#[derive(Clone, PartialEq, Oneof)]
pub enum Any {
    /// A text.
    #[prost(string, tag = "1")]
    Text(String),
    /// A whole number.
    #[prost(int64, tag = "3")]
    Whole(i64),
}

/// `ExportTraceServiceResponse`.
#[derive(Clone, PartialEq, Message)]
pub struct Answer {
    /// What was not taken, if not all was.
    #[prost(message, optional, tag = "1")]
    pub partial_success: Option<PartialSuccess>,
}

/// `ExportTracePartialSuccess`.
#[derive(Clone, PartialEq, Message)]
pub struct PartialSuccess {
    /// How many were not taken.
    #[prost(int64, tag = "1")]
    pub rejected_spans: i64,
    /// Why, or a warning where all were.
    #[prost(string, tag = "2")]
    pub error_message: String,
}

/// `google.rpc.Status`, which an HTTP error has in its body.
#[derive(Clone, PartialEq, Message)]
pub struct Fault {
    /// What is wrong.
    #[prost(string, tag = "2")]
    pub message: String,
}

/// A text under a name.
pub fn text(key: &str, value: impl Into<String>) -> KeyValue {
    KeyValue { key: key.to_owned(), value: Some(AnyValue { value: Some(Any::Text(value.into())) }) }
}

/// A whole number under a name.
pub fn whole(key: &str, value: i64) -> KeyValue {
    KeyValue { key: key.to_owned(), value: Some(AnyValue { value: Some(Any::Whole(value)) }) }
}

/// The bytes of a request with these spans of ours.
pub fn encode(spans: Vec<Span>) -> Vec<u8> {
    let version = env!("CARGO_PKG_VERSION");
    let attributes = vec![text("service.name", SERVICE), text("service.version", version)];
    let scope = Scope { name: SERVICE.to_owned(), version: version.to_owned() };
    let request = Request {
        resource_spans: vec![ResourceSpans {
            resource: Some(Resource { attributes }),
            scope_spans: vec![ScopeSpans { scope: Some(scope), spans }],
        }],
    };
    request.encode_to_vec()
}

/// What tracing systems call us.
const SERVICE: &str = "incidentd";

#[cfg(test)]
mod tests {
    use super::*;

    /// By hand from the .proto files: a key is `number << 3 | wire type`.
    #[test]
    fn a_span_has_the_bytes_that_the_format_says() {
        let span = Span {
            trace_id: vec![0xaa; 2],
            span_id: vec![0xbb],
            trace_state: "s".to_owned(),
            parent_span_id: vec![0xcc],
            name: "n".to_owned(),
            kind: CLIENT,
            start_time_unix_nano: 1,
            end_time_unix_nano: 2,
            attributes: vec![text("k", "v"), whole("i", 5)],
            status: Some(Status { message: "m".to_owned(), code: ERROR }),
            flags: HAS_IS_REMOTE | IS_REMOTE | 1,
        };
        let expected: &[&[u8]] = &[
            &[0x0a, 2, 0xaa, 0xaa],
            &[0x12, 1, 0xbb],
            &[0x1a, 1, b's'],
            &[0x22, 1, 0xcc],
            &[0x2a, 1, b'n'],
            &[0x30, 3],
            &[0x39, 1, 0, 0, 0, 0, 0, 0, 0],
            &[0x41, 2, 0, 0, 0, 0, 0, 0, 0],
            &[0x4a, 8, 0x0a, 1, b'k', 0x12, 3, 0x0a, 1, b'v'],
            &[0x4a, 7, 0x0a, 1, b'i', 0x12, 2, 0x18, 5],
            &[0x7a, 5, 0x12, 1, b'm', 0x18, 2],
            &[0x85, 0x01, 0x01, 0x03, 0, 0],
        ];
        assert_eq!(span.encode_to_vec(), expected.concat());
    }

    #[test]
    fn spans_stand_below_who_made_them() {
        let request = Request::decode(&*encode(vec![Span::default()])).unwrap();
        let [of_us] = request.resource_spans.as_slice() else { panic!("{request:?}") };
        let resource = of_us.resource.as_ref().unwrap();
        assert_eq!(resource.attributes[0], text("service.name", "incidentd"));
        assert_eq!(of_us.scope_spans[0].spans, [Span::default()]);
    }
}

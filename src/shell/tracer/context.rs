//! Where a span stands in its trace: ids, `traceparent` (W3C Trace Context) and the choice of what is
//! kept.

use std::fmt;

use axum::http::HeaderMap;
use ring::rand::{SecureRandom, SystemRandom};

/// The header that names the trace and the span that a request was sent from.
pub const TRACEPARENT: &str = "traceparent";
/// The header with what tracing systems add to it.
const TRACESTATE: &str = "tracestate";

/// Letters of a `traceparent` of version 00; those of later versions begin with as many.
const TRACEPARENT_BYTES: usize = 55;
/// A longer `tracestate` need not be passed on (W3C Trace Context, 3.3.1.5).
const TRACESTATE_BYTES_MAX: usize = 512;
/// The flag of a span that is kept.
const SAMPLED: u8 = 1;
/// Half of all 64-bit numbers: what a choice is made from, as in OpenTelemetry's SDK for Go.
const CHANCES: u64 = 1 << 63;

/// Where a span stands in its trace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SpanContext {
    pub(super) trace: [u8; 16],
    pub(super) span: [u8; 8],
    pub(super) sampled: bool,
}

/// Somebody else's span that a request was sent from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Remote {
    pub(super) context: SpanContext,
    pub(super) state: String,
}

/// Which of the traces that begin here are kept.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sampler {
    below: u64,
}

impl SpanContext {
    /// Reads a `traceparent`. Nothing if it is not one that can be gone on from.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let bytes = text.as_bytes();
        let version = hex::<1>(bytes.get(..2)?)?[0];
        let ends = match bytes.get(TRACEPARENT_BYTES) {
            None => true,
            // Versions to come may say more behind another dash.
            Some(byte) => version > 0 && *byte == b'-',
        };
        let dashes = [2, 35, 52].into_iter().all(|at| bytes.get(at) == Some(&b'-'));
        if !ends || !dashes || version == 0xff {
            return None;
        }
        let context = Self {
            trace: hex(bytes.get(3..35)?)?,
            span: hex(bytes.get(36..52)?)?,
            sampled: hex::<1>(bytes.get(53..TRACEPARENT_BYTES)?)?[0] & SAMPLED != 0,
        };
        context.is_whole().then_some(context)
    }

    /// A span in the same trace, or the first of its own. Nothing where the machine has no chance to
    /// give.
    pub(super) fn beneath(parent: Option<&Self>, sampler: Sampler) -> Option<Self> {
        let mut chance = [0; 24];
        SystemRandom::new().fill(&mut chance).ok()?;
        let (mut trace, mut span) = ([0; 16], [0; 8]);
        trace.copy_from_slice(&chance[..16]);
        span.copy_from_slice(&chance[16..]);
        let context = match parent {
            Some(parent) => Self { span, ..*parent },
            None => Self { trace, span, sampled: sampler.keeps(&trace) },
        };
        context.is_whole().then_some(context)
    }

    /// Zeros are no ids.
    fn is_whole(&self) -> bool {
        self.trace != [0; 16] && self.span != [0; 8]
    }
}

/// As `traceparent`.
impl fmt::Display for SpanContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { trace, span, sampled } = self;
        let (trace, span) = (u128::from_be_bytes(*trace), u64::from_be_bytes(*span));
        write!(f, "00-{trace:032x}-{span:016x}-{:02x}", u8::from(*sampled))
    }
}

impl Remote {
    /// What a request says about where it was sent from.
    pub(super) fn of(headers: &HeaderMap) -> Option<Self> {
        let mut all = headers.get_all(TRACEPARENT).iter();
        // Of two nobody can say which is right.
        let (Some(only), None) = (all.next(), all.next()) else { return None };
        let context = SpanContext::parse(only.to_str().ok()?)?;
        let states = headers.get_all(TRACESTATE).iter();
        let states: Vec<&str> = states.filter_map(|state| state.to_str().ok()).collect();
        let mut state = states.join(",");
        if state.len() > TRACESTATE_BYTES_MAX {
            state.clear();
        }
        Some(Self { context, state })
    }
}

impl Sampler {
    /// Keeps this part of all traces: from 0 to 1. The same trace gets the same answer everywhere.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "a part of 2^63, rounded"
    )]
    pub(super) fn new(fraction: f64) -> Self {
        Self { below: (fraction.clamp(0.0, 1.0) * CHANCES as f64) as u64 }
    }

    fn keeps(self, trace: &[u8; 16]) -> bool {
        let end = u128::from_be_bytes(*trace) & u128::from(u64::MAX);
        end >> 1 < u128::from(self.below)
    }
}

/// Bytes in small hexadecimal letters, the only ones that the format has.
fn hex<const N: usize>(text: &[u8]) -> Option<[u8; N]> {
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    };
    let mut bytes = [0; N];
    if text.len() != 2 * N {
        return None;
    }
    for (byte, pair) in bytes.iter_mut().zip(text.chunks_exact(2)) {
        *byte = digit(pair[0])? << 4 | digit(pair[1])?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    #[test]
    fn a_traceparent_reads_back_as_it_was() {
        for (text, sampled) in
            [(PARENT, true), ("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00", false)]
        {
            let context = SpanContext::parse(text).unwrap();
            assert_eq!((context.sampled, context.to_string().as_str()), (sampled, text));
        }
    }

    #[test]
    fn later_versions_are_read_as_far_as_they_are_known() {
        let head = &PARENT[2..];
        for (text, read) in [
            (format!("01{head}"), true),
            (format!("01{head}-more"), true),
            (format!("01{head}more"), false),
            (format!("00{head}-more"), false),
            (format!("ff{head}"), false),
        ] {
            assert_eq!(SpanContext::parse(&text).is_some(), read, "{text}");
        }
    }

    #[test]
    fn what_is_no_traceparent_is_not_gone_on_from() {
        for text in [
            "",
            "00",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331",
            "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
            "00-00000000000000000000000000000000-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
            "00_0af7651916cd43dd8448eb211c80319c_b7ad6b7169203331_01",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b71692033é-01",
            "0g-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        ] {
            assert_eq!(SpanContext::parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_request_with_two_parents_has_none() {
        let mut headers = HeaderMap::new();
        assert_eq!(Remote::of(&headers), None);
        headers.append(TRACEPARENT, PARENT.parse().unwrap());
        headers.append(TRACESTATE, "a=1".parse().unwrap());
        headers.append(TRACESTATE, "b=2".parse().unwrap());
        assert_eq!(Remote::of(&headers).unwrap().state, "a=1,b=2");
        headers.insert(TRACESTATE, "a".repeat(TRACESTATE_BYTES_MAX + 1).parse().unwrap());
        assert_eq!(Remote::of(&headers).unwrap().state, "");
        headers.append(TRACEPARENT, PARENT.parse().unwrap());
        assert_eq!(Remote::of(&headers), None);
    }

    #[test]
    fn a_trace_goes_on_as_it_began_and_a_new_one_is_kept_by_its_number() {
        let remote = SpanContext::parse(PARENT).unwrap();
        for sampled in [true, false] {
            let parent = SpanContext { sampled, ..remote };
            let child = SpanContext::beneath(Some(&parent), Sampler::new(0.5)).unwrap();
            assert_eq!((child.trace, child.sampled), (parent.trace, sampled));
            assert_ne!(child.span, parent.span);
        }
        let kept = |fraction: f64, end: u64| {
            let mut trace = [7; 16];
            trace[8..].copy_from_slice(&end.to_be_bytes());
            Sampler::new(fraction).keeps(&trace)
        };
        for (fraction, end, expected) in [
            (0.0, 0, false),
            (1.0, u64::MAX, true),
            (1.0, 0, true),
            (0.5, u64::MAX / 2, true),
            (0.5, u64::MAX / 2 + 1, false),
            (0.25, u64::MAX / 4, true),
            (0.25, u64::MAX / 2, false),
        ] {
            assert_eq!(kept(fraction, end), expected, "{fraction} {end:x}");
        }
    }
}

//! Whether a page answers, and how fast.
//!
//! Three series, told apart by the label `measure`: `up` is 1 for an HTTP status below 400 and
//! otherwise 0; `status` is the HTTP status, 0 without an answer; `latency_ms` is the time to the
//! first byte. That no answer comes is what the check is there to find, not a poll that failed.

use reqwest::{RequestBuilder, Url};

use super::Samples;
use crate::domain::value::{Labels, Span, Timestamp};

/// A page to ask for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    url: Url,
    good: Vec<u16>,
}

impl Check {
    /// `url` is the page; `good` are the statuses that say that it is up, 200 to 299 if there are
    /// none.
    pub fn new(url: Url, good: Vec<u16>) -> Self {
        Self { url, good }
    }

    pub(super) fn url(&self) -> &Url {
        &self.url
    }

    fn is_good(&self, status: u16) -> bool {
        if self.good.is_empty() {
            (200..300).contains(&status)
        } else {
            self.good.contains(&status)
        }
    }

    pub(super) async fn ask(
        &self,
        request: RequestBuilder,
        timeout: Span,
        now: &impl Fn() -> Timestamp,
    ) -> Samples {
        let asked = now();
        let status = request.send().await.map_or(0, |response| response.status().as_u16());
        // A refused connection comes fast; that does not make the page fast.
        let latency = if status == 0 { timeout } else { now().since(asked) };
        samples(self.is_good(status), status, latency)
    }
}

fn samples(up: bool, status: u16, latency: Span) -> Samples {
    #[expect(clippy::cast_precision_loss, reason = "no latency has 2^53 milliseconds")]
    let latency_ms = latency.0 as f64;
    let measures = [
        ("up", f64::from(u8::from(up))),
        ("status", f64::from(status)),
        ("latency_ms", latency_ms),
    ];
    measures.map(|(name, value)| (Labels::new([("measure", name)]), value)).into()
}

//! A sample letter: what templates are tried on before anybody depends on them, and what a test of
//! a receiver says.

use super::letter::{AlertStatus, Letter, LetterAlert, Thread};
use crate::domain::value::{DeliveryId, Labels, RecordId, Span, Timestamp};

/// How long ago the sample began.
const AGE: Span = Span::minutes(5);

/// A letter about one alert with these labels and annotations, as of `now`.
pub fn sample(
    receiver: &str,
    external_url: &str,
    status: AlertStatus,
    (labels, annotations): (Labels, Labels),
    now: Timestamp,
) -> Letter {
    let alert = LetterAlert {
        status,
        annotations,
        starts_at: now - AGE,
        ends_at: (status == AlertStatus::Resolved).then_some(now),
        url: external_url.to_owned(),
        fingerprint: labels.fingerprint(),
        labels: labels.clone(),
    };
    Letter {
        receiver: receiver.to_owned(),
        group_key: format!("{{}}:{labels}"),
        group_labels: labels,
        route_labels: Labels::default(),
        reason: "first notification".to_owned(),
        alerts: vec![alert],
        external_url: external_url.to_owned(),
        reply: None,
        incident: None,
        problem: None,
        delivery: DeliveryId::from_number(0),
        attempt: 1,
        verbatim: false,
        delayed: None,
        thread: Thread { root: format!("test-{}", now.0), ..Thread::default() },
        now,
    }
}

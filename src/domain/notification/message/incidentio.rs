//! incident.io: the webhook's body, cut to what incident.io takes.

use super::exchange::{Http, by_status};
use super::scope::Scope;
use super::{post, webhook};
use crate::domain::notification::receiver::IncidentioConfig;
use crate::domain::value::Labels;

/// incident.io says 429 for ever to a larger body.
const BODY_BYTES_MAX: usize = 512 * 1024;
/// The version of the body that incident.io is told.
const VERSION: &str = "1";

pub(super) fn write(scope: Scope, config: &IncidentioConfig) -> Http {
    let mut scope = scope.truncate(config.alerts_max);
    // incident.io makes one alert of a group, so the first of its alerts says most of it.
    if size(&webhook::body(&scope, VERSION)) > BODY_BYTES_MAX {
        scope = scope.truncate(1);
    }
    let nothing = Labels::default();
    let mut body = webhook::body(&scope, VERSION);
    if size(&body) > BODY_BYTES_MAX {
        body.leave_annotations_out(&nothing);
    }
    let mut first = post(scope.letter, config.url.reveal(), &body);
    if let Some(token) = &config.alert_source_token {
        first = first.header("Authorization", format!("Bearer {}", token.reveal()));
    }
    Http::once(first, by_status, config.timeout, &config.http)
}

fn size(body: &webhook::Body) -> usize {
    serde_json::to_string(body).map_or(0, |text| text.len())
}

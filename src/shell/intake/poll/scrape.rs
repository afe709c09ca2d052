//! Pages in Prometheus' text format.

use reqwest::Method;
use reqwest::header::{ACCEPT, HeaderValue};

use super::{Means, Unanswered, web};
use crate::domain::event::poll::{Sample, ScrapeProbe, exposition};
use crate::domain::value::matcher::all_match;

/// Series that are looked at; more are refused.
const SERIES_MAX: usize = 10_000;

/// What we read, the plainer first.
const FORMATS: &str =
    "text/plain;version=0.0.4,application/openmetrics-text;version=1.0.0;q=0.5,*/*;q=0.1";

pub(super) async fn ask(probe: &ScrapeProbe, means: &Means) -> Result<Vec<Sample>, Unanswered> {
    let way = web::Way::to(means, &probe.http).await?;
    let mut request = way.request(Method::GET, web::url(&probe.url)?, means)?;
    request.headers_mut().insert(ACCEPT, HeaderValue::from_static(FORMATS));
    let response = way.send(request).await.map_err(Unanswered::Ask)?;
    if response.status() != 200 {
        return Err(Unanswered::Status(response.status().as_u16()));
    }
    let page = web::body(response, web::BODY_BYTES_MAX).await?;
    read(probe, &page)
}

fn read(probe: &ScrapeProbe, page: &[u8]) -> Result<Vec<Sample>, Unanswered> {
    let page = std::str::from_utf8(page).map_err(|_| Unanswered::NotText)?;
    let mut samples = Vec::new();
    exposition::read(page, |labels, value| {
        if probe.keep.iter().any(|any| all_match(any, |name| labels.get(name))) {
            samples.push(Sample::new(labels, value));
        }
        samples.len() <= SERIES_MAX
    })
    .map_err(Unanswered::Page)?;
    if samples.len() > SERIES_MAX {
        return Err(Unanswered::TooMany(SERIES_MAX));
    }
    Ok(samples)
}

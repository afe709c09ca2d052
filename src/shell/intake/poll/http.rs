//! Whether a page answers as it should, and how fast.
//!
//! Series, told apart by the label `measure`: `up` is 1 for an answer as expected and otherwise 0,
//! with the reason as annotation `error`; `status` is the HTTP status, 0 without an answer;
//! `latency_ms` is the time to the first byte; `json` is the watched value of the body;
//! `certificate_seconds` is how long the certificate is good. That no answer comes is what the check
//! is there to find, not a poll that failed.

use reqwest::tls::TlsInfo;
use reqwest::{Method, Request, Response, Url};
use serde_json::Value;

use super::tls::{self, Certificate};
use super::{Means, Unanswered, up, web};
use crate::domain::event::poll::{HttpProbe, JsonCheck, Listener, Sample};
use crate::domain::value::Span;
use crate::shell::chain;
use crate::shell::clock::Stopwatch;

/// A longer body is not looked at.
const BODY_BYTES_MAX: usize = 8 << 20;

/// What an answer was like.
struct Page {
    status: u16,
    latency: Span,
    certificate: Option<Certificate>,
    /// What the body says, or why it is not as expected.
    body: Result<Option<f64>, String>,
}

pub(super) async fn ask(probe: &HttpProbe, means: &Means) -> Result<Vec<Sample>, Unanswered> {
    let way = web::Way::to(means, &probe.http).await?;
    let url = web::url(&probe.url)?;
    let request = request(probe, &way, url.clone(), means)?;
    let watch = Stopwatch::start();
    let page = match way.send(request).await {
        Ok(response) => Ok(look(probe, response, watch.elapsed()).await),
        Err(error) if error.is_timeout() => Err(format!("no answer within {}", means.timeout)),
        Err(error) => Err(chain(&error)),
    };
    let mut samples = judge(probe, &page, means.timeout);
    if probe.certificate {
        let seen = page.ok().and_then(|page| page.certificate);
        let certificate = match seen {
            Some(certificate) => Some(certificate),
            // One that has run out lets no answer come, and its alert must not end with that.
            None => shown(&url, probe, means).await,
        };
        samples.push(tls::measure(certificate.as_ref(), means.now));
    }
    Ok(samples)
}

fn request(
    probe: &HttpProbe,
    way: &web::Way,
    url: Url,
    means: &Means,
) -> Result<Request, Unanswered> {
    let method = Method::from_bytes(probe.method.as_bytes()).unwrap_or(Method::GET);
    let mut request = way.request(method, url, means)?;
    for (name, value) in &probe.headers {
        web::add_header(&mut request, name, value);
    }
    if !probe.body.reveal().is_empty() {
        *request.body_mut() = Some(probe.body.reveal().to_owned().into());
    }
    Ok(request)
}

async fn look(probe: &HttpProbe, response: Response, latency: Span) -> Page {
    let status = response.status().as_u16();
    let info = response.extensions().get::<TlsInfo>();
    let certificate = info.and_then(TlsInfo::peer_certificate).and_then(Certificate::read);
    let is_read =
        probe.expect_body.is_some() || probe.refuse_body.is_some() || probe.json.is_some();
    let body = if is_read {
        match web::body(response, BODY_BYTES_MAX).await {
            Ok(body) => examine(probe, &String::from_utf8_lossy(&body)),
            Err(error) => Err(chain(&error)),
        }
    } else {
        Ok(None)
    };
    Page { status, latency, certificate, body }
}

fn judge(probe: &HttpProbe, page: &Result<Page, String>, timeout: Span) -> Vec<Sample> {
    let outcome = match page {
        Err(why) => Err(why.clone()),
        Ok(page) if !is_good(probe, page.status) => Err(format!("HTTP status {}", page.status)),
        Ok(page) => page.body.clone().map(|_| ()),
    };
    let (status, latency) = page.as_ref().map_or((0, timeout), |page| (page.status, page.latency));
    let mut samples = up(outcome.as_ref().map(|()| latency).map_err(String::as_str), latency);
    samples.push(Sample::measure("status", Some(f64::from(status))));
    if probe.json.as_ref().is_some_and(|json| json.expect.is_none()) {
        let value = page.as_ref().ok().and_then(|page| page.body.as_ref().ok().copied().flatten());
        samples.push(Sample::measure("json", value));
    }
    samples
}

fn is_good(probe: &HttpProbe, status: u16) -> bool {
    if probe.expect_status.is_empty() {
        (200..300).contains(&status)
    } else {
        probe.expect_status.contains(&status)
    }
}

fn examine(probe: &HttpProbe, body: &str) -> Result<Option<f64>, String> {
    if probe.expect_body.as_ref().is_some_and(|expect| !expect.is_match(body)) {
        return Err("the body does not match `expect_body`".to_owned());
    }
    if probe.refuse_body.as_ref().is_some_and(|refuse| refuse.is_match(body)) {
        return Err("the body matches `refuse_body`".to_owned());
    }
    let Some(JsonCheck { path, expect }) = &probe.json else { return Ok(None) };
    let json: Value =
        serde_json::from_str(body).map_err(|error| format!("the body is no JSON: {error}"))?;
    let Some(found) = path.find(&json, &json) else {
        return Err(format!("the body has nothing at `{path}`"));
    };
    let letters = match found {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    match expect {
        Some(expect) if *expect == letters => Ok(None),
        Some(expect) => Err(format!("`{path}` is {letters}, not {expect}")),
        None => match (found, letters.trim().parse::<f64>()) {
            (Value::Bool(truth), _) => Ok(Some(f64::from(u8::from(*truth)))),
            (_, Ok(number)) if number.is_finite() => Ok(Some(number)),
            _ => Err(format!("`{path}` is no number: {letters}")),
        },
    }
}

async fn shown(url: &Url, probe: &HttpProbe, means: &Means) -> Option<Certificate> {
    if url.scheme() != "https" {
        return None;
    }
    let host = url.host_str()?.trim_matches(['[', ']']).to_owned();
    let address = Listener { host, port: url.port_or_known_default()? };
    tls::shown(&address, &probe.http.wire.tls, means).await
}

#[cfg(test)]
mod tests {
    use super::*;

    fn probe(expect_body: &str, refuse_body: &str, path: &str, expect: &str) -> HttpProbe {
        let pattern = |text: &str| (!text.is_empty()).then(|| text.parse().unwrap());
        let json = (!path.is_empty()).then(|| JsonCheck {
            path: path.to_owned().try_into().unwrap(),
            expect: (!expect.is_empty()).then(|| expect.to_owned()),
        });
        HttpProbe {
            url: String::new(),
            http: crate::domain::notification::receiver::HttpConfig::default(),
            method: "GET".to_owned(),
            headers: Vec::new(),
            body: crate::domain::value::Secret::default(),
            expect_status: std::collections::BTreeSet::new(),
            expect_body: pattern(expect_body),
            refuse_body: pattern(refuse_body),
            json,
            certificate: false,
        }
    }

    #[track_caller]
    fn check(probe: HttpProbe, body: &str, expected: &str) {
        let found = match examine(&probe, body) {
            Ok(None) => "fine".to_owned(),
            Ok(Some(value)) => value.to_string(),
            Err(why) => why,
        };
        assert_eq!(found, expected, "{body}");
    }

    #[test]
    fn bodies_are_as_expected_or_it_is_said_why_not() {
        check(probe("(?i)welcome", "error", "", ""), "Welcome!", "fine");
        check(probe("welcome", "", "", ""), "Bad gateway", "the body does not match `expect_body`");
        check(probe("", "error", "", ""), "an error", "the body matches `refuse_body`");
        let json = r#"{"queue":{"length":7,"age":"2.5","stuck":true},"state":"ok"}"#;
        check(probe("", "", "queue.length", ""), json, "7");
        check(probe("", "", "$.queue.age", ""), json, "2.5");
        check(probe("", "", "queue.stuck", ""), json, "1");
        check(probe("", "", "state", "ok"), json, "fine");
        check(probe("", "", "state", "good"), json, "`state` is ok, not good");
        check(probe("", "", "state", ""), json, "`state` is no number: ok");
        check(probe("", "", "queue.size", ""), json, "the body has nothing at `queue.size`");
        check(
            probe("", "", "state", ""),
            "<html>",
            "the body is no JSON: expected value at line 1 column 1",
        );
    }
}

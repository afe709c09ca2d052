//! Expressions for a server that speaks Prometheus' HTTP API: Prometheus, Thanos, Mimir,
//! `VictoriaMetrics`.

use std::collections::BTreeMap;

use reqwest::header::{CONTENT_TYPE, HeaderValue};
use reqwest::{Method, Url};
use serde::Deserialize;

use super::{Means, Unanswered, web};
use crate::domain::event::poll::{
    Calendar, LEARN_SPAN, LEARN_STEP, Norms, Point, PromqlProbe, Range, Sample, Trend,
};
use crate::domain::value::{Labels, Span, Timestamp};

const INSTANT: &str = "/api/v1/query";
const RANGE: &str = "/api/v1/query_range";

/// More series in one answer than this are refused.
const SERIES_MAX: usize = 10_000;

/// A longer expression is sent as a form: proxies cut long URLs.
const URL_BYTES_MAX: usize = 4 << 10;

/// Values of the past through which a line is laid.
const TREND_POINTS: u64 = 200;

/// No finer step than this is asked for.
const STEP_MIN: Span = Span::seconds(1);

/// What is usual is learnt again after this time.
const RELEARN: Span = Span::hours(1);

/// What is usual for the series of an expression.
#[derive(Debug, Default)]
pub(super) struct Habits {
    learnt_at: Option<Timestamp>,
    norms: BTreeMap<Labels, Norms>,
}

/// A series with its values.
type Series = (Labels, Vec<Point>);

pub(super) async fn ask(
    probe: &PromqlProbe,
    means: &Means,
    habits: &mut Habits,
) -> Result<Vec<Sample>, Unanswered> {
    let server = Server { probe, means, way: web::Way::to(means, &probe.http).await? };
    let mut samples = match probe.range {
        Some(range) => reduce(server.range(range.window, range.step).await?, range),
        None => server.instant().await?,
    };
    if let Some(window) = probe.forecast {
        let step = Span(window.0 / TREND_POINTS).max(STEP_MIN);
        let past: BTreeMap<Labels, Vec<Point>> =
            server.range(window, step).await?.into_iter().collect();
        for sample in &mut samples {
            let points = past.get(&sample.labels);
            sample.trend = points.and_then(|points| Trend::of(points, window));
        }
    }
    if let Some(calendar) = &probe.baseline {
        if habits.learnt_at.is_none_or(|at| means.now.since(at) >= RELEARN) {
            match server.range(LEARN_SPAN, LEARN_STEP).await {
                Ok(past) => habits.learn(past, calendar, means.now),
                // What was usual an hour ago is good enough until the next question.
                Err(_) if habits.learnt_at.is_some() => {}
                Err(error) => return Err(error),
            }
        }
        for sample in &mut samples {
            let norms = habits.norms.get(&sample.labels);
            sample.norm = norms.and_then(|norms| norms.at(means.now, calendar));
        }
    }
    Ok(samples)
}

impl Habits {
    fn learn(&mut self, past: Vec<Series>, calendar: &Calendar, now: Timestamp) {
        let learn = |(labels, points): Series| (labels, Norms::learn(&points, calendar));
        self.norms = past.into_iter().map(learn).collect();
        self.learnt_at = Some(now);
    }
}

/// Makes one value of each series. What is no number says nothing.
fn reduce(series: Vec<Series>, range: Range) -> Vec<Sample> {
    let one = |(labels, points): Series| {
        let values: Vec<f64> =
            points.iter().map(|(_, value)| *value).filter(|value| !value.is_nan()).collect();
        Some(Sample::new(labels, range.reduce.apply(&values)?))
    };
    series.into_iter().filter_map(one).collect()
}

struct Server<'a> {
    probe: &'a PromqlProbe,
    means: &'a Means,
    way: web::Way,
}

impl Server<'_> {
    async fn instant(&self) -> Result<Vec<Sample>, Unanswered> {
        let (status, body) = self.fetch(INSTANT, &[]).await?;
        samples(status, &body)
    }

    async fn range(&self, window: Span, step: Span) -> Result<Vec<Series>, Unanswered> {
        let now = self.means.now;
        let times = [
            ("start", seconds(now - window)),
            ("end", seconds(now)),
            ("step", seconds(Timestamp(0) + step)),
        ];
        let (status, body) = self.fetch(RANGE, &times).await?;
        series(status, &body)
    }

    async fn fetch(
        &self,
        path: &str,
        more: &[(&str, String)],
    ) -> Result<(u16, Vec<u8>), Unanswered> {
        let mut url = endpoint(&web::url(&self.probe.url)?, path);
        let base = url.clone();
        url.query_pairs_mut().append_pair("query", &self.probe.query).extend_pairs(more);
        let request = if url.as_str().len() > URL_BYTES_MAX {
            let mut request = self.way.request(Method::POST, base, self.means)?;
            let form = HeaderValue::from_static("application/x-www-form-urlencoded");
            request.headers_mut().insert(CONTENT_TYPE, form);
            *request.body_mut() = url.query().map(|query| query.to_owned().into());
            request
        } else {
            self.way.request(Method::GET, url, self.means)?
        };
        let response = self.way.send(request).await.map_err(Unanswered::Ask)?;
        let status = response.status().as_u16();
        Ok((status, web::body(response, web::BODY_BYTES_MAX).await?))
    }
}

/// `server` is the server's URL, with or without the path of its API.
fn endpoint(server: &Url, path: &str) -> Url {
    let mut url = server.clone();
    let base = url.path().trim_end_matches('/').trim_end_matches(INSTANT).to_owned();
    url.set_path(&(base + path));
    url
}

fn seconds(time: Timestamp) -> String {
    format!("{}.{:03}", time.0.div_euclid(1_000), time.0.rem_euclid(1_000))
}

#[derive(Deserialize)]
struct Answer {
    status: String,
    error: Option<String>,
    data: Option<Data>,
    /// `VictoriaMetrics` says so when some of its storage nodes did not answer.
    #[serde(default, rename = "isPartial")]
    is_partial: bool,
}

#[derive(Deserialize)]
#[serde(tag = "resultType", content = "result", rename_all = "lowercase")]
enum Data {
    Vector(Vec<Now>),
    Matrix(Vec<Over>),
    Scalar(Value),
    String(serde::de::IgnoredAny),
}

#[derive(Deserialize)]
struct Now {
    metric: Labels,
    value: Option<Value>,
}

#[derive(Deserialize)]
struct Over {
    metric: Labels,
    values: Option<Vec<Value>>,
}

/// When it was measured, in seconds, and the number as text: JSON has no infinity.
#[derive(Deserialize)]
struct Value(f64, String);

fn read(status: u16, body: &[u8]) -> Result<Data, Unanswered> {
    let answer: Answer =
        serde_json::from_slice(body).map_err(|source| Unanswered::Read { status, source })?;
    match answer.data {
        Some(_) if answer.is_partial => Err(Unanswered::Partial),
        Some(data) if answer.status == "success" => Ok(data),
        _ => Err(Unanswered::Refused(answer.error.unwrap_or(answer.status))),
    }
}

fn samples(status: u16, body: &[u8]) -> Result<Vec<Sample>, Unanswered> {
    let one = |now: Now| {
        let value = now.value.ok_or(Unanswered::Histogram)?;
        Ok(Sample::new(now.metric, number(&value)?))
    };
    match read(status, body)? {
        Data::Vector(series) if series.len() > SERIES_MAX => Err(Unanswered::TooMany(SERIES_MAX)),
        Data::Vector(series) => series.into_iter().map(one).collect(),
        Data::Scalar(value) => Ok(vec![Sample::new(Labels::default(), number(&value)?)]),
        Data::Matrix(_) => Err(Unanswered::Kind("matrix")),
        Data::String(_) => Err(Unanswered::Kind("string")),
    }
}

fn series(status: u16, body: &[u8]) -> Result<Vec<Series>, Unanswered> {
    let one = |over: Over| {
        let values = over.values.ok_or(Unanswered::Histogram)?;
        let points: Result<Vec<Point>, Unanswered> =
            values.iter().map(|value| Ok((time(value), number(value)?))).collect();
        Ok((over.metric, points?))
    };
    match read(status, body)? {
        Data::Matrix(series) if series.len() > SERIES_MAX => Err(Unanswered::TooMany(SERIES_MAX)),
        Data::Matrix(series) => series.into_iter().map(one).collect(),
        Data::Vector(_) => Err(Unanswered::Kind("vector of one instant")),
        Data::Scalar(_) => Err(Unanswered::Kind("scalar")),
        Data::String(_) => Err(Unanswered::Kind("string")),
    }
}

fn number(Value(_, text): &Value) -> Result<f64, Unanswered> {
    text.parse().map_err(|_| Unanswered::NotANumber(text.chars().take(64).collect()))
}

fn time(Value(seconds, _): &Value) -> Timestamp {
    #[expect(clippy::cast_possible_truncation, reason = "`as` ends at the largest number")]
    let millis = (seconds * 1_000.0).round() as i64;
    Timestamp(millis)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(error: &Unanswered) -> String {
        crate::shell::chain(error)
    }

    #[track_caller]
    fn check(body: &str, expected: &str) {
        let read = match samples(422, body.as_bytes()) {
            Ok(samples) => {
                let one = |sample: Sample| format!("{} {}", sample.labels, sample.value.unwrap());
                samples.into_iter().map(one).collect::<Vec<_>>().join(", ")
            }
            Err(error) => told(&error),
        };
        assert_eq!(read, expected, "{body}");
    }

    #[test]
    fn answers_are_vectors_or_scalars() {
        check(
            r#"{"status":"success","data":{"resultType":"vector","result":[
                {"metric":{"__name__":"up","job":"a"},"value":[1772366400.123,"0.5"]},
                {"metric":{},"value":[1772366400,"+Inf"]},
                {"metric":{"job":"b"},"value":[1772366400,"NaN"]}]},"warnings":["slow"]}"#,
            r#"{__name__="up", job="a"} 0.5, {} inf, {job="b"} NaN"#,
        );
        check(
            r#"{"status":"success","data":{"resultType":"scalar","result":[1772366400,"7"]}}"#,
            "{} 7",
        );
        check(
            r#"{"status":"error","errorType":"bad_data","error":"unclosed left parenthesis"}"#,
            "the server answered: unclosed left parenthesis",
        );
        check(
            r#"{"status":"success","data":{"resultType":"scalar","result":[1,"seven"]}}"#,
            "`seven` is not a number",
        );
        check(
            r#"{"status":"success","data":{"resultType":"matrix","result":[]}}"#,
            "the answer is a matrix; ask for a vector, or write `range`",
        );
        check(
            r#"{"status":"success","data":{"resultType":"string","result":[1,"a"]}}"#,
            "the answer is a string; ask for a vector, or write `range`",
        );
        check(
            r#"{"status":"success","isPartial":true,
                "data":{"resultType":"vector","result":[]}}"#,
            "the server answered without all of its stores; a part says nothing about the rest",
        );
        check(
            r#"{"status":"success","data":{"resultType":"vector","result":[
                {"metric":{},"histogram":[1,{"count":"1","sum":"2"}]}]}}"#,
            "the answer holds native histograms; make numbers of them, as with histogram_quantile",
        );
        check(
            "<html>",
            "failed to read the answer, which came with HTTP status 422: expected value at \
             line 1 column 1",
        );
    }

    #[test]
    fn a_range_is_one_value_a_series() {
        let body = r#"{"status":"success","data":{"resultType":"matrix","result":[
            {"metric":{"host":"a"},"values":[[60,"1"],[120.5,"NaN"],[180,"3"]]},
            {"metric":{"host":"b"},"values":[[60,"NaN"]]}]}}"#;
        let series = series(200, body.as_bytes()).unwrap();
        assert_eq!(series[0].1[1].0, Timestamp(120_500));
        let (_, reduce_by) = crate::domain::event::poll::Reduce::ALL[2];
        let range = Range { window: Span::hours(1), step: Span::minutes(1), reduce: reduce_by };
        let host = Labels::new([("host", "a")]);
        assert_eq!(reduce(series, range), [Sample::new(host, 2.0)]);
    }

    #[test]
    fn the_path_is_added_to_the_server() {
        for (server, expected) in [
            ("http://p:9090", "http://p:9090/api/v1/query"),
            ("http://p:9090/", "http://p:9090/api/v1/query"),
            ("http://p:9090/api/v1/query", "http://p:9090/api/v1/query"),
            ("http://p/prom/?team=a", "http://p/prom/api/v1/query?team=a"),
        ] {
            assert_eq!(endpoint(&server.parse().unwrap(), INSTANT).as_str(), expected);
        }
        let url = endpoint(&"http://p/select/0/prometheus".parse().unwrap(), RANGE);
        assert_eq!(url.as_str(), "http://p/select/0/prometheus/api/v1/query_range");
        assert_eq!(seconds(Timestamp(1_772_366_400_050)), "1772366400.050");
    }
}

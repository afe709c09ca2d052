//! Instant queries to a server that speaks Prometheus' HTTP API.

use reqwest::{RequestBuilder, Response, Url};
use serde::Deserialize;

use super::{BODY_BYTES_MAX, SERIES_MAX, Samples, Unanswered};
use crate::domain::value::Labels;

const PATH: &str = "/api/v1/query";

/// An expression and where to ask it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Query {
    url: Url,
}

impl Query {
    /// `server` is the server's URL, with or without `/api/v1/query` at its end.
    pub fn new(server: &Url, expression: &str) -> Self {
        let mut url = server.clone();
        let base = url.path().trim_end_matches('/').trim_end_matches(PATH).to_owned();
        url.set_path(&(base + PATH));
        url.query_pairs_mut().append_pair("query", expression);
        Self { url }
    }

    pub(super) fn url(&self) -> &Url {
        &self.url
    }

    pub(super) async fn ask(&self, request: RequestBuilder) -> Result<Samples, Unanswered> {
        let response = request.send().await.map_err(failed)?;
        let status = response.status().as_u16();
        read(status, &body(response).await?)
    }
}

/// The URL may hold a password, and the error's text would show it.
fn failed(error: reqwest::Error) -> Unanswered {
    Unanswered::Ask(error.without_url())
}

async fn body(mut response: Response) -> Result<Vec<u8>, Unanswered> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(failed)? {
        if body.len() + chunk.len() > BODY_BYTES_MAX {
            return Err(Unanswered::TooLong);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

#[derive(Deserialize)]
struct Answer {
    status: String,
    error: Option<String>,
    data: Option<Data>,
}

#[derive(Deserialize)]
#[serde(tag = "resultType", content = "result", rename_all = "lowercase")]
enum Data {
    Vector(Vec<Sample>),
    Scalar(Value),
}

#[derive(Deserialize)]
struct Sample {
    metric: Labels,
    value: Value,
}

/// When it was measured, and the number as text: JSON has no infinity.
#[derive(Deserialize)]
struct Value(#[expect(dead_code, reason = "the answer is about now")] f64, String);

fn read(status: u16, body: &[u8]) -> Result<Samples, Unanswered> {
    let answer: Answer =
        serde_json::from_slice(body).map_err(|source| Unanswered::Read { status, source })?;
    match answer.data.filter(|_| answer.status == "success") {
        Some(Data::Vector(series)) if series.len() > SERIES_MAX => Err(Unanswered::TooMany),
        Some(Data::Vector(series)) => {
            series.into_iter().map(|sample| Ok((sample.metric, number(sample.value)?))).collect()
        }
        Some(Data::Scalar(value)) => Ok(vec![(Labels::default(), number(value)?)]),
        None => Err(Unanswered::Refused(answer.error.unwrap_or(answer.status))),
    }
}

fn number(Value(_, text): Value) -> Result<f64, Unanswered> {
    text.parse().map_err(|_| Unanswered::NotANumber(text.chars().take(64).collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(body: &str, expected: &str) {
        let read = match read(422, body.as_bytes()) {
            Ok(samples) => format!("{samples:?}"),
            Err(error) => super::super::chain(&error),
        };
        assert_eq!(read, expected, "{body}");
    }

    #[test]
    fn answers_are_vectors_or_scalars() {
        check(
            r#"{"status":"success","data":{"resultType":"vector","result":[
                {"metric":{"__name__":"up","job":"a"},"value":[1772366400.123,"0.5"]},
                {"metric":{},"value":[1772366400,"+Inf"]},
                {"metric":{"job":"b"},"value":[1772366400,"NaN"]}]}}"#,
            r#"[({__name__="up", job="a"}, 0.5), ({}, inf), ({job="b"}, NaN)]"#,
        );
        check(
            r#"{"status":"success","data":{"resultType":"scalar","result":[1772366400,"7"]}}"#,
            "[({}, 7.0)]",
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
            "failed to read the answer, which came with HTTP status 422: unknown variant \
             `matrix`, expected `vector` or `scalar` at line 1 column 49",
        );
        check(
            "<html>",
            "failed to read the answer, which came with HTTP status 422: expected value at \
             line 1 column 1",
        );
    }

    #[test]
    fn the_path_is_added_to_the_server() {
        for server in ["http://p:9090", "http://p:9090/", "http://p:9090/api/v1/query"] {
            let query = Query::new(&server.parse().unwrap(), "up == 0");
            assert_eq!(query.url().as_str(), "http://p:9090/api/v1/query?query=up+%3D%3D+0");
        }
        let query = Query::new(&"http://p/prom/?team=a".parse().unwrap(), "up");
        assert_eq!(query.url().as_str(), "http://p/prom/api/v1/query?team=a&query=up");
    }
}

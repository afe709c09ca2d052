//! The client against a server on the loopback interface.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::Request;
use axum::http::StatusCode;
use axum::response::IntoResponse;

use super::*;
use crate::ctl::Wish;
use crate::domain::value::Timestamp;

/// Starts a server that writes down what it is asked and answers with the given list, in turn.
async fn serve(answers: &[(u16, &str)]) -> (String, Arc<Mutex<Vec<String>>>) {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let answers: Vec<_> =
        answers.iter().map(|(status, body)| (*status, (*body).to_owned())).collect();
    let log = seen.clone();
    let answer = move |request: Request| async move {
        let (head, body) = request.into_parts();
        let body = axum::body::to_bytes(body, 1 << 16).await.unwrap();
        let name = |name: &str| head.headers.get(name).map_or("-", |value| value.to_str().unwrap());
        let line = format!(
            "{} {} {} {} {}",
            head.method,
            head.uri,
            name("authorization"),
            name("x-incidentd-client"),
            String::from_utf8_lossy(&body),
        );
        let mut log = log.lock().unwrap();
        log.push(line.trim_end().to_owned());
        let (status, body) = answers[(log.len() - 1).min(answers.len() - 1)].clone();
        (StatusCode::from_u16(status).unwrap(), body).into_response()
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/prefix/", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, Router::new().fallback(answer)).await });
    (url, seen)
}

fn call(line: &str) -> Call {
    let words = ["incidentctl", "--by", "anna"].into_iter().chain(line.split(' '));
    Wish::of(words.map(Into::into), Timestamp(0)).unwrap().ask.daemon().unwrap()
}

/// Gives one command; expects the requests seen and the answer or the error.
async fn check(line: &str, answers: &[(u16, &str)], requests: &[&str], expected: &str) {
    let (url, seen) = serve(answers).await;
    let client = Client::new(&url, Some("s3cret".to_owned())).unwrap();
    let answer = match client.ask(&call(line)).await {
        Ok(answer) => answer.to_string(),
        Err(failure) => failure.to_string(),
    };
    assert_eq!(*seen.lock().unwrap(), requests, "{line}");
    assert_eq!(answer, expected, "{line}");
}

#[tokio::test]
async fn a_verb_is_posted_below_the_prefix_with_token_and_name() {
    check(
        "incident ack INC-1 hello",
        &[(200, r#"{"id":"INC-1"}"#)],
        &[r#"POST /prefix/api/itsm/v1/incidents/INC-1/acknowledge Bearer s3cret incidentctl {"by":"anna","note":"hello"}"#],
        r#"{"id":"INC-1"}"#,
    )
    .await;
}

#[tokio::test]
async fn a_list_is_read_page_by_page_up_to_its_limit() {
    check(
        "incident list --state open --limit 3",
        &[
            (200, r#"{"items":[{"id":"INC-9"},{"id":"INC-8"}],"next":8}"#),
            (200, r#"{"items":[{"id":"INC-7"},{"id":"INC-6"}],"next":6}"#),
        ],
        &[
            "GET /prefix/api/itsm/v1/incidents?state=open&limit=3 Bearer s3cret incidentctl",
            "GET /prefix/api/itsm/v1/incidents?state=open&limit=1&cursor=8 Bearer s3cret incidentctl",
        ],
        r#"{"items":[{"id":"INC-9"},{"id":"INC-8"},{"id":"INC-7"}],"next":6}"#,
    )
    .await;
}

#[tokio::test]
async fn a_cursor_that_does_not_move_ends_the_list() {
    let asked = "GET /prefix/api/itsm/v1/incidents?limit=500";
    check(
        "incident list --all",
        &[(200, r#"{"items":[1],"next":8}"#)],
        &[
            &format!("{asked} Bearer s3cret incidentctl"),
            &format!("{asked}&cursor=8 Bearer s3cret incidentctl"),
        ],
        r#"{"items":[1,1],"next":8}"#,
    )
    .await;
}

#[tokio::test]
async fn a_refusal_says_why() {
    check(
        "incident show INC-404",
        &[(404, r#"{"detail":"there is no INC-404"}"#)],
        &["GET /prefix/api/itsm/v1/incidents/INC-404 Bearer s3cret incidentctl"],
        "there is no INC-404",
    )
    .await;
}

#[tokio::test]
async fn a_daemon_that_is_not_there_is_said_to_be_unreachable() {
    // A port that was just given back is one where nobody listens.
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let failure = Client::new(&url, None).unwrap().ask(&call("status")).await.unwrap_err();
    let report = failure.report();
    assert!(matches!(failure, Failure::Unreachable { .. }), "{report}");
    assert!(report.starts_with(&format!("error: cannot reach incidentd at {url}\n")), "{report}");
    assert!(report.contains("because: Connection refused"), "{report}");
}

#[test]
fn addresses_are_checked_before_they_are_used() {
    for (url, expected) in [
        ("http://ops:9093", Ok("http://ops:9093")),
        ("https://ops/itsm/", Ok("https://ops/itsm")),
        ("ops:9093", Err("it must begin with http:// or https://")),
        ("127.0.0.1:9093", Err("relative URL without a base")),
        ("http://ops/?a=b", Err("it must end with a path, not with `?` or `#`")),
    ] {
        match (Client::new(url, None), expected) {
            (Ok(client), expected) => assert_eq!(Ok(client.url.as_str()), expected),
            (Err(Failure::Address { why, .. }), expected) => {
                assert_eq!(Err(why.as_str()), expected);
            }
            (Err(failure), _) => panic!("{url}: {failure}"),
        }
    }
}

#[test]
fn the_token_is_what_the_file_holds_without_its_line_end() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(&file, "s3cret\n").unwrap();
    assert_eq!(token(Some(file.path())).unwrap().as_deref(), Some("s3cret"));
    let failure = token(Some(Path::new("/nowhere/token"))).unwrap_err();
    assert_eq!(failure.to_string(), "failed to read the token file `/nowhere/token`");
    assert!(matches!(Client::new("http://ops", Some("a\nb".to_owned())), Err(Failure::Token)));
}

//! HTTP sinks.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use super::{courier, told};
use crate::domain::notification::message::{Message, Post};
use crate::domain::notification::receiver::HttpConfig;
use crate::domain::value::{Secret, Span};

const OK: &str = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";

/// Answers each request with the next reply and returns what it was asked. After the last reply it
/// is silent, if `hang` says so.
async fn sink(replies: Vec<String>, hang: bool) -> (String, JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}/hooks/s3cret-path", listener.local_addr().unwrap());
    let seen = tokio::spawn(async move {
        let mut seen = Vec::new();
        for reply in replies {
            let (mut stream, _) = listener.accept().await.unwrap();
            seen.push(request(&mut stream).await);
            stream.write_all(reply.as_bytes()).await.unwrap();
        }
        if hang {
            let (mut stream, _) = listener.accept().await.unwrap();
            seen.push(request(&mut stream).await);
            std::future::pending::<()>().await;
        }
        seen
    });
    (address, seen)
}

async fn request(stream: &mut TcpStream) -> String {
    let mut text = String::new();
    let mut buffer = [0; 4_096];
    loop {
        let length = text.split_once("\r\n\r\n").map(|(head, body)| {
            let wanted = head.lines().find_map(|line| line.strip_prefix("content-length: "));
            body.len() >= wanted.map_or(0, |wanted| wanted.parse().unwrap())
        });
        if length == Some(true) {
            return text;
        }
        let read = stream.read(&mut buffer).await.unwrap();
        assert!(read > 0, "the request ends early");
        text.push_str(std::str::from_utf8(&buffer[..read]).unwrap());
    }
}

fn post(url: &str) -> Post {
    Post {
        url: Secret::new(url),
        headers: vec![
            ("Content-Type", "application/json".to_owned()),
            ("Idempotency-Key", "DLV-7".to_owned()),
        ],
        body: r#"{"status":"firing"}"#.to_owned(),
        timeout: Span::ZERO,
        http: HttpConfig::default(),
    }
}

/// Sends one webhook to a sink that gives this reply. `HOST` stands for the sink's host.
async fn check(reply: &str, expected: &str) {
    let (url, _) = sink(vec![reply.to_owned()], false).await;
    let report = courier().send(&Message::Webhook(post(&url))).await;
    assert_eq!(told(&report).replace("127.0.0.1", "HOST"), expected, "{reply}");
}

#[tokio::test]
async fn what_a_reply_means() {
    check(OK, "delivered -").await;
    check("HTTP/1.1 204 No Content\r\n\r\n", "delivered -").await;
    check(
        "HTTP/1.1 503 Service Unavailable\r\ncontent-length: 9\r\n\r\ntry\nlater",
        "retry serverError: HOST answered 503 Service Unavailable: try later",
    )
    .await;
    check(
        "HTTP/1.1 503 Service Unavailable\r\nretry-after: 120\r\ncontent-length: 0\r\n\r\n",
        "retry after 2m serverError: HOST answered 503 Service Unavailable",
    )
    .await;
    check(
        "HTTP/1.1 429 Too Many Requests\r\nretry-after: 7\r\ncontent-length: 0\r\n\r\n",
        "retry after 7s rateLimited: HOST answered 429 Too Many Requests",
    )
    .await;
    check(
        "HTTP/1.1 408 Request Timeout\r\ncontent-length: 0\r\n\r\n",
        "retry clientError: HOST answered 408 Request Timeout",
    )
    .await;
    check(
        "HTTP/1.1 400 Bad Request\r\ncontent-length: 11\r\n\r\nno such key",
        "permanent clientError: HOST answered 400 Bad Request: no such key",
    )
    .await;
    check(
        "HTTP/1.1 401 Unauthorized\r\ncontent-length: 0\r\n\r\n",
        "permanent authError: HOST answered 401 Unauthorized",
    )
    .await;
    check(
        "HTTP/1.1 301 Moved Permanently\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n",
        "permanent other: HOST answered 301 Moved Permanently, and redirects are not followed here \
         (`follow_redirects`)",
    )
    .await;
}

#[tokio::test]
async fn a_long_answer_is_read_and_told_only_in_part() {
    let body = "x".repeat(1_000_000);
    let reply = format!("HTTP/1.1 400 Bad Request\r\ncontent-length: 1000000\r\n\r\n{body}");
    let expected =
        format!("permanent clientError: HOST answered 400 Bad Request: {}", "x".repeat(200));
    // The sink cannot finish writing once nobody reads, so it must not be waited for.
    check(&reply, &expected).await;
}

#[tokio::test]
async fn a_side_that_does_not_answer_is_given_up() {
    let (url, _) = sink(vec![], true).await;
    let post = Post { timeout: Span(200), ..post(&url) };
    assert_eq!(
        told(&courier().send(&Message::Webhook(post)).await),
        "retry contextDeadlineExceeded: 127.0.0.1 did not answer within 200ms"
    );
}

#[tokio::test]
async fn a_side_that_is_not_there_is_tried_again_and_its_path_stays_secret() {
    let report = courier().send(&Message::Webhook(post("http://127.0.0.1:1/hooks/s3cret"))).await;
    let told = told(&report);
    assert!(told.starts_with("retry other: failed to reach 127.0.0.1: "), "{told}");
    assert!(!told.contains("s3cret"), "{told}");
}

#[tokio::test]
async fn what_is_no_address_is_never_tried() {
    for url in ["", "hooks.example.org/s3cret", "file:///etc/s3cret", "http:///s3cret x"] {
        let told = told(&courier().send(&Message::Webhook(post(url))).await);
        assert!(
            told.starts_with("permanent other: ") || told.contains("failed to reach"),
            "{told}"
        );
        assert!(!told.contains("s3cret"), "{told}");
    }
}

#[tokio::test]
async fn a_request_carries_its_key_its_name_and_its_credentials() {
    let (url, seen) = sink(vec![OK.to_owned()], false).await;
    let mut post = post(&url);
    post.http.authorization = Some(("Bearer".to_owned(), Secret::new("t0ken-t0ken")));
    post.http.headers = vec![("X-Scope".to_owned(), Secret::new("tenant"))];
    assert_eq!(told(&courier().send(&Message::Webhook(post)).await), "delivered -");
    let request = seen.await.unwrap().remove(0);
    for line in [
        "POST /hooks/s3cret-path HTTP/1.1",
        "content-type: application/json",
        "idempotency-key: DLV-7",
        "authorization: Bearer t0ken-t0ken",
        "x-scope: tenant",
        concat!("user-agent: incidentd/", env!("CARGO_PKG_VERSION")),
        r#"{"status":"firing"}"#,
    ] {
        assert!(request.lines().any(|have| have == line), "{line} in {request}");
    }
}

#[tokio::test]
async fn a_name_with_a_password_goes_along() {
    let (url, seen) = sink(vec![OK.to_owned()], false).await;
    let mut post = post(&url);
    post.http.basic_auth = Some(("ann".to_owned(), Secret::new("pw")));
    assert_eq!(told(&courier().send(&Message::Webhook(post)).await), "delivered -");
    assert!(seen.await.unwrap()[0].contains("authorization: Basic YW5uOnB3\r\n"));
}

#[tokio::test]
async fn secrets_that_come_back_are_not_told() {
    let words = "no access to /hooks/s3cret-path with t0ken-t0ken";
    let reply = format!("HTTP/1.1 403 Forbidden\r\ncontent-length: {}\r\n\r\n{words}", words.len());
    let (url, _) = sink(vec![reply], false).await;
    let mut post = post(&url);
    post.http.authorization = Some(("Bearer".to_owned(), Secret::new("t0ken-t0ken")));
    assert_eq!(
        told(&courier().send(&Message::Webhook(post)).await),
        "permanent authError: 127.0.0.1 answered 403 Forbidden: no access to <secret> with <secret>"
    );
}

#[tokio::test]
async fn redirects_are_followed_where_the_configuration_says_so() {
    let (end, seen) = sink(vec![OK.to_owned()], false).await;
    let reply =
        format!("HTTP/1.1 307 Temporary Redirect\r\nlocation: {end}\r\ncontent-length: 0\r\n\r\n");
    let (url, _) = sink(vec![reply], false).await;
    let mut post = post(&url);
    post.http.follow_redirects = true;
    assert_eq!(told(&courier().send(&Message::Webhook(post)).await), "delivered -");
    assert!(seen.await.unwrap()[0].contains(r#"{"status":"firing"}"#));
}

#[tokio::test]
async fn slack_says_what_is_wrong_in_a_good_reply() {
    let check = async |body: &str, expected: &str| {
        let length = body.len();
        let reply = format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n{body}");
        let (url, _) = sink(vec![reply], false).await;
        assert_eq!(told(&courier().send(&Message::Slack(post(&url))).await), expected, "{body}");
    };
    check("ok", "delivered -").await;
    check(r#"{"ok":true,"ts":"1772330700.000100"}"#, "delivered 1772330700.000100").await;
    check(
        r#"{"ok":false,"error":"channel_not_found"}"#,
        "permanent clientError: 127.0.0.1 refused the message: channel_not_found",
    )
    .await;
    check(
        r#"{"ok":false,"error":"invalid_auth"}"#,
        "permanent authError: 127.0.0.1 refused the message: invalid_auth",
    )
    .await;
    check(
        r#"{"ok":false,"error":"ratelimited"}"#,
        "retry rateLimited: 127.0.0.1 refused the message: ratelimited",
    )
    .await;
}

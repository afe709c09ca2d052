//! HTTP sinks.

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use super::{courier, told};
use crate::domain::notification::message::exchange::{
    Listener, Method, Recall, Reply, Request, Step,
};
use crate::domain::notification::message::{Class, Http, Message, Reason, Report};
use crate::domain::notification::receiver::HttpConfig;
use crate::domain::value::{Secret, Span};

pub(super) const OK: &str = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";

/// Answers each request with the next reply and returns what it was asked. After the last reply it
/// is silent, if `hang` says so.
pub(super) async fn sink(replies: Vec<String>, hang: bool) -> (String, JoinHandle<Vec<String>>) {
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

pub(super) async fn request(stream: &mut (impl AsyncRead + Unpin)) -> String {
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

/// Says what it heard: the reply's own words are what matters here.
#[derive(Debug)]
struct Parrot;

impl Listener for Parrot {
    fn hear(&mut self, reply: &Reply) -> Step {
        if reply.status == 200 {
            return Step::End(Report::Delivered { provider: None });
        }
        let class = Class::Retry { after: reply.after };
        let why = format!("said {} {}: {}", reply.status, reply.phrase, reply.body);
        Step::End(Report::Failed { class, why, reason: Reason::Other })
    }
}

pub(super) fn post(url: &str) -> Http {
    let headers = [("Content-Type", "application/json"), ("Idempotency-Key", "DLV-7")];
    Http {
        first: Request {
            method: Method::Post,
            url: Secret::new(url),
            headers: headers.map(|(name, value)| (name, Secret::new(value))).to_vec(),
            body: r#"{"status":"firing"}"#.to_owned(),
            secrets: Vec::new(),
            recall: Recall::Never,
            proof: None,
        },
        listener: Box::new(Parrot),
        timeout: Span::ZERO,
        http: HttpConfig::default(),
    }
}

pub(super) async fn send(http: Http) -> String {
    told(&courier().send(Message::Http(Box::new(http))).await)
}

/// Sends one webhook to a sink that gives this reply. `HOST` stands for the sink's host.
async fn check(reply: &str, expected: &str) {
    let (url, _) = sink(vec![reply.to_owned()], false).await;
    assert_eq!(send(post(&url)).await.replace("127.0.0.1", "HOST"), expected, "{reply}");
}

#[tokio::test]
async fn the_listener_hears_status_words_and_the_wait_asked_for() {
    check(OK, "delivered -").await;
    check(
        "HTTP/1.1 503 Service Unavailable\r\nretry-after: 120\r\ncontent-length: 5\r\n\r\nlater",
        "retry after 2m other: HOST said 503 Service Unavailable: later",
    )
    .await;
}

#[tokio::test]
async fn a_long_answer_is_read_only_in_part() {
    let body = "x".repeat(1_000_000);
    let reply = format!("HTTP/1.1 400 Bad Request\r\ncontent-length: 1000000\r\n\r\n{body}");
    let (url, _) = sink(vec![reply], false).await;
    // The sink cannot finish writing once nobody reads, so it must not be waited for.
    let told = send(post(&url)).await;
    assert!(told.len() > 1_000 && told.len() < 100_000, "{}", told.len());
}

/// Asks again until it has what it wants.
#[derive(Debug)]
struct Insistent(String);

impl Listener for Insistent {
    fn hear(&mut self, reply: &Reply) -> Step {
        if reply.body == "enough" {
            return Step::End(Report::Delivered { provider: Some("X-1".to_owned()) });
        }
        let mut next = post(&self.0).first;
        next.method = Method::Put;
        next.body = format!("after {}", reply.body);
        Step::Send(next)
    }
}

pub(super) fn answer(body: &str) -> String {
    let length = body.len();
    format!("HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{body}")
}

#[tokio::test]
async fn an_exchange_goes_on_until_the_listener_has_heard_enough() {
    let (url, seen) = sink(vec![answer("one"), answer("enough")], false).await;
    let http = Http { listener: Box::new(Insistent(url.clone())), ..post(&url) };
    assert_eq!(send(http).await, "delivered X-1");
    let second = seen.await.unwrap().remove(1);
    assert!(second.starts_with("PUT ") && second.ends_with("after one"), "{second}");
}

#[tokio::test]
async fn a_side_that_leads_in_a_circle_is_left() {
    let (url, _) = sink(vec![answer("more"); 8], false).await;
    let http = Http { listener: Box::new(Insistent(url.clone())), ..post(&url) };
    assert_eq!(send(http).await, "permanent other: 127.0.0.1 wanted more than 8 requests");
}

#[tokio::test]
async fn a_side_that_does_not_answer_is_given_up() {
    let (url, _) = sink(vec![], true).await;
    let post = Http { timeout: Span(200), ..post(&url) };
    assert_eq!(
        send(post).await,
        "retry contextDeadlineExceeded: 127.0.0.1 did not answer within 200ms"
    );
}

#[tokio::test]
async fn a_side_that_is_not_there_is_tried_again_and_its_path_stays_secret() {
    let told = send(post("http://127.0.0.1:1/hooks/s3cret")).await;
    assert!(told.starts_with("retry other: failed to reach 127.0.0.1: "), "{told}");
    assert!(!told.contains("s3cret"), "{told}");
}

#[tokio::test]
async fn what_is_no_address_is_never_tried() {
    for url in ["", "hooks.example.org/s3cret", "file:///etc/s3cret", "http:///s3cret x"] {
        let told = send(post(url)).await;
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
    post.http.authorization = Some(("Bearer".to_owned(), Secret::new("t0ken-t0ken").into()));
    post.http.headers = vec![("X-Scope".to_owned(), Secret::new("tenant").into())];
    assert_eq!(send(post).await, "delivered -");
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
    post.http.basic_auth = Some((Secret::new("ann").into(), Secret::new("pw").into()));
    assert_eq!(send(post).await, "delivered -");
    assert!(seen.await.unwrap()[0].contains("authorization: Basic YW5uOnB3\r\n"));
}

#[tokio::test]
async fn secrets_that_come_back_are_not_told() {
    let words = "no access to /hooks/s3cret-path with t0ken-t0ken";
    let reply = format!("HTTP/1.1 403 Forbidden\r\ncontent-length: {}\r\n\r\n{words}", words.len());
    let (url, _) = sink(vec![reply], false).await;
    let mut post = post(&url);
    post.http.authorization = Some(("Bearer".to_owned(), Secret::new("t0ken-t0ken").into()));
    assert_eq!(
        send(post).await,
        "retry other: 127.0.0.1 said 403 Forbidden: no access to <secret> with <secret>"
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
    assert_eq!(send(post).await, "delivered -");
    assert!(seen.await.unwrap()[0].contains(r#"{"status":"firing"}"#));
}

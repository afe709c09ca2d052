//! OTLP over HTTP: where it is posted, and the encoding of the answer.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;

use super::*;

const JSON: (&str, &str) = ("content-type", "application/json");
const PROTOBUF: (&str, &str) = ("content-type", "application/x-protobuf");

const RECORD: &str = r#"{"resourceLogs":[{"scopeLogs":[{"logRecords":[
    {"severityNumber":17,"eventName":"lost","body":{"stringValue":"gone"}}]}]}]}"#;

/// One record of severity 17 with the body `no`, by hand: the fields 1, 2, 2 around 2 and 5.
const BYTES: [u8; 14] = [0x0a, 12, 0x12, 10, 0x12, 8, 0x10, 17, 0x2a, 4, 0x0a, 2, b'n', b'o'];

fn house() -> House {
    let intake = Intake::new("logs", Kind::named("otlp").unwrap(), Vec::new(), Limits::default());
    House::with(vec![intake], Vec::new(), |_| {})
}

#[tokio::test]
async fn logs_are_taken_wherever_exporters_post_them() {
    let house = house();
    for path in ["/v1/logs", "/hooks/logs", "/hooks/logs/v1/logs"] {
        let answer = house.send(&format!("POST {path}"), &[JSON], RECORD).await;
        assert_eq!((answer.status, answer.body.trim()), (200, "{}"), "{path}");
    }
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    gzip.write_all(&BYTES).unwrap();
    let headers = [PROTOBUF, ("content-encoding", "gzip")];
    let answer = house.send("POST /v1/logs", &headers, gzip.finish().unwrap()).await;
    assert_eq!((answer.status, answer.body.as_str()), (200, ""));
    assert_eq!(answer.header("content-type"), "application/x-protobuf");
    let alerts = house.get("/api/itsm/v1/alerts?source=logs").await.json();
    assert_eq!(alerts["items"].as_array().unwrap().len(), 2, "{alerts}");
}

#[tokio::test]
async fn a_refusal_is_in_the_encoding_of_the_request() {
    let house = house();
    let answer = house.send("POST /v1/logs", &[JSON], "{").await;
    assert_eq!((answer.status, &answer.json()["code"]), (400, &3.into()), "{}", answer.body);
    let answer = house.send("POST /v1/logs", &[PROTOBUF], vec![0x0a, 9]).await;
    assert_eq!((answer.status, answer.header("content-type")), (400, "application/x-protobuf"));
    assert!(answer.body.starts_with("\u{8}\u{3}\u{12}"), "{:?}", answer.body);
    let answer = House::new().send("POST /v1/logs", &[JSON], RECORD).await;
    assert_eq!(answer.status, 404);
    let headers = [JSON, ("content-encoding", "br")];
    assert_eq!(house.send("POST /v1/logs", &headers, RECORD).await.status, 415);
}

#[tokio::test]
async fn what_is_refused_among_others_is_a_partial_success() {
    let house = house();
    let long = "x".repeat(2_000_000);
    let body = RECORD.replace("\"lost\"", &format!("\"{long}\""));
    let answer = house.send("POST /v1/logs", &[JSON], body).await;
    let partial = &answer.json()["partialSuccess"];
    assert_eq!((answer.status, &partial["rejectedLogRecords"]), (200, &"1".into()));
}

//! Spans on their way to collectors on the loopback.

mod collectors;

use std::sync::Arc;

use axum::http::HeaderMap;

use super::*;
use crate::config::TracingClient;
use crate::domain::notification::receiver::{SecretSource, TlsConfig};
use crate::domain::value::Secret;
use crate::shell::client::papers::Authority;
use collectors::{Heard, Says, collector, scripted, secured};

const PARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

fn config(client: TracingClient, endpoint: &str) -> Tracing {
    Tracing {
        client,
        endpoint: endpoint.to_owned(),
        sampling_fraction: 1.0,
        insecure: true,
        tls: TlsConfig::default(),
        headers: vec![("X-Tenant".to_owned(), Secret::new("ours").into())],
        gzip: false,
        timeout: Span::seconds(5),
    }
}

async fn tracer(config: &Tracing) -> Tracer {
    let tracer = Tracer::new(Arc::new(Metrics::new()));
    tracer.apply(tracer.prepare(Some(config)).await.unwrap());
    tracer
}

fn counted(tracer: &Tracer, series: &str) -> u64 {
    let text = tracer.metrics.text();
    let line = text.lines().find_map(|line| line.strip_prefix(&format!("incidentd_{series} ")));
    line.map_or(0, |count| count.parse().unwrap())
}

/// One span, and what came of it.
async fn one(config: &Tracing, heard: impl Future<Output = Heard>) -> Heard {
    let tracer = tracer(config).await;
    drop(tracer.client(None, "asked").unwrap());
    tracer.stop().await;
    assert_eq!(counted(&tracer, "spans_sent_total"), 1, "{}", tracer.metrics.text());
    heard.await
}

fn names(heard: &Heard) -> Vec<&str> {
    heard.spans().map(|span| span.name.as_str()).collect()
}

#[tokio::test]
async fn a_batch_goes_over_http_as_the_protocol_has_it() {
    for gzip in [false, true] {
        let (endpoint, mut heard) = collector(Says::Well).await;
        let config = Tracing { gzip, ..config(TracingClient::Http, &endpoint) };
        let heard = one(&config, async { heard.recv().await.unwrap() }).await;
        assert_eq!((heard.path.as_str(), heard.is_http2), ("/v1/traces", false));
        assert_eq!(heard.header("content-type"), "application/x-protobuf");
        assert_eq!(heard.header("content-encoding"), if gzip { "gzip" } else { "" });
        assert_eq!(heard.header("x-tenant"), "ours");
        assert_eq!(names(&heard), ["asked"]);
    }
}

#[tokio::test]
async fn a_batch_goes_over_grpc_as_a_unary_call() {
    for gzip in [false, true] {
        let (endpoint, mut heard) = collector(Says::Well).await;
        let config = Tracing { gzip, ..config(TracingClient::Grpc, &endpoint) };
        let heard = one(&config, async { heard.recv().await.unwrap() }).await;
        let path = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";
        assert_eq!((heard.path.as_str(), heard.is_http2), (path, true));
        assert_eq!(heard.header("content-type"), "application/grpc");
        assert_eq!(heard.header("te"), "trailers");
        assert_eq!(heard.header("grpc-encoding"), if gzip { "gzip" } else { "" });
        assert_eq!(heard.header("x-tenant"), "ours");
        assert_eq!(names(&heard), ["asked"]);
    }
}

#[tokio::test]
async fn a_collector_must_be_believed_unless_the_file_says_otherwise() {
    let authority = Authority::new();
    for client in [TracingClient::Http, TracingClient::Grpc] {
        let (endpoint, mut heard) = secured(authority.vouch("localhost")).await;
        let ca = Some(SecretSource::from(Secret::new(authority.pem.clone())));
        for (tls, believed) in [
            (TlsConfig { ca, ..TlsConfig::default() }, true),
            (TlsConfig { insecure_skip_verify: true, ..TlsConfig::default() }, true),
            (TlsConfig::default(), false),
        ] {
            let config = Tracing { insecure: false, tls, ..config(client, &endpoint) };
            let tracer = tracer(&config).await;
            drop(tracer.client(None, "asked").unwrap());
            tracer.stop().await;
            assert_eq!(counted(&tracer, "spans_sent_total"), u64::from(believed), "{config:?}");
            assert_eq!(heard.try_recv().is_ok(), believed, "{config:?}");
        }
    }
}

#[tokio::test]
async fn a_request_goes_on_in_its_senders_trace() {
    let (endpoint, mut heard) = collector(Says::Well).await;
    let config = Tracing { sampling_fraction: 0.0, ..config(TracingClient::Http, &endpoint) };
    let tracer = tracer(&config).await;
    let mut headers = HeaderMap::new();
    drop(tracer.server(&headers, || "of nobody".to_owned()));
    headers.insert(TRACEPARENT, PARENT.replace("-01", "-00").parse().unwrap());
    drop(tracer.server(&headers, || "not kept".to_owned()));
    headers.insert(TRACEPARENT, PARENT.parse().unwrap());
    headers.insert("tracestate", "vendor=7".parse().unwrap());
    let mut span = tracer.server(&headers, || "kept".to_owned()).unwrap();
    let inner = tracer.client(Some(span.context()), "within").unwrap();
    let told = inner.context().to_string();
    drop(inner);
    span.text("long", &"é".repeat(1_000));
    span.fail("why");
    drop(span);
    tracer.stop().await;

    let heard = heard.recv().await.unwrap();
    let spans: Vec<_> = heard.spans().collect();
    let [inner, span] = spans.as_slice() else { panic!("{spans:#?}") };
    assert_eq!((inner.name.as_str(), span.name.as_str()), ("within", "kept"));
    let hex =
        |bytes: &[u8]| bytes.iter().fold(String::new(), |text, byte| format!("{text}{byte:02x}"));
    assert_eq!(hex(&span.trace_id), PARENT[3..35]);
    assert_eq!(hex(&span.parent_span_id), PARENT[36..52]);
    assert_eq!((span.trace_state.as_str(), span.flags), ("vendor=7", 0x301));
    assert_eq!(span.status.as_ref().unwrap().message, "why");
    assert_eq!(span.attributes, [wire::text("long", "é".repeat(512))]);
    assert!(span.start_time_unix_nano <= inner.start_time_unix_nano);
    assert!(inner.end_time_unix_nano <= span.end_time_unix_nano);
    assert_eq!((&inner.trace_id, &inner.parent_span_id), (&span.trace_id, &span.span_id));
    let own = format!("00-{}-{}-01", hex(&inner.trace_id), hex(&inner.span_id));
    assert_eq!((told, inner.flags), (own, 0x101));
}

#[tokio::test]
async fn what_the_collector_does_not_take_is_counted() {
    for (says, reason) in [
        (Says::Partly(1), "rejected"),
        (Says::Status(400), "refused"),
        (Says::Status(503), "unreachable"),
        (Says::Code(7), "refused"),
        (Says::CodeAtOnce(14), "unreachable"),
    ] {
        let (endpoint, _heard) = collector(says).await;
        let client = match says {
            Says::Code(_) | Says::CodeAtOnce(_) => TracingClient::Grpc,
            _ => TracingClient::Http,
        };
        let tracer = tracer(&config(client, &endpoint)).await;
        drop(tracer.client(None, "asked"));
        drop(tracer.client(None, "asked"));
        // Told to end while it waits for more, it sends what it has once.
        tracer.stop().await;
        let lost = counted(&tracer, &format!("spans_dropped_total{{reason=\"{reason}\"}}"));
        let (sent, expected) = if let Says::Partly(_) = says { (1, 1) } else { (0, 2) };
        assert_eq!((counted(&tracer, "spans_sent_total"), lost), (sent, expected), "{says:?}");
    }
}

#[tokio::test]
async fn a_batch_that_does_not_arrive_is_sent_again_for_a_while() {
    use Says::{Code, Partly, Status, Well};
    for (script, attempts, sent, lost) in [
        (vec![Status(503), Status(429), Well], 3, 1, 0),
        (vec![Code(14), Well], 2, 1, 0),
        (vec![Status(503)], 4, 0, 1),
        (vec![Status(400)], 1, 0, 1),
        (vec![Partly(7)], 1, 0, 1),
    ] {
        let client = match script[0] {
            Code(_) => TracingClient::Grpc,
            _ => TracingClient::Http,
        };
        let (endpoint, mut heard) = scripted(script.clone()).await;
        let metrics = Arc::new(Metrics::new());
        let collector = Collector::new(&config(client, &endpoint), Arc::new(Clients::new()));
        let (spans, waiting) = mpsc::channel(8);
        let (closing, told) = watch::channel(false);
        let pace = exporter::Pace { batch: Span(1), again: [Span(1); 3] };
        let exporter = Exporter::new(collector, waiting, told, Arc::clone(&metrics), pace);
        let running = tokio::spawn(exporter.run());
        spans.try_send(wire::Span::default()).unwrap();
        for _ in 0..attempts {
            heard.recv().await.unwrap();
        }
        drop(closing);
        running.await.unwrap();
        assert!(heard.try_recv().is_err(), "{script:?}");
        let text = metrics.text();
        let total = |name: &str| -> u64 {
            let lines = text.lines().filter(|line| line.starts_with(name));
            lines.map(|line| line.rsplit(' ').next().unwrap().parse::<u64>().unwrap()).sum()
        };
        let counts = (total("incidentd_spans_sent"), total("incidentd_spans_dropped"));
        assert_eq!(counts, (sent, lost), "{script:?}");
    }
}

#[tokio::test]
async fn what_does_not_fit_is_dropped_and_never_waited_for() {
    let config = Tracing { timeout: Span::hours(1), ..config(TracingClient::Http, "localhost:1") };
    let tracer = tracer(&config).await;
    for _ in 0..=WAITING_SPANS_MAX {
        drop(tracer.client(None, "asked"));
    }
    assert_eq!(counted(&tracer, "spans_dropped_total{reason=\"full\"}"), 1);
}

#[tokio::test]
async fn a_reload_changes_where_spans_go() {
    let (first, mut heard_first) = collector(Says::Well).await;
    let (second, mut heard_second) = collector(Says::Well).await;
    let tracer = tracer(&config(TracingClient::Http, &first)).await;
    let apply = async |config: Option<&Tracing>| {
        tracer.apply(tracer.prepare(config).await.unwrap());
    };
    drop(tracer.client(None, "to the first"));
    apply(Some(&config(TracingClient::Http, &first))).await;
    drop(tracer.client(None, "to the first, too"));
    let late = tracer.client(None, "too late").unwrap();
    apply(Some(&config(TracingClient::Grpc, &second))).await;
    let heard = heard_first.recv().await.unwrap();
    assert_eq!(names(&heard), ["to the first", "to the first, too"]);
    drop(tracer.client(None, "to the second"));
    apply(None).await;
    assert_eq!(names(&heard_second.recv().await.unwrap()), ["to the second"]);
    drop(late);
    assert_eq!(counted(&tracer, "spans_dropped_total{reason=\"late\"}"), 1);
    assert!(tracer.client(None, "to nobody").is_none());
    assert!(tracer.server(&HeaderMap::new(), || unreachable!("nobody asks for it")).is_none());
    tracer.stop().await;
    assert!(heard_first.try_recv().is_err() && heard_second.try_recv().is_err());
}

#[tokio::test]
async fn a_configuration_that_cannot_be_used_is_refused_before_anything_changes() {
    let tracer = Tracer::new(Arc::new(Metrics::new()));
    let ca = Some(SecretSource::File("/nowhere/ca.pem".to_owned()));
    let tls = TlsConfig { ca, ..TlsConfig::default() };
    let config = Tracing { insecure: false, tls, ..config(TracingClient::Grpc, "localhost:1") };
    let error = tracer.prepare(Some(&config)).await.unwrap_err();
    assert!(error.to_string().contains("/nowhere/ca.pem"), "{error}");
}

//! Each kind of question, asked once of a server on the loopback interface.

use std::fmt::Write as _;

use axum::body::Bytes;
use axum::extract::RawQuery;
use axum::http::{HeaderMap, Method, header};
use axum::routing::any;
use simple_dns::rdata::{A, RData};
use simple_dns::{CLASS, Packet, PacketFlag, ResourceRecord};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, UdpSocket};
use tokio_rustls::TlsAcceptor;

use super::*;
use crate::domain::event::poll::{
    Calendar, DnsProbe, ExecProbe, JsonCheck, Listener, Norm, Range, Reduce, ScrapeProbe, TcpProbe,
    TlsProbe,
};
use crate::domain::notification::receiver::TlsConfig;
use crate::domain::value::Labels;
use crate::shell::client::papers::Authority;
use crate::shell::client::tls::{chain as certificates, private_key};

/// 1 March 2026, noon.
const NOW: Timestamp = Timestamp(1_772_366_400_000);

/// Asks once, and writes what was seen: a line for each series, with its annotations.
async fn once(probe: Probe) -> String {
    let means = Means { clients: Arc::new(Clients::new()), timeout: Span(5_000), now: NOW };
    said(super::super::ask(&probe, &means, &mut Habits::default()).await)
}

fn said(answer: Result<Vec<Sample>, Unanswered>) -> String {
    let samples = match answer {
        Ok(samples) => samples,
        Err(error) => return chain(&error),
    };
    let mut said = String::new();
    for sample in samples {
        let labels = sample.labels.iter().map(|(_, value)| value).collect::<Vec<_>>().join(" ");
        let value = sample.value.map_or_else(|| "?".to_owned(), |value| value.to_string());
        let value = if labels == "latency_ms" { "some".to_owned() } else { value };
        let _ = write!(said, "{labels} {value}");
        for (name, note) in sample.notes.iter() {
            let _ = write!(said, " {name}={note}");
        }
        said.push('\n');
    }
    said
}

/// A page that tells of the request, and some that do other things.
async fn website() -> SocketAddr {
    async fn mirror(
        method: Method,
        headers: HeaderMap,
        RawQuery(query): RawQuery,
        body: Bytes,
    ) -> String {
        let header = |name: &str| {
            headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned()
        };
        let body = String::from_utf8_lossy(&body).into_owned();
        let [probe, who] = ["x-probe", "authorization"].map(header);
        format!("{method} [{probe}] [{who}] [{}] [{body}]", query.unwrap_or_default())
    }
    let pages = axum::Router::new()
        .route("/mirror", any(mirror))
        .route("/gone", any(|| async { (StatusCode::FOUND, [(header::LOCATION, "/mirror")]) }))
        .route("/down", any(|| async { (StatusCode::BAD_GATEWAY, "maintenance") }))
        .route("/queue", any(|| async { r#"{"queue":{"length":7},"state":"ok"}"# }))
        .route("/metrics", any(|| async { "a{x=\"1\"} 1\na{x=\"2\"} 2\nb 3\nc 4\n" }))
        .route("/bytes", any(|| async { Bytes::from_static(b"a 1\n\xff") }));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, pages).await });
    address
}

/// A check of a page, changed in some way.
fn check_of(url: &str, change: impl FnOnce(&mut HttpProbe)) -> Probe {
    let Probe::Http(mut probe) = page(url) else { unreachable!("`page` makes nothing else") };
    change(&mut probe);
    Probe::Http(probe)
}

#[tokio::test]
async fn a_page_is_asked_for_as_it_is_written() {
    let at = website().await;
    let mirror = check_of(&format!("http://{at}/mirror?a=1"), |probe| {
        probe.method = "PUT".to_owned();
        probe.headers.push(("X-Probe".to_owned(), Secret::new("yes")));
        probe.body = Secret::new("hello");
        probe.http.authorization = Some(("Bearer".to_owned(), Secret::new("key").into()));
        probe.expect_body =
            Some(r"^PUT \[yes\] \[Bearer key\] \[a=1\] \[hello\]$".parse().unwrap());
    });
    assert_eq!(once(mirror).await, "up 1\nlatency_ms some\nstatus 200\n");
}

#[tokio::test]
async fn a_redirect_is_followed_or_is_an_answer() {
    let at = website().await;
    let url = format!("http://{at}/gone");
    let follow = check_of(&url, |probe| probe.http.follow_redirects = true);
    assert_eq!(once(follow).await, "up 1\nlatency_ms some\nstatus 200\n");
    let stay = once(check_of(&url, |_| {})).await;
    assert_eq!(stay, "up 0 error=HTTP status 302\nlatency_ms some\nstatus 302\n");
    let wanted = check_of(&url, |probe| _ = probe.expect_status.insert(302));
    assert_eq!(once(wanted).await, "up 1\nlatency_ms some\nstatus 302\n");
}

#[tokio::test]
async fn a_value_in_a_page_is_a_series() {
    let at = website().await;
    let json = |path: &str, expect: Option<&str>| {
        let path = path.to_owned().try_into().unwrap();
        Some(JsonCheck { path, expect: expect.map(str::to_owned) })
    };
    let url = format!("http://{at}/queue");
    let length = check_of(&url, |probe| probe.json = json("queue.length", None));
    assert_eq!(once(length).await, "up 1\nlatency_ms some\nstatus 200\njson 7\n");
    let state = check_of(&url, |probe| probe.json = json("state", Some("good")));
    let told = "up 0 error=`state` is ok, not good\nlatency_ms some\nstatus 200\n";
    assert_eq!(once(state).await, told);
    // A page that is down says nothing about the value.
    let down = check_of(&format!("http://{at}/down"), |probe| probe.json = json("a", None));
    let told = "up 0 error=HTTP status 502\nlatency_ms some\nstatus 502\njson ?\n";
    assert_eq!(once(down).await, told);
}

#[tokio::test]
async fn a_scrape_keeps_what_is_matched() {
    let at = website().await;
    let scrape = |path: &str| {
        let keep = ["__name__=a,x=2", "__name__=b"];
        let keep = keep.map(|text| parse_all(text, ParseMode::Fallback).unwrap()).into();
        let url = format!("http://{at}{path}");
        Probe::Scrape(ScrapeProbe { url, http: HttpConfig::default(), keep })
    };
    assert_eq!(once(scrape("/metrics")).await, "a 2 2\nb 3\n");
    assert_eq!(once(scrape("/down")).await, "the page came with HTTP status 502");
    assert_eq!(once(scrape("/bytes")).await, "the answer is not UTF-8");
    let told = "failed to read the page: line 1 is no sample in Prometheus' text format: \
                its value is no number";
    assert_eq!(once(scrape("/mirror")).await, told);
}

#[tokio::test]
async fn a_range_is_asked_for_with_its_times() {
    let answer = |RawQuery(query): RawQuery| async move {
        let query = query.unwrap_or_default();
        format!(
            r#"{{"status":"success","data":{{"resultType":"matrix","result":[
                {{"metric":{{"asked":"{query}"}},"values":[[1,"2"],[2,"4"]]}}]}}}}"#
        )
    };
    let pages = axum::Router::new().route("/api/v1/query_range", any(answer));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, pages).await });
    let Probe::Promql(mut probe) = promql(address) else { unreachable!("nothing else") };
    let reduce = Reduce::Avg;
    probe.range = Some(Range { window: Span::minutes(5), step: Span(500), reduce });
    let told = once(Probe::Promql(probe)).await;
    assert_eq!(told, "query=usage&start=1772366100.000&end=1772366400.000&step=0.500 3\n");
}

#[tokio::test]
async fn a_port_answers_as_expected_or_it_is_said_why_not() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let serving = tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut heard = [0; 4];
            if stream.read_exact(&mut heard).await.is_ok() {
                let _ = stream.write_all(b"220 ready\r\n").await;
            }
        }
    });
    let probe = |expect: &str| {
        let address = Listener { host: "127.0.0.1".to_owned(), port };
        let expect = Some(expect.parse().unwrap());
        Probe::Tcp(TcpProbe { address, send: Secret::new("EHLO"), expect })
    };
    assert_eq!(once(probe("^220 ")).await, "up 1\nlatency_ms some\n");
    let told = "up 0 error=what was answered does not match `expect`: 220 ready\nlatency_ms some\n";
    assert_eq!(once(probe("^250 ")).await, told);
    serving.abort();
    let _ = serving.await;
    let told = once(probe("^220 ")).await;
    assert!(told.starts_with("up 0 error=no connection: "), "{told}");
}

/// A server that shows a certificate and says nothing.
async fn secure(pem: &str, key: &str) -> u16 {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let config = rustls::ServerConfig::builder().with_no_client_auth();
    let config = config
        .with_single_cert(certificates("cert", pem).unwrap(), private_key(key).unwrap())
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                let Ok(mut stream) = acceptor.accept(stream).await else { return };
                let mut heard = [0; 256];
                if matches!(stream.read(&mut heard).await, Ok(1..)) {
                    let _ = stream.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").await;
                }
            });
        }
    });
    port
}

#[tokio::test]
async fn a_certificate_is_judged_and_its_end_is_told() {
    let authority = Authority::new();
    let (pem, key) = authority.vouch_until("localhost", 2100);
    let (old_pem, old_key) = authority.vouch_until("localhost", 2020);
    let tls = TlsConfig { ca: Some(Secret::new(&*authority.pem).into()), ..TlsConfig::default() };
    let probe = |port, tls: &TlsConfig| {
        let address = Listener { host: "localhost".to_owned(), port };
        Probe::Tls(TlsProbe { address, tls: tls.clone() })
    };
    let good = secure(&pem, &key).await;
    let told = once(probe(good, &tls)).await;
    let expected = "up 1\nlatency_ms some\ncertificate_seconds 2330078400 \
                    expires_at=2100-01-01T00:00:00.000Z subject=CN=rcgen self signed cert\n";
    assert_eq!(told, expected);

    let unknown = once(probe(good, &TlsConfig::default())).await;
    assert!(unknown.starts_with("up 0 error=no TLS: invalid peer certificate"), "{unknown}");
    assert!(unknown.contains("certificate_seconds 2330078400"), "{unknown}");

    let old = secure(&old_pem, &old_key).await;
    let told = once(probe(old, &tls)).await;
    assert!(told.contains("expired"), "{told}");
    assert!(told.contains("certificate_seconds -194529600 "), "{told}");

    // The same for pages, of which the certificate is seen with the answer or, without one, alone.
    for (port, up, left) in [(good, "up 1\n", "2330078400 "), (old, "up 0 ", "-194529600 ")] {
        let told = once(check_of(&format!("https://localhost:{port}/"), |probe| {
            probe.certificate = true;
            probe.http.wire.tls = tls.clone();
        }));
        let told = told.await;
        assert!(told.starts_with(up), "{told}");
        assert!(told.contains(&format!("certificate_seconds {left}")), "{told}");
    }
}

#[tokio::test]
async fn a_name_server_is_asked_over_udp_and_then_over_tcp() {
    let (udp, tcp) = loop {
        let udp = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        // Another program may have the same port over TCP.
        if let Ok(tcp) = TcpListener::bind(udp.local_addr().unwrap()).await {
            break (udp, tcp);
        }
    };
    let port = udp.local_addr().unwrap().port();
    let answer = |question: &[u8], is_cut: bool| {
        let mut packet = Packet::parse(question).unwrap().into_reply();
        let name = packet.questions[0].qname.clone();
        if is_cut {
            packet.set_flags(PacketFlag::TRUNCATION);
        } else {
            let data = RData::A(A { address: 0x0a00_0050 });
            packet.answers.push(ResourceRecord::new(name, CLASS::IN, 60, data));
        }
        packet.build_bytes_vec().unwrap()
    };
    tokio::spawn(async move {
        let mut heard = [0; 512];
        while let Ok((length, from)) = udp.recv_from(&mut heard).await {
            let is_cut = heard[..length].windows(4).any(|letters| letters == b"long");
            let _ = udp.send_to(&answer(&heard[..length], is_cut), from).await;
        }
    });
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = tcp.accept().await {
            let length = stream.read_u16().await.unwrap();
            let mut heard = vec![0; usize::from(length)];
            stream.read_exact(&mut heard).await.unwrap();
            let answer = answer(&heard, false);
            stream.write_u16(u16::try_from(answer.len()).unwrap()).await.unwrap();
            stream.write_all(&answer).await.unwrap();
        }
    });
    for name in ["shop.example.org", "long.example.org"] {
        let server = Some(Listener { host: "127.0.0.1".to_owned(), port });
        let expect = vec!["10.0.0.80".to_owned()];
        let (name, record) = (name.to_owned(), "A".to_owned());
        let told = once(Probe::Dns(DnsProbe { server, name, record, expect })).await;
        let expected = "up 1 answers=10.0.0.80\nlatency_ms some\nanswers 1 answers=10.0.0.80\n";
        assert_eq!(told, expected);
    }
}

fn plugin(script: &str) -> ExecProbe {
    let command = ["/bin/sh", "-c", script].map(str::to_owned).into();
    ExecProbe { command, env: vec![("KEY".to_owned(), Secret::new("mellon"))] }
}

#[tokio::test]
async fn a_plugin_says_its_state_and_values() {
    let told = once(Probe::Exec(plugin("echo 'DISK WARNING | /=88%;80;90'; exit 1"))).await;
    let notes = "output=DISK WARNING perfdata=/=88%;80;90 state=WARNING";
    assert_eq!(told, format!("state 1 {notes}\nperfdata / 88 {notes} unit=%\n"));
    let told = once(Probe::Exec(plugin("echo bad >&2; exit 2"))).await;
    assert_eq!(told, "state 2 output=bad state=CRITICAL\n");
    let told = once(Probe::Exec(plugin("exit 127"))).await;
    let expected = "/bin/sh ended with exit status: 127, which is no state of a plugin (0 to 3): ";
    assert_eq!(told, expected);
    let command = vec!["/no/such/plugin".to_owned()];
    let told = once(Probe::Exec(ExecProbe { command, env: Vec::new() })).await;
    assert!(told.starts_with("failed to start /no/such/plugin: No such file"), "{told}");
}

#[tokio::test]
async fn a_plugin_sees_nothing_of_our_environment_and_may_say_a_lot() {
    let told = once(Probe::Exec(plugin("env | sort | grep -v ^PWD | tr '\\n' ' '"))).await;
    let path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
    assert!(told.contains(&format!("output=KEY=mellon LC_ALL=C PATH={path}")), "{told}");
    assert!(!told.contains("CARGO"), "{told}");
    // More than is kept, and more than a pipe holds.
    let told = once(Probe::Exec(plugin("head -c 300000 /dev/zero | tr '\\0' a; exit 2"))).await;
    assert!(told.starts_with("state 2 output=aaa") && told.len() < 5_000, "{}", told.len());
}

#[tokio::test]
async fn a_plugin_that_takes_too_long_is_killed_with_what_it_started() {
    let home = tempfile::tempdir().unwrap();
    let note = home.path().join("child");
    let script = format!("sleep 600 & echo $! > {}; wait", note.display());
    let answer = super::super::exec::ask(&plugin(&script), Span(1_500)).await;
    assert_eq!(said(answer), "no answer within 1s500ms");
    let child = std::fs::read_to_string(note).unwrap();
    let state = || {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", child.trim()));
        stat.ok().and_then(|stat| stat.rsplit(") ").next()?.chars().next())
    };
    // Whoever takes in orphans may leave a dead one lying about for a while.
    while !matches!(state(), None | Some('Z')) {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_past_is_asked_for_where_a_forecast_needs_it() {
    let answer = |at: axum::http::Uri| async move {
        let is_range = at.path().ends_with("query_range");
        let days = (0..14).map(|day| format!("[{},\"{}\"]", 86_400 * day, 77 + day));
        let days = days.collect::<Vec<_>>().join(",");
        let (kind, values) = if is_range {
            ("matrix", format!(r#""values":[{days}]"#))
        } else {
            ("vector", r#""value":[1123200,"90"]"#.to_owned())
        };
        format!(
            r#"{{"status":"success","data":{{"resultType":"{kind}","result":[
                {{"metric":{{"disk":"a"}},{values}}}]}}}}"#
        )
    };
    let pages = axum::Router::new().route("/{*path}", any(answer));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, pages).await });
    let Probe::Promql(mut probe) = promql(address) else { unreachable!("nothing else") };
    probe.forecast = Some(Span::days(14));
    let means = Means { clients: Arc::new(Clients::new()), timeout: Span(5_000), now: NOW };
    let mut habits = Habits::default();
    let samples = super::super::promql::ask(&probe, &means, &mut habits).await.unwrap();
    assert_eq!((&samples[0].labels, samples[0].value), (&Labels::new([("disk", "a")]), Some(90.0)));
    let trend = samples[0].trend.unwrap();
    assert!((trend.slope * 86_400_000.0 - 1.0).abs() < 1e-9 && trend.fit > 0.999, "{trend:?}");
}

#[tokio::test]
async fn what_is_usual_is_learnt_once_an_hour_and_kept_while_nobody_teaches() {
    let asked = Arc::new(AtomicUsize::new(0));
    let ranges = Arc::clone(&asked);
    let answer = move |at: axum::http::Uri| {
        let is_range = at.path().ends_with("query_range");
        let times = if is_range { ranges.fetch_add(1, Ordering::Relaxed) } else { 0 };
        async move {
            if times > 0 {
                return (StatusCode::SERVICE_UNAVAILABLE, DOWN.1.to_owned());
            }
            let weeks = [(1, 98), (2, 100), (3, 102)];
            let points = weeks.map(|(week, value)| {
                format!("[{},\"{value}\"]", NOW.0 / 1_000 - week * 7 * 86_400)
            });
            let (kind, values) = if is_range {
                ("matrix", format!(r#""values":[{}]"#, points.join(",")))
            } else {
                ("vector", r#""value":[1,"100"]"#.to_owned())
            };
            let body = format!(
                r#"{{"status":"success","data":{{"resultType":"{kind}","result":[
                    {{"metric":{{}},{values}}}]}}}}"#
            );
            (StatusCode::OK, body)
        }
    };
    let pages = axum::Router::new().route("/{*path}", any(answer));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, pages).await });
    let Probe::Promql(mut probe) = promql(address) else { unreachable!("nothing else") };
    let zone = jiff::tz::TimeZone::UTC;
    probe.baseline = Some(Calendar { zone, holidays: BTreeSet::new() });
    let mut habits = Habits::default();
    for (minutes, times) in [(0, 1), (59, 1), (60, 2)] {
        let now = NOW + Span::minutes(minutes);
        let means = Means { clients: Arc::new(Clients::new()), timeout: Span(5_000), now };
        let samples = super::super::promql::ask(&probe, &means, &mut habits).await.unwrap();
        let expected = (minutes < 60).then_some(Norm { median: 100.0, mad: 2.0 });
        assert_eq!(samples[0].norm, expected, "after {minutes} minutes, in another hour or not");
        assert_eq!(asked.load(Ordering::Relaxed), times, "after {minutes} minutes");
    }
}

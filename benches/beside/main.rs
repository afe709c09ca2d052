//! Alertmanager and incidentd side by side, under the same configurations and the same traffic:
//! prints the table of the README, ours as a part of theirs.
//!
//! `cargo bench --bench beside`, or with `-- --alerts 20000` for a quick look. Alertmanager is taken
//! from where `.ci/run peers` unpacks Debian's, or from `PATH`. A 200 of ours comes after a flush of
//! the disk; theirs does not. Only the figures of one run can be compared.

mod load;
mod peer;
mod told;

use std::process::ExitCode;

use load::{Load, Shape};
use peer::{Binary, Peer};
use told::{Sink, flush_ms};

/// Alerts of the first phase, unless told otherwise.
const ALERTS: u64 = 100_000;
/// Alerts of the last phase are so many times fewer.
const FEWER: u64 = 5;
/// Alerts that come one a request are so many times fewer.
const FEWER_ALONE: u64 = 20;
/// Groups that are told of at once.
const GROUPS_AT_ONCE: u64 = 1_000;
/// Silences of the last phase.
const SILENCES: u64 = 1_000;

/// What one program took for one thing.
struct Figure {
    what: &'static str,
    unit: &'static str,
    value: f64,
}

fn main() -> ExitCode {
    let mut words = std::env::args().skip_while(|word| word != "--alerts").skip(1);
    let alerts = words.next().and_then(|count| count.parse().ok()).unwrap_or(ALERTS);
    let [theirs, ours] = [Binary::alertmanager(), Some(Binary::incidentd())];
    let (Some(theirs), Some(ours)) = (theirs, ours) else {
        eprintln!("!!! SKIPPED: there is no Alertmanager; `.ci/run peers` fetches Debian's");
        return ExitCode::SUCCESS;
    };
    // The client wants to know whose arithmetic to use, though it speaks no TLS here.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let runtime = tokio::runtime::Runtime::new().expect("threads can be started");
    let [theirs, ours] = [theirs, ours].map(|binary| runtime.block_on(measure(&binary, alerts)));
    print(&theirs, &ours);
    ExitCode::SUCCESS
}

async fn measure(binary: &Binary, alerts: u64) -> Vec<Figure> {
    eprintln!("{} …", binary.name());
    let mut figures = plain(binary, alerts).await;
    figures.extend(grouped(binary, alerts).await);
    figures.extend(ruled(binary, alerts / FEWER).await);
    figures.extend(alone(binary, alerts / FEWER_ALONE).await);
    figures.extend(told(binary).await);
    figures
}

/// One route, few groups.
async fn plain(binary: &Binary, alerts: u64) -> Vec<Figure> {
    let peer = Peer::start(binary, &load::configuration(Shape::Plain, None)).await;
    let load = Load::new(&peer, "plain");
    let empty = peer.resident_bytes();
    let new = load.post(alerts).await;
    let full = peer.resident_bytes();
    let again = load.post(alerts).await;
    let per_alert = |bytes: u64| per(bytes, alerts);
    let mut figures = vec![
        Figure { what: "CPU per re-sent alert, batches of 64", unit: "µs", value: again },
        Figure { what: "CPU per new alert, batches of 64", unit: "µs", value: new },
        Figure {
            what: "memory per active alert, beyond the empty process",
            unit: "bytes",
            value: per_alert(full.saturating_sub(empty)),
        },
        Figure {
            what: "memory of the process, per active alert",
            unit: "bytes",
            value: per_alert(full),
        },
    ];
    for (what, path) in [
        ("GET of all alerts, p50", "/api/v2/alerts"),
        ("GET of all alerts in groups, p50", "/api/v2/alerts/groups"),
        ("GET of one alert in a hundred by a filter, p50", "/api/v2/alerts?filter=rack%3D%22r7%22"),
    ] {
        figures.push(Figure { what, unit: "ms", value: load.get(path).await });
    }
    peer.stop().await;
    figures
}

/// A group for every alert.
async fn grouped(binary: &Binary, groups: u64) -> Vec<Figure> {
    let peer = Peer::start(binary, &load::configuration(Shape::Grouped, None)).await;
    let load = Load::new(&peer, "grouped");
    let empty = peer.resident_bytes();
    load.post(groups).await;
    let value = per(peer.resident_bytes().saturating_sub(empty), groups);
    peer.stop().await;
    let what = "memory per group, its alert and its incident included";
    vec![Figure { what, unit: "bytes", value }]
}

/// Many routes, inhibition rules and silences.
async fn ruled(binary: &Binary, alerts: u64) -> Vec<Figure> {
    let peer = Peer::start(binary, &load::configuration(Shape::Ruled, None)).await;
    let load = Load::new(&peer, "ruled");
    load.silence(SILENCES).await;
    let new = load.post(alerts).await;
    let again = load.post(alerts).await;
    let first = load.get_once("/api/v2/alerts").await;
    peer.stop().await;
    vec![
        Figure { what: "with many rules: CPU per new alert", unit: "µs", value: new },
        Figure { what: "with many rules: CPU per re-sent alert", unit: "µs", value: again },
        Figure { what: "with many rules: first GET of all alerts", unit: "ms", value: first },
    ]
}

/// One alert a request.
async fn alone(binary: &Binary, alerts: u64) -> Vec<Figure> {
    let peer = Peer::start(binary, &load::configuration(Shape::Plain, None)).await;
    let value = Load::new(&peer, "alone").post_in(1, alerts).await;
    peer.stop().await;
    vec![Figure { what: "CPU per new alert, one alert a request", unit: "µs", value }]
}

/// A webhook that hears of every group at once.
async fn told(binary: &Binary) -> Vec<Figure> {
    let mut sink = Sink::open().await;
    let peer = Peer::start(binary, &load::configuration(Shape::Told, Some(&sink.url()))).await;
    let load = Load::new(&peer, "told");
    let in_turn = sink.in_turn(&load).await;
    let at_once = sink.at_once(&load, GROUPS_AT_ONCE).await;
    peer.stop().await;
    vec![
        Figure { what: "POST of one new group to its webhook, p50", unit: "ms", value: in_turn },
        Figure { what: "POST of 1,000 new groups to the last webhook", unit: "s", value: at_once },
    ]
}

#[expect(clippy::cast_precision_loss, reason = "some thousand of some millions")]
fn per(whole: u64, parts: u64) -> f64 {
    whole as f64 / parts.max(1) as f64
}

fn print(theirs: &[Figure], ours: &[Figure]) {
    println!("| what | of Alertmanager's | ours | theirs |\n|---|---|---|---|");
    for (theirs, ours) in theirs.iter().zip(ours) {
        let Figure { what, unit, value } = ours;
        let part = value / theirs.value;
        let digits = if value.max(theirs.value) < 10.0 { 2 } else { 1 };
        let [value, theirs] =
            [*value, theirs.value].map(|value| format!("{value:.digits$} {unit}"));
        println!("| {what} | {part:.3} | {value} | {theirs} |");
    }
    println!("\nMany rules are 1,000 silences, 100 routes with patterns and 20 inhibition rules.");
    println!("A flush of the disk takes {:.2} ms here.", flush_ms());
}

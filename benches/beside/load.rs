//! The traffic: what both are configured with, sent and asked.

use std::fmt::Write;
use std::ops::Range;
use std::sync::Arc;

use incidentd::domain::value::{Span, Timestamp};
use incidentd::shell::clock::{self, Stopwatch};
use reqwest::{Client, header};
use tokio::task::JoinSet;

use super::peer::{Peer, cpu_seconds, quiet};
use super::told::median;

/// Alerts of one request, as Prometheus sends them.
const BATCH: u64 = 64;
/// Requests at a time.
const SENDERS: u64 = 4;
/// Answers of which the median is taken.
const ANSWERS: usize = 5;

/// How a configuration is made.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    /// One route that groups by name.
    Plain,
    /// One route that groups by all labels.
    Grouped,
    /// A hundred routes with patterns and twenty inhibition rules.
    Ruled,
    /// As `Grouped`, with a webhook that hears of each group at once.
    Told,
}

/// Talks to one of them.
pub(crate) struct Load {
    client: Client,
    url: String,
    pid: u32,
    /// Tells the alerts of one phase from those of another.
    phase: &'static str,
    from: Timestamp,
}

/// A configuration that both read. Nobody listens to its receiver, if `webhook` does not.
pub(crate) fn configuration(shape: Shape, webhook: Option<&str>) -> String {
    let by = match shape {
        Shape::Grouped | Shape::Told => "'...'",
        Shape::Plain | Shape::Ruled => "alertname",
    };
    let wait = if shape == Shape::Told { "0s" } else { "5m" };
    let mut text = format!(
        "route:\n  receiver: nobody\n  group_by: [{by}]\n  group_wait: {wait}\n  \
         group_interval: 5m\n"
    );
    let (routes, rules) = if shape == Shape::Ruled { (100, 20) } else { (0, 0) };
    if routes > 0 {
        text.push_str("  routes:\n");
    }
    for number in 0..routes {
        let _ = writeln!(
            text,
            "  - receiver: nobody\n    matchers: ['shelf=~\"s{number}|t{number}.*\"', 'crew!=\"night\"']"
        );
    }
    if rules > 0 {
        text.push_str("inhibit_rules:\n");
    }
    for number in 0..rules {
        let _ = writeln!(
            text,
            "- source_matchers: ['alertname=\"SiteDown{number}\"']\n  \
             target_matchers: ['severity=~\"warning|info\"', 'crew=\"crew-{number}\"']\n  \
             equal: [site]"
        );
    }
    text.push_str("receivers:\n- name: nobody\n");
    if let Some(url) = webhook {
        let _ = writeln!(text, "  webhook_configs:\n  - url: {url}");
    }
    text
}

impl Load {
    pub(crate) fn new(peer: &Peer, phase: &'static str) -> Self {
        let client = Client::builder().no_proxy().build().expect("the client needs no file");
        Self { client, url: peer.url(""), pid: peer.pid(), phase, from: clock::now() }
    }

    /// Posts so many alerts, and returns the microseconds of CPU that each of them took there.
    pub(crate) async fn post(&self, alerts: u64) -> f64 {
        self.post_in(BATCH, alerts).await
    }

    /// As [`Load::post`], with so many alerts a request.
    pub(crate) async fn post_in(&self, batch: u64, alerts: u64) -> f64 {
        let to = clock::now() + Span::hours(1);
        let body = |first: u64| self.body(first..(first + batch).min(alerts), to);
        let step = index(batch);
        let bodies: Arc<Vec<String>> = Arc::new((0..alerts).step_by(step).map(body).collect());
        quiet(self.pid).await;
        let before = cpu_seconds(self.pid);
        let mut senders = JoinSet::new();
        for sender in 0..SENDERS {
            let (client, url) = (self.client.clone(), format!("{}/api/v2/alerts", self.url));
            let bodies = Arc::clone(&bodies);
            senders.spawn(async move {
                let (first, step) = (index(sender), index(SENDERS));
                for body in bodies.iter().skip(first).step_by(step) {
                    let post = client.post(&url).header(header::CONTENT_TYPE, "application/json");
                    let answer = post.body(body.clone()).send().await.expect("it answers");
                    assert!(answer.status().is_success(), "it takes alerts: {}", answer.status());
                }
            });
        }
        senders.join_all().await;
        quiet(self.pid).await;
        (cpu_seconds(self.pid) - before) * 1e6 / super::per(alerts, 1)
    }

    /// Posts alerts of these numbers in one request.
    pub(crate) async fn post_once(&self, numbers: Range<u64>) {
        let post = self.client.post(format!("{}/api/v2/alerts", self.url));
        let post = post.header(header::CONTENT_TYPE, "application/json");
        let body = self.body(numbers, clock::now() + Span::hours(1));
        let answer = post.body(body).send().await.expect("it answers");
        assert!(answer.status().is_success(), "it takes alerts: {}", answer.status());
    }

    fn body(&self, numbers: Range<u64>, to: Timestamp) -> String {
        let alerts: Vec<String> = numbers.map(|number| self.alert(number, to)).collect();
        format!("[{}]", alerts.join(","))
    }

    /// Makes silences that no alert has a label for.
    pub(crate) async fn silence(&self, silences: u64) {
        let (from, to) = (self.from.rfc3339(), (self.from + Span::hours(2)).rfc3339());
        for number in 0..silences {
            let body = format!(
                r#"{{"matchers":[{{"name":"machine","value":"spare-{number}.example.net","isRegex":false}},{{"name":"site","value":"s.*","isRegex":true}}],"startsAt":"{from}","endsAt":"{to}","createdBy":"bench","comment":"out of service"}}"#
            );
            let post = self.client.post(format!("{}/api/v2/silences", self.url));
            let post = post.header(header::CONTENT_TYPE, "application/json").body(body);
            let answer = post.send().await.expect("it answers");
            assert!(answer.status().is_success(), "it takes silences: {}", answer.status());
        }
    }

    /// The median of the milliseconds that an answer takes, to its last byte.
    pub(crate) async fn get(&self, path: &str) -> f64 {
        let mut took = Vec::new();
        for _ in 0..ANSWERS {
            took.push(self.get_once(path).await);
        }
        median(took)
    }

    /// The milliseconds that an answer takes, to its last byte.
    pub(crate) async fn get_once(&self, path: &str) -> f64 {
        let watch = Stopwatch::start();
        let answer = self.client.get(format!("{}{path}", self.url)).send().await;
        let mut answer = answer.expect("it answers");
        let mut bytes = 0;
        // Nothing is kept: to put it together would take the time of both.
        while let Some(piece) = answer.chunk().await.expect("the answer is whole") {
            bytes += piece.len();
        }
        assert!(bytes > 2, "{path} has alerts to show");
        watch.seconds() * 1e3
    }

    /// Eight labels and three annotations.
    fn alert(&self, number: u64, to: Timestamp) -> String {
        let (phase, from, to) = (self.phase, self.from.rfc3339(), to.rfc3339());
        let (name, rack, site, shelf) = (number % 200, number % 100, number % 9, number % 70);
        let (crew, load) = (number % 40, number % 60 + 40);
        let severity = ["critical", "warning", "info"][index(number % 3)];
        format!(
            r#"{{"labels":{{"alertname":"VolumeFillsUp{name}","crew":"crew-{crew}","job":"storage-exporter","machine":"store-{number}.{phase}.example.net:9100","rack":"r{rack}","severity":"{severity}","shelf":"s{shelf}","site":"site-{site}"}},"annotations":{{"summary":"A volume of store-{number} fills up","description":"The volume /srv of store-{number} on site-{site} is {load}% full and has been growing by a gigabyte an hour since this morning; nothing is left of it tonight.","runbook_url":"https://wiki.example.net/storage/VolumeFillsUp{name}"}},"startsAt":"{from}","endsAt":"{to}","generatorURL":"http://metrics.example.net/graph?g0.expr=volume_used_ratio%7Bjob%3D%22storage-exporter%22%7D+%3E+0.4"}}"#
        )
    }
}

fn index(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

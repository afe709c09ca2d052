//! Makes metrics and registers them. Names are our own constants, so nothing here can fail.

use prometheus::core::Collector;
use prometheus::{
    Gauge, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge, IntGaugeVec, Opts,
    Registry,
};

/// The buckets that Prometheus' client libraries take by default, in seconds.
pub(super) const LATENCY_S: [f64; 11] =
    [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];

pub(super) fn register(registry: &Registry, collector: impl Collector + 'static) {
    registry.register(Box::new(collector)).expect("names are unique");
}

/// Makes a metric and registers it. `$make` says what kind.
macro_rules! metric {
    ($registry:expr, $make:expr) => {{
        let metric = $make.expect("name and help are well-formed");
        register($registry, metric.clone());
        metric
    }};
}

pub(super) fn counter(r: &Registry, name: &str, help: &str) -> IntCounter {
    metric!(r, IntCounter::new(name, help))
}

pub(super) fn counters(r: &Registry, name: &str, help: &str, labels: &[&str]) -> IntCounterVec {
    metric!(r, IntCounterVec::new(Opts::new(name, help), labels))
}

pub(super) fn gauge(r: &Registry, name: &str, help: &str) -> IntGauge {
    metric!(r, IntGauge::new(name, help))
}

pub(super) fn gauges(r: &Registry, name: &str, help: &str, labels: &[&str]) -> IntGaugeVec {
    metric!(r, IntGaugeVec::new(Opts::new(name, help), labels))
}

pub(super) fn float(r: &Registry, name: &str, help: &str) -> Gauge {
    metric!(r, Gauge::new(name, help))
}

pub(super) fn histograms(
    r: &Registry,
    name: &str,
    help: &str,
    labels: &[&str],
    buckets: &[f64],
) -> HistogramVec {
    let opts = HistogramOpts::new(name, help).buckets(buckets.to_vec());
    metric!(r, HistogramVec::new(opts, labels))
}

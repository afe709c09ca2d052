//! What makes alerts of what a poll sees: thresholds, forecasts, baselines, flapping.

use std::collections::BTreeSet;

use crate::config::check::Check;
use crate::config::node::Node;
use crate::domain::event::poll::{
    Baseline, Bounds, CAPACITY_FORECAST, FlapBounds, Forecast, Op, PollRule, Side, Test, Threshold,
};
use crate::domain::value::matcher::Operator;
use crate::domain::value::{Labels, Matcher, Matchers, Span};

/// The past through which a forecast lays its line, where nothing else is written.
pub(super) const WINDOW: Span = Span::days(14);
/// A shorter past says nothing about a limit to come.
const WINDOW_MIN: Span = Span::minutes(10);
/// How soon a limit must be for an alert, where nothing else is written.
const WITHIN: Span = Span::days(14);
/// How unusual a value must be, where nothing else is written.
const DEVIATIONS: f64 = 6.0;

/// Reads the rules of a poll of a type, and how much of the past is to be remembered for them.
/// `base` is what its rules have in common.
pub(super) fn read(
    check: &mut Check,
    node: &Node,
    kind: &str,
    base: &PollRule,
) -> (Vec<PollRule>, Span) {
    let mut past = Span::ZERO;
    let rules = match kind {
        "promql" => promql(check, node, base),
        "scrape" => metrics(check, node, base, &mut past),
        "exec" => {
            let state = on(base, "", "state", bounds_of("> 0", "== 2"));
            let mut rules = vec![state];
            for rule in metrics(check, node, base, &mut past) {
                if rule.name == base.name {
                    let place = node.get("metrics").map_or(node.place, |metrics| metrics.place);
                    check.error(place, "each of `metrics` needs a `name` of its own");
                }
                rules.push(rule);
            }
            rules
        }
        _ => measures(check, node, base),
    };
    let mut names = BTreeSet::new();
    if rules.iter().any(|rule| !names.insert(&rule.name)) {
        let place = node.get("metrics").map_or(node.place, |metrics| metrics.place);
        check.error(place, "two alerts of this poll have the same name; write a `name` for each");
    }
    (rules, past)
}

/// Labels, or annotations, under a key.
pub(super) fn labels(node: &Node, key: &str) -> Labels {
    let entries = node.get(key).map(Node::entries).unwrap_or_default();
    Labels::new(
        entries.iter().filter_map(|(name, value)| Some((name.name.as_str(), value.text()?))),
    )
}

/// `flap: nagios`, or with thresholds of its own.
pub(super) fn flap(check: &mut Check, node: &Node) -> Option<FlapBounds> {
    let flap = node.get("flap")?;
    let mut bounds = FlapBounds::default();
    if let Some(word) = flap.text() {
        if word != "nagios" {
            check.error(flap.place, "write `nagios`, or a map with `low` and `high`");
        }
        return Some(bounds);
    }
    let percent = |key: &str, default: u32| {
        let whole = flap.get(key).and_then(Node::whole);
        whole.map_or(default, |whole| u32::try_from(whole).unwrap_or(u32::MAX))
    };
    bounds.low_percent = percent("low", bounds.low_percent);
    bounds.high_percent = percent("high", bounds.high_percent);
    if bounds.low_percent >= bounds.high_percent || bounds.high_percent > 100 {
        check.error(flap.place, "`low` must be below `high`, and `high` at most 100 percent");
    }
    Some(bounds)
}

/// How much of the past a forecast looks at.
pub(super) fn window(forecast: &Node) -> Span {
    forecast.span_at("window").unwrap_or(WINDOW)
}

fn promql(check: &mut Check, node: &Node, base: &PollRule) -> Vec<PollRule> {
    let bounds = bounds(check, node);
    let by = node.get("by").map(|_| node.texts_at("by"));
    let base = PollRule { by, ..base.clone() };
    let mut rules = Vec::new();
    let thresholds = node.get("warn").or(node.get("critical")).is_some();
    if thresholds {
        rules.push(PollRule { test: Test::Bounds(bounds), ..base.clone() });
    }
    if let Some(forecast) = node.get("forecast") {
        rules.extend(self::forecast(check, forecast, &base, CAPACITY_FORECAST));
    }
    if let Some(baseline) = node.get("baseline") {
        rules.push(self::baseline(check, baseline, &base));
    }
    if !thresholds && node.get("forecast").or(node.get("baseline")).is_none() {
        check.error(node.place, "write `warn`, `critical` or both, such as `warn: '>= 0.85'`");
    }
    rules
}

fn metrics(check: &mut Check, node: &Node, base: &PollRule, past: &mut Span) -> Vec<PollRule> {
    let is_scrape = node.text_at("type") == Some("scrape");
    let list = node.get("metrics").map(Node::items).unwrap_or_default();
    if is_scrape && list.is_empty() {
        check.error(node.place, "a scrape needs `metrics`: a list of what to look at");
    }
    let mut rules = Vec::new();
    for metric in list {
        let mut only: Matchers = Matchers::new();
        let equal = |name: &str, value: &str| {
            Matcher::new(name, Operator::Equal, value).expect("no pattern")
        };
        if !is_scrape {
            only.push(equal("measure", "perfdata"));
        }
        if let Some(name) = metric.text_at("metric") {
            only.push(equal(if is_scrape { "__name__" } else { "metric" }, name));
        }
        only.extend(check.matchers(metric.get("match")));
        if metric.get("metric").or(metric.get("match")).is_none() {
            check.error(metric.place, "name a `metric`, or write what to `match`");
        }
        let own = |key: &str, common: &Labels| common.with(labels(metric, key).iter());
        let rule = PollRule {
            name: metric.text_at("name").unwrap_or(&base.name).to_owned(),
            only,
            by: metric.get("by").map(|_| metric.texts_at("by")),
            labels: own("labels", &base.labels),
            annotations: own("annotations", &base.annotations),
            flap: base.flap,
            for_: metric.span_at("for").unwrap_or(base.for_),
            clear_for: metric.span_at("clear_for").unwrap_or(base.clear_for),
            test: Test::default(),
        };
        let bounds = bounds(check, metric);
        let thresholds = metric.get("warn").or(metric.get("critical")).is_some();
        if let Some(node) = metric.get("forecast") {
            // By its own name, if that is the only test.
            let name = if thresholds {
                CAPACITY_FORECAST
            } else {
                metric.text_at("name").unwrap_or(CAPACITY_FORECAST)
            };
            rules.extend(forecast(check, node, &rule, name));
            *past = (*past).max(window(node));
        } else if !thresholds {
            let why = "write `warn`, `critical` or both, such as `warn: '>= 0.85'`";
            check.error(metric.place, why);
        }
        if thresholds {
            rules.push(PollRule { test: Test::Bounds(bounds), ..rule });
        }
    }
    rules
}

/// The rules of checks that say whether something is up, and how well.
fn measures(check: &mut Check, node: &Node, base: &PollRule) -> Vec<PollRule> {
    let mut rules = vec![on(base, "", "up", bounds_of("", "< 1"))];
    let limits = |check: &mut Check, keys: [&str; 2], unit: u64, op: Op, order: &str| {
        let [warn, critical] = keys.map(|key| node.span_at(key));
        if let (Some(one), Some(other)) = (warn, critical)
            && (if op == Op::Above { one > other } else { one < other })
        {
            let place = node.get(keys[1]).map_or(node.place, |critical| critical.place);
            check.error(place, format!("`{}` is {order} than `{}`; swap them", keys[1], keys[0]));
        }
        #[expect(clippy::cast_precision_loss, reason = "no limit has 2^53 milliseconds")]
        let bound =
            |span: Option<Span>| span.map(|span| Threshold { op, value: (span.0 / unit) as f64 });
        let bounds = Bounds { warn: bound(warn), critical: bound(critical), ..Bounds::default() };
        (warn.is_some() || critical.is_some()).then_some(bounds)
    };
    let latency = limits(check, ["warn_latency", "critical_latency"], 1, Op::Above, "shorter");
    rules.extend(latency.map(|bounds| on(base, "Slow", "latency_ms", bounds)));
    let keys = ["certificate_warn", "certificate_critical"];
    let certificate = limits(check, keys, 1_000, Op::Below, "longer");
    rules.extend(certificate.map(|bounds| on(base, "Certificate", "certificate_seconds", bounds)));
    rules.extend(loss(node).map(|bounds| on(base, "Loss", "loss_percent", bounds)));
    if let Some(json) = node.get("json") {
        let bounds = bounds(check, json);
        if json.get("warn").or(json.get("critical")).is_some() {
            let mut rule = on(base, "Value", "json", bounds);
            if let Some(name) = json.text_at("name") {
                name.clone_into(&mut rule.name);
            }
            rules.push(rule);
        }
    }
    rules
}

fn loss(node: &Node) -> Option<Bounds> {
    let bound = |key: &str| {
        let value = node.text_at(key)?.parse().ok()?;
        Some(Threshold { op: Op::AtLeast, value })
    };
    let (warn, critical) = (bound("warn_loss"), bound("critical_loss"));
    let bounds = Bounds { warn, critical, ..Bounds::default() };
    (warn.is_some() || critical.is_some()).then_some(bounds)
}

/// A rule for one measure of a check.
fn on(base: &PollRule, suffix: &str, measure: &str, bounds: Bounds) -> PollRule {
    let only = Matcher::new("measure", Operator::Equal, measure).expect("no pattern");
    PollRule {
        name: format!("{}{suffix}", base.name),
        only: vec![only],
        test: Test::Bounds(bounds),
        ..base.clone()
    }
}

fn bounds_of(warn: &str, critical: &str) -> Bounds {
    Bounds { warn: warn.parse().ok(), critical: critical.parse().ok(), ..Bounds::default() }
}

fn bounds(check: &mut Check, node: &Node) -> Bounds {
    let mut threshold = |key: &str| {
        let value = node.get(key)?;
        let threshold = value.text()?.parse::<Threshold>().ok();
        if threshold.is_none() {
            check.error(value.place, "expected a comparison with a number, such as `'>= 0.85'`");
        }
        threshold
    };
    let bounds = Bounds {
        warn: threshold("warn"),
        critical: threshold("critical"),
        clear_warn: threshold("clear_warn"),
        clear_critical: threshold("clear_critical"),
    };
    for (bad, bad_key, clear, key) in [
        (bounds.warn, "warn", bounds.clear_warn, "clear_warn"),
        (bounds.critical, "critical", bounds.clear_critical, "clear_critical"),
    ] {
        let Some((clear, place)) = clear.zip(node.get(key).map(|node| node.place)) else {
            continue;
        };
        match bad {
            None if node.get(bad_key).is_none() => {
                check.error(place, format!("`{key}` needs a `{bad_key}` to come back from"));
            }
            Some(bad) if !Bounds::parts(bad, clear) => {
                let why = format!(
                    "`{key}` must lie on the good side of `{bad_key}`, such as `warn: '>= 0.85'` \
                     with `clear_warn: '< 0.8'`"
                );
                check.error(place, why);
            }
            _ => {}
        }
    }
    bounds
}

fn forecast(check: &mut Check, node: &Node, base: &PollRule, name: &str) -> Option<PollRule> {
    let within = node.span_at("within").unwrap_or(WITHIN);
    let critical_within = node.span_at("critical_within");
    if critical_within.is_some_and(|critical| critical > within) {
        let place = node.get("critical_within").map_or(node.place, |critical| critical.place);
        check.error(place, "`critical_within` is longer than `within`; swap them");
    }
    if window(node) < WINDOW_MIN {
        let place = node.get("window").map_or(node.place, |window| window.place);
        check.error(place, format!("`window` must be at least {WINDOW_MIN}"));
    }
    let Some(limit) = node.get("limit") else {
        check.error(node.place, "a forecast needs a `limit`, such as `limit: '>= 1'`");
        return None;
    };
    let text = limit.text()?;
    // A number alone is what grows towards it must not reach.
    let plain = text.parse().ok().filter(|value: &f64| value.is_finite());
    let plain = plain.map(|value| Threshold { op: Op::AtLeast, value });
    let aimed = plain.or_else(|| text.parse().ok());
    let Some(limit) = aimed.filter(|limit| !matches!(limit.op, Op::Equal | Op::NotEqual)) else {
        let why = "expected what must not be reached, such as `'>= 1'` or `'<= 0'`";
        check.error(limit.place, why);
        return None;
    };
    Some(PollRule {
        name: node.text_at("name").unwrap_or(name).to_owned(),
        test: Test::Forecast(Forecast { limit, within, critical_within }),
        ..base.clone()
    })
}

fn baseline(check: &mut Check, node: &Node, base: &PollRule) -> PollRule {
    let mut number = |key: &str, default: f64| {
        let Some(value) = node.get(key) else { return default };
        let number = value.text().and_then(|text| text.parse().ok()).unwrap_or(default);
        if number < 0.0 {
            check.error(value.place, format!("`{key}` cannot be below zero"));
        }
        number
    };
    let baseline = Baseline {
        deviations: number("deviations", DEVIATIONS),
        min_deviation: number("min_deviation", 0.0),
        side: match node.text_at("side") {
            Some("above") => Side::Above,
            Some("below") => Side::Below,
            _ => Side::Both,
        },
        critical: node.text_at("severity") == Some("critical"),
    };
    let name = node.text_at("name").map_or_else(|| format!("{}Unusual", base.name), str::to_owned);
    PollRule { name, test: Test::Baseline(baseline), ..base.clone() }
}

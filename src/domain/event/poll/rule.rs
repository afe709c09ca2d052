//! What makes an alert of a polled value.

use super::baseline::Baseline;
use super::bounds::Bounds;
use super::flap::FlapBounds;
use super::forecast::{self, Forecast};
use super::phase::{Level, Patience};
use super::sample::Sample;
use crate::domain::value::matcher::all_match;
use crate::domain::value::{Labels, Matchers, Span};

/// What makes an alert of a polled value.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct PollRule {
    /// The label `alertname`. Within one poll a name is used once.
    pub name: String,
    /// What a series must match for the rule to look at it; empty means every series.
    pub only: Matchers,
    /// Which labels of the series make alerts of their own; nothing means all of them.
    pub by: Option<Vec<String>>,
    /// Labels of the alerts, laid over those of the series. `severity` follows the test.
    pub labels: Labels,
    /// Annotations of the alerts. The value that was seen is added as `value`.
    pub annotations: Labels,
    /// When a value is bad.
    pub test: Test,
    /// When a series that comes and goes is one alert until it rests; nothing for never.
    pub flap: Option<FlapBounds>,
    /// How long a value must be bad before the alert fires (`for`).
    pub for_: Span,
    /// How long a value must be back, or gone, before the alert is over.
    pub clear_for: Span,
}

/// When a value is bad.
#[derive(Debug, Clone, PartialEq)]
pub enum Test {
    /// Beyond a threshold.
    Bounds(Bounds),
    /// On its way to a limit.
    Forecast(Forecast),
    /// Not what is usual at this hour of the week.
    Baseline(Baseline),
}

/// What a look at a series came to; the later is the worse.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Seen {
    Fine,
    /// It could not be told: everything stays as it is.
    Unknown,
    Bad(Level),
}

/// A sample as a rule sees it.
pub(super) struct Reading<'a> {
    /// The place of the rule.
    pub(super) rule: usize,
    /// The alert's labels, but for the severity.
    pub(super) labels: Labels,
    pub(super) seen: Seen,
    pub(super) sample: &'a Sample,
}

impl Default for Test {
    fn default() -> Self {
        Self::Bounds(Bounds::default())
    }
}

impl PollRule {
    pub(super) fn looks_at(&self, series: &Labels) -> bool {
        all_match(&self.only, |name| series.get(name))
    }

    /// The labels that tell the rule's alerts apart.
    pub(super) fn series(&self, labels: &Labels) -> Labels {
        match &self.by {
            Some(names) => labels.only(names),
            None => labels.without(&["__name__".to_owned()]),
        }
    }

    pub(super) fn judge(&self, sample: &Sample, had: Option<Level>) -> Seen {
        let Some(value) = sample.value else { return Seen::Unknown };
        let level = match &self.test {
            Test::Bounds(bounds) => bounds.level(value, had),
            Test::Forecast(forecast) => {
                let Some(trend) = sample.trend else { return Seen::Unknown };
                forecast.level(forecast.eta(value, trend))
            }
            Test::Baseline(baseline) => {
                let Some(norm) = sample.norm else { return Seen::Unknown };
                baseline.level(value, norm)
            }
        };
        level.map_or(Seen::Fine, Seen::Bad)
    }

    /// Labels and annotations that say what the test found.
    pub(super) fn remarks(&self, sample: &Sample) -> (Labels, Labels) {
        let nothing = (Labels::default(), Labels::default());
        match (&self.test, sample.value, sample.trend, sample.norm) {
            (Test::Forecast(forecast), Some(value), Some(trend), _) => {
                let Some(eta) = forecast.eta(value, trend) else { return nothing };
                let (words, letters) = forecast::words(eta);
                (Labels::new([("eta", letters)]), Labels::new([("eta", words)]))
            }
            (Test::Baseline(_), _, _, Some(norm)) => {
                let notes = [("usual", norm.median.to_string()), ("mad", norm.mad.to_string())];
                (Labels::default(), Labels::new(notes))
            }
            _ => nothing,
        }
    }

    /// A line for people, where nobody wrote one: the probe's own words, or what was measured.
    pub(super) fn summary(&self, sample: &Sample) -> String {
        let series = self.series(&sample.labels);
        let places = series.iter().filter(|(name, _)| *name != "measure");
        let places: Vec<&str> = places.map(|(_, value)| value).collect();
        let place = if places.is_empty() { "" } else { &format!(" ({})", places.join(", ")) };
        let words = ["error", "output"].map(|note| sample.notes.get(note));
        if let Some(words) = words.into_iter().find(|words| !words.is_empty()) {
            return format!("{}: {words}{place}", self.name);
        }
        let Some(value) = sample.value else { return String::new() };
        match self.remarks(sample).1.get("eta") {
            "" => format!("{} is {value}{place}", self.name),
            eta if eta == forecast::REACHED => {
                format!("{} has reached its limit: {value}{place}", self.name)
            }
            eta => format!("{} reaches its limit in {eta}: {value}{place}", self.name),
        }
    }

    pub(super) fn patience(&self) -> Patience {
        Patience { for_: self.for_, clear_for: self.clear_for }
    }
}

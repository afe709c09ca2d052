//! What a look at something saw: series with values, and what is known about them besides.

use std::collections::{BTreeMap, VecDeque};

use super::baseline::Norm;
use super::forecast::{Point, Trend};
use crate::domain::value::{Labels, Span, Timestamp};

/// Points of one series that are remembered; more are thinned out evenly.
const POINTS_MAX: u64 = 288;

/// Series whose past is remembered.
const SERIES_MAX: usize = 2_000;

/// One series of an answer.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Sample {
    /// Which series.
    pub labels: Labels,
    /// Its value. Nothing where it could not be measured: its alerts stay as they are.
    pub value: Option<f64>,
    /// What else was seen: annotations of its alerts.
    pub notes: Labels,
    /// How it grows, where that was asked.
    pub trend: Option<Trend>,
    /// What is usual at this time, where that was asked.
    pub norm: Option<Norm>,
}

/// The past of series that can only be asked for their present.
#[derive(Debug, Clone, Default)]
pub struct Past {
    window: Span,
    series: BTreeMap<Labels, VecDeque<Point>>,
}

impl Sample {
    /// A series with a value.
    pub fn new(labels: Labels, value: f64) -> Self {
        Self { labels, value: Some(value), ..Self::default() }
    }

    /// One of the measures of a check: the label `measure` says which.
    pub fn measure(name: &str, value: Option<f64>) -> Self {
        Self { labels: Labels::new([("measure", name)]), value, ..Self::default() }
    }

    /// Adds an annotation, if there is anything to say.
    #[must_use]
    pub fn noting(mut self, name: &str, text: &str) -> Self {
        if !text.is_empty() {
            self.notes = self.notes.with([(name, text)]);
        }
        self
    }
}

impl Past {
    /// Remembers this much; nothing if it is no time at all.
    pub fn new(window: Span) -> Self {
        Self { window, series: BTreeMap::new() }
    }

    /// Takes over what an earlier past remembers, if it goes back as far.
    pub fn inherit(&mut self, earlier: Self) {
        if self.window == earlier.window {
            *self = earlier;
        }
    }

    /// Takes note of the values of an answer and says of each series how it grows.
    pub fn remember(&mut self, now: Timestamp, samples: &mut [Sample]) {
        if self.window == Span::ZERO {
            return;
        }
        let (oldest, step) = (now - self.window, Span(self.window.0 / POINTS_MAX));
        for points in self.series.values_mut() {
            while points.front().is_some_and(|(time, _)| *time < oldest) {
                points.pop_front();
            }
        }
        self.series.retain(|_, points| !points.is_empty());
        for sample in samples {
            let Some(value) = sample.value else { continue };
            if self.series.len() >= SERIES_MAX && !self.series.contains_key(&sample.labels) {
                continue;
            }
            let points = self.series.entry(sample.labels.clone()).or_default();
            if points.back().is_none_or(|(time, _)| now.since(*time) >= step) {
                points.push_back((now, value));
            }
            sample.trend = Trend::of(points.make_contiguous(), self.window);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_past_is_thinned_out_and_ends() {
        let mut past = Past::new(Span::hours(24));
        let minute = |at: i64| Timestamp(at * 60_000);
        let mut sample = [Sample::new(Labels::default(), 0.0)];
        for at in 0..3 * 1_440 {
            #[expect(clippy::cast_precision_loss, reason = "small")]
            let value = at as f64;
            sample[0].value = Some(value);
            past.remember(minute(at), &mut sample);
        }
        let points = &past.series[&Labels::default()];
        assert!(points.len() <= 290, "{}", points.len());
        let slope = sample[0].trend.unwrap().slope * 60_000.0;
        assert!((slope - 1.0).abs() < 1e-9, "{slope}");
        past.remember(minute(9 * 1_440), &mut []);
        assert!(past.series.is_empty(), "what is gone takes no memory");
    }

    #[test]
    fn nobody_who_asked_for_nothing_pays() {
        let mut past = Past::new(Span::ZERO);
        past.remember(Timestamp(0), &mut [Sample::new(Labels::default(), 0.0)]);
        assert!(past.series.is_empty());
    }
}

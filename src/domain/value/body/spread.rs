//! Many bodies looked up together. They stand anywhere in memory: a processor that is asked for all
//! of them at once waits for most in the time of one.

use std::hint::black_box;
use std::ops::Range;

use super::{Bodies, Body, Part, gaps, symbols};
use crate::domain::value::Symbol;

/// What some records say, laid out side by side.
#[derive(Debug)]
pub struct Spread<'a> {
    /// The labels of each record, then its texts' names with patterns.
    pairs: Vec<(&'a str, &'a [u8])>,
    bodies: Vec<Laid<'a>>,
}

/// Where a record's pairs are.
#[derive(Debug)]
struct Laid<'a> {
    labels: Range<usize>,
    texts: Range<usize>,
    filling: &'a [u8],
}

impl Bodies {
    /// Lays out what records say, to be read by their places among `bodies`.
    pub fn spread(&self, bodies: impl Iterator<Item = Body>) -> Spread<'_> {
        // One kind of place after the other, so that each step asks for many that do not wait for
        // one another.
        let packed: Vec<(Body, &[u8])> =
            bodies.map(|body| (body, self.packed.get(body.place))).collect();
        let mut all: Vec<Symbol> = Vec::with_capacity(packed.len() * SYMBOLS_USUAL);
        let laid = packed.into_iter().map(|(body, packed)| {
            let (both, filling) = symbols(packed, body.labels + body.texts);
            let start = all.len();
            all.extend(both);
            let middle = (start + usize::from(body.labels)).min(all.len());
            Laid { labels: start..middle, texts: middle..all.len(), filling }
        });
        let bodies = laid.collect();
        let pairs: Vec<_> = all.iter().map(|symbol| self.symbols.raw(*symbol)).collect();
        let first = |(_, value): &(&str, &[u8])| value.first().copied().unwrap_or_default();
        black_box(pairs.iter().map(first).fold(0, |all, byte| all ^ byte));
        Spread { pairs, bodies }
    }
}

/// Pairs that most records have at most.
const SYMBOLS_USUAL: usize = 16;

impl<'a> Spread<'a> {
    /// The labels of the record at a place, sorted by name, the values as the bytes of texts.
    ///
    /// # Panics
    /// When there are not as many records.
    pub fn labels(&self, at: usize) -> &[(&'a str, &'a [u8])] {
        &self.pairs[self.bodies[at].labels.clone()]
    }

    /// Shows the texts of the record at a place, in the order in which they came.
    ///
    /// # Panics
    /// When there are not as many records.
    pub fn texts(&self, at: usize, mut add: impl FnMut(Part<'a>)) {
        let labels = self.labels(at);
        let Laid { texts, filling, .. } = &self.bodies[at];
        let mut filling = *filling;
        let value = |place: usize| labels.get(place).map_or(&[][..], |(_, value)| value);
        for (name, pattern) in &self.pairs[texts.clone()] {
            add(Part::Name(name));
            filling = gaps::fill(pattern, filling, value, |piece| add(Part::Value(piece)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::value::Labels;

    #[test]
    fn laid_out_together_records_say_what_they_say_alone() {
        let mut bodies = Bodies::default();
        let put = |(host, text): (&str, &str)| {
            let labels = Labels::new([("alertname", "DiskFull"), ("host", host)]);
            bodies.put(&labels, [("summary", text)].into_iter())
        };
        let all = [("db-1", "of db-1: 93%"), ("", ""), ("db-22", "of db-22: 7%")].map(put);
        let spread = bodies.spread(all.into_iter());
        for (at, body) in all.into_iter().enumerate() {
            assert!(spread.labels(at).iter().copied().eq(bodies.raw_labels(body)));
            let (mut alone, mut together) = (Vec::new(), Vec::new());
            bodies.texts(body, |part| alone.push(part));
            spread.texts(at, |part| together.push(part));
            assert_eq!(together, alone);
        }
    }
}

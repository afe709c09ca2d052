//! What records say, packed: pairs that many records have are kept once, and so is the pattern of a
//! text that many records have with other words in its gaps.

mod spread;

pub use spread::Spread;

use super::{Labels, Place, Slab, Symbol, Symbols, gaps};

/// The labels and texts of one record. Means something only to the [`Bodies`] that made it.
#[derive(Debug, Clone, Copy, Default)]
pub struct Body {
    place: Place,
    labels: u16,
    texts: u16,
}

/// The bodies of all records of a kind, and the pairs in them.
#[derive(Debug, Clone, Default)]
pub struct Bodies {
    pub(in crate::domain) symbols: Symbols,
    /// Of each body the symbols of its labels, those of its texts' names with patterns for values,
    /// and what stands in the patterns' gaps.
    packed: Slab,
    /// Of a rule and a text's name the symbol with the pattern that was used last: most records of
    /// the rule have it. The pair may have been forgotten since, and its symbol be another's.
    recent: Recent,
    /// The symbols of the labels that came last: the next ones mostly have the same names at the
    /// same places, and some of them the same values. As with `recent`, nothing is sure of them.
    last: Vec<Symbol>,
    /// As `last`, of texts without a name.
    last_bare: Option<Symbol>,
    /// Room in which a body is put together, for the next one.
    room: Room,
}

/// A body before it is kept: symbols, and what stands in the patterns' gaps.
#[derive(Debug, Clone, Default)]
struct Room {
    packed: Vec<u8>,
    filling: Vec<u8>,
}

/// The room that is kept from one body to the next, in bytes of each kind.
const ROOM_BYTES_KEPT: usize = 4_096;

/// Patterns that are remembered to be tried first.
const RECENT_MAX: usize = 8_192;

/// Labels whose symbols are remembered; few records have more.
const LAST_MAX: usize = 64;

/// Room for most texts.
const TEXT_BYTES_USUAL: usize = 128;

/// By what rule and name hash to; nothing is kept until the first one.
#[derive(Debug, Clone, Default)]
struct Recent(Vec<Option<Symbol>>);

impl Recent {
    fn slot(&mut self, rule: &str, name: &str) -> &mut Option<Symbol> {
        if self.0.is_empty() {
            self.0.resize(RECENT_MAX, None);
        }
        let place = Symbols::hash(name, rule) % RECENT_MAX as u64;
        &mut self.0[usize::try_from(place).expect("less than their count")]
    }
}

/// A part of the texts of a record, in the order in which they are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part<'a> {
    /// The next text begins; this is its name.
    Name(&'a str),
    /// More of its value, as the bytes of a text.
    Value(&'a [u8]),
}

impl Bodies {
    /// Packs what a record says: its labels, and texts under their names.
    pub fn put<'a>(
        &mut self,
        labels: &Labels,
        texts: impl ExactSizeIterator<Item = (&'a str, &'a str)>,
    ) -> Body {
        self.put_with(labels, texts, None).0
    }

    /// As [`Bodies::put`], with one text more that stands aside of the others, and the symbol by
    /// which [`Bodies::aside`] finds it. The symbol is the caller's to be released.
    pub fn put_with<'a>(
        &mut self,
        labels: &Labels,
        texts: impl ExactSizeIterator<Item = (&'a str, &'a str)>,
        aside: Option<(&str, &str)>,
    ) -> (Body, Option<Symbol>) {
        let count = texts.len();
        let Room { mut packed, mut filling } = std::mem::take(&mut self.room);
        let mut values = Vec::with_capacity(labels.len());
        let mut rule = "";
        for (place, (name, value)) in labels.iter().enumerate() {
            let symbol = self.symbols.intern_like(self.last.get(place).copied(), name, value);
            match self.last.get_mut(place) {
                Some(last) => *last = symbol,
                None if place < LAST_MAX => self.last.push(symbol),
                None => {}
            }
            packed.extend_from_slice(&symbol.bytes());
            values.push(value);
            if name == "alertname" {
                rule = value;
            }
        }
        for (name, value) in texts {
            let symbol = self.pattern(rule, name, value, &values, &mut filling);
            packed.extend_from_slice(&symbol.bytes());
        }
        let aside = aside.map(|(name, value)| {
            // What says most of what the labels say is this record's alone, and less is shared.
            let own = 2 * value.len() > labels.text_bytes();
            if own || value.contains(gaps::GAP) {
                self.pattern(rule, name, value, &values, &mut filling)
            } else {
                self.symbols.intern(name, value)
            }
        });
        packed.extend_from_slice(&filling);
        let short = |count: usize| {
            u16::try_from(count).expect("a record has no more than some thousand names")
        };
        let place = self.packed.put(&packed);
        for room in [&mut packed, &mut filling] {
            room.clear();
            room.shrink_to(ROOM_BYTES_KEPT);
        }
        self.room = Room { packed, filling };
        (Body { place, labels: short(labels.len()), texts: short(count) }, aside)
    }

    /// The symbol of a text's name and pattern. What stands in the pattern's gaps goes into `filling`.
    fn pattern(
        &mut self,
        rule: &str,
        name: &str,
        value: &str,
        values: &[&str],
        filling: &mut Vec<u8>,
    ) -> Symbol {
        let slot = self.recent.slot(rule, name);
        let symbols = &mut self.symbols;
        let same = slot.filter(|symbol| {
            let (known, pattern) = symbols.raw(*symbol);
            known == name && gaps::fits(pattern, value, values, filling)
        });
        let symbol = match same {
            Some(symbol) => symbols.share(symbol),
            None => symbols.intern(name, &pattern(value, values, filling)),
        };
        *slot = Some(symbol);
        symbol
    }

    /// The symbol of a text without a name, which is the caller's to be released. Many records in a
    /// row have the same one.
    pub fn bare(&mut self, text: &str) -> Symbol {
        let symbol = self.symbols.intern_like(self.last_bare, "", text);
        self.last_bare = Some(symbol);
        symbol
    }

    /// Gives a body back.
    pub fn take(&mut self, body: Body) {
        let (symbols, _) = symbols(self.packed.get(body.place), body.labels + body.texts);
        for symbol in symbols {
            self.symbols.release(symbol);
        }
        self.packed.take(body.place);
    }

    /// The symbols of a record's labels, sorted by name.
    pub fn label_symbols(&self, body: Body) -> impl ExactSizeIterator<Item = Symbol> + Clone {
        symbols(self.packed.get(body.place), body.labels).0
    }

    /// Tells whether a pair is among a record's labels.
    pub fn has_label(&self, body: Body, pair: Symbol) -> bool {
        let packed = self.packed.get(body.place);
        let bytes = (usize::from(body.labels) * Symbol::BYTES).min(packed.len());
        packed[..bytes].as_chunks().0.contains(&pair.bytes())
    }

    /// A record's labels, sorted by name.
    pub fn labels(&self, body: Body) -> impl ExactSizeIterator<Item = (&str, &str)> + Clone {
        self.label_symbols(body).map(|symbol| self.symbols.pair(symbol))
    }

    /// A record's labels, sorted by name, the values as the bytes of texts.
    pub fn raw_labels(&self, body: Body) -> impl Iterator<Item = (&str, &[u8])> + Clone {
        self.label_symbols(body).map(|symbol| self.symbols.raw(symbol))
    }

    /// Shows the texts of a record, in the order in which they came.
    pub fn texts<'a>(&'a self, body: Body, add: impl FnMut(Part<'a>)) {
        self.fill(body, add);
    }

    /// The text that stands aside of a record's others, by its symbol.
    pub fn aside(&self, body: Body, symbol: Symbol) -> String {
        let filling = self.fill(body, |_| {});
        let (labels, _) = symbols(self.packed.get(body.place), body.labels);
        let mut text = Vec::new();
        let value = |place| self.value(labels.clone(), place);
        gaps::fill(self.symbols.raw(symbol).1, filling, value, |piece| text.extend(piece));
        String::from_utf8(text).unwrap_or_default()
    }

    /// Shows the texts of a record, and returns what stands in the gaps of the one aside.
    fn fill<'a>(&'a self, body: Body, mut add: impl FnMut(Part<'a>)) -> &'a [u8] {
        let (labels, rest) = symbols(self.packed.get(body.place), body.labels);
        let (texts, mut filling) = symbols(rest, body.texts);
        let value = |place| self.value(labels.clone(), place);
        for symbol in texts {
            let (name, pattern) = self.symbols.raw(symbol);
            add(Part::Name(name));
            filling = gaps::fill(pattern, filling, value, |piece| add(Part::Value(piece)));
        }
        filling
    }

    /// The value of the label at a place; nothing if there are not as many.
    fn value(&self, mut labels: impl Iterator<Item = Symbol>, place: usize) -> &[u8] {
        labels.nth(place).map_or(&[][..], |symbol| self.symbols.raw(symbol).1)
    }
}

/// Texts beside a body, which come later or go sooner.
impl Bodies {
    /// The texts of a record with their names, in the order in which they came.
    pub fn said(&self, body: Body) -> Vec<(&str, String)> {
        let mut said = Vec::with_capacity(body.texts.into());
        let (mut name, mut text) = (None, Vec::with_capacity(TEXT_BYTES_USUAL));
        let mut add = |name: &mut Option<_>, next: Option<_>, text: &mut Vec<u8>| {
            if let Some(name) = std::mem::replace(name, next) {
                said.push((name, str::from_utf8(text).unwrap_or_default().to_owned()));
            }
            text.clear();
        };
        self.texts(body, |part| match part {
            Part::Name(next) => add(&mut name, Some(next), &mut text),
            Part::Value(piece) => text.extend_from_slice(piece),
        });
        add(&mut name, None, &mut text);
        said
    }

    /// Tells whether the text in a place is this one.
    pub fn says(&self, body: Body, place: usize, text: &str) -> bool {
        let mut rest = Some(text.as_bytes());
        let found = self.text_at(body, place, |piece| {
            rest = rest.and_then(|rest| rest.strip_prefix(piece));
        });
        found && rest == Some(&[])
    }

    /// The text in a place; the empty text if there are not as many.
    pub fn text(&self, body: Body, place: usize) -> String {
        let mut text = Vec::with_capacity(TEXT_BYTES_USUAL);
        self.text_at(body, place, |piece| text.extend_from_slice(piece));
        String::from_utf8(text).unwrap_or_default()
    }

    /// Shows the text in a place piece by piece, and says whether there is one.
    fn text_at<'a>(&'a self, body: Body, place: usize, add: impl FnMut(&'a [u8])) -> bool {
        let (labels, rest) = symbols(self.packed.get(body.place), body.labels);
        let (mut texts, mut filling) = symbols(rest, body.texts);
        for symbol in texts.by_ref().take(place) {
            filling = gaps::skip(self.symbols.raw(symbol).1, filling);
        }
        let Some(symbol) = texts.next() else { return false };
        let value = |place| self.value(labels.clone(), place);
        gaps::fill(self.symbols.raw(symbol).1, filling, value, add);
        true
    }

    /// Packs a text that is kept beside a body, but speaks of the same: behind what is in `packed`.
    pub fn write(&mut self, body: Body, name: &str, text: &str, packed: &mut Vec<u8>) {
        let mut filling = Vec::new();
        let values: Vec<&str> = self.labels(body).map(|(_, value)| value).collect();
        let pattern = pattern(text, &values, &mut filling);
        packed.extend(self.symbols.intern(name, &pattern).bytes());
        packed.extend(filling);
    }

    /// The name and the text that [`Bodies::write`] packed; nothing if it was not that.
    pub fn read(&self, body: Body, packed: &[u8]) -> Option<(String, String)> {
        let (symbol, filling) = packed.split_first_chunk()?;
        let (name, pattern) = self.symbols.raw(Symbol::of(*symbol));
        let value = |place| self.value(self.label_symbols(body), place);
        let mut text = Vec::with_capacity(TEXT_BYTES_USUAL);
        gaps::fill(pattern, filling, value, |piece| text.extend_from_slice(piece));
        Some((name.to_owned(), String::from_utf8(text).ok()?))
    }

    /// Gives back what [`Bodies::write`] packed.
    pub fn forget(&mut self, packed: &[u8]) {
        if let Some((symbol, _)) = packed.split_first_chunk() {
            self.symbols.release(Symbol::of(*symbol));
        }
    }
}

fn pattern(value: &str, values: &[&str], filling: &mut Vec<u8>) -> String {
    // The link to a runbook is the same for all that a rule says.
    if value.starts_with("https://") || value.starts_with("http://") {
        gaps::whole(value, filling)
    } else {
        gaps::split(value, values, filling)
    }
}

/// So many symbols, and what stands behind them.
fn symbols(packed: &[u8], count: u16) -> (impl ExactSizeIterator<Item = Symbol> + Clone, &[u8]) {
    let bytes = (usize::from(count) * Symbol::BYTES).min(packed.len());
    let (symbols, rest) = packed.split_at(bytes);
    let (symbols, _) = symbols.as_chunks::<{ Symbol::BYTES }>();
    (symbols.iter().map(|bytes| Symbol::of(*bytes)), rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(bodies: &Bodies, body: Body) -> String {
        let mut text = Vec::new();
        bodies.texts(body, |part| match part {
            Part::Name(name) => text.extend(format!("[{name}] ").into_bytes()),
            Part::Value(piece) => text.extend(piece),
        });
        String::from_utf8(text).unwrap()
    }

    #[test]
    fn bodies_share_what_they_have_in_common() {
        let mut bodies = Bodies::default();
        let put = |bodies: &mut Bodies, host: &str, link: &str| {
            let labels = Labels::new([("alertname", "DiskFull"), ("host", host)]);
            let text = format!("Disk of {host} is full.");
            bodies.put(&labels, [("link", link), ("summary", text.as_str())].into_iter())
        };
        let one = put(&mut bodies, "db-1", "https://wiki.example.org/7");
        let two = put(&mut bodies, "db-22", "https://wiki.example.org/7");
        assert_eq!(
            texts(&bodies, two),
            "[link] https://wiki.example.org/7[summary] Disk of db-22 is full."
        );
        assert_eq!(bodies.symbols.len(), 5, "one name, two hosts, one link, one pattern");
        bodies.take(one);
        let labels: Vec<_> = bodies.labels(two).collect();
        assert_eq!(labels, [("alertname", "DiskFull"), ("host", "db-22")]);
        let (host, link) = (bodies.symbols.find("host", "db-22"), "https://wiki.example.org/7");
        assert!(bodies.has_label(two, host.unwrap()));
        assert!(!bodies.has_label(two, bodies.symbols.find("link", link).unwrap()));
        bodies.take(two);
        assert!(bodies.symbols.is_empty());
    }

    #[test]
    fn texts_beside_a_body_share_its_words_and_are_given_back() {
        let mut bodies = Bodies::default();
        let labels = Labels::new([("host", "database-one")]);
        let body = bodies.put(&labels, [("title", "all of database-one"), ("", "")].into_iter());
        assert!(bodies.says(body, 0, "all of database-one") && bodies.says(body, 1, ""));
        assert!(!bodies.says(body, 0, "all of database") && !bodies.says(body, 0, "all of it"));
        assert!(!bodies.says(body, 2, ""), "there is no third text");
        let texts = [0, 1, 2].map(|place| bodies.text(body, place));
        assert_eq!(texts, ["all of database-one", "", ""]);
        let mut packed = Vec::new();
        bodies.write(body, "joined", "ALR-7 of database-one joined", &mut packed);
        assert_eq!(packed.len(), Symbol::BYTES + 1 + "ALR-7".len() + 2, "a gap and a reference");
        let read = bodies.read(body, &packed);
        assert_eq!(read, Some(("joined".into(), "ALR-7 of database-one joined".into())));
        bodies.forget(&packed);
        assert_eq!(bodies.read(body, &packed), Some((String::new(), String::new())));
        assert_eq!(bodies.read(body, &[]), None);
        bodies.take(body);
        assert!(bodies.symbols.is_empty());
    }

    #[test]
    fn a_text_aside_is_found_by_its_symbol_and_costs_no_more_than_its_gaps() {
        let mut bodies = Bodies::default();
        for host in ["db-1", "db-22", "db-1"] {
            let labels = Labels::new([("alertname", "DiskFull"), ("host", host)]);
            let (text, key) = (format!("Disk of {host} is full."), labels.to_string());
            let texts = [("summary", text.as_str())].into_iter();
            let (body, symbol) = bodies.put_with(&labels, texts, Some(("rule", &key)));
            let symbol = symbol.unwrap();
            assert_eq!(self::texts(&bodies, body), format!("[summary] {text}"));
            assert_eq!(bodies.aside(body, symbol), key);
            assert_eq!(bodies.symbols.pair(symbol), ("rule", "{alertname=\"\0\", host=\"\0\"}"));
            assert_eq!(bodies.packed.get(body.place).len(), 3 * Symbol::BYTES + 3 * 2);
            bodies.symbols.release(symbol);
            bodies.take(body);
        }
        assert!(bodies.symbols.is_empty());
    }

    #[test]
    fn a_short_text_aside_is_shared_and_one_with_a_gap_comes_back() {
        let mut bodies = Bodies::default();
        let labels = Labels::new([("alertname", "DiskFull"), ("host", "db-1.example.org:9100")]);
        for key in ["{a=\"db-1\"}", "\0", ""] {
            let (body, symbol) = bodies.put_with(&labels, [].into_iter(), Some(("", key)));
            assert_eq!(bodies.aside(body, symbol.unwrap()), key);
            let has_gap = key.contains('\0');
            assert_eq!(bodies.symbols.pair(symbol.unwrap()), ("", key));
            let bytes = bodies.packed.get(body.place).len();
            assert_eq!(bytes > 2 * Symbol::BYTES, has_gap, "{key:?}");
        }
    }

    #[test]
    fn a_record_may_say_nothing() {
        let mut bodies = Bodies::default();
        let body = bodies.put(&Labels::default(), [].into_iter());
        assert_eq!((bodies.labels(body).len(), texts(&bodies, body)), (0, String::new()));
        bodies.take(body);
    }
}

//! A record's timeline: what happened to it, oldest first.

use serde::de::{Deserialize, Deserializer};
use serde::ser::{Serialize, Serializer};
use serde_json::{Value, json};

use super::value::{Actor, AlertId, RecordId, Timestamp, Via};

/// Lines kept of one record; the history beyond them is in the journal.
const LINES_MAX: usize = 300;

/// What happened to a record, oldest first. Every incident has a handful of lines, so they are kept
/// packed. What the lines say is packed by whoever keeps them, if that can be done in fewer bytes.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Timeline {
    /// The lines, each as [`Entry::pack`] writes it.
    packed: Box<[u8]>,
    count: u16,
    omitted: u32,
}

/// One thing that happened.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Line {
    /// When.
    pub at: Timestamp,
    /// Who did it.
    pub by: Actor,
    /// What, in a word: `acknowledge`, `note`, `alert_joined` …
    pub action: String,
    /// What, in a sentence.
    pub text: String,
}

/// A line whose words are still packed.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Entry<'a> {
    pub(crate) at: Timestamp,
    pub(crate) by: Actor,
    pub(crate) words: Words<'a>,
}

/// What a line says.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Words<'a> {
    /// Whatever it is, packed.
    Packed(&'a [u8]),
    /// That an alert joined: most lines of all, so they need no words.
    Joined(AlertId),
}

impl Timeline {
    pub(crate) fn push(&mut self, at: Timestamp, by: &Actor, action: &str, text: &str) {
        let mut words = Vec::with_capacity(action.len() + text.len() + 3);
        for text in [action, text] {
            put_text(text.as_bytes(), &mut words);
        }
        self.add(&Entry { at, by: by.clone(), words: Words::Packed(&words) });
    }

    /// Adds a line, and returns what was packed of the one that had to make room for it.
    pub(crate) fn add(&mut self, entry: &Entry<'_>) -> Option<Vec<u8>> {
        let mut gone = None;
        if usize::from(self.count) >= LINES_MAX {
            // The beginning tells how it started, the end how it stands: the middle makes room.
            let all = std::mem::take(self);
            let mut entries: Vec<Entry<'_>> = all.entries().collect();
            gone = match entries.remove(LINES_MAX / 2).words {
                Words::Packed(words) => Some(words.to_vec()),
                Words::Joined(_) => None,
            };
            let mut last = None;
            for entry in entries {
                self.append(last, &entry);
                last = Some(entry.at);
            }
            self.omitted = all.omitted.saturating_add(1);
        }
        let last = self.entries().last().map(|last| last.at);
        self.append(last, entry);
        gone
    }

    /// Appends a line to one of this time.
    fn append(&mut self, last: Option<Timestamp>, entry: &Entry<'_>) {
        let words = match entry.words {
            Words::Packed(words) => words.len(),
            Words::Joined(_) => 0,
        };
        let mut line = Vec::with_capacity(words + ENTRY_BYTES_USUAL);
        entry.pack(last, &mut line);
        let mut packed = std::mem::take(&mut self.packed).into_vec();
        packed.reserve_exact(line.len());
        packed.extend(line);
        self.packed = packed.into_boxed_slice();
        self.count += 1;
    }

    /// The lines that are kept, with their words packed.
    pub(crate) fn entries(&self) -> impl Iterator<Item = Entry<'_>> {
        let (mut rest, mut last) = (&*self.packed, Timestamp::default());
        std::iter::from_fn(move || {
            let entry = Entry::unpack(&mut rest, last)?;
            last = entry.at;
            Some(entry)
        })
    }

    /// The lines that are kept.
    pub fn lines(&self) -> impl Iterator<Item = Line> {
        let read = |mut words: &[u8]| Some((take_string(&mut words)?, take_string(&mut words)?));
        self.entries().filter_map(move |entry| entry.read(read))
    }

    /// The lines as the API shows them.
    pub fn show(&self) -> Vec<Value> {
        self.lines().map(Line::show).collect()
    }

    /// How many more lines there were.
    pub fn omitted(&self) -> u64 {
        self.omitted.into()
    }

    pub(crate) fn omit(&mut self, lines: u64) {
        self.omitted = u32::try_from(lines).unwrap_or(u32::MAX);
    }
}

impl Line {
    /// The line as the API shows it.
    pub fn show(self) -> Value {
        json!({
            "at": self.at.rfc3339(),
            "by": self.by.name,
            "via": self.by.via.name(),
            "action": self.action,
            "text": self.text,
        })
    }
}

/// What an entry takes beside its words, when a rule wrote it.
const ENTRY_BYTES_USUAL: usize = 10;

/// Bits of a number in one byte; the highest says that more follow.
const NUMBER_BITS: u32 = 7;

/// Marks a line of the same time as the one before it, which then is left out.
const SAME_TIME: u8 = 0x80;

/// Marks a line that somebody other than the daemon's rules wrote, who is named.
const NAMED: u8 = 0x40;

/// Marks a line that has the number of an alert for words.
const JOINED: u8 = 0x20;

/// What a line says of an alert that joined.
const JOINED_ACTION: &str = "alert_joined";
const JOINED_TEXT: &str = " joined";

impl Entry<'_> {
    /// Appends the door, the time, the name, and the words with their length before them. Most lines
    /// are written by a rule, several at a time.
    fn pack(&self, last: Option<Timestamp>, packed: &mut Vec<u8>) {
        let same = last == Some(self.at);
        let named = self.by != Actor::rule();
        let joined = matches!(self.words, Words::Joined(_));
        let mark = |mark: u8, is: bool| if is { mark } else { 0 };
        let marks = mark(SAME_TIME, same) | mark(NAMED, named) | mark(JOINED, joined);
        packed.push(door(self.by.via) | marks);
        if !same {
            packed.extend(self.at.0.to_le_bytes());
        }
        if named {
            put_text(self.by.name.as_bytes(), packed);
        }
        match self.words {
            Words::Packed(words) => put_text(words, packed),
            Words::Joined(alert) => put_number(alert.number(), packed),
        }
    }

    /// The line in full. `read` finds the action and the text in what was packed.
    pub(crate) fn read(self, read: impl FnOnce(&[u8]) -> Option<(String, String)>) -> Option<Line> {
        let (action, text) = match self.words {
            Words::Packed(words) => read(words)?,
            Words::Joined(alert) => (JOINED_ACTION.to_owned(), format!("{alert}{JOINED_TEXT}")),
        };
        Some(Line { at: self.at, by: self.by, action, text })
    }
}

impl Line {
    /// The alert, where the line says that one joined.
    pub(crate) fn joined(&self) -> Option<AlertId> {
        let alert = self.text.strip_suffix(JOINED_TEXT).filter(|_| self.action == JOINED_ACTION)?;
        alert.parse().ok().filter(|id: &AlertId| id.to_string() == alert)
    }
}

impl<'a> Entry<'a> {
    /// Takes a line off the front.
    fn unpack(packed: &mut &'a [u8], last: Timestamp) -> Option<Self> {
        let head = *packed.split_off_first()?;
        let via = *DOORS.get(usize::from(head & !(SAME_TIME | NAMED | JOINED)))?;
        let at = if head & SAME_TIME != 0 {
            last
        } else {
            Timestamp(i64::from_le_bytes(*packed.split_off(..8)?.first_chunk()?))
        };
        let by = if head & NAMED == 0 {
            Actor::rule()
        } else {
            Actor { name: take_string(packed)?, via }
        };
        let words = if head & JOINED != 0 {
            Words::Joined(AlertId(take_number(packed)?))
        } else {
            Words::Packed(take_text(packed)?)
        };
        Some(Self { at, by, words })
    }
}

/// Appends a text with its length before it.
fn put_text(text: &[u8], packed: &mut Vec<u8>) {
    put_number(text.len() as u64, packed);
    packed.extend(text);
}

/// Takes a text off the front.
fn take_text<'a>(packed: &mut &'a [u8]) -> Option<&'a [u8]> {
    let length = usize::try_from(take_number(packed)?).ok()?;
    packed.split_off(..length)
}

fn put_number(mut number: u64, packed: &mut Vec<u8>) {
    while number >> NUMBER_BITS > 0 {
        packed.push(0x80 | u8::try_from(number & 0x7f).unwrap_or_default());
        number >>= NUMBER_BITS;
    }
    packed.push(u8::try_from(number).unwrap_or_default());
}

fn take_number(packed: &mut &[u8]) -> Option<u64> {
    let (mut number, mut shift) = (0, 0);
    loop {
        let byte = *packed.split_off_first()?;
        number |= u64::from(byte & 0x7f) << shift;
        shift += NUMBER_BITS;
        if byte & 0x80 == 0 {
            return Some(number);
        }
    }
}

fn take_string(packed: &mut &[u8]) -> Option<String> {
    String::from_utf8(take_text(packed)?.to_vec()).ok()
}

const DOORS: [Via; 8] =
    [Via::Rule, Via::Api, Via::Cli, Via::Chat, Via::Mail, Via::Timer, Via::Import, Via::Source];

/// The place of a door among [`DOORS`].
fn door(via: Via) -> u8 {
    match via {
        Via::Rule => 0,
        Via::Api => 1,
        Via::Cli => 2,
        Via::Chat => 3,
        Via::Mail => 4,
        Via::Timer => 5,
        Via::Import => 6,
        Via::Source => 7,
    }
}

/// A timeline as it stands on a page.
#[derive(Debug, Default, serde::Serialize, serde::Deserialize)]
pub(crate) struct Stored {
    pub(crate) lines: Vec<Line>,
    #[serde(default)]
    pub(crate) omitted: u64,
}

impl Serialize for Timeline {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Stored { lines: self.lines().collect(), omitted: self.omitted() }.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Timeline {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Stored { lines, omitted } = Stored::deserialize(deserializer)?;
        let mut timeline = Self::default();
        for line in lines {
            timeline.push(line.at, &line.by, &line.action, &line.text);
        }
        timeline.omit(omitted);
        Ok(timeline)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_come_out_as_they_went_in() {
        let mut timeline = Timeline::default();
        let long = "é".repeat(20_000);
        for (place, via) in DOORS.into_iter().enumerate() {
            assert_eq!(usize::from(door(via)), place);
            let by = Actor { name: format!("person {place}"), via };
            timeline.push(Timestamp(-1), &by, "note", &long);
            timeline.push(Timestamp(i64::MAX), &Actor::rule(), "", "");
            timeline.push(Timestamp(i64::MAX), &by, "", "");
        }
        let lines: Vec<Line> = timeline.lines().collect();
        assert_eq!(lines.len(), 3 * DOORS.len());
        assert_eq!((&lines[3].by.name[..], &lines[3].text), ("person 1", &long));
        assert_eq!((lines[2].at, &lines[2].by.name[..]), (Timestamp(i64::MAX), "person 0"));
        assert_eq!((lines[1].by.clone(), lines[1].at), (Actor::rule(), Timestamp(i64::MAX)));
        let stored = serde_json::to_string(&timeline).unwrap();
        assert_eq!(serde_json::from_str::<Timeline>(&stored).unwrap(), timeline);
    }

    #[test]
    fn the_middle_makes_room() {
        let mut timeline = Timeline::default();
        for number in 0..LINES_MAX + 5 {
            timeline.push(Timestamp(0), &Actor::rule(), "note", &number.to_string());
        }
        let lines: Vec<Line> = timeline.lines().collect();
        assert_eq!((lines.len(), timeline.omitted()), (LINES_MAX, 5));
        let words = Words::Packed(b"x");
        let gone = timeline.add(&Entry { at: Timestamp(1), by: Actor::rule(), words });
        assert_eq!(gone, Some(b"\x04note\x03155".to_vec()));
        let times: Vec<i64> = timeline.entries().map(|entry| entry.at.0).collect();
        assert_eq!((times.len(), times[LINES_MAX - 2], times[LINES_MAX - 1]), (LINES_MAX, 0, 1));
        assert_eq!((&lines[0].text[..], &lines[LINES_MAX - 1].text[..]), ("0", "304"));
    }
}

//! A record's timeline: what happened to it, oldest first.

use serde::de::{Deserialize, Deserializer};
use serde::ser::{Serialize, SerializeStruct, Serializer};
use serde_json::{Value, json};

use super::value::{Actor, Timestamp, Via};

/// Lines kept of one record; the history beyond them is in the journal.
const LINES_MAX: usize = 300;

/// What happened to a record, oldest first. Every incident has a handful of lines, so they are kept
/// packed.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Timeline {
    /// The lines, each as [`Line::pack`] writes it.
    packed: Vec<u8>,
    count: usize,
    /// How many more there were.
    pub omitted: u64,
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

impl Timeline {
    pub(crate) fn push(&mut self, at: Timestamp, by: &Actor, action: &str, text: String) {
        if self.count == LINES_MAX {
            // The beginning tells how it started, the end how it stands: the middle makes room.
            let mut lines: Vec<Line> = self.lines().collect();
            lines.remove(LINES_MAX / 2);
            *self = Self::of(&lines, self.omitted + 1);
        }
        self.add(&Line { at, by: by.clone(), action: action.to_owned(), text });
    }

    fn of(lines: &[Line], omitted: u64) -> Self {
        let mut timeline = Self { omitted, ..Self::default() };
        for line in lines {
            timeline.add(line);
        }
        timeline
    }

    fn add(&mut self, line: &Line) {
        let mut packed = Vec::with_capacity(LINE_BYTES_USUAL);
        line.pack(&mut packed);
        self.packed.reserve_exact(packed.len());
        self.packed.extend(packed);
        self.count += 1;
    }

    /// The lines that are kept.
    pub fn lines(&self) -> impl Iterator<Item = Line> {
        let mut rest = self.packed.as_slice();
        std::iter::from_fn(move || Line::unpack(&mut rest))
    }

    /// The last line.
    pub fn last(&self) -> Option<Line> {
        self.lines().last()
    }

    /// The lines as the API shows them.
    pub fn show(&self) -> Vec<Value> {
        let line = |line: Line| {
            json!({
                "at": line.at.rfc3339(),
                "by": line.by.name,
                "via": line.by.via.name(),
                "action": line.action,
                "text": line.text,
            })
        };
        self.lines().map(line).collect()
    }
}

const LINE_BYTES_USUAL: usize = 128;

/// Bits of a length in one byte; the highest says that more follow.
const LENGTH_BITS: u32 = 7;

impl Line {
    /// Appends the time, the door, and the three texts with their lengths before them. What the
    /// daemon did by a rule, as most is done, needs no name.
    fn pack(&self, packed: &mut Vec<u8>) {
        packed.extend(self.at.0.to_le_bytes());
        packed.push(door(self.by.via));
        let name = if self.by == Actor::rule() { "" } else { &self.by.name };
        for text in [name, &self.action, &self.text] {
            let mut length = text.len();
            while length >> LENGTH_BITS > 0 {
                packed.push(0x80 | u8::try_from(length & 0x7f).unwrap_or_default());
                length >>= LENGTH_BITS;
            }
            packed.push(u8::try_from(length).unwrap_or_default());
            packed.extend(text.as_bytes());
        }
    }

    /// Takes a line off the front.
    fn unpack(packed: &mut &[u8]) -> Option<Self> {
        let at = Timestamp(i64::from_le_bytes(*packed.split_off(..8)?.first_chunk()?));
        let via = *DOORS.get(usize::from(*packed.split_off_first()?))?;
        let name = text(packed)?;
        let by =
            if name.is_empty() && via == Via::Rule { Actor::rule() } else { Actor { name, via } };
        Some(Self { at, by, action: text(packed)?, text: text(packed)? })
    }
}

/// Takes a text off the front.
fn text(packed: &mut &[u8]) -> Option<String> {
    let (mut length, mut shift) = (0, 0);
    loop {
        let byte = *packed.split_off_first()?;
        length |= usize::from(byte & 0x7f) << shift;
        shift += LENGTH_BITS;
        if byte & 0x80 == 0 {
            break;
        }
    }
    String::from_utf8(packed.split_off(..length)?.to_vec()).ok()
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

impl Serialize for Timeline {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_struct("timeline", 2)?;
        fields.serialize_field("lines", &self.lines().collect::<Vec<_>>())?;
        fields.serialize_field("omitted", &self.omitted)?;
        fields.end()
    }
}

impl<'de> Deserialize<'de> for Timeline {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(serde::Deserialize)]
        struct Stored {
            lines: Vec<Line>,
            #[serde(default)]
            omitted: u64,
        }
        let Stored { lines, omitted } = Stored::deserialize(deserializer)?;
        Ok(Self::of(&lines, omitted))
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
            timeline.push(Timestamp(-1), &by, "note", long.clone());
            timeline.push(Timestamp(i64::MAX), &Actor::rule(), "", String::new());
        }
        let lines: Vec<Line> = timeline.lines().collect();
        assert_eq!((lines.len(), timeline.last()), (2 * DOORS.len(), lines.last().cloned()));
        assert_eq!((&lines[2].by.name[..], &lines[2].text), ("person 1", &long));
        assert_eq!((lines[1].by.clone(), lines[1].at), (Actor::rule(), Timestamp(i64::MAX)));
        let stored = serde_json::to_string(&timeline).unwrap();
        assert_eq!(serde_json::from_str::<Timeline>(&stored).unwrap(), timeline);
    }

    #[test]
    fn the_middle_makes_room() {
        let mut timeline = Timeline::default();
        for number in 0..LINES_MAX + 5 {
            timeline.push(Timestamp(0), &Actor::rule(), "note", number.to_string());
        }
        let lines: Vec<Line> = timeline.lines().collect();
        assert_eq!((lines.len(), timeline.omitted), (LINES_MAX, 5));
        assert_eq!((&lines[0].text[..], &lines[LINES_MAX - 1].text[..]), ("0", "304"));
    }
}

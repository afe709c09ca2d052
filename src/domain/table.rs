//! Tables: ordered maps that know which of their pages have changed, so that a checkpoint writes
//! what is new and a restart loads what is live.

use std::collections::BTreeSet;
use std::marker::PhantomData;

use serde::de::DeserializeOwned;
use serde::ser::{Serialize, SerializeSeq, Serializer};

use super::shelves::Shelves;
use super::value::{RecordId, in_reach};

/// Records on one page. A page is one value in the store and should stay well under 64 KiB.
const PAGE_RECORDS: u64 = 64;

/// Names some of a table's records.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct PageName {
    /// The practice's name.
    pub practice: &'static str,
    /// The table's name within the practice.
    pub table: &'static str,
    /// The page's number within the table.
    pub number: u64,
}

/// A stored page that does not fit its table: the store was written by something else.
#[derive(Debug, thiserror::Error)]
#[error("page {number} of table {practice}/{table} does not read as records of that table")]
pub struct UnreadablePage {
    /// The practice's name.
    pub practice: String,
    /// The table's name.
    pub table: String,
    /// The page's number.
    pub number: u64,
    #[source]
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl UnreadablePage {
    /// A page of a table that does not exist.
    pub fn unknown(practice: &str, table: &str, number: u64) -> Self {
        Self { practice: practice.to_owned(), table: table.to_owned(), number, source: None }
    }
}

/// An ordered map from record id to record.
///
/// Ids are given out in a row, so the records of a page stand side by side: half the memory of a
/// tree of single records, and one step to each.
#[derive(Debug, Clone)]
pub struct Table<K, V> {
    shelves: Shelves<Shelf<V>>,
    records: usize,
    /// The highest number ever given out, so that none is given twice.
    last: u64,
    changed: BTreeSet<u64>,
    /// The page that was last put there: changes come in crowds.
    changed_last: Option<u64>,
    id: PhantomData<K>,
}

/// The records of one page, each at its place.
#[derive(Debug, Clone)]
struct Shelf<V> {
    places: Vec<Option<V>>,
    used: usize,
}

impl<V> Default for Shelf<V> {
    fn default() -> Self {
        Self { places: Vec::new(), used: 0 }
    }
}

impl<K: RecordId, V> Default for Table<K, V> {
    fn default() -> Self {
        Self {
            shelves: Shelves::default(),
            records: 0,
            last: 0,
            changed: BTreeSet::new(),
            changed_last: None,
            id: PhantomData,
        }
    }
}

impl<K: RecordId, V: PartialEq> PartialEq for Table<K, V> {
    fn eq(&self, other: &Self) -> bool {
        self.last == other.last && self.iter().eq(other.iter())
    }
}

impl<K: RecordId, V> Table<K, V> {
    /// The id that the next new record gets.
    pub fn next_id(&self) -> K {
        K::from_number(self.last + 1)
    }

    /// Looks a record up.
    pub fn get(&self, id: K) -> Option<&V> {
        let (page, place) = place(id.number());
        self.shelves.get(page)?.places.get(place)?.as_ref()
    }

    /// Looks up a record that a fact or an index of ours names.
    ///
    /// # Panics
    /// When there is none, which is our own bug.
    pub fn expect(&self, id: K) -> &V {
        self.get(id).unwrap_or_else(|| panic!("{id} is named and must exist"))
    }

    /// Changes a record that a fact names.
    ///
    /// # Panics
    /// When there is none, which is our own bug.
    pub(crate) fn expect_mut(&mut self, id: K) -> &mut V {
        self.mark_changed(place(id.number()).0);
        self.soften_mut(id)
    }

    /// Changes a record without marking its page: for soft state, which need not survive.
    pub(crate) fn soften_mut(&mut self, id: K) -> &mut V {
        let (page, place) = place(id.number());
        let shelf = self.shelves.get_mut(page);
        shelf
            .and_then(|shelf| shelf.places.get_mut(place)?.as_mut())
            .unwrap_or_else(|| panic!("{id} is named and must exist"))
    }

    pub(crate) fn insert(&mut self, id: K, record: V) {
        self.mark_changed(place(id.number()).0);
        self.put(id.number(), record);
    }

    fn put(&mut self, number: u64, record: V) {
        self.last = self.last.max(number);
        let (page, place) = place(number);
        let shelf = self.shelves.get_or_insert_with(page, Shelf::default);
        if shelf.places.len() <= place {
            shelf.places.resize_with(place + 1, || None);
        }
        if shelf.places[place].replace(record).is_none() {
            shelf.used += 1;
            self.records += 1;
        }
    }

    pub(crate) fn remove(&mut self, id: K) -> Option<V> {
        let (page, place) = place(id.number());
        let shelf = self.shelves.get_mut(page)?;
        let record = shelf.places.get_mut(place)?.take()?;
        shelf.used -= 1;
        if shelf.used == 0 {
            self.shelves.remove(page);
        }
        self.records -= 1;
        self.mark_changed(page);
        Some(record)
    }

    fn mark_changed(&mut self, page: u64) {
        if self.changed_last.replace(page) != Some(page) {
            self.changed.insert(page);
        }
    }

    /// All records, lowest id first.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (K, &V)> {
        self.from(K::from_number(0))
    }

    /// Records from an id on, lowest first.
    pub fn from(&self, id: K) -> impl DoubleEndedIterator<Item = (K, &V)> {
        let first = id.number();
        self.shelves
            .from(place(first).0)
            .flat_map(|(page, shelf)| shelf.records(page))
            .filter(move |(number, _)| *number >= first)
            .map(|(number, record)| (K::from_number(number), record))
    }

    /// How many records there are.
    pub fn len(&self) -> usize {
        self.records
    }

    /// Tells whether there is no record.
    pub fn is_empty(&self) -> bool {
        self.records == 0
    }
}

impl<V> Shelf<V> {
    fn records(&self, page: u64) -> impl DoubleEndedIterator<Item = (u64, &V)> {
        let first = page * PAGE_RECORDS;
        let numbered = self.places.iter().enumerate();
        numbered.filter_map(move |(place, record)| Some((first + place as u64, record.as_ref()?)))
    }
}

/// On which page a record stands, and where on it.
fn place(number: u64) -> (u64, usize) {
    let place = usize::try_from(number % PAGE_RECORDS).expect("a page has few records");
    (number / PAGE_RECORDS, place)
}

impl<K: RecordId, V> Table<K, V> {
    /// Takes the numbers of the pages that changed since the last call. Page 0 always goes along,
    /// because it carries the counter.
    pub(crate) fn take_changed(&mut self) -> BTreeSet<u64> {
        self.changed_last = None;
        let mut changed = std::mem::take(&mut self.changed);
        if !changed.is_empty() {
            changed.insert(0);
        }
        changed
    }

    /// A page as it is stored, each record rendered by `write`; nothing if no record is left on it.
    /// `MessagePack` takes a fraction of the time that JSON takes.
    pub(crate) fn page<W: Serialize>(
        &self,
        number: u64,
        write: impl Fn(&V) -> W,
    ) -> Option<Vec<u8>> {
        let shelf = self.shelves.get(number);
        let last = (number == 0).then_some(self.last);
        if shelf.is_none() && number > 0 {
            return None;
        }
        let mut bytes = Vec::with_capacity(PAGE_BYTES_USUAL);
        let mut pen = rmp_serde::Serializer::new(&mut bytes).with_struct_map();
        (last, Rows { shelf, page: number, write }).serialize(&mut pen).expect("records are plain");
        Some(bytes)
    }

    /// Puts a stored page back; `read` undoes what `write` did. Pages of archives are JSON.
    pub(crate) fn load_page<R: DeserializeOwned>(
        &mut self,
        (practice, table): (&str, &str),
        number: u64,
        records: &[u8],
        mut read: impl FnMut(R) -> V,
    ) -> Result<(), UnreadablePage> {
        let unreadable = |source| UnreadablePage {
            practice: practice.to_owned(),
            table: table.to_owned(),
            number,
            source: Some(source),
        };
        let (last, rows): (Option<u64>, Vec<(u64, R)>) = if records.starts_with(b"[") {
            serde_json::from_slice(records).map_err(|source| unreadable(source.into()))?
        } else {
            rmp_serde::from_slice(records).map_err(|source| unreadable(source.into()))?
        };
        let highest = rows.iter().map(|(id, _)| *id).chain(last).max();
        in_reach(highest.unwrap_or(0)).map_err(|source| unreadable(source.into()))?;
        self.last = self.last.max(last.unwrap_or(0));
        for (id, record) in rows {
            self.put(id, read(record));
        }
        Ok(())
    }
}

/// Room for most pages.
const PAGE_BYTES_USUAL: usize = 64 * 1024;

/// The records of a page with their numbers, each rendered when its turn comes.
struct Rows<'a, V, F> {
    shelf: Option<&'a Shelf<V>>,
    page: u64,
    write: F,
}

impl<V, W: Serialize, F: Fn(&V) -> W> Serialize for Rows<'_, V, F> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut rows = serializer.serialize_seq(Some(self.shelf.map_or(0, |shelf| shelf.used)))?;
        for (number, record) in self.shelf.into_iter().flat_map(|shelf| shelf.records(self.page)) {
            rows.serialize_element(&(number, (self.write)(record)))?;
        }
        rows.end()
    }
}

#[cfg(test)]
mod tests {
    use super::super::value::IncidentId;
    use super::*;

    const NAME: (&str, &str) = ("incident", "incidents");

    #[test]
    fn pages_that_changed_bring_back_the_same_table() {
        let mut table = Table::default();
        for number in [1, 2, 70, 200] {
            table.insert(IncidentId(number), format!("record {number}"));
        }
        let pages = table.take_changed();
        assert_eq!(pages, BTreeSet::from([0, 1, 3]));
        assert!(table.take_changed().is_empty(), "nothing changed since");

        let mut again = Table::default();
        for number in pages {
            let records = table.page(number, Clone::clone).unwrap();
            again.load_page(NAME, number, &records, |text: String| text).unwrap();
        }
        assert_eq!(again, table);
    }

    #[test]
    fn a_page_with_a_number_beyond_all_records_does_not_load() {
        let check = |page: &str| {
            let mut table: Table<IncidentId, ()> = Table::default();
            let error = table.load_page(NAME, 0, page.as_bytes(), |()| ()).unwrap_err();
            let why = std::error::Error::source(&error).unwrap().to_string();
            assert!(why.contains("1099511627776 is beyond"), "{page}: {why}");
            assert_eq!((table.len(), table.next_id()), (0, IncidentId(1)), "{page}");
        };
        check("[1099511627776,[]]");
        check("[7,[[1,null],[1099511627776,null]]]");
    }

    #[test]
    fn a_number_is_never_given_twice_even_across_a_restart() {
        let mut table = Table::default();
        table.insert(IncidentId(500), ());
        table.remove(IncidentId(500));
        let mut again: Table<IncidentId, ()> = Table::default();
        for number in table.take_changed() {
            if let Some(records) = table.page(number, |()| ()) {
                again.load_page(NAME, number, &records, |()| ()).unwrap();
            }
        }
        assert_eq!(again.next_id(), IncidentId(501));
    }
}

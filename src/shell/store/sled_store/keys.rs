//! The keys of the one tree: a letter, the partition, a name, big-endian numbers.

use crate::shell::store::{IndexRow, PageKey, Partition, Seq};

/// The version of everything that [`super`] writes.
pub(super) const FORMAT: &[u8] = b"m/format";
/// The store's identity.
pub(super) const UUID: &[u8] = b"m/uuid";
/// The number of the first commit that may be in the log ahead of sled alone.
pub(super) const FLOOR: &[u8] = b"m/floor";
/// One key for every partition that was ever owned.
pub(super) const EPOCHS: &[u8] = b"m/epoch/";

const SEQ_BYTES: usize = 8;

pub(super) fn epoch(part: Partition) -> Vec<u8> {
    parted(EPOCHS, part)
}

pub(super) fn checkpoint(part: Partition) -> Vec<u8> {
    parted(b"m/checkpoint/", part)
}

/// Whether the staged pages count.
pub(super) fn staged_counts(part: Partition) -> Vec<u8> {
    parted(b"m/staged/", part)
}

pub(super) fn trimmed(part: Partition) -> Vec<u8> {
    parted(b"m/trimmed/", part)
}

/// The partition that an epoch's key speaks of.
pub(super) fn epoch_partition(key: &[u8]) -> Option<Partition> {
    let part = key.strip_prefix(EPOCHS)?.try_into().ok()?;
    Some(Partition(u16::from_be_bytes(part)))
}

pub(super) fn journal(part: Partition) -> Vec<u8> {
    parted(b"j/", part)
}

pub(super) fn place(part: Partition, seq: Seq) -> Vec<u8> {
    let mut key = journal(part);
    key.extend_from_slice(&seq.0.to_be_bytes());
    key
}

pub(super) fn read_place(part: Partition, key: &[u8]) -> Option<Seq> {
    let seq = key.strip_prefix(journal(part).as_slice())?.try_into().ok()?;
    Some(Seq(u64::from_be_bytes(seq)))
}

/// The place that the key of one of its chunks names.
pub(super) fn chunk_place(part: Partition, key: &[u8]) -> Option<Seq> {
    let (base, _) = key.split_last_chunk::<2>()?;
    read_place(part, base)
}

pub(super) fn pages(part: Partition) -> Vec<u8> {
    parted(b"p/", part)
}

pub(super) fn staged(part: Partition) -> Vec<u8> {
    parted(b"s/", part)
}

pub(super) fn staged_page(part: Partition, page: &PageKey) -> Vec<u8> {
    let mut key = staged(part);
    for name in [&page.practice, &page.table] {
        key.extend_from_slice(name.as_bytes());
        key.push(b'/');
    }
    key.extend_from_slice(&page.number.to_be_bytes());
    key
}

/// The key of the page whose place a staged one takes.
pub(super) fn page_of_staged(key: &[u8]) -> Vec<u8> {
    let mut key = key.to_vec();
    if let Some(letter) = key.first_mut() {
        *letter = b'p';
    }
    key
}

pub(super) fn read_page(part: Partition, key: &[u8]) -> Option<PageKey> {
    let (names, number) = key.strip_prefix(pages(part).as_slice())?.split_last_chunk()?;
    let (practice, table) = str::from_utf8(names).ok()?.strip_suffix('/')?.split_once('/')?;
    let key = PageKey {
        practice: practice.to_owned(),
        table: table.to_owned(),
        number: u64::from_be_bytes(*number),
    };
    key.check().is_ok().then_some(key)
}

pub(super) fn index(part: Partition) -> Vec<u8> {
    parted(b"x/", part)
}

/// What the keys of a record's rows begin with. A record's name has no `/`.
pub(super) fn record(part: Partition, record: &IndexRow) -> Vec<u8> {
    let mut key = index(part);
    key.extend_from_slice(record.0.as_bytes());
    key.push(b'/');
    key
}

pub(super) fn row(part: Partition, row: &IndexRow, seq: Seq) -> Vec<u8> {
    let mut key = record(part, row);
    key.extend_from_slice(&seq.0.to_be_bytes());
    key
}

pub(super) fn read_row(part: Partition, key: &[u8]) -> Option<(IndexRow, Seq)> {
    let (record, seq) =
        key.strip_prefix(index(part).as_slice())?.split_last_chunk::<SEQ_BYTES>()?;
    let record = str::from_utf8(record).ok()?.strip_suffix('/')?;
    Some((IndexRow(record.to_owned()), Seq(u64::from_be_bytes(*seq))))
}

fn parted(prefix: &[u8], part: Partition) -> Vec<u8> {
    [prefix, &part.0.to_be_bytes()].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PART: Partition = Partition(3);

    #[test]
    fn places_sort_as_numbers() {
        let places = [0, 1, 255, 256, u64::MAX].map(|seq| place(PART, Seq(seq)));
        assert!(places.is_sorted());
        assert!(place(Partition(4), Seq(0)) > place(PART, Seq(u64::MAX)));
    }

    #[test]
    fn keys_are_read_back() {
        let key =
            PageKey { practice: "incident".into(), table: "open".into(), number: 0x2f2f_2f2f };
        assert_eq!(read_page(PART, &page_of_staged(&staged_page(PART, &key))), Some(key));
        // 0x2f is the separator itself.
        let seq = Seq(0x2f2f_2f2f_2f2f_2f2f);
        let name = IndexRow("INC-1".into());
        assert_eq!(read_row(PART, &row(PART, &name, seq)), Some((name, seq)));
        assert_eq!(read_place(PART, &place(PART, seq)), Some(seq));
        assert_eq!(epoch_partition(&epoch(PART)), Some(PART));
    }

    #[test]
    fn foreign_keys_are_not_taken_for_ours() {
        let check = |key: &[u8]| assert_eq!(read_page(PART, key), None);
        check(b"p/\x00\x03");
        check(b"p/\x00\x03no-slash\x00\x00\x00\x00\x00\x00\x00\x01");
        check(b"p/\x00\x03a/b/c/\x00\x00\x00\x00\x00\x00\x00\x01");
        check(b"p/\x00\x03/b/\x00\x00\x00\x00\x00\x00\x00\x01");
        check(b"p/\x00\x03\xff/b/\x00\x00\x00\x00\x00\x00\x00\x01");
        check(b"p/\x00\x04a/b/\x00\x00\x00\x00\x00\x00\x00\x01");
    }
}

//! What fsck finds.

use incidentd::shell::store::codec::Payload;
use incidentd::shell::store::fsck::fsck;
use incidentd::shell::store::memory::MemoryStore;
use incidentd::shell::store::{Seq, Store, codec};

use crate::fixture::{PART, open, page, put, rows};

fn sound(store: &mut dyn Store) {
    let epoch = store.acquire(PART).unwrap().epoch;
    let group: Vec<_> = (0..5).map(|n: u8| codec::encode(n, b"{}")).collect();
    put(store, PART, epoch, Seq(0), &group, &rows(&["INC-1", "INC-2"])).unwrap();
    store
        .checkpoint(
            PART,
            epoch,
            Seq(3),
            &mut [page("open", 1, Some(&codec::encode(1, b"[]")))].into_iter(),
        )
        .unwrap();
    store.trim(PART, Seq(1)).unwrap();
}

fn problems(store: &dyn Store) -> Vec<String> {
    let report = fsck(store, PART, &mut |_, _| Ok(())).unwrap();
    assert_eq!(report.is_clean(), report.problems.is_empty());
    report.problems.iter().map(ToString::to_string).collect()
}

#[test]
fn a_sound_store_is_clean_and_counted() {
    let mut store = MemoryStore::blank();
    sound(&mut store);
    let mut seen = Vec::new();
    let report = fsck(&store, PART, &mut |seq, payload| {
        seen.push((seq.0, payload.schema, payload.bytes.clone()));
        Ok(())
    })
    .unwrap();
    assert!(report.is_clean());
    assert_eq!((report.values, report.pages, report.rows), (4, 1, 8));
    assert_eq!(seen[0], (2, 1, b"{}".to_vec()));
}

#[test]
fn values_that_do_not_decode_are_named() {
    let mut store = MemoryStore::blank();
    sound(&mut store);
    let epoch = store.acquire(PART).unwrap().epoch;
    put(&mut store, PART, epoch, Seq(5), &[b"\x07\x01".to_vec()], &[]).unwrap();
    store.checkpoint(PART, epoch, Seq(5), &mut [page("open", 2, Some(b"!"))].into_iter()).unwrap();
    let unknown = "is unknown: the value was written by a newer release or is damaged";
    assert_eq!(
        problems(&store),
        [
            "page incident/open/2: the value has 1 bytes, which is too short for codec and schema",
            &format!("journal 6: codec 7 {unknown}"),
        ]
    );
}

#[test]
fn a_complaint_of_the_inspector_is_a_problem() {
    let mut store = MemoryStore::blank();
    sound(&mut store);
    let mut inspect = |seq: Seq, _: &Payload| {
        if seq == Seq(4) { Err("the audit chain is broken".to_owned()) } else { Ok(()) }
    };
    let report = fsck(&store, PART, &mut inspect).unwrap();
    assert_eq!(report.problems[0].to_string(), "journal 4: the audit chain is broken");
    assert_eq!(report.problem_count, 1);
}

/// Damages a store behind its back and says what fsck makes of it.
fn after(damage: impl Fn(&sled::Db)) -> Vec<String> {
    let root = tempfile::tempdir().unwrap();
    let dir = root.path().join("store");
    sound(&mut open(&dir));
    let db = sled::open(&dir).unwrap();
    // As if sled had been flushed since: the log ahead of it would heal what is damaged here.
    db.insert("m/floor", &1_000_u64.to_be_bytes()).unwrap();
    damage(&db);
    drop(db);
    problems(&open(&dir))
}

#[test]
fn a_sound_store_on_disk_is_clean() {
    assert_eq!(after(|_| ()), [""; 0]);
}

#[test]
fn a_gap_in_the_history_is_found() {
    let found = after(|db| {
        let key = b"j/\0\0\0\0\0\0\0\0\0\x02\0\0";
        db.remove(key).unwrap().unwrap();
    });
    assert_eq!(found[0], "journal: failed to read the journal: place 2 is missing");
}

#[test]
fn an_index_that_does_not_agree_is_found() {
    let found = after(|db| {
        db.remove(b"x/\0\0INC-1/\0\0\0\0\0\0\0\x03").unwrap().unwrap();
    });
    assert_eq!(found, ["index: 7 rows do not agree with the journal's 8"]);
}

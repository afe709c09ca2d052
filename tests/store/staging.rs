//! A checkpoint counts as a whole or not at all, wherever it was interrupted.

use std::path::Path;

use incidentd::shell::store::sled_store::Options;
use incidentd::shell::store::{Seq, Store};

use crate::fixture::{PART, journal, noise, open, options, page, pages, put};

/// A store with three pages, closed. The third is too large for the log ahead of sled, so that sled
/// has all there is.
fn written(dir: &Path) {
    let mut store = open(dir);
    let epoch = store.acquire(PART).unwrap().epoch;
    put(&mut store, PART, epoch, Seq(0), &[b"a".to_vec(), b"b".to_vec()], &[]).unwrap();
    let all = [(1, &b"one"[..]), (2, b"two"), (3, &noise(300_000, 3))]
        .map(|(number, value)| page("open", number, Some(value)));
    store.checkpoint(PART, epoch, Seq(1), &mut all.into_iter()).unwrap();
}

/// How many staged pages a closed store has.
fn staged(options: &Options) -> usize {
    let db = sled::open(&options.dir).unwrap();
    let count = db.scan_prefix("s/").count();
    drop(db);
    count
}

/// Stages a new value of page 1 and the end of page 2, as a kill may leave them.
fn interrupt(options: &Options, counts: u64) {
    let part = PART.0.to_be_bytes();
    let key = |number: u64| [b"s/", &part[..], b"incident/open/", &number.to_be_bytes()].concat();
    let db = sled::open(&options.dir).unwrap();
    for (number, value) in [(1, &b"\x01new"[..]), (2, b"\x00")] {
        let first = [&key(number)[..], &[0, 0]].concat();
        db.insert(first, [&[0, 1], value].concat()).unwrap();
    }
    db.insert([b"m/staged/", &part[..]].concat(), &counts.to_be_bytes()).unwrap();
}

#[test]
fn an_interrupted_checkpoint_is_ended_one_way_or_the_other() {
    let check = |counts, expected: &[(u64, &[u8])]| {
        let root = tempfile::tempdir().unwrap();
        let options = options(&root.path().join("store"));
        written(&options.dir);
        interrupt(&options, counts);
        for _ in 0..2 {
            let store = open(&options.dir);
            let found = pages(&store).1;
            let small = found.iter().filter(|(key, _)| key.number < 3);
            let small: Vec<_> = small.map(|(key, value)| (key.number, &value[..])).collect();
            assert_eq!((small, found.len()), (expected.to_vec(), expected.len() + 1));
            assert_eq!(journal(&store, 0).len(), 2);
            drop(store);
            assert_eq!(staged(&options), 0);
        }
    };
    check(0, &[(1, b"one"), (2, b"two")]);
    check(1, &[(1, b"new")]);
}

#[test]
fn a_checkpoint_of_many_pages_is_taken_in_steps() {
    let root = tempfile::tempdir().unwrap();
    let options = options(&root.path().join("store"));
    let mut store = open(&options.dir);
    let epoch = store.acquire(PART).unwrap().epoch;
    put(&mut store, PART, epoch, Seq(0), &[b"a".to_vec(), b"b".to_vec()], &[]).unwrap();
    for round in 1..3 {
        let value =
            |number| noise(if number % 2 == round % 2 { 9_000 } else { 20_000 }, number + round);
        let mut all = (0..300).map(|number| page("open", number, Some(&value(number))));
        store.checkpoint(PART, epoch, Seq(round), &mut all).unwrap();
        let found = pages(&store);
        assert_eq!((found.0, found.1.len()), (round, 300));
        assert!(found.1.iter().all(|(key, found)| *found == value(key.number)), "round {round}");
    }
    let mut none = (1..300).map(|number| page("open", number, None));
    store.checkpoint(PART, epoch, Seq(2), &mut none).unwrap();
    assert_eq!(pages(&store).1.len(), 1);
    drop(store);
    assert_eq!(staged(&options), 0);
}

#[test]
fn a_page_that_cannot_be_taken_leaves_nothing_of_the_others() {
    let root = tempfile::tempdir().unwrap();
    let options = options(&root.path().join("store"));
    written(&options.dir);
    let mut store = open(&options.dir);
    let epoch = store.acquire(PART).unwrap().epoch;
    let large = (10..90).map(|number| page("open", number, Some(&noise(20_000, number))));
    let mut bad = large.chain([page("", 1, Some(b"x"))]);
    assert!(store.checkpoint(PART, epoch, Seq(2), &mut bad).is_err());
    assert_eq!((pages(&store).0, pages(&store).1.len()), (1, 3));
    store.checkpoint(PART, epoch, Seq(2), &mut std::iter::empty()).unwrap();
    assert_eq!((pages(&store).0, pages(&store).1.len()), (2, 3));
    drop(store);
    assert_eq!(staged(&options), 0);
}

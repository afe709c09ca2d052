//! One suite that every store passes. A store is made by a function that can also open it again.

use std::ops::ControlFlow;

use incidentd::shell::store::memory::{Disk, MemoryStore};
use incidentd::shell::store::{Entry, Epoch, Lease, Partition, Position, Seq, Store, StoreError};

use crate::fixture::{PART, entries, index, journal, noise, open, page, pages, put, rows};

/// Runs a promise against a store; the promise may close and open it as often as it likes.
fn check(promise: fn(&dyn Fn() -> Box<dyn Store>)) {
    let disk = Disk::new();
    promise(&|| Box::new(MemoryStore::open(&disk)));
    let dir = tempfile::tempdir().unwrap();
    promise(&|| Box::new(open(&dir.path().join("store"))));
}

fn acquired(store: &mut dyn Store) -> Epoch {
    store.acquire(PART).unwrap().epoch
}

fn values(texts: &[&str]) -> Vec<Vec<u8>> {
    texts.iter().map(|text| text.as_bytes().to_vec()).collect()
}

fn is_fenced<T>(result: &Result<T, StoreError>) -> bool {
    matches!(result, Err(StoreError::Fenced { .. }))
}

#[test]
fn a_new_store_is_empty() {
    check(|make| {
        let mut store = make();
        assert_eq!(store.position(PART).unwrap(), Position::default());
        assert_eq!((journal(&*store, 0), pages(&*store)), (vec![], (0, vec![])));
        assert_eq!(store.acquire(PART).unwrap(), Lease { epoch: Epoch(1), last: Seq(0) });
    });
}

#[test]
fn groups_are_kept_in_order_and_found_again_after_a_restart() {
    check(|make| {
        let mut store = make();
        let epoch = acquired(&mut *store);
        let mut last = Seq(0);
        for n in 0..300_u64 {
            let group: Vec<_> = (0..n % 4).map(|m| format!("{n}/{m}").into_bytes()).collect();
            last = put(&mut *store, PART, epoch, last, &group, &[]).unwrap();
        }
        let before = journal(&*store, 0);
        assert_eq!(before.len() as u64, last.0);
        assert!(before.iter().map(|(seq, _)| *seq).eq(1..=last.0));
        assert_eq!(before[2].1, b"2/1");
        drop(store);
        let mut store = make();
        assert_eq!(journal(&*store, 0), before);
        assert_eq!(journal(&*store, 400), before[400..]);
        assert_eq!(store.acquire(PART).unwrap(), Lease { epoch: Epoch(2), last });
    });
}

#[test]
fn a_visitor_can_stop() {
    check(|make| {
        let mut store = make();
        let epoch = acquired(&mut *store);
        put(&mut *store, PART, epoch, Seq(0), &values(&["a", "b", "c"]), &rows(&["INC-1"]))
            .unwrap();
        let all = [page("open", 1, Some(b"x")), page("open", 2, Some(b"y"))];
        store.checkpoint(PART, epoch, Seq(3), &mut all.into_iter()).unwrap();
        let mut seen = 0;
        let mut once = || {
            seen += 1;
            ControlFlow::Break(())
        };
        store.journal(PART, Seq(0), &mut |_, _| once()).unwrap();
        store.entries(PART, Seq(0), &mut |_, _| once()).unwrap();
        store.pages(PART, &mut |_, _| once()).unwrap();
        store.index(PART, &mut |_, _| once()).unwrap();
        assert_eq!(seen, 4);
    });
}

#[test]
fn a_writer_with_an_old_epoch_is_fenced() {
    check(|make| {
        let mut store = make();
        let old = acquired(&mut *store);
        put(&mut *store, PART, old, Seq(0), &values(&["a"]), &[]).unwrap();
        let new = acquired(&mut *store);
        assert!(is_fenced(&put(&mut *store, PART, old, Seq(1), &values(&["b"]), &[])));
        assert!(is_fenced(&store.checkpoint(PART, old, Seq(1), &mut std::iter::empty())));
        assert!(is_fenced(&store.append(PART, old, Seq(1), &[])));
        put(&mut *store, PART, new, Seq(1), &values(&["c"]), &[]).unwrap();
        assert_eq!(journal(&*store, 0), [(1, b"a".to_vec()), (2, b"c".to_vec())]);
    });
}

#[test]
fn a_writer_that_expects_another_place_is_fenced() {
    check(|make| {
        let mut store = make();
        let epoch = acquired(&mut *store);
        put(&mut *store, PART, epoch, Seq(0), &values(&["a"]), &[]).unwrap();
        for expect in [0, 2, u64::MAX] {
            assert!(is_fenced(&put(&mut *store, PART, epoch, Seq(expect), &values(&["b"]), &[])));
        }
        assert_eq!(store.position(PART).unwrap().last, Seq(1));
    });
}

#[test]
fn nobody_writes_before_the_partition_is_taken() {
    check(|make| {
        let mut store = make();
        assert!(is_fenced(&put(&mut *store, PART, Epoch(0), Seq(0), &values(&["a"]), &[])));
        assert!(is_fenced(&put(&mut *store, PART, Epoch(1), Seq(0), &values(&["a"]), &[])));
    });
}

#[test]
fn partitions_do_not_see_each_other() {
    check(|make| {
        let mut store = make();
        let other = Partition(1);
        let epoch = acquired(&mut *store);
        put(&mut *store, PART, epoch, Seq(0), &values(&["a"]), &rows(&["INC-1"])).unwrap();
        let there = store.acquire(other).unwrap();
        assert_eq!(there, Lease { epoch: Epoch(1), last: Seq(0) });
        put(&mut *store, other, there.epoch, Seq(0), &values(&["b", "c"]), &rows(&["INC-1"]))
            .unwrap();
        store
            .checkpoint(other, there.epoch, Seq(2), &mut [page("open", 1, Some(b"x"))].into_iter())
            .unwrap();
        assert_eq!(journal(&*store, 0), [(1, b"a".to_vec())]);
        assert_eq!(pages(&*store), (0, vec![]));
        assert_eq!(store.mentions(PART, &rows(&["INC-1"])[0]).unwrap(), [Seq(1)]);
        drop(store);
        let store = make();
        assert_eq!(store.position(PART).unwrap().last, Seq(1));
        assert_eq!(store.position(other).unwrap().last, Seq(2));
    });
}

#[test]
fn a_group_with_a_bad_value_leaves_nothing_behind() {
    check(|make| {
        let mut store = make();
        let epoch = acquired(&mut *store);
        let bad = rows(&["INC-1", "no/slash"]);
        let refused = put(&mut *store, PART, epoch, Seq(0), &values(&["a"]), &bad).unwrap_err();
        assert_eq!(refused.to_string(), "failed to append to the journal");
        let nameless = page("", 1, Some(b"x"));
        let good = page("open", 1, Some(b"x"));
        assert!(store.checkpoint(PART, epoch, Seq(0), &mut [good, nameless].into_iter()).is_err());
        assert_eq!((journal(&*store, 0), pages(&*store)), (vec![], (0, vec![])));
        put(&mut *store, PART, epoch, Seq(0), &values(&["a"]), &[]).unwrap();
    });
}

#[test]
fn a_checkpoint_and_the_journal_after_it_make_a_restart() {
    check(|make| {
        let mut store = make();
        let epoch = acquired(&mut *store);
        put(&mut *store, PART, epoch, Seq(0), &values(&["a", "b", "c"]), &[]).unwrap();
        let first = [page("open", 1, Some(b"one")), page("open", 2, Some(b"two"))];
        store.checkpoint(PART, epoch, Seq(2), &mut first.into_iter()).unwrap();
        put(&mut *store, PART, epoch, Seq(3), &values(&["d"]), &[]).unwrap();
        let second =
            [page("open", 2, None), page("open", 3, Some(b"three")), page("gone", 9, None)];
        store.checkpoint(PART, epoch, Seq(3), &mut second.into_iter()).unwrap();
        drop(store);
        let store = make();
        let (upto, found) = pages(&*store);
        let numbers: Vec<_> = found.iter().map(|(key, _)| key.number).collect();
        assert_eq!((upto, numbers), (3, vec![1, 3]));
        assert_eq!(journal(&*store, upto), [(4, b"d".to_vec())]);
    });
}

#[test]
fn a_checkpoint_is_neither_before_the_last_one_nor_after_the_journal() {
    check(|make| {
        let mut store = make();
        let epoch = acquired(&mut *store);
        put(&mut *store, PART, epoch, Seq(0), &values(&["a", "b", "c"]), &[]).unwrap();
        store.checkpoint(PART, epoch, Seq(2), &mut std::iter::empty()).unwrap();
        for upto in [1, 4] {
            let refused = store.checkpoint(PART, epoch, Seq(upto), &mut std::iter::empty());
            assert!(matches!(refused, Err(StoreError::Engine { .. })));
        }
        store.checkpoint(PART, epoch, Seq(2), &mut std::iter::empty()).unwrap();
        store.checkpoint(PART, epoch, Seq(3), &mut std::iter::empty()).unwrap();
    });
}

#[test]
fn large_values_come_back_whole_at_every_size() {
    check(|make| {
        let mut store = make();
        let epoch = acquired(&mut *store);
        let sizes = [0, 1, 4091, 4092, 4093, 4094, 4095, 4096, 8187, 8188, 8189, 65_536, 200_000];
        let group: Vec<_> = sizes.into_iter().zip(1..).map(|(len, n)| noise(len, n)).collect();
        let last = put(&mut *store, PART, epoch, Seq(0), &group, &[]).unwrap();
        let full: Vec<_> =
            group.iter().zip(0..).map(|(value, n)| page("open", n, Some(value))).collect();
        store.checkpoint(PART, epoch, last, &mut full.into_iter()).unwrap();
        drop(store);
        let mut store = make();
        let found: Vec<_> = journal(&*store, 0).into_iter().map(|(_, value)| value).collect();
        assert_eq!(found, group);
        let found: Vec<_> = pages(&*store).1.into_iter().map(|(_, value)| value).collect();
        assert_eq!(found, group);
        let epoch = acquired(&mut *store);
        let small: Vec<_> = (0..13).map(|n| page("open", n, Some(b"small"))).collect();
        store.checkpoint(PART, epoch, last, &mut small.into_iter()).unwrap();
        assert!(pages(&*store).1.iter().all(|(_, value)| value == b"small"));
        let none: Vec<_> = (0..13).map(|n| page("open", n, None)).collect();
        store.checkpoint(PART, epoch, last, &mut none.into_iter()).unwrap();
        assert_eq!(pages(&*store).1, []);
    });
}

#[test]
fn a_page_that_is_named_twice_has_its_last_value() {
    check(|make| {
        let mut store = make();
        let epoch = acquired(&mut *store);
        let twice = [page("open", 1, Some(&noise(20_000, 1))), page("open", 1, Some(b"last"))];
        store.checkpoint(PART, epoch, Seq(0), &mut twice.into_iter()).unwrap();
        assert_eq!(pages(&*store).1[0].1, b"last");
    });
}

#[test]
fn mentions_name_every_place_that_speaks_of_a_record() {
    check(|make| {
        let mut store = make();
        let epoch = acquired(&mut *store);
        let mut last = Seq(0);
        let groups: [(&[&str], &[&str]); 4] = [
            (&["a"], &["INC-1", "INC-2"]),
            (&["b", "c"], &["INC-1"]),
            (&["d"], &["INC-10"]),
            (&["e"], &["INC-1"]),
        ];
        for (texts, names) in groups {
            last = put(&mut *store, PART, epoch, last, &values(texts), &rows(names)).unwrap();
        }
        drop(store);
        let store = make();
        let mentions = |name| store.mentions(PART, &rows(&[name])[0]).unwrap();
        assert_eq!(mentions("INC-1"), [Seq(1), Seq(2), Seq(3), Seq(5)]);
        assert_eq!(mentions("INC-10"), [Seq(4)]);
        assert_eq!(mentions("INC"), []);
        let expected = [("INC-1", 1), ("INC-1", 2), ("INC-1", 3), ("INC-1", 5), ("INC-10", 4)];
        let found = index(&*store);
        let found: Vec<_> = found.iter().map(|(name, seq)| (name.as_str(), *seq)).collect();
        assert_eq!(found[..5], expected);
        assert_eq!(entries(&*store)[0].1.index, rows(&["INC-1", "INC-2"]));
    });
}

#[test]
fn trim_stops_at_the_checkpoint_and_takes_the_index_along() {
    check(|make| {
        let mut store = make();
        let epoch = acquired(&mut *store);
        let mut last = Seq(0);
        for n in 0..1200_u64 {
            let name = format!("INC-{}", n % 3);
            last = put(&mut *store, PART, epoch, last, &values(&["v"]), &rows(&[&name])).unwrap();
        }
        store.trim(PART, Seq(1200)).unwrap();
        assert_eq!(journal(&*store, 0).len(), 1200);
        store
            .checkpoint(PART, epoch, Seq(1198), &mut [page("open", 1, Some(b"x"))].into_iter())
            .unwrap();
        store.trim(PART, Seq(3)).unwrap();
        assert_eq!(journal(&*store, 0)[0].0, 4);
        store.trim(PART, Seq(u64::MAX)).unwrap();
        let check = |store: &dyn Store| {
            let position = Position { epoch, trimmed: Seq(1198), checkpoint: Seq(1198), last };
            assert_eq!(store.position(PART).unwrap(), position);
            assert!(journal(store, 0).iter().map(|(seq, _)| *seq).eq(1199..=1200));
            assert_eq!(index(store), [("INC-1".to_owned(), 1199), ("INC-2".to_owned(), 1200)]);
            assert_eq!(pages(store).1.len(), 1);
        };
        check(&*store);
        drop(store);
        check(&*make());
    });
}

#[test]
fn a_journal_that_was_trimmed_to_its_end_goes_on_counting() {
    check(|make| {
        let mut store = make();
        let epoch = acquired(&mut *store);
        put(&mut *store, PART, epoch, Seq(0), &values(&["a", "b"]), &[]).unwrap();
        store.checkpoint(PART, epoch, Seq(2), &mut std::iter::empty()).unwrap();
        store.trim(PART, Seq(2)).unwrap();
        drop(store);
        let mut store = make();
        let Lease { epoch, last } = store.acquire(PART).unwrap();
        assert_eq!(last, Seq(2));
        assert_eq!(put(&mut *store, PART, epoch, last, &values(&["c"]), &[]).unwrap(), Seq(3));
        assert_eq!(journal(&*store, 0), [(3, b"c".to_vec())]);
    });
}

#[test]
fn an_empty_partition_can_be_loaded_from_any_place() {
    check(|make| {
        let mut store = make();
        let epoch = acquired(&mut *store);
        let entry = |text: &str, names: &[&str]| Entry { value: text.into(), index: rows(names) };
        let first = [entry("a", &["INC-1"]), entry("b", &["INC-2"])];
        assert_eq!(store.append(PART, epoch, Seq(40), &first).unwrap(), Seq(42));
        assert!(is_fenced(&store.append(PART, epoch, Seq(40), &first)));
        assert_eq!(store.append(PART, epoch, Seq(42), &[entry("c", &[])]).unwrap(), Seq(43));
        store.checkpoint(PART, epoch, Seq(41), &mut std::iter::empty()).unwrap();
        drop(store);
        let store = make();
        let found = entries(&*store);
        assert_eq!(found[..2], [(41, first[0].clone()), (42, first[1].clone())]);
        assert_eq!(store.position(PART).unwrap().trimmed, Seq(40));
    });
}

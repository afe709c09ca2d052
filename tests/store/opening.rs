//! What a start does with a directory that a crash, a person or a bad disk has left behind.

use std::fs;
use std::path::{Path, PathBuf};

use incidentd::shell::store::sled_store::{self, OpenError, Opened, Options, Recovered};
use incidentd::shell::store::{Lease, Seq, Store, archive, codec};

use crate::fixture::{PART, journal, noise, open, options, page, put, rows};

/// Writes a store of 200 places with a checkpoint at 150 and, when wanted, an export of it that 100
/// more places come after.
fn written(dir: &Path, exports: Option<&Path>) {
    let mut store = open(dir);
    let epoch = store.acquire(PART).unwrap().epoch;
    let group: Vec<_> = (0..200).map(|n| codec::encode(1, &noise(3000, n))).collect();
    let last = put(&mut store, PART, epoch, Seq(0), &group, &rows(&["INC-1"])).unwrap();
    let page = page("open", 1, Some(&codec::encode(1, b"{}")));
    store.checkpoint(PART, epoch, Seq(150), &mut [page].into_iter()).unwrap();
    if let Some(exports) = exports {
        archive::export_file(&store, PART, exports, "2026-01-02", &mut |_, _| {}).unwrap();
        put(&mut store, PART, epoch, last, &group[..100], &[]).unwrap();
    }
}

/// Damages every file but `conf`, without which sled does not look at the others.
fn damage(dir: &Path) {
    for file in fs::read_dir(dir).unwrap() {
        let path = file.unwrap().path();
        if path.is_file() && !path.ends_with("conf") {
            let mut bytes = fs::read(&path).unwrap();
            for byte in &mut bytes {
                *byte ^= 0x55;
            }
            fs::write(&path, bytes).unwrap();
        }
    }
}

fn corrupt(options: &Options) -> PathBuf {
    let mut path = options.dir.clone().into_os_string();
    path.push(".corrupt-");
    path.push(&options.stamp);
    path.into()
}

#[test]
fn a_half_written_snapshot_does_not_keep_the_store_from_opening() {
    let root = tempfile::tempdir().unwrap();
    let dir = root.path().join("store");
    written(&dir, None);
    let bogus = dir.join("snap.00000000FFFFFFFF.generating");
    fs::write(&bogus, [0; 40]).unwrap();
    let store = open(&dir);
    assert_eq!(journal(&store, 0).len(), 200);
    assert!(!bogus.exists());
}

#[test]
fn a_half_written_snapshot_is_what_sled_itself_stumbles_over() {
    let root = tempfile::tempdir().unwrap();
    let dir = root.path().join("store");
    written(&dir, None);
    let mut opened = 0;
    for _ in 0..100_000 {
        // Threads of the store that was just closed may still hold its lock, or tidy up, for a moment.
        fs::write(dir.join("snap.00000000FFFFFFFF.generating"), [0; 40]).unwrap();
        match sled::Config::new().path(&dir).open() {
            Err(sled::Error::Corruption { .. }) => return,
            Err(sled::Error::Io(_)) => std::thread::yield_now(),
            other => {
                opened += 1;
                assert!(opened < 10, "the guard is not needed: {other:?}");
            }
        }
    }
    panic!("the store stays locked");
}

#[test]
fn a_corrupt_store_is_moved_aside_and_begins_empty_without_an_export() {
    let root = tempfile::tempdir().unwrap();
    let options = options(&root.path().join("store"));
    written(&options.dir, None);
    damage(&options.dir);
    let Opened { store, recovered } = sled_store::open(&options).unwrap();
    let Recovered { moved_to, restored_from, passed_over } = recovered.unwrap();
    assert_eq!((&moved_to, restored_from), (&corrupt(&options), None));
    assert!(passed_over.is_empty());
    assert!(moved_to.join("db").exists());
    assert_eq!(store.position(PART).unwrap().last, Seq(0));
}

#[test]
fn a_corrupt_store_is_replaced_by_its_newest_readable_export() {
    let root = tempfile::tempdir().unwrap();
    let exports = root.path().join("exports");
    let options = Options { exports: Some(exports.clone()), ..options(&root.path().join("store")) };
    written(&options.dir, Some(&exports));
    let newer = exports.join("export-00000000000000000300.jsonl.zst");
    fs::write(&newer, b"not an archive").unwrap();
    damage(&options.dir);
    let Opened { store, recovered } = sled_store::open(&options).unwrap();
    let Recovered { restored_from, passed_over, .. } = recovered.unwrap();
    assert_eq!(restored_from, Some(exports.join("export-00000000000000000200.jsonl.zst")));
    assert_eq!(passed_over[0].0, newer);
    assert_eq!(journal(&store, 0).len(), 200);
    drop(store);
    assert_eq!(journal(&open(&options.dir), 0).len(), 200);
}

#[test]
fn damage_in_what_a_restart_reads_is_found_by_opening() {
    let root = tempfile::tempdir().unwrap();
    let options = options(&root.path().join("store"));
    written(&options.dir, None);
    // sled takes damage after its newest snapshot, which it writes at a start, for the end of its log.
    drop(open(&options.dir));
    let db = options.dir.join("db");
    let mut bytes = fs::read(&db).unwrap();
    let needle = &noise(3000, 199)[1000..1020];
    let copies: Vec<_> =
        (0..bytes.len() - 20).filter(|at| bytes[*at..].starts_with(needle)).collect();
    assert!(!copies.is_empty());
    for at in copies {
        bytes[at] ^= 1;
    }
    fs::write(&db, bytes).unwrap();
    let Opened { recovered, .. } = sled_store::open(&options).unwrap();
    assert_eq!(recovered.unwrap().moved_to, corrupt(&options));
}

#[test]
fn a_store_whose_content_is_gone_is_not_taken_for_a_new_one() {
    let root = tempfile::tempdir().unwrap();
    let options = options(&root.path().join("store"));
    written(&options.dir, None);
    fs::remove_file(options.dir.join("db")).unwrap();
    for file in fs::read_dir(&options.dir).unwrap() {
        let path = file.unwrap().path();
        if path.file_name().unwrap().to_string_lossy().starts_with("snap.") {
            fs::remove_file(path).unwrap();
        }
    }
    assert!(sled_store::open(&options).unwrap().recovered.is_some());
}

#[test]
fn a_store_whose_damage_shows_late_can_be_replaced_too() {
    let root = tempfile::tempdir().unwrap();
    let options = options(&root.path().join("store"));
    written(&options.dir, None);
    let Opened { recovered, .. } = sled_store::recover(&options).unwrap();
    assert_eq!(recovered.unwrap().moved_to, corrupt(&options));
    let Opened { recovered, .. } = sled_store::recover(&options).unwrap();
    let mut second = corrupt(&options).into_os_string();
    second.push("-2");
    assert_eq!(recovered.unwrap().moved_to, second);
}

#[test]
fn a_replacement_that_was_interrupted_is_finished_by_the_next_start() {
    let root = tempfile::tempdir().unwrap();
    let options = options(&root.path().join("store"));
    written(&root.path().join("store.restored"), None);
    fs::create_dir(corrupt(&options)).unwrap();
    fs::create_dir(root.path().join("store.incoming")).unwrap();
    let Opened { store, recovered } = sled_store::open(&options).unwrap();
    assert_eq!(recovered.unwrap().moved_to, corrupt(&options));
    assert_eq!(journal(&store, 0).len(), 200);
    assert!(!root.path().join("store.incoming").exists());
}

#[test]
fn a_store_in_use_is_not_opened_twice() {
    let root = tempfile::tempdir().unwrap();
    let options = Options { wait: |_| (), ..options(&root.path().join("store")) };
    let first = open(&options.dir);
    let refused = sled_store::open(&options).unwrap_err();
    assert!(matches!(refused, OpenError::Locked { .. }));
    drop(first);
    open(&options.dir);
}

#[test]
fn a_store_of_a_newer_release_is_left_alone() {
    let root = tempfile::tempdir().unwrap();
    let options = options(&root.path().join("store"));
    drop(open(&options.dir));
    let db = sled::open(&options.dir).unwrap();
    db.insert("m/format", &7_u32.to_be_bytes()).unwrap();
    drop(db);
    let refused = sled_store::open(&options).unwrap_err();
    assert!(matches!(refused, OpenError::Newer { found: 7, .. }), "{refused}");
    assert!(!corrupt(&options).exists());
}

#[test]
fn a_store_of_an_older_release_is_read_and_gets_a_log() {
    let root = tempfile::tempdir().unwrap();
    let options = options(&root.path().join("store"));
    written(&options.dir, None);
    let db = sled::open(&options.dir).unwrap();
    db.insert("m/format", &1_u32.to_be_bytes()).unwrap();
    db.remove("m/floor").unwrap();
    drop(db);
    fs::remove_file(options.dir.join("ahead")).unwrap();
    for _ in 0..2 {
        assert_eq!(journal(&open(&options.dir), 0).len(), 200);
        assert!(options.dir.join("ahead").exists());
    }
}

#[test]
fn a_store_whose_log_is_gone_or_damaged_is_moved_aside() {
    let check = |harm: fn(&Path), expected: bool| {
        let root = tempfile::tempdir().unwrap();
        let options = options(&root.path().join("store"));
        let mut store = open(&options.dir);
        let Lease { epoch, mut last } = store.acquire(PART).unwrap();
        for n in 0..3 {
            last = put(&mut store, PART, epoch, last, &[noise(500, n)], &[]).unwrap();
        }
        drop(store);
        harm(&options.dir.join("ahead"));
        assert_eq!(sled_store::open(&options).unwrap().recovered.is_some(), expected);
    };
    check(|_| (), false);
    check(|log| fs::remove_file(log).unwrap(), true);
    check(
        |log| {
            let mut bytes = fs::read(log).unwrap();
            bytes[40] ^= 1;
            fs::write(log, bytes).unwrap();
        },
        true,
    );
}

#[test]
fn a_store_keeps_the_identity_it_was_made_with() {
    let root = tempfile::tempdir().unwrap();
    let first = options(&root.path().join("store"));
    drop(open(&first.dir));
    let second = Options { uuid: "another".into(), ..first };
    assert_eq!(sled_store::open(&second).unwrap().store.uuid(), "uuid-of-the-test");
}

#[test]
fn values_never_go_to_files_that_sled_does_not_sync() {
    let root = tempfile::tempdir().unwrap();
    let dir = root.path().join("store");
    let mut store = open(&dir);
    let epoch = store.acquire(PART).unwrap().epoch;
    let mut last = Seq(0);
    for n in 0..40 {
        last = put(&mut store, PART, epoch, last, &[noise(200_000, n)], &[]).unwrap();
        let full: Vec<_> = (0..40).map(|p| page("open", p, Some(&noise(60_000, p + n)))).collect();
        store.checkpoint(PART, epoch, last, &mut full.into_iter()).unwrap();
    }
    store.trim(PART, Seq(35)).unwrap();
    assert_eq!(fs::read_dir(dir.join("blobs")).unwrap().count(), 0);
}

//! Export, import, restore and fsck.

use std::fs::{self, File};
use std::io::{Cursor, Read, Write};

use incidentd::shell::store::archive::{self, ArchiveError, Summary};
use incidentd::shell::store::codec::Form;
use incidentd::shell::store::memory::MemoryStore;
use incidentd::shell::store::sled_store::{self, OpenError};
use incidentd::shell::store::{Epoch, PageKey, Partition, Seq, Store, StoredPage, codec};

use crate::fixture::{PART, entries, index, journal, open, options, pages, put, rows};

/// A store with a trimmed head, a checkpoint and a tail, and payloads of every kind.
fn filled() -> MemoryStore {
    let mut store = MemoryStore::blank();
    let epoch = store.acquire(PART).unwrap().epoch;
    let texts = [
        r#"{"n":1}"#,
        r#"{"n":2}"#,
        r#"{"n":3.10,"a":"é\u00e9"}"#,
        "{\n}",
        " 5 ",
        "\u{0}\u{1}",
        "",
    ];
    let mut last = Seq(0);
    for (text, schema) in texts.iter().zip(1..) {
        let name = format!("INC-{}", schema % 2);
        let value = codec::encode(schema, text.as_bytes());
        last = put(&mut store, PART, epoch, last, &[value], &rows(&[&name])).unwrap();
    }
    let page = |table: &str, number, text: &str| StoredPage {
        key: PageKey { practice: "incident".into(), table: table.into(), number },
        value: Some(codec::encode(1, text.as_bytes())),
    };
    let full = [page("open", 1, r#"[{"id":1}]"#), page("open", 300, "[]")];
    store.checkpoint(PART, epoch, Seq(5), &mut full.into_iter()).unwrap();
    store.trim(PART, Seq(2)).unwrap();
    store
}

fn exported(store: &dyn Store) -> Vec<u8> {
    let mut bytes = Vec::new();
    archive::export(store, PART, &mut bytes, "2026-01-02T03:04:05Z", &mut |_, _| {}).unwrap();
    bytes
}

fn unpacked(bytes: &[u8]) -> String {
    String::from_utf8(zstd::decode_all(bytes).unwrap()).unwrap()
}

fn packed(text: &str) -> Vec<u8> {
    zstd::encode_all(text.as_bytes(), 1).unwrap()
}

fn import(bytes: &[u8], store: &mut dyn Store) -> Result<Summary, ArchiveError> {
    archive::import(&mut Cursor::new(bytes), store, &mut |_, _| {})
}

#[test]
fn an_archive_is_text_that_a_person_can_read() {
    let text = unpacked(&exported(&filled()));
    let lines: Vec<_> = text.lines().collect();
    assert_eq!(
        lines[..8],
        [
            r#"{"format":"incidentd","version":1,"uuid":"memory","at":"2026-01-02T03:04:05Z","part":0,"trimmed":2,"checkpoint":5,"seq":7,"records":7}"#,
            r#"{"page":{"practice":"incident","table":"open","number":1},"schema":1,"payload":[{"id":1}]}"#,
            r#"{"page":{"practice":"incident","table":"open","number":300},"schema":1,"payload":[]}"#,
            r#"{"journal":3,"index":["INC-1"],"schema":3,"payload":{"n":3.10,"a":"é\u00e9"}}"#,
            r#"{"journal":4,"index":["INC-0"],"schema":4,"bytes":"ewp9"}"#,
            r#"{"journal":5,"index":["INC-1"],"schema":5,"bytes":"IDUg"}"#,
            r#"{"journal":6,"index":["INC-0"],"schema":6,"bytes":"AAE="}"#,
            r#"{"journal":7,"index":["INC-1"],"schema":7,"bytes":""}"#,
        ]
    );
    assert!(lines[8].starts_with(r#"{"records":7,"sha256":""#));
}

#[test]
fn an_import_makes_the_same_store_whatever_the_engine() {
    let from = filled();
    let bytes = exported(&from);
    let root = tempfile::tempdir().unwrap();
    let targets: [Box<dyn Store>; 2] =
        [Box::new(MemoryStore::blank()), Box::new(open(&root.path().join("store")))];
    for mut to in targets {
        let summary = import(&bytes, &mut *to).unwrap();
        assert_eq!((summary.seq, summary.records, summary.part), (Seq(7), 7, PART));
        assert_eq!(entries(&*to), entries(&from));
        assert_eq!((pages(&*to), index(&*to)), (pages(&from), index(&from)));
        assert_eq!(to.position(PART).unwrap(), from.position(PART).unwrap());
    }
}

#[test]
fn what_machines_wrote_for_themselves_is_exported_for_people() {
    // As MessagePack: an array of a map of one number.
    let packed = codec::encode_as(Form::MessagePack, 1, b"\x91\x81\xa1n\xcd\x01\x00");
    let mut from = MemoryStore::blank();
    let epoch = from.acquire(PART).unwrap().epoch;
    put(&mut from, PART, epoch, Seq(0), &[packed], &[]).unwrap();
    let bytes = exported(&from);
    assert!(unpacked(&bytes).contains(r#""payload":[{"n":256}]"#));
    let mut to = MemoryStore::blank();
    import(&bytes, &mut to).unwrap();
    assert_eq!(exported(&to), bytes);
}

#[test]
fn an_empty_store_can_be_exported_and_imported() {
    let bytes = exported(&MemoryStore::blank());
    let mut to = MemoryStore::blank();
    assert_eq!(import(&bytes, &mut to).unwrap().records, 0);
    assert_eq!(to.position(PART).unwrap().last, Seq(0));
}

#[test]
fn a_journal_that_is_trimmed_to_its_end_keeps_its_place() {
    let mut from = filled();
    let epoch = from.acquire(PART).unwrap().epoch;
    from.checkpoint(PART, epoch, Seq(7), &mut std::iter::empty()).unwrap();
    from.trim(PART, Seq(7)).unwrap();
    let mut to = MemoryStore::blank();
    import(&exported(&from), &mut to).unwrap();
    assert_eq!(to.position(PART).unwrap().last, Seq(7));
}

#[test]
fn an_import_wants_an_empty_store() {
    let refused = import(&exported(&filled()), &mut filled()).unwrap_err();
    let expected = "partition 0 of the store has content: import into an empty store";
    assert_eq!(refused.to_string(), expected);
}

#[test]
fn a_damaged_archive_is_refused_before_anything_is_written() {
    let check = |bytes: &[u8], expected: &str| {
        let mut store = MemoryStore::blank();
        assert_eq!(import(bytes, &mut store).unwrap_err().to_string(), expected);
        assert_eq!(store.position(PART).unwrap().epoch, Epoch(0));
    };
    let bytes = exported(&filled());
    let text = unpacked(&bytes);
    let edited = |from: &str, to: &str| packed(&text.replacen(from, to, 1));
    let unreadable = "failed to read the archive: it is damaged or no .jsonl.zst file";
    check(b"", unreadable);
    check(&packed(""), "the archive ends early, after line 0: take another one");
    check(b"plain text", unreadable);
    check(&bytes[..bytes.len() - 30], unreadable);
    check(&packed("{}\n"), "line 1 of the archive is not a header");
    check(&edited("incidentd", "other"), "line 1 of the archive is not a header");
    check(&edited("\"trimmed\":2", "\"trimmed\":6"), "line 1 of the archive is not a header");
    check(
        &edited("\"seq\":7", "\"seq\":18446744073709551615"),
        "line 1 of the archive is not a header",
    );
    check(
        &edited("\"version\":1", "\"version\":2"),
        "the archive has version 2, this release knows 1: use a newer release",
    );
    let mismatch =
        |what| format!("the archive is damaged: its {what} does not match: take another one");
    check(&edited("{\"id\":1}", "{\"id\":2}"), &mismatch("checksum"));
    check(&edited("\"seq\":7", "\"seq\":8"), &mismatch("count"));
    check(&edited("\"records\":7}", "\"records\":6}"), "line 8 of the archive is not a trailer");
    check(&edited("\"records\":7}", "\"records\":8}"), "line 9 of the archive is not a record");
    check(
        &edited("\"journal\":4", "\"journal\":5"),
        "line 5 of the archive is not a record at the place that follows",
    );
    check(
        &edited("\"bytes\":\"ewp9\"", "\"bytes\":\"?\""),
        "line 5 of the archive is not a record",
    );
    check(
        &edited("\"table\":\"open\"", "\"table\":\"a/b\""),
        "line 2 of the archive is not a record",
    );
    check(&packed(&format!("{text}more\n")), "line 9 of the archive is not a last line");
    let (cut, _) = text.trim_end().rsplit_once('\n').unwrap();
    check(&packed(&format!("{cut}\n")), "the archive ends early, after line 8: take another one");
    check(&packed(text.trim_end()), "line 9 of the archive is not a whole line");
}

#[test]
fn an_export_stops_at_a_value_that_does_not_decode() {
    let mut store = filled();
    let epoch = store.acquire(PART).unwrap().epoch;
    put(&mut store, PART, epoch, Seq(7), &[b"\x09bad".to_vec()], &[]).unwrap();
    let refused = archive::export(&store, PART, &mut Vec::new(), "", &mut |_, _| {}).unwrap_err();
    assert_eq!(refused.to_string(), "failed to read the journal at place 8: run fsck");
}

#[test]
fn progress_counts_to_the_number_of_records() {
    let mut seen = Vec::new();
    archive::export(&filled(), PART, std::io::sink(), "", &mut |done, of| seen.push((done, of)))
        .unwrap();
    assert!(seen.into_iter().eq((1..=7).map(|done| (done, 7))));
}

#[test]
fn an_export_file_appears_whole_or_not_at_all() {
    let dir = tempfile::tempdir().unwrap();
    let names = || {
        let names = fs::read_dir(dir.path()).unwrap().map(|file| file.unwrap().file_name());
        names.map(|name| name.into_string().unwrap()).collect::<Vec<_>>()
    };
    let mut store = filled();
    let path = archive::export_file(&store, PART, dir.path(), "", &mut |_, _| {}).unwrap();
    assert_eq!(path, dir.path().join("export-00000000000000000007.jsonl.zst"));
    let epoch = store.acquire(PART).unwrap().epoch;
    put(&mut store, PART, epoch, Seq(7), &[b"\x09bad".to_vec()], &[]).unwrap();
    archive::export_file(&store, PART, dir.path(), "", &mut |_, _| {}).unwrap_err();
    assert_eq!(names(), ["export-00000000000000000007.jsonl.zst"]);
}

#[test]
fn only_the_newest_exports_are_kept() {
    let dir = tempfile::tempdir().unwrap();
    for name in ["export-001.jsonl.zst", "export-003.jsonl.zst", "export-002.jsonl.zst", "notes"] {
        File::create(dir.path().join(name)).unwrap().write_all(b"x").unwrap();
    }
    let removed = archive::keep_newest(dir.path(), 2).unwrap();
    assert_eq!(removed, [dir.path().join("export-001.jsonl.zst")]);
    let left = archive::newest_first(dir.path());
    assert_eq!(left, ["export-003.jsonl.zst", "export-002.jsonl.zst"].map(|n| dir.path().join(n)));
    assert!(dir.path().join("notes").exists());
}

#[test]
fn a_restore_makes_a_store_where_there_is_none() {
    let root = tempfile::tempdir().unwrap();
    let options = options(&root.path().join("store"));
    let from = filled();
    let path = archive::export_file(&from, PART, root.path(), "", &mut |_, _| {}).unwrap();
    sled_store::restore(&options, &path, &mut |_, _| {}).unwrap();
    assert_eq!(journal(&open(&options.dir), 0), journal(&from, 0));
    let refused = sled_store::restore(&options, &path, &mut |_, _| {}).unwrap_err();
    assert!(matches!(refused, OpenError::Occupied { .. }));
}

#[test]
fn a_restore_that_fails_leaves_no_store_behind() {
    let root = tempfile::tempdir().unwrap();
    let options = options(&root.path().join("store"));
    let path = root.path().join("export.jsonl.zst");
    fs::write(&path, b"nothing").unwrap();
    let refused = sled_store::restore(&options, &path, &mut |_, _| {}).unwrap_err();
    assert!(matches!(refused, OpenError::Restore { .. }));
    assert!(!options.dir.exists());
}

#[test]
fn an_archive_larger_than_one_group_is_imported_in_several() {
    let mut from = MemoryStore::blank();
    let epoch = from.acquire(PART).unwrap().epoch;
    let group: Vec<_> = (0..1300).map(|n| codec::encode(1, n.to_string().as_bytes())).collect();
    put(&mut from, PART, epoch, Seq(0), &group, &rows(&["INC-1"])).unwrap();
    let mut to = MemoryStore::blank();
    import(&exported(&from), &mut to).unwrap();
    assert_eq!(entries(&to), entries(&from));
}

#[test]
fn an_import_reads_a_file_from_its_beginning_twice() {
    let dir = tempfile::tempdir().unwrap();
    let from = filled();
    let path = archive::export_file(&from, PART, dir.path(), "", &mut |_, _| {}).unwrap();
    let mut to = MemoryStore::blank();
    archive::import_file(&path, &mut to, &mut |_, _| {}).unwrap();
    assert_eq!(entries(&to), entries(&from));
    let mut bytes = Vec::new();
    File::open(&path).unwrap().read_to_end(&mut bytes).unwrap();
    assert_eq!(archive::verify(bytes.as_slice()).unwrap().seq, Seq(7));
    assert_eq!(to.position(Partition(1)).unwrap().last, Seq(0));
}

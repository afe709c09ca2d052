//! State files made here and read here: every layout, and everything that can be wrong with them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use prost::Message;

use super::*;
use crate::domain::notification::{AlertHash, Datum};
use crate::domain::value::Timestamp;
use crate::domain::value::matcher::{ParseMode, parse_all};

const START: Timestamp = Timestamp(1_780_000_000_250);
const END: Timestamp = Timestamp(1_780_003_600_000);

fn silence(matchers: &[&str]) -> Silence {
    let sets = matchers.iter().map(|text| parse_all(text, ParseMode::Fallback).unwrap());
    Silence {
        id: "0b6b3c7e-5d41-4b6e-9a43-3f2f9f0f6a11".into(),
        matchers: sets.collect(),
        starts_at: START,
        ends_at: END,
        updated_at: START,
        created_by: "ann".into(),
        comment: "new disks".into(),
        annotations: BTreeMap::from([("ticket".into(), "CHG-7".into())]),
        expires_at: END,
    }
}

fn entry() -> Inherited {
    Inherited {
        group_key: r#"{}/{team="db"}:{alertname="Disk"}"#.into(),
        receiver: "db/ops".into(),
        integration: "slack".into(),
        index: 1,
        at: START,
        firing: BTreeSet::from([AlertHash(u64::MAX), AlertHash(7)]),
        resolved: BTreeSet::from([AlertHash(8)]),
        expires_at: END,
        data: BTreeMap::from([
            ("ts".into(), Datum::Text("17.5".into())),
            ("edits".into(), Datum::Whole(-3)),
            ("score".into(), Datum::Real(0.5)),
        ]),
    }
}

fn faults<T>(found: &Found<T>) -> Vec<String> {
    found.faults.iter().map(ToString::to_string).collect()
}

fn silences_of(messages: &[wire::MeshSilence]) -> Found<Silence> {
    silences::read(Path::new("silences"), &frame::write(messages))
}

#[test]
fn what_is_written_reads_back_the_same() {
    let dir = tempfile::tempdir().unwrap();
    let silences = [silence(&[r#"a="b",c=~"d|e""#, r#"f!="g",h!~"i""#]), silence(&["job=x"])];
    write(dir.path(), &silences, &[entry()]).unwrap();
    assert!(is_there(dir.path()));
    let (read, log) = (read_silences(dir.path()), read_nflog(dir.path()));
    assert_eq!((read.records.as_slice(), faults(&read)), (silences.as_slice(), vec![]));
    assert_eq!((log.records, log.faults.len()), (vec![entry()], 0));
    let names = std::fs::read_dir(dir.path()).unwrap().map(|file| file.unwrap().file_name());
    assert_eq!(names.collect::<BTreeSet<_>>().len(), 2, "no temporary file stays");
}

#[test]
fn nothing_is_read_where_nothing_is() {
    let dir = tempfile::tempdir().unwrap();
    assert!(!is_there(dir.path()));
    let found = read_silences(dir.path());
    assert!(found.records.is_empty() && found.faults.is_empty());
}

#[test]
fn the_layout_before_matcher_sets_reads_the_same() {
    let new = silences::wire(&silence(&[r#"a="b""#]));
    let mut old = new.clone();
    let body = old.silence.as_mut().unwrap();
    body.matcher_sets.clear();
    assert_eq!(silences_of(&[old]).records, silences_of(&[new]).records);
}

#[test]
fn author_and_comment_of_the_oldest_layout_are_found() {
    let mut old = silences::wire(&silence(&[r#"a="b""#]));
    let body = old.silence.as_mut().unwrap();
    let author = std::mem::take(&mut body.created_by);
    let comment = std::mem::take(&mut body.comment);
    body.comments = vec![wire::Comment { author, comment }];
    assert_eq!(silences_of(&[old]).records, [silence(&[r#"a="b""#])]);
}

#[test]
fn unknown_fields_are_skipped() {
    let mut bytes = silences::wire(&silence(&["a=b"])).encode_to_vec();
    // Field 99, a text: tag 794 as a varint, its length, its bytes.
    bytes.extend([0x9a, 0x06, 0x02, b'h', b'i']);
    let mut file = vec![u8::try_from(bytes.len() & 0x7f).unwrap() | 0x80];
    file.push(u8::try_from(bytes.len() >> 7).unwrap());
    file.extend(&bytes);
    let found = silences::read(Path::new("silences"), &file);
    assert_eq!((found.records.as_slice(), faults(&found)), (&[silence(&["a=b"])][..], vec![]));
}

#[test]
fn what_was_held_back_was_not_told() {
    let mut message = nflog::wire(&entry()).unwrap();
    message.entry.as_mut().unwrap().muted = vec![7, 8];
    let found = nflog::read(Path::new("nflog"), &frame::write(&[message]));
    let told = &found.records[0];
    assert_eq!(told.firing, BTreeSet::from([AlertHash(u64::MAX)]));
    assert!(told.resolved.is_empty());
}

#[test]
fn a_number_that_is_none_is_not_carried_along() {
    let mut odd = entry();
    odd.data = BTreeMap::from([("odd".into(), Datum::Real(f64::NAN))]);
    let found = nflog::read(Path::new("nflog"), &frame::write(&[nflog::wire(&odd).unwrap()]));
    assert!(found.records[0].data.is_empty());
}

#[test]
fn a_file_that_is_cut_off_gives_what_stands_before_the_cut() {
    let messages = [silences::wire(&silence(&["a=b"])), silences::wire(&silence(&["c=d"]))];
    let (one, two) = (frame::write(&messages[..1]), frame::write(&messages));
    for length in one.len() + 1..two.len() {
        let found = silences::read(Path::new("silences"), &two[..length]);
        assert_eq!(found.records, [silence(&["a=b"])], "cut at {length}");
        let [fault] = &faults(&found)[..] else { panic!("one fault") };
        let place = format!("`silences`, byte {}: ", one.len());
        assert!(fault.starts_with(&place), "{fault}");
        assert!(fault.ends_with("nothing from here on is read"), "{fault}");
    }
}

#[test]
fn what_makes_no_sense_is_named_and_the_rest_is_read() {
    let whole = || silences::wire(&silence(&["a=b"]));
    let broken = |change: &dyn Fn(&mut wire::Silence)| {
        let mut message = whole();
        change(message.silence.as_mut().unwrap());
        message
    };
    let matcher = |kind, pattern: &str| wire::MatcherSet {
        matchers: vec![wire::Matcher { kind, name: "a".into(), pattern: pattern.into() }],
    };
    let cases = [
        (wire::MeshSilence::default(), "holds no silence"),
        (broken(&|one| one.ends_at = None), "does not say from when to when"),
        (broken(&|one| one.matcher_sets = vec![matcher(9, "x")]), "unknown kind 9"),
        (broken(&|one| one.matcher_sets = vec![matcher(1, "(")]), r#""(", which is no regular"#),
        (broken(&|one| one.matcher_sets = vec![wire::MatcherSet::default()]), "an empty list"),
        (broken(&|one| one.receiver_matcher_sets = vec![matcher(0, "x")]), "some receivers only"),
    ];
    for (message, expected) in cases {
        let found = silences_of(&[message, whole()]);
        assert_eq!(found.records.len(), 1, "{expected}");
        let [fault] = &faults(&found)[..] else { panic!("one fault") };
        assert!(fault.starts_with("`silences`, byte 0: ") && fault.contains(expected), "{fault}");
    }
}

#[test]
fn bytes_that_are_no_message_are_named_with_their_place() {
    let mut file = vec![3, 0xff, 0xff, 0xff];
    file.extend(frame::write(&[silences::wire(&silence(&["a=b"]))]));
    let found = silences::read(Path::new("silences"), &file);
    assert_eq!(found.records.len(), 1);
    assert_eq!(faults(&found), ["`silences`, byte 0: a message does not decode and is left out"]);
}

#[test]
fn a_length_that_no_message_has_is_not_believed() {
    for (bytes, expected) in [
        (&[0xff, 0xff, 0xff, 0xff, 0x7f][..], "34359738367 bytes long"),
        (&[0xff; 12][..], "longer than 10 bytes"),
        (&[0x80][..], "cut off"),
    ] {
        let found = nflog::read(Path::new("nflog"), bytes);
        assert!(found.records.is_empty());
        assert!(faults(&found)[0].contains(expected), "{:?}", faults(&found));
    }
}

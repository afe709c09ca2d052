//! Silences: amtool cannot tell the daemon from Alertmanager, and brings its silences along.

use serde_json::Value;

use crate::amtool::Pair;
use crate::cli::ctl;
use crate::program::Said;

const DISK: [&str; 8] = [
    "silence",
    "add",
    "Disk",
    "node=~a.*",
    "--author=bo",
    "--comment=new disks",
    "--start=2090-01-01T00:00:00Z",
    "--end=2090-01-02T00:00:00Z",
];

const NET: [&str; 7] = [
    "silence",
    "add",
    "alertname!=Disk",
    "team=net",
    "--author=anna",
    "--comment=cables",
    "--end=2080-01-01T00:00:00Z",
];

const QUERIES: [&[&str]; 9] = [
    &[],
    &["Disk"],
    &["alertname=Disk"],
    &["alertname=~Disk"],
    &["team=net"],
    &["node=~a.*", "alertname=Disk"],
    &["--created-by=bo"],
    &["--expired"],
    &["--within=1h"],
];

/// Asks both the same of the one silence that a query finds; each knows it by a name of its own.
#[track_caller]
fn to_each(pair: &Pair, query: &[&str], verb: &[&str]) -> [Said; 2] {
    [&pair.ours, &pair.theirs].map(|url| {
        let find: Vec<_> =
            ["silence", "query", "-q"].into_iter().chain(query.iter().copied()).collect();
        let found = pair.ask(url, &find);
        let id = found.out.trim();
        assert_eq!(id.len(), 36, "{url}: {found:?}");
        let words: Vec<_> =
            ["silence"].into_iter().chain(verb.iter().copied()).chain([id]).collect();
        let said = pair.ask(url, &words);
        assert_eq!(said.code, Some(0), "{url} {words:?}: {said:?}");
        said
    })
}

#[track_caller]
fn same_everywhere(pair: &Pair) {
    for query in QUERIES {
        let words: Vec<_> = ["silence", "query"].into_iter().chain(query.iter().copied()).collect();
        pair.same(&words);
    }
}

#[test]
fn amtool_adds_finds_changes_and_ends_silences_as_with_alertmanager() {
    let Some(pair) = Pair::start() else { return };
    assert_eq!(pair.same(&DISK).code, Some(0));
    assert_eq!(pair.same(&NET).code, Some(0));
    same_everywhere(&pair);
    let json = pair.same(&["silence", "query", "-o", "json", "Disk"]);
    assert!(json.out.contains("\"createdBy\":\"bo\""), "{json:?}");

    // What lies ahead is changed where it stands, and so is the end of what is active.
    let end = "--end=2095-01-01T00:00:00Z";
    to_each(&pair, &["Disk"], &["update", end, "--comment=more disks"]);
    to_each(&pair, &["team=net"], &["update", end]);
    same_everywhere(&pair);
    // Another start is another silence, and the old one is over.
    to_each(&pair, &["team=net"], &["update", "--start=2085-01-01T00:00:00Z"]);
    let live = pair.same(&["silence", "query", "team=net"]);
    assert!(live.out.contains("2095-01-01"), "{live:?}");
    for url in [&pair.ours, &pair.theirs] {
        let over = pair.ask(url, &["silence", "query", "--expired", "-q"]);
        assert_eq!(over.out.lines().count(), 1, "{url}: {over:?}");
    }
    to_each(&pair, &["Disk"], &["expire"]);
    pair.same(&["silence", "query"]);

    for wrong in [
        &["silence", "add", "a=b", "--comment=c", "--end=2020-01-01T00:00:00Z"][..],
        &["silence", "add", "a=~.*", "--comment=c", end],
        &["silence", "add", "--comment=c"],
        &["silence", "expire", "0af1b7c1-32f4-4c2b-9f0a-5d0c8e6b7a11"],
        &["silence", "expire", "nonsense"],
        &["silence", "update", "0af1b7c1-32f4-4c2b-9f0a-5d0c8e6b7a11", end],
    ] {
        let codes = [&pair.ours, &pair.theirs].map(|url| pair.ask(url, wrong).code);
        assert_eq!(codes, [Some(1), Some(1)], "{wrong:?}");
    }
}

#[test]
fn silences_of_an_alertmanager_are_brought_along_by_amtool_and_by_incidentctl() {
    let Some(pair) = Pair::start() else { return };
    for words in [&DISK[..], &NET] {
        assert_eq!(pair.ask(&pair.theirs, words).code, Some(0));
    }
    let theirs = pair.ask(&pair.theirs, &["silence", "query", "-o", "json"]).out;
    pair.home.write("silences.json", &theirs);
    let file = pair.home.path("silences.json");
    let file = file.to_str().unwrap();
    let brought = pair.ask(&pair.ours, &["silence", "import", file]);
    assert_eq!(brought.code, Some(0), "{brought:?}");
    pair.same(&["silence", "query"]);

    let ids = pair.ask(&pair.ours, &["silence", "query", "-q"]).out;
    let ids: Vec<_> = ids.split_whitespace().collect();
    let words: Vec<_> = ["silence", "expire"].into_iter().chain(ids).collect();
    assert_eq!(pair.ask(&pair.ours, &words).code, Some(0));
    let brought = ctl(&pair.ours, &format!("silence import {file}"));
    assert_eq!(brought.out, "2 silences are taken in.\n", "{brought:?}");
    let ours = pair.ask(&pair.ours, &["silence", "query"]).out;
    assert_eq!(ours.lines().count(), 3, "{ours}");
}

#[test]
fn incidentctl_is_as_short_as_amtool() {
    let Some(pair) = Pair::start() else { return };
    let ctl = |line: &str| {
        let said = ctl(&pair.ours, line);
        assert_eq!((said.code, said.err.as_str()), (Some(0), ""), "{line}: {said:?}");
        said.out
    };
    let added = ctl("silence add Disk node=~a.* -d 2h -c 'new disks' --annotation ticket=CHG-9");
    assert!(added.contains("SIL-1") && added.contains("active"), "{added}");
    ctl("silence add team=net -d 30m -c cables -a bo");
    for (query, expected) in [
        ("", "SIL-2\nSIL-1\n"),
        ("Disk", "SIL-1\n"),
        ("team=net", "SIL-2\n"),
        ("--created-by bo", "SIL-2\n"),
        ("--within 1h", "SIL-2\n"),
        ("--id SIL-1 SIL-7", "SIL-1\n"),
        ("--expired", ""),
    ] {
        assert_eq!(ctl(&format!("silence query -q {query}")), expected, "{query}");
    }
    let shown: Value = serde_json::from_str(&ctl("silence show SIL-1 -o json")).unwrap();
    assert_eq!(shown["annotations"]["ticket"], "CHG-9");
    assert_eq!(shown["created_by"], "ada");
    ctl("silence update SIL-2 3h");
    assert_eq!(ctl("silence query -q --within 1h"), "");
    ctl("silence expire SIL-1 SIL-2");
    assert_eq!(ctl("silence query -q --expired --within 1h"), "SIL-2\nSIL-1\n");
}

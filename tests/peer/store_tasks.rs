//! The tasks of the command line, on a store that a daemon has filled.

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::daemon::Home;

const CONFIG: &str = "
route: { receiver: team, group_by: [incident], group_wait: 0s }
receivers: [ { name: team } ]
defaults: { resolve_after: 1h }
rules: [ 'rules/*.yaml' ]
";

const RULES: &str = "
correlate:
  - { name: one per service, match: ['service!=\"\"'], by: [service] }
tests:
  - name: two alerts of one service are one incident
    input: |
      0s  fire alertname=Down service=shop
      5s  fire alertname=Slow service=shop
    expect: |
      10s incident INC-1 new service=shop alerts=2
";

/// Files of a daemon that has seen six alerts in three incidents, and stopped.
fn filled() -> (Home, Value) {
    let home = Home::new(CONFIG);
    home.write("rules/shop.yaml", RULES);
    let daemon = home.start();
    let api = daemon.api();
    for service in ["shop", "mail", "crm"] {
        for name in ["Down", "Slow"] {
            api.fire(&json!({ "alertname": name, "service": service, "severity": "critical" }));
        }
    }
    api.act("INC-1", "acknowledge", &json!({ "by": "ada", "note": "Zeichen: äß🙂 \"quoted\"" }));
    api.resolve(&json!({ "alertname": "Slow", "service": "mail", "severity": "critical" }));
    api.act("INC-3", "resolve", &json!({ "by": "ada" }));
    let seen = seen(api);
    let (status, log) = daemon.stop();
    assert!(status.success(), "{log}");
    (home, seen)
}

/// What people can see of a store.
fn seen(api: &crate::api::Api) -> Value {
    let incidents = api.list("incidents", "");
    let shown: Vec<_> =
        incidents.iter().map(|one| api.incident(one["id"].as_str().unwrap())).collect();
    let mut alerts = api.list("alerts", "");
    // When a source was last heard is soft: re-sends move it without a fact.
    for alert in &mut alerts {
        for soft in ["updated_at", "ends_at"] {
            alert.as_object_mut().unwrap().remove(soft);
        }
    }
    json!({ "incidents": shown, "alerts": alerts, "problems": api.list("problems", "") })
}

#[test]
fn a_check_counts_the_receivers_that_somebody_wrote() {
    let plain = "route: { receiver: team }\nreceivers: [ { name: team }, { name: other } ]\n";
    let answers = "global: { smtp_smarthost: 'localhost:25' }\nsources:\n  help:\n    type: mail\n    \
                   addresses: [help@example.org]\n    auto_reply: {}\n";
    for config in [plain.to_owned(), format!("{plain}{answers}")] {
        let said = Home::new(&config).task(&["check", "--config.file", "incidentd.yaml"]);
        assert!(said.out.contains(": 2 receivers, 1 routes"), "{said:?}");
    }
}

#[test]
fn rules_are_checked_with_their_tests() {
    let home = Home::new(CONFIG);
    home.write("rules/shop.yaml", RULES);
    let good = home.task(&["check", "--config.file", "incidentd.yaml"]);
    assert_eq!((good.code, good.err.as_str()), (Some(0), ""), "{good:?}");
    assert!(
        good.out.contains("ok") && good.out.contains("two alerts of one service are one incident"),
        "{}",
        good.out
    );

    home.write("rules/shop.yaml", &RULES.replace("by: [service]", "by: [alertname]"));
    let failed = home.task(&["check", "--config.file", "incidentd.yaml"]);
    assert_eq!(failed.code, Some(1), "{failed:?}");
    for part in
        ["FAILED", "rules/shop.yaml:5", "expected: 10s incident INC-1", "found:", "alerts=1"]
    {
        assert!(failed.out.contains(part), "{part} is missing in\n{}", failed.out);
    }
    assert!(failed.err.contains("tests in the rule files failed: 1"), "{}", failed.err);

    home.write("rules/shop.yaml", &RULES.replace("correlate:", "corelate:"));
    let wrong = home.task(&["check", "--config.file", "incidentd.yaml"]);
    assert_eq!(wrong.code, Some(1), "{wrong:?}");
    assert!(
        wrong.err.contains("shop.yaml:2:1: unknown key `corelate`; did you mean `correlate`?"),
        "{}",
        wrong.err
    );
}

#[test]
fn a_stored_day_is_played_again_under_other_rules() {
    let (home, _) = filled();
    let replay = |rules: &str| {
        let words = ["replay", "--config.file", "incidentd.yaml", "--storage.path", "data"];
        let said = home.task(&[&words[..], &["--rules", rules, "--since", "7d"]].concat());
        assert_eq!(said.code, Some(0), "{said:?}");
        said.out
    };
    home.write("same/shop.yaml", RULES);
    let same = replay("same");
    assert_eq!(same.matches("3 incidents with 6 alerts").count(), 2, "{same}");
    home.write("other/shop.yaml", &RULES.replace("by: [service]", "by: [alertname]"));
    let other = replay("other");
    assert!(
        other.contains("3 incidents with 6 alerts") && other.contains("2 incidents with 6 alerts"),
        "{other}"
    );
    assert!(other.lines().count() > same.lines().count(), "{other}");
    let missing = home.task(&[
        "replay",
        "--config.file",
        "incidentd.yaml",
        "--storage.path",
        "data",
        "--rules",
        "nowhere",
    ]);
    assert_eq!(missing.code, Some(1), "{missing:?}");
    assert!(missing.err.contains("nowhere"), "{}", missing.err);
}

#[test]
fn a_backup_and_an_export_bring_back_all_that_people_can_see() {
    let (home, before) = filled();
    let done = |words: &[&str]| {
        let said = home.task(words);
        assert_eq!(said.code, Some(0), "{words:?}: {said:?}");
        said.out.trim().to_owned()
    };
    let fsck = done(&["fsck", "--storage.path", "data"]);
    assert!(fsck.contains("audit lines"), "{fsck}");
    let backup = done(&["backup", "--storage.path", "data"]);
    assert!(backup.starts_with("data/exports/") && home.path(&backup).is_file(), "{backup}");
    done(&["export", "all.jsonl.zst", "--storage.path", "data"]);

    done(&["restore", &backup, "--storage.path", "restored"]);
    done(&["import", "all.jsonl.zst", "--storage.path", "imported"]);
    for dir in ["restored", "imported"] {
        done(&["fsck", "--storage.path", dir]);
        let daemon = home.start_with(&[&format!("--storage.path={dir}")]);
        assert_eq!(seen(daemon.api()), before, "{dir}");
        // Numbers go on where they were.
        daemon
            .api()
            .fire(&json!({ "alertname": "Down", "service": "new", "severity": "critical" }));
        assert_eq!(daemon.api().incident("INC-4")["state"], "new");
        assert!(daemon.stop().0.success());
    }

    let twice = home.task(&["restore", &backup, "--storage.path", "restored"]);
    assert_eq!(twice.code, Some(1), "{twice:?}");
    assert!(twice.err.contains("restored/store"), "{}", twice.err);
}

#[test]
fn a_mistyped_directory_is_not_an_empty_store() {
    let home = Home::new(CONFIG);
    let tasks: [&[&str]; 4] = [
        &["fsck"],
        &["backup"],
        &["export", "all.zst"],
        &["replay", "--config.file=incidentd.yaml"],
    ];
    home.write("rules/shop.yaml", RULES);
    for task in tasks {
        let said = home.task(&[task, &["--storage.path=dta"]].concat());
        assert_eq!(said.code, Some(1), "{task:?}: {said:?}");
        assert!(said.err.contains("there is no store at `dta/store`"), "{task:?}: {}", said.err);
        assert!(!home.path("dta").exists(), "{task:?}");
    }
}

#[test]
fn an_audit_line_that_was_rewritten_is_found() {
    let (home, _) = filled();
    assert_eq!(home.task(&["export", "all.zst", "--storage.path", "data"]).code, Some(0));
    // Whoever forges an archive forges its checksum, too.
    let text = text(&home, "all.zst");
    let (records, _) = text.trim_end().rsplit_once('\n').unwrap();
    let forged =
        records.replace("\"actor\":{\"name\":\"ada\"", "\"actor\":{\"name\":\"eve\"") + "\n";
    assert_ne!(forged.trim_end(), records);
    let sha256 = format!("{:x}", Sha256::digest(&forged));
    let count = forged.lines().count() - 1;
    pack(
        &home,
        "forged.zst",
        &format!("{forged}{}\n", json!({ "records": count, "sha256": sha256 })),
    );
    let imported = home.task(&["import", "forged.zst", "--storage.path", "forged"]);
    assert_eq!(imported.code, Some(0), "{imported:?}");
    let fsck = home.task(&["fsck", "--storage.path", "forged"]);
    assert_eq!(fsck.code, Some(1), "{fsck:?}");
    assert!(fsck.out.contains("AUD-") && fsck.out.contains("was changed"), "{fsck:?}");
}

#[test]
fn an_archive_that_was_touched_is_not_taken() {
    let (home, _) = filled();
    assert_eq!(home.task(&["export", "all.jsonl.zst", "--storage.path", "data"]).code, Some(0));
    let text = text(&home, "all.jsonl.zst");
    let refused = |name: &str, text: &str| {
        pack(&home, name, text);
        let said = home.task(&["import", name, "--storage.path", "other"]);
        assert_eq!(said.code, Some(1), "{said:?}");
        assert!(said.err.contains(name), "{}", said.err);
        assert!(!home.path("other/store").exists(), "nothing half-made is left behind");
    };
    let lines: Vec<_> = text.lines().collect();
    refused("short.zst", &lines[..lines.len() - 1].join("\n"));
    let without_one = [&lines[..2], &lines[3..]].concat().join("\n");
    refused("thinned.zst", &(without_one + "\n"));
    refused("text.zst", "this is no archive\n");
    std::fs::write(home.path("plain.zst"), "nor is this").unwrap();
    let plain = home.task(&["import", "plain.zst", "--storage.path", "other"]);
    assert_eq!(plain.code, Some(1), "{plain:?}");
}

/// The lines of an archive.
fn text(home: &Home, name: &str) -> String {
    let packed = std::fs::read(home.path(name)).unwrap();
    String::from_utf8(zstd::decode_all(&*packed).unwrap()).unwrap()
}

fn pack(home: &Home, name: &str, text: &str) {
    std::fs::write(home.path(name), zstd::encode_all(text.as_bytes(), 0).unwrap()).unwrap();
}

//! What is known of an alert once its source has said that it is over.

use super::{check_once, play, settings, show};
use incidentd::engine::scenario::START;

const MAIN: &str = "
route: { receiver: ops, group_by: [alertname], group_wait: 0s }
receivers:
  - name: ops
    webhook_configs: [ { url: http://127.0.0.1:1/ } ]
sources:
  prom: { type: prometheus }
  genie: { type: opsgenie }
";

/// What is said of the first alert after a script: each `name=value`, sorted by name.
fn known(yaml: &str, script: &str) -> Vec<String> {
    let world = play(START, &settings(yaml), script);
    let alert = show(&world, "alert", "ALR-1");
    assert_eq!(alert["state"], "resolved", "{script}");
    let all = alert["annotations"].as_object().unwrap().iter();
    all.map(|(name, text)| format!("{name}={}", text.as_str().unwrap())).collect()
}

#[test]
fn an_end_that_says_less_leaves_what_was_said_before() {
    let script = r#"
        0s fire @genie alertname=Disk ann:summary="disk full" ann:description="of db-1"
        1m resolve @genie alertname=Disk ann:summary="closed by ada"
        "#;
    assert_eq!(known(MAIN, script), ["description=of db-1", "summary=closed by ada"]);
    let silent = r#"
        0s fire @genie alertname=Disk ann:summary="disk full"
        1m resolve @genie alertname=Disk
        "#;
    assert_eq!(known(MAIN, silent), ["summary=disk full"]);
}

#[test]
fn who_fires_again_says_everything_anew() {
    let script = r#"
        0s fire @genie alertname=Disk ann:summary="disk full" ann:description="of db-1"
        1m resolve @genie alertname=Disk ann:closed_by=ada
        2m fire @genie alertname=Disk ann:summary="disk full again"
        3m resolve @genie alertname=Disk
        "#;
    assert_eq!(known(MAIN, script), ["summary=disk full again"]);
}

#[test]
fn the_words_of_an_end_over_the_api_of_alertmanager_are_all_there_are() {
    let script = |source: &str| {
        format!(
            r#"
            0s fire {source} alertname=Disk ann:summary="disk full" ann:description="of db-1"
            1m resolve {source} alertname=Disk ann:summary="closed"
            "#
        )
    };
    assert_eq!(known(MAIN, &script("@prom")), ["summary=closed"]);
    assert_eq!(known(MAIN, &script("")), ["summary=closed"], "a source nobody has configured");
}

#[test]
fn an_end_in_the_same_words_is_no_change() {
    let script = r#"
        0s fire @genie alertname=Disk ann:summary="disk full" ann:description="of db-1"
        1m resolve @genie alertname=Disk ann:summary="disk full"
        2m tick
        "#;
    let world = check_once(
        &settings(MAIN),
        script,
        r#"
        0s told ops/webhook[0]: {alertname="Disk"} 1 firing 0 resolved (first notification)
        "#,
    );
    assert_eq!(world.tally.changed, 0);
}

//! Names and values of every alphabet in routes, groups, inhibition and silences, and what the
//! three ways to read matchers make of them. How alerts and silences with such names are posted
//! and looked for is held in the tests of the API.

use incidentd::config;
use incidentd::domain::value::matcher::ParseMode;

use super::{check, settings};

#[test]
fn routes_groups_and_rules_take_names_of_every_alphabet() {
    let yaml = r#"
route:
  receiver: nobody
  routes:
    - { receiver: ops, matchers: ["größe🙂=ja", '"mit leer"!=x'], group_by: [größe🙂], group_wait: 1m }
inhibit_rules:
  - { source_matchers: [地=~"東.*"], target_matchers: [größe🙂=ja], equal: [größe🙂] }
receivers:
  - name: nobody
  - name: ops
    webhook_configs: [ { url: http://127.0.0.1:1/ } ]
"#;
    check(
        &settings(yaml),
        "
        0s      fire    größe🙂=ja alertname=Queue
        0s      fire    größe🙂=nein alertname=Queue
        10m     silence größe🙂=ja alertname=Disk for 10m
        11m     fire    größe🙂=ja alertname=Disk
        12m     fire    größe🙂=ja alertname=Quelle 地=東京
        12m     fire    größe🙂=ja alertname=Folge
        30m     tick
        ",
        r#"
        1m told ops/webhook[0]: {größe🙂="ja"} 1 firing 0 resolved (first notification)
        16m told ops/webhook[0]: {größe🙂="ja"} 1 firing 0 resolved (new alerts added)
        "#,
    );
}

/// Matchers, and what they are strictly read, in fallback, and classically.
const MODES: &str = r#"a=b
    {}/{a="b"}
    {}/{a="b"}
    {}/{a="b"}
größe🙂=ja
    {}/{größe🙂="ja"}
    {}/{größe🙂="ja"}
    ! expected a matcher like `name="value"`, found `größe🙂=ja`
a=b c
    ! expected `,` or the end, found `c`
    {}/{a="b c"}
    {}/{a="b c"}
a={b
    ! expected a value, found `{`
    {}/{a="{b"}
    {}/{a="{b"}
a="\u00e9"
    {}/{a="é"}
    {}/{a="\\u00e9"}
    {}/{a="\\u00e9"}
a=
    ! expected a value, found the end; quote an empty value: `""`
    {}/{a=""}
    {}/{a=""}
"a b"=c
    {}/{"a b"="c"}
    {}/{"a b"="c"}
    ! expected a matcher like `name="value"`, found `"a b"=c`
a=b,
    {}/{a="b"}
    {}/{a="b"}
    {}/{a="b"}
=b
    ! expected a label name, found `=`
    ! expected a label name, found `=`
    ! expected a matcher like `name="value"`, found `=b`
"#;

/// Tells what is wrong with a route of these matchers in the three modes: strict, fallback,
/// classic; `ok` where nothing is.
fn modes(matchers: &str) -> [String; 3] {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("c.yaml");
    let yaml = format!(
        "route: {{ receiver: a, routes: [ {{ matchers: ['{matchers}'] }} ] }}\n\
         receivers: [ {{ name: a }} ]\n"
    );
    std::fs::write(&path, yaml).unwrap();
    [ParseMode::Utf8, ParseMode::Fallback, ParseMode::Classic].map(
        |mode| match config::load_in_mode(&path, mode, &|_| None) {
            Ok(loaded) => loaded.settings.routes.nodes()[1].key.clone(),
            Err(errors) => {
                let error = errors.to_string();
                let why = error.lines().next().unwrap().split("not a matcher: ").last().unwrap();
                format!("! {why}")
            }
        },
    )
}

#[test]
fn each_mode_reads_a_route_in_its_own_way() {
    let matchers =
        ["a=b", "größe🙂=ja", "a=b c", "a={b", r#"a="\u00e9""#, "a=", r#""a b"=c"#, "a=b,", "=b"];
    let told = matchers.map(|matchers| {
        let lines = modes(matchers).map(|line| format!("    {line}\n"));
        format!("{matchers}\n{}", lines.concat())
    });
    assert_eq!(told.concat(), MODES);
}

#[test]
fn classic_mode_knows_no_other_names_where_labels_are_listed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("c.yaml");
    let yaml = "route: { receiver: a, group_by: [größe] }\n\
                inhibit_rules: [ { source_matchers: [a=b], target_matchers: [c=d], equal: [zone-1] } ]\n\
                receivers: [ { name: a } ]\n";
    std::fs::write(&path, yaml).unwrap();
    for mode in [ParseMode::Utf8, ParseMode::Fallback] {
        assert!(config::load_in_mode(&path, mode, &|_| None).is_ok());
    }
    let errors = config::load_in_mode(&path, ParseMode::Classic, &|_| None).unwrap_err();
    for name in ["größe", "zone-1"] {
        let why = format!("`{name}` is no label name in classic mode");
        assert!(errors.to_string().contains(&why), "{errors}");
    }
}

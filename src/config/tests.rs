//! The configurations under `tests/config`, `config` and `rules`, read as the daemon reads them.

mod every_key;

use std::fs;
use std::path::{Path, PathBuf};

use super::*;
use crate::domain::event::poll::Probe;
use crate::domain::notification::receiver::{
    IntegrationKind, ProxyRoute, SecretSource, TlsVersion,
};
use crate::domain::value::{Labels, Secret};

/// With this in the environment the expected errors are written anew.
const REWRITE: &str = "REWRITE_EXPECTED";

fn env(name: &str) -> Option<String> {
    match name {
        "NEXT" => Some("mellon".to_owned()),
        "HOST" => Some("127.0.0.1:9090".to_owned()),
        "AWS_CONFIG_FILE" => Some("tests/config/good/parts/aws".to_owned()),
        _ => None,
    }
}

fn files(folder: &str) -> Vec<PathBuf> {
    let is_yaml =
        |path: &PathBuf| path.extension().is_some_and(|end| end == "yaml" || end == "yml");
    let mut files: Vec<PathBuf> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).filter(is_yaml).collect();
    files.sort();
    assert!(!files.is_empty(), "{folder}");
    files
}

fn good(path: &Path) -> Loaded {
    load(path, &env).unwrap_or_else(|errors| panic!("{errors}"))
}

/// Loads a text as the only file of its folder.
fn text(yaml: &str) -> Loaded {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("c.yaml");
    fs::write(&path, yaml).unwrap();
    good(&path)
}

#[test]
fn every_file_we_ship_loads_without_a_warning() {
    for folder in ["config", "config/examples"] {
        for path in files(folder) {
            let loaded = good(&path);
            assert_eq!(loaded.warnings, [], "{}", path.display());
        }
    }
    let loaded = good(Path::new("config/incidentd.yaml"));
    for path in files("rules") {
        let name = path.display().to_string();
        assert!(loaded.tests.iter().any(|test| test.place.starts_with(&name)), "{name}");
    }
}

#[test]
fn every_good_configuration_loads() {
    for path in files("tests/config/good") {
        good(&path);
    }
}

#[test]
fn what_is_written_out_reads_back() {
    let named = ["alertmanager_full", "own"]
        .map(|name| Path::new("tests/config/good").join(name).with_extension("yaml"));
    let receivers = files("tests/config/good")
        .into_iter()
        .filter(|path| path.file_name().unwrap().to_string_lossy().starts_with("receivers_"));
    for path in named.into_iter().chain(receivers) {
        let original = good(&path).original;
        // A secret that is a URL must look like one, and to Slack like one that edits.
        let again = text(&original.replace("<secret>", "http://hidden/chat.postMessage")).original;
        assert_eq!(again, original, "{}", path.display());
    }
}

#[test]
fn every_bad_configuration_is_told_all_its_errors() {
    for path in files("tests/config/bad") {
        let Err(errors) = load(&path, &env) else { panic!("{} loads", path.display()) };
        let told = format!("{errors}\n");
        let expected = path.with_extension("err");
        if std::env::var_os(REWRITE).is_some() {
            fs::write(&expected, &told).unwrap();
        }
        let expected = fs::read_to_string(&expected).unwrap();
        assert_eq!(told, expected, "{}", path.display());
    }
}

#[test]
fn a_missing_file_is_told_by_its_name() {
    let errors = load(Path::new("tests/config/none.yaml"), &env).unwrap_err();
    assert!(errors.to_string().starts_with("tests/config/none.yaml: cannot be read: "), "{errors}");
}

#[test]
fn a_dead_man_switch_may_be_a_time_alone() {
    let of = |yaml: &str| {
        let plain = "route: {receiver: team}\nreceivers: [name: team]\n";
        let loaded = text(&format!("{plain}sources: {{a: {{deadman: {yaml}}}}}\n"));
        let deadman = loaded.settings.sources["a"].deadman.clone().unwrap();
        format!("{deadman:?}")
    };
    assert_eq!(of("5m"), of("{after: 5m}"));
    assert_ne!(of("5m"), of("{after: 5m, match: ['alertname=\"Watchdog\"']}"));
}

#[test]
fn routes_inherit_what_alertmanager_lets_them_inherit() {
    let loaded = good(Path::new("tests/config/good/alertmanager_full.yaml"));
    let drawn: Vec<String> = loaded
        .settings
        .routes
        .nodes()
        .iter()
        .map(|route| {
            format!(
                "{} {} {:?} {} {} {} mute={:?} active={:?} {:?}",
                route.key,
                route.receiver,
                route.group_by,
                route.group_wait,
                route.group_interval,
                route.repeat_interval,
                route.mute_time_intervals,
                route.active_time_intervals,
                route.children,
            )
        })
        .collect();
    assert_eq!(
        drawn,
        [
            "{} everything All 0s 5m 4h mute=[] active=[] [1, 3]",
            r#"{}/{area="x",team="db",zone=~"^(?:a|b)$"} everything Labels(["alertname"]) 0s 5m 4h mute=["nights"] active=[] [2]"#,
            r#"{}/{area="x",team="db",zone=~"^(?:a|b)$"}/{level!~"x.*",severity="critical"} chat Labels(["alertname"]) 0s 5m 4h mute=[] active=["holidays"] []"#,
            r#"{}/{owner="''",team="net"} everything Labels([]) 0s 1m 36h mute=[] active=[] []"#,
        ]
    );
    assert!(loaded.settings.bare);
}

#[test]
fn receivers_take_what_global_says() {
    let loaded = good(Path::new("tests/config/good/alertmanager_full.yaml"));
    let chat = &loaded.settings.receivers["chat"];
    let kinds: Vec<_> = chat
        .integrations
        .iter()
        .map(|integration| (integration.kind.name(), integration.index, integration.send_resolved))
        .collect();
    assert_eq!(
        kinds,
        [("slack", 0, false), ("slack", 1, true), ("email", 0, false), ("email", 1, false)]
    );
    let IntegrationKind::Slack(slack) = &chat.integrations[0].kind else { panic!() };
    assert_eq!(slack.url.reveal(), "https://chat.example.org/one");
    assert!(!slack.http.follow_redirects);
    assert_eq!(slack.texts.len(), 15);
    let IntegrationKind::Email(email) = &chat.integrations[2].kind else { panic!() };
    assert_eq!(email.smarthost, ("::1".to_owned(), 2525));
    assert_eq!(email.auth.as_ref().unwrap().password.reveal(), "pass$word");
    assert!(!email.require_tls && email.html.is_some() && email.text.is_none());
    let IntegrationKind::Email(email) = &chat.integrations[3].kind else { panic!() };
    assert_eq!(email.headers.keys().collect::<Vec<_>>(), ["Subject", "X-Team"]);
    assert!(email.require_tls && email.implicit_tls && email.html.is_none());
    let webhooks = &loaded.settings.receivers["everything"].integrations;
    let IntegrationKind::Webhook(webhook) = &webhooks[0].kind else { panic!() };
    assert_eq!((webhook.alerts_max, webhook.timeout), (10, Span(1_500)));
    assert!(webhook.http.follow_redirects && webhook.http.headers.len() == 2);
    assert!(webhooks[0].send_resolved && !webhooks[1].send_resolved);
}

#[test]
fn http_is_spoken_as_the_file_says() {
    let loaded = good(Path::new("tests/config/good/http.yaml"));
    assert_eq!(loaded.warnings, []);
    let webhooks: Vec<_> = loaded.settings.receivers["web"]
        .integrations
        .iter()
        .filter_map(|integration| match &integration.kind {
            IntegrationKind::Webhook(webhook) => Some(&webhook.http),
            _ => None,
        })
        .collect();
    let [global, own] = webhooks[..] else { panic!("{webhooks:?}") };
    let oauth2 = global.oauth2.as_ref().unwrap();
    assert!(oauth2.wire.http2 && oauth2.wire.tls.insecure_skip_verify && !global.wire.http2);
    assert_eq!(global.wire.proxy.route, ProxyRoute::Environment);
    assert!(own.wire.http2 && own.oauth2.is_none());
    let file = SecretSource::File("tests/config/good/http.yaml".to_owned());
    assert_eq!(own.basic_auth, Some((Secret::new("ann").into(), file.clone())));
    assert_eq!(own.wire.tls.ca, Some(file.clone()));
    assert_eq!(own.wire.tls.version_min, None);
    assert_eq!(own.wire.tls.version_max, Some(TlsVersion::Tls13));
    let named = |value: SecretSource| ("X-Scope".to_owned(), value);
    let (one, two) = (Secret::new("one").into(), Secret::new("two").into());
    assert_eq!(own.headers, [named(one), named(two), named(file)]);
    assert_eq!(own.wire.proxy.connect_headers.len(), 2);
}

#[test]
fn a_template_that_fails_on_a_sample_is_warned_of_at_its_place() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("c.yaml");
    let file = "{{ define \"mine\" }}\n  {{ index .Alerts 7 }}\n{{ end }}\n";
    fs::write(folder.path().join("mine.tmpl"), file).unwrap();
    let yaml = "templates: ['*.tmpl', 'none/*.tmpl']
route: {receiver: web}
receivers:
  - name: web
    slack_configs:
      - api_url: http://127.0.0.1/a
        send_resolved: true
        title: '{{ (index .Alerts.Firing 0).Labels.alertname }}'
        pretext: '{{ .CommonLabels.nothing }}{{ .Alerts.Firing | len }}'
        text: |
          {{ range .Alerts }}
            {{ .Labels.severity | reReplaceAll \"(\" \"x\" }}
          {{ end }}
        footer: '{{ template \"mine\" . }}'
";
    fs::write(&path, yaml).unwrap();
    let told: Vec<String> = good(&path)
        .warnings
        .iter()
        .map(|warning| {
            let file = warning.file.rsplit('/').next().unwrap();
            let message = warning.message.split(':').next().unwrap();
            format!("{file}:{}:{} {message}", warning.line, warning.column)
        })
        .collect();
    assert_eq!(
        told,
        [
            "c.yaml:8:21 `title` fails for an alert that has ended",
            "c.yaml:12:35 `text` fails for an alert that fires",
            "mine.tmpl:2:6 `footer` fails for an alert that fires",
        ]
    );
}

#[test]
fn included_files_are_merged_and_secrets_are_read() {
    let loaded = good(Path::new("tests/config/good/included.yaml"));
    assert_eq!(loaded.settings.receivers.keys().collect::<Vec<_>>(), ["here", "there"]);
    assert_eq!(loaded.settings.resolve_timeout, Span::minutes(3));
    assert!(!loaded.settings.bare);
    let [Way::Bearer(secrets)] = &loaded.daemon.sources["two"].auth.ways[..] else { panic!() };
    let secrets: Vec<_> = secrets.iter().map(Secret::reveal).collect();
    assert_eq!(secrets, ["sesame", "mellonx"]);
    let [Way::Hmac { signing, .. }] = &loaded.daemon.sources["three"].auth.ways[..] else {
        panic!()
    };
    assert_eq!((signing.header.as_str(), signing.prefix.as_str()), ("X-Sig", "sha256="));
    assert!(loaded.original.contains("smtp_from: a@example.org"), "{}", loaded.original);
    assert!(loaded.original.contains("secret: <secret>"), "{}", loaded.original);
}

#[test]
fn our_keys_mean_what_they_say() {
    let loaded = good(Path::new("tests/config/good/own.yaml"));
    let merged = &loaded.daemon.sources["merged"];
    assert_eq!(
        (merged.kind.name(), merged.limits.rate, merged.limits.burst),
        ("alertmanager", 10, 5)
    );
    assert_eq!(merged.severity_map["boom"], crate::domain::value::Severity::Critical);
    let source = &loaded.settings.sources["merged"];
    assert_eq!(source.drop_labels, ["prometheus", "prometheus_replica", "replica"]);
    let poll = &loaded.daemon.polls["p"];
    assert!(matches!(&poll.probe, Probe::Promql(probe) if probe.url == "http://127.0.0.1:9090"));
    assert_eq!(loaded.settings.sources["p"].resend, Some(Span::minutes(1)));
    let events = &loaded.settings.events;
    let names = |names: Vec<&str>| names.join("; ");
    let enrich = events.enrich.matching(&Labels::new([("a", "1")]));
    assert_eq!(
        names(enrich.iter().map(|rule| rule.name.as_str()).collect()),
        "tests/config/good/rules/all.yaml:2; stops"
    );
    let correlate: Vec<_> =
        events.correlate.rules().iter().map(|rule| rule.body.max_span).collect();
    assert_eq!(correlate, [Span::hours(4), Span::hours(5)]);
    assert_eq!(loaded.settings.incidents.resolve.rules().len(), 2);
    assert_eq!(loaded.settings.problems.problem.rules()[0].body.count, 4);
    assert_eq!(loaded.tests[0].name, loaded.tests[0].place);
}

#[test]
fn another_folder_of_rules_takes_the_place_of_those_named() {
    let path = Path::new("config/incidentd.yaml");
    let folder = Path::new("tests/config/good/rules");
    let loaded = load_with_rules(path, Some(folder), &env).unwrap();
    assert_eq!(loaded.tests.len(), 1);
    assert_ne!(loaded.settings.hash, good(path).settings.hash);
    assert_eq!(loaded.settings.hash.len(), 16);
}

#[test]
fn secrets_are_shown_nowhere() {
    let loaded = good(Path::new("tests/config/good/alertmanager_full.yaml"));
    for secret in ["hush", "pass$word", "chat.example.org"] {
        assert!(!loaded.original.contains(secret), "{}", loaded.original);
        assert!(!format!("{loaded:?}").contains(secret), "{secret}");
    }
    let errors = load(Path::new("tests/config/bad/receivers.yaml"), &env).unwrap_err();
    assert!(!errors.to_string().contains("ftp://"), "{errors}");
}

#[test]
fn the_shortest_configuration_is_alertmanagers() {
    let loaded = text("route: {receiver: a}\nreceivers: [{name: a}]\n");
    assert!(loaded.settings.bare && loaded.warnings.is_empty());
    assert_eq!(loaded.settings.resolve_timeout, Span::minutes(5));
}

#[test]
fn what_is_assumed_is_written_out_as_alertmanager_writes_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("c.yaml");
    let yaml = "
global: { smtp_from: am@example.org, smtp_smarthost: 'mail:25', slack_api_url: 'http://x/hush' }
route:
  receiver: a
  group_wait: 90s
  routes: [ { matchers: ['b=1, c!~\"d|e\"'], continue: yes, labels: { desk: '{{ .Receiver }}' } } ]
inhibit_rules: [ { source_matchers: ['{a=\"b\",c=d}'], target_matchers: [e=f] } ]
receivers:
- name: a
  labels: { team: x }
  webhook_configs: [ { url: 'http://x/y', http_config: { follow_redirects: false } } ]
  slack_configs: [ { channel: '#a', title: t } ]
  email_configs: [ { to: me@example.org } ]
";
    fs::write(&path, yaml).unwrap();
    let written = good(&path).original;
    let expected = fs::read_to_string("tests/config/original.yaml").unwrap_or_default();
    if std::env::var_os(REWRITE).is_some() {
        fs::write("tests/config/original.yaml", &written).unwrap();
    } else {
        assert_eq!(written, expected);
    }
    fs::write(&path, written.replace("<secret>", "http://hidden")).unwrap();
    assert_eq!(good(&path).original, written, "it says the same of itself");
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(64))]

    #[test]
    fn no_damage_to_a_file_makes_the_reader_fall(
        cut in 0.0..1.0_f64,
        bytes in 0_usize..40,
        scrap in "[ -~\n]{0,12}|\\PC{0,4}",
    ) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("c.yaml");
        for sample in ["tests/config/good/alertmanager_full.yaml", "tests/config/bad/sources.yaml"] {
            let whole = fs::read_to_string(sample).unwrap();
            let characters: Vec<char> = whole.chars().collect();
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_precision_loss,
                clippy::cast_sign_loss,
                reason = "a place in a short file"
            )]
            let start = (characters.len() as f64 * cut) as usize;
            let end = (start + bytes).min(characters.len());
            let damaged: String =
                characters[..start].iter().copied().chain(scrap.chars()).chain(characters[end..].iter().copied()).collect();
            fs::write(&path, damaged).unwrap();
            if let Err(errors) = load(&path, &env) {
                proptest::prop_assert!(!errors.to_string().is_empty());
            }
        }
    }
}

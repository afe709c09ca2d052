//! What the good configurations of each kind mean.

use std::path::Path;

use crate::config::{Loaded, load};
use crate::domain::notification::receiver::SecretSource;
use crate::domain::notification::receiver::{
    AwsCredentials, AwsWebIdentity, IntegrationKind, JiraApi, PagerdutyKey, SnsTarget, Tree,
};
use crate::domain::value::Span;

/// Loads `tests/config/good/receivers_<kind>.yaml` with this environment.
fn loaded(kind: &str, env: &[(&str, &str)]) -> Loaded {
    let path = Path::new("tests/config/good").join(format!("receivers_{kind}.yaml"));
    let env = |name: &str| {
        env.iter().find(|(given, _)| *given == name).map(|(_, value)| (*value).to_owned())
    };
    load(&path, &env).unwrap_or_else(|errors| panic!("{errors}"))
}

fn kinds(loaded: &Loaded) -> Vec<&IntegrationKind> {
    let receivers = loaded.settings.receivers.values();
    receivers.flat_map(|receiver| &receiver.integrations).map(|one| &one.kind).collect()
}

fn resolved(loaded: &Loaded) -> Vec<bool> {
    let receivers = loaded.settings.receivers.values();
    receivers.flat_map(|receiver| &receiver.integrations).map(|one| one.send_resolved).collect()
}

fn warnings(loaded: &Loaded) -> Vec<&str> {
    loaded.warnings.iter().map(|warning| warning.message.as_str()).collect()
}

#[test]
fn pagerdutys_key_decides_the_door() {
    let loaded = loaded("pagerduty", &[]);
    let doors: Vec<_> = kinds(&loaded)
        .into_iter()
        .map(|kind| {
            let IntegrationKind::Pagerduty(config) = kind else { panic!("PagerDuty") };
            let version = match config.key {
                PagerdutyKey::Service(_) => 1,
                PagerdutyKey::Routing(_) => 2,
            };
            let url = config.url.trim_start_matches("https://");
            let names: Vec<&str> = config.details.iter().map(|(name, _)| name.as_str()).collect();
            format!("{version} {url} {} {}", names.join(","), config.timeout)
        })
        .collect();
    assert_eq!(
        doors,
        [
            "2 pager.example.org/other num_firing,nested,firing,num_resolved,resolved 1s500ms",
            "2 pager.example.org/v2/enqueue firing,num_firing,num_resolved,resolved 0s",
            "1 events.pagerduty.com/generic/2010-04-15/create_event.json \
             firing,num_firing,num_resolved,resolved 0s",
            "1 pager.example.org/generic/2010-04-15/create_event.json \
             firing,num_firing,num_resolved,resolved 0s",
        ]
    );
    assert_eq!(resolved(&loaded), [false, true, true, true]);
    let IntegrationKind::Pagerduty(config) = kinds(&loaded)[0] else { panic!("PagerDuty") };
    assert_eq!((config.images.len(), config.links.len(), config.texts.len()), (2, 1, 8));
    assert!(matches!(&config.details[1].1, Tree::Map(entries) if entries.len() == 1));
    let shown = format!("{loaded:?}");
    assert!(!shown.contains("R-") && !shown.contains("S-1"), "{shown}");
}

#[test]
fn opsgenies_key_goes_before_that_of_http_config() {
    let loaded = loaded("opsgenie", &[]);
    let [IntegrationKind::Opsgenie(first), IntegrationKind::Opsgenie(second)] = kinds(&loaded)[..]
    else {
        panic!("Opsgenie")
    };
    assert_eq!(first.api_url, "https://api.eu.example.org");
    assert!(first.http.authorization.is_none() && first.http.follow_redirects);
    assert_eq!((second.responders.len(), second.update_alerts), (5, true));
    assert!(!second.http.follow_redirects);
    assert_eq!((resolved(&loaded), warnings(&loaded)), (vec![true, false], vec![]));
}

#[test]
fn incident_io_needs_some_proof_of_who_we_are() {
    let loaded = loaded("incidentio", &[]);
    let seen: Vec<_> = kinds(&loaded)
        .into_iter()
        .map(|kind| {
            let IntegrationKind::Incidentio(config) = kind else { panic!("incident.io") };
            (config.alert_source_token.is_some(), config.http.authorization.is_some())
        })
        .collect();
    assert_eq!(seen, [(true, false), (true, false), (false, true)]);
    let told = warnings(&loaded);
    assert!(told.len() == 1 && told[0].contains("parts/missing"), "{told:?}");

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("c.yaml");
    let without =
        "route: {receiver: a}\nreceivers: [{name: a, incidentio_configs: [{url: http://h/}]}]";
    std::fs::write(&path, without).unwrap();
    let loaded = load(&path, &|_| None).unwrap();
    let told = warnings(&loaded);
    assert!(told.len() == 1 && told[0].contains("`alert_source_token`"), "{told:?}");
}

#[test]
fn jiras_search_depends_on_where_it_is() {
    let loaded = loaded("jira", &[]);
    let seen: Vec<_> = kinds(&loaded)
        .into_iter()
        .map(|kind| {
            let IntegrationKind::Jira(config) = kind else { panic!("Jira") };
            (config.api, config.updates_summary, config.updates_description, config.labels.len())
        })
        .collect();
    let cloud = (JiraApi::Cloud, true, true, 0);
    assert_eq!(seen, [cloud, (JiraApi::Datacenter, false, false, 2), cloud]);
    let IntegrationKind::Jira(config) = kinds(&loaded)[1] else { panic!("Jira") };
    assert_eq!(config.reopen_transition.as_deref(), Some("Reopen"));
    assert_eq!(config.resolve_transition.as_deref(), Some("Close"));
    assert_eq!(config.wont_fix_resolution.as_deref(), Some("Won't Fix"));
    assert_eq!((config.reopen_duration, config.fields.len()), (Span::hours(1), 2));
}

#[test]
fn sns_knows_its_region_its_keys_and_its_role() {
    let without = loaded("sns", &[]);
    let seen: Vec<_> = kinds(&without)
        .into_iter()
        .map(|kind| {
            let IntegrationKind::Sns(config) = kind else { panic!("SNS") };
            let target = match config.target {
                SnsTarget::Topic(_) => "topic",
                SnsTarget::Target(_) => "target",
                SnsTarget::Phone(_) => "phone",
            };
            let keys = match &config.credentials {
                AwsCredentials::Keys(keys) => keys.access_key.as_str(),
                AwsCredentials::Container { url, .. } => url,
                AwsCredentials::WebIdentity(identity) => &identity.token_file,
                AwsCredentials::Instance => "instance",
            };
            let sts = config.role.as_ref().map_or("-", |role| role.endpoint.as_str());
            format!("{target} {keys} {} {sts}", config.endpoint)
        })
        .collect();
    assert_eq!(
        seen,
        [
            "topic AKID https://sns.eu-central-1.amazonaws.com/ -",
            "phone AKID https://sns.cn-north-1.amazonaws.com.cn/ \
             https://sts-fips.cn-north-1.amazonaws.com.cn/",
            "target instance https://sns.us-east-1.amazonaws.com/ -",
        ]
    );
    assert_eq!(resolved(&without), [true, false, true]);
    let keys = |env: &[(&str, &str)]| {
        let loaded = loaded("sns", env);
        let IntegrationKind::Sns(config) = kinds(&loaded)[2] else { panic!("SNS") };
        match &config.credentials {
            AwsCredentials::Keys(keys) => {
                let token = keys.session_token.as_ref().map_or("", |token| token.reveal());
                format!("{} {} {token}", keys.access_key, keys.secret_key.reveal())
            }
            AwsCredentials::Container { url, token } => {
                let token = token.as_ref().map(|token| match token {
                    SecretSource::Inline(token) => token.reveal(),
                    SecretSource::File(file) => file,
                });
                format!("{url} {}", token.unwrap_or_default())
            }
            AwsCredentials::WebIdentity(AwsWebIdentity { arn, token_file, session, endpoint }) => {
                format!("{arn} {token_file} {session} {endpoint}")
            }
            AwsCredentials::Instance => "instance".to_owned(),
        }
    };
    let own = [("AWS_ACCESS_KEY_ID", "A"), ("AWS_SECRET_ACCESS_KEY", "s")];
    assert_eq!(keys(&own), "A s ");
    assert_eq!(keys(&[own[0], own[1], ("AWS_SESSION_TOKEN", "t")]), "A s t");
    assert_eq!(
        keys(&[("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/v2/x")]),
        "http://169.254.170.2/v2/x "
    );
    assert_eq!(
        keys(&[
            ("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://169.254.170.23/v1/x"),
            ("AWS_CONTAINER_AUTHORIZATION_TOKEN", "mine"),
        ]),
        "http://169.254.170.23/v1/x mine"
    );
    assert_eq!(
        keys(&[
            ("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://169.254.170.23/v1/x"),
            ("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", "/run/token"),
        ]),
        "http://169.254.170.23/v1/x /run/token"
    );
    let vouched =
        [("AWS_WEB_IDENTITY_TOKEN_FILE", "/run/token"), ("AWS_ROLE_ARN", "arn:aws:iam::1:role/r")];
    assert_eq!(
        keys(&vouched),
        "arn:aws:iam::1:role/r /run/token incidentd https://sts.us-east-1.amazonaws.com/"
    );
    assert_eq!(
        keys(&[
            vouched[0],
            vouched[1],
            ("AWS_ROLE_SESSION_NAME", "pager"),
            ("AWS_ENDPOINT_URL_STS", "http://127.0.0.1:1/"),
        ]),
        "arn:aws:iam::1:role/r /run/token pager http://127.0.0.1:1/"
    );
    assert_eq!(keys(&[own[0], own[1], vouched[0], vouched[1]]), "A s ");
    assert_eq!(keys(&vouched[..1]), "instance");
}

#[test]
fn a_webhook_may_have_a_body_of_its_own() {
    let loaded = loaded("webhook", &[]);
    let [IntegrationKind::Webhook(first), IntegrationKind::Webhook(second)] = kinds(&loaded)[..]
    else {
        panic!("webhooks")
    };
    assert!(matches!(&first.payload, Some(Tree::Map(entries)) if entries.len() == 2));
    assert!(matches!(&second.payload, Some(Tree::Text(_))));
    assert_eq!((first.alerts_max, warnings(&loaded)), (7, vec![]));
}

#[test]
fn slack_is_told_through_a_webhook_or_as_an_app() {
    let loaded = loaded("slack", &[]);
    let doors = kinds(&loaded).into_iter().map(|kind| {
        let IntegrationKind::Slack(slack) = kind else { panic!() };
        let token = slack.http.authorization.as_ref().map_or("-", |(_, token)| match token {
            SecretSource::Inline(token) => token.reveal(),
            SecretSource::File(file) => file,
        });
        format!("{} {token} {}", slack.url.reveal(), slack.update_message)
    });
    assert_eq!(
        doors.collect::<Vec<_>>(),
        [
            "https://hooks.example.org/services/T0/B0/XYZ - false",
            "https://slack.com/api/chat.postMessage xoxb-global true",
            "http://127.0.0.1:8084/api/chat.postMessage xoxb-own false",
            "https://slack.example.org/api/chat.postMessage xoxb-bot true",
            // Their files are not there yet.
            " - true",
            "https://slack.com/api/chat.postMessage  false",
        ]
    );
}

#[test]
fn a_mail_server_is_told_who_we_are_and_what_belongs_together() {
    let loaded = loaded("email", &[]);
    let servers = kinds(&loaded).into_iter().map(|kind| {
        let IntegrationKind::Email(email) = kind else { panic!() };
        let auth = email.auth.as_ref().unwrap();
        let (password, secret) = (auth.password.reveal(), auth.secret.reveal());
        format!(
            "{} {} {password} {secret} {} {:?}",
            auth.username, auth.identity, email.implicit_tls, email.threading
        )
    });
    assert_eq!(
        servers.collect::<Vec<_>>(),
        [
            "am watch sesame secret true Conversation",
            "own other   false GroupByDay",
            "am watch sesame secret false Group",
            "am watch sesame secret true Conversation",
        ]
    );
}

#[test]
fn what_a_provider_would_refuse_is_mended_aloud() {
    let loaded = loaded("pushover", &[]);
    let warned = warnings(&loaded);
    for why in [
        "Pushover does not take 1s for `retry`; 30s is sent",
        "Pushover does not take 1d for `expire`; 3h is sent",
    ] {
        assert!(warned.contains(&why), "{warned:?}");
    }
}

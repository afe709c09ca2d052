//! What is lent is asked for once: `WeChat`'s tokens, and keys of Amazon's Security Token Service.

use std::collections::BTreeMap;
use std::io::Write;

use super::http::sink;
use super::{Courier, courier, told};
use crate::domain::notification::message::{AlertStatus, sample, write};
use crate::domain::notification::receiver::{
    AwsCredentials, AwsWebIdentity, HttpConfig, Integration, IntegrationKind, SecretTemplate,
    SnsConfig, SnsTarget, WechatConfig,
};
use crate::domain::template::{Library, Template};
use crate::domain::value::{Labels, Span, Timestamp};
use crate::shell::clock;

fn template(text: &str) -> Template {
    Library::with_defaults().compile("test", text).unwrap()
}

fn reply(body: &str) -> String {
    format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}", body.len())
}

/// Tells a receiver of this kind once.
async fn tell(courier: &Courier, kind: &IntegrationKind, now: Timestamp) -> String {
    let integration = Integration { index: 0, send_resolved: true, kind: kind.clone() };
    let labels = (Labels::new([("alertname", "DiskFull")]), Labels::default());
    let letter = sample("team", "http://am.example.org", AlertStatus::Firing, labels, now);
    let message = write(&letter, &integration, &Library::with_defaults()).unwrap();
    told(&courier.send(message).await)
}

/// The part of each request that says what is asked.
fn asked(seen: &[String], word: impl Fn(&str) -> String) -> Vec<String> {
    seen.iter().map(|request| word(request)).collect()
}

/// A topic at an address that is also the Security Token Service's.
fn sns(address: &str, token_file: &str) -> IntegrationKind {
    IntegrationKind::Sns(Box::new(SnsConfig {
        api_url: template(""),
        endpoint: address.to_owned(),
        region: "eu-central-1".to_owned(),
        credentials: AwsCredentials::WebIdentity(AwsWebIdentity {
            arn: "arn:aws:iam::1:role/pager".to_owned(),
            token_file: token_file.to_owned(),
            session: "pager".to_owned(),
            endpoint: address.to_owned(),
        }),
        role: None,
        target: SnsTarget::Topic(template("arn:aws:sns:eu-central-1:1:ops")),
        texts: BTreeMap::new(),
        attributes: Vec::new(),
        http: HttpConfig::default(),
    }))
}

#[tokio::test]
async fn a_token_of_wechat_is_asked_for_once_and_again_when_it_is_stale() {
    let token = |token: &str| {
        reply(&format!(r#"{{"errcode":0,"access_token":"{token}","expires_in":7200}}"#))
    };
    let taken = || reply(r#"{"errcode":0,"errmsg":"ok"}"#);
    let stale = reply(r#"{"errcode":40014,"errmsg":"invalid access_token"}"#);
    let replies = vec![token("one"), taken(), taken(), stale, token("two"), taken(), taken()];
    let (address, seen) = sink(replies, false).await;
    let kind = IntegrationKind::Wechat(Box::new(WechatConfig {
        api_url: format!("{address}/"),
        corp_id: template("corp"),
        api_secret: SecretTemplate::new(template("SESAME")),
        message: template("full"),
        markdown: false,
        to_user: template("ann"),
        to_party: template(""),
        to_tag: template(""),
        agent_id: template("1"),
        http: HttpConfig::default(),
    }));
    let courier = courier();
    for _ in 0..4 {
        assert_eq!(tell(&courier, &kind, clock::now()).await, "delivered -");
    }
    let ends = asked(&seen.await.unwrap(), |request| {
        let path = request.split(' ').nth(1).unwrap();
        let (_, end) = path.rsplit_once('/').unwrap();
        end.split_once('&').map_or(end, |(ask, _)| ask).to_owned()
    });
    assert_eq!(
        ends,
        [
            "gettoken?corpid=corp",
            "send?access_token=one",
            "send?access_token=one",
            "send?access_token=one",
            "gettoken?corpid=corp",
            "send?access_token=two",
            "send?access_token=two",
        ]
    );
}

#[tokio::test]
async fn keys_for_a_web_identity_are_asked_for_with_its_file_and_until_they_end() {
    let lent = |key: &str, end: Timestamp| {
        reply(&format!(
            "<Credentials><AccessKeyId>{key}</AccessKeyId><SecretAccessKey>s</SecretAccessKey>\
             <SessionToken>t</SessionToken><Expiration>{}</Expiration></Credentials>",
            end.rfc3339()
        ))
    };
    let now = clock::now();
    let taken = || reply("<r><MessageId>m</MessageId></r>");
    let replies = vec![
        // So near to its end that the next message asks again.
        lent("SHORT", now + Span::minutes(1)),
        taken(),
        lent("LONG", now + Span::hours(1)),
        taken(),
        taken(),
    ];
    let (address, seen) = sink(replies, false).await;
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(b"ey.one\n").unwrap();
    let kind = sns(&address, file.path().to_str().unwrap());
    let courier = courier();
    for token in ["ey.two/", "", ""] {
        assert_eq!(tell(&courier, &kind, now).await, "delivered m");
        file.write_all(token.as_bytes()).unwrap();
    }
    let words = asked(&seen.await.unwrap(), |request| {
        let (head, body) = request.split_once("\r\n\r\n").unwrap();
        let key = head.split_once("Credential=").map(|(_, rest)| rest.split('/').next().unwrap());
        let token = body.split_once("&WebIdentityToken=").map(|(_, token)| token);
        key.or(token).unwrap().to_owned()
    });
    assert_eq!(words, ["ey%2Eone", "SHORT", "ey%2Eone%0Aey%2Etwo%2F", "LONG", "LONG"]);
}

#[tokio::test]
async fn a_token_file_that_is_missing_is_tried_again_and_named() {
    let kind = sns("http://127.0.0.1:1/", "/nowhere/token");
    let told = tell(&courier(), &kind, clock::now()).await;
    assert!(
        told.starts_with("retry other: failed to speak to 127.0.0.1: cannot read `/nowhere/token`"),
        "{told}"
    );
}

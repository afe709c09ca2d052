//! What `WeChat` is asked and gets.

use super::*;
use crate::domain::notification::receiver::{SecretTemplate, WechatConfig};

const TOKEN: &str = r#"{"errcode":0,"errmsg":"ok","access_token":"T-1/x","expires_in":7200}"#;
const STALE: &str = r#"{"errcode":42001,"errmsg":"access_token expired"}"#;

fn config(message: &str) -> WechatConfig {
    WechatConfig {
        api_url: "https://wechat.example.org/cgi-bin/".to_owned(),
        corp_id: template("corp"),
        api_secret: SecretTemplate::new(template("SESAME&x")),
        message: template(message),
        markdown: false,
        to_user: template("ann|bob"),
        to_party: template(""),
        to_tag: template(""),
        agent_id: template("1000002"),
        http: HttpConfig::default(),
    }
}

fn wechat(config: WechatConfig) -> Integration {
    integration(IntegrationKind::Wechat(Box::new(config)))
}

/// What is heard after each reply, a line each.
fn exchange(letter: &Letter, replies: &[(u16, &str)]) -> String {
    let mut http = http(letter, &wechat(config("is full")));
    let steps = replies.iter().map(|(status, body)| heard(&mut http, *status, body));
    steps.collect::<Vec<_>>().join("\n")
}

const ASK: &str =
    "Get https://wechat.example.org/cgi-bin/gettoken?corpid=corp&corpsecret=SESAME%26x ";
const SEND: &str = "Post https://wechat.example.org/cgi-bin/message/send?access_token=T%2D1%2Fx \
    {\"text\":{\"content\":\"is full\"},\"touser\":\"ann|bob\",\"agentid\":\"1000002\",\
    \"safe\":\"0\",\"msgtype\":\"text\"}";

#[test]
fn wechat_is_asked_for_a_token_before_it_is_told() {
    let letter = letter(vec![alert(AlertStatus::Firing, "sda")]);
    let first = post(&letter, &wechat(config("a")));
    assert_eq!(head(&first), ASK.trim_end());
    assert_eq!((first.body.as_str(), first.secrets[0].reveal()), ("", "SESAME&x"));
    assert_eq!(
        exchange(&letter, &[(200, TOKEN), (200, r#"{"errcode":0,"errmsg":"ok"}"#)]),
        format!("{SEND}\ndelivered -")
    );
    let mut http = http(&letter, &wechat(config("a")));
    let reply = exchange::Reply { status: 200, body: TOKEN.to_owned(), ..Default::default() };
    let exchange::Step::Send(send) = http.listener.hear(&reply) else { panic!("the message") };
    assert_eq!(send.secrets[0].reveal(), "T-1/x");
    assert_eq!(send.headers.len(), 2);
}

#[test]
fn a_stale_token_is_asked_for_anew_once() {
    let letter = letter(vec![]);
    assert_eq!(
        exchange(&letter, &[(200, TOKEN), (200, STALE), (200, TOKEN), (200, r#"{"errcode":0}"#)]),
        format!("{SEND}\n{ASK}\n{SEND}\ndelivered -")
    );
    assert_eq!(
        exchange(&letter, &[(200, TOKEN), (200, STALE), (200, TOKEN), (200, STALE)]),
        format!(
            "{SEND}\n{ASK}\n{SEND}\n\
             retry authError: refused the message: error 42001: access_token expired"
        )
    );
}

#[test]
fn a_token_is_kept_until_shortly_before_its_end() {
    let http = http(&letter(vec![]), &wechat(config("a")));
    assert_eq!(http.first.recall, exchange::Recall::Kept);
    for (body, expected) in [
        (TOKEN, Some(Span::minutes(115))),
        (r#"{"errcode":0,"access_token":"T","expires_in":600}"#, Some(Span::minutes(5))),
        (r#"{"errcode":0,"access_token":"T","expires_in":7}"#, Some(Span::ZERO)),
        (r#"{"errcode":0,"access_token":"T","expires_in":999999}"#, Some(Span::minutes(115))),
        (r#"{"errcode":0,"access_token":"T"}"#, Some(Span::minutes(115))),
        (STALE, None),
        ("<html>", None),
    ] {
        let reply = exchange::Reply { status: 200, body: body.to_owned(), ..Default::default() };
        assert_eq!(http.listener.keep(&reply), expected, "{body}");
    }
}

#[test]
fn wechat_says_no_in_a_good_reply() {
    let letter = letter(vec![]);
    for (replies, expected) in [
        (vec![(503, "")], "retry serverError: answered 503"),
        (
            vec![(200, "<html>")],
            "retry other: refused the message: its answer is not that of WeChat",
        ),
        (
            vec![(200, r#"{"errcode":40001,"errmsg":"invalid credential"}"#)],
            "permanent authError: refused the message: error 40001: invalid credential",
        ),
        (vec![(200, "{}")], "permanent clientError: refused the message: no token, and no reason"),
        (
            vec![(200, TOKEN), (200, r#"{"errcode":45009,"errmsg":"api freq out of limit"}"#)],
            "retry rateLimited: refused the message: error 45009: api freq out of limit",
        ),
        (
            vec![(200, TOKEN), (200, r#"{"errcode":-1,"errmsg":"system busy"}"#)],
            "retry serverError: refused the message: error -1: system busy",
        ),
        (
            vec![(200, TOKEN), (200, r#"{"errcode":81013,"errmsg":"all invalid"}"#)],
            "permanent clientError: refused the message: error 81013: all invalid",
        ),
    ] {
        let heard = exchange(&letter, &replies);
        assert_eq!(heard.lines().last().unwrap(), expected);
    }
}

#[test]
fn a_long_text_is_cut_and_a_broken_one_is_plain() {
    let letter = letter(vec![alert(AlertStatus::Firing, "sda")]);
    let content = |http: &mut Http| {
        let reply = exchange::Reply { status: 200, body: TOKEN.to_owned(), ..Default::default() };
        let exchange::Step::Send(send) = http.listener.hear(&reply) else { panic!("the message") };
        json(&send)
    };
    let markdown = WechatConfig { markdown: true, ..config(&"ä".repeat(2_000)) };
    let body = content(&mut http(&letter, &wechat(markdown)));
    assert_eq!((&body["msgtype"], body.get("text")), (&"markdown".into(), None));
    let text = body["markdown"]["content"].as_str().unwrap();
    assert_eq!((text.len(), text.ends_with("ä…")), (2_047, true));

    let (faults, mut http) = mended(&letter, &wechat(config(BROKEN)));
    assert_eq!(faults, "`message`");
    let body = content(&mut http);
    assert!(body["text"]["content"].as_str().unwrap().starts_with("[FIRING:1] DiskFull\n"));

    let nobody = WechatConfig { to_user: template(BROKEN), ..config("a") };
    let error = write(&letter, &wechat(nobody), &Library::with_defaults()).unwrap_err();
    assert!(error.into_message().is_none(), "nobody to tell");
}

//! `wechat_configs`.

use super::form::{Form, Kind};
use crate::config::schema::HTTP;
use crate::config::shape::{Field, Shape};
use crate::domain::notification::receiver::{IntegrationKind, WechatConfig};
use Shape::{Fields, List, Secret, Template, Text, Truth, Word};

pub(super) const KIND: Kind = Kind {
    key: "wechat_configs",
    shape: List(&Fields(FIELDS)),
    defaults: &[
        ("message", r#"{{ template "wechat.default.message" . }}"#),
        ("to_user", r#"{{ template "wechat.default.to_user" . }}"#),
        ("to_party", r#"{{ template "wechat.default.to_party" . }}"#),
        ("to_tag", r#"{{ template "wechat.default.to_tag" . }}"#),
        ("agent_id", r#"{{ template "wechat.default.agent_id" . }}"#),
        ("message_type", "text"),
    ],
    send_resolved: false,
    read,
};

const FIELDS: &[Field] = &[
    ("send_resolved", Truth),
    ("http_config", Fields(HTTP)),
    ("api_secret", Secret),
    ("api_secret_file", Text),
    ("corp_id", Template),
    ("message", Template),
    ("api_url", Text),
    ("to_user", Template),
    ("to_party", Template),
    ("to_tag", Template),
    ("agent_id", Template),
    ("message_type", Word(&["text", "markdown"])),
];

const API_URL: &str = "https://qyapi.weixin.qq.com/cgi-bin/";

fn read(form: &mut Form) -> Option<IntegrationKind> {
    let api_secret = form.need_secret("api_secret", "wechat_api_secret");
    let corp_id = form.get("corp_id").or_else(|| form.global.get("wechat_api_corp_id"));
    if corp_id.is_none() {
        form.error("no `corp_id` here and no `wechat_api_corp_id` in `global`; write one of them");
    }
    let api_url = form.address("api_url", "wechat_api_url", API_URL);
    Some(IntegrationKind::Wechat(Box::new(WechatConfig {
        api_url: format!("{}/", api_url.trim_end_matches('/')),
        corp_id: form.check.template(corp_id?)?,
        api_secret: form.compile_secret("api_secret", &api_secret?)?,
        message: form.template("message")?,
        markdown: form.text("message_type") == "markdown",
        to_user: form.template("to_user")?,
        to_party: form.template("to_party")?,
        to_tag: form.template("to_tag")?,
        agent_id: form.template("agent_id")?,
        http: form.http(),
    })))
}

//! `WeChat` for companies: a token is asked for, and opens the door for the message.
//!
//! The token is good for two hours, and it may be asked for a limited number of times a day, so it
//! is kept.
//!
//! ```text
//! gettoken ──token──▶ message/send ──0──▶ delivered
//!     ▲                    │
//!     └──token is stale────┘  (once)
//! ```

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::{Deserialize, Serialize};

use super::exchange::{Http, Listener, Recall, Reply, Request, Step, by_status};
use super::report::{Class, Reason, Report};
use super::scope::Scope;
use super::{Fault, Pen, plain, post};
use crate::domain::notification::receiver::WechatConfig;
use crate::domain::value::{Secret, Span};

/// `WeChat` cuts texts here and refuses Markdown that is longer.
const MESSAGE_BYTES_MAX: usize = 2_048;
/// How long a token lives if `expires_in` does not say, and how long it is kept at most; as long as
/// Alertmanager keeps it.
const TOKEN_MS_MAX: Span = Span::hours(2);
/// A token this near to its end is replaced: it is to arrive while it is good.
const END_MARGIN_MS: Span = Span::minutes(5);

#[derive(Serialize)]
struct Body {
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<Content>,
    #[serde(skip_serializing_if = "String::is_empty")]
    touser: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    toparty: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    totag: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    agentid: String,
    safe: &'static str,
    msgtype: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    markdown: Option<Content>,
}

#[derive(Serialize)]
struct Content {
    content: String,
}

/// Without company, password and receivers, there is nobody to tell.
pub(super) fn write(scope: &Scope, config: &WechatConfig, pen: &mut Pen) -> Result<Http, Fault> {
    let value = scope.value(str::to_owned);
    let corp_id = pen.key("corp_id", &config.corp_id, &value)?;
    let api_secret = pen.key("api_secret", config.api_secret.reveal(), &value)?;
    let message = pen.text("message", &config.message, &value);
    let message = message.filter(|text| !text.trim().is_empty());
    let message = plain::with_delay(scope, message.unwrap_or_else(|| plain::text(scope)));
    let content = Content { content: plain::shorten_bytes(&message, MESSAGE_BYTES_MAX) };
    let (msgtype, text, markdown) = if config.markdown {
        ("markdown", None, Some(content))
    } else {
        ("text", Some(content), None)
    };
    let body = Body {
        text,
        touser: pen.need("to_user", &config.to_user, &value)?,
        toparty: pen.need("to_party", &config.to_party, &value)?,
        totag: pen.need("to_tag", &config.to_tag, &value)?,
        agentid: pen.need("agent_id", &config.agent_id, &value)?,
        safe: "0",
        msgtype,
        markdown,
    };
    let query = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
    let ask = format!(
        "{}gettoken?corpid={}&corpsecret={}",
        config.api_url,
        query(&corp_id),
        query(&api_secret)
    );
    let ask = Request::get(ask).secret(&Secret::new(api_secret)).recall(Recall::Kept);
    let send = format!("{}message/send?access_token=", config.api_url);
    let listener = Listening {
        at: Stage::Token,
        stale_allowed: true,
        ask: ask.clone(),
        send: post(scope.letter, &send, &body),
    };
    let listener = Box::new(listener);
    Ok(Http { first: ask, listener, timeout: Span::ZERO, http: config.http.clone() })
}

/// Understands both of the replies.
#[derive(Debug)]
struct Listening {
    at: Stage,
    /// Whether a token that is stale on arrival may still be asked for anew.
    stale_allowed: bool,
    ask: Request,
    /// The message, whose address lacks the token.
    send: Request,
}

/// What was asked last.
#[derive(Debug, Clone, Copy)]
enum Stage {
    Token,
    Send,
}

#[derive(Deserialize)]
struct Answer {
    #[serde(default)]
    errcode: i64,
    #[serde(default)]
    errmsg: String,
    #[serde(default)]
    access_token: String,
    /// In seconds.
    expires_in: Option<u32>,
}

impl Answer {
    fn token(&self) -> Option<&str> {
        Some(self.access_token.as_str()).filter(|token| self.errcode == 0 && !token.is_empty())
    }
}

impl Listener for Listening {
    fn hear(&mut self, reply: &Reply) -> Step {
        if !reply.is_success() {
            return Step::End(by_status(reply));
        }
        let Ok(answer) = serde_json::from_str::<Answer>(&reply.body) else {
            let why = "its answer is not that of WeChat";
            return Step::End(reply.refused(Class::Retry { after: None }, Reason::Other, why));
        };
        match self.at {
            Stage::Token if answer.token().is_some() => {
                self.at = Stage::Send;
                Step::Send(self.with_token(&answer.access_token))
            }
            Stage::Send if answer.errcode == 0 => Step::End(Report::Delivered { provider: None }),
            Stage::Send if is_stale(answer.errcode) && self.stale_allowed => {
                self.stale_allowed = false;
                self.at = Stage::Token;
                Step::Send(self.ask.clone().recall(Recall::Anew))
            }
            Stage::Token | Stage::Send => Step::End(judge(reply, &answer)),
        }
    }

    fn keep(&self, reply: &Reply) -> Option<Span> {
        let answer = serde_json::from_str::<Answer>(&reply.body).ok()?;
        answer.token().filter(|_| reply.is_success())?;
        let life = answer.expires_in.map_or(TOKEN_MS_MAX, |seconds| Span::seconds(seconds.into()));
        Some(Span(life.min(TOKEN_MS_MAX).0.saturating_sub(END_MARGIN_MS.0)))
    }
}

impl Listening {
    fn with_token(&self, token: &str) -> Request {
        let mut send = self.send.clone();
        let token_text = utf8_percent_encode(token, NON_ALPHANUMERIC);
        send.url = Secret::new(format!("{}{token_text}", send.url.reveal()));
        send.secret(&Secret::new(token))
    }
}

/// The token is not, or no longer, a token.
fn is_stale(errcode: i64) -> bool {
    matches!(errcode, 40_001 | 40_014 | 42_001)
}

/// By the list of `WeChat`'s global error codes.
fn judge(reply: &Reply, answer: &Answer) -> Report {
    let why = match answer.errcode {
        0 => "no token, and no reason".to_owned(),
        code => format!("error {code}: {}", answer.errmsg),
    };
    let later = Class::Retry { after: None };
    let (class, reason) = match answer.errcode {
        -1 => (later, Reason::ServerError),
        // Too many requests of one kind, in a minute or at once.
        45_009 | 45_011 | 45_033 => (later, Reason::RateLimited),
        42_001 => (later, Reason::AuthError),
        40_001 | 40_013 | 40_014 => (Class::Permanent, Reason::AuthError),
        _ => (Class::Permanent, Reason::ClientError),
    };
    reply.refused(class, reason, &why)
}

//! The clerk: gets the keys together, then publishes.
//!
//! ```text
//! instance: token ─▶ role's name ─▶ keys ─┐
//! container: keys ────────────────────────┼─▶ (role) assume ─▶ publish
//! keys at hand ───────────────────────────┘
//! ```

use serde::Deserialize;

use super::super::address::encoded;
use super::super::exchange::{Listener, Method, Reply, Request, Step, by_status};
use super::super::letter::Letter;
use super::super::report::{Class, Reason, Report};
use super::super::sigv4::{self, Seal};
use crate::domain::notification::receiver::{AwsCredentials, AwsKeys, AwsRole, SnsConfig};
use crate::domain::value::{Secret, Timestamp};

/// Where a machine asks about itself.
const METADATA: &str = "http://169.254.169.254/latest";
/// How long a machine's token lives; the exchange takes far less.
const TOKEN_SECONDS: &str = "60";
/// The shortest time for which a role can be played.
const ROLE_SECONDS: &str = "900";
/// The version of the API that has `AssumeRole`.
const STS_VERSION: &str = "2011-06-15";
/// Errors with status 400 that go away by themselves.
const THROTTLED: [&str; 4] =
    ["KMSThrottling", "Throttling", "ThrottlingException", "RequestThrottled"];

/// One attempt to publish.
#[derive(Debug)]
pub(super) struct Clerk {
    api_url: String,
    form: Vec<(String, String)>,
    region: String,
    role: Option<AwsRole>,
    /// Names the one who plays the role in Amazon's logs.
    session: String,
    now: Timestamp,
    stage: Stage,
}

/// What was asked last.
#[derive(Debug)]
enum Stage {
    /// For a token of the machine.
    Token,
    /// For the name of the machine's role, with that token.
    Name(Secret),
    /// For keys.
    Keys,
    /// For keys of the role.
    Assuming,
    Publishing,
}

/// Keys as a container's or a machine's service gives them.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Lent {
    access_key_id: String,
    secret_access_key: String,
    token: Option<String>,
}

impl Clerk {
    /// The clerk, and what it asks first.
    pub(super) fn new(
        config: &SnsConfig,
        api_url: String,
        form: Vec<(String, String)>,
        letter: &Letter,
    ) -> (Request, Self) {
        let mut clerk = Self {
            api_url,
            form,
            region: config.region.clone(),
            role: config.role.clone(),
            session: format!("incidentd-{}", letter.delivery),
            now: letter.now,
            stage: Stage::Keys,
        };
        let first = match &config.credentials {
            AwsCredentials::Keys(keys) => clerk.with(keys),
            AwsCredentials::Container { url, token } => {
                let ask = get(url);
                match token {
                    Some(token) => ask.header("Authorization", token.reveal()),
                    None => ask,
                }
            }
            AwsCredentials::Instance => {
                clerk.stage = Stage::Token;
                get(&format!("{METADATA}/api/token"))
                    .method(Method::Put)
                    .header("X-aws-ec2-metadata-token-ttl-seconds", TOKEN_SECONDS)
            }
        };
        (first, clerk)
    }

    /// What is asked with keys at hand.
    fn with(&mut self, keys: &AwsKeys) -> Request {
        let Some(role) = self.role.take() else { return self.publish(keys) };
        self.stage = Stage::Assuming;
        let mut form = vec![
            ("Action", "AssumeRole"),
            ("Version", STS_VERSION),
            ("RoleArn", &role.arn),
            ("RoleSessionName", &self.session),
            ("DurationSeconds", ROLE_SECONDS),
        ];
        form.extend(role.external_id.as_deref().map(|id| ("ExternalId", id)));
        let form: Vec<(String, String)> =
            form.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        sigv4::form(&role.endpoint, &form, self.seal(keys, "sts"))
    }

    fn publish(&mut self, keys: &AwsKeys) -> Request {
        self.stage = Stage::Publishing;
        sigv4::form(&self.api_url, &self.form, self.seal(keys, "sns"))
    }

    fn seal<'a>(&'a self, keys: &'a AwsKeys, service: &'static str) -> Seal<'a> {
        Seal { keys, region: &self.region, service, now: self.now }
    }

    /// The machine's token is in; its role has a name.
    fn ask_name(&mut self, token: Secret) -> Request {
        let ask = get(&format!("{METADATA}/meta-data/iam/security-credentials/"));
        let ask = ask.header("X-aws-ec2-metadata-token", token.reveal());
        self.stage = Stage::Name(token);
        ask
    }

    fn lent(&mut self, reply: &Reply) -> Step {
        let Ok(lent) = serde_json::from_str::<Lent>(&reply.body) else {
            let why = "no keys came from the service that lends them to this machine";
            return Step::End(reply.refused(Class::Permanent, Reason::AuthError, why));
        };
        Step::Send(self.with(&AwsKeys {
            access_key: lent.access_key_id,
            secret_key: Secret::new(lent.secret_access_key),
            session_token: lent.token.map(Secret::new),
        }))
    }

    fn assumed(&mut self, reply: &Reply) -> Step {
        let part = |name| element(&reply.body, name);
        let (Some(access_key), Some(secret), Some(token)) =
            (part("AccessKeyId"), part("SecretAccessKey"), part("SessionToken"))
        else {
            let why = "no keys came with the role";
            return Step::End(reply.refused(Class::Permanent, Reason::AuthError, why));
        };
        Step::Send(self.publish(&AwsKeys {
            access_key,
            secret_key: Secret::new(secret),
            session_token: Some(Secret::new(token)),
        }))
    }
}

impl Listener for Clerk {
    fn hear(&mut self, reply: &Reply) -> Step {
        if !reply.is_success() {
            return Step::End(judge(reply));
        }
        match std::mem::replace(&mut self.stage, Stage::Publishing) {
            Stage::Token => Step::Send(self.ask_name(Secret::new(reply.body.trim()))),
            Stage::Name(token) => {
                let name = reply.body.lines().next().unwrap_or_default().trim();
                let path = format!("meta-data/iam/security-credentials/{}", encoded(name));
                self.stage = Stage::Keys;
                let ask = get(&format!("{METADATA}/{path}"));
                Step::Send(ask.header("X-aws-ec2-metadata-token", token.reveal()))
            }
            Stage::Keys => self.lent(reply),
            Stage::Assuming => self.assumed(reply),
            Stage::Publishing => {
                Step::End(Report::Delivered { provider: element(&reply.body, "MessageId") })
            }
        }
    }
}

/// Amazon's errors have a code and words; the code says more than the status.
fn judge(reply: &Reply) -> Report {
    let code = element(&reply.body, "Code").unwrap_or_default();
    if THROTTLED.contains(&code.as_str()) {
        let words = element(&reply.body, "Message").unwrap_or(code);
        return reply.refused(Class::Retry { after: None }, Reason::RateLimited, &words);
    }
    by_status(reply)
}

fn get(url: &str) -> Request {
    Request {
        method: Method::Get,
        url: Secret::new(url),
        headers: Vec::new(),
        body: String::new(),
        secrets: Vec::new(),
    }
}

/// The text of the first element with a name. What is looked for has no markup in it.
fn element(xml: &str, name: &str) -> Option<String> {
    let (_, rest) = xml.split_once(&format!("<{name}>"))?;
    let (text, _) = rest.split_once(&format!("</{name}>"))?;
    Some(text.trim().to_owned()).filter(|text| !text.is_empty())
}

//! The clerk: gets the keys together, then publishes.
//!
//! ```text
//! instance: token ─▶ role's name ─▶ keys ─┐
//! container: keys ────────────────────────┤
//! web identity: assume, with its token ───┼─▶ (role) assume ─▶ publish
//! keys at hand ───────────────────────────┘
//! ```
//!
//! What a web identity is lent is kept until shortly before its end.

use serde::Deserialize;

use super::super::address::encoded;
use super::super::exchange::{Listener, Method, Place, Recall, Reply, Request, Step, by_status};
use super::super::letter::Letter;
use super::super::report::{Class, Reason, Report};
use super::super::sigv4::{self, Seal};
use crate::domain::notification::receiver::{
    AwsCredentials, AwsKeys, AwsRole, AwsWebIdentity, SecretSource, SnsConfig,
};
use crate::domain::value::{Secret, Span, Timestamp};

/// Where a machine asks about itself.
const METADATA: &str = "http://169.254.169.254/latest";
/// How long a machine's token lives; the exchange takes far less.
const TOKEN_SECONDS: &str = "60";
/// The shortest time for which a role can be played.
const ROLE_SECONDS: &str = "900";
/// The version of the API that has `AssumeRole` and `AssumeRoleWithWebIdentity`.
const STS_VERSION: &str = "2011-06-15";
/// Errors with status 400 that go away by themselves.
const THROTTLED: [&str; 4] =
    ["KMSThrottling", "Throttling", "ThrottlingException", "RequestThrottled"];
/// Errors about a web identity that go away by themselves: its token is written anew, or whoever
/// vouches for it is heard again. Amazon's own libraries try again, too.
const UNTRUSTED_YET: [&str; 3] =
    ["ExpiredTokenException", "IDPCommunicationError", "InvalidIdentityToken"];
/// Keys this near to their end are replaced: they are to arrive while they are good.
const END_MARGIN_MS: Span = Span::minutes(5);

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
    /// For keys of the role that is lent to a web identity.
    Vouched,
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
                let ask = Request::get(url);
                match token {
                    Some(SecretSource::Inline(token)) => {
                        ask.header("Authorization", token.reveal())
                    }
                    Some(SecretSource::File(file)) => {
                        ask.proof(file, Place::Header("Authorization"))
                    }
                    None => ask,
                }
            }
            AwsCredentials::WebIdentity(identity) => {
                clerk.stage = Stage::Vouched;
                vouched(identity)
            }
            AwsCredentials::Instance => {
                clerk.stage = Stage::Token;
                Request::get(format!("{METADATA}/api/token"))
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
        let ask = Request::get(format!("{METADATA}/meta-data/iam/security-credentials/"));
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
}

impl Listener for Clerk {
    fn hear(&mut self, reply: &Reply) -> Step {
        if !reply.is_success() {
            return Step::End(match self.stage {
                Stage::Vouched => judge_identity(reply),
                _ => judge(reply),
            });
        }
        match std::mem::replace(&mut self.stage, Stage::Publishing) {
            Stage::Token => Step::Send(self.ask_name(Secret::new(reply.body.trim()))),
            Stage::Name(token) => {
                let name = reply.body.lines().next().unwrap_or_default().trim();
                let path = format!("meta-data/iam/security-credentials/{}", encoded(name));
                self.stage = Stage::Keys;
                let ask = Request::get(format!("{METADATA}/{path}"));
                Step::Send(ask.header("X-aws-ec2-metadata-token", token.reveal()))
            }
            Stage::Keys => self.lent(reply),
            Stage::Vouched | Stage::Assuming => {
                let Some(keys) = of_role(reply) else {
                    let why = "no keys came with the role";
                    return Step::End(reply.refused(Class::Permanent, Reason::AuthError, why));
                };
                // After a role was played, none is left to be played.
                Step::Send(self.with(&keys))
            }
            Stage::Publishing => {
                Step::End(Report::Delivered { provider: element(&reply.body, "MessageId") })
            }
        }
    }

    fn keep(&self, reply: &Reply) -> Option<Span> {
        of_role(reply).filter(|_| reply.is_success())?;
        let end: Timestamp = element(&reply.body, "Expiration")?.parse().ok()?;
        Some(Span(end.since(self.now).0.saturating_sub(END_MARGIN_MS.0)))
    }
}

/// What a web identity asks for; its token stands for a signature.
fn vouched(identity: &AwsWebIdentity) -> Request {
    let form = [
        ("Action", "AssumeRoleWithWebIdentity".to_owned()),
        ("Version", STS_VERSION.to_owned()),
        ("RoleArn", identity.arn.clone()),
        ("RoleSessionName", identity.session.clone()),
    ];
    Request::form(&identity.endpoint, &form)
        .proof(&identity.token_file, Place::Form("WebIdentityToken"))
        .recall(Recall::Kept)
}

/// The keys that come with a role.
fn of_role(reply: &Reply) -> Option<AwsKeys> {
    let part = |name| element(&reply.body, name);
    Some(AwsKeys {
        access_key: part("AccessKeyId")?,
        secret_key: Secret::new(part("SecretAccessKey")?),
        session_token: Some(Secret::new(part("SessionToken")?)),
    })
}

fn judge_identity(reply: &Reply) -> Report {
    let code = element(&reply.body, "Code").unwrap_or_default();
    if UNTRUSTED_YET.contains(&code.as_str()) {
        let words = element(&reply.body, "Message").unwrap_or_default();
        let why = format!("{code}: {words}");
        return reply.refused(Class::Retry { after: None }, Reason::AuthError, &why);
    }
    judge(reply)
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

/// The text of the first element with a name. What is looked for has no markup in it.
fn element(xml: &str, name: &str) -> Option<String> {
    let (_, rest) = xml.split_once(&format!("<{name}>"))?;
    let (text, _) = rest.split_once(&format!("</{name}>"))?;
    Some(text.trim().to_owned()).filter(|text| !text.is_empty())
}

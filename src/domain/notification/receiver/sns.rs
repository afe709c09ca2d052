//! An SNS integration's fields, and what proves to Amazon who we are.

use std::collections::BTreeMap;

use super::{HttpConfig, SecretSource};
use crate::domain::template::Template;
use crate::domain::value::Secret;

/// Fields of `sns_configs`. All texts are templates.
#[derive(Debug, Clone)]
pub struct SnsConfig {
    /// Where SNS is, if not at `endpoint`.
    pub api_url: Template,
    /// Where SNS of the region is.
    pub endpoint: String,
    /// The region: `eu-central-1`.
    pub region: String,
    /// Who we are.
    pub credentials: AwsCredentials,
    /// The role we play, if we do not act as ourselves.
    pub role: Option<AwsRole>,
    /// To whom.
    pub target: SnsTarget,
    /// Plain fields by Alertmanager's name: `subject`, `message`.
    pub texts: BTreeMap<&'static str, Template>,
    /// Message attributes: names and values, both templates.
    pub attributes: Vec<(Template, Template)>,
    /// How to speak HTTP.
    pub http: HttpConfig,
}

/// To whom a message goes.
#[derive(Debug, Clone)]
pub enum SnsTarget {
    /// Everybody who listens to a topic. Its name ends with `.fifo` if it keeps the order.
    Topic(Template),
    /// A device.
    Target(Template),
    /// A telephone, by SMS.
    Phone(Template),
}

/// Where keys come from.
#[derive(Debug, Clone)]
pub enum AwsCredentials {
    /// The configuration, the environment or a profile.
    Keys(AwsKeys),
    /// A service beside the container (ECS, EKS Pod Identity): its address, and what it wants to
    /// see in `Authorization`.
    Container {
        /// The address.
        url: String,
        /// The token, if one is wanted. A file is written anew before its token ends.
        token: Option<SecretSource>,
    },
    /// A role that is lent for a token of somebody Amazon trusts (IAM roles for service accounts).
    WebIdentity(AwsWebIdentity),
    /// The machine's own role, from its metadata service.
    Instance,
}

/// Keys for signing.
#[derive(Debug, Clone)]
pub struct AwsKeys {
    /// Names the key.
    pub access_key: String,
    /// The key.
    pub secret_key: Secret,
    /// Belongs to keys that were lent.
    pub session_token: Option<Secret>,
}

/// Who vouches for us, and for which role.
#[derive(Debug, Clone)]
pub struct AwsWebIdentity {
    /// The role.
    pub arn: String,
    /// The file with the token; it is written anew before its token ends.
    pub token_file: String,
    /// Names the one who plays the role in Amazon's logs.
    pub session: String,
    /// Where the Security Token Service is.
    pub endpoint: String,
}

/// A role to play.
#[derive(Debug, Clone)]
pub struct AwsRole {
    /// The role.
    pub arn: String,
    /// What the role's owner wants to hear besides.
    pub external_id: Option<String>,
    /// Where the Security Token Service is.
    pub endpoint: String,
}

//! Who we are to Amazon: from the configuration, the environment and the profile files, in the order
//! in which Amazon's own libraries look.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use crate::config::check::Check;
use crate::config::node::Node;
use crate::domain::notification::receiver::{
    AwsCredentials, AwsKeys, AwsRole, AwsWebIdentity, SecretSource,
};
use crate::domain::value::Secret;

/// Profiles of a whole company are far smaller.
const PROFILES_BYTES_MAX: u64 = 1 << 20;

/// Where containers on ECS ask for keys.
const CONTAINER_HOST: &str = "http://169.254.170.2";

/// Names us in Amazon's logs where nobody says how.
const SESSION_DEFAULT: &str = "incidentd";

/// An account in a region.
pub(super) struct Account {
    pub(super) region: String,
    pub(super) credentials: AwsCredentials,
    profile: Profile,
}

/// The entries of a profile.
type Profile = BTreeMap<String, String>;

impl Account {
    /// Reads `sigv4`.
    pub(super) fn read(check: &mut Check, sigv4: &Node) -> Option<Self> {
        let (access, secret) = (sigv4.get("access_key"), sigv4.get("secret_key"));
        if let (Some(lone), None) | (None, Some(lone)) = (access, secret) {
            let why = "`access_key` and `secret_key` belong together; write both or neither";
            check.error(lone.place, why);
            return None;
        }
        let profile = profile(check, sigv4);
        let region = sigv4
            .text_at("region")
            .map(str::to_owned)
            .or_else(|| env(check, &["AWS_REGION", "AWS_DEFAULT_REGION"]))
            .or_else(|| profile.get("region").cloned());
        let Some(region) = region else {
            let why = "no `region` under `sigv4`, in the environment (`AWS_REGION`) or in a \
                       profile; write one of them";
            check.error(sigv4.place, why);
            return None;
        };
        let mut account = Self { region, credentials: AwsCredentials::Instance, profile };
        account.credentials = account.credentials(check, sigv4);
        Some(account)
    }

    /// Where a service of the region is.
    pub(super) fn endpoint(&self, check: &Check, service: &str) -> String {
        let own = format!("AWS_ENDPOINT_URL_{}", service.to_uppercase().replace('-', "_"));
        let given = env(check, &[&own, "AWS_ENDPOINT_URL"]);
        let domain =
            if self.region.starts_with("cn-") { "amazonaws.com.cn" } else { "amazonaws.com" };
        given.unwrap_or_else(|| format!("https://{service}.{}.{domain}/", self.region))
    }

    /// The role to be played, if there is one. The role of a web identity is played already.
    pub(super) fn role(&self, check: &Check, sigv4: &Node) -> Option<AwsRole> {
        let vouched = matches!(self.credentials, AwsCredentials::WebIdentity(_));
        let given = |key: &str| {
            let own = sigv4.text_at(key).map(str::to_owned);
            let of_profile = self.profile.get(key).filter(|_| !vouched).cloned();
            own.or(of_profile).filter(|text| !text.is_empty())
        };
        let endpoint = self.sts(check, sigv4);
        Some(AwsRole { arn: given("role_arn")?, external_id: given("external_id"), endpoint })
    }

    /// Where the region's Security Token Service is.
    fn sts(&self, check: &Check, sigv4: &Node) -> String {
        let fips = sigv4.get("use_fips_sts_endpoint").and_then(Node::boolean) == Some(true);
        env(check, &["AWS_ENDPOINT_URL_STS", "AWS_ENDPOINT_URL"])
            .unwrap_or_else(|| self.endpoint(check, if fips { "sts-fips" } else { "sts" }))
    }

    /// Keys of the configuration go first, then those of a profile that it names; else the
    /// environment's, then its web identity, then the profile's.
    fn credentials(&self, check: &mut Check, sigv4: &Node) -> AwsCredentials {
        if let (Some(access_key), Some(secret)) =
            (sigv4.text_at("access_key"), sigv4.text_at("secret_key"))
        {
            return keys(access_key, secret, None);
        }
        let named = sigv4.get("profile");
        let of_environment = match named {
            Some(_) => None,
            None => environment(check).or_else(|| self.vouched_by_environment(check, sigv4)),
        };
        let found = of_environment
            .or_else(|| self.of_profile())
            .or_else(|| self.vouched_by_profile(check, sigv4));
        if let Some(found) = found {
            return found;
        }
        if let Some(named) = named {
            let why = "no keys in this profile; those of the machine's role are used";
            check.warn(named.place, why);
        }
        container(check).unwrap_or(AwsCredentials::Instance)
    }

    fn of_profile(&self) -> Option<AwsCredentials> {
        let given = |key: &str| self.profile.get(key);
        let (access_key, secret) = (given("aws_access_key_id")?, given("aws_secret_access_key")?);
        Some(keys(access_key, secret, given("aws_session_token").cloned()))
    }

    fn vouched_by_environment(&self, check: &mut Check, sigv4: &Node) -> Option<AwsCredentials> {
        let token_file = env(check, &["AWS_WEB_IDENTITY_TOKEN_FILE"])?;
        let Some(arn) = env(check, &["AWS_ROLE_ARN"]) else {
            let why = "`AWS_WEB_IDENTITY_TOKEN_FILE` is set in the environment, but `AWS_ROLE_ARN` \
                       is not; set both, or neither; its token is not used";
            check.warn(sigv4.place, why);
            return None;
        };
        let session = env(check, &["AWS_ROLE_SESSION_NAME"]);
        Some(self.vouched(check, sigv4, arn, token_file, session))
    }

    fn vouched_by_profile(&self, check: &Check, sigv4: &Node) -> Option<AwsCredentials> {
        let given = |key: &str| self.profile.get(key).filter(|text| !text.is_empty()).cloned();
        let (token_file, arn) = (given("web_identity_token_file")?, given("role_arn")?);
        Some(self.vouched(check, sigv4, arn, token_file, given("role_session_name")))
    }

    fn vouched(
        &self,
        check: &Check,
        sigv4: &Node,
        arn: String,
        token_file: String,
        session: Option<String>,
    ) -> AwsCredentials {
        let session = session.unwrap_or_else(|| SESSION_DEFAULT.to_owned());
        let endpoint = self.sts(check, sigv4);
        AwsCredentials::WebIdentity(AwsWebIdentity { arn, token_file, session, endpoint })
    }
}

fn environment(check: &Check) -> Option<AwsCredentials> {
    let access_key = env(check, &["AWS_ACCESS_KEY_ID", "AWS_ACCESS_KEY"])?;
    let secret = env(check, &["AWS_SECRET_ACCESS_KEY", "AWS_SECRET_KEY"])?;
    Some(keys(&access_key, &secret, env(check, &["AWS_SESSION_TOKEN"])))
}

fn container(check: &Check) -> Option<AwsCredentials> {
    let relative = env(check, &["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"]);
    let url = match relative {
        Some(path) => format!("{CONTAINER_HOST}{path}"),
        None => env(check, &["AWS_CONTAINER_CREDENTIALS_FULL_URI"])?,
    };
    let file = env(check, &["AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"]).map(SecretSource::File);
    let inline = env(check, &["AWS_CONTAINER_AUTHORIZATION_TOKEN"]);
    let token = file.or_else(|| inline.map(|token| SecretSource::Inline(Secret::new(token))));
    Some(AwsCredentials::Container { url, token })
}

fn keys(access_key: &str, secret: &str, session_token: Option<String>) -> AwsCredentials {
    AwsCredentials::Keys(AwsKeys {
        access_key: access_key.to_owned(),
        secret_key: Secret::new(secret),
        session_token: session_token.map(Secret::new),
    })
}

/// The profile that is named, with what its `source_profile` has besides. A name in the
/// configuration must exist.
fn profile(check: &mut Check, sigv4: &Node) -> Profile {
    let named = sigv4.get("profile");
    let name = named.and_then(Node::text).map(str::to_owned);
    let name = name.or_else(|| env(check, &["AWS_PROFILE"])).unwrap_or("default".to_owned());
    let files = [
        profile_file(check, "AWS_CONFIG_FILE", "config"),
        profile_file(check, "AWS_SHARED_CREDENTIALS_FILE", "credentials"),
    ];
    let texts: Vec<String> = files.iter().flatten().filter_map(|path| read_file(path)).collect();
    let mut profile = section(&texts, &name);
    if let Some(named) = named
        && profile.is_empty()
    {
        let why =
            format!("there is no profile `{name}` in `~/.aws/config` or `~/.aws/credentials`");
        check.error(named.place, why);
    }
    if let Some(source) = profile.get("source_profile").cloned() {
        for (key, value) in section(&texts, &source) {
            profile.entry(key).or_insert(value);
        }
    }
    profile
}

fn profile_file(check: &Check, variable: &str, name: &str) -> Option<PathBuf> {
    let given = env(check, &[variable]).map(PathBuf::from);
    given.or_else(|| Some(PathBuf::from(env(check, &["HOME"])?).join(".aws").join(name)))
}

fn read_file(path: &Path) -> Option<String> {
    let length = fs::metadata(path).ok()?.len();
    (length <= PROFILES_BYTES_MAX).then(|| fs::read_to_string(path).ok()).flatten()
}

/// What files in the format of INI say under `[name]` or `[profile name]`; the later file wins.
fn section(texts: &[String], name: &str) -> Profile {
    let mut found = Profile::new();
    for text in texts {
        let mut inside = false;
        for line in text.lines() {
            let trimmed = line.trim();
            if let Some(head) = trimmed.strip_prefix('[').and_then(|rest| rest.split(']').next()) {
                let head = head.trim();
                inside = head.strip_prefix("profile ").unwrap_or(head).trim() == name;
                continue;
            }
            let is_entry = inside && !trimmed.starts_with(['#', ';']) && !line.starts_with(' ');
            if let Some((key, value)) = trimmed.split_once('=').filter(|_| is_entry) {
                found.insert(key.trim().to_lowercase(), value.trim().to_owned());
            }
        }
    }
    found
}

fn env(check: &Check, names: &[&str]) -> Option<String> {
    names.iter().find_map(|name| (check.env)(name)).filter(|value| !value.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_profile_is_found_in_both_files() {
        let config = "[default]\nregion = eu-west-1\n[profile ops]\nregion=eu-central-1 \n\
                      s3 =\n  max_queue_size = 1\n# region = x\n";
        let credentials =
            "[ops]\naws_access_key_id = AKID\naws_secret_access_key= a=b\n[x]\nregion=y\n";
        let found = section(&[config.to_owned(), credentials.to_owned()], "ops");
        let entries: Vec<_> = found.iter().map(|(key, value)| format!("{key}={value}")).collect();
        assert_eq!(
            entries,
            ["aws_access_key_id=AKID", "aws_secret_access_key=a=b", "region=eu-central-1", "s3="]
        );
        assert_eq!(section(&[], "ops"), Profile::new());
    }
}

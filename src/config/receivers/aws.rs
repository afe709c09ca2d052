//! Who we are to Amazon: from the configuration, the environment and the profile files, in the order
//! in which Amazon's own libraries look.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use crate::config::check::Check;
use crate::config::node::Node;
use crate::domain::notification::receiver::{AwsCredentials, AwsKeys, AwsRole};
use crate::domain::value::Secret;

/// Profiles of a whole company are far smaller.
const PROFILES_BYTES_MAX: u64 = 1 << 20;

/// Where containers on ECS ask for keys.
const CONTAINER_HOST: &str = "http://169.254.170.2";

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
        let credentials = credentials(check, sigv4, &profile);
        Some(Self { region, credentials, profile })
    }

    /// Where a service of the region is.
    pub(super) fn endpoint(&self, check: &Check, service: &str) -> String {
        let own = format!("AWS_ENDPOINT_URL_{}", service.to_uppercase().replace('-', "_"));
        let given = env(check, &[&own, "AWS_ENDPOINT_URL"]);
        let domain =
            if self.region.starts_with("cn-") { "amazonaws.com.cn" } else { "amazonaws.com" };
        given.unwrap_or_else(|| format!("https://{service}.{}.{domain}/", self.region))
    }

    /// The role to be played, if there is one.
    pub(super) fn role(&self, check: &Check, sigv4: &Node) -> Option<AwsRole> {
        let given = |key: &str| {
            let own = sigv4.text_at(key).map(str::to_owned);
            own.or_else(|| self.profile.get(key).cloned()).filter(|text| !text.is_empty())
        };
        let fips = sigv4.get("use_fips_sts_endpoint").and_then(Node::boolean) == Some(true);
        let sts = match env(check, &["AWS_ENDPOINT_URL_STS", "AWS_ENDPOINT_URL"]) {
            Some(endpoint) => endpoint,
            None => self.endpoint(check, if fips { "sts-fips" } else { "sts" }),
        };
        Some(AwsRole { arn: given("role_arn")?, external_id: given("external_id"), endpoint: sts })
    }
}

fn credentials(check: &mut Check, sigv4: &Node, profile: &Profile) -> AwsCredentials {
    if let (Some(access_key), Some(secret)) =
        (sigv4.text_at("access_key"), sigv4.text_at("secret_key"))
    {
        return keys(access_key, secret, None);
    }
    let of_profile = |profile: &Profile| {
        let token = profile.get("aws_session_token").cloned();
        Some(keys(profile.get("aws_access_key_id")?, profile.get("aws_secret_access_key")?, token))
    };
    let of_environment = |check: &Check| {
        let access_key = env(check, &["AWS_ACCESS_KEY_ID", "AWS_ACCESS_KEY"])?;
        let secret = env(check, &["AWS_SECRET_ACCESS_KEY", "AWS_SECRET_KEY"])?;
        Some(keys(&access_key, &secret, env(check, &["AWS_SESSION_TOKEN"])))
    };
    let named = sigv4.get("profile");
    let found = match named {
        Some(_) => of_profile(profile),
        None => of_environment(check).or_else(|| of_profile(profile)),
    };
    if let Some(found) = found {
        return found;
    }
    if let Some(named) = named {
        check.warn(named.place, "no keys in this profile; those of the machine's role are used");
    }
    if env(check, &["AWS_WEB_IDENTITY_TOKEN_FILE"]).is_some() {
        let why = "web identity tokens (`AWS_WEB_IDENTITY_TOKEN_FILE`) are not used here; keys of \
                   the container or of the machine's role are";
        check.warn(sigv4.place, why);
    }
    container(check).unwrap_or(AwsCredentials::Instance)
}

fn container(check: &Check) -> Option<AwsCredentials> {
    let relative = env(check, &["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"]);
    let url = match relative {
        Some(path) => format!("{CONTAINER_HOST}{path}"),
        None => env(check, &["AWS_CONTAINER_CREDENTIALS_FULL_URI"])?,
    };
    let of_file = || {
        let path = env(check, &["AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"])?;
        read_file(Path::new(&path)).map(|text| text.trim().to_owned())
    };
    let token = of_file().or_else(|| env(check, &["AWS_CONTAINER_AUTHORIZATION_TOKEN"]));
    Some(AwsCredentials::Container { url, token: token.map(Secret::new) })
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

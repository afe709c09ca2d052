//! `defaults`, `services`, `teams`, `users`, `tokens`: who and what the rules speak of.

use std::collections::{BTreeMap, BTreeSet};

use sha2::{Digest, Sha256};

use super::check::Check;
use super::daemon::{ApiToken, Scope, Team, User};
use super::node::{Node, Place};
use super::routes::missing;
use crate::domain::settings::{Defaults, Service};
use crate::domain::value::Impact;

const ZONE: &str = "UTC";

/// Reads `defaults`, apart from the zone.
pub(super) fn read_defaults(root: &Node) -> Defaults {
    let otherwise = Defaults::default();
    let Some(node) = root.get("defaults") else { return otherwise };
    Defaults {
        team: node.text_at("team").map_or(otherwise.team, str::to_owned),
        resolve_after: node.span_at("resolve_after").unwrap_or(otherwise.resolve_after),
        reopen_window: node.span_at("reopen_window").unwrap_or(otherwise.reopen_window),
        close_after: node.span_at("close_after").unwrap_or(otherwise.close_after),
        refire_window: node.span_at("refire_window").unwrap_or(otherwise.refire_window),
    }
}

/// The zone under a key, if it is one.
pub(super) fn read_zone(check: &mut Check, node: Option<&Node>) -> Option<String> {
    let zone = node?.get("zone")?;
    let name = zone.text()?;
    if jiff::tz::TimeZone::get(name).is_err() {
        let why = format!("there is no time zone `{name}`; use an IANA name like `Europe/Berlin`");
        check.error(zone.place, why);
    }
    Some(name.to_owned())
}

/// The zone of everybody who has no other.
pub(super) fn default_zone(check: &mut Check, root: &Node) -> String {
    read_zone(check, root.get("defaults")).unwrap_or_else(|| ZONE.to_owned())
}

/// Reads `services`; owners are teams, where teams are given.
pub(super) fn read_services(check: &mut Check, root: &Node) -> BTreeMap<String, Service> {
    let teams: BTreeSet<String> = names(root, "teams");
    let mut services = BTreeMap::new();
    for (key, node) in root.get("services").map(Node::entries).unwrap_or_default() {
        if let Some(owner) = node.get("owner")
            && let Some(name) = owner.text()
            && !teams.is_empty()
            && !teams.contains(name)
        {
            missing(check, owner.place, "team", name, &teams);
        }
        let tier = scale(check, node, "tier");
        let text = |key: &str| node.text_at(key).unwrap_or_default().to_owned();
        let service = Service {
            // A service that is down touches as much of the business as its tier says.
            impact: scale(check, node, "impact").or(tier),
            tier: tier.map(Impact::level),
            owner: node.text_at("owner").map(str::to_owned),
            title: text("title"),
            runbook: text("runbook"),
        };
        services.insert(key.name.clone(), service);
    }
    services
}

/// Reads `teams`; members are users, where users are given.
pub(super) fn read_teams(
    check: &mut Check,
    root: &Node,
    receivers: &BTreeSet<String>,
) -> BTreeMap<String, Team> {
    let users = names(root, "users");
    let mut teams = BTreeMap::new();
    for (key, node) in root.get("teams").map(Node::entries).unwrap_or_default() {
        for member in node.get("members").map(Node::items).unwrap_or_default() {
            let name = member.text().unwrap_or_default();
            if !users.contains(name) {
                missing(check, member.place, "user", name, &users);
            }
        }
        let team = Team {
            title: node.text_at("title").unwrap_or(&key.name).to_owned(),
            members: node.texts_at("members"),
            receiver: read_receiver(check, node, receivers),
        };
        teams.insert(key.name.clone(), team);
    }
    teams
}

/// Reads `users`.
pub(super) fn read_users(check: &mut Check, root: &Node, zone: &str) -> BTreeMap<String, User> {
    let mut users = BTreeMap::new();
    for (key, node) in root.get("users").map(Node::entries).unwrap_or_default() {
        if let Some(email) = node.get("email")
            && email.text().is_none_or(|text| !text.contains('@'))
        {
            check.error(email.place, "not an e-mail address; write it like `ada@example.org`");
        }
        let text = |key: &str| node.text_at(key).unwrap_or_default().to_owned();
        let user = User {
            name: node.text_at("name").unwrap_or(&key.name).to_owned(),
            email: text("email"),
            slack: text("slack"),
            zone: read_zone(check, Some(node)).unwrap_or_else(|| zone.to_owned()),
            active: node.get("active").and_then(Node::boolean).unwrap_or(true),
        };
        users.insert(key.name.clone(), user);
    }
    users
}

/// The mail addresses of active users, in lower case.
pub(super) fn addresses(root: &Node) -> Vec<String> {
    let users = root.get("users").map(Node::entries).unwrap_or_default().iter();
    let active = users
        .map(|(_, user)| user)
        .filter(|user| user.get("active").and_then(Node::boolean).unwrap_or(true));
    active.filter_map(|user| Some(user.text_at("email")?.to_lowercase())).collect()
}

/// Reads the receiver that a team or the admins have.
pub(super) fn read_receiver(
    check: &mut Check,
    node: &Node,
    receivers: &BTreeSet<String>,
) -> Option<String> {
    let receiver = node.get("receiver")?;
    let name = receiver.text()?;
    if !receivers.contains(name) {
        missing(check, receiver.place, "receiver", name, receivers);
    }
    Some(name.to_owned())
}

/// Reads `tokens`; only their hashes are kept.
pub(super) fn read_tokens(check: &mut Check, root: &Node) -> Vec<ApiToken> {
    let mut tokens = Vec::new();
    let mut places: BTreeMap<String, Place> = BTreeMap::new();
    for node in root.get("tokens").map(Node::items).unwrap_or_default() {
        let Some(name) = node.text_at("name").filter(|name| !name.is_empty()) else {
            check.error(node.place, "a token needs a `name`; the audit shows it");
            continue;
        };
        if let Some(first) = places.insert(name.to_owned(), node.place) {
            let first = check.whereabouts(first);
            check.error(node.place, format!("token `{name}` is at {first} already; rename one"));
        }
        let scopes: BTreeSet<Scope> = node
            .texts_at("scopes")
            .iter()
            .filter_map(|word| {
                [Scope::Read, Scope::Operate, Scope::Admin]
                    .into_iter()
                    .find(|scope| scope.name() == word)
            })
            .collect();
        if scopes.is_empty() {
            check.error(node.place, "a token needs `scopes`: some of `read`, `operate`, `admin`");
        }
        if let Some(sha256) = token_hash(check, node) {
            tokens.push(ApiToken { name: name.to_owned(), sha256, scopes });
        }
    }
    tokens
}

fn token_hash(check: &mut Check, node: &Node) -> Option<[u8; 32]> {
    if let Some(given) = node.get("sha256") {
        let hash = given.text().and_then(from_hex);
        if hash.is_none() {
            check.error(given.place, "expected 64 hexadecimal digits, as `sha256sum` prints them");
        }
        return hash;
    }
    let given = ["token", "token_file"].into_iter().any(|key| node.get(key).is_some());
    if !given {
        check.error(node.place, "write a `token_file`, a `token` or its `sha256`");
    }
    let token = check.own_secret(node, "token")?;
    if token.reveal().is_empty() {
        check.error(node.place, "the token is empty; everybody could use it");
        return None;
    }
    Some(Sha256::digest(token.reveal().as_bytes()).into())
}

fn from_hex(text: &str) -> Option<[u8; 32]> {
    let mut hash = [0; 32];
    if text.len() != 64 || !text.is_ascii() {
        return None;
    }
    for (i, byte) in hash.iter_mut().enumerate() {
        *byte = u8::from_str_radix(text.get(2 * i..2 * i + 2)?, 16).ok()?;
    }
    Some(hash)
}

fn scale(check: &mut Check, node: &Node, key: &str) -> Option<Impact> {
    let value = node.get(key)?;
    match Impact::new(i64::try_from(value.whole()?).unwrap_or(i64::MAX)) {
        Ok(impact) => Some(impact),
        Err(error) => {
            check.error(value.place, error.to_string());
            None
        }
    }
}

fn names(root: &Node, key: &str) -> BTreeSet<String> {
    let entries = root.get(key).map(Node::entries).unwrap_or_default();
    entries.iter().map(|(key, _)| key.name.clone()).collect()
}

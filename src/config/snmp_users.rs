//! `sources.NAME.users` of SNMP: who sends traps of version 3, and with which keys.

use super::check::Check;
use super::node::Node;
use crate::domain::event::adapter::kind::snmp::{Algorithm, Cipher, User};
use crate::domain::value::Secret;

/// Users of one source. The keys of each are made when the configuration is read, which takes some
/// milliseconds.
const USERS_MAX: usize = 200;
/// The shortest password (RFC 3414, 11.2).
const PASSWORD_BYTES_MIN: usize = 8;
/// The longest name (RFC 3414, 2.4).
const NAME_BYTES_MAX: usize = 32;

/// Reads `users`.
pub(super) fn read(check: &mut Check, node: &Node) -> Vec<User> {
    let Some(list) = node.get("users") else { return Vec::new() };
    if list.items().len() > USERS_MAX {
        check.error(list.place, format!("more than {USERS_MAX} users for one source"));
    }
    list.items().iter().take(USERS_MAX).filter_map(|item| user(check, item)).collect()
}

fn user(check: &mut Check, item: &Node) -> Option<User> {
    let name = item.text_at("name").filter(|name| (1..=NAME_BYTES_MAX).contains(&name.len()));
    if name.is_none() {
        check.error(item.place, "a user needs a `name` of up to 32 bytes");
    }
    let Some(auth) = item.get("auth") else {
        check.error(item.place, "a user needs `auth`; what is not signed is not taken");
        return None;
    };
    let algorithm = auth.text_at("algorithm").map_or(Some(Algorithm::Sha1), Algorithm::named);
    let signing = password(check, auth);
    let privacy = item.get("privacy").map(|node| {
        let cipher = node.text_at("algorithm").map_or(Some(Cipher::Aes128), Cipher::named);
        cipher.zip(password(check, node))
    });
    let cipher = privacy.as_ref().and_then(Option::as_ref).map(|(cipher, _)| *cipher);
    if algorithm.is_some_and(Algorithm::is_weak) || cipher.is_some_and(Cipher::is_weak) {
        check.warn(item.place, "`md5` and `des` are weak: only for who can do nothing else");
    }
    let engine = item.get("engine_id").map(|node| {
        let engine = node.text().and_then(engine);
        if engine.is_none() {
            check.error(node.place, "not an engine; write 5 to 32 bytes like `80001f8804726f7574`");
        }
        engine
    });
    let privacy = match privacy {
        Some(privacy) => Some(privacy?),
        None => None,
    };
    let privacy = privacy.as_ref().map(|(cipher, password)| (*cipher, password.reveal()));
    let mut user = User::new(name?, algorithm?, signing?.reveal(), privacy);
    user.engine = engine.flatten();
    Some(user)
}

fn password(check: &mut Check, node: &Node) -> Option<Secret> {
    let password = check.own_secret(node, "password");
    if node.get("password").or(node.get("password_file")).is_none() {
        check.error(node.place, "write a `password_file` or a `password`");
    }
    let password = password?;
    if password.reveal().len() < PASSWORD_BYTES_MIN {
        check.error(node.place, format!("`password` must have {PASSWORD_BYTES_MIN} signs or more"));
        return None;
    }
    Some(password)
}

/// Bytes in hexadecimal, with or without `0x` (RFC 3411, `SnmpEngineID`).
fn engine(text: &str) -> Option<Vec<u8>> {
    let text = text.strip_prefix("0x").unwrap_or(text);
    let digits: Option<Vec<u32>> = text.chars().map(|digit| digit.to_digit(16)).collect();
    let digits = digits.filter(|digits| digits.len() % 2 == 0)?;
    let bytes: Vec<u8> = digits
        .chunks_exact(2)
        .filter_map(|pair| u8::try_from(pair[0] << 4 | pair[1]).ok())
        .collect();
    (5..=32).contains(&bytes.len()).then_some(bytes)
}

//! Names and passwords at the door (RFC 7617), held against bcrypt hashes.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use axum::http::{HeaderMap, header};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

use crate::domain::value::Secret;

/// Answers that are remembered. A hash takes a tenth of a second, and clients come again and again.
const ANSWERS_MAX: usize = 100;

/// Who was let in and who was not.
#[derive(Debug, Default)]
pub(super) struct Users {
    /// By a digest of name, hash and password; the newest stands last.
    answers: Mutex<Vec<([u8; 32], bool)>>,
    /// One hash at a time, so that guessing cannot take all of the machine.
    one: tokio::sync::Mutex<()>,
}

impl Users {
    /// Tells whether a request comes from one of these users.
    pub(super) async fn know(&self, users: &BTreeMap<String, Secret>, headers: &HeaderMap) -> bool {
        let Some((name, password)) = shown(headers) else { return false };
        let known = users.get(&name);
        // A stranger takes as long as anybody else, so that names cannot be found out.
        let Some(hash) = known.or(users.values().next()) else { return false };
        let key = digest(&[name.as_bytes(), hash.reveal().as_bytes(), &password]);
        if let Some(answer) = self.remembered(&key) {
            return answer;
        }
        let _turn = self.one.lock().await;
        if let Some(answer) = self.remembered(&key) {
            return answer;
        }
        let (hash, is_known) = (hash.clone(), known.is_some());
        let fits = move || bcrypt::verify(&password, hash.reveal()).unwrap_or(false);
        let answer = tokio::task::spawn_blocking(fits).await.unwrap_or(false) && is_known;
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        if answers.len() >= ANSWERS_MAX {
            answers.remove(0);
        }
        answers.push((key, answer));
        answer
    }

    fn remembered(&self, key: &[u8; 32]) -> Option<bool> {
        let answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        answers.iter().find(|(known, _)| known == key).map(|(_, answer)| *answer)
    }
}

/// The name and password of a request. A token for the API may stand in a header of its own beside.
fn shown(headers: &HeaderMap) -> Option<(String, Vec<u8>)> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let encoded = values.find_map(|value| {
        let (scheme, rest) = value.to_str().ok()?.split_once(' ')?;
        scheme.eq_ignore_ascii_case("basic").then(|| rest.trim())
    })?;
    let decoded = STANDARD.decode(encoded).ok()?;
    let colon = decoded.iter().position(|byte| *byte == b':')?;
    let name = String::from_utf8(decoded[..colon].to_vec()).ok()?;
    Some((name, decoded[colon + 1..].to_vec()))
}

fn digest(parts: &[&[u8]]) -> [u8; 32] {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update((part.len() as u64).to_be_bytes());
        hasher.update(part);
    }
    hasher.finalize().into()
}

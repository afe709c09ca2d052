//! UUIDs (RFC 9562): the names that Alertmanager's clients know silences by.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest, Sha256};

/// A UUID, written in lower case with four dashes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Uuid(u128);

/// Text that is no UUID.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a UUID like 6f1b7c1e-32f4-4c2b-9f0a-5d0c8e6b7a11")]
pub struct InvalidUuid(pub String);

/// Hex digits of a UUID.
const DIGITS: usize = 32;

/// Where the version stands: `4` says that the digits have no meaning.
const VERSION: (u128, u128) = (0xf << 76, 0x4 << 76);

/// Where the variant stands: `10` is RFC 9562's.
const VARIANT: (u128, u128) = (0b11 << 62, 0b10 << 62);

impl Uuid {
    /// Makes a UUID of version 4 whose digits are a SHA-256 over the parts in place of chance, so
    /// that the same input gives the same name in a replay.
    pub fn of<'a>(parts: impl IntoIterator<Item = &'a str>) -> Self {
        let mut hasher = Sha256::new();
        for part in parts {
            // The length keeps a letter from moving between two parts unnoticed.
            hasher.update(part.len().to_be_bytes());
            hasher.update(part.as_bytes());
        }
        let digest = hasher.finalize();
        let bits = digest.iter().take(DIGITS / 2);
        let number = bits.fold(0, |number: u128, byte| number << 8 | u128::from(*byte));
        let set = |number: u128, (mask, bits): (u128, u128)| number & !mask | bits;
        Self(set(set(number, VERSION), VARIANT))
    }
}

impl FromStr for Uuid {
    type Err = InvalidUuid;

    /// Reads 32 hex digits in any case; dashes may stand where they are written, or be left out.
    fn from_str(text: &str) -> Result<Self, InvalidUuid> {
        let invalid = || InvalidUuid(text.chars().take(64).collect());
        let dashed = text.len() == DIGITS + 4
            && text.char_indices().all(|(at, c)| (c == '-') == matches!(at, 8 | 13 | 18 | 23));
        let digits: String = text.chars().filter(|c| !dashed || *c != '-').collect();
        // `from_str_radix` alone would take a sign.
        if digits.len() != DIGITS || !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return Err(invalid());
        }
        u128::from_str_radix(&digits, 16).map(Self).map_err(|_| invalid())
    }
}

impl fmt::Display for Uuid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = format!("{:032x}", self.0);
        let parts = [&text[..8], &text[8..12], &text[12..16], &text[16..20], &text[20..]];
        f.write_str(&parts.join("-"))
    }
}

impl fmt::Debug for Uuid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for Uuid {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Uuid {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Option<&str>) {
        let read = text.parse::<Uuid>().map(|uuid| uuid.to_string());
        assert_eq!(read.ok().as_deref(), expected, "{text}");
    }

    #[test]
    fn uuids_are_read_as_alertmanager_reads_them() {
        let plain = Some("0af1b7c1-32f4-4c2b-9f0a-5d0c8e6b7a11");
        check("0af1b7c1-32f4-4c2b-9f0a-5d0c8e6b7a11", plain);
        check("0AF1B7C1-32F4-4C2B-9F0A-5D0C8E6B7A11", plain);
        check("0af1b7c132f44c2b9f0a5d0c8e6b7a11", plain);
        check("0af1b7c1-32f4-4c2b-9f0a-5d0c8e6b7a1", None);
        check("0af1b7c1-32f44c2b-9f0a-5d0c8e6b7a111", None);
        check("+af1b7c132f44c2b9f0a5d0c8e6b7a11", None);
        check("éaf1b7c132f44c2b9f0a5d0c8e6b7a1", None);
        check("", None);
    }

    #[test]
    fn the_same_parts_give_the_same_name_of_version_4() {
        let uuid = Uuid::of(["SIL-1", "alertname"]);
        assert_eq!(uuid, Uuid::of(["SIL-1", "alertname"]));
        assert_ne!(uuid, Uuid::of(["SIL-1a", "lertname"]));
        let text = uuid.to_string();
        assert_eq!(&text[14..15], "4", "{text}");
        assert!(matches!(&text[19..20], "8" | "9" | "a" | "b"), "{text}");
        assert_eq!(text.parse(), Ok(uuid));
    }
}

//! Users of SNMP version 3 (RFC 3414): keys from passwords, signatures with MD5 and SHA-1 (RFC 3414,
//! 6 and 7) and SHA-2 (RFC 7860).

use std::cell::OnceCell;
use std::fmt;

use hmac::digest::Digest;
use hmac::{Hmac, Mac};
use md5::Md5;
use sha1::Sha1;
use sha2::{Sha224, Sha256, Sha384, Sha512};

use super::privacy::{Cipher, Key, Moment};

/// What a password is drawn out to before it is hashed (RFC 3414, A.2).
const DRAWN_OUT_BYTES: usize = 1 << 20;

/// How a user signs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Algorithm {
    /// HMAC-MD5-96 (RFC 3414, 6): weak. For devices that know nothing else.
    Md5,
    /// HMAC-SHA-96 (RFC 3414, 7).
    Sha1,
    /// HMAC-SHA-224 with 128 bits (RFC 7860).
    Sha224,
    /// HMAC-SHA-256 with 192 bits.
    Sha256,
    /// HMAC-SHA-384 with 256 bits.
    Sha384,
    /// HMAC-SHA-512 with 384 bits.
    Sha512,
}

/// Does the same with whichever hash function an algorithm has.
macro_rules! with_hash {
    ($algorithm:expr, $hash:ident => $then:expr) => {
        match $algorithm {
            Algorithm::Md5 => {
                type $hash = Md5;
                $then
            }
            Algorithm::Sha1 => {
                type $hash = Sha1;
                $then
            }
            Algorithm::Sha224 => {
                type $hash = Sha224;
                $then
            }
            Algorithm::Sha256 => {
                type $hash = Sha256;
                $then
            }
            Algorithm::Sha384 => {
                type $hash = Sha384;
                $then
            }
            Algorithm::Sha512 => {
                type $hash = Sha512;
                $then
            }
        }
    };
}

impl Algorithm {
    /// The words in the configuration.
    pub const WORDS: &[&str] = &["md5", "sha1", "sha224", "sha256", "sha384", "sha512"];

    /// The algorithm of that word.
    pub fn named(word: &str) -> Option<Self> {
        let all = [Self::Md5, Self::Sha1, Self::Sha224, Self::Sha256, Self::Sha384, Self::Sha512];
        Self::WORDS.iter().zip(all).find(|(known, _)| **known == word).map(|(_, it)| it)
    }

    /// Whether nobody should choose it who has a choice.
    pub fn is_weak(self) -> bool {
        self == Self::Md5
    }

    /// Bytes of a signature.
    pub(super) fn signature_bytes(self) -> usize {
        match self {
            Self::Md5 | Self::Sha1 => 12,
            Self::Sha224 => 16,
            Self::Sha256 => 24,
            Self::Sha384 => 32,
            Self::Sha512 => 48,
        }
    }

    /// A password as a key of no engine (RFC 3414, A.2.2).
    pub(super) fn key(self, password: &[u8]) -> Vec<u8> {
        with_hash!(self, H => {
            let mut hash = H::new();
            let mut left = if password.is_empty() { 0 } else { DRAWN_OUT_BYTES };
            while left > 0 {
                let part = &password[..left.min(password.len())];
                hash.update(part);
                left -= part.len();
            }
            hash.finalize().to_vec()
        })
    }

    pub(super) fn hash(self, bytes: &[u8]) -> Vec<u8> {
        with_hash!(self, H => H::digest(bytes).to_vec())
    }

    /// A key as the one of an engine (RFC 3414, 2.6).
    pub(super) fn localised(self, key: &[u8], engine: &[u8]) -> Vec<u8> {
        with_hash!(self, H => {
            H::new().chain_update(key).chain_update(engine).chain_update(key).finalize().to_vec()
        })
    }

    fn signature(self, key: &[u8], message: &[u8]) -> Vec<u8> {
        let mut full = with_hash!(self, H => {
            // A key of any length will do for an HMAC (RFC 2104, 3).
            Hmac::<H>::new_from_slice(key).map_or_else(
                |_| Vec::new(),
                |mac| mac.chain_update(message).finalize().into_bytes().to_vec(),
            )
        });
        full.truncate(self.signature_bytes());
        full
    }

    fn is_signature(self, key: &[u8], message: &[u8], signature: &[u8]) -> bool {
        signature.len() == self.signature_bytes()
            && with_hash!(self, H => {
                Hmac::<H>::new_from_slice(key).is_ok_and(|mac| {
                    mac.chain_update(message).verify_truncated_left(signature).is_ok()
                })
            })
    }
}

/// Somebody who sends traps of version 3.
#[derive(Clone)]
pub struct User {
    /// The name in the messages.
    pub name: String,
    /// The engine that its traps come from; any where nothing is said.
    pub engine: Option<Vec<u8>>,
    algorithm: Algorithm,
    signing: Vec<u8>,
    privacy: Option<(Cipher, Vec<u8>)>,
}

impl fmt::Debug for User {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("User").field(&self.name).finish()
    }
}

impl User {
    /// A user with these passwords; with one for privacy, what is not encrypted is not taken.
    pub fn new(
        name: &str,
        algorithm: Algorithm,
        password: &str,
        privacy: Option<(Cipher, &str)>,
    ) -> Self {
        Self {
            name: name.to_owned(),
            engine: None,
            algorithm,
            signing: algorithm.key(password.as_bytes()),
            privacy: privacy.map(|(cipher, password)| (cipher, algorithm.key(password.as_bytes()))),
        }
    }

    /// The keys with an engine.
    pub(super) fn keys(&self, engine: &[u8]) -> Keys {
        let privacy = self.privacy.as_ref().map(|(cipher, key)| Unmade {
            cipher: *cipher,
            algorithm: self.algorithm,
            key: key.clone(),
            engine: engine.to_vec(),
        });
        Keys {
            algorithm: self.algorithm,
            signing: self.algorithm.localised(&self.signing, engine),
            privacy,
            made: OnceCell::new(),
        }
    }
}

/// The keys of a user with one engine.
pub(super) struct Keys {
    pub(super) algorithm: Algorithm,
    signing: Vec<u8>,
    privacy: Option<Unmade>,
    made: OnceCell<Key>,
}

/// What a key for privacy is made of. Some take a megabyte of hashing: nobody gets one made whose
/// signature has not been looked at.
struct Unmade {
    cipher: Cipher,
    algorithm: Algorithm,
    key: Vec<u8>,
    engine: Vec<u8>,
}

impl Keys {
    pub(super) fn is_private(&self) -> bool {
        self.privacy.is_some()
    }

    pub(super) fn sign(&self, message: &[u8]) -> Vec<u8> {
        self.algorithm.signature(&self.signing, message)
    }

    /// Whether a signature is that of a message in which zeros stand in its place.
    pub(super) fn has_signed(&self, message: &[u8], signature: &[u8]) -> bool {
        self.algorithm.is_signature(&self.signing, message, signature)
    }

    /// Decrypts in place; nothing where it is no text of the user's cipher.
    pub(super) fn decrypt(&self, moment: Moment, text: &mut [u8]) -> Option<()> {
        self.privacy()?.decrypt(moment, text)
    }

    /// Encrypts our `number`th message in place, and says with which salt.
    pub(super) fn encrypt(
        &self,
        (boots, time): (u32, u32),
        number: u64,
        text: &mut Vec<u8>,
    ) -> Vec<u8> {
        let Some(key) = self.privacy() else { return Vec::new() };
        let salt = key.salt(boots, self.first_salt(boots).wrapping_add(number));
        key.encrypt(Moment { boots, time, salt }, text);
        salt.to_vec()
    }

    /// Where the salts of a run begin: no sender that counts its own from 0 comes near.
    fn privacy(&self) -> Option<&Key> {
        let Unmade { cipher, algorithm, key, engine } = self.privacy.as_ref()?;
        Some(self.made.get_or_init(|| cipher.key(*algorithm, key, engine)))
    }

    fn first_salt(&self, boots: u32) -> u64 {
        let sign = self.algorithm.signature(&self.signing, &boots.to_be_bytes());
        sign.iter().take(8).fold(0, |salt, byte| salt << 8 | u64::from(*byte))
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in super::super) fn hex(bytes: &[u8]) -> String {
        use std::fmt::Write as _;
        bytes.iter().fold(String::new(), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        })
    }

    /// RFC 3414, A.3.1 and A.3.2.
    #[test]
    fn a_password_becomes_the_key_of_an_engine() {
        let engine = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2];
        let check = |algorithm: Algorithm, expected: &str, localised: &str| {
            let key = algorithm.key(b"maplesyrup");
            assert_eq!(hex(&key), expected);
            assert_eq!(hex(&algorithm.localised(&key, &engine)), localised);
        };
        check(
            Algorithm::Md5,
            "9faf3283884e92834ebc9847d8edd963",
            "526f5eed9fcce26f8964c2930787d82b",
        );
        check(
            Algorithm::Sha1,
            "9fb5cc0381497b3793528939ff788d5d79145211",
            "6695febc9288e36282235fc7151f128497b38f3f",
        );
    }

    /// RFC 7860 takes the lengths of RFC 4231's signatures of test case 1 from the left.
    #[test]
    fn a_signature_is_the_start_of_the_hmac() {
        let key = [0x0b; 20];
        // RFC 2202 has a shorter key for MD5.
        let md5 = Algorithm::Md5.signature(&[0x0b; 16], b"Hi There");
        assert_eq!(hex(&md5), "9294727a3638bb1c13f48ef8");
        for (algorithm, signature) in [
            (Algorithm::Sha1, "b617318655057264e28bc0b6"),
            (Algorithm::Sha224, "896fb1128abbdf196832107cd49df33f"),
            (Algorithm::Sha256, "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da7"),
        ] {
            let signed = algorithm.signature(&key, b"Hi There");
            assert_eq!(hex(&signed), signature);
            assert!(algorithm.is_signature(&key, b"Hi There", &signed));
            assert!(!algorithm.is_signature(&key, b"Hi there", &signed));
            assert!(!algorithm.is_signature(&key, b"Hi There", &signed[..8]));
            assert!(!algorithm.is_signature(&key, b"Hi There", &[]));
        }
    }
}

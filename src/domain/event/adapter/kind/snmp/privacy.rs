//! How messages of SNMP version 3 are encrypted: DES (RFC 3414, 8), AES-128 (RFC 3826), and the
//! longer keys of AES that no RFC has: those of draft-blumenthal-aes-usm-04, and those that Cisco
//! and others make after draft-reeder-snmpv3-usm-3desede.

use aes::{Aes128, Aes192, Aes256};
use cbc::cipher::block_padding::NoPadding;
use cbc::cipher::{AsyncStreamCipher, BlockDecryptMut, BlockEncryptMut, KeyIvInit};
use des::Des;

use super::usm::Algorithm;

/// The block of DES, and every salt.
const SALT_BYTES: usize = 8;
/// The initial vector of AES.
const VECTOR_BYTES: usize = 16;
/// The longest key.
const KEY_BYTES_MAX: usize = 32;

/// How a user encrypts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cipher {
    /// CBC-DES: weak, its keys are found within a day. For devices that know nothing else.
    Des,
    /// CFB128-AES-128.
    Aes128,
    /// AES-192 with Blumenthal's longer key.
    Aes192,
    /// AES-256 with Blumenthal's longer key.
    Aes256,
    /// AES-192 with Reeder's longer key.
    Aes192Cisco,
    /// AES-256 with Reeder's longer key.
    Aes256Cisco,
}

/// The words in the configuration, some as net-snmp has them.
const NAMES: &[(&str, Cipher)] = &[
    ("aes", Cipher::Aes128),
    ("aes128", Cipher::Aes128),
    ("aes192", Cipher::Aes192),
    ("aes256", Cipher::Aes256),
    ("aes192c", Cipher::Aes192Cisco),
    ("aes256c", Cipher::Aes256Cisco),
    ("des", Cipher::Des),
];

impl Cipher {
    /// The words in the configuration.
    pub const WORDS: &[&str] = &["aes", "aes128", "aes192", "aes256", "aes192c", "aes256c", "des"];

    /// The cipher of that word.
    pub fn named(word: &str) -> Option<Self> {
        NAMES.iter().find(|(known, _)| *known == word).map(|(_, cipher)| *cipher)
    }

    /// Whether what it hides is no longer hidden from who wants to know it.
    pub fn is_weak(self) -> bool {
        self == Self::Des
    }

    fn key_bytes(self) -> usize {
        match self {
            // The second half is what the initial vector is made of.
            Self::Des | Self::Aes128 => 16,
            Self::Aes192 | Self::Aes192Cisco => 24,
            Self::Aes256 | Self::Aes256Cisco => 32,
        }
    }

    /// The key with an engine. `key` is the password's, of no engine.
    pub(super) fn key(self, algorithm: Algorithm, key: &[u8], engine: &[u8]) -> Key {
        let mut long = algorithm.localised(key, engine);
        // The shortest hash has 16 bytes, so that this ends after one round.
        while long.len() < self.key_bytes() {
            let more = if matches!(self, Self::Aes192Cisco | Self::Aes256Cisco) {
                // The key so far is drawn out like a password.
                algorithm.localised(&algorithm.key(&long), engine)
            } else {
                algorithm.hash(&long)
            };
            long.extend(more);
        }
        let mut bytes = [0; KEY_BYTES_MAX];
        bytes.iter_mut().zip(long).take(self.key_bytes()).for_each(|(to, from)| *to = from);
        Key { cipher: self, bytes }
    }
}

/// A key with one engine.
pub(super) struct Key {
    cipher: Cipher,
    /// As many of them as the cipher has.
    bytes: [u8; KEY_BYTES_MAX],
}

/// What a message is encrypted with, beside the key.
#[derive(Debug, Clone, Copy)]
pub(super) struct Moment {
    pub(super) boots: u32,
    pub(super) time: u32,
    pub(super) salt: [u8; SALT_BYTES],
}

/// Does the same with whichever AES a cipher is.
macro_rules! with_aes {
    ($key:expr, $direction:ident, $vector:expr, $work:ident, $text:expr) => {
        match $key.cipher {
            Cipher::Des => {}
            Cipher::Aes128 => {
                cfb_mode::$direction::<Aes128>::new($key.array().into(), $vector).$work($text)
            }
            Cipher::Aes192 | Cipher::Aes192Cisco => {
                cfb_mode::$direction::<Aes192>::new($key.array().into(), $vector).$work($text)
            }
            Cipher::Aes256 | Cipher::Aes256Cisco => {
                cfb_mode::$direction::<Aes256>::new($key.array().into(), $vector).$work($text)
            }
        }
    };
}

impl Key {
    /// Decrypts in place, or says nothing where it is no text of this cipher. Behind what DES has
    /// decrypted there may be some bytes that mean nothing.
    pub(super) fn decrypt(&self, moment: Moment, text: &mut [u8]) -> Option<()> {
        if self.cipher == Cipher::Des {
            let (key, vector) = self.des(moment.salt);
            let cipher = cbc::Decryptor::<Des>::new(&key.into(), &vector.into());
            return cipher.decrypt_padded_mut::<NoPadding>(text).ok().map(|_| ());
        }
        with_aes!(self, Decryptor, &vector(moment).into(), decrypt, text);
        Some(())
    }

    /// Encrypts in place; for DES the text grows to whole blocks.
    pub(super) fn encrypt(&self, moment: Moment, text: &mut Vec<u8>) {
        if self.cipher == Cipher::Des {
            text.resize(text.len().next_multiple_of(SALT_BYTES), 0);
            let (key, vector) = self.des(moment.salt);
            let length = text.len();
            // Whole blocks need no room for padding.
            let _ = cbc::Encryptor::<Des>::new(&key.into(), &vector.into())
                .encrypt_padded_mut::<NoPadding>(text, length);
            return;
        }
        with_aes!(self, Encryptor, &vector(moment).into(), encrypt, text);
    }

    /// The salt of our `number`th message: with DES its first half is how often we have begun
    /// (RFC 3414, 8.1.1.1).
    pub(super) fn salt(&self, boots: u32, number: u64) -> [u8; SALT_BYTES] {
        let mut salt = number.to_be_bytes();
        if self.cipher == Cipher::Des {
            salt[..4].copy_from_slice(&boots.to_be_bytes());
        }
        salt
    }

    /// The key of DES, and its initial vector with a salt (RFC 3414, 8.1.1.1).
    fn des(&self, salt: [u8; SALT_BYTES]) -> ([u8; SALT_BYTES], [u8; SALT_BYTES]) {
        let mut vector = salt;
        vector.iter_mut().zip(&self.bytes[SALT_BYTES..]).for_each(|(byte, pre)| *byte ^= pre);
        (*self.array(), vector)
    }

    /// The first bytes of the key, as many as a cipher wants.
    fn array<const BYTES: usize>(&self) -> &[u8; BYTES] {
        self.bytes.first_chunk().expect("no cipher has a longer key than there is room for")
    }
}

/// RFC 3826, 3.1.2.1.
fn vector(moment: Moment) -> [u8; VECTOR_BYTES] {
    let mut vector = [0; VECTOR_BYTES];
    vector[..4].copy_from_slice(&moment.boots.to_be_bytes());
    vector[4..8].copy_from_slice(&moment.time.to_be_bytes());
    vector[8..].copy_from_slice(&moment.salt);
    vector
}

#[cfg(test)]
mod tests {
    use super::super::usm::tests::hex;
    use super::*;

    const MOMENT: Moment = Moment { boots: 1, time: 2, salt: [3; SALT_BYTES] };

    #[test]
    fn every_word_names_a_cipher() {
        let named: Vec<&str> = NAMES.iter().map(|(word, _)| *word).collect();
        assert_eq!(named, Cipher::WORDS);
    }

    /// The engine and the passwords are those of RFC 3414, A.3; the first bytes are its keys.
    #[test]
    fn a_short_key_is_drawn_out_as_each_draft_has_it() {
        let engine = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2];
        let check = |algorithm: Algorithm, cipher: Cipher, expected: &str| {
            let key = cipher.key(algorithm, &algorithm.key(b"maplesyrup"), &engine);
            assert_eq!(hex(&key.bytes[..cipher.key_bytes()]), expected, "{algorithm:?} {cipher:?}");
        };
        let md5 = "526f5eed9fcce26f8964c2930787d82b";
        let sha = "6695febc9288e36282235fc7151f128497b38f3f";
        check(Algorithm::Md5, Cipher::Des, md5);
        check(Algorithm::Md5, Cipher::Aes128, md5);
        check(Algorithm::Sha1, Cipher::Aes128, &sha[..32]);
        for (algorithm, start, cipher, rest) in [
            (Algorithm::Md5, md5, Cipher::Aes256, MD5_BLUMENTHAL),
            (Algorithm::Md5, md5, Cipher::Aes256Cisco, MD5_REEDER),
            (Algorithm::Md5, md5, Cipher::Aes192, &MD5_BLUMENTHAL[..16]),
            (Algorithm::Md5, md5, Cipher::Aes192Cisco, &MD5_REEDER[..16]),
            (Algorithm::Sha1, sha, Cipher::Aes256, SHA_BLUMENTHAL),
            (Algorithm::Sha1, sha, Cipher::Aes256Cisco, SHA_REEDER),
        ] {
            check(algorithm, cipher, &format!("{start}{rest}"));
        }
    }

    /// Computed from the definitions by other means.
    const MD5_BLUMENTHAL: &str = "fa24a92467426c2f4b09192be10dfaec";
    const MD5_REEDER: &str = "79eff44a90650ee0a3a40abfac5acc12";
    const SHA_BLUMENTHAL: &str = "505e07eb9af25568fa1f5dbe";
    const SHA_REEDER: &str = "9b8b6d78936ba6e7d19dfd9c";

    #[test]
    fn what_was_encrypted_is_read_again() {
        for (_, cipher) in NAMES {
            for length in [1, 8, 20, 64] {
                let key = cipher.key(Algorithm::Sha1, &Algorithm::Sha1.key(b"maplesyrup"), b"e");
                let plain: Vec<u8> = (0..length).collect();
                let mut text = plain.clone();
                key.encrypt(MOMENT, &mut text);
                assert_ne!(text, plain, "{cipher:?}");
                key.decrypt(MOMENT, &mut text).unwrap();
                assert_eq!(&text[..plain.len()], plain, "{cipher:?}");
                assert!(text.len() - plain.len() < 8, "{cipher:?}");
            }
        }
    }

    #[test]
    fn what_is_no_whole_number_of_blocks_is_no_text_of_des() {
        let key = Cipher::Des.key(Algorithm::Md5, &Algorithm::Md5.key(b"maplesyrup"), b"e");
        assert_eq!(key.decrypt(MOMENT, &mut [0; 12]), None);
        assert_eq!(key.decrypt(MOMENT, &mut [0; 16]), Some(()));
        assert_eq!(key.salt(9, 1), [0, 0, 0, 9, 0, 0, 0, 1]);
    }
}

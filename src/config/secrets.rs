//! Secrets: written down, looked up in the environment, or read from files of their own.

use std::fs;

use super::check::Check;
use super::node::Node;
use crate::domain::notification::receiver::SecretSource;
use crate::domain::value::Secret;

/// A secret is a line, not a document.
const SECRET_BYTES_MAX: u64 = 64 << 10;

impl Check<'_> {
    /// The secret under a key of Alertmanager's, or in the file that `<key>_file` names.
    ///
    /// Alertmanager reads such files when it sends, so a missing one is a warning.
    pub(super) fn secret(&mut self, node: &Node, key: &str) -> Option<Secret> {
        let file = self.secret_file(node, key);
        if let Some(text) = node.text_at(key) {
            return Some(Secret::new(text));
        }
        match self.read_secret(file?.text()?) {
            Ok(text) => Some(Secret::new(text)),
            Err(why) => {
                self.warn(file?.place, why);
                Some(Secret::default())
            }
        }
    }

    /// The secret under a key of Alertmanager's, or the file that `<key>_file` names, which is read
    /// with every attempt.
    pub(super) fn secret_source(&mut self, node: &Node, key: &str) -> Option<SecretSource> {
        let file = self.secret_file(node, key);
        if let Some(text) = node.text_at(key) {
            return Some(Secret::new(text).into());
        }
        self.file_source(file?)
    }

    /// A file that is read with every attempt. A missing one is a warning, because it may come yet.
    pub(super) fn file_source(&mut self, file: &Node) -> Option<SecretSource> {
        let name = file.text().filter(|name| !name.is_empty())?;
        let path = self.base.join(name);
        if let Err(error) = fs::File::open(&path) {
            let why = format!("cannot read the file `{name}`: {error}; it is tried again to send");
            self.warn(file.place, why);
        }
        Some(SecretSource::File(path.to_string_lossy().into_owned()))
    }

    /// The secret under a key of ours (`${NAME}` is looked up in the environment), or in the file
    /// that `<key>_file` names.
    pub(super) fn own_secret(&mut self, node: &Node, key: &str) -> Option<Secret> {
        let file = self.secret_file(node, key);
        if let Some(plain) = node.get(key) {
            return self.expand(plain).map(Secret::new);
        }
        match self.read_secret(file?.text()?) {
            Ok(text) if text.is_empty() => {
                self.error(file?.place, "the file is empty; write the secret into it");
                None
            }
            Ok(text) => Some(Secret::new(text)),
            Err(why) => {
                self.error(file?.place, why);
                None
            }
        }
    }

    /// Puts environment variables in the place of `${NAME}`.
    pub(super) fn expand(&mut self, node: &Node) -> Option<String> {
        let mut rest = node.text()?;
        let mut text = String::new();
        while let Some(at) = rest.find("${") {
            text.push_str(&rest[..at]);
            let Some(length) = rest[at..].find('}') else {
                self.error(node.place, "`${` without `}`; write `${NAME}`");
                return None;
            };
            let name = &rest[at + 2..at + length];
            let Some(value) = (self.env)(name) else {
                let why = format!("the environment has no `{name}`; set it or use a `_file` key");
                self.error(node.place, why);
                return None;
            };
            text.push_str(&value);
            rest = &rest[at + length + 1..];
        }
        text.push_str(rest);
        Some(text)
    }

    fn secret_file<'n>(&mut self, node: &'n Node, key: &str) -> Option<&'n Node> {
        let file_key = format!("{key}_file");
        let file = node.get(&file_key)?;
        if let Some(plain) = node.get(key) {
            let place = file.place.max(plain.place);
            self.error(place, format!("`{key}` and `{file_key}` exclude each other; keep one"));
        }
        Some(file)
    }

    fn read_secret(&self, name: &str) -> Result<String, String> {
        let path = self.base.join(name);
        let told = |why: &str| format!("cannot read the secret file `{name}`: {why}");
        let length = fs::metadata(&path).map_err(|error| told(&error.to_string()))?.len();
        if length > SECRET_BYTES_MAX {
            return Err(told("it is larger than 64 KiB"));
        }
        let text = fs::read_to_string(&path).map_err(|error| told(&error.to_string()))?;
        Ok(text.trim().to_owned())
    }
}

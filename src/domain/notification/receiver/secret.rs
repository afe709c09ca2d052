//! Secrets that depend on what they are sent about.

use std::fmt;

use crate::domain::template::Template;

/// A secret that may hold template actions, such as a key for each team. Prints as `<secret>`.
#[derive(Clone)]
pub struct SecretTemplate(Template);

impl SecretTemplate {
    /// Takes the template in.
    pub fn new(template: Template) -> Self {
        Self(template)
    }

    /// The template itself, for the one place that renders it.
    pub fn reveal(&self) -> &Template {
        &self.0
    }
}

impl fmt::Debug for SecretTemplate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<secret>")
    }
}

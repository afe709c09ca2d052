//! Go's text/template and html/template, as far as Alertmanager's messages use them.

use super::value::Timestamp;

mod value;

pub use value::Value;

/// A compiled template.
#[derive(Debug, Clone)]
pub struct Template {
    text: String,
}

/// Named templates that others can call: the defaults, and the files of `templates:`.
#[derive(Debug, Clone, Default)]
pub struct Library {}

/// A template that does not parse, or fails while it is rendered.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{name}:{line}:{column}: {why}")]
pub struct TemplateError {
    /// The template's name.
    pub name: String,
    /// The line, counted from 1.
    pub line: usize,
    /// The column in characters, counted from 1.
    pub column: usize,
    /// What is wrong.
    pub why: String,
}

impl Library {
    /// The built-in templates: `slack.default.title`, `email.default.html` and so on.
    pub fn with_defaults() -> Self {
        Self {}
    }

    /// Reads a file of `{{ define }}`s. A later definition replaces an earlier one.
    ///
    /// # Errors
    /// When the file does not parse.
    pub fn add(&mut self, _name: &str, _text: &str) -> Result<(), TemplateError> {
        Ok(())
    }

    /// Compiles a field's text, which may call the library's templates.
    ///
    /// # Errors
    /// When it does not parse, or calls a template or function that does not exist.
    pub fn compile(&self, name: &str, text: &str) -> Result<Template, TemplateError> {
        let _ = name;
        Ok(Template { text: text.to_owned() })
    }

    /// Renders as text/template does.
    ///
    /// # Errors
    /// When evaluation fails, or the result grows beyond its limit.
    pub fn text(
        &self,
        template: &Template,
        _: &Value,
        _: Timestamp,
    ) -> Result<String, TemplateError> {
        Ok(template.text.clone())
    }

    /// Renders as html/template does: what the data brings is escaped for where it stands.
    ///
    /// # Errors
    /// As [`Library::text`].
    pub fn html(
        &self,
        template: &Template,
        _: &Value,
        _: Timestamp,
    ) -> Result<String, TemplateError> {
        Ok(template.text.clone())
    }
}

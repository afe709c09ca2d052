//! Go's text/template and html/template, as far as Alertmanager's messages use them.
//!
//! ```text
//! text ─ lex ─▶ tokens ─ parse ─▶ nodes (ast) ─ evaluate ─▶ text, or html with values escaped
//!                                                  │
//!                                    field, function: what values have and can do
//! ```

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, LazyLock};

use super::value::Timestamp;

mod ast;
mod compare;
mod date;
mod evaluate;
mod field;
mod function;
mod html;
mod json;
mod lex;
mod limit;
mod number;
mod parse;
mod print;
#[cfg(test)]
mod tests;
mod value;

pub use value::Value;

use ast::{Definition, Node, Source, is_blank};
use evaluate::{Sink, render};
use function::{Surroundings, nearest};
use limit::Bounded;

type Definitions = BTreeMap<String, Arc<Definition>>;

/// A compiled template.
#[derive(Debug, Clone)]
pub struct Template {
    root: Arc<Definition>,
    /// What the text itself defines; it goes before the library's.
    own: Arc<Definitions>,
}

/// Named templates that others can call: the defaults, and the files of `templates:`.
#[derive(Debug, Clone)]
pub struct Library {
    definitions: Arc<Definitions>,
}

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

/// The built-in files. Parsed once; every library begins as a copy of the pointer.
static DEFAULTS: LazyLock<Arc<Definitions>> = LazyLock::new(|| {
    let files = [
        ("alertmanager.tmpl", include_str!("defaults/alertmanager.tmpl")),
        ("incident.tmpl", include_str!("defaults/incident.tmpl")),
        ("slack.tmpl", include_str!("defaults/slack.tmpl")),
        ("email.tmpl", include_str!("defaults/email.tmpl")),
        ("channels.tmpl", include_str!("defaults/channels.tmpl")),
    ];
    let mut library = Library { definitions: Arc::default() };
    for (name, text) in files {
        library.add(name, text).expect("the built-in templates parse, as their test shows");
    }
    library.definitions
});

impl Default for Library {
    fn default() -> Self {
        Self::with_defaults()
    }
}

impl Library {
    /// The built-in templates: `slack.default.title`, `email.default.html` and so on.
    pub fn with_defaults() -> Self {
        Self { definitions: Arc::clone(&DEFAULTS) }
    }

    /// Reads a file of `{{ define }}`s. A later definition replaces an earlier one, but for a blank
    /// one, which replaces nothing (as in Go). What stands outside of every `define` can be called
    /// by the file's name.
    ///
    /// # Errors
    /// When the file does not parse.
    pub fn add(&mut self, name: &str, text: &str) -> Result<(), TemplateError> {
        let (source, parsed) = read(name, text)?;
        let definitions = Arc::make_mut(&mut self.definitions);
        let file_name = name.rsplit('/').next().unwrap_or(name).to_owned();
        for (name, nodes) in parsed.definitions.into_iter().chain([(file_name, parsed.root)]) {
            let keeps = is_blank(&nodes) && definitions.contains_key(&name);
            if !keeps {
                definitions
                    .insert(name, Arc::new(Definition { source: Arc::clone(&source), nodes }));
            }
        }
        Ok(())
    }

    /// The names of all templates, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.definitions.keys().map(String::as_str)
    }

    /// Compiles a field's text, which may call the library's templates. Files are added before.
    ///
    /// # Errors
    /// When it does not parse, or calls a template or function that does not exist; also when a
    /// template that it calls does so.
    pub fn compile(&self, name: &str, text: &str) -> Result<Template, TemplateError> {
        let (source, parsed) = read(name, text)?;
        let definition =
            |nodes: Vec<Node>| Arc::new(Definition { source: Arc::clone(&source), nodes });
        let own: Definitions =
            parsed.definitions.into_iter().map(|(name, nodes)| (name, definition(nodes))).collect();
        let template = Template { root: definition(parsed.root), own: Arc::new(own) };
        self.check_calls(&template)?;
        Ok(template)
    }

    /// Follows every call from the template and looks for the one that leads nowhere.
    fn check_calls(&self, template: &Template) -> Result<(), TemplateError> {
        let mut seen: BTreeSet<&str> = BTreeSet::new();
        let mut open: Vec<&Definition> = vec![&template.root];
        while let Some(definition) = open.pop() {
            let mut calls = Vec::new();
            parse::calls(&definition.nodes, &mut calls);
            for (at, name) in calls {
                let Some(called) = self.find(template, name) else {
                    let known = template.own.keys().chain(self.definitions.keys());
                    let hint = nearest(name, known.map(String::as_str));
                    let why = format!("there is no template {name:?}{hint}");
                    return Err(definition.source.error(at, why));
                };
                if seen.insert(name) {
                    open.push(called);
                }
            }
        }
        Ok(())
    }

    fn find<'a>(&'a self, template: &'a Template, name: &str) -> Option<&'a Definition> {
        template.own.get(name).or_else(|| self.definitions.get(name)).map(|found| &**found)
    }

    /// Renders as text/template does.
    ///
    /// # Errors
    /// When evaluation fails, or the result grows beyond its limit.
    pub fn text(
        &self,
        template: &Template,
        data: &Value,
        now: Timestamp,
    ) -> Result<String, TemplateError> {
        self.render(template, Surroundings { data, now }, Sink::Text(Bounded::default()))
    }

    /// Renders as html/template does: what the data brings is escaped for where it stands.
    ///
    /// # Errors
    /// As [`Library::text`].
    pub fn html(
        &self,
        template: &Template,
        data: &Value,
        now: Timestamp,
    ) -> Result<String, TemplateError> {
        self.render(template, Surroundings { data, now }, Sink::Html(html::Page::default()))
    }

    fn render(
        &self,
        template: &Template,
        around: Surroundings<'_>,
        sink: Sink,
    ) -> Result<String, TemplateError> {
        render(&template.root, &template.own, &self.definitions, around, sink)
    }
}

fn read(name: &str, text: &str) -> Result<(Arc<Source>, parse::Parsed), TemplateError> {
    let source = Arc::new(Source { name: name.to_owned(), text: text.to_owned() });
    let parsed = parse::parse(text).map_err(|(at, why)| source.error(at, why))?;
    Ok((source, parsed))
}

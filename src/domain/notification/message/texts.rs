//! The fields of one integration as text, with the data as it stands: for providers that know no
//! markup in it.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use super::scope::Scope;
use super::{Fault, Pen, plain};
use crate::domain::notification::receiver::Tree;
use crate::domain::template::{Template, Value};

/// Renders the fields of one message.
pub(super) struct Texts<'a, 'p, 'l> {
    pub(super) scope: &'a Scope<'a>,
    pub(super) pen: &'p mut Pen<'l>,
    pub(super) value: Value,
    templates: &'a BTreeMap<&'static str, Template>,
}

impl<'a, 'p, 'l> Texts<'a, 'p, 'l> {
    pub(super) fn new(
        scope: &'a Scope<'a>,
        templates: &'a BTreeMap<&'static str, Template>,
        pen: &'p mut Pen<'l>,
    ) -> Self {
        Self { scope, pen, value: scope.value(str::to_owned), templates }
    }

    /// A field without which nobody is found.
    pub(super) fn key(&self, field: &'static str) -> Result<String, Fault> {
        let template = self.templates.get(field).ok_or(Fault::Missing { field })?;
        self.pen.key(field, template, &self.value)
    }

    /// A field that may be empty; also where its template fails.
    pub(super) fn text(&mut self, field: &'static str) -> String {
        self.or(field, |_| String::new())
    }

    /// A line that says what it is about; in plain words where its template fails or says nothing.
    pub(super) fn title(&mut self, field: &'static str, chars_max: usize) -> String {
        let title = self.or(field, plain::title);
        let title = if title.trim().is_empty() { plain::title(self.scope) } else { title };
        plain::shorten(&title, chars_max)
    }

    /// All that is to be said; in plain words where its template fails.
    pub(super) fn body(&mut self, field: &'static str, chars_max: usize) -> String {
        plain::shorten(&self.or(field, plain::text), chars_max)
    }

    /// One of the fields in a list or a map; nothing where its template fails.
    pub(super) fn one(&mut self, field: &str, template: &Template) -> Option<String> {
        self.pen.text(field, template, &self.value)
    }

    /// A tree. Where a template in it fails, the title stands: somebody may read it there.
    pub(super) fn tree(&mut self, field: &str, tree: &Tree) -> Json {
        match tree {
            Tree::Exact(value) => value.clone(),
            Tree::Text(template) => match self.one(field, template) {
                Some(text) => Tree::read(&text),
                None => plain::title(self.scope).into(),
            },
            Tree::List(items) => items.iter().map(|item| self.tree(field, item)).collect(),
            Tree::Map(entries) => {
                let mut map = serde_json::Map::new();
                for (name, value) in entries {
                    let value = self.tree(field, value);
                    if let Some(name) = self.one(field, name) {
                        map.insert(name, value);
                    }
                }
                Json::Object(map)
            }
        }
    }

    fn or(&mut self, field: &'static str, instead: fn(&Scope) -> String) -> String {
        let Some(template) = self.templates.get(field) else { return String::new() };
        match self.pen.text(field, template, &self.value) {
            Some(text) => text,
            None => instead(self.scope),
        }
    }
}

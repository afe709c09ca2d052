//! Forms: the fields of one integration as they were typed, with what `global` and the defaults say
//! where nothing was.

use std::collections::BTreeMap;

use crate::config::check::Check;
use crate::config::node::{Key, Node, Place, Yaml};
use crate::config::shape::Shape;
use crate::config::{duration, http};
use crate::domain::notification::receiver::{
    ChatField, HttpConfig, IntegrationKind, SecretTemplate, Tree,
};
use crate::domain::template::Template;
use crate::domain::value::{Secret, Span};

/// A kind of receiver: everything that the loader needs to know of it.
#[derive(Debug, Clone, Copy)]
pub(in crate::config) struct Kind {
    /// Its key in a receiver: `slack_configs`.
    pub(in crate::config) key: &'static str,
    /// A list of its fields, in Alertmanager's order.
    pub(in crate::config) shape: Shape,
    /// What Alertmanager assumes for fields that are left out.
    pub(in crate::config) defaults: &'static [(&'static str, &'static str)],
    /// Whether it is told what has ended, unless the file says otherwise.
    pub(in crate::config) send_resolved: bool,
    /// Makes an integration of a form; nothing where it has told of an error.
    pub(in crate::config) read: fn(&mut Form) -> Option<IntegrationKind>,
}

/// The fields of one integration.
pub(in crate::config) struct Form<'f, 'c> {
    pub(super) check: &'f mut Check<'c>,
    pub(super) kind: &'static Kind,
    pub(super) global: &'f Node,
    pub(super) node: &'f Node,
}

impl<'f> Form<'f, '_> {
    /// Where the form begins.
    pub(super) fn place(&self) -> Place {
        self.node.place
    }

    /// What stands under a key.
    pub(super) fn get(&self, key: &str) -> Option<&'f Node> {
        self.node.get(key)
    }

    /// The items of the list under a key.
    pub(super) fn items(&self, key: &str) -> &'f [Node] {
        self.get(key).map(Node::items).unwrap_or_default()
    }

    /// The entries of the map under a key.
    pub(super) fn entries(&self, key: &str) -> &'f [(Key, Node)] {
        self.get(key).map(Node::entries).unwrap_or_default()
    }

    /// The text under a key, or its default; empty if there is none.
    pub(super) fn text(&self, key: &str) -> String {
        self.node.text_at(key).unwrap_or(self.default(key)).to_owned()
    }

    /// `true` or `false` under a key, or its default.
    pub(super) fn truth(&self, key: &str) -> bool {
        self.get(key).and_then(Node::boolean).unwrap_or(self.default(key) == "true")
    }

    /// The whole number under a key; 0 if there is none.
    pub(super) fn whole(&self, key: &str) -> u64 {
        self.get(key).and_then(Node::whole).unwrap_or(0)
    }

    /// The duration under a key; zero if there is none.
    pub(super) fn span(&self, key: &str) -> Span {
        self.node.text_at(key).and_then(duration::parse).unwrap_or_default()
    }

    /// The template under a key, or its default. An empty text is a template of nothing.
    pub(super) fn template(&mut self, key: &str) -> Option<Template> {
        match self.get(key) {
            Some(field) => self.check.template(field),
            None => self.check.built_in(self.place(), self.default(key)),
        }
    }

    /// The template that is assumed where nothing was typed under a key.
    pub(super) fn default_template(&mut self, key: &str) -> Option<Template> {
        self.check.built_in(self.place(), self.default(key))
    }

    /// The templates under some keys, or their defaults.
    pub(super) fn texts(
        &mut self,
        keys: &[&'static str],
    ) -> Option<BTreeMap<&'static str, Template>> {
        keys.iter().map(|key| Some((*key, self.template(key)?))).collect()
    }

    /// A tree with a template in every name and every text.
    pub(super) fn tree(&mut self, node: &Node) -> Option<Tree> {
        Some(match &node.value {
            Yaml::Null => Tree::Exact(serde_json::Value::Null),
            Yaml::Scalar { .. } => match node.boolean() {
                Some(truth) => Tree::Exact(truth.into()),
                None => Tree::Text(self.check.template(node)?),
            },
            // Every part is looked at before one that makes no sense ends it.
            Yaml::List(items) => {
                let items: Vec<_> = items.iter().map(|item| self.tree(item)).collect();
                Tree::List(items.into_iter().collect::<Option<_>>()?)
            }
            Yaml::Map(entries) => {
                let entry = |(key, value): &(Key, Node)| {
                    let (name, value) = (self.check.template_name(key), self.tree(value));
                    Some((name?, value?))
                };
                let entries: Vec<_> = entries.iter().map(entry).collect();
                Tree::Map(entries.into_iter().collect::<Option<_>>()?)
            }
        })
    }

    /// Trees by name.
    pub(super) fn trees_in(&mut self, key: &str) -> Option<Vec<(String, Tree)>> {
        let entries = self.entries(key);
        let entry = |(name, value): &(Key, Node)| Some((name.name.clone(), self.tree(value)?));
        let entries: Vec<_> = entries.iter().map(entry).collect();
        entries.into_iter().collect()
    }

    /// The template in a field of a list or a map below this form; one of nothing if it is absent.
    pub(super) fn template_in(&mut self, node: &Node, key: &str) -> Option<Template> {
        match node.get(key) {
            Some(field) => self.check.template(field),
            None => self.check.built_in(node.place, ""),
        }
    }

    /// The templates of a map from names.
    pub(super) fn templates_in(&mut self, key: &str) -> Option<Vec<(String, Template)>> {
        let entries = self.get(key).map(Node::entries).unwrap_or_default();
        entries
            .iter()
            .map(|(name, value)| Some((name.name.clone(), self.check.template(value)?)))
            .collect()
    }

    /// The titled values under `fields` of an attachment. Slack and Mattermost need both parts.
    pub(super) fn fields_of(&mut self, node: &Node, whole: bool) -> Option<Vec<ChatField>> {
        let mut fields = Vec::new();
        for field in node.get("fields").map(Node::items).unwrap_or_default() {
            for key in ["title", "value"] {
                if whole && field.text_at(key).is_none_or(str::is_empty) {
                    self.check.error(field.place, format!("a field needs a `{key}`"));
                }
            }
            fields.push(ChatField {
                title: self.template_in(field, "title")?,
                value: self.template_in(field, "value")?,
                short: field.get("short").and_then(Node::boolean),
            });
        }
        Some(fields)
    }

    /// The secret under a key, or in the file that `<key>_file` names.
    pub(super) fn secret(&mut self, key: &str) -> Option<Secret> {
        self.check.secret(self.node, key)
    }

    /// The secret under a key, or in its file, as a template.
    pub(super) fn secret_template(&mut self, key: &str) -> Option<SecretTemplate> {
        let secret = self.secret(key)?;
        self.compile_secret(key, &secret)
    }

    /// A secret as a template. `key` is where it would stand in the form.
    pub(super) fn compile_secret(&mut self, key: &str, secret: &Secret) -> Option<SecretTemplate> {
        let template = match self.get(key) {
            Some(field) => self.check.template(field),
            None => self.check.built_in(self.place(), secret.reveal()),
        };
        template.map(SecretTemplate::new)
    }

    /// The secret under a key, or under a key of `global`; each may be in a file.
    pub(super) fn secret_or_global(&mut self, key: &str, global: &str) -> Option<Secret> {
        self.check.secret(self.node, key).or_else(|| self.check.secret(self.global, global))
    }

    /// As [`Form::secret_or_global`], where the integration cannot do without.
    pub(super) fn need_secret(&mut self, key: &str, global: &str) -> Option<Secret> {
        let secret = self.secret_or_global(key, global);
        if secret.is_none() {
            let why = format!("no `{key}` here and no `{global}` in `global`; write one of them");
            self.error(why);
        }
        secret
    }

    /// The URL under a key, under a key of `global`, or Alertmanager's default.
    pub(super) fn address(&mut self, key: &str, global: &str, default: &str) -> String {
        let node = self.get(key).or_else(|| self.global.get(global));
        let Some((node, text)) = node.and_then(|node| Some((node, node.text()?))) else {
            return default.to_owned();
        };
        http::check_url(self.check, node.place, text);
        text.to_owned()
    }

    /// The secret URL under a key, or under a key of `global`: a webhook's path is its password.
    pub(super) fn need_secret_address(&mut self, key: &str, global: &str) -> Option<Secret> {
        let address = self.need_secret(key, global)?;
        let place = self.place_of(key).or_else(|| self.global.get(global).map(|at| at.place));
        Some(self.checked_address(place, address))
    }

    /// As [`Form::need_secret`], where `global` has no such key.
    pub(super) fn need_own_secret(&mut self, key: &str) -> Option<Secret> {
        let secret = self.secret(key);
        if secret.is_none() {
            let kind = self.kind.key;
            self.error(format!("an entry of `{kind}` needs `{key}` or `{key}_file`"));
        }
        secret
    }

    /// As [`Form::need_secret_address`], where `global` has no such key.
    pub(super) fn need_own_secret_address(&mut self, key: &str) -> Option<Secret> {
        let address = self.need_own_secret(key)?;
        Some(self.checked_address(self.place_of(key), address))
    }

    /// Where something stands under a key, or under that of its file.
    pub(super) fn place_of(&self, key: &str) -> Option<Place> {
        let field = self.get(key).or_else(|| self.get(&format!("{key}_file")));
        field.map(|field| field.place)
    }

    fn checked_address(&mut self, place: Option<Place>, address: Secret) -> Secret {
        // A file that is not there yet was warned of.
        if !address.reveal().is_empty() {
            http::check_url(self.check, place.unwrap_or(self.place()), address.reveal());
        }
        address
    }

    /// `http_config`, or that of `global`, which it replaces as a whole.
    pub(super) fn http(&mut self) -> HttpConfig {
        http::read(self.check, self.get("http_config"), self.global.get("http_config"))
    }

    /// Tells whether the form's own `http_config` says who we are by a header.
    pub(super) fn has_own_authorization(&self) -> bool {
        let own = ["authorization", "bearer_token", "bearer_token_file"];
        let http = self.get("http_config");
        own.iter().any(|key| http.is_some_and(|http| http.get(key).is_some()))
    }

    /// As [`Form::http`], for a provider that wants a key of its own in `Authorization`: as in
    /// Alertmanager, that one goes before what `http_config` says.
    pub(super) fn http_without_credentials(&mut self) -> HttpConfig {
        HttpConfig { authorization: None, basic_auth: None, oauth2: None, ..self.http() }
    }

    /// Tells that something of the form as a whole makes no sense.
    pub(super) fn error(&mut self, why: impl Into<String>) {
        self.check.error(self.place(), why);
    }

    /// Tells that a key must be there.
    pub(super) fn missing(&mut self, key: &str) {
        let kind = self.kind.key;
        self.error(format!("an entry of `{kind}` needs `{key}`"));
    }

    fn default(&self, key: &str) -> &'static str {
        let found = self.kind.defaults.iter().find(|(name, _)| *name == key);
        found.map_or("", |(_, text)| text)
    }
}

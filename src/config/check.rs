//! What is carried through a check: the files read so far, and what was found wrong with them.

use std::path::{Path, PathBuf};

use super::diagnostic::{ConfigErrors, Diagnostic, ERRORS_MAX};
use super::node::{Key, Node, Place};
use crate::domain::template::{Library, Template, TemplateError};
use crate::domain::value::matcher::{ParseMode, doubt, parse_all};
use crate::domain::value::{Matchers, is_label_name};

/// A longer line is cut in messages.
const EXCERPT_CHARS_MAX: usize = 200;

/// Looks an environment variable up.
pub(super) type Env<'a> = &'a dyn Fn(&str) -> Option<String>;

/// A file that was read.
#[derive(Debug)]
pub(super) struct Source {
    /// As the person would name it.
    pub(super) name: String,
    pub(super) text: String,
}

/// What is carried through a check.
pub(super) struct Check<'a> {
    /// The folder of the configuration file: relative names start here.
    pub(super) base: PathBuf,
    /// Files in the order in which they were read; a [`Place`] counts them.
    pub(super) sources: Vec<Source>,
    /// Named templates.
    pub(super) library: Library,
    /// The environment.
    pub(super) env: Env<'a>,
    /// How matchers are read.
    pub(super) mode: ParseMode,
    errors: Vec<(Place, String)>,
    lost: Vec<Diagnostic>,
    warnings: Vec<(Place, String)>,
    hidden: Vec<(Place, String)>,
}

impl<'a> Check<'a> {
    pub(super) fn new(base: PathBuf, env: Env<'a>, mode: ParseMode) -> Self {
        Self {
            base,
            sources: Vec::new(),
            library: Library::with_defaults(),
            env,
            mode,
            errors: Vec::new(),
            lost: Vec::new(),
            warnings: Vec::new(),
            hidden: Vec::new(),
        }
    }

    /// Notes what keeps the configuration from being used.
    pub(super) fn error(&mut self, place: Place, message: impl Into<String>) {
        self.errors.push((place, message.into()));
    }

    /// Notes that a whole file cannot be had.
    pub(super) fn lost(&mut self, file: &Path, message: impl Into<String>) {
        self.lost.push(Diagnostic {
            file: file.display().to_string(),
            line: 0,
            column: 0,
            message: message.into(),
            excerpt: String::new(),
        });
    }

    /// Notes what works, but perhaps not as it was meant.
    pub(super) fn warn(&mut self, place: Place, message: impl Into<String>) {
        self.warnings.push((place, message.into()));
    }

    /// Keeps a secret out of the lines that messages quote.
    pub(super) fn hide(&mut self, place: Place, secret: &str) {
        self.hidden.push((place, secret.to_owned()));
    }

    /// Where something stands: `rules/database.yaml:12`.
    pub(super) fn whereabouts(&self, place: Place) -> String {
        format!("{}:{}", self.sources[place.file].name, place.line)
    }

    /// The warnings, if nothing is wrong.
    pub(super) fn verdict(self) -> Result<Vec<Diagnostic>, ConfigErrors> {
        let Self { sources, mut errors, mut lost, mut warnings, mut hidden, .. } = self;
        hidden.sort();
        // Finding the line of each costs a look through its file: no more than will be shown.
        let mut left_out = 0;
        let mut show = |findings: &mut Vec<(Place, String)>| -> Vec<Diagnostic> {
            findings.sort();
            findings.dedup();
            left_out = findings.len().saturating_sub(ERRORS_MAX);
            let shown = findings.drain(..).take(ERRORS_MAX);
            shown.map(|(place, message)| show(&sources, &hidden, place, message)).collect()
        };
        if lost.is_empty() && errors.is_empty() {
            return Ok(show(&mut warnings));
        }
        lost.truncate(ERRORS_MAX);
        lost.extend(show(&mut errors));
        Err(ConfigErrors { errors: lost, left_out })
    }

    /// Tells of names of labels in a list that the mode does not know: with `classic-mode` they are
    /// those of old, as in Alertmanager.
    pub(super) fn label_names(&mut self, list: Option<&Node>) {
        for item in list.map(Node::items).unwrap_or_default() {
            let name = item.text().unwrap_or_default();
            if self.mode == ParseMode::Classic && !is_label_name(name, false) {
                let why = format!(
                    "`{name}` is no label name in classic mode: use letters, digits and `_`, or \
                     leave `classic-mode` out of `--enable-feature`"
                );
                self.error(item.place, why);
            }
        }
    }

    /// Reads the matchers of a list; each item may hold several.
    pub(super) fn matchers(&mut self, list: Option<&Node>) -> Matchers {
        let mut matchers = Matchers::new();
        for item in list.map(Node::items).unwrap_or_default() {
            let Some(text) = item.text() else { continue };
            match parse_all(text, self.mode) {
                Ok(found) => {
                    let fallback = self.mode == ParseMode::Fallback;
                    if let Some(doubt) = fallback.then(|| doubt(text)).flatten() {
                        self.warn(item.place, doubt.to_string());
                    }
                    matchers.extend(found);
                }
                Err(error) => {
                    let place = self.inside(
                        item,
                        1,
                        text.get(..error.at).map_or(0, |lead| lead.chars().count()) + 1,
                    );
                    self.error(place, format!("not a matcher: {}", error.why));
                }
            }
        }
        matchers
    }

    /// Compiles a field's text.
    pub(super) fn template(&mut self, node: &Node) -> Option<Template> {
        let text = node.text()?;
        match self.library.compile(&self.whereabouts(node.place), text) {
            Ok(template) => Some(template),
            Err(TemplateError { line, column, why, .. }) => {
                let place = self.inside(node, line, column);
                self.error(place, format!("template: {why}"));
                None
            }
        }
    }

    /// Compiles a key, where names are templates.
    pub(super) fn template_name(&mut self, key: &Key) -> Option<Template> {
        match self.library.compile(&self.whereabouts(key.place), &key.name) {
            Ok(template) => Some(template),
            Err(error) => {
                self.error(key.place, format!("template: {}", error.why));
                None
            }
        }
    }

    /// Compiles text that does not stand in the file, such as a default.
    pub(super) fn built_in(&mut self, place: Place, text: &str) -> Option<Template> {
        match self.library.compile(&self.whereabouts(place), text) {
            Ok(template) => Some(template),
            Err(error) => {
                self.error(place, format!("the template from elsewhere: {}", error.why));
                None
            }
        }
    }

    /// A place inside a value: line and column count from 1 within its text.
    pub(super) fn inside(&self, node: &Node, line: usize, column: usize) -> Place {
        let Place { file, line: first, column: margin, byte } = node.place;
        let source = &self.sources[file].text;
        let quoted = source.get(byte..).is_some_and(|rest| rest.starts_with(['"', '\'']));
        let place = Place {
            line: first + line.saturating_sub(1),
            column: margin + column.saturating_sub(1) + usize::from(quoted),
            ..node.place
        };
        // Escapes and folded lines move things about: better the value's start than a wrong spot.
        let known = source.lines().nth(place.line.saturating_sub(1));
        if known.is_some_and(|text| place.column <= text.chars().count() + 1) {
            place
        } else {
            node.place
        }
    }
}

fn show(
    sources: &[Source],
    hidden: &[(Place, String)],
    place: Place,
    message: String,
) -> Diagnostic {
    let Source { name, text } = &sources[place.file];
    let mut line = text.lines().nth(place.line.saturating_sub(1)).unwrap_or_default().to_owned();
    // From the end, so that the columns of those before still hold.
    for (at, secret) in hidden.iter().rev() {
        if (at.file, at.line) == (place.file, place.line) {
            let start = line.char_indices().nth(at.column - 1).map_or(line.len(), |(byte, _)| byte);
            let rest = line.split_off(start);
            let shown = match rest.find(secret) {
                Some(_) => rest.replacen(secret, "<secret>", 1),
                // Written with escapes: what follows it goes, too.
                None => "<secret>".to_owned(),
            };
            line.push_str(&shown);
        }
    }
    Diagnostic {
        file: name.clone(),
        line: place.line,
        column: place.column,
        message,
        excerpt: line.chars().take(EXCERPT_CHARS_MAX).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_inside_a_text_is_found_in_its_file() {
        let text = "a: 'one two'\nb: |\n  one\n    two\nc: >-\n  a\n  b\nd: \"a\\nb\"\n";
        let mut check = Check::new(PathBuf::new(), &|_| None, ParseMode::Fallback);
        check.sources.push(Source { name: "c.yaml".to_owned(), text: text.to_owned() });
        let root = Node::read(0, text).unwrap();
        for (key, line, column, expected) in [
            ("a", 1, 5, "1:9"),
            ("b", 1, 1, "3:3"),
            ("b", 2, 3, "4:5"),
            // Beyond what the file shows there: the start of the value.
            ("c", 1, 9, "6:3"),
            ("d", 2, 1, "8:4"),
        ] {
            let place = check.inside(root.get(key).unwrap(), line, column);
            assert_eq!(
                format!("{}:{}", place.line, place.column),
                expected,
                "{key} {line}:{column}"
            );
        }
    }
}

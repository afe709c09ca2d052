//! Which files make a configuration: the main one, what it includes, rule files, template files.

use std::fs;
use std::path::{Component, Path, PathBuf};

use sha2::{Digest, Sha256};

use super::check::{Check, Source};
use super::node::{Key, Node, NotYaml, Yaml};
use super::schema;
use super::shape::{Shape, examine};

/// A larger file is no configuration.
const FILE_BYTES_MAX: u64 = 16 << 20;

/// More files than this are a pattern that says too much.
const FILES_MAX: usize = 10_000;

/// The top-level keys that several files may share; of any other there is one.
const SHARED_KEYS: [&str; 15] = [
    "global",
    "receivers",
    "inhibit_rules",
    "time_intervals",
    "mute_time_intervals",
    "templates",
    "rules",
    "defaults",
    "limits",
    "tokens",
    "sources",
    "polls",
    "services",
    "teams",
    "users",
];

/// Reads the main file and what it includes into one map.
pub(super) fn read_main(check: &mut Check, path: &Path) -> Option<Node> {
    let mut root = read(check, path)?;
    let patterns = root.get("include").map(|node| node.items().to_vec()).unwrap_or_default();
    for file in expand(check, &patterns, true) {
        let Some(mut part) = read(check, &file) else { continue };
        if let Yaml::Map(entries) = &mut part.value
            && let Some(at) = entries.iter().position(|(key, _)| key.name == "include")
        {
            let (key, _) = entries.remove(at);
            check.error(key.place, "an included file cannot include; name it in the main file");
        }
        merge(check, &mut root, part, true);
    }
    examine(check, &root, &Shape::Fields(schema::top()));
    Some(root)
}

/// The rule files, in the order of their names within each pattern.
pub(super) fn read_rules(check: &mut Check, root: &Node, folder: Option<&Path>) -> Vec<Node> {
    let files = if let Some(folder) = folder {
        list(check, folder)
    } else {
        let patterns = root.get("rules").map(Node::items).unwrap_or_default().to_vec();
        expand(check, &patterns, true)
    };
    let mut nodes = Vec::new();
    for file in files {
        let Some(node) = read(check, &file) else { continue };
        examine(check, &node, &Shape::Fields(schema::RULE_FILE));
        nodes.push(node);
    }
    nodes
}

/// Adds the files of `templates:` to the library. As in Alertmanager, a pattern may match nothing.
pub(super) fn read_templates(check: &mut Check, root: &Node) {
    let patterns = root.get("templates").map(Node::items).unwrap_or_default().to_vec();
    for file in expand(check, &patterns, false) {
        let Some(index) = read_text(check, &file) else { continue };
        let Source { name, text } = &check.sources[index];
        let (name, text) = (name.clone(), text.clone());
        if let Err(error) = check.library.add(&name, &text) {
            let place = super::node::Place {
                file: index,
                line: error.line.max(1),
                column: error.column.max(1),
                byte: 0,
            };
            check.error(place, format!("template: {}", error.why));
        }
    }
}

/// Names a configuration by what its files say, not by where they lie.
pub(super) fn hash(sources: &[Source]) -> String {
    let mut hasher = Sha256::new();
    for source in sources {
        hasher.update((source.text.len() as u64).to_be_bytes());
        hasher.update(source.text.as_bytes());
    }
    let digest = hasher.finalize();
    let first = digest.iter().take(8).fold(0, |number, byte| number << 8 | u64::from(*byte));
    format!("{first:016x}")
}

/// Reads one file of YAML.
pub(super) fn read(check: &mut Check, path: &Path) -> Option<Node> {
    let index = read_text(check, path)?;
    match Node::read(index, &check.sources[index].text) {
        Ok(node) => Some(node),
        Err(NotYaml { place, why }) => {
            check.error(place, why);
            None
        }
    }
}

fn read_text(check: &mut Check, path: &Path) -> Option<usize> {
    let path = tidy(path);
    if check.sources.len() >= FILES_MAX {
        check.lost(&path, format!("a configuration is limited to {FILES_MAX} files"));
        return None;
    }
    let length = fs::metadata(&path).map(|about| about.len()).unwrap_or_default();
    if length > FILE_BYTES_MAX {
        check.lost(&path, "larger than 16 MiB; is this the right file?");
        return None;
    }
    match fs::read_to_string(&path) {
        Ok(text) => {
            let name = path.display().to_string();
            check.sources.push(Source { name, text });
            Some(check.sources.len() - 1)
        }
        Err(error) => {
            check.lost(&path, format!("cannot be read: {error}"));
            None
        }
    }
}

/// The files that patterns name, sorted within each pattern.
fn expand(check: &mut Check, patterns: &[Node], required: bool) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for pattern in patterns {
        let Some(text) = pattern.text() else { continue };
        let full = check.base.join(text);
        let found = match glob::glob(&full.to_string_lossy()) {
            Ok(found) => found.filter_map(Result::ok).filter(|path| path.is_file()),
            Err(error) => {
                check.error(pattern.place, format!("not a pattern of file names: {}", error.msg));
                continue;
            }
        };
        let found: Vec<PathBuf> = found.take(FILES_MAX).collect();
        if found.is_empty() && required {
            if text.contains(['*', '?', '[']) {
                check.warn(pattern.place, format!("no file matches `{text}`"));
            } else {
                check.error(pattern.place, format!("there is no file `{text}`"));
            }
        }
        files.extend(found);
    }
    files
}

fn list(check: &mut Check, folder: &Path) -> Vec<PathBuf> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) => {
            check.lost(folder, format!("cannot be listed: {error}"));
            return Vec::new();
        }
    };
    let is_rule_file = |path: &PathBuf| {
        path.is_file() && path.extension().is_some_and(|end| end == "yaml" || end == "yml")
    };
    let mut files: Vec<PathBuf> =
        entries.filter_map(|entry| Some(entry.ok()?.path())).filter(is_rule_file).collect();
    files.sort();
    files
}

/// Lays an included map over another: lists are joined, maps are merged, nothing is overridden.
fn merge(check: &mut Check, into: &mut Node, part: Node, top: bool) {
    let place = part.place;
    let (Yaml::Map(have), Yaml::Map(entries)) = (&mut into.value, part.value) else {
        check.error(place, "expected a map, as in the main file");
        return;
    };
    for (key, value) in entries {
        let Some((known, old)) = have.iter_mut().find(|(known, _)| known.name == key.name) else {
            have.push((key, value));
            continue;
        };
        if !top || !SHARED_KEYS.contains(&key.name.as_str()) {
            twice(check, known, &key);
            continue;
        }
        if let (Yaml::List(have), Yaml::List(more)) = (&mut old.value, &value.value) {
            have.extend(more.iter().cloned());
        } else {
            merge(check, old, value, false);
        }
    }
}

fn twice(check: &mut Check, first: &Key, second: &Key) {
    let first = check.whereabouts(first.place);
    let name = &second.name;
    check.error(second.place, format!("`{name}` is defined twice, first at {first}; keep one"));
}

/// `config/../rules/a.yaml` is `rules/a.yaml` to people.
fn tidy(path: &Path) -> PathBuf {
    let mut tidied = PathBuf::new();
    for part in path.components() {
        let after_name = matches!(tidied.components().next_back(), Some(Component::Normal(_)));
        match part {
            Component::ParentDir if after_name => {
                tidied.pop();
            }
            Component::CurDir => {}
            part => tidied.push(part),
        }
    }
    tidied
}

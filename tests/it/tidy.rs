//! Style the compiler cannot see, checked like any other property.

use std::fs;
use std::path::{Path, PathBuf};

/// Lines of a file. What is longer wants to be two nouns.
const LINES_MAX: usize = 500;

/// What the pure rooms must not name: whoever names it waits, reads a clock, or touches a file.
const OUTSIDE_WORLD: [&str; 18] = [
    "async fn",
    ".await",
    "tokio::",
    "axum::",
    "reqwest::",
    "sled::",
    "std::env",
    "std::fs",
    "std::net",
    "std::process",
    "std::thread",
    "std::io::std",
    "SystemTime",
    "Instant::now",
    "TimeZone::system",
    "tracing::",
    "println!",
    "HashMap",
];

/// What must not be left lying about. Split, so that this file does not find itself.
const LEFTOVERS: [(&str, &str); 4] =
    [("TO", "DO"), ("FIX", "ME"), ("todo", "!("), ("unimpl", "emented!(")];

#[test]
fn files_are_short_and_say_what_they_are_for() {
    let mut wrong = Vec::new();
    for (path, text) in sources(&["src", "tests", "benches", "fuzz/fuzz_targets"]) {
        if !text.starts_with("//! ") {
            wrong.push(format!("{path} does not open with a `//! ` line"));
        }
        let lines = text.lines().count();
        if lines > LINES_MAX {
            wrong.push(format!("{path} has {lines} lines; {LINES_MAX} are the most"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn pure_rooms_name_nothing_outside() {
    refuse(&["src/domain", "src/engine"], &OUTSIDE_WORLD);
}

#[test]
fn dependency_goes_one_way() {
    refuse(&["src/domain", "src/engine"], &["crate::shell", "crate::config", "super::shell"]);
    refuse(&["src/domain"], &["crate::engine"]);
    refuse(&["src/config"], &["crate::shell", "crate::engine"]);
}

#[test]
fn nothing_is_left_half_done() {
    let words = LEFTOVERS.map(|(head, tail)| format!("{head}{tail}"));
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    refuse(&["src", "tests", "benches", "fuzz/fuzz_targets"], &words);
}

#[test]
fn every_practice_is_on_the_map() {
    let Ok(map) = fs::read_to_string("ARCHITECTURE.md") else { return };
    for practice in folders("src/domain") {
        let is_practice = Path::new("src/domain").join(&practice).join("view.rs").exists();
        assert!(!is_practice || map.contains(&practice), "ARCHITECTURE.md leaves out {practice}");
    }
}

#[test]
fn every_configuration_sample_is_read_by_a_test() {
    let tests = sources(&["src/config", "tests"]);
    let by_folder = |text: &str| text.contains("config/examples\"");
    for entry in files(Path::new("config")) {
        let name = entry.to_string_lossy().replace('\\', "/");
        let file = entry.file_name().unwrap().to_string_lossy().into_owned();
        let read = tests.iter().any(|(path, text)| {
            path != "tests/it/tidy.rs"
                && (text.contains(&name) || text.contains(&file) || by_folder(text))
        });
        assert!(read, "no test reads {name}");
    }
}

/// Names every place where one of the words stands in the code of these folders; words in comments
/// and texts for people count too, because nobody tells them apart at a glance.
#[track_caller]
fn refuse(dirs: &[&str], words: &[&str]) {
    let mut wrong = Vec::new();
    for (path, text) in sources(dirs) {
        for (number, line) in text.lines().enumerate() {
            if let Some(word) = words.iter().find(|word| line.contains(**word)) {
                wrong.push(format!("{path}:{} names `{word}`", number + 1));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Rust files under some folders, with their text, in order.
fn sources(dirs: &[&str]) -> Vec<(String, String)> {
    let all = dirs.iter().flat_map(|dir| files(Path::new(dir)));
    all.filter(|path| path.extension().is_some_and(|ext| ext == "rs"))
        .map(|path| (path.to_string_lossy().into_owned(), fs::read_to_string(&path).unwrap()))
        .collect()
}

fn files(dir: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(dir) else { return Vec::new() };
    let mut entries: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    let mut found = Vec::new();
    for path in entries {
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.push(path);
        }
    }
    found
}

fn folders(dir: &str) -> Vec<String> {
    let entries = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path());
    let mut names: Vec<_> = entries
        .filter(|path| path.is_dir())
        .map(|path| path.file_name().unwrap().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

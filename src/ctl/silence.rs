//! Silences as `amtool` handles them: found in a hurry, and brought along from an Alertmanager.

use std::fs::File;
use std::io::{self, Read};
use std::path::PathBuf;

use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};
use serde::Deserialize;
use serde_json::{Value, json};

use super::call::{Answer, Call, Method};
use super::client::Client;
use super::command::{Ask, LIMIT_MAX};
use super::failure::Failure;
use super::fields;
use crate::domain::value::matcher::Operator;
use crate::domain::value::{Labels, Matcher, Span, Timestamp};
use crate::domain::view::{Fields, Manual};
use crate::shell::clock;

/// Bytes of a file of silences; the daemon keeps fewer.
const FILE_BYTES_MAX: u64 = 64 << 20;

/// What the daemon is told where nobody said why: it takes no silence without a reason.
const NO_COMMENT: &str = "imported without a comment";

/// Where silences come from, and who brings them.
#[derive(Debug, Clone)]
pub struct Import {
    file: Option<PathBuf>,
    signed: Fields,
}

/// A silence as `amtool silence query -o json` and `GET /api/v2/silences` write it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Written {
    #[serde(default)]
    id: String,
    matchers: Vec<WrittenMatcher>,
    starts_at: String,
    ends_at: String,
    #[serde(default)]
    created_by: String,
    #[serde(default)]
    comment: String,
    #[serde(default)]
    annotations: Labels,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct WrittenMatcher {
    name: String,
    value: String,
    is_regex: bool,
    #[serde(default = "yes")]
    is_equal: bool,
}

fn yes() -> bool {
    true
}

/// The words beside those of the manual.
pub(super) fn commands() -> [Command; 2] {
    let query = Command::new("query")
        .about("Find those that are not over, or that are")
        .arg(
            Arg::new("matchers")
                .value_name("MATCHERS")
                .num_args(0..)
                .help("Matchers that they have; a bare word is the alert's name"),
        )
        .args([
            switch("expired", "Those that are over").long("expired"),
            switch("quiet", "Their ids only").short('q').long("quiet"),
            Arg::new("created_by").long("created-by").value_name("NAME").help("Who wanted them"),
            Arg::new("id").long("id").value_name("ID").num_args(1..).help("One of these"),
            Arg::new("within")
                .long("within")
                .value_name("DURATION")
                .value_parser(value_parser!(Span))
                .help("Those that end within so long; with --expired, that ended within it"),
        ]);
    let import = Command::new("import")
        .about("Take in silences as `amtool silence query -o json` writes them")
        .arg(
            Arg::new("file")
                .value_name("FILE")
                .value_parser(value_parser!(PathBuf))
                .help("Where they are [default: standard input]"),
        );
    [query, import]
}

/// What is asked by one of [`commands`]; nothing for a word of the manual.
pub(super) fn ask(manual: &'static Manual, word: &str, given: &ArgMatches) -> Option<Ask> {
    match word {
        "query" => Some(Ask::Daemon(query(manual, given, clock::now()))),
        "import" => {
            let file = given.get_one::<PathBuf>("file").cloned();
            Some(Ask::Import(Import { file, signed: fields::signed(given) }))
        }
        _ => None,
    }
}

fn query(manual: &'static Manual, given: &ArgMatches, now: Timestamp) -> Call {
    let many = |name: &str| -> Vec<String> {
        given.get_many::<String>(name).into_iter().flatten().cloned().collect()
    };
    let expired = given.get_flag("expired");
    let state = if expired { "expired" } else { "live" };
    let mut query = vec![("state".to_owned(), state.to_owned())];
    let mut filter = |name: &str, values: Vec<String>| {
        if !values.is_empty() {
            query.push((name.to_owned(), values.join(",")));
        }
    };
    let matchers = many("matchers");
    let text = |text: &String| fields::matcher(text).as_str().unwrap_or_default().to_owned();
    filter("matcher", matchers.iter().map(text).collect());
    filter("created_by", many("created_by"));
    filter("id", many("id"));
    if let Some(within) = given.get_one::<Span>("within") {
        let (name, at) =
            if expired { ("ends_after", now - *within) } else { ("ends_before", now + *within) };
        filter(name, vec![at.rfc3339()]);
    }
    let limit = LIMIT_MAX as usize;
    let quiet = given.get_flag("quiet");
    let answer = if quiet { Answer::Ids { limit } } else { Answer::List { manual, limit } };
    Call::get(&[manual.plural], query, answer)
}

fn switch(name: &'static str, help: &'static str) -> Arg {
    Arg::new(name).action(ArgAction::SetTrue).help(help)
}

/// Brings silences to a daemon. One that it knows by its name is changed, as by `amtool`.
///
/// # Errors
/// When the file makes no sense, before anything is brought; or when the daemon refuses one.
pub(super) async fn import(client: &Client, import: &Import) -> Result<Value, Failure> {
    let silences = read(import)?;
    let now = clock::now();
    let (mut taken, mut over) = (0, 0);
    for silence in silences {
        if silence.ends_at.parse::<Timestamp>().is_ok_and(|end| end <= now) {
            over += 1;
            continue;
        }
        let form = silence.form(&import.signed);
        let known = !silence.id.is_empty()
            && match client.ask(&post(&["silences", &silence.id, "update"], &form)).await {
                Ok(_) => true,
                Err(Failure::Refused(problem)) if problem.status == 404 => false,
                Err(failure) => return Err(failure),
            };
        if !known {
            client.ask(&post(&["silences"], &form)).await?;
        }
        taken += 1;
    }
    Ok(json!({ "taken": taken, "over": over }))
}

/// What an import has done, in a line.
pub(super) fn imported(answer: &Value) -> String {
    match (&answer["taken"], &answer["over"]) {
        (taken, over) if *over == 0 => format!("{taken} silences are taken in.\n"),
        (taken, over) => format!("{taken} silences are taken in; {over} were over already.\n"),
    }
}

fn read(import: &Import) -> Result<Vec<Written>, Failure> {
    let mut text = String::new();
    let read = match &import.file {
        Some(path) => {
            File::open(path).and_then(|file| file.take(FILE_BYTES_MAX).read_to_string(&mut text))
        }
        None => io::stdin().lock().take(FILE_BYTES_MAX).read_to_string(&mut text),
    };
    read.map_err(|source| Failure::SilenceFile { path: import.file.clone(), source })?;
    serde_json::from_str(&text).map_err(Failure::Silences)
}

fn post(path: &[&str], form: &Fields) -> Call {
    let mut call = Call::get(path, Vec::new(), Answer::Page);
    call.method = Method::Post(form.clone());
    call
}

impl Written {
    fn form(&self, signed: &Fields) -> Fields {
        let matchers: Vec<String> = self.matchers.iter().map(WrittenMatcher::text).collect();
        let comment = if self.comment.is_empty() { NO_COMMENT } else { &self.comment };
        let mut form = signed.clone();
        for (name, value) in [
            ("matchers", json!(matchers)),
            ("starts_at", json!(self.starts_at)),
            ("ends_at", json!(self.ends_at)),
            ("comment", json!(comment)),
            ("created_by", json!(self.created_by)),
            ("annotations", json!(self.annotations)),
        ] {
            form.insert(name.to_owned(), value);
        }
        form
    }
}

impl WrittenMatcher {
    fn text(&self) -> String {
        let operator = match (self.is_equal, self.is_regex) {
            (true, false) => Operator::Equal,
            (false, false) => Operator::NotEqual,
            (true, true) => Operator::Like,
            (false, true) => Operator::NotLike,
        };
        Matcher::quoted(&self.name, operator, &self.value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_silence_of_amtool_becomes_a_form() {
        let written = r#"[{"id":"0af1b7c1-32f4-4c2b-9f0a-5d0c8e6b7a11","status":{"state":"active"},
            "updatedAt":"2026-03-01T10:00:00.000Z","comment":"","createdBy":"bo",
            "startsAt":"2026-03-01T10:00:00.000Z","endsAt":"2026-03-01T12:00:00.000Z",
            "matchers":[{"isEqual":false,"isRegex":true,"name":"a b","value":"x\"y"},
                        {"isRegex":false,"name":"c","value":"d"}]}]"#;
        let silences: Vec<Written> = serde_json::from_str(written).unwrap();
        let form = Value::Object(silences[0].form(&Fields::new()));
        assert_eq!(form["matchers"], json!([r#""a b"!~"x\"y""#, r#""c"="d""#]));
        assert_eq!(form["comment"], NO_COMMENT);
        assert_eq!(form["created_by"], "bo");
        assert_eq!(form["starts_at"], "2026-03-01T10:00:00.000Z");
    }
}

//! The words of the command line, made of the practices' manuals.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::builder::{PossibleValuesParser, TypedValueParser, ValueParser};
use clap::{Arg, ArgAction, ArgMatches, Command, ValueEnum, value_parser};
use serde_json::Value;

use super::call::{Answer, Call, Method};
use crate::domain::MANUALS;
use crate::domain::value::{Span, Timestamp};
use crate::domain::view::{Field, Fields, Kind, Manual, Verb};

/// Records that a list shows unless told otherwise.
const LIMIT_DEFAULT: &str = "50";

/// Records that a list shows at most, with `--all` too.
const LIMIT_MAX: u32 = 100_000;

const EXAMPLES: &str = "\
Examples:
  incidentctl incident list --state open --priority 1
  incidentctl incident show INC-1
  incidentctl incident ack INC-1 'looking into it'
  incidentctl incident assign INC-1 alice
  incidentctl incident resolve INC-1 fixed --note 'failed over to the replica'
  incidentctl alert explain ALR-1

Exit codes: 0 done, 1 refused or failed, 2 wrong usage, 3 the daemon cannot be reached.";

/// What a person wants, read off the command line.
#[derive(Debug, Clone)]
pub struct Wish {
    /// The daemon's address; may have a path prefix.
    pub url: String,
    /// A file whose content is the bearer token.
    pub token_file: Option<PathBuf>,
    /// How to write the answer.
    pub output: Output,
    /// What to ask.
    pub call: Call,
}

/// How an answer is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Output {
    /// For people.
    Table,
    /// As the API answered.
    Json,
}

impl Wish {
    /// Reads a command line; its first word is the program's own name.
    ///
    /// # Errors
    /// Help and version, when asked for; and what is wrong with the words otherwise.
    pub fn of(
        words: impl IntoIterator<Item = OsString>,
        now: Timestamp,
    ) -> Result<Self, clap::Error> {
        let mut tree = tree(now);
        let given = tree.try_get_matches_from_mut(words)?;
        let call = call(&mut tree, &given)?;
        Ok(Self {
            url: given.get_one::<String>("url").expect("it has a default").clone(),
            token_file: given.get_one::<PathBuf>("token_file").cloned(),
            output: *given.get_one::<Output>("output").expect("it has a default"),
            call,
        })
    }
}

fn tree(now: Timestamp) -> Command {
    let url = Arg::new("url")
        .long("url")
        .env("INCIDENTD_URL")
        .default_value("http://127.0.0.1:9093")
        .help("Where the daemon is; may have a path prefix");
    let token_file = Arg::new("token_file")
        .long("token-file")
        .value_name("FILE")
        .value_parser(value_parser!(PathBuf))
        .help("File that holds the bearer token [or the token itself in env: INCIDENTD_TOKEN]");
    let output = Arg::new("output")
        .short('o')
        .long("output")
        .default_value("table")
        .value_parser(value_parser!(Output))
        .help("How to write the answer");
    let by = Arg::new("by")
        .long("by")
        .value_name("NAME")
        .env("USER")
        .hide_env_values(true)
        .help("Who asks; stands on the timeline");
    Command::new("incidentctl")
        .about("Sees and steers what incidentd knows: alerts, incidents, problems, notifications")
        .version(env!("CARGO_PKG_VERSION"))
        .after_help(EXAMPLES)
        .subcommand_required(true)
        .arg_required_else_help(true)
        .args([url, token_file, output, by].map(|arg| arg.global(true).help_heading("Daemon")))
        .subcommands(MANUALS.iter().map(|manual| practice(manual, now)))
        .subcommand(Command::new("status").about("How the daemon is"))
}

fn practice(manual: &'static Manual, now: Timestamp) -> Command {
    let mut practice = Command::new(manual.name)
        .visible_alias(manual.plural)
        .about(manual.about)
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommand(list(manual, now));
    if manual.records {
        practice =
            practice.subcommand(Command::new("show").about("Show one of them").arg(record()));
    }
    if manual.name == "alert" {
        let about = "Tell why it is, or is not, in an incident and who was told";
        practice = practice.subcommand(Command::new("explain").about(about).arg(record()));
    }
    practice.subcommands(manual.verbs.iter().map(|verb| command(verb, now)))
}

fn list(manual: &Manual, now: Timestamp) -> Command {
    let text = Arg::new("text").short('q').long("text").help("Words that must occur");
    let limit = Arg::new("limit")
        .long("limit")
        .value_name("N")
        .default_value(LIMIT_DEFAULT)
        .value_parser(value_parser!(u32).range(1..=i64::from(LIMIT_MAX)))
        .help("How many at most");
    let all = Arg::new("all")
        .long("all")
        .action(ArgAction::SetTrue)
        .conflicts_with("limit")
        .help("All of them, whatever their number");
    Command::new("list")
        .about("List them, newest first")
        .args(manual.filters.iter().map(|field| flag(field, now)))
        .args([text, limit, all])
}

fn command(verb: &'static Verb, now: Timestamp) -> Command {
    let mut command = Command::new(verb.name).about(verb.help).arg(record());
    if let Some(short) = verb.short {
        command = command.visible_alias(short);
    }
    if let Some(field) = natural(verb) {
        let shortcut = Arg::new("shortcut")
            .value_name(field.name.to_uppercase())
            .value_parser(parser(field.kind, now))
            .help(format!("The same as --{}", field.name.replace('_', "-")))
            .conflicts_with(field.name);
        command = command.arg(shortcut);
    }
    let flags = verb.fields.iter().map(|field| {
        let flag = flag(field, now);
        match (field.required, natural(verb)) {
            (false, _) => flag,
            (true, Some(natural)) if natural.name == field.name => {
                flag.required_unless_present("shortcut")
            }
            (true, _) => flag.required(true),
        }
    });
    command.args(flags)
}

/// The field that goes without saying its name: what must be said; else what is picked from a
/// list; else the last one, as manuals put the particular behind the general.
fn natural(verb: &'static Verb) -> Option<&'static Field> {
    let picked = |field: &&Field| matches!(field.kind, Kind::OneOf(_));
    let mut fields = verb.fields.iter();
    let required = fields.clone().find(|field| field.required);
    required.or_else(|| fields.clone().find(picked)).or_else(|| fields.next_back())
}

fn record() -> Arg {
    Arg::new("record").value_name("ID").required(true).help("Which one")
}

fn flag(field: &Field, now: Timestamp) -> Arg {
    Arg::new(field.name)
        .long(field.name.replace('_', "-"))
        .value_name(field.name.to_uppercase())
        .value_parser(parser(field.kind, now))
        .help(field.help)
}

/// Turns a word into the JSON value that the API takes.
fn parser(kind: Kind, now: Timestamp) -> ValueParser {
    match kind {
        Kind::Text => ValueParser::new(|text: &str| Ok::<_, String>(Value::from(text))),
        Kind::Number => ValueParser::new(|text: &str| text.parse::<i64>().map(Value::from)),
        Kind::Span => {
            ValueParser::new(|text: &str| text.parse::<Span>().map(|_| Value::from(text)))
        }
        Kind::Time => ValueParser::new(move |text: &str| instant(text, now)),
        Kind::OneOf(words) => PossibleValuesParser::new(words).map(Value::from).into(),
    }
}

/// People say `2h` where the API wants an instant.
fn instant(text: &str, now: Timestamp) -> Result<Value, String> {
    let at = match text.parse::<Span>() {
        Ok(span) => now + span,
        Err(_) => text.parse::<Timestamp>().map_err(|error| format!("{error}, nor like 2h"))?,
    };
    Ok(Value::from(at.rfc3339()))
}

fn call(tree: &mut Command, given: &ArgMatches) -> Result<Call, clap::Error> {
    let (noun, asked) = given.subcommand().expect("a subcommand is required");
    let Some(manual) = MANUALS.iter().find(|manual| manual.name == noun) else {
        return Ok(Call::page(&[noun]));
    };
    let (word, given) = asked.subcommand().expect("a subcommand is required");
    if word == "list" {
        return Ok(list_call(manual, given));
    }
    let record = given.get_one::<String>("record").expect("it is required").as_str();
    let Some(verb) = manual.verb(word) else {
        let tail: &[&str] = if word == "show" { &[] } else { &[word] };
        return Ok(Call::page(&[&[manual.plural, record], tail].concat()));
    };
    let Some(by) = given.get_one::<String>("by").filter(|by| !by.is_empty()) else {
        let why = "who asks? Say it with --by NAME (the environment has no USER)";
        return Err(tree.error(clap::error::ErrorKind::MissingRequiredArgument, why));
    };
    let mut form = Fields::new();
    form.insert("by".to_owned(), Value::from(by.as_str()));
    for field in verb.fields {
        let natural = natural(verb).is_some_and(|natural| natural.name == field.name);
        let shortcut = natural.then(|| given.get_one::<Value>("shortcut")).flatten();
        if let Some(value) = shortcut.or_else(|| given.get_one::<Value>(field.name)) {
            form.insert(field.name.to_owned(), value.clone());
        }
    }
    Ok(Call {
        method: Method::Post(form),
        path: [manual.plural, record, verb.name].map(str::to_owned).to_vec(),
        query: Vec::new(),
        answer: Answer::Receipt { manual, verb: verb.name },
    })
}

fn list_call(manual: &'static Manual, given: &ArgMatches) -> Call {
    let text = given.get_one::<String>("text").map(|text| ("q".to_owned(), text.clone()));
    let filter = |field: &Field| {
        let value = given.get_one::<Value>(field.name)?;
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        Some((field.name.to_owned(), value))
    };
    let limit = if given.get_flag("all") {
        LIMIT_MAX
    } else {
        *given.get_one::<u32>("limit").expect("it has a default")
    };
    Call {
        method: Method::Get,
        path: vec![manual.plural.to_owned()],
        query: manual.filters.iter().filter_map(filter).chain(text).collect(),
        answer: Answer::List { manual, limit: limit as usize },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wish(line: &str) -> Result<Wish, clap::Error> {
        let now = "2026-03-01T02:05:00Z".parse().unwrap();
        let quoted = line.split('\'').enumerate();
        let words = quoted.flat_map(|(at, part)| {
            // Between quotes it is one word, outside every blank parts two.
            if at % 2 == 1 { vec![part] } else { part.split_whitespace().collect() }
        });
        let words = std::iter::once("incidentctl").chain(words).chain(["--by", "anna"]);
        Wish::of(words.map(OsString::from), now)
    }

    fn check(line: &str, expected: &str) {
        let call = wish(line).unwrap_or_else(|error| panic!("{line}: {error}")).call;
        assert_eq!(call.to_string(), expected, "{line}");
    }

    fn refused(line: &str, expected: &str) {
        let error = wish(line).expect_err(line);
        assert_eq!(error.exit_code(), 2, "{line}");
        let text = error.to_string();
        assert!(text.contains(expected), "{line}: {text}");
    }

    #[test]
    fn every_word_of_every_manual_fits_the_command_line() {
        tree(Timestamp(0)).debug_assert();
    }

    #[test]
    fn words_become_requests() {
        for (line, expected) in [
            ("status", "GET api/itsm/v1/status"),
            ("incident list", "GET api/itsm/v1/incidents"),
            (
                "incidents list --state open --priority 1 --service 'a b' -q 'disk & co'",
                "GET api/itsm/v1/incidents?state=open&priority=1&service=a%20b&q=disk%20%26%20co",
            ),
            ("incident show INC-1", "GET api/itsm/v1/incidents/INC-1"),
            ("incident show ../x?y", "GET api/itsm/v1/incidents/..%2Fx%3Fy"),
            ("alert show ALR-1", "GET api/itsm/v1/alerts/ALR-1"),
            ("alert explain ALR-1", "GET api/itsm/v1/alerts/ALR-1/explain"),
        ] {
            check(line, expected);
        }
    }

    #[test]
    fn verbs_become_forms() {
        for (line, verb, form) in [
            ("ack INC-1", "acknowledge", r#""#),
            ("ack INC-1 'on it'", "acknowledge", r#","note":"on it""#),
            ("acknowledge INC-1 --note x", "acknowledge", r#","note":"x""#),
            ("note INC-1 'it is DNS'", "note", r#","note":"it is DNS""#),
            ("assign INC-1 bo", "assign", r#","assignee":"bo""#),
            ("assign INC-1 bo --team dba", "assign", r#","team":"dba","assignee":"bo""#),
            ("merge INC-1 INC-2", "merge", r#","into":"INC-2""#),
            ("resolve INC-1", "resolve", ""),
            ("resolve INC-1 fixed --note y", "resolve", r#","code":"fixed","note":"y""#),
            (
                "hold INC-1 awaiting_vendor --until 2h",
                "hold",
                r#","reason":"awaiting_vendor","until":"2026-03-01T04:05:00.000Z""#,
            ),
            (
                "hold INC-1 --reason planned --until 2026-03-02T00:00:00+01:00",
                "hold",
                r#","reason":"planned","until":"2026-03-01T23:00:00.000Z""#,
            ),
            (
                "prioritise INC-1 'all shops' --priority 1",
                "prioritise",
                r#","priority":1,"reason":"all shops""#,
            ),
            ("unmerge INC-1", "unmerge", ""),
        ] {
            let form = format!(r#"{{"by":"anna"{form}}}"#);
            let expected = format!("POST api/itsm/v1/incidents/INC-1/{verb} {form}");
            check(&format!("incident {line}"), &expected);
        }
    }

    #[test]
    fn wrong_words_are_refused_with_what_would_be_right() {
        for (line, expected) in [
            ("incident", "Usage: incidentctl incident"),
            ("incidint list", "similar subcommands exist: 'incidents', 'incident'"),
            ("incident note INC-1", "<NOTE|--note <NOTE>>"),
            ("incident resolve INC-1 fixd", "similar value exists: 'fixed'"),
            ("incident ack INC-1 a --note b", "cannot be used with"),
            ("incident hold INC-1 planned --until tomorrow", "nor like 2h"),
            ("incident prioritise INC-1 x --impact high", "invalid digit"),
            ("incident list --limit 0", "0 is not in 1..=100000"),
            ("incident list --all --limit 5", "cannot be used with"),
            ("alert ack ALR-1", "unrecognized subcommand 'ack'"),
        ] {
            refused(line, expected);
        }
    }

    #[test]
    fn a_list_knows_how_many_records_it_shows() {
        for (line, expected) in [("", 50), ("--limit 3", 3), ("--all", 100_000)] {
            let Answer::List { limit, .. } =
                wish(&format!("incident list {line}")).unwrap().call.answer
            else {
                panic!("a list is answered by a list");
            };
            assert_eq!(limit, expected, "{line}");
        }
    }
}

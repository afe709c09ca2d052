//! The words of the command line, made of the practices' manuals.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::builder::{PossibleValuesParser, TypedValueParser, ValueParser};
use clap::{Arg, ArgAction, ArgMatches, Command, ValueEnum, value_parser};
use serde_json::Value;

use super::call::{Answer, Call, Method};
use super::offline::Offline;
use super::words;
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
    pub ask: Ask,
}

/// Whom to ask.
#[derive(Debug, Clone)]
pub enum Ask {
    /// The daemon.
    Daemon(Call),
    /// A file.
    Offline(Offline),
}

/// How an answer is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Output {
    /// For people.
    Table,
    /// As the API answered.
    Json,
}

impl Ask {
    /// What the daemon is asked; nothing if it need not be.
    pub fn daemon(self) -> Option<Call> {
        match self {
            Self::Daemon(call) => Some(call),
            Self::Offline(_) => None,
        }
    }
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
        let given = tree(now).try_get_matches_from(words)?;
        Ok(Self {
            url: given.get_one::<String>("url").expect("it has a default").clone(),
            token_file: given.get_one::<PathBuf>("token_file").cloned(),
            output: *given.get_one::<Output>("output").expect("it has a default"),
            ask: ask(&given),
        })
    }
}

fn tree(now: Timestamp) -> Command {
    let url = Arg::new("url")
        .long("url")
        .value_name("URL")
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
        .value_name("FORMAT")
        .default_value("table")
        .value_parser(value_parser!(Output))
        .help("How to write the answer");
    let by = Arg::new("by")
        .long("by")
        .value_name("NAME")
        .env("USER")
        .hide_env_values(true)
        .help("Who asks, for the timeline; a token's own name goes before it");
    Command::new("incidentctl")
        .about("Sees and steers what incidentd knows: alerts, incidents, problems, notifications")
        .version(env!("CARGO_PKG_VERSION"))
        .after_help(EXAMPLES)
        .subcommand_required(true)
        .arg_required_else_help(true)
        .args([url, token_file, output, by].map(|arg| arg.global(true).help_heading("Daemon")))
        .subcommands(MANUALS.iter().map(|manual| practice(manual, now)))
        .subcommand(Command::new("status").about("How the daemon is"))
        .subcommands(words::commands())
}

fn practice(manual: &'static Manual, now: Timestamp) -> Command {
    let mut practice = Command::new(manual.name)
        .visible_aliases((manual.plural != manual.name).then_some(manual.plural))
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
    let text =
        Arg::new("text").short('q').long("text").value_name("TEXT").help("Words that must occur");
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
    let natural = natural(verb);
    if let Some(field) = natural {
        let shortcut = Arg::new("shortcut")
            .value_name(field.name.to_uppercase())
            .value_parser(parser(field.kind, now))
            .help(format!("The same as --{}", field.name.replace('_', "-")))
            .conflicts_with(field.name);
        command = command.arg(if field.required {
            shortcut.required_unless_present(field.name)
        } else {
            shortcut
        });
    }
    let flags = verb.fields.iter().map(|field| {
        let said = natural.is_some_and(|natural| natural.name == field.name);
        flag(field, now).required(field.required && !said)
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

fn ask(given: &ArgMatches) -> Ask {
    let (noun, asked) = given.subcommand().expect("a subcommand is required");
    match MANUALS.iter().find(|manual| manual.name == noun) {
        Some(manual) => Ask::Daemon(call(manual, asked)),
        None if noun == "status" => Ask::Daemon(Call::page(&[noun])),
        None => words::ask(noun, asked),
    }
}

fn call(manual: &'static Manual, asked: &ArgMatches) -> Call {
    let (word, given) = asked.subcommand().expect("a subcommand is required");
    if word == "list" {
        return list_call(manual, given);
    }
    let record = given.get_one::<String>("record").expect("it is required").as_str();
    match manual.verb(word) {
        Some(verb) => verb_call(manual, verb, record, given),
        None if word == "show" => Call::page(&[manual.plural, record]),
        None => Call::page(&[manual.plural, record, word]),
    }
}

fn verb_call(
    manual: &'static Manual,
    verb: &'static Verb,
    record: &str,
    given: &ArgMatches,
) -> Call {
    let mut form = Fields::new();
    // Where nobody is named, the daemon goes by the token.
    if let Some(by) = given.get_one::<String>("by").filter(|by| !by.is_empty()) {
        form.insert("by".to_owned(), Value::from(by.as_str()));
    }
    for field in verb.fields {
        let natural = natural(verb).is_some_and(|natural| natural.name == field.name);
        let shortcut = natural.then(|| given.get_one::<Value>("shortcut")).flatten();
        if let Some(value) = shortcut.or_else(|| given.get_one::<Value>(field.name)) {
            form.insert(field.name.to_owned(), value.clone());
        }
    }
    Call {
        method: Method::Post(form),
        path: [manual.plural, record, verb.name].map(str::to_owned).to_vec(),
        query: Vec::new(),
        answer: Answer::Receipt { manual, verb: verb.name },
    }
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
mod tests;

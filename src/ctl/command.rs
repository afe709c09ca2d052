//! The words of the command line, made of the practices' manuals.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Arg, ArgAction, ArgMatches, Command, ValueEnum, value_parser};

use super::call::{Answer, Call, Method};
use super::offline::Offline;
use super::silence::Import;
use super::source::Trial;
use super::{fields, silence, source, words};
use crate::domain::MANUALS;
use crate::domain::value::Timestamp;
use crate::domain::view::{Field, Manual, Verb};

/// Records that a list shows unless told otherwise.
const LIMIT_DEFAULT: &str = "50";

/// Records that a list shows at most, with `--all` too.
pub(super) const LIMIT_MAX: u32 = 100_000;

const EXAMPLES: &str = "\
Examples:
  incidentctl incident list --state open --priority 1
  incidentctl incident show INC-1
  incidentctl incident ack INC-1 'looking into it'
  incidentctl incident assign INC-1 alice
  incidentctl incident resolve INC-1 fixed --note 'failed over to the replica'
  incidentctl alert explain ALR-1
  incidentctl source test grafana --payload body.json
  incidentctl silence add alertname=DiskFull node=~'a.*' -d 2h -c 'new disks come in'
  incidentctl silence expire $(incidentctl silence query -q DiskFull)

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
    /// The daemon, one call after the other.
    Each(Vec<Call>),
    /// The daemon, to take silences in that another Alertmanager has written down.
    Import(Import),
    /// The daemon, what would become of a body in a file.
    Trial(Trial),
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
    /// The one thing that the daemon is asked; nothing if it is asked more or less.
    pub fn daemon(self) -> Option<Call> {
        match self {
            Self::Daemon(call) => Some(call),
            Self::Each(_) | Self::Import(_) | Self::Trial(_) | Self::Offline(_) => None,
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
        .subcommand(source::command())
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
    if let Some(make) = manual.make {
        let make_one = Command::new(make.name).about(make.help);
        practice = practice.subcommand(fields::given_to(make_one, make, now));
    }
    if manual.name == "silence" {
        practice = practice.subcommands(silence::commands());
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
        .args(manual.filters.iter().map(|field| fields::flag(field, now)))
        .args([text, limit, all])
}

fn command(verb: &'static Verb, now: Timestamp) -> Command {
    // A verb that needs no more words takes the records that `list` or a shell has found.
    let record = if verb.fields.is_empty() { record().num_args(1..) } else { record() };
    let command = Command::new(verb.name).about(verb.help).arg(record);
    match verb.short {
        Some(short) => fields::given_to(command, verb, now).visible_alias(short),
        None => fields::given_to(command, verb, now),
    }
}

fn record() -> Arg {
    Arg::new("record").value_name("ID").required(true).help("Which one")
}

fn ask(given: &ArgMatches) -> Ask {
    let (noun, asked) = given.subcommand().expect("a subcommand is required");
    match MANUALS.iter().find(|manual| manual.name == noun) {
        Some(manual) => of_practice(manual, asked),
        None if noun == "source" => source::ask(asked),
        None if noun == "status" => Ask::Daemon(Call::page(&[noun])),
        None => words::ask(noun, asked),
    }
}

fn of_practice(manual: &'static Manual, asked: &ArgMatches) -> Ask {
    let (word, given) = asked.subcommand().expect("a subcommand is required");
    if word == "list" {
        return Ask::Daemon(list_call(manual, given));
    }
    if let Some(make) = manual.make.filter(|make| make.name == word) {
        return Ask::Daemon(verb_call(manual, make, None, given));
    }
    if manual.name == "silence"
        && let Some(ask) = silence::ask(manual, word, given)
    {
        return ask;
    }
    let records = given.get_many::<String>("record").expect("it is required");
    let call = |record: &String| match manual.verb(word) {
        Some(verb) => verb_call(manual, verb, Some(record), given),
        None if word == "show" => Call::page(&[manual.plural, record]),
        None => Call::page(&[manual.plural, record, word]),
    };
    let mut calls: Vec<Call> = records.map(call).collect();
    match calls.pop() {
        Some(call) if calls.is_empty() => Ask::Daemon(call),
        last => Ask::Each(calls.into_iter().chain(last).collect()),
    }
}

fn verb_call(
    manual: &'static Manual,
    verb: &'static Verb,
    record: Option<&str>,
    given: &ArgMatches,
) -> Call {
    let path = match record {
        Some(record) => [manual.plural, record, verb.name].map(str::to_owned).to_vec(),
        None => vec![manual.plural.to_owned()],
    };
    Call {
        method: Method::Post(fields::form(verb, given)),
        path,
        query: Vec::new(),
        answer: Answer::Receipt { manual, verb: verb.name },
    }
}

fn list_call(manual: &'static Manual, given: &ArgMatches) -> Call {
    let text = given.get_one::<String>("text").map(|text| ("q".to_owned(), text.clone()));
    let filter = |field: &Field| {
        let value = fields::filter(field, given)?;
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

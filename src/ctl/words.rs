//! Words of the command line beside the practices: the configuration, its routes, its receivers.

use std::path::PathBuf;

use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};
use serde_json::Value;

use super::call::{Answer, Call, Method};
use super::command::Ask;
use super::offline::Offline;
use super::render::Render;
use crate::domain::view::Fields;

/// `config`, `routes`, `receiver` and `template`.
pub(super) fn commands() -> [Command; 4] {
    let show = Command::new("show").about("Show the routing tree").arg(file());
    let test = Command::new("test")
        .about("Name the receivers that an alert would reach")
        .args([file(), labels()])
        .arg(
            Arg::new("verify.receivers")
                .long("verify.receivers")
                .value_name("NAMES")
                .help("Fail unless these receivers, comma-separated, are the ones"),
        )
        .arg(
            Arg::new("tree")
                .long("tree")
                .action(ArgAction::SetTrue)
                .help("Show each route that is looked at"),
        );
    let config = nest("config", "See the configuration in force")
        .subcommand(Command::new("show").about("Show it, without its secrets"))
        .subcommand(nest("routes", "See where alerts go").subcommands([show, test]));
    let explain = Command::new("explain")
        .about("Tell which routes take an alert, who hears of it and when, and why not")
        .arg(labels());
    let routes = nest("routes", "See where alerts go").subcommand(explain);
    let say = Command::new("test")
        .about("Say something to a receiver, to see whether it arrives")
        .arg(Arg::new("receiver").value_name("RECEIVER").required(true).help("Its name"))
        .arg(labels())
        .arg(
            Arg::new("resolved")
                .long("resolved")
                .action(ArgAction::SetTrue)
                .help("Say that it is over"),
        );
    let receiver = nest("receiver", "Try receivers out").subcommand(say);
    let template = nest("template", "Try templates out").subcommand(rendering());
    [config, routes, receiver, template]
}

/// The flags are amtool's.
fn rendering() -> Command {
    let value = |name: &'static str, value: &'static str, help: &'static str| {
        Arg::new(name).long(name).value_name(value).help(help)
    };
    Command::new("render").about("Show what a template makes of data").args([
        value("template.glob", "GLOB", "Template files; may be repeated")
            .required(true)
            .action(ArgAction::Append),
        value("template.text", "TEXT", "The template").required(true),
        value("template.type", "TYPE", "How to escape what the data brings")
            .value_parser(["text", "html"])
            .default_value("text"),
        value("template.data", "FILE", "The data in JSON, in the form of webhooks; else a sample")
            .value_parser(value_parser!(PathBuf)),
    ])
}

fn render(given: &ArgMatches) -> Render {
    let text = |name: &str| given.get_one::<String>(name).cloned().unwrap_or_default();
    Render {
        globs: given.get_many("template.glob").into_iter().flatten().cloned().collect(),
        text: text("template.text"),
        html: text("template.type") == "html",
        data: given.get_one::<PathBuf>("template.data").cloned(),
    }
}

/// What is asked by one of [`commands`].
pub(super) fn ask(noun: &str, asked: &ArgMatches) -> Ask {
    let (word, given) = asked.subcommand().expect("a subcommand is required");
    match (noun, word) {
        ("config", "show") => Ask::Daemon(Call::get(&["config"], vec![], Answer::Text("original"))),
        ("config", _) => {
            let (word, given) = given.subcommand().expect("a subcommand is required");
            let file = given.get_one::<PathBuf>("config.file").cloned();
            match (word, file) {
                ("show", Some(file)) => Ask::Offline(Offline::Routes { file }),
                ("show", None) => Ask::Daemon(Call::get(&["routes"], vec![], Answer::Routes)),
                (_, file) => test(given, file),
            }
        }
        ("template", _) => Ask::Offline(Offline::Render(render(given))),
        ("routes", _) => explain(given, Answer::Explanation),
        _ => Ask::Daemon(say(given)),
    }
}

fn test(given: &ArgMatches, file: Option<PathBuf>) -> Ask {
    let tree = given.get_flag("tree");
    let verify = given.get_one::<String>("verify.receivers").cloned();
    match file {
        Some(file) => Ask::Offline(Offline::Test { file, labels: pairs(given), tree, verify }),
        None => explain(given, Answer::Receivers { tree, verify }),
    }
}

fn explain(given: &ArgMatches, answer: Answer) -> Ask {
    let labels = pairs(given).into_iter();
    let query = labels.map(|(name, value)| ("label".to_owned(), format!("{name}={value}")));
    Ask::Daemon(Call::get(&["routes", "explain"], query.collect(), answer))
}

fn say(given: &ArgMatches) -> Call {
    let receiver = given.get_one::<String>("receiver").expect("it is required");
    let labels: Fields =
        pairs(given).into_iter().map(|(name, value)| (name, Value::from(value))).collect();
    let mut form = Fields::new();
    form.insert("labels".to_owned(), Value::Object(labels));
    form.insert("resolved".to_owned(), Value::from(given.get_flag("resolved")));
    if let Some(by) = given.get_one::<String>("by").filter(|by| !by.is_empty()) {
        form.insert("by".to_owned(), Value::from(by.as_str()));
    }
    Call {
        method: Method::Post(form),
        path: vec!["receivers".to_owned(), receiver.clone(), "test".to_owned()],
        query: Vec::new(),
        answer: Answer::Tested,
    }
}

fn nest(name: &'static str, about: &'static str) -> Command {
    Command::new(name).about(about).subcommand_required(true).arg_required_else_help(true)
}

fn file() -> Arg {
    Arg::new("config.file")
        .long("config.file")
        .value_name("FILE")
        .value_parser(value_parser!(PathBuf))
        .help("Ask this file rather than the daemon")
}

fn labels() -> Arg {
    Arg::new("labels")
        .value_name("NAME=VALUE")
        .num_args(0..)
        .value_parser(pair)
        .help("The alert's labels")
}

fn pairs(given: &ArgMatches) -> Vec<(String, String)> {
    given.get_many::<(String, String)>("labels").into_iter().flatten().cloned().collect()
}

fn pair(text: &str) -> Result<(String, String), String> {
    let pair = text.split_once('=').filter(|(name, _)| !name.is_empty());
    let (name, value) = pair.ok_or("write NAME=VALUE")?;
    // amtool takes values in quotes, too.
    let bare = value.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(value);
    Ok((name.to_owned(), bare.to_owned()))
}

//! `incidentctl source`: who sends, what became of it, and what would become of a body.

use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};
use serde_json::Value;

use super::call::{Answer, Call, Method};
use super::command::Ask;
use super::failure::Failure;
use super::look::{Look, Tint};
use super::offline::Offline;
use super::table::{Cell, Table};
use super::written::{self, Clock, NOTHING};
use crate::domain::event::adapter::kind::sample;
use crate::domain::view::Fields;

/// A larger body does not fit into a form of the API.
const PAYLOAD_BYTES_MAX: u64 = 192 << 10;

/// What became of events, in the order in which a list shows it.
const COUNTS: [&str; 6] = ["new", "changed", "duplicate", "resolved", "rejected", "limited"];

/// A body that is to be tried out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trial {
    /// The source's name.
    pub source: String,
    /// The body; `-` is standard input, nothing the sample of the source's type.
    pub file: Option<PathBuf>,
    /// Headers of the request.
    pub headers: Vec<(String, String)>,
    /// What follows the `?`.
    pub query: String,
}

pub(super) fn command() -> Command {
    let name = || Arg::new("name").value_name("NAME").required(true).help("The source's name");
    let test = Command::new("test")
        .about("Show what would become of a body; nothing is taken in")
        .arg(name())
        .args([
            Arg::new("payload")
                .long("payload")
                .value_name("FILE")
                .value_parser(value_parser!(PathBuf))
                .help("The body, or `-` for standard input; else a sample of the source's type"),
            Arg::new("header")
                .long("header")
                .short('H')
                .value_name("NAME: VALUE")
                .action(ArgAction::Append)
                .value_parser(header)
                .help("A header of the request; may be repeated"),
            Arg::new("query")
                .long("query")
                .value_name("TEXT")
                .default_value("")
                .hide_default_value(true)
                .help("What follows the `?` of the URL"),
        ]);
    let sample = Command::new("sample").about("Print a body as sources of a type send it").arg(
        Arg::new("type")
            .value_name("TYPE")
            .required(true)
            .value_parser(sample::names().collect::<Vec<_>>())
            .help("The type of the source"),
    );
    let url = Command::new("url")
        .about("Make a signed URL for a sender that can be given nothing else")
        .arg(name())
        .arg(
            Arg::new("expires")
                .long("expires")
                .value_name("DURATION")
                .default_value("90d")
                .help("How long it is good; or `never`: as long as its `path_token`"),
        );
    Command::new("source")
        .visible_alias("sources")
        .about("See who sends events and what becomes of them")
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommand(Command::new("list").about("List them with what became of their events"))
        .subcommand(Command::new("show").about("Show one of them").arg(name()))
        .subcommand(
            Command::new("rejected").about("Show bodies that could not be taken in").arg(name()),
        )
        .subcommands([test, sample, url])
}

/// What is asked by [`command`].
pub(super) fn ask(asked: &ArgMatches) -> Ask {
    let (word, given) = asked.subcommand().expect("a subcommand is required");
    let text = |name: &str| given.get_one::<String>(name).cloned().unwrap_or_default();
    if word == "list" {
        return Ask::Daemon(Call::get(&["sources"], Vec::new(), Answer::Sources));
    }
    if word == "sample" {
        return Ask::Offline(Offline::Sample { kind: text("type") });
    }
    let name = text("name");
    match word {
        "show" => Ask::Daemon(Call::page(&["sources", &name])),
        "rejected" => {
            let path = ["sources", &name, "rejected"];
            Ask::Daemon(Call::get(&path, Vec::new(), Answer::Rejected))
        }
        "url" => {
            let mut form = Fields::new();
            form.insert("expires".to_owned(), text("expires").into());
            let by = text("by");
            if !by.is_empty() {
                form.insert("by".to_owned(), by.into());
            }
            Ask::Daemon(post(&name, "url", form, Answer::Line("url")))
        }
        _ => Ask::Trial(Trial {
            source: name,
            file: given.get_one::<PathBuf>("payload").cloned(),
            headers: given.get_many("header").into_iter().flatten().cloned().collect(),
            query: text("query"),
        }),
    }
}

impl Trial {
    /// The request that tries the body out. Reads the file.
    pub(super) fn call(&self) -> Result<Call, Failure> {
        let mut form = Fields::new();
        if let Some(file) = &self.file {
            form.insert("payload".to_owned(), read(file)?.into());
            let pairs = self.headers.iter();
            let headers: Fields =
                pairs.map(|(name, value)| (name.clone(), value.as_str().into())).collect();
            form.insert("headers".to_owned(), headers.into());
            form.insert("query".to_owned(), self.query.as_str().into());
        }
        Ok(post(&self.source, "test", form, Answer::Payload))
    }
}

fn post(name: &str, verb: &str, form: Fields, answer: Answer) -> Call {
    Call {
        method: Method::Post(form),
        path: ["sources", name, verb].map(str::to_owned).to_vec(),
        query: Vec::new(),
        answer,
    }
}

fn read(file: &Path) -> Result<String, Failure> {
    let failed = |source| Failure::PayloadFile { path: file.to_owned(), source };
    let mut bytes = Vec::new();
    let limit = PAYLOAD_BYTES_MAX + 1;
    if file == Path::new("-") {
        io::stdin().take(limit).read_to_end(&mut bytes).map_err(failed)?;
    } else {
        let opened = File::open(file).map_err(failed)?;
        opened.take(limit).read_to_end(&mut bytes).map_err(failed)?;
    }
    if bytes.len() as u64 > PAYLOAD_BYTES_MAX {
        let why = "it is larger than 192 KiB; try it with `incidentd check --payload`";
        return Err(failed(io::Error::other(why)));
    }
    String::from_utf8(bytes).map_err(|_| {
        let why = "it is no text; try it with `incidentd check --payload`";
        failed(io::Error::other(why))
    })
}

/// Reads `Name: value`.
///
/// # Errors
/// Says what a header looks like.
pub fn header(text: &str) -> Result<(String, String), String> {
    let pair = text.split_once(':').filter(|(name, _)| !name.trim().is_empty());
    let (name, value) = pair.ok_or("write NAME: VALUE")?;
    Ok((name.trim().to_owned(), value.trim().to_owned()))
}

/// The list of sources.
pub(super) fn list(answer: &Value, look: &Look) -> String {
    let plain = |text: String| Cell { text, tint: Tint::Plain };
    let row = |source: &Value| {
        let open = source["open"] == true;
        let ways: Vec<String> = texts(&source["auth"])
            .chain((!is_empty(&source["allow"])).then(|| "allow".to_owned()))
            .collect();
        let auth = if open { "open to all".to_owned() } else { ways.join(", ") };
        let counts = source["counts"].as_object();
        let count = |name: &str| counts.and_then(|counts| counts.get(name)).and_then(Value::as_u64);
        let refused = counts.into_iter().flatten();
        let refused = refused.filter(|(name, _)| name.starts_with("refused_"));
        let refused: u64 = refused.filter_map(|(_, count)| count.as_u64()).sum();
        let mut cells = vec![
            plain(written::line(source["name"].as_str().unwrap_or_default())),
            plain(written::line(source["type"].as_str().unwrap_or_default())),
            Cell { text: auth, tint: if open { Tint::Bad } else { Tint::Plain } },
            plain(written::value("last_seen_at", &source["last_seen_at"], Clock::Age, look)),
        ];
        let numbers = COUNTS.iter().map(|name| count(name).unwrap_or(0)).chain([refused]);
        cells.extend(numbers.map(|number| plain(number.to_string())));
        cells
    };
    let mut headings: Vec<String> = ["NAME", "TYPE", "AUTH", "LAST SEEN"].map(String::from).into();
    headings.extend(COUNTS.iter().map(|name| name.to_uppercase()));
    headings.push("REFUSED".to_owned());
    let rows = answer["items"].as_array().into_iter().flatten().map(row).collect();
    Table { headings, rows }.write("", look)
}

/// Bodies that could not be taken in, the newest first.
pub(super) fn rejected(answer: &Value, look: &Look) -> String {
    let items = answer["items"].as_array().map_or(&[][..], Vec::as_slice);
    if items.is_empty() {
        return "Nothing was rejected since the daemon started.\n".to_owned();
    }
    let mut text = String::new();
    for item in items {
        let at = written::value("at", &item["at"], Clock::Both, look);
        let from = item["from"].as_str().map_or(NOTHING.to_owned(), written::line);
        let heading = format!("{at} from {from}, {} bytes", item["bytes"]);
        line(&mut text, &look.paint(&heading, Tint::Heading));
        let why = written::line(item["why"].as_str().unwrap_or_default());
        let reason = item["reason"].as_str().unwrap_or_default();
        line(&mut text, &format!("{}: {why}", written::line(reason)));
        for (name, value) in item["headers"].as_object().into_iter().flatten() {
            let value = written::line(value.as_str().unwrap_or_default());
            line(&mut text, &format!("  {}: {value}", written::line(name)));
        }
        text.push('\n');
        for row in written::lines("body", &item["body"], Clock::Both, look) {
            line(&mut text, &format!("  {row}"));
        }
        text.push('\n');
    }
    text
}

fn texts(list: &Value) -> impl Iterator<Item = String> {
    list.as_array().into_iter().flatten().filter_map(|item| item.as_str().map(written::line))
}

fn is_empty(list: &Value) -> bool {
    list.as_array().is_none_or(Vec::is_empty)
}

fn line(text: &mut String, line: &str) {
    writeln!(text, "{line}").expect("a String takes everything");
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::domain::value::Timestamp;

    const LOOK: Look = Look { now: Timestamp(1_767_226_000_000), width: None, colour: false };

    #[test]
    fn a_list_shows_who_is_let_in_and_what_became_of_events() {
        let answer = json!({ "items": [
            {
                "name": "grafana", "type": "grafana", "auth": ["bearer", "hmac"],
                "allow": ["10.0.0.0/8"], "open": false,
                "last_seen_at": Timestamp(LOOK.now.0 - 60_000).rfc3339(),
                "counts": { "new": 3, "duplicate": 12, "refused_unauthorized": 2, "refused_slow": 1 },
            },
            { "name": "kuma", "type": "auto", "auth": [], "allow": [], "open": true,
              "last_seen_at": null, "counts": {} },
        ]});
        assert_eq!(
            list(&answer, &LOOK),
            "\
NAME     TYPE     AUTH                 LAST SEEN  NEW  CHANGED  DUPLICATE  RESOLVED  REJECTED  LIMITED  REFUSED
grafana  grafana  bearer, hmac, allow  60s ago    3    0        12         0         0         0        3
kuma     auto     open to all          -          0    0        0          0         0         0        0
"
        );
    }

    #[test]
    fn what_was_rejected_is_shown_with_why() {
        let answer = json!({ "items": [{
            "at": LOOK.now.rfc3339(), "from": "192.0.2.7", "reason": "unreadable", "why": "no JSON",
            "bytes": 12, "headers": { "content-type": "text/plain" }, "body": "hello\nworld\u{1b}",
        }]});
        assert_eq!(
            rejected(&answer, &LOOK),
            "\
2026-01-01 00:06:40 UTC (0s ago) from 192.0.2.7, 12 bytes
unreadable: no JSON
  content-type: text/plain

  hello
  world\u{fffd}

"
        );
        let nothing = json!({ "items": [] });
        assert_eq!(rejected(&nothing, &LOOK), "Nothing was rejected since the daemon started.\n");
    }
}

//! The operator's command line: words in, one HTTP request, a table or a page out.
//!
//! The commands come from [`crate::domain::MANUALS`], so that a practice needs no line here to be
//! listed, shown and acted on. Exit codes: see [`Failure::exit_code`].

mod call;
mod client;
mod command;
mod failure;
mod fields;
mod look;
mod offline;
mod page;
pub mod payload;
mod render;
mod silence;
pub mod source;
mod table;
mod tree;
mod words;
mod written;

use std::ffi::OsString;
use std::io::{self, Write};
use std::process::ExitCode;

use serde_json::Value;
use tokio::runtime::Runtime;

pub use call::{Answer, Call, Method};
pub use client::Client;
pub use command::{Ask, Output, Wish};
pub use failure::{Failure, Problem};
pub use look::Look;
pub use offline::Offline;
pub use render::Render;
pub use silence::Import;

use crate::shell::clock;

/// Runs one command as it was typed; the first word is the program's own name.
pub fn run(words: impl IntoIterator<Item = OsString>) -> ExitCode {
    let wish = match Wish::of(words, clock::now()) {
        Ok(wish) => wish,
        Err(asked) => {
            // Help goes to stdout and is no failure; a closed pipe is nobody's loss.
            let _ = asked.print();
            return ExitCode::from(u8::try_from(asked.exit_code()).unwrap_or(2));
        }
    };
    match perform(&wish).and_then(|text| write(&text)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            let _ = io::stderr().write_all(failure.report().as_bytes());
            failure.exit_code()
        }
    }
}

fn perform(wish: &Wish) -> Result<String, Failure> {
    let look = Look::of_stdout(clock::now());
    let call = match &wish.ask {
        Ask::Daemon(call) => call,
        Ask::Each(calls) => {
            let (runtime, client) = reach(wish)?;
            for call in calls {
                // What was done is told, whatever becomes of the next.
                write(&shown(wish.output, call, &runtime.block_on(client.ask(call))?, &look))?;
            }
            return Ok(String::new());
        }
        Ask::Import(import) => {
            let (runtime, client) = reach(wish)?;
            let answer = runtime.block_on(silence::import(&client, import))?;
            return Ok(match wish.output {
                Output::Json => format!("{answer:#}\n"),
                Output::Table => silence::imported(&answer),
            });
        }
        Ask::Trial(trial) => {
            let call = trial.call()?;
            let (runtime, client) = reach(wish)?;
            let answer = runtime.block_on(client.ask(&call))?;
            return Ok(shown(wish.output, &call, &answer, &look));
        }
        Ask::Offline(question) => {
            let answer = offline::answer(question)?;
            let text = match wish.output {
                Output::Json => format!("{answer:#}\n"),
                Output::Table => offline::shown(question, &answer),
            };
            if let Offline::Test { verify, .. } = question {
                write(&text)?;
                return offline::verify(verify.as_deref(), &answer).map(|()| String::new());
            }
            return Ok(text);
        }
    };
    let (runtime, client) = reach(wish)?;
    let answer = runtime.block_on(client.ask(call))?;
    let text = shown(wish.output, call, &answer, &look);
    if let Answer::Receivers { verify, .. } = &call.answer {
        write(&text)?;
        return offline::verify(verify.as_deref(), &answer).map(|()| String::new());
    }
    if matches!(call.answer, Answer::Tested) && !tree::arrived(&answer) {
        write(&text)?;
        return Err(Failure::Untold);
    }
    Ok(text)
}

/// What it takes to talk to the daemon.
fn reach(wish: &Wish) -> Result<(Runtime, Client), Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(Failure::Runtime)?;
    let token = client::token(wish.token_file.as_deref())?;
    Ok((runtime, Client::new(&wish.url, token)?))
}

/// Writes an answer the way it was asked for.
fn shown(output: Output, call: &Call, answer: &Value, look: &Look) -> String {
    match output {
        Output::Json => format!("{answer:#}\n"),
        Output::Table => match &call.answer {
            Answer::List { manual, .. } => page::list(manual, answer, look),
            Answer::Ids { .. } => page::ids(answer),
            Answer::Page => page::record(answer, look),
            Answer::Receipt { manual, verb } => page::receipt(manual, verb, answer, look),
            Answer::Text(member) => answer[*member].as_str().unwrap_or_default().to_owned(),
            Answer::Routes => tree::routes(answer),
            Answer::Explanation => tree::explanation(answer),
            Answer::Receivers { tree, .. } => tree::receivers(answer, *tree),
            Answer::Tested => tree::tested(answer),
            Answer::Line(member) => {
                format!("{}\n", answer[*member].as_str().map(written::line).unwrap_or_default())
            }
            Answer::Sources => source::list(answer, look),
            Answer::Rejected => source::rejected(answer, look),
            Answer::Payload => payload::shown(answer),
        },
    }
}

fn write(text: &str) -> Result<(), Failure> {
    match io::stdout().write_all(text.as_bytes()) {
        // `incidentctl … | head` has seen enough.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        written => written.map_err(Failure::Output),
    }
}

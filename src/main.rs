//! `incidentd`: flags, call app, exit code.

use std::process::ExitCode;

fn main() -> ExitCode {
    incidentd::app::run()
}

//! incidentctl: the operator's command line.

use std::process::ExitCode;

fn main() -> ExitCode {
    incidentd::ctl::run(std::env::args_os())
}

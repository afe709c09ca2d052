//! `incidentd`: flags, call app, exit code.

use std::process::ExitCode;

/// Bodies are read on the HTTP workers and freed by the writer; glibc's arenas fight over that.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    incidentd::app::run()
}

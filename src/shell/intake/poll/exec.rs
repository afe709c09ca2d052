//! Programs that keep to the rules for Nagios plugins: the exit status is the state, the output is
//! for people and holds performance data.
//!
//! A program gets nothing of our environment, where secrets may be, and no shell; at its timeout it
//! and everything it started are killed.

use std::io;
use std::process::{ExitStatus, Stdio};

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::{Child, Command};

use super::Unanswered;
use crate::domain::event::poll::perfdata::PluginOutput;
use crate::domain::event::poll::{ExecProbe, Sample};
use crate::domain::value::{Labels, Span};

/// Output beyond this is thrown away.
const OUTPUT_BYTES_MAX: usize = 64 << 10;

/// A longer text is cut in annotations.
const NOTE_CHARS_MAX: usize = 4_096;

/// Where programs look for other programs.
const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

pub(super) async fn ask(probe: &ExecProbe, timeout: Span) -> Result<Vec<Sample>, Unanswered> {
    let program = probe.command.first().cloned().unwrap_or_default();
    let started = start(probe);
    let mut running =
        started.map_err(|source| Unanswered::Start { program: program.clone(), source })?;
    let ended = tokio::time::timeout(timeout.duration(), running.end()).await;
    let (status, printed, complained) = match ended {
        Ok(ended) => {
            ended.map_err(|source| Unanswered::Wait { program: program.clone(), source })?
        }
        Err(_) => return Err(Unanswered::TimedOut(timeout)),
    };
    let text = if printed.trim().is_empty() { &complained } else { &printed };
    let output = PluginOutput::read(text);
    match status.code().filter(|code| (0..=3).contains(code)) {
        Some(code) => Ok(samples(code, &output)),
        None => Err(Unanswered::Ended { program, how: status.to_string(), said: output.text }),
    }
}

fn samples(code: i32, output: &PluginOutput) -> Vec<Sample> {
    let names = ["OK", "WARNING", "CRITICAL", "UNKNOWN"];
    let name = usize::try_from(code).ok().and_then(|code| names.get(code)).unwrap_or(&"UNKNOWN");
    let cut = |text: &str| text.chars().take(NOTE_CHARS_MAX).collect::<String>();
    let notes = [
        ("state", (*name).to_owned()),
        ("output", cut(&output.text)),
        ("long_output", cut(&output.long_text)),
        ("perfdata", cut(&output.perfdata)),
    ];
    let notes = Labels::new(notes);
    let mut state = Sample::measure("state", Some(f64::from(code)));
    state.notes = notes.clone();
    let values = output.values.iter().map(|one| {
        let labels = Labels::new([("measure", "perfdata"), ("metric", one.label.as_str())]);
        let mut sample = Sample::new(labels, one.value).noting("unit", &one.unit);
        sample.notes = sample.notes.with(notes.iter());
        sample
    });
    std::iter::once(state).chain(values).collect()
}

/// A program that runs. Unless it has ended, it is killed with its process group when this is
/// dropped.
struct Running {
    child: Child,
    group: Option<Pid>,
}

fn start(probe: &ExecProbe) -> io::Result<Running> {
    let (program, arguments) = probe.command.split_first().ok_or(io::ErrorKind::NotFound)?;
    let mut command = Command::new(program);
    command.args(arguments).env_clear().env("PATH", PATH).env("LC_ALL", "C");
    command.envs(probe.env.iter().map(|(name, value)| (name, value.reveal())));
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = command.current_dir("/").process_group(0).kill_on_drop(true).spawn()?;
    let number = child.id().and_then(|id| i32::try_from(id).ok());
    Ok(Running { child, group: number.and_then(Pid::from_raw) })
}

impl Running {
    /// Waits for the end: the status, what was printed, and what was complained of.
    async fn end(&mut self) -> io::Result<(ExitStatus, String, String)> {
        let (out, err) = (self.child.stdout.take(), self.child.stderr.take());
        let (status, printed, complained) = tokio::join!(self.child.wait(), drain(out), drain(err));
        // What it left in the background, and what no longer writes to us, may stay.
        self.group = None;
        Ok((status?, printed, complained))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(group) = self.group {
            // A group that is gone is what was wanted.
            let _ = kill_process_group(group, Signal::KILL);
        }
    }
}

/// Reads to the end and keeps the start, so that nobody waits for a full pipe.
async fn drain(from: Option<impl AsyncRead + Unpin>) -> String {
    let Some(mut from) = from else { return String::new() };
    let mut kept = Vec::new();
    let mut chunk = [0; 4 << 10];
    while let Ok(bytes) = from.read(&mut chunk).await
        && bytes > 0
    {
        let room = OUTPUT_BYTES_MAX.saturating_sub(kept.len());
        kept.extend_from_slice(&chunk[..bytes.min(room)]);
    }
    String::from_utf8_lossy(&kept).into_owned()
}

//! The real Alertmanager, as Debian ships it.

use std::path::Path;
use std::process::{Command, Stdio};

use crate::api::Api;
use crate::program::{self, Process, run};
use crate::until::until;

/// Debian's Alertmanager starts only where this is.
const TEMPLATES: &str = "/usr/share/prometheus/alertmanager/default.tmpl";

pub(crate) struct Alertmanager {
    pub(crate) url: String,
    pub(crate) api: Api,
    pub(crate) process: Process,
}

impl Alertmanager {
    /// Starts it and waits until it is ready; nothing, said aloud, where there is none.
    pub(crate) fn start(config: &Path, storage: &Path, flags: &[&str]) -> Option<Self> {
        let program = program::find("alertmanager")?;
        program::find_file(TEMPLATES)?;
        let port = program::free_port();
        let gossips = flags.iter().any(|flag| flag.starts_with("--cluster.listen-address"));
        let alone = (!gossips).then_some("--cluster.listen-address=");
        let process = Process::start(
            Command::new(program)
                .arg("--config.file")
                .arg(config)
                .arg("--storage.path")
                .arg(storage)
                .arg(format!("--web.listen-address=127.0.0.1:{port}"))
                .args(alone)
                .args(flags)
                .stdout(Stdio::null())
                .stderr(Stdio::null()),
        );
        let url = format!("http://127.0.0.1:{port}");
        let api = Api::new(&url);
        until("Alertmanager is ready", || (api.get("/-/ready").status == 200).then_some(()));
        Some(Self { url, api, process })
    }

    /// Asks it to stop, which makes it write its state, and waits until it has.
    pub(crate) fn stop(mut self) {
        let pid = self.process.child().id();
        let said = run(Command::new("sh").args(["-c", &format!("kill -TERM {pid}")]));
        assert_eq!(said.code, Some(0), "{said:?}");
        until("Alertmanager has stopped", || (!self.process.is_running()).then_some(()));
    }
}

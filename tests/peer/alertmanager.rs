//! The real Alertmanager, as Debian ships it.

use std::path::Path;
use std::process::{Command, Stdio};

use crate::api::Api;
use crate::program::{self, Process};
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
        let process = Process::start(
            Command::new(program)
                .arg("--config.file")
                .arg(config)
                .arg("--storage.path")
                .arg(storage)
                .arg(format!("--web.listen-address=127.0.0.1:{port}"))
                .arg("--cluster.listen-address=")
                .args(flags)
                .stdout(Stdio::null())
                .stderr(Stdio::null()),
        );
        let url = format!("http://127.0.0.1:{port}");
        let api = Api::new(&url);
        until("Alertmanager is ready", || (api.get("/-/ready").status == 200).then_some(()));
        Some(Self { url, api, process })
    }
}

//! A program under measurement: its files, its process, what the system says of it.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tempfile::TempDir;

/// Looks at whether it is ready, so often at most.
const READY_TRIES_MAX: u32 = 300;
const READY_WAIT: Duration = Duration::from_millis(100);
/// A process that used less of a core for so long has done what it had to.
const QUIET_WAIT: Duration = Duration::from_millis(500);
const QUIET_SECONDS_MAX: f64 = 0.02;
const QUIET_TRIES_MAX: u32 = 120;
/// Clock ticks a second in `/proc` (Linux on every architecture that matters).
const TICKS: f64 = 100.0;

/// What is started.
pub(crate) struct Binary(PathBuf);

/// A running one. It ends when it is dropped.
pub(crate) struct Peer {
    child: Child,
    address: String,
    /// Holds its files as long as it runs.
    _home: TempDir,
}

impl Binary {
    /// Ours, as this bench was built.
    pub(crate) fn incidentd() -> Self {
        Self(env!("CARGO_BIN_EXE_incidentd").into())
    }

    /// Alertmanager, under either of its names.
    pub(crate) fn alertmanager() -> Option<Self> {
        let unpacked = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/peers/usr/bin");
        let path = std::env::var_os("PATH").unwrap_or_default();
        let places = std::iter::once(unpacked).chain(std::env::split_paths(&path));
        let names = ["prometheus-alertmanager", "alertmanager"];
        let mut programs = places.flat_map(|place| names.map(|name| place.join(name)));
        programs.find(|program| program.is_file()).map(Self)
    }

    pub(crate) fn name(&self) -> String {
        self.0.file_name().unwrap_or_default().to_string_lossy().into_owned()
    }
}

impl Peer {
    /// Starts it with a configuration and waits until it is ready.
    pub(crate) async fn start(binary: &Binary, configuration: &str) -> Self {
        let home = tempfile::tempdir().expect("there is room for temporary files");
        let file = home.path().join("alertmanager.yml");
        std::fs::write(&file, configuration).expect("the directory is ours");
        let free = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
        let address = free.expect("loopback has a free port").to_string();
        let child = Command::new(&binary.0)
            .arg(format!("--config.file={}", file.display()))
            .arg(format!("--storage.path={}", home.path().join("data").display()))
            .arg(format!("--web.listen-address={address}"))
            .args(["--cluster.listen-address=", "--log.level=warn"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .expect("the program can be started");
        let peer = Self { child, address, _home: home };
        let ready = format!("http://{}/-/ready", peer.address);
        for _ in 0..READY_TRIES_MAX {
            let answer = reqwest::get(&ready).await;
            if answer.is_ok_and(|answer| answer.status().is_success()) {
                return peer;
            }
            tokio::time::sleep(READY_WAIT).await;
        }
        panic!("{} does not become ready", binary.name());
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Bytes of memory in use that belong to it.
    pub(crate) fn resident_bytes(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.pid()));
        let status = status.expect("it runs");
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kilobytes = line.and_then(|line| line.split_whitespace().next());
        kilobytes.and_then(|text| text.parse::<u64>().ok()).expect("proc(5) says so") * 1_024
    }

    pub(crate) async fn stop(mut self) {
        let kill = Command::new("kill").arg(self.pid().to_string()).status();
        kill.expect("there is kill(1)");
        tokio::task::spawn_blocking(move || self.child.wait()).await.ok();
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        // It has ended already unless something went wrong.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Seconds of CPU that a process has used, its threads included.
pub(crate) fn cpu_seconds(pid: u32) -> f64 {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).expect("it runs");
    // The name may hold blanks; what is counted stands behind it.
    let (_, fields) = stat.rsplit_once(')').expect("proc(5) says so");
    let ticks = fields.split_whitespace().skip(11).take(2);
    ticks.filter_map(|ticks| ticks.parse::<f64>().ok()).sum::<f64>() / TICKS
}

/// Waits until a process has done what it had to, for a bounded time.
pub(crate) async fn quiet(pid: u32) {
    for _ in 0..QUIET_TRIES_MAX {
        let before = cpu_seconds(pid);
        tokio::time::sleep(QUIET_WAIT).await;
        if cpu_seconds(pid) - before < QUIET_SECONDS_MAX {
            return;
        }
    }
}

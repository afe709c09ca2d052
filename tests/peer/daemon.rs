//! A daemon of its own for each test: its files, its process, its log.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::api::Api;
use crate::program::{Process, Said, run};
use crate::until::{until, within};

/// How long a daemon may take to end once it was asked to.
const STOP_MAX: Duration = Duration::from_secs(30);

/// The files of one daemon. They outlive its process.
pub(crate) struct Home {
    dir: TempDir,
    env: Vec<(String, String)>,
}

/// A running daemon.
pub(crate) struct Daemon {
    process: Process,
    address: String,
    prefix: String,
    log: Arc<Mutex<Vec<String>>>,
    /// From its start to its first answer.
    pub(crate) took: Duration,
    api: Api,
}

impl Home {
    pub(crate) fn new(config: &str) -> Self {
        let home = Self { dir: tempfile::tempdir().unwrap(), env: Vec::new() };
        home.write("incidentd.yaml", config);
        home
    }

    /// Sets a variable in the daemon's environment.
    pub(crate) fn with_env(mut self, name: &str, value: &str) -> Self {
        self.env.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    /// Starts a daemon and waits until it is ready.
    pub(crate) fn start(&self) -> Daemon {
        self.start_with(&[])
    }

    pub(crate) fn start_with(&self, flags: &[&str]) -> Daemon {
        let started = Instant::now();
        let mut daemon = self.launch(flags);
        until("the daemon is ready", || {
            let ready = daemon.api.get("/-/ready").status == 200;
            assert!(ready || daemon.process.is_running(), "it ended:\n{}", daemon.log());
            ready.then_some(())
        });
        daemon.took = started.elapsed();
        daemon
    }

    fn launch(&self, flags: &[&str]) -> Daemon {
        let mut command = self.command(flags);
        command.stdout(Stdio::null()).stderr(Stdio::piped());
        let mut process = Process::start(&mut command);
        let log = follow(process.child().stderr.take().unwrap());
        let address = until("it listens", || {
            let address = field(&log, "Listening on", "address");
            let running = address.is_some() || process.is_running();
            assert!(running, "it ended:\n{}", log.lock().unwrap().join("\n"));
            address
        });
        let address = address.replace("0.0.0.0", "127.0.0.1");
        let prefix = flags.iter().find_map(|flag| flag.strip_prefix("--web.route-prefix="));
        let prefix = prefix.unwrap_or_default().to_owned();
        let api = Api::new(&format!("http://{address}{prefix}"));
        Daemon { process, address, prefix, log, took: Duration::ZERO, api }
    }

    /// The daemon with its usual flags, but for those that are given.
    fn command(&self, flags: &[&str]) -> Command {
        let usual = [
            "--config.file=incidentd.yaml",
            "--storage.path=data",
            "--web.listen-address=127.0.0.1:0",
        ];
        let name = |flag: &str| flag.split('=').next().unwrap_or_default().to_owned();
        let given = |flag: &&str| flags.iter().any(|given| name(given) == name(flag));
        let mut command = Command::new(env!("CARGO_BIN_EXE_incidentd"));
        command.current_dir(self.dir.path());
        command.envs(self.env.iter().map(|(name, value)| (name, value)));
        command.args(usual.into_iter().filter(|flag| !given(flag))).args(flags);
        command
    }

    /// Runs the daemon's binary where it is expected to end by itself.
    pub(crate) fn run(&self, flags: &[&str]) -> Said {
        run(&mut self.command(flags))
    }

    /// Runs a task such as `check` or `fsck`.
    pub(crate) fn task(&self, words: &[&str]) -> Said {
        run(Command::new(env!("CARGO_BIN_EXE_incidentd")).current_dir(self.dir.path()).args(words))
    }
}

impl Daemon {
    pub(crate) fn api(&self) -> &Api {
        &self.api
    }

    /// `127.0.0.1:PORT`.
    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}{}", self.address, self.prefix)
    }

    pub(crate) fn log(&self) -> String {
        self.log.lock().unwrap().join("\n")
    }

    /// Waits until a line of the log holds a text, and returns the line.
    #[track_caller]
    pub(crate) fn until_log(&self, text: &str) -> String {
        until(&format!("the log says `{text}`"), || {
            self.log.lock().unwrap().iter().find(|line| line.contains(text)).cloned()
        })
    }

    /// As a power cut would, as far as the process is concerned.
    pub(crate) fn kill9(mut self) {
        self.process.child().kill().unwrap();
        self.process.child().wait().unwrap();
    }

    /// Asks it to stop and waits until it has.
    #[track_caller]
    pub(crate) fn stop(mut self) -> (ExitStatus, String) {
        self.signal("TERM");
        let status = within(STOP_MAX, || self.process.child().try_wait().unwrap());
        let log = until("its last words are read", || {
            (Arc::strong_count(&self.log) == 1).then(|| self.log())
        });
        let Some(status) = status else { panic!("it does not stop:\n{log}") };
        (status, log)
    }

    /// Sends a signal by its name.
    pub(crate) fn signal(&mut self, name: &str) {
        let pid = self.process.child().id();
        let said = run(Command::new("sh").args(["-c", &format!("kill -{name} {pid}")]));
        assert_eq!(said.code, Some(0), "{said:?}");
    }
}

/// Gathers the lines of a log while they are written.
fn follow(from: impl std::io::Read + Send + 'static) -> Arc<Mutex<Vec<String>>> {
    let log = Arc::new(Mutex::new(Vec::new()));
    let lines = Arc::clone(&log);
    std::thread::spawn(move || {
        for line in BufReader::new(from).lines().map_while(Result::ok) {
            lines.lock().unwrap().push(line);
        }
    });
    log
}

/// The value of a field in the first line with a message.
fn field(log: &Mutex<Vec<String>>, message: &str, name: &str) -> Option<String> {
    let log = log.lock().unwrap();
    let line = log.iter().find(|line| line.contains(message))?;
    let (_, rest) = line.split_once(&format!("{name}="))?;
    rest.split_whitespace().next().map(str::to_owned)
}

/// The size of everything below a directory, in bytes.
pub(crate) fn size(dir: &Path) -> u64 {
    let entries = std::fs::read_dir(dir).unwrap().map(Result::unwrap);
    entries
        .map(|entry| {
            let about = entry.metadata().unwrap();
            if about.is_dir() { size(&entry.path()) } else { about.len() }
        })
        .sum()
}

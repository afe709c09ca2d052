//! Programs of other people: where they are, and how they end with the test that started them.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::Once;
use std::sync::atomic::{AtomicU16, Ordering};

/// Where `.ci/run peers` unpacks Debian's packages.
pub(crate) const PEERS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/target/peers");

/// A program by its name; nothing, said aloud, if there is none on this machine and none can be
/// fetched.
pub(crate) fn find(name: &str) -> Option<PathBuf> {
    let found = look(name).or_else(|| {
        fetch();
        look(name)
    });
    if found.is_none() {
        skip(&format!("there is no `{name}`, and `.ci/run peers` could not fetch it"));
    }
    found
}

/// A file that a program needs; nothing, said aloud, if it cannot be put there.
pub(crate) fn find_file(path: &str) -> Option<()> {
    if !Path::new(path).is_file() {
        fetch();
    }
    let there = Path::new(path).is_file();
    if !there {
        skip(&format!("there is no `{path}`, and `.ci/run peers` could not put it there"));
    }
    there.then_some(())
}

/// Fetches what can be fetched, once.
pub(crate) fn fetch() {
    static FETCHED: Once = Once::new();
    FETCHED.call_once(|| {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join(".ci/run");
        let _ = Command::new(script).arg("peers").stdin(Stdio::null()).status();
    });
}

#[expect(clippy::print_stderr, reason = "a test that did not happen must be seen")]
pub(crate) fn skip(why: &str) {
    eprintln!("SKIPPED: {why}");
}

fn look(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let unpacked = PathBuf::from(PEERS);
    let dirs = [
        unpacked.join("usr/bin"),
        unpacked.join("usr/sbin"),
        "/usr/bin".into(),
        "/usr/sbin".into(),
    ];
    let mut dirs = dirs.into_iter().chain(std::env::split_paths(&path));
    dirs.find_map(|dir| Some(dir.join(name)).filter(|program| program.is_file()))
}

/// A process that is killed when its test is over, however that ends.
#[derive(Debug)]
pub(crate) struct Process(Child);

impl Process {
    pub(crate) fn start(command: &mut Command) -> Self {
        Self(command.stdin(Stdio::null()).spawn().unwrap())
    }

    /// One that was started with a standard input of its own.
    pub(crate) fn of(child: Child) -> Self {
        Self(child)
    }

    pub(crate) fn is_running(&mut self) -> bool {
        self.0.try_wait().unwrap().is_none()
    }

    pub(crate) fn child(&mut self) -> &mut Child {
        &mut self.0
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// What a program said, and how it ended.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

/// Runs a program to its end.
pub(crate) fn run(command: &mut Command) -> Said {
    let Output { status, stdout, stderr } = command.stdin(Stdio::null()).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    Said { code: status.code(), out: text(stdout), err: text(stderr) }
}

/// A loopback port that nobody listens on, and that no other test here is given: those that the
/// system gives to whoever asks for any lie higher, so that none of them is taken meanwhile.
pub(crate) fn free_port() -> u16 {
    static GIVEN: AtomicU16 = AtomicU16::new(0);
    // Two runs side by side begin at different places.
    let first = u16::try_from(std::process::id() % u32::from(PORTS)).unwrap_or_default();
    let mut ports = (0..PORTS).map(|_| {
        let given = GIVEN.fetch_add(1, Ordering::Relaxed);
        PORT_FIRST + first.wrapping_add(given) % PORTS
    });
    let free = |port: &u16| TcpListener::bind(("127.0.0.1", *port)).is_ok();
    ports.find(free).expect("some port of loopback is free")
}

/// From where on ports are given, and how many.
const PORT_FIRST: u16 = 20_000;
const PORTS: u16 = 12_000;

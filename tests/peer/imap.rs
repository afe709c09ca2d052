//! A real IMAP server, Dovecot: mails are fetched from it, also after it was away for a while.

use std::fs;
use std::net::TcpStream;
use std::os::unix::fs::{MetadataExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use rustix::process::{Pid, Signal, kill_process_group};

use crate::daemon::{Daemon, Home};
use crate::program::{self, PEERS, Process, run};
use crate::until::until;

/// Who Dovecot is if we are root, which it does not want to be.
const NOBODY: (u32, &str, &str) = (65_534, "nobody", "nogroup");

/// Where Dovecot looks for its modules, whatever its configuration says.
const MODULES: &[u8] = b"/usr/lib/dovecot/modules\0";

/// Whose mails there are.
const USERS: [&str; 4] = ["seen", "deleted", "moved", "waiting"];

fn config(server: &Server) -> String {
    let [imap, imaps] = server.ports;
    let tls = "tls_config: { ca_file: cert.pem, server_name: localhost }";
    let rest = "password: secret, every: 5s";
    format!(
        "
route: {{ receiver: nobody }}
receivers: [ {{ name: nobody }} ]
sources:
  seen:
    type: mail
    imap: {{ host: 127.0.0.1, port: {imaps}, username: seen, {rest}, {tls} }}
  deleted:
    type: mail
    imap: {{ host: 127.0.0.1, port: {imap}, username: deleted, {rest}, tls: starttls, {tls}, after: delete }}
  moved:
    type: mail
    imap: {{ host: 127.0.0.1, port: {imap}, username: moved, {rest}, tls: false, after: Archive }}
  waiting:
    type: mail
    imap: {{ host: 127.0.0.1, port: {imaps}, username: waiting, password: secret, every: 1h, {tls} }}
"
    )
}

/// The subjects of the mails that have become alerts, in order.
fn subjects(daemon: &Daemon) -> Vec<String> {
    let alerts = daemon.api().list("alerts", "");
    let mails = alerts.iter().filter(|alert| alert["labels"]["alertname"] == "Mail");
    let subject =
        |alert: &serde_json::Value| alert["annotations"]["summary"].as_str().unwrap().to_owned();
    let mut subjects: Vec<String> = mails.map(subject).collect();
    subjects.sort();
    subjects
}

#[test]
fn mails_are_fetched_put_away_and_fetched_again_after_the_server_was_away() {
    let Some(mut server) = Server::prepare() else { return };
    for user in USERS {
        server.deliver(user, &format!("first for {user}"));
    }
    let running = server.start();
    let home = Home::new(&config(&server));
    fs::copy(server.path("cert.pem"), home.path("cert.pem")).unwrap();
    let daemon = home.start();
    until("the first mails are alerts", || (subjects(&daemon).len() == 4).then_some(()));
    until("the first mails are put away", || {
        let seen = server.mails("seen/cur").iter().any(|name| name.ends_with(",S"));
        let deleted =
            server.mails("deleted/cur").is_empty() && server.mails("deleted/new").is_empty();
        let moved = server.mails("moved/.Archive/cur").iter().any(|name| name.ends_with(",S"));
        let left = server.mails("moved/cur").is_empty() && server.mails("moved/new").is_empty();
        (seen && deleted && moved && left).then_some(())
    });

    server.deliver("waiting", "second for waiting");
    until("a mail is an alert long before its time", || {
        (subjects(&daemon).len() == 5).then_some(())
    });

    drop(running);
    daemon.until_log("a mailbox could not be looked at");
    server.deliver("seen", "second for seen");
    let _running = server.start();
    until("the last mail is an alert", || (subjects(&daemon).len() == 6).then_some(()));
    let expected = "first for deleted, first for moved, first for seen, first for waiting, \
                    second for seen, second for waiting";
    assert_eq!(subjects(&daemon).join(", "), expected, "none came twice");
    let (status, log) = daemon.stop();
    assert!(status.success(), "{log}");
}

/// Dovecot's first process. Those that hold conversations outlive it for half a minute, unless the
/// whole group ends.
struct Running(Process);

impl Drop for Running {
    fn drop(&mut self) {
        let group = Pid::from_child(self.0.child());
        kill_process_group(group, Signal::KILL).unwrap();
    }
}

/// Dovecot as unpacked by `.ci/run peers`, in a folder of its own: it runs as nobody in particular,
/// and nothing of it is installed.
struct Server {
    dir: tempfile::TempDir,
    /// Without TLS at first, and with.
    ports: [u16; 2],
    /// The user it runs as, if that is not ours.
    other: Option<u32>,
    delivered: usize,
}

impl Server {
    fn prepare() -> Option<Self> {
        let lib = Path::new(PEERS).join("usr/lib/dovecot");
        program::find("doveconf")?;
        let dovecot = program::find("dovecot")?;
        program::find_file(lib.join("imap").to_str()?)?;
        let dir = tempfile::tempdir().unwrap();
        let ours = fs::metadata(dir.path()).unwrap().uid();
        let other = (ours == 0).then_some(NOBODY.0);
        let ports = [program::free_port(), program::free_port()];
        let server = Self { dir, ports, other, delivered: 0 };
        server.copy_programs(&lib);
        for folder in ["base/modules", "mail/moved/.Archive/cur"] {
            fs::create_dir_all(server.path(folder)).unwrap();
        }
        for (folder, part) in
            USERS.iter().flat_map(|user| [(user, "cur"), (user, "new"), (user, "tmp")])
        {
            fs::create_dir_all(server.path(&format!("mail/{folder}/{part}"))).unwrap();
        }
        for part in ["new", "tmp"] {
            fs::create_dir_all(server.path(&format!("mail/moved/.Archive/{part}"))).unwrap();
        }
        fs::write(server.path("mail/moved/.Archive/maildirfolder"), "").unwrap();
        let openssl = "libssl_iostream_openssl.so";
        let module = server.path("base/modules").join(openssl);
        fs::copy(lib.join("modules").join(openssl), module).unwrap();
        let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
        fs::write(server.path("cert.pem"), made.cert.pem()).unwrap();
        fs::write(server.path("key.pem"), made.signing_key.serialize_pem()).unwrap();
        fs::copy(dovecot, server.path("lib/dovecot")).unwrap();
        fs::copy(program::find("doveconf")?, server.path("lib/doveconf")).unwrap();
        fs::write(server.path("dovecot.conf"), server.config()).unwrap();
        if server.other.is_some() {
            server.give_away(server.dir.path());
        }
        let said =
            run(server.command("doveconf").arg("-n").arg("-c").arg(server.path("dovecot.conf")));
        if said.code != Some(0) {
            program::skip(&format!("Dovecot does not start: {}", said.err));
            return None;
        }
        Some(server)
    }

    /// Copies the programs, since whoever runs them may not be let into our folders; and lets the
    /// library look for modules where it is.
    fn copy_programs(&self, from: &Path) {
        fs::create_dir(self.path("lib")).unwrap();
        let files = fs::read_dir(from).unwrap().map(|entry| entry.unwrap().path());
        for file in files.filter(|file| file.is_file()) {
            let name = file.file_name().unwrap().to_str().unwrap();
            if !name.contains(".so") || name.ends_with(".so.0") {
                fs::copy(&file, self.path("lib").join(name)).unwrap();
            }
        }
        let stats = "libstats_auth.so";
        fs::copy(from.join("modules/old-stats").join(stats), self.path("lib").join(stats)).unwrap();
        let library = self.path("lib/libdovecot.so.0");
        let mut bytes = fs::read(&library).unwrap();
        let at = bytes.windows(MODULES.len()).position(|part| part == MODULES).unwrap();
        let mut near = b"modules".to_vec();
        near.resize(MODULES.len(), 0);
        bytes[at..at + MODULES.len()].copy_from_slice(&near);
        fs::write(&library, bytes).unwrap();
    }

    fn config(&self) -> String {
        let dir = self.dir.path().display();
        let [imap, imaps] = self.ports;
        let name = |flag| run(Command::new("id").arg(flag)).out.trim().to_owned();
        let (user, group) = match self.other {
            Some(_) => (NOBODY.1.to_owned(), NOBODY.2.to_owned()),
            None => (name("-un"), name("-gn")),
        };
        format!(
            "base_dir = {dir}/base\nstate_dir = {dir}/base/state\nlibexec_dir = {dir}/lib\n\
             mail_plugin_dir = {dir}/base/modules\nlog_path = {dir}/log\n\
             import_environment = LD_LIBRARY_PATH\n\
             default_internal_user = {user}\ndefault_internal_group = {group}\n\
             default_login_user = {user}\nfirst_valid_uid = 1\n\
             protocols = imap\nlisten = 127.0.0.1\ndisable_plaintext_auth = no\n\
             ssl = yes\nssl_cert = <{dir}/cert.pem\nssl_key = <{dir}/key.pem\n\
             mail_location = maildir:{dir}/mail/%u\nmailbox_idle_check_interval = 1s\n\
             passdb {{\n driver = static\n args = password=secret\n}}\n\
             userdb {{\n driver = static\n args = uid={user} gid={group} home={dir}/mail/%u\n}}\n\
             service anvil {{\n chroot =\n}}\n\
             service imap-login {{\n chroot =\n inet_listener imap {{\n port = {imap}\n }}\n \
             inet_listener imaps {{\n port = {imaps}\n }}\n}}\n"
        )
    }

    fn start(&self) -> Running {
        // Its first step is usually taken by a program at a place that is built in.
        let conf = self.path("dovecot.conf");
        let mut command = self.command("doveconf");
        command.args(["-f", "service=master", "-m", "master", "-c"]).arg(&conf).arg("-e");
        command.arg(self.path("lib/dovecot")).args(["-F", "-c"]).arg(&conf);
        let process =
            Process::start(command.process_group(0).stdout(Stdio::null()).stderr(Stdio::null()));
        for port in self.ports {
            until("Dovecot listens", || TcpStream::connect(("127.0.0.1", port)).ok());
        }
        Running(process)
    }

    fn command(&self, name: &str) -> Command {
        let mut command = Command::new(self.path("lib").join(name));
        let libraries = format!("{PEERS}/usr/lib/x86_64-linux-gnu");
        let libraries = format!("{}:{libraries}", self.path("lib").display());
        command.current_dir(self.dir.path()).env("LD_LIBRARY_PATH", libraries);
        if let Some(other) = self.other {
            command.uid(other).gid(other);
        }
        command
    }

    /// Puts a mail into somebody's mailbox.
    fn deliver(&mut self, user: &str, subject: &str) {
        self.delivered += 1;
        let mail = format!(
            "From: ada@example.org\nSubject: {subject}\nMessage-ID: <{}@example.org>\n\nx\n",
            self.delivered
        );
        let written = self.path(&format!("mail/{user}/tmp/{}.test", self.delivered));
        fs::write(&written, mail).unwrap();
        if self.other.is_some() {
            self.give_away(&written);
        }
        let there = self.path(&format!("mail/{user}/new/{}.test", self.delivered));
        fs::rename(written, there).unwrap();
    }

    /// The names of the mails in a folder: behind the last comma are their flags.
    fn mails(&self, folder: &str) -> Vec<String> {
        let entries = fs::read_dir(self.path("mail").join(folder)).unwrap();
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn give_away(&self, path: &Path) {
        chown(path, self.other, self.other).unwrap();
        if path.is_dir() {
            for entry in fs::read_dir(path).unwrap() {
                self.give_away(&entry.unwrap().path());
            }
        }
    }
}

//! Programs of other people send to our listeners: util-linux's logger, Python's smtplib.

use std::process::Command;

use crate::daemon::{Daemon, Home};
use crate::program::{self, run};
use crate::until::until;

const CONFIG: &str = "
route: { receiver: nobody }
receivers: [ { name: nobody } ]
sources:
  network:
    type: syslog
    listen: { udp: '127.0.0.1:0', tcp: '127.0.0.1:0' }
    rules:
      - name: LinkDown
        app: '^kernel$'
        match: '(?P<port>eth\\d+): link down'
        clear: '(?P<port>eth\\d+): link up'
        severity: critical
  mailbox:
    type: mail
    listen: { smtp: '127.0.0.1:0' }
    addresses: [alerts@example.org]
";

pub(crate) fn port(daemon: &Daemon, protocol: &str) -> String {
    until(&format!("{protocol} is listened on"), || {
        let log = daemon.log().replace('"', "");
        let line = log.lines().find(|line| line.contains(&format!("protocol={protocol} ")))?;
        let (_, rest) = line.split_once("address=127.0.0.1:")?;
        Some(rest.chars().take_while(char::is_ascii_digit).collect())
    })
}

fn named(daemon: &Daemon, name: &str) -> Option<serde_json::Value> {
    let alerts = daemon.api().list("alerts", "");
    alerts.into_iter().find(|alert| alert["labels"]["alertname"] == name)
}

#[test]
fn logger_raises_an_alert_and_clears_it() {
    let Some(logger) = program::find("logger") else { return };
    let home = Home::new(CONFIG);
    let daemon = home.start();
    let (udp, tcp) = (port(&daemon, "udp"), port(&daemon, "tcp"));
    let send = |words: &[&str]| {
        let said = run(Command::new(&logger).args(["--server", "127.0.0.1"]).args(words));
        assert_eq!(said.code, Some(0), "{said:?}");
    };
    send(&["--udp", "-P", &udp, "--rfc3164", "-p", "user.err", "-t", "backup", "job 7 failed"]);
    send(&["--udp", "-P", &udp, "--rfc5424", "-p", "user.info", "-t", "kernel", "eth0: link down"]);
    let raised =
        until("the alerts are there", || named(&daemon, "backup").and(named(&daemon, "LinkDown")));
    assert_eq!(raised["labels"]["severity"], "critical", "{raised}");
    let words = ["--tcp", "--octet-count", "-P", &tcp, "--rfc5424", "-t", "kernel"];
    send(&[&words[..], &["eth0: link up"]].concat());
    until("the link is up", || {
        let alert = named(&daemon, "LinkDown")?;
        (alert["state"] != raised["state"]).then_some(())
    });
    let (status, log) = daemon.stop();
    assert!(status.success(), "{log}");
}

#[test]
fn a_mail_of_smtplib_is_an_alert() {
    let Some(python) = program::find("python3") else { return };
    let home = Home::new(CONFIG);
    let daemon = home.start();
    let script = "
import smtplib, sys
from email.message import EmailMessage
mail = EmailMessage()
mail['From'], mail['To'] = 'ada@example.org', 'alerts@example.org'
mail['Subject'] = 'Drucker brennt, größer als je'
mail.set_content('Hilfe\\n.\\n..zwei\\n')
with smtplib.SMTP('127.0.0.1', int(sys.argv[1])) as server:
    server.send_message(mail)
";
    let said = run(Command::new(python).args(["-c", script, &port(&daemon, "smtp")]));
    assert_eq!(said.code, Some(0), "{said:?}");
    let alert = named(&daemon, "Mail").expect("what was taken is there");
    assert_eq!(alert["annotations"]["summary"], "Drucker brennt, größer als je", "{alert}");
    assert_eq!(alert["annotations"]["description"], "Hilfe\n.\n..zwei", "{alert}");
    let (status, log) = daemon.stop();
    assert!(status.success(), "{log}");
}

#[test]
fn a_trap_of_snmptrap_is_an_alert_and_an_inform_is_answered() {
    let Some(snmptrap) = program::find("snmptrap") else { return };
    let config = format!("{CONFIG}  traps: {{ type: snmp, listen: {{ udp: '127.0.0.1:0' }} }}\n");
    let home = Home::new(&config.replace("udp: '127.0.0.1:0', tcp", "tcp"));
    let daemon = home.start();
    let to = format!("127.0.0.1:{}", port(&daemon, "udp"));
    let send = |words: &[&str], trap: &str| {
        let index = ["1.3.6.1.2.1.2.2.1.1.7", "i", "7"];
        let words = [words, &["-v", "2c", "-c", "public", &to, "", trap], &index].concat();
        let libraries = format!("{}/usr/lib/x86_64-linux-gnu", program::PEERS);
        let said = run(Command::new(&snmptrap).env("LD_LIBRARY_PATH", libraries).args(words));
        assert_eq!(said.code, Some(0), "{said:?}");
    };
    send(&[], "1.3.6.1.6.3.1.1.5.3");
    let raised = until("the port is down", || named(&daemon, "linkDown"));
    assert_eq!(raised["labels"]["index"], "7", "{raised}");
    send(&["-Ci"], "1.3.6.1.6.3.1.1.5.4");
    let ended = named(&daemon, "linkDown").unwrap();
    assert_ne!(ended["state"], raised["state"], "an answered inform is on disk");
    let (status, log) = daemon.stop();
    assert!(status.success(), "{log}");
}

#[test]
fn a_trap_of_version_3_is_an_alert_and_an_inform_is_answered() {
    let Some(snmptrap) = program::find("snmptrap") else { return };
    let users = "
    users:
      - { name: signs, auth: { algorithm: sha1, password: a pass phrase } }
      - name: hides
        auth: { algorithm: sha256, password: a pass phrase }
        privacy: { algorithm: aes, password: another phrase }
      - name: old
        auth: { algorithm: md5, password: a pass phrase }
        privacy: { algorithm: des, password: another phrase }
      - name: long
        auth: { algorithm: sha1, password: a pass phrase }
        privacy: { algorithm: aes256, password: another phrase }
      - name: cisco
        auth: { algorithm: md5, password: a pass phrase }
        privacy: { algorithm: aes192c, password: another phrase }
";
    let config =
        format!("{CONFIG}  traps:\n    type: snmp\n    listen: {{ udp: '127.0.0.1:0' }}{users}");
    let home = Home::new(&config.replace("udp: '127.0.0.1:0', tcp", "tcp"));
    let daemon = home.start();
    let to = format!("127.0.0.1:{}", port(&daemon, "udp"));
    let state = tempfile::tempdir().unwrap();
    let send_of = |port: &str, words: &[&str], trap: &str| {
        let index = [&format!("1.3.6.1.2.1.2.2.1.1.{port}"), "i", port];
        let words =
            [&["-v", "3", "-r", "1", "-t", "2"][..], words, &[&to, "", trap], &index].concat();
        let libraries = format!("{}/usr/lib/x86_64-linux-gnu", program::PEERS);
        run(Command::new(&snmptrap)
            .env("LD_LIBRARY_PATH", libraries)
            .env("SNMP_PERSISTENT_DIR", state.path())
            .args(words))
    };
    let send = |words: &[&str], trap: &str| send_of("7", words, trap);
    let signs = ["-l", "authNoPriv", "-u", "signs", "-a", "SHA", "-A", "a pass phrase"];
    let hides = ["-l", "authPriv", "-u", "hides", "-a", "SHA-256", "-A", "a pass phrase"];
    let hides = [&hides[..], &["-x", "AES", "-X", "another phrase"]].concat();
    let foreign = ["-l", "authNoPriv", "-u", "signs", "-a", "SHA", "-A", "a wrong phrase", "-Ci"];
    let said = send(&signs, "1.3.6.1.6.3.1.1.5.3");
    assert_eq!(said.code, Some(0), "{said:?}");
    let raised = until("the port is down", || named(&daemon, "linkDown"));
    let said = send(&foreign, "1.3.6.1.6.3.1.1.5.4");
    assert_ne!(said.code, Some(0), "{said:?}");
    let said = send(&[&hides[..], &["-Ci"]].concat(), "1.3.6.1.6.3.1.1.5.4");
    assert_eq!(said.code, Some(0), "{said:?}");
    let ended = named(&daemon, "linkDown").unwrap();
    assert_ne!(ended["state"], raised["state"], "an answered inform is on disk");
    let said = send(&hides, "1.3.6.1.6.3.1.1.5.1");
    assert_eq!(said.code, Some(0), "{said:?}");
    until("the host has started", || named(&daemon, "coldStart"));
    // Another port for each: one that comes and goes so often would flap.
    for (port, name, auth, cipher) in [
        ("8", "old", "MD5", "DES"),
        ("9", "long", "SHA", "AES-256"),
        ("10", "cisco", "MD5", "AES-192-C"),
    ] {
        let words = ["-l", "authPriv", "-u", name, "-a", auth, "-A", "a pass phrase"];
        let words = [&words[..], &["-x", cipher, "-X", "another phrase"]].concat();
        let stands = |state: &str| {
            let alerts = daemon.api().list("alerts", "");
            let is = |alert: &serde_json::Value| alert["labels"]["index"] == port;
            alerts.into_iter().find(|alert| is(alert) && alert["state"] == state)
        };
        let said = send_of(port, &words, "1.3.6.1.6.3.1.1.5.3");
        assert_eq!(said.code, Some(0), "{name}: {said:?}");
        until(name, || stands("firing"));
        let said = send_of(port, &[&words[..], &["-Ci"]].concat(), "1.3.6.1.6.3.1.1.5.4");
        assert_eq!(said.code, Some(0), "{name}: {said:?}");
        assert!(stands("resolved").is_some(), "{name}: an answered inform is on disk");
    }
    let (status, log) = daemon.stop();
    assert!(status.success(), "{log}");
}

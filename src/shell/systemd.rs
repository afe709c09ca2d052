//! What systemd is told: ready, reloading, stopping, alive. Without systemd nothing is sent.

use std::io;
use std::net::TcpListener;
use std::time::Duration;

use listenfd::ListenFd;
use sd_notify::NotifyState;

/// Says that the daemon serves: after the start, and again after each reload.
///
/// # Errors
/// When systemd listens but cannot be spoken to; the daemon can go on, and should log it.
pub fn ready() -> io::Result<()> {
    sd_notify::notify(&[NotifyState::Ready])
}

/// Says that a reload has begun; [`ready()`] ends it. systemd before 253 ignores the time stamp,
/// newer ones insist on it for `Type=notify-reload`.
///
/// # Errors
/// As [`ready()`].
pub fn reloading() -> io::Result<()> {
    sd_notify::notify(&[NotifyState::Reloading, NotifyState::monotonic_usec_now()?])
}

/// Says that the daemon is going down on purpose.
///
/// # Errors
/// As [`ready()`].
pub fn stopping() -> io::Result<()> {
    sd_notify::notify(&[NotifyState::Stopping])
}

/// Shows a sentence in `systemctl status`. Line ends are blanks to systemd's line protocol.
///
/// # Errors
/// As [`ready()`].
pub fn status(sentence: &str) -> io::Result<()> {
    let sentence = sentence.replace(['\n', '\r'], " ");
    sd_notify::notify(&[NotifyState::Status(&sentence)])
}

/// The sockets that systemd opened for this process (`LISTEN_FDS`), ready for an event loop.
///
/// # Errors
/// When there is none, or one of them is no TCP socket that listens.
pub fn sockets() -> io::Result<Vec<TcpListener>> {
    let mut given = ListenFd::from_env();
    let mut sockets = Vec::new();
    for place in 0..given.len() {
        let socket = given.take_tcp_listener(place)?;
        let socket =
            socket.ok_or_else(|| io::Error::other(format!("socket {place} is not open")))?;
        socket.set_nonblocking(true)?;
        sockets.push(socket);
    }
    if sockets.is_empty() {
        let why = "there is none: start this unit through its socket unit, or listen on addresses";
        return Err(io::Error::other(why));
    }
    Ok(sockets)
}

/// How often to [`pet()`]: half of what systemd waits for, as `sd_watchdog_enabled(3)` advises.
/// Nothing if no watchdog watches.
pub fn watchdog_interval() -> Option<Duration> {
    sd_notify::watchdog_enabled().map(|limit| limit / 2).filter(|interval| !interval.is_zero())
}

/// Feeds the watchdog. To be called only once the writer has shown that it lives: a daemon that
/// answers HTTP but commits nothing must be restarted.
///
/// # Errors
/// As [`ready()`].
pub fn pet() -> io::Result<()> {
    sd_notify::notify(&[NotifyState::Watchdog])
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixDatagram;
    use std::process::{Command, Stdio};

    use super::*;

    const NAME: &str = "shell::systemd::tests::systemd_hears_one_datagram_for_each_word";

    /// Tells the child from the parent: where to send is read from the environment, which a
    /// process with threads must not change.
    const CHILD: &str = "INCIDENTD_TEST_SYSTEMD_CHILD";

    fn speak() -> io::Result<()> {
        ready()?;
        reloading()?;
        status(&format!("pets every\n{:?}", watchdog_interval()))?;
        pet()?;
        stopping()
    }

    #[test]
    fn systemd_hears_one_datagram_for_each_word() {
        if std::env::var_os(CHILD).is_some() {
            return speak().unwrap();
        }
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("notify");
        let systemd = UnixDatagram::bind(&path).unwrap();
        systemd.set_nonblocking(true).unwrap();
        let child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", NAME])
            .env(CHILD, "1")
            .env("NOTIFY_SOCKET", &path)
            .env("WATCHDOG_USEC", "3000000")
            .env_remove("WATCHDOG_PID")
            .stdout(Stdio::null())
            .status();
        assert!(child.unwrap().success());

        let mut heard = Vec::new();
        let mut datagram = [0; 256];
        while let Ok(bytes) = systemd.recv(&mut datagram) {
            let text = String::from_utf8_lossy(&datagram[..bytes]).into_owned();
            // The monotonic clock tells another time in each run.
            let text = text.split("MONOTONIC_USEC=").next().unwrap().to_owned();
            heard.push(text.trim_end().to_owned());
        }
        let expected =
            ["READY=1", "RELOADING=1", "STATUS=pets every Some(1.5s)", "WATCHDOG=1", "STOPPING=1"];
        assert_eq!(heard, expected);
    }
}

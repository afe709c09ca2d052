//! What systemd is told: ready, reloading, stopping, alive. Without systemd nothing is sent.

use std::io;
use std::time::Duration;

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

/// How often to [`pet()`]: half of what systemd waits for, as sd_watchdog_enabled(3) advises.
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

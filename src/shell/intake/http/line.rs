//! Where requests wait for the rate of a source whose sender does not send again.
//!
//! A sender that repeats what holds is told 429 and loses nothing. One that tells each thing once,
//! such as a cloud's notification service, would lose it. Answering 2xx and keeping the body for
//! later would be a promise that needs a second store. So the request is held open: the sender
//! waits in the order of arrival for some seconds, and only then is told 503 and to come back.

use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::Mutex;

use crate::domain::value::Span;
use crate::shell::clock::Stopwatch;

/// How long a request is held. Webhook senders give up after 10 s (GitHub) or 15 s (AWS SNS).
pub(super) const HELD_MS_MAX: Span = Span::seconds(8);

/// Bytes of bodies that are held for one source.
const HELD_BYTES_MAX: usize = 16 << 20;

/// The line before one source's bucket.
#[derive(Debug, Default)]
pub(super) struct Line {
    first: Mutex<()>,
    bytes: AtomicUsize,
}

/// Bytes that are held, until they are let go.
struct Held<'a>(&'a AtomicUsize, usize);

impl Drop for Held<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(self.1, Ordering::Relaxed);
    }
}

impl Line {
    /// Asks until there is room, as long as a request may be held; the last no is passed on. Whoever
    /// came first is asked for first, so nobody passes those who wait.
    pub(super) async fn wait<E>(
        &self,
        bytes: usize,
        mut ask: impl FnMut() -> Result<(), (Span, E)>,
    ) -> Result<(), E> {
        // An empty body has its place in the line, too.
        let bytes = bytes.max(1);
        let before = self.bytes.fetch_add(bytes, Ordering::Relaxed);
        let _held = Held(&self.bytes, bytes);
        if before == 0
            && let Ok(()) = ask()
        {
            return Ok(());
        }
        if before + bytes > HELD_BYTES_MAX {
            return ask().map_err(|(_, no)| no);
        }
        let clock = Stopwatch::start();
        let first = tokio::time::timeout(HELD_MS_MAX.duration(), self.first.lock()).await;
        let Ok(_first) = first else { return ask().map_err(|(_, no)| no) };
        loop {
            let Err((wait, no)) = ask() else { return Ok(()) };
            if clock.elapsed().0 + wait.0 > HELD_MS_MAX.0 {
                return Err(no);
            }
            tokio::time::sleep(wait.max(Span(1)).duration()).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_request_waits_for_room_but_not_for_ever() {
        let line = Line::default();
        let mut asked = 0;
        let done = line
            .wait(10, || {
                asked += 1;
                if asked < 3 { Err((Span(1), "no")) } else { Ok(()) }
            })
            .await;
        assert_eq!((done, asked), (Ok(()), 3));
        assert_eq!(line.wait(10, || Err((Span::hours(1), "later"))).await, Err("later"));
        let full = line.wait(HELD_BYTES_MAX + 1, || Err((Span(1), "full"))).await;
        assert_eq!(full, Err("full"));
        assert_eq!(line.bytes.load(Ordering::Relaxed), 0);
    }
}

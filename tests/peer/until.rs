//! Waiting for another process by looking again and again.

use std::time::{Duration, Instant};

/// How long anything may take on a machine that is busy with other tests.
const WAIT_MAX: Duration = Duration::from_mins(1);

/// How often is looked.
const LOOK_EVERY: Duration = Duration::from_millis(25);

/// Looks until there is something to see, and returns it.
#[track_caller]
pub(crate) fn until<T>(what: &str, look: impl FnMut() -> Option<T>) -> T {
    match within(WAIT_MAX, look) {
        Some(seen) => seen,
        None => panic!("waited {}s in vain until {what}", WAIT_MAX.as_secs()),
    }
}

/// Looks until there is something to see or the time is over.
pub(crate) fn within<T>(limit: Duration, mut look: impl FnMut() -> Option<T>) -> Option<T> {
    let start = Instant::now();
    loop {
        if let Some(seen) = look() {
            return Some(seen);
        }
        if start.elapsed() > limit {
            return None;
        }
        pause(LOOK_EVERY);
    }
}

/// Lets other processes go on for a while.
pub(crate) fn pause(span: Duration) {
    std::thread::sleep(span);
}

//! Listens until it is told to stop, then finishes what it has begun.

use std::io;

use axum::Router;
use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::domain::value::Span;

/// How long requests that have begun may go on after the daemon was told to stop.
const DRAIN_MS_MAX: Span = Span::seconds(10);

/// Answers requests until `stop` turns true or its sender is gone; requests that have begun may
/// then take [`DRAIN_MS_MAX`] longer.
///
/// # Errors
/// When the listener fails.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    mut stop: watch::Receiver<bool>,
) -> io::Result<()> {
    let mut stopped = stop.clone();
    let graceful = async move {
        let _ = stopped.wait_for(|stop| *stop).await;
    };
    let serving = axum::serve(listener, router).with_graceful_shutdown(graceful);
    let deadline = async {
        let _ = stop.wait_for(|stop| *stop).await;
        tokio::time::sleep(DRAIN_MS_MAX.duration()).await;
    };
    tokio::select! {
        served = serving.into_future() => served,
        () = deadline => Ok(()),
    }
}

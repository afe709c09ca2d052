//! What the daemon looks at regularly, as the configuration in force names it.

use tokio::sync::watch;

use super::sources;
use crate::config::Loaded;
use crate::engine::Input;
use crate::shell::handle::Handle;
use crate::shell::intake::poll;
use crate::shell::{clock, outbox};

/// Everything that is looked at regularly.
pub(super) struct Polls {
    stop: watch::Sender<bool>,
    running: Option<tokio::task::JoinHandle<Vec<poll::Poll>>>,
}

impl Polls {
    /// Starts to look at what the configuration names.
    pub(super) fn start(loaded: &Loaded, handle: &Handle) -> Self {
        let (stop, stopped) = watch::channel(false);
        let polls = handle.read(|engine| sources::polls(&loaded.daemon, engine));
        let client = reqwest::Client::builder().no_proxy().build();
        let running = match client {
            Ok(client) if !polls.is_empty() => {
                let handle = handle.clone();
                let submit = move |events| {
                    let handle = handle.clone();
                    async move { handle.submit(Input::Events(events)).await.map(|_| ()) }
                };
                Some(tokio::spawn(poll::run(polls, client, submit, clock::now, stopped)))
            }
            Ok(_) => None,
            Err(error) => {
                tracing::error!(error = outbox::chain(&error), "failed to set up polling");
                None
            }
        };
        Self { stop, running }
    }

    /// Stops, and waits until nothing is looked at any more.
    pub(super) async fn stop(&mut self) {
        let _ = self.stop.send(true);
        if let Some(running) = self.running.take() {
            let _ = running.await;
        }
    }
}

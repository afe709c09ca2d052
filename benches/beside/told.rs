//! How soon a webhook hears of what was posted, and how long the disk takes for a flush.

use std::io::Write;
use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::routing::any;
use incidentd::shell::clock::Stopwatch;
use tokio::net::TcpListener;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::load::Load;

/// How long a message may take.
const PATIENCE: Duration = Duration::from_mins(1);
/// Groups told of one after the other.
const IN_TURN: u64 = 200;
/// Flushes of which the median is taken.
const FLUSHES: usize = 101;
/// What is written before each of them, in bytes.
const FLUSHED_BYTES: usize = 4_096;

/// Takes messages, and says when one has come.
pub(crate) struct Sink {
    address: SocketAddr,
    heard: UnboundedReceiver<()>,
    server: JoinHandle<std::io::Result<()>>,
}

impl Sink {
    pub(crate) async fn open() -> Self {
        let (told, heard) = unbounded_channel();
        let router = Router::new().fallback(any(move |_: axum::body::Bytes| {
            let told = told.clone();
            async move {
                // Nobody counts any longer once the phase is over.
                let _ = told.send(());
            }
        }));
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback has a free port");
        let address = listener.local_addr().expect("it is bound");
        let server = tokio::spawn(async move { axum::serve(listener, router).await });
        Self { address, heard, server }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/", self.address)
    }

    /// The median of the milliseconds from a POST of one new group to its message.
    pub(crate) async fn in_turn(&mut self, load: &Load) -> f64 {
        let mut took = Vec::new();
        for number in 0..IN_TURN {
            let watch = Stopwatch::start();
            load.post_once(number..number + 1).await;
            self.hear(1).await;
            took.push(watch.seconds() * 1e3);
        }
        median(took)
    }

    /// The seconds from a POST of many new groups to the message of the last one.
    pub(crate) async fn at_once(&mut self, load: &Load, groups: u64) -> f64 {
        let watch = Stopwatch::start();
        load.post_once(IN_TURN..IN_TURN + groups).await;
        self.hear(groups).await;
        watch.seconds()
    }

    async fn hear(&mut self, messages: u64) {
        for _ in 0..messages {
            let heard = timeout(PATIENCE, self.heard.recv()).await;
            heard.expect("every group is told of in time").expect("the sink is open");
        }
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        self.server.abort();
    }
}

/// The median of the milliseconds that the disk takes for a flush of one block that is there already.
pub(crate) fn flush_ms() -> f64 {
    let mut file = tempfile::tempfile().expect("there is room for temporary files");
    let block = [7; FLUSHED_BYTES];
    file.write_all(&block).and_then(|()| file.sync_all()).expect("the disk takes a block");
    let flush = |_| {
        use std::os::unix::fs::FileExt;
        let watch = Stopwatch::start();
        file.write_all_at(&block, 0).and_then(|()| file.sync_data()).expect("the disk takes it");
        watch.seconds() * 1e3
    };
    median((0..FLUSHES).map(flush).collect())
}

pub(crate) fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures[figures.len() / 2]
}

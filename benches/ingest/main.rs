//! How many alerts a second come in through the door, the engine and the disk: API v2, OTLP and
//! syslog side by side, each with a store of its own. An alert counts once its facts are on disk.
//!
//! Everybody says the same conditions in about as many bytes, from as many senders at once. Nobody
//! is slowed down by a rate, and sockets are left out: a body or a stream is in memory.

mod body;

use std::sync::Arc;
use std::thread::JoinHandle;

use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, HeaderValue, header};
use divan::Bencher;
use divan::counter::{BytesCount, ItemsCount};
use incidentd::domain::Settings;
use incidentd::domain::value::{Span, Timestamp};
use incidentd::engine::{Engine, Input};
use incidentd::shell::clock;
use incidentd::shell::driver::{Driver, DriverError, PARTITION};
use incidentd::shell::handle::Handle;
use incidentd::shell::intake::http::{Intake, Sender, Terms};
use incidentd::shell::intake::inlet::Inlet;
use incidentd::shell::intake::syslog;
use incidentd::shell::metrics::Metrics;
use incidentd::shell::store::Store;
use incidentd::shell::store::sled_store::{self, CACHE_BYTES_DEFAULT, Options};
use tempfile::TempDir;
use tokio::runtime::Runtime;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

use body::{BATCH, Way};

/// Who sends at the same time; each waits for an answer before it sends again.
const SENDERS: u64 = 16;
/// Alerts of all senders in one round.
const ROUND: u64 = SENDERS * BATCH * 4;

fn main() {
    divan::main();
}

/// Alerts that nobody has seen before.
#[divan::bench(args = Way::ALL, sample_count = 16, sample_size = 1)]
fn new_alerts(bencher: Bencher, way: Way) {
    let door = Door::open(way);
    let mut next = 0;
    bencher
        .with_inputs(|| {
            next += ROUND;
            door.round(next - ROUND)
        })
        .input_counter(|_| ItemsCount::new(ROUND))
        .input_counter(size)
        .bench_local_values(|round| door.send(round));
    door.close(next);
}

/// The same alerts again, as every minute.
#[divan::bench(args = Way::ALL, sample_count = 16, sample_size = 1)]
fn re_sends(bencher: Bencher, way: Way) {
    let door = Door::open(way);
    let round = door.round(0);
    door.send(round.clone());
    bencher
        .with_inputs(|| round.clone())
        .input_counter(|_| ItemsCount::new(ROUND))
        .input_counter(size)
        .bench_local_values(|round| door.send(round));
    door.close(ROUND);
}

/// What each sender sends, one after the other.
type Round = Vec<Vec<Bytes>>;

fn size(round: &Round) -> BytesCount {
    BytesCount::new(round.iter().flatten().map(Bytes::len).sum::<usize>())
}

/// A daemon without sockets: one source, the writer, and a store in a directory of its own.
struct Door {
    way: Way,
    now: Timestamp,
    intake: Arc<Intake>,
    inlet: Inlet,
    headers: HeaderMap,
    handle: Handle,
    metrics: Arc<Metrics>,
    runtime: Runtime,
    writer: JoinHandle<Result<(), DriverError>>,
    _dir: TempDir,
}

impl Door {
    fn open(way: Way) -> Self {
        let dir = tempfile::tempdir().expect("a directory");
        let options = Options {
            dir: dir.path().join("store"),
            cache_bytes: CACHE_BYTES_DEFAULT,
            uuid: "uuid-of-the-bench".into(),
            stamp: "20260301T120000Z".into(),
            exports: None,
            wait: std::thread::park_timeout,
        };
        let mut store = sled_store::open(&options).expect("a store").store;
        let lease = store.acquire(PARTITION).expect("a lease");
        let settings = Arc::new(Settings::default());
        let engine = Engine::new(Arc::clone(&settings));
        let metrics = Arc::new(Metrics::new());
        let (effects, _) = mpsc::unbounded_channel();
        let place = (lease.epoch, lease.last);
        let (driver, handle, _) =
            Driver::new(engine, Box::new(store), place, effects, Arc::clone(&metrics));
        let writer = std::thread::spawn(|| driver.run());
        handle.post(Input::Started(settings)).expect("the writer runs");

        let intake = Arc::new(way.intake());
        let found = Arc::clone(&intake);
        let lookup = Arc::new(move |_: &str| Some((Arc::clone(&found), Span::minutes(5))));
        let inlet = Inlet::new(&intake.name, handle.clone(), Arc::clone(&metrics), lookup);
        let media_type = HeaderValue::from_static(way.media_type());
        Self {
            way,
            now: clock::now(),
            intake,
            inlet,
            headers: HeaderMap::from_iter([(header::CONTENT_TYPE, media_type)]),
            handle,
            metrics,
            runtime: Runtime::new().expect("a runtime"),
            writer,
            _dir: dir,
        }
    }

    fn round(&self, first: u64) -> Round {
        let of_sender = |sender: u64| {
            let from = first + sender * (ROUND / SENDERS);
            let batches = (from..from + ROUND / SENDERS).step_by(64);
            let bodies = batches.map(|first| self.way.body(first, self.now));
            if self.way == Way::Syslog {
                // A stream knows no batches.
                return vec![bodies.flatten().collect()];
            }
            bodies.map(Bytes::from).collect()
        };
        (0..SENDERS).map(of_sender).collect()
    }

    /// Sends everything, and ends when all of it is on disk.
    fn send(&self, round: Round) {
        self.runtime.block_on(async {
            let mut sending = JoinSet::new();
            for bodies in round {
                if self.way == Way::Syslog {
                    let inlet = self.inlet.clone();
                    sending.spawn(async move { listen(&inlet, bodies).await });
                } else {
                    let (intake, headers) = (Arc::clone(&self.intake), self.headers.clone());
                    let (handle, metrics) = (self.handle.clone(), Arc::clone(&self.metrics));
                    sending.spawn(async move {
                        post(&intake, &headers, (&handle, &metrics), bodies).await;
                    });
                }
            }
            while let Some(sent) = sending.join_next().await {
                sent.expect("a sender does its round");
            }
        });
    }

    /// Stops the writer. There have to be as many alerts as were sent: others would cost less.
    fn close(self, alerts: u64) {
        let have = self.handle.read(|engine| engine.state().event.len());
        assert_eq!(have as u64, alerts, "{}", self.way);
        self.handle.stop();
        self.writer.join().expect("the writer ends").expect("the store holds");
    }
}

async fn post(
    intake: &Intake,
    headers: &HeaderMap,
    (handle, metrics): (&Handle, &Metrics),
    bodies: Vec<Bytes>,
) {
    let resolve_timeout = Span::minutes(5);
    let terms = Terms { handle, metrics, resolve_timeout, utf8: true, crowd: None };
    for body in bodies {
        let taken = intake.take(terms, Sender::new(headers), Body::from(body)).await;
        assert_eq!(taken.expect("it is taken").firing, BATCH);
    }
}

async fn listen(inlet: &Inlet, streams: Vec<Bytes>) {
    let (_stop, stopped) = watch::channel(false);
    for stream in streams {
        syslog::read(&*stream, "192.0.2.1".into(), inlet, stopped.clone()).await;
    }
}

//! The daemon itself: built in order, stopped backwards, reloaded in place.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinSet;

use super::flags::{DaemonFlags, Features};
use super::listeners::Listeners;
use super::outside::{Outside, in_force, listen, setup};
use super::{Failure, log, sources, store, takeover};
use crate::config::Loaded;
use crate::domain::notification::message::Reason;
use crate::domain::value::{Actor, DeliveryId, Span};
use crate::domain::{Settings, event};
use crate::engine::{Engine, Input};
use crate::shell::api::{self, Context, Door};
use crate::shell::client::Clients;
use crate::shell::courier::Courier;
use crate::shell::driver::{Beat, Driver, DriverError, PARTITION};
use crate::shell::handle::Handle;
use crate::shell::intake::http::Auth;
use crate::shell::intake::poll;
use crate::shell::metrics::Metrics;
use crate::shell::outbox::Attempt;
use crate::shell::restore::Restored;
use crate::shell::store::Store;
use crate::shell::store::sled_store::Opened;
use crate::shell::tracer::Tracer;
use crate::shell::{chain, clock, outbox, restore, systemd};

/// A writer that has not gone round for this long is taken for dead.
const BEAT_AGE_MAX: Span = Span::seconds(10);

/// How often a backup is made while the daemon runs, and how many are kept.
const BACKUP_EVERY: Duration = Duration::from_hours(24);
const BACKUPS_MAX: usize = 7;

/// Runs the daemon until it is told to stop.
///
/// # Errors
/// When it cannot start, or when the store fails while it runs.
pub(super) fn serve(flags: &DaemonFlags) -> Result<(), Failure> {
    log::start(flags.log_level, flags.log_format);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(Failure::Runtime)?;
    let done = runtime.block_on(run(flags));
    // Whatever still holds a connection open does not hold the process.
    runtime.shutdown_timeout(Duration::from_secs(1));
    done
}

async fn run(flags: &DaemonFlags) -> Result<(), Failure> {
    tracing::info!(version = env!("CARGO_PKG_VERSION"), "Starting incidentd");
    let listeners = listen(flags).await?;
    let features = Features::read(flags.features.iter().map(String::as_str));
    let features = features.map_err(Failure::Feature)?;
    let addresses: Vec<SocketAddr> =
        listeners.iter().filter_map(|listener| listener.local_addr().ok()).collect();
    let outside = Outside::new(flags, features, &addresses);
    let loaded = outside.load(&flags.config_file).map_err(Failure::Configuration)?;
    let door = door(flags)?;
    let (mut sockets, prepared) = Listeners::open(&loaded.daemon).await?;
    let metrics = Arc::new(Metrics::with(outside.detail()));
    let tracer = Arc::new(Tracer::new(Arc::clone(&metrics)));
    let spans = tracer.prepare(loaded.daemon.tracing.as_ref()).await.map_err(Failure::Tracing)?;

    let places = store::Places::below(&flags.storage_path);
    let mut opened = store::open(&places)?;
    let restored = restored(&opened)?;
    let lease = opened.store.acquire(PARTITION).map_err(Failure::Store)?;
    let folded = restored.folded;
    let estate = takeover::due(&opened, &restored.state, &flags.storage_path);

    let settings = Arc::new(loaded.settings.clone());
    let engine = Engine::restore(restored.state, Arc::clone(&settings), restored.now);
    // Read before anything is sent: what goes out from here on is not to go out twice.
    let in_flight: Vec<DeliveryId> = engine.state().notification.in_flight().collect();
    outside.say(&metrics);
    let (effects, outgoing) = mpsc::unbounded_channel();
    let place = (lease.epoch, lease.last);
    let (driver, handle, beat) =
        Driver::new(engine, Box::new(opened.store), place, effects.clone(), Arc::clone(&metrics));
    let driver = driver.with_tail(folded).with_silence_log(flags.log_silences);
    let (dead, writer_died) = oneshot::channel();
    let writer = start_writer(driver, dead, (&handle, &settings), estate).await?;
    begin(&handle, opened.recovered.as_ref()).await;
    tracer.apply(spans);
    send_again(&effects, in_flight);

    let (stop, stopped) = watch::channel(false);
    let (reload, reloads) = mpsc::channel(4);
    let courier = Courier::new();
    let mut context =
        outside.context(&handle, &metrics, setup(&loaded, &settings, outside.features), reload);
    context.courier = Some(courier.clone());
    context.tracer = Arc::clone(&tracer);
    let context = Arc::new(context);
    warn(&context, door.as_deref());
    in_force(&metrics, &settings);
    let outbox = tokio::spawn(outbox::run(
        outgoing,
        handle.clone(),
        courier,
        Arc::clone(&tracer),
        observer(&metrics),
        stopped.clone(),
    ));
    let polls = Polls::start(&loaded, &handle, Vec::new());
    sockets.apply(prepared, &context).await;
    let reloader = Reloader {
        outside: outside.clone(),
        path: flags.config_file.clone(),
        context: Arc::clone(&context),
        handle: handle.clone(),
        polls,
        listeners: sockets,
    };
    let reloading = tokio::spawn(reloader.run(reloads, stopped.clone()));
    let watchdog = tokio::spawn(watchdog(Arc::clone(&beat), stopped.clone()));
    let backups = tokio::spawn(backups(handle.clone(), places, stopped.clone()));

    let mut serving = serving(listeners, &context, door.as_ref(), &stopped);
    context.set_ready(true);
    greet(&addresses, &context.route_prefix);
    said(systemd::ready());

    let died = tokio::select! {
        () = asked_to_stop() => false,
        _ = writer_died => true,
    };
    if !died {
        tracing::info!("Stopping");
    }
    said(systemd::stopping());
    context.set_ready(false);
    let _ = stop.send(true);
    while serving.join_next().await.is_some() {}
    let _ = outbox.await;
    let _ = reloading.await;
    let _ = backups.await;
    let _ = watchdog.await;
    tracer.stop().await;
    handle.stop();
    end(writer).await
}

/// Reads the state back.
fn restored(opened: &Opened) -> Result<Restored, Failure> {
    let restored = restore::restore(&opened.store).map_err(Failure::Restore)?;
    tracing::info!(
        alerts = restored.state.event.len(),
        incidents = restored.state.incident.iter().count(),
        folded = restored.folded,
        "Restored"
    );
    Ok(restored)
}

/// Answers requests at every address.
fn serving(
    listeners: Vec<TcpListener>,
    context: &Arc<Context>,
    door: Option<&Arc<Door>>,
    stopped: &watch::Receiver<bool>,
) -> JoinSet<()> {
    let serve = |listener| {
        let router = api::router(Arc::clone(context));
        api::serve(listener, router, door.cloned(), stopped.clone())
    };
    listeners.into_iter().map(serve).collect()
}

/// Waits until the writer has written its last.
async fn end(writer: JoinHandle<Result<(), DriverError>>) -> Result<(), Failure> {
    let ended = tokio::task::spawn_blocking(move || writer.join()).await;
    match ended {
        Ok(Ok(Ok(()))) => {
            tracing::info!("Stopped");
            Ok(())
        }
        Ok(Ok(Err(error))) => Err(Failure::Driver(error)),
        // A panic of the writer is our own bug; it has printed where.
        Ok(Err(_)) | Err(_) => std::process::abort(),
    }
}

/// Hands what was in flight when the daemon ended to the courier once more.
fn send_again(effects: &mpsc::UnboundedSender<DeliveryId>, in_flight: Vec<DeliveryId>) {
    for delivery in in_flight {
        let _ = effects.send(delivery);
    }
}

/// Lets the writer begin. The start is the first thing that it finds: before it no deadline may come
/// due. Only an Alertmanager's estate goes first: once the start is a fact, that is not due again.
async fn start_writer(
    driver: Driver,
    dead: oneshot::Sender<()>,
    (handle, settings): (&Handle, &Arc<Settings>),
    estate: Option<&Path>,
) -> Result<JoinHandle<Result<(), DriverError>>, Failure> {
    let started = Input::Started(Arc::clone(settings));
    let Some(storage) = estate else {
        let _ = handle.post(started);
        return spawn_writer(driver, dead);
    };
    let writer = spawn_writer(driver, dead)?;
    takeover::take_over(handle, storage).await;
    let _ = handle.post(started);
    Ok(writer)
}

fn spawn_writer(
    driver: Driver,
    dead: oneshot::Sender<()>,
) -> Result<JoinHandle<Result<(), DriverError>>, Failure> {
    std::thread::Builder::new()
        .name("writer".to_owned())
        .spawn(move || {
            // Dropped on every way out, a panic among them.
            let _dead = dead;
            driver.run()
        })
        .map_err(Failure::Runtime)
}

/// The door that `--web.config.file` describes. An empty name is as good as none, as in Alertmanager.
fn door(flags: &DaemonFlags) -> Result<Option<Arc<Door>>, Failure> {
    let file = flags.web_config_file.as_deref().filter(|file| !file.as_os_str().is_empty());
    let Some(file) = file else { return Ok(None) };
    // TLS wants to know whose arithmetic to use; a second installation in a process is the same.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Door::open(file).map(|door| Some(Arc::new(door))).map_err(Failure::Door)
}

/// Says what may surprise, such as a door with names before tokens, which looks locked by mistake.
fn warn(context: &Context, door: Option<&Door>) {
    for warning in context.setup().all_warnings(context.open_to_all) {
        tracing::warn!("{warning}");
    }
    let by_certificate = |auth: &Auth| matches!(auth, Auth::Certificate { .. });
    let setup = context.setup();
    let mut sources = setup.sources.all();
    if sources.any(|source| source.auth.iter().any(by_certificate))
        && !door.is_some_and(Door::verifies_clients)
    {
        tracing::warn!(
            "Sources ask for client certificates, but the door checks none: set `client_auth_type: \
             VerifyClientCertIfGiven` and `client_ca_file` in --web.config.file"
        );
    }
    if door.is_some_and(Door::asks_for_users) && !context.setup().tokens.is_empty() {
        tracing::warn!(
            "Names with passwords and tokens are both asked for: who comes must show both, each in \
             an `Authorization` header of its own"
        );
    }
}

/// Waits until the start is a fact, and notes what happened to the store.
async fn begin(handle: &Handle, recovered: Option<&crate::shell::store::sled_store::Recovered>) {
    let _ = handle.submit(Input::Tick).await;
    if let Some(recovered) = recovered {
        let why = store::recovery_words(recovered);
        tracing::error!("{why}");
        let command = event::Command::StoreReplaced { why };
        let _ = handle.submit(Input::Command(Actor::rule(), command.into())).await;
    }
}

/// Reads the configuration again: all that can fail comes before the first change.
struct Reloader {
    outside: Outside,
    path: std::path::PathBuf,
    context: Arc<Context>,
    handle: Handle,
    polls: Polls,
    listeners: Listeners,
}

impl Reloader {
    async fn run(
        mut self,
        mut asked: mpsc::Receiver<oneshot::Sender<Result<(), String>>>,
        mut stopped: watch::Receiver<bool>,
    ) {
        let Ok(mut hangup) = signal(SignalKind::hangup()) else { return };
        loop {
            let answer = tokio::select! {
                Some(answer) = asked.recv() => Some(answer),
                Some(()) = hangup.recv() => None,
                _ = stopped.wait_for(|stopped| *stopped) => break,
            };
            said(systemd::reloading());
            let done = self.reload().await;
            said(systemd::ready());
            if let Some(answer) = answer {
                let _ = answer.send(done);
            }
        }
        self.polls.stop().await;
        self.listeners.stop().await;
    }

    async fn reload(&mut self) -> Result<(), String> {
        let loaded = match self.outside.load(&self.path) {
            Ok(loaded) => loaded,
            Err(errors) => return self.refuse(errors.to_string()).await,
        };
        let prepared = match self.listeners.prepare(&loaded.daemon).await {
            Ok(prepared) => prepared,
            Err(failure) => return self.refuse(chain(&failure)).await,
        };
        let tracer = Arc::clone(&self.context.tracer);
        let spans = match tracer.prepare(loaded.daemon.tracing.as_ref()).await {
            Ok(spans) => spans,
            Err(error) => return self.refuse(chain(&Failure::Tracing(error))).await,
        };
        let settings = Arc::new(loaded.settings.clone());
        self.handle
            .submit(Input::Settings(Arc::clone(&settings)))
            .await
            .map_err(|error| error.to_string())?;
        self.context.replace(setup(&loaded, &settings, self.outside.features));
        tracer.apply(spans);
        let earlier = self.polls.stop().await;
        self.polls = Polls::start(&loaded, &self.handle, earlier);
        self.listeners.apply(prepared, &self.context).await;
        in_force(&self.context.metrics, &settings);
        for warning in self.context.setup().all_warnings(self.context.open_to_all) {
            tracing::warn!("{warning}");
        }
        tracing::info!(file = %self.path.display(), hash = settings.hash,
            "Completed loading of configuration file");
        Ok(())
    }

    async fn refuse(&self, why: String) -> Result<(), String> {
        tracing::error!(file = %self.path.display(), error = why,
            "Loading configuration file failed; the rules in force stay");
        self.context.metrics.reload_failed();
        let command = event::Command::ConfigurationInvalid { why: why.clone() };
        let _ = self.handle.submit(Input::Command(Actor::rule(), command.into())).await;
        Err(why)
    }
}

/// Everything that is looked at regularly.
struct Polls {
    stop: watch::Sender<bool>,
    running: Option<tokio::task::JoinHandle<Vec<poll::Poll>>>,
}

impl Polls {
    /// Starts the polls of a configuration. Those of the one before go on where they were.
    fn start(loaded: &Loaded, handle: &Handle, earlier: Vec<poll::Poll>) -> Self {
        let (stop, stopped) = watch::channel(false);
        let mut polls = handle.read(|engine| sources::polls(&loaded.daemon, engine));
        for one in earlier {
            // Both are in the order of their names.
            if let Ok(at) = polls.binary_search_by(|poll| poll.name.cmp(&one.name)) {
                polls[at].inherit(one);
            }
        }
        let running = (!polls.is_empty()).then(|| {
            let handle = handle.clone();
            let submit = move |events| {
                let handle = handle.clone();
                async move { handle.submit(Input::Events(events)).await.map(|_| ()) }
            };
            let clients = Arc::new(Clients::new());
            tokio::spawn(poll::run(polls, clients, submit, clock::now, stopped))
        });
        Self { stop, running }
    }

    async fn stop(&mut self) -> Vec<poll::Poll> {
        let _ = self.stop.send(true);
        match self.running.take() {
            Some(running) => running.await.unwrap_or_default(),
            None => Vec::new(),
        }
    }
}

fn observer(metrics: &Arc<Metrics>) -> Arc<dyn Fn(Attempt) + Send + Sync> {
    let metrics = Arc::clone(metrics);
    Arc::new(move |attempt| {
        let Attempt { integration, receiver, .. } = &attempt;
        metrics.notification_request(integration, receiver, attempt.failure.is_none());
        metrics.template_errors(integration, attempt.faults);
        if attempt.settled {
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "an attempt takes between no time and some minutes"
            )]
            let took = Span((attempt.seconds * 1_000.0) as u64);
            let failure = attempt.failure.map(Reason::name);
            metrics.notified(integration, receiver, took, failure);
        }
    })
}

/// Feeds systemd's watchdog as long as the writer goes round.
async fn watchdog(beat: Beat, mut stopped: watch::Receiver<bool>) {
    let Some(interval) = systemd::watchdog_interval() else { return };
    let mut ticks = tokio::time::interval(interval);
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            _ = stopped.wait_for(|stopped| *stopped) => return,
        }
        let age = clock::now().0 - beat.load(Ordering::Relaxed);
        if u64::try_from(age).unwrap_or(0) < BEAT_AGE_MAX.0 {
            said(systemd::pet());
        }
    }
}

/// A backup a day, because a store that breaks is replaced by the newest one.
async fn backups(handle: Handle, places: store::Places, mut stopped: watch::Receiver<bool>) {
    let mut ticks = tokio::time::interval(BACKUP_EVERY);
    ticks.tick().await; // The first comes at once, when there is nothing worth keeping.
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            _ = stopped.wait_for(|stopped| *stopped) => return,
        }
        match store::make_backup(&handle, &places, BACKUPS_MAX).await {
            Ok(file) => tracing::info!(file = %file.display(), "Backed up"),
            Err(why) => tracing::error!(error = why, "failed to back up"),
        }
    }
}

async fn asked_to_stop() {
    let (Ok(mut terminate), Ok(mut interrupt)) =
        (signal(SignalKind::terminate()), signal(SignalKind::interrupt()))
    else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
}

/// Says on the terminal where to look and what to try next.
#[expect(clippy::print_stdout, reason = "a greeting is for the terminal; the log has its own line")]
fn greet(addresses: &[SocketAddr], prefix: &str) {
    for address in addresses {
        tracing::info!(address = %address, "Listening on");
    }
    let Some(address) = addresses.first() else { return };
    let url = format!("http://{address}{prefix}");
    println!(
        "incidentd listens on {url}\n\
         \n\
         look     {url}/  and  {url}/api/itsm/v1/status\n\
         try      curl {url}/api/v2/alerts -H 'Content-Type: application/json' \\\n\
         \x20          -d '[{{\"labels\":{{\"alertname\":\"Hello\",\"service\":\"shop\",\"severity\":\"critical\"}}}}]'\n\
         then     cargo run --release --bin incidentctl -- incident list\n\
         stop     Ctrl-C"
    );
}

fn said(result: std::io::Result<()>) {
    if let Err(error) = result {
        tracing::warn!(error = %error, "failed to speak to systemd");
    }
}

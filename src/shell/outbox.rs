//! The courier's loop: takes messages whose facts are on disk, writes and sends them, reports back.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Semaphore, mpsc, watch};
use tokio::task::JoinSet;

use super::clock;
use super::courier::{Courier, traced};
use super::handle::{Handle, NotTaken};
use crate::domain::notification::message::{Class, Reason, Report};
use crate::domain::notification::{self, Command, Outcome};
use crate::domain::value::{Actor, DeliveryId, Via};
use crate::engine::Input;
use crate::shell::chain;
use crate::shell::tracer::{ActiveSpan, Tracer};

/// Attempts that are made at one time.
const SENDING_MAX: usize = 64;

/// Reports that wait for their commit at one time: as many as one group takes. Attempts go on
/// meanwhile.
const REPORTING_MAX: usize = 512;

/// How long a report waits before it is handed in again when too much is waiting already.
const REPORT_AGAIN: Duration = Duration::from_millis(200);

/// How long attempts that have begun may still take when the daemon stops.
const DRAIN_MAX: Duration = Duration::from_secs(5);

/// One attempt, as the metrics want to know it.
#[derive(Debug)]
pub struct Attempt {
    /// `webhook`, `slack` or `email`.
    pub integration: &'static str,
    /// The receiver's name.
    pub receiver: String,
    /// How long it took, in seconds.
    pub seconds: f64,
    /// What went wrong, if anything did.
    pub failure: Option<Reason>,
    /// Parts of the message that could not be written as configured.
    pub faults: u64,
    /// Whether it was the last one for its message.
    pub settled: bool,
}

/// Runs until `stop` says so. Attempts that have begun are given a moment to end; what has not
/// been reported by then is sent again after the next start under the same number.
pub async fn run(
    mut queue: mpsc::UnboundedReceiver<DeliveryId>,
    handle: Handle,
    courier: Courier,
    tracer: Arc<Tracer>,
    observe: Arc<dyn Fn(Attempt) + Send + Sync>,
    mut stop: watch::Receiver<bool>,
) {
    let slots = Arc::new(Semaphore::new(SENDING_MAX));
    let reports = Arc::new(Semaphore::new(REPORTING_MAX));
    let mut sending = JoinSet::new();
    loop {
        let delivery = tokio::select! {
            delivery = queue.recv() => delivery,
            _ = stop.wait_for(|stop| *stop) => None,
        };
        let Some(id) = delivery else { break };
        while sending.try_join_next().is_some() {}
        let Ok(slot) = Arc::clone(&slots).acquire_owned().await else { break };
        let (handle, courier, observe) = (handle.clone(), courier.clone(), Arc::clone(&observe));
        let (tracer, reports) = (Arc::clone(&tracer), Arc::clone(&reports));
        sending.spawn(async move {
            let (attempt, outcome) = deliver(id, &handle, &courier, &tracer, &*observe).await;
            let _reporting = reports.acquire_owned().await;
            drop(slot);
            report(&handle, id, attempt, outcome).await;
        });
    }
    let drained = async { while sending.join_next().await.is_some() {} };
    let _ = tokio::time::timeout(DRAIN_MAX, drained).await;
}

/// Makes one attempt and returns its number and what became of it.
async fn deliver(
    id: DeliveryId,
    handle: &Handle,
    courier: &Courier,
    tracer: &Tracer,
    observe: &(dyn Fn(Attempt) + Send + Sync),
) -> (u32, Outcome) {
    // Only the letter is read under the lock; templates are rendered outside of it.
    let read = handle.read(|engine| {
        let (state, settings) = (engine.state(), engine.settings());
        let letter = notification::letter(state, settings, id, clock::now())?;
        let integration = notification::integration_of(state, settings, id)?.clone();
        Some((letter, integration, Arc::clone(settings)))
    });
    let Some((letter, integration, settings)) = read else {
        // The receiver left the configuration while the message was on its way.
        return (0, Outcome::Refused { why: "receiver gone".to_owned() });
    };
    let attempt = letter.attempt;
    let kind = integration.kind.name();
    let mut span = traced::begin(tracer, None, &letter, kind);
    let mut faults = 0;
    let message = match notification::message::write(&letter, &integration, &settings.templates) {
        Ok(message) => Some(message),
        Err(error) => {
            faults = error.faults().len() as u64;
            for fault in error.faults() {
                tracing::error!(delivery = %id, receiver = %letter.receiver, error = chain(fault),
                    "failed to write a message as configured");
            }
            error.into_message()
        }
    };
    let watch = clock::Stopwatch::start();
    let sent = match message {
        Some(message) => courier.send_in(message, span.as_ref().map(ActiveSpan::context)).await,
        None => Report::Failed {
            class: Class::Permanent,
            why: "the message has no address".to_owned(),
            reason: Reason::Other,
        },
    };
    if let Some(span) = &mut span {
        traced::end(span, &sent);
    }
    drop(span);
    log(&letter.receiver, id, attempt, kind, &sent);
    let failure = match &sent {
        Report::Delivered { .. } => None,
        Report::Failed { reason, .. } => Some(*reason),
    };
    let retried = matches!(&sent, Report::Failed { class: Class::Retry { .. }, .. });
    observe(Attempt {
        integration: kind,
        receiver: letter.receiver.clone(),
        seconds: watch.seconds(),
        failure,
        faults,
        settled: !retried,
    });
    (attempt, outcome(sent))
}

fn outcome(report: Report) -> Outcome {
    match report {
        Report::Delivered { provider } => Outcome::Delivered { provider },
        Report::Failed { class: Class::Retry { after }, why, .. } => Outcome::Failed { why, after },
        Report::Failed { class: Class::Permanent, why, .. } => Outcome::Refused { why },
    }
}

/// A report must not be lost, or its message would wait until the next start.
async fn report(handle: &Handle, id: DeliveryId, attempt: u32, outcome: Outcome) {
    let courier = Actor { name: "courier".to_owned(), via: Via::Timer };
    loop {
        let command = Command::Report { id, attempt, outcome: outcome.clone() };
        let input = Input::Command(courier.clone(), command.into());
        match handle.submit(input).await {
            Ok(_) | Err(NotTaken::Stopping) => return,
            Err(NotTaken::Overloaded) => tokio::time::sleep(REPORT_AGAIN).await,
        }
    }
}

fn log(receiver: &str, id: DeliveryId, attempt: u32, kind: &str, report: &Report) {
    match report {
        // Whoever reads of failures must also read how it ended.
        Report::Delivered { .. } if attempt > 1 => {
            tracing::info!(delivery = %id, receiver, integration = kind, attempt, "notified");
        }
        Report::Delivered { .. } => {
            tracing::debug!(delivery = %id, receiver, integration = kind, attempt, "notified");
        }
        Report::Failed { why, reason, .. } => tracing::warn!(
            delivery = %id, receiver, integration = kind, attempt,
            reason = reason.name(), why, "failed to notify"
        ),
    }
}

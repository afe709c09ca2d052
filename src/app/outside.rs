//! What the command line says about the world outside: where to listen, what links begin with, and
//! how the configuration is read.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use tokio::net::TcpListener;

use super::flags::{DaemonFlags, Features, listen_address};
use super::{Failure, sources};
use crate::config::{self, Loaded};
use crate::domain::silence::SilenceLimits;
use crate::domain::value::Span;
use crate::domain::{Settings, explain};
use crate::shell::api::{self, Context, Peer, Setup};
use crate::shell::handle::Handle;
use crate::shell::intake::http::Crowd;
use crate::shell::metrics::{Detail, Metrics};
use crate::shell::{clock, systemd};

/// Opens everything that the flags name.
///
/// # Errors
/// When an address makes no sense or is taken.
pub(super) async fn listen(flags: &DaemonFlags) -> Result<Vec<TcpListener>, Failure> {
    let mut listeners = Vec::new();
    if flags.systemd_socket {
        let failed = |error: std::io::Error| Failure::Listen {
            address: "systemd's sockets".to_owned(),
            why: error.to_string(),
        };
        for socket in systemd::sockets().map_err(failed)? {
            listeners.push(TcpListener::from_std(socket).map_err(failed)?);
        }
        return Ok(listeners);
    }
    for address in &flags.listen {
        let failed = |why: String| Failure::Listen { address: address.clone(), why };
        let address = listen_address(address).map_err(failed)?;
        let bound = TcpListener::bind(&address).await;
        listeners.push(bound.map_err(|error| failed(error.to_string()))?);
    }
    Ok(listeners)
}

/// What the command line says about the world outside.
#[derive(Debug, Clone)]
pub(super) struct Outside {
    pub(super) features: Features,
    peer: Option<Peer>,
    start_delay: Span,
    alerts_per_name_max: usize,
    silences: SilenceLimits,
    external_url: String,
    route_prefix: String,
    open_to_all: bool,
    gets_max: usize,
    timeout: Span,
}

impl Outside {
    pub(super) fn new(flags: &DaemonFlags, features: Features, addresses: &[SocketAddr]) -> Self {
        let first = addresses.first();
        let here =
            || first.map_or_else(String::new, |address| format!("http://{}", named(*address)));
        let external_url = flags.external_url.clone().unwrap_or_else(here);
        let external_url = external_url.trim_end_matches('/').to_owned();
        let path = external_url
            .split_once("://")
            .map_or("", |(_, rest)| rest.find('/').map_or("", |slash| &rest[slash..]));
        let prefix = flags.route_prefix.as_deref().unwrap_or(path).trim_matches('/');
        Self {
            route_prefix: if prefix.is_empty() { String::new() } else { format!("/{prefix}") },
            external_url,
            open_to_all: addresses.iter().any(|address| !address.ip().is_loopback()),
            gets_max: usize::try_from(flags.get_concurrency).unwrap_or(0),
            timeout: flags.web_timeout,
            features,
            peer: flags.cluster.peer(clock::now(), std::process::id()),
            start_delay: flags.start_delay,
            alerts_per_name_max: usize::try_from(flags.per_alertname_limit).unwrap_or(0),
            silences: SilenceLimits::new(
                usize::try_from(flags.max_silences).unwrap_or(0),
                usize::try_from(flags.max_silence_size_bytes).unwrap_or(0),
                flags.data_retention,
            ),
        }
    }

    pub(super) fn detail(&self) -> Detail {
        let Features { alert_names, receiver_names, group_keys, .. } = self.features;
        let peer = self.peer.as_ref().map(|peer| peer.name.clone());
        Detail { alert_names, receiver_names, group_keys, peer }
    }

    /// Shows and says what the flags ask for that may surprise.
    pub(super) fn say(&self, metrics: &Metrics) {
        metrics.set_alerts_limit(self.alerts_per_name_max);
        if let Some(Peer { name, address }) = &self.peer {
            tracing::warn!(name, address, "There is no gossip: clients see a cluster of this node");
        }
        if self.start_delay > Span::ZERO {
            tracing::info!(delay = %self.start_delay, "Nothing is told to anybody for a while");
        }
    }

    pub(super) fn load(&self, path: &Path) -> Result<Loaded, config::ConfigErrors> {
        let env = |name: &str| std::env::var(name).ok();
        let mut loaded = config::load_in_mode(path, self.features.matchers, &env)?;
        loaded.settings.external_url.clone_from(&self.external_url);
        loaded.settings.silences.clone_from(&self.silences);
        let delayed = self.start_delay > Span::ZERO;
        loaded.settings.quiet_until = delayed.then(|| clock::now() + self.start_delay);
        Ok(loaded)
    }

    pub(super) fn context(
        &self,
        handle: &Handle,
        metrics: &Arc<Metrics>,
        setup: Setup,
        reload: api::Reload,
    ) -> Context {
        let mut context = Context::new(handle.clone(), Arc::clone(metrics), setup, reload);
        context.route_prefix.clone_from(&self.route_prefix);
        context.open_to_all = self.open_to_all;
        context.peer.clone_from(&self.peer);
        if self.alerts_per_name_max > 0 {
            let crowd = Crowd::new(self.alerts_per_name_max);
            handle.read(|engine| crowd.recall(engine.state()));
            context.crowd = Some(crowd);
        }
        context.explain =
            |engine, id| explain::alert(engine.state(), engine.settings(), id, engine.now());
        if self.timeout > Span::ZERO {
            context.timeout = self.timeout;
        }
        if self.gets_max > 0 { context.with_gets(self.gets_max) } else { context }
    }
}

/// Counts with a configuration that has come into force.
pub(super) fn in_force(metrics: &Metrics, settings: &Settings) {
    metrics.reloaded(&settings.hash, clock::now());
    metrics.set_inhibition_rules(settings.inhibitions.rules().len());
    for receiver in settings.receivers.values() {
        for integration in &receiver.integrations {
            metrics.known_integration(integration.kind.name(), &receiver.name);
        }
    }
}

pub(super) fn setup(loaded: &Loaded, settings: &Arc<Settings>, features: Features) -> Setup {
    Setup {
        settings: Arc::clone(settings),
        sources: sources::sources(&loaded.daemon),
        tokens: sources::tokens(&loaded.daemon),
        matchers: features.matchers,
        original: loaded.original.clone(),
        warnings: loaded.warnings.iter().map(ToString::to_string).collect(),
    }
}

/// An address that people can reach: for every address of the machine, its name, as in
/// Alertmanager.
fn named(address: SocketAddr) -> String {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    match name.trim() {
        name if address.ip().is_unspecified() && !name.is_empty() => {
            format!("{name}:{}", address.port())
        }
        _ => address.to_string(),
    }
}

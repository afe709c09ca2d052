//! Sockets for sources that do not speak HTTP: opened before anything changes, kept over a reload
//! where their addresses stay. Mailboxes that mails are fetched from go with them.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;

use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::Failure;
use crate::config::{Daemon, Protocol};
use crate::domain::event::adapter::kind::mail::Mailbox;
use crate::shell::api::Context;
use crate::shell::intake::inlet::Inlet;
use crate::shell::intake::listener::{Bound, Papers, server_tls};
use crate::shell::intake::mail::{Flavour, Secured};
use crate::shell::intake::{mail, snmp, syslog};

/// What makes a socket the same one after a reload.
type Key = (String, Protocol, SocketAddr);

/// Every socket that is listened on.
#[derive(Default)]
pub(super) struct Listeners {
    running: BTreeMap<Key, Running>,
    fetching: BTreeMap<String, Fetching>,
}

struct Fetching {
    mailbox: Mailbox,
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

struct Running {
    stop: watch::Sender<bool>,
    tls: watch::Sender<Option<Papers>>,
    task: JoinHandle<()>,
}

/// Sockets that are bound and certificates that are read, of which nothing is in force yet.
pub(super) struct Prepared {
    bound: BTreeMap<Key, Bound>,
    tls: BTreeMap<String, Papers>,
    wanted: Vec<Key>,
    mailboxes: BTreeMap<String, Mailbox>,
}

impl Listeners {
    /// Does all that can fail before the daemon begins.
    ///
    /// # Errors
    /// As [`Listeners::prepare`].
    pub(super) async fn open(daemon: &Daemon) -> Result<(Self, Prepared), Failure> {
        let none = Self::default();
        let prepared = none.prepare(daemon).await?;
        Ok((none, prepared))
    }

    /// Does all that can fail.
    ///
    /// # Errors
    /// When an address is taken, or a certificate cannot be used.
    pub(super) async fn prepare(&self, daemon: &Daemon) -> Result<Prepared, Failure> {
        let mut prepared = Prepared {
            bound: BTreeMap::new(),
            tls: BTreeMap::new(),
            wanted: Vec::new(),
            mailboxes: BTreeMap::new(),
        };
        for (name, source) in &daemon.sources {
            if let Some(mailbox) = &source.imap {
                prepared.mailboxes.insert(name.clone(), mailbox.clone());
            }
            if source.listen.tls.identity.is_some() {
                let _ = rustls::crypto::ring::default_provider().install_default();
                let tls = server_tls(&source.listen.tls);
                let tls = tls.map_err(|source| Failure::Secure { name: name.clone(), source })?;
                prepared.tls.insert(name.clone(), tls);
            }
            for (protocol, address) in &source.listen.sockets {
                let key = (name.clone(), *protocol, *address);
                prepared.wanted.push(key.clone());
                if self.running.contains_key(&key) {
                    continue;
                }
                let bound = Bound::new(*address, protocol.is_datagram()).await;
                let bound = bound.map_err(|error| Failure::ListenFor {
                    name: name.clone(),
                    socket: format!("{}/{address}", protocol.name()),
                    why: error.to_string(),
                })?;
                prepared.bound.insert(key, bound);
            }
        }
        Ok(prepared)
    }

    /// Puts what was prepared in force; what is wanted no longer is closed.
    pub(super) async fn apply(&mut self, prepared: Prepared, context: &Arc<Context>) {
        let Prepared { bound, tls, wanted, mailboxes } = prepared;
        self.fetch(mailboxes, context).await;
        let gone: Vec<Key> =
            self.running.keys().filter(|key| !wanted.contains(key)).cloned().collect();
        self.end(gone).await;
        for ((name, ..), running) in &self.running {
            running.tls.send_replace(tls.get(name).cloned());
        }
        for (key, bound) in bound {
            let (name, protocol, _) = &key;
            let address = bound.address().map_or_else(|_| key.2.to_string(), |at| at.to_string());
            tracing::info!(source = name, protocol = protocol.name(), address, "Listening for");
            let inlet = inlet(name, context);
            let running = start(*protocol, bound, inlet, tls.get(name).cloned());
            self.running.insert(key, running);
        }
    }

    /// Closes everything; what has come by then is taken in.
    pub(super) async fn stop(&mut self) {
        let names = self.fetching.keys().cloned().collect();
        self.end_fetching(names).await;
        let all = self.running.keys().cloned().collect();
        self.end(all).await;
    }

    /// Looks into these mailboxes and no others; what stays as it was goes on.
    async fn fetch(&mut self, wanted: BTreeMap<String, Mailbox>, context: &Arc<Context>) {
        let stays = |(name, one): &(&String, &Fetching)| wanted.get(*name) == Some(&one.mailbox);
        let gone = self.fetching.iter().filter(|one| !stays(one));
        self.end_fetching(gone.map(|(name, _)| name.clone()).collect()).await;
        for (name, mailbox) in wanted {
            if self.fetching.contains_key(&name) {
                continue;
            }
            tracing::info!(
                source = name,
                server = mailbox.host,
                mailbox = mailbox.name,
                "Fetching"
            );
            let (stop, stopped) = watch::channel(false);
            let fetching = mail::imap::fetch(mailbox.clone(), inlet(&name, context), stopped);
            let task = tokio::spawn(fetching);
            self.fetching.insert(name, Fetching { mailbox, stop, task });
        }
    }

    async fn end_fetching(&mut self, names: Vec<String>) {
        let ended: Vec<Fetching> =
            names.iter().filter_map(|name| self.fetching.remove(name)).collect();
        for one in &ended {
            let _ = one.stop.send(true);
        }
        for one in ended {
            let _ = one.task.await;
        }
    }

    async fn end(&mut self, keys: Vec<Key>) {
        let ended: Vec<Running> = keys.iter().filter_map(|key| self.running.remove(key)).collect();
        for running in &ended {
            let _ = running.stop.send(true);
        }
        for running in ended {
            let _ = running.task.await;
        }
    }
}

fn inlet(source: &str, context: &Arc<Context>) -> Inlet {
    let of = Arc::clone(context);
    let lookup = Arc::new(move |name: &str| {
        let setup = of.setup();
        let intake = Arc::clone(setup.sources.get(name)?);
        Some((intake, setup.settings.resolve_timeout))
    });
    Inlet::new(source, context.handle.clone(), Arc::clone(&context.metrics), lookup)
}

fn start(protocol: Protocol, bound: Bound, inlet: Inlet, tls: Option<Papers>) -> Running {
    let (stop, stopped) = watch::channel(false);
    let (tls, under) = watch::channel(tls);
    let task = match (protocol, bound) {
        (_, Bound::Datagram(socket)) => {
            let kind = inlet.intake().map_or("", |intake| intake.kind.name());
            if kind == "snmp" {
                tokio::spawn(snmp::datagrams(socket, inlet, stopped))
            } else {
                tokio::spawn(syslog::datagrams(socket, inlet, stopped))
            }
        }
        (Protocol::Smtp, Bound::Stream(listener)) => {
            let way = (Flavour::Smtp, Secured::WhenAsked);
            tokio::spawn(mail::serve(listener, inlet, way, under, stopped))
        }
        (Protocol::Smtps, Bound::Stream(listener)) => {
            let way = (Flavour::Smtp, Secured::AtOnce);
            tokio::spawn(mail::serve(listener, inlet, way, under, stopped))
        }
        (Protocol::Lmtp, Bound::Stream(listener)) => {
            let way = (Flavour::Lmtp, Secured::WhenAsked);
            tokio::spawn(mail::serve(listener, inlet, way, under, stopped))
        }
        (protocol, Bound::Stream(listener)) => {
            let tls = (protocol == Protocol::Tls).then_some(under);
            tokio::spawn(syslog::streams(listener, inlet, tls, stopped))
        }
    };
    Running { stop, tls, task }
}

//! A router that answers on loopback from a thread of its own, until it is dropped.

use std::net::{SocketAddr, TcpListener};

use axum::Router;
use tokio::runtime::Runtime;

pub(crate) struct Served {
    pub(crate) address: SocketAddr,
    _runtime: Runtime,
}

impl Served {
    pub(crate) fn start(router: Router) -> Self {
        Self::start_on(0, router)
    }

    /// As [`Self::start`], on a port of the test's choice.
    pub(crate) fn start_on(port: u16, router: Router) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let listener = TcpListener::bind(("127.0.0.1", port)).unwrap();
        listener.set_nonblocking(true).unwrap();
        let address = listener.local_addr().unwrap();
        runtime.spawn(async move {
            let listener = tokio::net::TcpListener::from_std(listener).unwrap();
            axum::serve(listener, router).await.unwrap();
        });
        Self { address, _runtime: runtime }
    }
}

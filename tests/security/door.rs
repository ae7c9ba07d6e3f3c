//! A door with TLS before a listener without, whose certificate can be changed at any time.

use std::sync::Arc;

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;

/// Listens on a port of its own until it is dropped.
pub(crate) struct Door {
    pub(crate) port: u16,
    state: watch::Sender<State>,
    acceptor: JoinHandle<()>,
}

#[derive(Clone)]
struct State {
    target: u16,
    shows: Arc<ServerConfig>,
}

impl Door {
    pub(crate) async fn new(shows: Arc<ServerConfig>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (state, seen) = watch::channel(State { target: 0, shows });
        Self { port, state, acceptor: tokio::spawn(accept(listener, seen)) }
    }

    pub(crate) fn lead_to(&self, port: u16) {
        self.state.send_modify(|state| state.target = port);
    }

    /// Shows something else, and closes all connections that were made before.
    pub(crate) fn show(&self, shows: Arc<ServerConfig>) {
        self.state.send_modify(|state| state.shows = shows);
    }
}

impl Drop for Door {
    fn drop(&mut self) {
        self.acceptor.abort();
    }
}

async fn accept(listener: TcpListener, seen: watch::Receiver<State>) {
    loop {
        let Ok((client, _)) = listener.accept().await else { continue };
        let mut seen = seen.clone();
        tokio::spawn(async move {
            let State { target, shows } = seen.borrow_and_update().clone();
            let Ok(mut client) = TlsAcceptor::from(shows).accept(client).await else { return };
            let Ok(mut broker) = TcpStream::connect(("127.0.0.1", target)).await else { return };
            tokio::select! {
                _ = copy_bidirectional(&mut client, &mut broker) => {}
                _ = seen.changed() => {}
            }
        });
    }
}

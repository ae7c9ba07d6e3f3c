//! Connections: how many there may be, and how long one may take to say what it wants.
//!
//! Somebody who opens connections and sends nothing, or a byte now and then, must not keep a probe out.
//! So a request's head has to come soon, and where there are as many connections as may be, the oldest
//! that waits for its client is cut for the new one.

use std::collections::VecDeque;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::AbortHandle;
use tokio::time::{sleep, timeout};

/// The bounds of connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConnectionLimits {
    /// How many there are at once; default 64.
    pub at_once: usize,
    /// How long the head of a request may take to come, or a connection may be idle; default 5 s.
    pub head: Duration,
    /// The largest head in bytes, at least 8 192; default 16 KiB.
    pub head_bytes: usize,
    /// How many headers a request has at most; default 64.
    pub headers: usize,
    /// The longest that one may last, whatever is done with it; default 10 min.
    pub lifetime: Duration,
}

impl Default for ConnectionLimits {
    fn default() -> Self {
        Self {
            at_once: 64,
            head: Duration::from_secs(5),
            head_bytes: 16 << 10,
            headers: 64,
            lifetime: Duration::from_secs(600),
        }
    }
}

/// How long nothing is accepted after the system could not give a connection.
const SHORT_OF: Duration = Duration::from_millis(100);

/// Accepts connections and answers what comes in on them, until the future is dropped.
pub(super) async fn accept(
    listener: TcpListener,
    router: Router,
    limits: ConnectionLimits,
) -> io::Result<()> {
    let mut open: VecDeque<Connection> = VecDeque::new();
    loop {
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            Err(error) if is_the_clients(&error) => continue,
            Err(error) => {
                tracing::debug!(%error, "no connection can be had; trying again");
                sleep(SHORT_OF).await;
                continue;
            }
        };
        open.retain(|one| !one.task.is_finished());
        if open.len() >= limits.at_once.max(1) {
            let idle = open.iter().position(|one| one.at_work.load(Ordering::Relaxed) == 0);
            // All of them are being answered: the new one has to come again.
            let Some(idle) = idle else { continue };
            if let Some(cut) = open.remove(idle) {
                cut.task.abort();
            }
        }
        open.push_back(Connection::serve(stream, router.clone(), limits));
    }
}

/// One connection.
struct Connection {
    task: AbortHandle,
    /// Its requests that are being answered.
    at_work: Arc<AtomicUsize>,
}

impl Connection {
    fn serve(stream: TcpStream, router: Router, limits: ConnectionLimits) -> Self {
        let at_work = Arc::<AtomicUsize>::default();
        let counted = Arc::clone(&at_work);
        let router = TowerToHyperService::new(router);
        let service = service_fn(move |request: Request<Incoming>| {
            let answer = router.call(request.map(Body::new));
            let turn = Turn::begin(&counted);
            async move {
                let _turn = turn;
                answer.await
            }
        });
        let task = tokio::spawn(async move {
            let connection = http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(limits.head)
                .max_buf_size(limits.head_bytes.max(8_192))
                .max_headers(limits.headers)
                .serve_connection(TokioIo::new(stream), service);
            // What ends it is its client's affair, or the time's.
            let _ = timeout(limits.lifetime, connection).await;
        });
        Self { task: task.abort_handle(), at_work }
    }
}

/// A request that is being answered.
struct Turn(Arc<AtomicUsize>);

impl Turn {
    fn begin(count: &Arc<AtomicUsize>) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(count))
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Whether a connection was gone before it was accepted.
fn is_the_clients(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionRefused
            | io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset
    )
}

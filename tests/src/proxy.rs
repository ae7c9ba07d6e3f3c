//! A way to a broker that can be cut, slowed down or muted while clients use it.

use std::io;
use std::net::{Ipv4Addr, SocketAddrV4};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::{Instant, sleep_until};

/// What a proxy does with the bytes of its clients and its target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Traffic {
    /// Everything goes through at once.
    Pass,
    /// Everything goes through after this time, in both directions.
    Delay(Duration),
    /// Connections stay open and whatever is said on them vanishes. When it is over, connections on
    /// which something vanished are closed: what follows a gap would make no sense.
    HalfOpen,
    /// Every connection is closed, and new ones right after they were made.
    Refuse,
}

/// Listens on a loopback port of its own and passes everything on to another; dropped, it closes.
///
/// ```
/// use flowx_tests::proxy::{Proxy, Traffic};
/// use tokio::io::{AsyncReadExt, AsyncWriteExt};
/// use tokio::net::{TcpListener, TcpStream};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> std::io::Result<()> {
/// let target = TcpListener::bind("127.0.0.1:0").await?;
/// let proxy = Proxy::listen().await?;
/// proxy.lead_to(target.local_addr()?.port());
/// let mut client = TcpStream::connect(("127.0.0.1", proxy.port())).await?;
/// client.write_all(b"hello").await?;
/// let mut bytes = [0; 5];
/// target.accept().await?.0.read_exact(&mut bytes).await?;
/// assert_eq!(&bytes, b"hello");
///
/// proxy.set(Traffic::Refuse);
/// assert_eq!(client.read(&mut bytes).await.unwrap_or(0), 0);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Proxy {
    port: u16,
    state: watch::Sender<State>,
    acceptor: JoinHandle<()>,
}

#[derive(Clone, Copy, Debug)]
struct State {
    target: u16,
    traffic: Traffic,
    /// Connections of an earlier era are closed.
    era: u64,
}

const CHUNK: usize = 64 * 1024;

/// Chunks that wait for their delay to pass; what is beyond waits in the sender's own buffers.
const WAITING: usize = 64;

impl Proxy {
    /// Begins to listen. Connections are closed at once until it [leads](Self::lead_to) somewhere.
    ///
    /// # Errors
    /// The system's reason.
    pub async fn listen() -> io::Result<Self> {
        let listener = TcpListener::bind(SocketAddrV4::new(Ipv4Addr::LOCALHOST, 0)).await?;
        let port = listener.local_addr()?.port();
        let (state, seen) = watch::channel(State { target: 0, traffic: Traffic::Pass, era: 0 });
        Ok(Self { port, state, acceptor: tokio::spawn(accept(listener, seen)) })
    }

    /// The port that clients connect to, on 127.0.0.1.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Passes new connections on to this port of 127.0.0.1.
    pub fn lead_to(&self, port: u16) {
        self.state.send_modify(|state| state.target = port);
    }

    /// Treats all connections like this from now on, also those that are there.
    pub fn set(&self, traffic: Traffic) {
        self.state.send_modify(|state| state.traffic = traffic);
    }

    /// Closes every connection that is there; new ones are welcome.
    pub fn cut(&self) {
        self.state.send_modify(|state| state.era += 1);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.acceptor.abort();
    }
}

async fn accept(listener: TcpListener, seen: watch::Receiver<State>) {
    let mut connections = JoinSet::new();
    loop {
        // Out of file descriptors: other connections will close.
        let Ok((client, _)) = listener.accept().await else {
            tokio::task::yield_now().await;
            continue;
        };
        while connections.try_join_next().is_some() {}
        connections.spawn(connect(client, seen.clone()));
    }
}

async fn connect(client: TcpStream, mut seen: watch::Receiver<State>) {
    let State { target, traffic, era } = *seen.borrow_and_update();
    if traffic == Traffic::Refuse || target == 0 {
        return;
    }
    let address = SocketAddrV4::new(Ipv4Addr::LOCALHOST, target);
    let Ok(broker) = TcpStream::connect(address).await else { return };
    let _ = (client.set_nodelay(true), broker.set_nodelay(true));
    let (from_client, to_client) = client.into_split();
    let (from_broker, to_broker) = broker.into_split();
    let over = async {
        let is_over = |state: &State| state.era != era || state.traffic == Traffic::Refuse;
        let _ = seen.clone().wait_for(is_over).await;
    };
    // Whichever ends first closes both directions, as most clients do anyway.
    tokio::select! {
        () = over => {}
        () = pass(from_client, to_broker, seen.clone()) => {}
        () = pass(from_broker, to_client, seen.clone()) => {}
    }
}

/// One direction, until either side closes or a gap was left behind.
async fn pass(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, mut seen: watch::Receiver<State>) {
    let (sender, mut waiting) = mpsc::channel::<(Instant, Vec<u8>)>(WAITING);
    let read = async {
        let mut has_gap = false;
        let mut chunk = vec![0; CHUNK];
        loop {
            let length = tokio::select! {
                read = from.read(&mut chunk) => match read {
                    Ok(length) if length > 0 => length,
                    _ => return,
                },
                changed = seen.changed(), if has_gap => match changed {
                    Ok(()) if seen.borrow().traffic == Traffic::HalfOpen => continue,
                    _ => return,
                },
            };
            let delay = match seen.borrow().traffic {
                Traffic::HalfOpen => {
                    has_gap = true;
                    continue;
                }
                _ if has_gap => return,
                Traffic::Delay(delay) => delay,
                Traffic::Pass | Traffic::Refuse => Duration::ZERO,
            };
            if sender.send((Instant::now() + delay, chunk[..length].to_vec())).await.is_err() {
                return;
            }
        }
    };
    let write = async {
        while let Some((due, chunk)) = waiting.recv().await {
            sleep_until(due).await;
            if to.write_all(&chunk).await.is_err() {
                return;
            }
        }
    };
    tokio::select! {
        () = read => {}
        () = write => {}
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::timeout;

    use super::*;

    /// A proxy to a listener, and a connection through it, from both ends.
    async fn connected() -> (Proxy, TcpListener, TcpStream, TcpStream) {
        let target = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let proxy = Proxy::listen().await.unwrap();
        proxy.lead_to(target.local_addr().unwrap().port());
        let client = TcpStream::connect(("127.0.0.1", proxy.port())).await.unwrap();
        let (server, _) = target.accept().await.unwrap();
        (proxy, target, client, server)
    }

    async fn is_closed(stream: &mut TcpStream) -> bool {
        let read = timeout(Duration::from_secs(30), stream.read(&mut [0; 8])).await;
        matches!(read, Ok(Ok(0) | Err(_)))
    }

    #[tokio::test]
    async fn bytes_go_both_ways_and_a_cut_closes_both_ends_but_not_the_way() {
        let (proxy, target, mut client, mut server) = connected().await;
        client.write_all(b"ping").await.unwrap();
        let mut bytes = [0; 4];
        server.read_exact(&mut bytes).await.unwrap();
        server.write_all(b"pong").await.unwrap();
        client.read_exact(&mut bytes).await.unwrap();
        assert_eq!(&bytes, b"pong");

        proxy.cut();
        assert!(is_closed(&mut client).await && is_closed(&mut server).await);
        let mut again = TcpStream::connect(("127.0.0.1", proxy.port())).await.unwrap();
        again.write_all(b"more").await.unwrap();
        target.accept().await.unwrap().0.read_exact(&mut bytes).await.unwrap();
        assert_eq!(&bytes, b"more");
    }

    #[tokio::test]
    async fn what_is_delayed_comes_late_and_whole() {
        let (proxy, _target, mut client, mut server) = connected().await;
        let delay = Duration::from_millis(80);
        proxy.set(Traffic::Delay(delay));
        let began = Instant::now();
        client.write_all(b"late").await.unwrap();
        let mut bytes = [0; 4];
        server.read_exact(&mut bytes).await.unwrap();
        assert!(began.elapsed() >= delay);
        assert_eq!(&bytes, b"late");
    }

    #[tokio::test]
    async fn what_is_said_while_half_open_vanishes_and_the_connection_does_not_outlive_it() {
        let (proxy, _target, mut client, mut server) = connected().await;
        proxy.set(Traffic::HalfOpen);
        client.write_all(b"lost").await.unwrap();
        let silent = timeout(Duration::from_millis(100), server.read(&mut [0; 8])).await;
        assert!(silent.is_err(), "{silent:?}");
        proxy.set(Traffic::Pass);
        assert!(is_closed(&mut client).await && is_closed(&mut server).await);
    }

    #[tokio::test]
    async fn a_refusing_proxy_closes_old_and_new_connections() {
        let (proxy, _target, mut client, mut server) = connected().await;
        proxy.set(Traffic::Refuse);
        assert!(is_closed(&mut client).await && is_closed(&mut server).await);
        let mut other = TcpStream::connect(("127.0.0.1", proxy.port())).await.unwrap();
        assert!(is_closed(&mut other).await);
    }
}

//! Choosing loopback ports for a broker that is yet to start.

use std::io;
use std::net::{Ipv4Addr, TcpListener};
use std::ops::Range;

/// Below the range from which systems take the ports of outgoing connections, so that no client of
/// any test can be given a port that was just chosen here.
const RANGE: Range<u16> = 15_000..32_000;

/// Chosen at random: two processes that look at the same time seldom meet, and who starts a broker
/// tries again when they do.
///
/// # Errors
/// When most of the range is taken.
pub(crate) fn free(count: usize) -> io::Result<Vec<u16>> {
    // Held together until all are found, so that they differ.
    let mut held = Vec::with_capacity(count);
    for _ in 0..10 * count.max(10) {
        if held.len() == count {
            break;
        }
        let port = fastrand::u16(RANGE);
        if let Ok(listener) = TcpListener::bind((Ipv4Addr::LOCALHOST, port)) {
            held.push((port, listener));
        }
    }
    if held.len() < count {
        return Err(io::Error::new(
            io::ErrorKind::AddrInUse,
            format!("found only {} of {count} free ports in {RANGE:?}", held.len()),
        ));
    }
    Ok(held.into_iter().map(|(port, _)| port).collect())
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;
    use std::time::Duration;

    use super::*;
    use crate::eventually;

    #[tokio::test]
    async fn ports_differ_and_can_be_bound() {
        let ports = free(6).unwrap();
        assert_eq!(ports.iter().collect::<HashSet<_>>().len(), 6);
        for port in ports {
            // A process that another test is just starting holds the listener until it has started.
            eventually(Duration::from_secs(10), || async move {
                TcpListener::bind((Ipv4Addr::LOCALHOST, port))
            })
            .await;
        }
    }
}

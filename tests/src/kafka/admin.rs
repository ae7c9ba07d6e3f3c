//! Questions and orders to a cluster that may be failing just now: errors are answers, not panics.

use std::io;
use std::time::Duration;

use flowx_core::check::acls::Acl;
use tokio::time::timeout;

use super::wire;

/// A node that does not answer by then is taken for down.
const PATIENCE: Duration = Duration::from_secs(2);

/// Talks to a cluster by its nodes' own ports, whichever of them answers; it does not keep the
/// cluster alive.
#[derive(Clone, Debug)]
pub struct Admin {
    ports: Vec<u16>,
}

impl Admin {
    pub(crate) const fn new(ports: Vec<u16>) -> Self {
        Self { ports }
    }

    /// What a group has committed for each of these partitions; `None` where it has nothing.
    ///
    /// # Errors
    /// No node answers, or the group has no coordinator at the moment.
    pub async fn committed_offsets(
        &self,
        group: &str,
        topic: &str,
        partitions: &[i32],
    ) -> io::Result<Vec<(i32, Option<i64>)>> {
        self.any(|port| async move {
            let coordinator = wire::coordinator(port, group).await?;
            wire::committed_offsets(coordinator, group, topic, partitions).await
        })
        .await
    }

    /// Allows a principal (`User:name`) all of this.
    ///
    /// # Errors
    /// No node answers, or Kafka refuses: its error code.
    pub async fn grant(&self, principal: &str, acls: &[Acl]) -> io::Result<()> {
        self.any(|port| wire::create_acls(port, principal, acls)).await
    }

    /// Gives a topic more partitions, `count` in all.
    ///
    /// # Errors
    /// No node answers, or Kafka refuses: its error code.
    pub async fn grow_topic(&self, topic: &str, count: i32) -> io::Result<()> {
        self.any(|port| wire::create_partitions(port, topic, count)).await
    }

    /// The first node's answer that is none of failure, else the last failure.
    async fn any<T, Fut>(&self, ask: impl Fn(u16) -> Fut) -> io::Result<T>
    where
        Fut: Future<Output = io::Result<T>>,
    {
        let mut last = io::Error::from(io::ErrorKind::NotConnected);
        for port in &self.ports {
            match timeout(PATIENCE, ask(*port)).await {
                Ok(Ok(answer)) => return Ok(answer),
                Ok(Err(error)) => last = error,
                Err(_) => last = io::ErrorKind::TimedOut.into(),
            }
        }
        Err(last)
    }
}

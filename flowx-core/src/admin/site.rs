//! What is served, to whom, and within which bounds.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;

use super::guard::Door;
use super::stage::{InProcess, ThroughKafka};
use crate::config::secret::Secret;
use crate::connector::Connector;
use crate::contract::catalog::Catalog;

/// What the catalog of a connector serves.
pub struct Site {
    pub(super) catalog: Catalog,
    pub(super) in_process: InProcess,
    pub(super) broker: Option<ThroughKafka>,
    pub(super) door: Door,
    pub(super) limits: Limits,
    pub(super) at_work: Arc<Semaphore>,
}

/// The bounds of requests that are played.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Largest body in bytes; default 1 MiB.
    pub body: usize,
    /// How long a body may take to come; default 10 s.
    pub receive: Duration,
    /// How long a request may take to be answered; default is the connector's time for all attempts
    /// and some more, at most 5 minutes.
    pub play: Duration,
    /// Requests that are played at once; default 4.
    pub at_once: usize,
}

/// The longest that somebody waits before a screen.
const LONGEST: Duration = Duration::from_secs(300);

impl Limits {
    fn of(connector: &Connector) -> Self {
        let budget = connector.plan.retry.budget;
        let play = budget.saturating_add(Duration::from_secs(10)).min(LONGEST);
        Self { body: 1 << 20, receive: Duration::from_secs(10), play, at_once: 4 }
    }
}

impl Site {
    /// The catalog of a connector, whose handlers it plays requests to: the same values that they
    /// share, no other broker. It stays usable when the connector runs.
    #[must_use]
    pub fn of(connector: &Connector) -> Self {
        let limits = Limits::of(connector);
        Self {
            catalog: Catalog::of(connector.contract()).served(false, false),
            in_process: InProcess::of(connector),
            broker: None,
            door: Door::default(),
            at_work: Arc::new(Semaphore::new(limits.at_once)),
            limits,
        }
    }

    /// Plays a request only for who knows this token.
    #[must_use]
    pub fn token(mut self, token: Secret) -> Self {
        self.door.token = Some(token);
        self.told()
    }

    /// Also answers under these host names, beside those of the machine itself.
    #[must_use]
    pub fn hosts<N: Into<String>>(mut self, hosts: impl IntoIterator<Item = N>) -> Self {
        self.door.hosts.extend(hosts.into_iter().map(|host| host.into().to_ascii_lowercase()));
        self
    }

    /// Other bounds.
    #[must_use]
    pub fn limits(mut self, change: impl FnOnce(&mut Limits)) -> Self {
        change(&mut self.limits);
        self.at_work = Arc::new(Semaphore::new(self.limits.at_once));
        self
    }

    /// The bounds.
    #[must_use]
    pub fn bounds(&self) -> &Limits {
        &self.limits
    }

    /// Can also send requests through Kafka.
    #[must_use]
    pub(crate) fn through(mut self, broker: ThroughKafka) -> Self {
        self.broker = Some(broker);
        self.told()
    }

    /// The page knows what it may ask for.
    fn told(mut self) -> Self {
        self.catalog = self.catalog.served(self.door.token.is_some(), self.broker.is_some());
        self
    }
}

impl fmt::Debug for Site {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Site")
            .field("group", &self.catalog.contract.group)
            .field("door", &self.door)
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}

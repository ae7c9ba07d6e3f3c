//! The seam between the runtime and a broker: a source of records and a sink for answers.
//!
//! Kafka implements both traits in `kafka/`, the in-memory pair in `testing/`. The runtime owns both
//! and calls them from one task; neither ever blocks it.

use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::oneshot;

use crate::message::record::{Outbound, Record};

/// Names one assignment of one partition; never used twice by a source.
///
/// What comes in under an epoch that has been revoked finds nothing to change: that is the fence
/// against late completions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Epoch(pub u64);

/// A partition that the source may now read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assignment {
    /// The name of this assignment.
    pub epoch: Epoch,
    /// What the cluster calls itself: the same for all who read there, and no other's.
    pub cluster: Arc<str>,
    /// Full name of the topic.
    pub topic: Arc<str>,
    /// Partition of the topic.
    pub partition: i32,
}

/// How far an assignment is finished: every record below `next` is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// The assignment.
    pub epoch: Epoch,
    /// Offset of the first record that is not finished.
    pub next: i64,
}

/// What a source has to say.
#[derive(Debug)]
pub enum SourceEvent {
    /// Partitions were assigned; their records can be taken from now on. There may be none, for a
    /// member that the group has nothing for.
    Assigned(Vec<Assignment>),
    /// Some partition may have records to take. May come without need; comes at least once after a
    /// partition that [`Source::take`] found empty got a record.
    Readable,
    /// Partitions will be taken away. The source waits, up to its own deadline, for the final
    /// positions, commits them and lets go. From this event on it serves no records of theirs.
    Revoking {
        /// The assignments that end.
        epochs: Vec<Epoch>,
        /// Takes their final positions. Dropped unsent, nothing more is committed.
        done: oneshot::Sender<Vec<Position>>,
    },
    /// Partitions are already another's: nothing of theirs may be committed any more.
    Lost(Vec<Epoch>),
    /// What [`Source::commit`] asked for was committed.
    Committed(Vec<Position>),
    /// A commit failed; it is asked for again with the next one.
    CommitFailed {
        /// What was to be committed.
        positions: Vec<Position>,
        /// The broker's reason.
        reason: String,
    },
    /// Something an operator should know; the source goes on by itself.
    Trouble(String),
    /// The source cannot go on; the connector stops with this reason.
    Failed(String),
}

/// What a client of a broker knows of itself, without asking the broker; for who looks on.
pub trait Insight: fmt::Debug + Send + Sync {
    /// How it stands.
    fn client(&self) -> ClientView;

    /// Where a partition begins for this reader, and where it ends; `None` if that is not known.
    fn ends(&self, _topic: &str, _partition: i32) -> Option<Ends> {
        None
    }

    /// Why nothing can be read from a partition without skipping a record; `None` if it can.
    fn held(&self, _topic: &str, _partition: i32) -> Option<String> {
        None
    }
}

/// How a client of a broker stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClientView {
    /// The brokers; `None` if it does not count them.
    pub brokers: Option<Brokers>,
    /// A broker has admitted it.
    pub initialised: bool,
    /// What went wrong last, in words without names or values, and how long ago.
    pub last_error: Option<(String, Duration)>,
    /// What brokers refuse it now, or what it has nothing to log in with: what is wrong, where, and what
    /// to do.
    pub refused: Vec<String>,
    /// Why only a restart of this process helps; `None` if nothing says so.
    pub stuck: Option<String>,
}

/// The brokers of a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Brokers {
    /// Those that it is connected to.
    pub up: usize,
    /// Those that it has heard of.
    pub known: usize,
}

/// The first offset of a partition that is of interest, and the one behind its last record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ends {
    /// Where reading began, or the last committed offset.
    pub begin: i64,
    /// Behind the last record, as the last fetch told it.
    pub end: i64,
}

/// Where records come from.
pub trait Source: Send {
    /// Waits for what happens next. Dropping the future loses no event.
    fn event(&mut self) -> impl Future<Output = SourceEvent> + Send;

    /// The next record of an assignment, in offset order; `None` if none is there now. Never waits.
    ///
    /// Not calling this *is* the back-pressure: what is full is not read.
    fn take(&mut self, epoch: Epoch) -> Option<Record>;

    /// Asks for these positions to be stored and committed; the answer is a later event.
    fn commit(&mut self, positions: Vec<Position>);

    /// What it knows of itself; by default nothing. Asked once, before the first event.
    fn insight(&self) -> Option<Arc<dyn Insight>> {
        None
    }

    /// Commits these positions, leaves the group and releases everything, within `deadline`.
    /// `Err` says what could not be done.
    fn close(
        self,
        positions: Vec<Position>,
        deadline: Duration,
    ) -> impl Future<Output = Result<(), String>> + Send;
}

/// Names one record handed to the sink.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Token(pub u64);

/// The broker's word on one record.
#[derive(Debug)]
pub struct Delivery {
    /// The record's token.
    pub token: Token,
    /// Acknowledged by all in-sync replicas, or not.
    pub result: Result<(), SendError>,
}

/// Why a record was not delivered.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// The producer's queue is full; try again after the next delivery.
    #[error("the producer's queue is full")]
    Full,
    /// This record will never be accepted (too large, illegal topic).
    #[error("{0}")]
    Rejected(String),
    /// The broker or the way to it failed (also: topic missing, not authorised); try again later.
    #[error("{0}")]
    Failed(String),
}

/// Where answers go.
pub trait Sink: Send {
    /// Takes a copy of a record to deliver; never waits. Records of one partition are written in
    /// the order of these calls. Every `Ok` is followed by exactly one [`Delivery`] of that token.
    ///
    /// # Errors
    /// The record was not taken, and no delivery will follow.
    fn send(&mut self, record: &Outbound, token: Token) -> Result<(), SendError>;

    /// What it knows of itself; by default nothing. Asked once, before the first record.
    fn insight(&self) -> Option<Arc<dyn Insight>> {
        None
    }

    /// Waits for the next delivery. Dropping the future loses none.
    fn delivered(&mut self) -> impl Future<Output = Delivery> + Send;
}

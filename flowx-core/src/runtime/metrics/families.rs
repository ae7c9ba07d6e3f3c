//! The names: all families of metrics, with their labels.

/// One family of metrics.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Family {
    /// Its name, with the unit at the end.
    pub name: &'static str,
    /// What it is.
    pub kind: Kind,
    /// What it tells, in a sentence.
    pub help: &'static str,
    /// The names of its labels.
    pub labels: &'static [&'static str],
}

/// The kinds of metrics.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Only rises, from 0 at the start.
    Counter,
    /// Rises and falls.
    Gauge,
    /// How often a value fell into which range; seconds.
    Histogram,
}

macro_rules! families {
    ($($constant:ident = $kind:ident $name:literal $labels:tt $help:literal)+) => {
        $(#[doc = $help] pub(crate) const $constant: Family =
            Family { name: $name, kind: Kind::$kind, help: $help, labels: &$labels };)+

        /// All families that a connector has, whether or not there is something to tell of them yet.
        pub const FAMILIES: &[Family] = &[$($constant),+];
    };
}

families! {
    INFO = Gauge "flowx_info" ["name", "version", "flowx_version"]
        "Always 1: which connector this is."
    READY = Gauge "flowx_ready" []
        "1 while the connector is ready, as its readiness probe says."
    LIVE = Gauge "flowx_live" []
        "1 while the connector makes progress, as its liveness probe says."

    IN_FLIGHT = Gauge "flowx_requests_in_flight" ["handler"]
        "Requests that are at their handler now, waits between attempts included."
    DURATION = Histogram "flowx_request_duration_seconds" ["handler"]
        "How long a request was at its handler, all attempts and the waits between them."
    REQUESTS = Counter "flowx_requests_total" ["handler", "outcome"]
        "Requests that got their last word and whose answers are written."
    REFUSALS = Counter "flowx_refusals_total" ["handler", "code"]
        "Refusals by a handler's own codes; `other` is every code that it did not declare."
    RETRIES = Counter "flowx_retries_total" ["handler", "place"]
        "Attempts beyond the first: made in place, or sent to a retry topic."
    DECODE_ERRORS = Counter "flowx_decode_errors_total" ["handler", "reason"]
        "Requests that could not be read, or are not as their schema says."
    DEAD_LETTERS = Counter "flowx_dead_letters_total" ["handler", "reason"]
        "Requests that were put aside."
    HANDLER_PAUSED = Gauge "flowx_handler_paused" ["handler"]
        "1 while an operator has paused the handler."

    POSITION = Gauge "flowx_partition_position" ["topic", "partition"]
        "Offset of the first record that is not finished."
    LAG = Gauge "flowx_partition_lag" ["topic", "partition"]
        "Records between the position and the end of the partition, as the last fetch told it."
    OLDEST = Gauge "flowx_partition_oldest_unfinished_seconds" ["topic", "partition"]
        "How long ago the oldest record was read that is not finished; 0 if all are."
    UNFINISHED = Gauge "flowx_partition_unfinished" ["topic", "partition"]
        "Records that were read and are not finished."
    BREAKER_OPEN = Gauge "flowx_breaker_open" ["topic", "partition"]
        "1 while the partition is held because nearly all of its requests fail."
    PARTITION_PAUSED = Gauge "flowx_partition_paused" ["topic", "partition"]
        "1 while the partition is not read, for whatever reason."

    COMMIT_FAILURES = Counter "flowx_commit_failures_total" []
        "Commits that failed and are asked for again."
    REBALANCES = Counter "flowx_rebalances_total" ["kind"]
        "Times that partitions were assigned, revoked or lost."
    UNACKNOWLEDGED = Gauge "flowx_unacknowledged_answers" []
        "Answers, retries and dead letters that the broker has not acknowledged."
    UNACKNOWLEDGED_BYTES = Gauge "flowx_unacknowledged_answers_bytes" []
        "Bytes that these keep in memory, with their requests."
    PRODUCER_QUEUE = Gauge "flowx_producer_queue_waiting" []
        "Those of them that wait for room in the producer's queue."
    HELD_ANSWERS = Gauge "flowx_answers_held" []
        "Those of them that the broker did not take, or that wait behind one, until it is tried again."
    BROKERS_UP = Gauge "flowx_kafka_brokers_up" []
        "Brokers that the producer is connected to."
}

/// What `outcome` may be.
pub(crate) const OUTCOMES: [&str; 9] = [
    "replied",
    "nothing",
    "refused",
    "invalid",
    "undecodable",
    "retry-exhausted",
    "handler-timeout",
    "handler-panic",
    "reply-rejected",
];

/// The code of a refusal that its handler did not declare.
pub(crate) const OTHER: &str = "other";

/// The upper ends of the ranges of durations, in seconds: from what is answered from memory to what
/// takes all attempts.
pub(crate) const BUCKETS: [f64; 13] =
    [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 30.0, 120.0];

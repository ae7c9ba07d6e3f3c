//! Floor 6: what a connector put aside: found, shown, sent again.
//!
//! A [`Desk`] reads the dead-letter topics of a connector from their oldest record to their newest and
//! writes to them only what it has done. The commands `dlq list`, `dlq show` and `dlq replay` and the
//! routes of the admin endpoint are made of it.
//!
//! # What sending again means
//!
//! The request goes back to the topic that it came from, with its key, its value and its headers,
//! and is handled as a new one: other attempts, another offset, so another request id, another
//! `x-reply-id` and another idempotency key. To the process an answer to it is a **second** answer if
//! there was a first, and the engine overwrites process data with it. That is why what was answered
//! is left out unless asked for. Every other consumer group that reads the topic gets it too.
//!
//! Two headers come with it, `dlq-replay-of` (the id of the dead letter) and `dlq-replays` (how often,
//! this time included). If it fails again its dead letter has them too, and the count ends it. Who may
//! write to a request topic can forge both; then only that very request counts as one that was sent
//! again, and neither answers nor other requests are any different. Whether a dead letter *was* sent
//! again is never read from a request, only from the marks.
//!
//! # Marks
//!
//! A dead letter stays where it is. What became of it is written behind it, on the same partition: a
//! record with its key, without a value, with `dlq-mark`, `dlq-marked-id` and `dlq-marked-at`.
//!
//! | mark | written |
//! |---|---|
//! | `begun` | before the request is sent |
//! | `replayed` | when the broker has acknowledged the request |
//! | `withdrawn` | when it is certain that the request was not written |
//!
//! Each is acknowledged before the next step. So whatever breaks off a run, and wherever:
//!
//! | broken off | what the next run finds | what it does |
//! |---|---|---|
//! | before `begun` is written | nothing | sends it |
//! | between `begun` and `replayed`: the request may be written or not | `begun` | leaves it out, and says so; with `unfinished` it sends it |
//! | after `replayed` | `replayed` | leaves it out |
//!
//! No request is sent twice unless somebody asks for it. What is not excluded: two runs at the same
//! time can both find nothing, and both send it; and marks expire as all records of their topic do, with
//! the dead letters before them. They have no value, so they belong on no topic that is compacted;
//! nor do dead letters, for two of one key would become one.
//!
//! # From a dead letter to a test
//!
//! [`capture::test`] writes a test that sends the request to its handler in memory, with secrets masked,
//! and fails as long as the request does.

pub mod capture;
pub mod desk;
pub mod escape;
pub mod filter;
pub mod journal;
pub mod letter;
pub mod mark;
pub mod obstacle;
pub mod replay;
mod secret;
pub mod shelf;
pub mod view;

pub use desk::{Desk, DeskError};
pub use filter::Filter;
pub use obstacle::Consent;

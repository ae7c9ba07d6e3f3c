//! Keeps account of every request of a run: what was sent, what came back, what the handlers did and
//! what was committed, and finds what a connector must never do.
//!
//! Nothing here talks to a broker. A driver gathers a [`History`], [`verify`] judges it:
//!
//! ```
//! use flowx_tests::ledger::{Answer, AnswerKind, Check, Expected, History, Request, verify};
//!
//! let request = |seq: u64| Request {
//!     seq,
//!     key: 7,
//!     key_seq: seq,
//!     partition: 0,
//!     offset: seq as i64,
//!     headers: 42,
//!     expected: Expected::Answer,
//! };
//! let answer = Answer {
//!     request: Some(0),
//!     said: Some(0),
//!     kind: AnswerKind::Reply,
//!     reply_id: 1,
//!     headers: 42,
//!     partition: 0,
//!     offset: 0,
//!     millis: 5,
//! };
//! let history =
//!     History { requests: vec![request(0), request(1)], answers: vec![answer], ..History::default() };
//! let report = verify(&history);
//! assert_eq!(report.count(Check::Lost), 1);
//! assert!(!report.is_good());
//! ```

mod answers;
mod books;
mod commits;
mod history;
mod report;
mod runs;
mod side_log;

pub use books::digest;
pub use history::{Answer, AnswerKind, Commit, Disturbance, Expected, History, Process, Request};
pub use report::{Check, Finding, Report};
pub use side_log::{Edge, Line, SideLog, now_micros, read_side_log};

/// Judges a history: every check, with its count and the first examples.
#[must_use]
pub fn verify(history: &History) -> Report {
    let books = books::Books::open(history);
    let mut report = Report::of(history);
    answers::check(&books, &mut report);
    runs::check(&books, &mut report);
    commits::check(&books, &mut report);
    report
}

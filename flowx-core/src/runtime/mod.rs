//! Floor 3: a record's way through, whatever the broker.
//!
//! ```text
//! source ─► lane ─► attempt ─► verdict ─► answers ─► outbox ─► sink
//!    ▲                                                  │
//!    └────────── tracker ◄─────── acknowledged ◄────────┘
//! ```

mod answers;
mod attempt;
mod clock;
mod contained;
pub mod dead_letter;
pub mod dispatch;
mod drain;
mod lane;
mod lines;
mod outbox;
mod partition;
pub mod plan;
pub mod port;
pub mod retry;
pub mod status;
pub mod tracker;
pub mod verdict;

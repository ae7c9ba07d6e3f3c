//! The gate before any figure counts: every reply is read again and held against its request.

mod judge;
mod read;
mod verdict;

pub(crate) use judge::{Judge, Reply, Sent};
pub(crate) use read::read;
pub(crate) use verdict::Verdict;

//! What a connector promises to the process that sends it a request, from the record that is read
//! to the offset that is committed. The names are the promises.
//!
//! Everything goes through one small door, [`shop`], and runs over the broker in memory with
//! tokio's clock stopped.

mod answers;
mod bad_input;
mod breaker;
mod broker_trouble;
mod chaos;
mod door;
mod lanes;
mod logs;
mod offsets;
mod rebalance;
mod retries;
mod retry_chaos;
mod retry_notes;
mod retry_topics;
mod sensitive;
mod shop;
mod stop;

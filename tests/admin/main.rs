//! The admin endpoint: what a connector tells of itself, to whom, and whether it is true.

mod counted;
mod dashboards;
mod endpoint;
mod handlers;
mod kafka;
mod pauses;
mod probes;
mod readme;
mod slow;

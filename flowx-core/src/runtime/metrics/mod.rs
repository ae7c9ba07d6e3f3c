//! What a connector counts and measures, for Prometheus.
//!
//! Each connector has a registry of its own, so several in one process stay apart. What is counted
//! for every record is found once, when the connector starts: on a record's way there is an atomic
//! and no lock. Labels are bounded by what the connector was built with (handlers, reasons, declared
//! codes) and by the partitions that it has; nothing that a record carries is ever one.

mod families;
mod instruments;

pub(crate) use families::*;
pub use families::{FAMILIES, Family, Kind};
pub(super) use instruments::{HandlerMetrics, Metrics, measured};

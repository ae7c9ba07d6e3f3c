//! Generated code trips none of the lints that careful crates turn on.
#![forbid(unsafe_code)]
#![deny(warnings, missing_docs, unreachable_pub, missing_debug_implementations)]
#![deny(unused, nonstandard_style, future_incompatible, rust_2018_idioms, unused_qualifications)]
#![deny(let_underscore_drop, single_use_lifetimes, trivial_casts, unused_results)]

use flowx_core::{Context, FlowxError, Process, State, Topic, flowx_handler};

/// An order.
#[derive(Debug, serde::Deserialize, serde::Serialize, schemars::JsonSchema)]
pub struct Order {
    lines: u32,
}

/// Why an order is not taken.
#[derive(Debug, thiserror::Error, FlowxError)]
pub enum CheckError {
    /// Too many lines.
    #[error("over the limit")]
    #[flowx(refuse = "LIMIT")]
    Limit,
}

/// Checks an order.
///
/// # Errors
/// The order has too many lines.
#[flowx_handler(topic = "credit.check", reply = "engine.receive.credit.check.results")]
pub async fn check(
    order: Order,
    limit: State<u32>,
    process: Process,
    topic: Topic,
    context: Context,
) -> Result<Order, CheckError> {
    drop((process, topic, context));
    if order.lines > *limit { Err(CheckError::Limit) } else { Ok(order) }
}

/// Checks an order, in no order.
///
/// # Errors
/// The order has too many lines.
#[flowx_handler(topic = "credit.again", order = unordered, retry_topics = ["30s", "5m"])]
pub async fn check_again(order: Order) -> Result<Order, CheckError> {
    if order.lines > 9 { Err(CheckError::Limit) } else { Ok(order) }
}

fn main() {}

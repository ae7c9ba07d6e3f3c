//! Handlers and errors in a crate of their own, to be found from another.

use flowx_core::{FlowxError, flowx_handler};

/// An order.
#[derive(Debug, serde::Deserialize, serde::Serialize, schemars::JsonSchema)]
pub struct Order {
    /// How many lines it has.
    pub lines: u32,
}

/// Why an order is not taken.
#[derive(Debug, thiserror::Error, FlowxError)]
pub enum OrderError {
    /// The order has no lines.
    #[error("the order is empty")]
    #[flowx(refuse = "EMPTY_ORDER")]
    Empty,
    /// The warehouse is closed.
    #[error("the warehouse is closed")]
    #[flowx(retry)]
    Closed,
}

/// Takes an order.
///
/// # Errors
/// The order is empty.
#[flowx_handler(topic = "linked.order")]
pub async fn order(order: Order) -> Result<Order, OrderError> {
    if order.lines == 0 { Err(OrderError::Empty) } else { Ok(order) }
}

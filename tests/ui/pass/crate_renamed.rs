//! The crate is found where `crate = …` says, and nowhere else.
mod vendor {
    pub use flowx_core as flowx;
}

mod flowx_core {}

use crate::vendor::flowx::{FlowxError, flowx_handler};

#[derive(serde::Deserialize, schemars::JsonSchema)]
struct Order {
    lines: u32,
}

#[derive(Debug, thiserror::Error, FlowxError)]
#[flowx(crate = crate::vendor::flowx)]
enum CheckError {
    #[error("over the limit")]
    #[flowx(refuse = "LIMIT")]
    Limit,
}

#[flowx_handler(topic = "credit.check", crate = crate::vendor::flowx)]
async fn check(order: Order) -> Result<(), CheckError> {
    if order.lines > 3 { Err(CheckError::Limit) } else { Ok(()) }
}

fn main() {}

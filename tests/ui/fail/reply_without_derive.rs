use flowx_core::{HandlerError, flowx_handler};

#[derive(serde::Deserialize, schemars::JsonSchema)]
struct Order {
    lines: u32,
}

struct Receipt {
    lines: u32,
}

#[flowx_handler(topic = "credit.check")]
async fn check(order: Order) -> Result<Receipt, HandlerError> {
    Ok(Receipt { lines: order.lines })
}

fn main() {}

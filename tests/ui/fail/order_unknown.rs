use flowx_core::{HandlerError, flowx_handler};

#[derive(serde::Deserialize, schemars::JsonSchema)]
struct Order {
    lines: u32,
}

#[flowx_handler(topic = "credit.check", order = fifo)]
async fn check(order: Order) -> Result<(), HandlerError> {
    let _ = order.lines;
    Ok(())
}

fn main() {}

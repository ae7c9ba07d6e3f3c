use flowx_core::{HandlerError, flowx_handler};

#[derive(serde::Deserialize, schemars::JsonSchema)]
struct Order {
    lines: u32,
}

#[flowx_handler(topic = "credit.check")]
async fn check(order: Order) -> Result<impl serde::Serialize, HandlerError> {
    Ok([order.lines])
}

fn main() {}

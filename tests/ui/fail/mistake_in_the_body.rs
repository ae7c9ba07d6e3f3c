use flowx_core::{HandlerError, flowx_handler};

#[derive(serde::Deserialize, schemars::JsonSchema)]
struct Order {
    lines: u32,
}

#[flowx_handler(topic = "credit.check")]
async fn check(order: Order) -> Result<(), HandlerError> {
    let lines: String = order.lines;
    drop(lines);
    Ok(())
}

fn main() {}

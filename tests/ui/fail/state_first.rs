use flowx_core::{HandlerError, State, flowx_handler};

#[derive(serde::Deserialize, schemars::JsonSchema)]
struct Order {
    lines: u32,
}

#[flowx_handler(topic = "credit.check")]
async fn check(limit: State<u32>, order: Order) -> Result<(), HandlerError> {
    let _ = (order.lines, *limit);
    Ok(())
}

fn main() {}

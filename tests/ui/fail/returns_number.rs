use flowx_core::flowx_handler;

#[derive(serde::Deserialize, schemars::JsonSchema)]
struct Order {
    lines: u32,
}

#[flowx_handler(topic = "credit.check")]
async fn check(order: Order) -> u32 {
    order.lines
}

fn main() {}

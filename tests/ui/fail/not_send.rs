use flowx_core::{HandlerError, flowx_handler};

#[derive(serde::Deserialize, schemars::JsonSchema)]
struct Order {
    lines: u32,
}

#[flowx_handler(topic = "credit.check")]
async fn check(order: Order) -> Result<(), HandlerError> {
    let shared = std::rc::Rc::new(order.lines);
    std::future::ready(()).await;
    drop(shared);
    Ok(())
}

fn main() {}

use flowx_core::flowx_handler;

#[derive(serde::Deserialize, schemars::JsonSchema)]
struct Order {
    lines: u32,
}

#[derive(Debug, thiserror::Error)]
enum CheckError {
    #[error("over the limit")]
    Limit,
}

#[flowx_handler(topic = "credit.check")]
async fn check(order: Order) -> Result<(), CheckError> {
    if order.lines == 0 { Err(CheckError::Limit) } else { Ok(()) }
}

fn main() {}

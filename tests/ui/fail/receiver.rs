use flowx_core::{HandlerError, flowx_handler};

#[derive(serde::Deserialize, schemars::JsonSchema)]
struct Order {
    lines: u32,
}

struct Service;

impl Service {
    #[flowx_handler(topic = "credit.check")]
    async fn check(&self, order: Order) -> Result<(), HandlerError> {
        let _ = order.lines;
        Ok(())
    }
}

fn main() {}

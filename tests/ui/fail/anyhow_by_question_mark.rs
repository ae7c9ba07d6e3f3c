use flowx_core::{HandlerError, flowx_handler};

#[derive(serde::Deserialize, schemars::JsonSchema)]
struct Order {
    lines: u32,
}

fn save(lines: u32) -> anyhow::Result<()> {
    anyhow::ensure!(lines > 0, "empty");
    Ok(())
}

#[flowx_handler(topic = "credit.check")]
async fn check(order: Order) -> Result<(), HandlerError> {
    save(order.lines)?;
    Ok(())
}

fn main() {}

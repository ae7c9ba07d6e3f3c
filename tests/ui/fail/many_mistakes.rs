use flowx_core::flowx_handler;

#[derive(serde::Deserialize, schemars::JsonSchema)]
struct Order {
    lines: u32,
}

struct Receipt;

#[flowx_handler(topics = "credit.check", reply = "a b", error_null)]
async fn check(order: &Order, dry: bool, _: Receipt) -> Result<Receipt, std::io::Error> {
    let _ = (order.lines, dry);
    Ok(Receipt)
}

fn main() {}

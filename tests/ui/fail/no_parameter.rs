use flowx_core::{HandlerError, flowx_handler};

#[flowx_handler(topic = "credit.check")]
async fn check() -> Result<(), HandlerError> {
    Ok(())
}

fn main() {}

use flowx_core::{HandlerError, State, flowx_handler};

#[flowx_handler(topic = "credit.check")]
async fn check(limit: State<u32>) -> Result<(), HandlerError> {
    let _ = *limit;
    Ok(())
}

fn main() {}

use flowx_core::{HandlerError, State, flowx_handler};

type Limit = State<u32>;

#[flowx_handler(topic = "credit.check")]
async fn check(limit: Limit) -> Result<(), HandlerError> {
    let _ = *limit;
    Ok(())
}

fn main() {}

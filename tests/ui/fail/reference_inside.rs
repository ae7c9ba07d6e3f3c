use flowx_core::{HandlerError, flowx_handler};

#[flowx_handler(topic = "credit.check")]
async fn check(names: Vec<&str>) -> Result<(), HandlerError> {
    let _ = names;
    Ok(())
}

fn main() {}

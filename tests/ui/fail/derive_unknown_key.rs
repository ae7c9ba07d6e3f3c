use flowx_core::FlowxError;

#[derive(Debug, thiserror::Error, FlowxError)]
enum CheckError {
    #[error("over the limit")]
    #[flowx(refuses = "LIMIT")]
    Limit,
}

fn main() {}

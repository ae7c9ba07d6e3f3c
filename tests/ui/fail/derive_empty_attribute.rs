use flowx_core::FlowxError;

#[derive(Debug, thiserror::Error, FlowxError)]
enum CheckError {
    #[error("over the limit")]
    #[flowx]
    Limit,
}

fn main() {}

use flowx_core::FlowxError;

#[derive(Debug, thiserror::Error, FlowxError)]
enum CheckError {
    #[error("over the limit")]
    #[flowx(refuse = "LIMIT")]
    Limit,
    #[error("no answer")]
    Silent,
}

fn main() {}

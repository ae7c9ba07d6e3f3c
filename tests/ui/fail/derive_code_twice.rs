use flowx_core::FlowxError;

#[derive(Debug, thiserror::Error, FlowxError)]
enum CheckError {
    #[error("over the limit")]
    #[flowx(refuse = "LIMIT")]
    Limit,
    #[error("under the limit")]
    #[flowx(refuse = "LIMIT")]
    Under,
}

fn main() {}

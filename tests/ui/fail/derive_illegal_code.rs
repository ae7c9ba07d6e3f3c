use flowx_core::FlowxError;

#[derive(Debug, thiserror::Error, FlowxError)]
enum CheckError {
    #[error("over the limit")]
    #[flowx(refuse = "over the limit")]
    Limit,
}

fn main() {}

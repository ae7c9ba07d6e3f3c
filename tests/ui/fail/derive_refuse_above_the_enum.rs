use flowx_core::FlowxError;

#[derive(Debug, thiserror::Error, FlowxError)]
#[flowx(refuse = "NO")]
enum CheckError {
    #[error("over the limit")]
    #[flowx(refuse = "LIMIT")]
    Limit,
}

fn main() {}

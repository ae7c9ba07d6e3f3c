use flowx_core::FlowxError;

#[derive(Debug, thiserror::Error, FlowxError)]
enum CheckError {
    #[error("over the limit")]
    #[flowx(retry, crate = ::flowx_core)]
    Limit,
}

fn main() {}

use flowx_core::FlowxError;

#[derive(Debug, thiserror::Error, FlowxError)]
enum CheckError {
    #[error("over the limit {0}")]
    Limit(#[flowx(forward)] u32),
}

fn main() {}

use flowx_core::FlowxError;

#[derive(Debug, thiserror::Error, FlowxError)]
enum CheckError {
    #[error("{0} {1}")]
    #[flowx(forward)]
    Both(Inner, u32),
}

#[derive(Debug, thiserror::Error, FlowxError)]
#[error("inner")]
#[flowx(retry)]
struct Inner;

fn main() {}

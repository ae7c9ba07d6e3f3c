use flowx_core::FlowxError;

#[derive(Debug, thiserror::Error, FlowxError)]
enum CheckError {
    #[error(transparent)]
    #[flowx(forward)]
    Io(#[from] std::io::Error),
}

fn main() {}

use flowx_core::FlowxError;

#[derive(Debug, thiserror::Error, FlowxError)]
#[error("no {0}")]
#[flowx(retry)]
struct No<T: std::fmt::Debug + std::fmt::Display>(T);

fn main() {}

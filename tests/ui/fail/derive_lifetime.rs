use flowx_core::FlowxError;

#[derive(Debug, thiserror::Error, FlowxError)]
#[error("no {0}")]
#[flowx(retry)]
struct No<'a>(&'a str);

fn main() {}

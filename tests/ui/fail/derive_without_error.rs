use flowx_core::FlowxError;

#[derive(FlowxError)]
enum CheckError {
    #[flowx(refuse = "LIMIT")]
    Limit,
    #[flowx(retry)]
    Silent,
}

fn main() {}

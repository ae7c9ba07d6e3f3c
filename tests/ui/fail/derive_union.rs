use flowx_core::FlowxError;

#[derive(FlowxError)]
union Either {
    a: u32,
    b: i32,
}

fn main() {}

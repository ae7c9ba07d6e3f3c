use flowx_core::flowx_handler;

#[flowx_handler(topic = "credit.check")]
const CHECK: u32 = 1;

fn main() {}

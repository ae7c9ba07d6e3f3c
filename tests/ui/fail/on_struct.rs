use flowx_core::flowx_handler;

#[flowx_handler(topic = "credit.check")]
struct Check;

fn main() {}

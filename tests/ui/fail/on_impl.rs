use flowx_core::flowx_handler;

struct Check;

#[flowx_handler(topic = "credit.check")]
impl Check {}

fn main() {}

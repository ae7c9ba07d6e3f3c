use flowx_core::FlowxError;
use flowx_core::handler::codes::Codes;
use flowx_core::handler::error::Failure;

struct ByHand;

impl FlowxError for ByHand {
    fn failure(self) -> Failure {
        Failure::retry("no")
    }

    fn codes(_: &mut Codes) {}
}

fn main() {}

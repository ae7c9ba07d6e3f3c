//! In a module, in a function's body, behind `cfg`, and made by a macro.
use flowx_core::handler::entry::entries;
use flowx_core::{HandlerError, flowx_handler};

mod inner {
    use super::*;

    #[flowx_handler(topic = "in.module")]
    pub(super) async fn check(_: serde_json::Value) -> Result<(), HandlerError> {
        Ok(())
    }
}

#[cfg(any())]
#[flowx_handler(topic = "never")]
async fn check(_: DoesNotExist) -> Result<(), AlsoNot> {}

#[cfg_attr(all(), flowx_handler(topic = "conditional"))]
async fn conditional(_: serde_json::Value) -> Result<(), HandlerError> {
    Ok(())
}

macro_rules! handlers {
    ($($name:ident($request:ty) on $topic:literal;)*) => {
        $(
            #[flowx_handler(topic = $topic, name = $topic)]
            async fn $name(_: $request) -> Result<(), HandlerError> {
                Ok(())
            }
        )*
    };
}

handlers! {
    first(serde_json::Value) on "made.first";
    second(Vec<u32>) on "made.second";
}

fn main() {
    #[flowx_handler(topic = "in.body")]
    async fn check(_: serde_json::Value) -> Result<(), HandlerError> {
        Ok(())
    }

    let mut topics: Vec<_> = entries().map(|entry| entry.topic).collect();
    topics.sort_unstable();
    assert_eq!(topics, ["conditional", "in.body", "in.module", "made.first", "made.second"]);
}

//! Patterns, raw names, aliases, own extractors, other attributes above and below.
use flowx_core::handler::binder::{BindError, Binder};
use flowx_core::handler::call::Call;
use flowx_core::handler::entry::entries;
use flowx_core::handler::error::Failure;
use flowx_core::{HandlerError, Headers, Param, Raw, State, flowx_handler};

#[derive(serde::Deserialize, serde::Serialize, schemars::JsonSchema)]
struct Order {
    lines: u32,
}

/// A request type that is named like an extractor.
#[derive(serde::Deserialize, schemars::JsonSchema)]
struct Process {
    lines: u32,
}

type Answer = Result<Order, HandlerError>;
type Nothing = ();

struct Tenant(String);

impl Param for Tenant {
    type Bound = u32;

    fn bind(binder: &mut Binder<'_>) -> Result<u32, BindError> {
        binder.state::<u32>().map(|limit| *limit)
    }

    fn extract(limit: &u32, call: &Call<'_>) -> Result<Self, Failure> {
        let tenant = call.record.headers.text("tenant").map(str::to_owned);
        tenant.map(Self).ok_or_else(|| Failure::refuse("NO_TENANT", limit.to_string()))
    }
}

#[flowx_handler(topic = "patterns")]
async fn patterns(Order { lines }: Order, mut headers: Headers, Tenant(name): Tenant) -> Answer {
    headers.push_text("tenant", &name);
    Ok(Order { lines })
}

#[flowx_handler(topic = "raw.name")]
async fn r#async(r#type: Order) -> Answer {
    Ok(r#type)
}

#[flowx_handler(topic = "no.reply")]
async fn no_reply(_: Raw) -> Result<Nothing, std::convert::Infallible> {
    Ok(())
}

#[flowx_handler(topic = "request.named.process")]
async fn named_like_an_extractor(process: Process) -> Answer {
    Ok(Order { lines: process.lines })
}

#[flowx_handler(topic = "static.str")]
async fn forever(_: Order, word: State<&'static str>, map: State<fn(&str) -> usize>) -> Answer {
    Ok(Order { lines: map(&word) as u32 })
}

#[tracing::instrument(skip_all)]
#[flowx_handler(topic = "instrument.above")]
async fn above(order: Order) -> Answer {
    Ok(order)
}

#[flowx_handler(topic = "instrument.below")]
#[tracing::instrument(skip_all)]
async fn below(order: Order) -> Answer {
    Ok(order)
}

#[flowx_handler(topic = "where.clause")]
async fn with_where(order: Order) -> Answer
where
    Order: Send,
{
    Ok(order)
}

const STRICT: bool = true;

#[flowx_handler(topic = "constant", error_null = !STRICT,)]
async fn constant(order: Order) -> Answer {
    Ok(order)
}

#[flowx_handler(topic = "examples", examples = [serde_json::json!({ "lines": 1 }), SHOWN])]
async fn shown(order: Order) -> Answer {
    Ok(order)
}

const SHOWN: Order = Order { lines: 2 };

fn main() {
    let names: Vec<_> = entries().map(|entry| entry.name).collect();
    assert_eq!(names.len(), 10, "{names:?}");
    assert!(names.contains(&"async"), "{names:?}");
}

//! The connector of the comparison.

mod exchange;

use std::env::var;
use std::error::Error;
use std::process::ExitCode;
use std::time::Duration;

use flowx_core::{Connector, Context, HandlerError, State, flowx_handler};

use exchange::{ExchangeReply, ExchangeRequest};

#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

/// What the handler does in this scenario.
#[derive(Debug)]
struct Scenario {
    wait: Option<Duration>,
    retry_percent: u64,
}

impl Scenario {
    fn from_env() -> Result<Self, Box<dyn Error>> {
        let wait = match var("BENCH_HANDLER")?.strip_prefix("await:") {
            Some(milliseconds) => Some(Duration::from_millis(milliseconds.parse()?)),
            None => None,
        };
        Ok(Self { wait, retry_percent: var("BENCH_RETRY_PERCENT")?.parse()? })
    }
}

/// Converts an amount.
#[flowx_handler(topic = "benches.trigger.exchange")]
async fn exchange(
    request: ExchangeRequest,
    scenario: State<Scenario>,
    context: Context,
) -> Result<ExchangeReply, HandlerError> {
    if let Some(wait) = scenario.wait {
        tokio::time::sleep(wait).await;
    }
    if context.attempt() == 1 && request.sequence % 100 < scenario.retry_percent {
        return Err(HandlerError::retry("busy"));
    }
    Ok(request.converted())
}

#[tokio::main]
async fn main() -> ExitCode {
    match Scenario::from_env() {
        Ok(scenario) => Connector::builder().expect_handlers(1).state(scenario).main().await,
        Err(error) => {
            eprintln!("BENCH_HANDLER and BENCH_RETRY_PERCENT: {error}");
            ExitCode::FAILURE
        }
    }
}

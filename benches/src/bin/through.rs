//! Sends requests through the runtime and nothing else, for tools that watch a process: instructions are
//! counted with it.
//!
//! ```text
//! through bare 10000
//! ```

use std::process::ExitCode;

use flowx_benches::loopback::{self, Acknowledged, Loop};
use flowx_benches::sample::{self, Shape};
use flowx_core::{Connector, ConnectorError};
use tokio::runtime::{Builder, Runtime};

#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let handler = arguments.next().unwrap_or_default();
    let count = arguments.next().and_then(|count| count.parse().ok());
    let (true, Some(count)) = (["bare", "exchange"].contains(&handler.as_str()), count) else {
        eprintln!("say which handler, `bare` or `exchange`, and how many requests");
        return ExitCode::FAILURE;
    };
    let topic = format!("ai.flowx.dev.benches.trigger.{handler}.v1").as_str().into();
    let connector = Connector::builder().group("benches").only([handler]).build();
    let (source, sink) = loopback::pair(&topic, sample::records(&topic, count, Shape::default()));
    let runtime = Builder::new_current_thread().enable_all().build();
    let (Ok(connector), Ok(runtime)) = (connector, runtime) else { return ExitCode::FAILURE };
    match serve(&runtime, connector, source, sink) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

/// A function of its own, for `--toggle-collect`: making the requests is not counted.
#[inline(never)]
fn serve(
    runtime: &Runtime,
    connector: Connector,
    source: Loop,
    sink: Acknowledged,
) -> Result<(), ConnectorError> {
    let all = sink.all();
    runtime.block_on(connector.run_between(source, sink, all))
}

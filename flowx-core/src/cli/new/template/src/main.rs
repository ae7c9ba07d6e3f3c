//! The program: `cargo run` shows the connector at work, `my-connector run` serves a platform.

use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

#[tokio::main]
async fn main() -> ExitCode {
    my_connector::connector().main().await
}

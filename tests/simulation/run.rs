//! One run of the seeded simulation, on a thread of its own with a clock of its own.

use flowx_core::testing::seeded::{Bug, Report, simulate};

/// Plays the run of a seed from beginning to end.
pub(crate) fn run(seed: u64, bug: Option<Bug>) -> Report {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .expect("a runtime without threads or sockets can always be built");
    let jump = |by| -> std::pin::Pin<Box<dyn Future<Output = ()> + Send>> {
        Box::pin(tokio::time::advance(by))
    };
    runtime.block_on(simulate(seed, bug, &jump))
}

/// The one command that plays a seed again.
pub(crate) fn replay(seed: u64) -> String {
    format!("cargo run -p flowx-tests --bin simulate -- --seed {seed}")
}

//! Contenders end with the driver, also when somebody interrupts it: they are in groups of their own, which
//! a terminal does not reach.

use std::process::exit;
use std::sync::Mutex;

use anyhow::Context as _;
use rustix::process::{Pid, Signal, kill_process_group};
use tokio::signal::unix::{SignalKind, signal};

static RUNNING: Mutex<Vec<Pid>> = Mutex::new(Vec::new());

/// A group that is killed if the driver is interrupted.
pub(super) fn watch(group: Pid) {
    lock().push(group);
}

/// A group that has ended.
pub(super) fn forget(group: Pid) {
    lock().retain(|other| *other != group);
}

/// From now on SIGINT and SIGTERM end all contenders, and then the driver.
pub(crate) fn end_on_signals() -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let (mut interrupted, mut terminated) = {
        let _inside = runtime.enter();
        (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?)
    };
    let wait = move || {
        runtime.block_on(async {
            tokio::select! {
                _ = interrupted.recv() => {}
                _ = terminated.recv() => {}
            }
        });
        // Held until the end, so that nothing is started any more.
        let running = lock();
        for group in running.iter() {
            // Gone already is what is wanted.
            let _ = kill_process_group(*group, Signal::KILL);
        }
        eprintln!("interrupted; the same command goes on from here");
        end();
    };
    std::thread::Builder::new().name("signals".to_owned()).spawn(wait).context("no thread")?;
    Ok(())
}

#[allow(clippy::exit, reason = "what runs elsewhere waits for a broker and hears of nothing")]
fn end() -> ! {
    exit(130)
}

fn lock() -> std::sync::MutexGuard<'static, Vec<Pid>> {
    RUNNING.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

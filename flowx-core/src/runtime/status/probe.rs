//! What the probes of a platform ask: does it make progress, may it get work.

use std::time::Duration;

use humantime::format_duration;

use super::Status;

/// How much longer than allowed something may take before it counts as stuck.
pub const GRACE: Duration = Duration::from_secs(30);

impl Status {
    /// What keeps the connector from making progress, so that only a restart helps; nothing if it is
    /// alive.
    ///
    /// It looks at progress and not at the broker: an outage or a rebalance is nothing that a restart
    /// would mend. A request that waits for another attempt, or an answer for its broker, is none
    /// either.
    #[must_use]
    pub fn stuck(&self) -> Vec<String> {
        let board = &self.board;
        let mut found = Vec::new();
        if let Some(what) = board.source.get().and_then(|source| source.client().stuck) {
            found.push(what);
        }
        let handlers = self.handler_statuses();
        let longest = handlers.iter().map(|handler| handler.timeout).max().unwrap_or_default();
        if let Some(busy) = board.busy.ago(board.began).filter(|busy| *busy > longest + GRACE) {
            found.push(format!(
                "a handler has blocked the thread of the connector for {}; a handler that blocks needs `blocking = true`",
                rounded(busy)
            ));
        }
        for partition in self.partition_statuses() {
            let Some(handler) = partition.handler.and_then(|index| handlers.get(index)) else {
                continue;
            };
            if let Some(at) = partition.at_handler().filter(|at| *at > handler.allowed + GRACE) {
                found.push(format!(
                    "{}[{}] stands still: its oldest request has been at handler `{}` for {}, which may take {}",
                    partition.topic,
                    partition.partition,
                    handler.name,
                    rounded(at),
                    format_duration(handler.allowed),
                ));
            }
        }
        found
    }

    /// What keeps the connector from taking work; nothing if it is ready. One that was assigned no
    /// partition, because there are fewer than instances, is.
    #[must_use]
    pub fn not_ready(&self) -> Vec<String> {
        use std::sync::atomic::Ordering::Relaxed;
        let board = &self.board;
        let mut found = Vec::new();
        if let Some(reason) = board.failed.get() {
            found.push(format!("it cannot read any further: {reason}"));
        }
        if board.stopping.load(Relaxed) {
            found.push("it is stopping".to_owned());
        }
        if !board.assigned.load(Relaxed) {
            found.push("its group has not assigned anything to it yet".to_owned());
        }
        if board.sink.get().is_some_and(|sink| !sink.client().initialised) {
            found.push("its producer has not been admitted by a broker yet".to_owned());
        }
        found
    }
}

/// Without what nobody asks for below a second.
fn rounded(duration: Duration) -> humantime::FormattedDuration {
    format_duration(Duration::from_secs(duration.as_secs()))
}

#[cfg(test)]
mod tests {
    use std::future::pending;
    use std::sync::Arc;
    use std::sync::atomic::AtomicBool;

    use tokio::time::{Instant, advance};

    use super::super::{HandlerStatus, Progress};
    use super::*;
    use crate::handler::codes::Codes;
    use crate::runtime::port::{Assignment, Epoch};

    const TIMEOUT: Duration = Duration::from_secs(10);
    const ALLOWED: Duration = Duration::from_secs(60);

    fn status() -> Status {
        let status = Status::default();
        let handler = HandlerStatus {
            name: "slow",
            timeout: TIMEOUT,
            allowed: ALLOWED,
            paused: AtomicBool::new(false),
            metrics: status.board.metrics.handler("slow", &Codes::default()),
        };
        status.board.handlers.set(vec![handler]).unwrap();
        status
    }

    fn at_handler(since: Option<Instant>, oldest: Instant) -> Progress {
        Progress { position: Some(7), oldest: Some(oldest), at_handler: since, unfinished: 1 }
    }

    #[tokio::test(start_paused = true)]
    async fn a_request_that_stays_at_its_handler_beyond_all_time_is_a_zombie() {
        let status = status();
        let of =
            Assignment { epoch: Epoch(1), cluster: "c".into(), topic: "t".into(), partition: 3 };
        let books = status.assigned(&of, Some(0));
        let began = Instant::now();
        books.progress(at_handler(Some(began), began));
        advance(ALLOWED + GRACE).await;
        assert_eq!(status.stuck(), [""; 0]);
        advance(Duration::from_secs(1)).await;
        let stuck = status.stuck();
        assert_eq!(stuck.len(), 1, "{stuck:?}");
        assert!(stuck[0].starts_with("t[3] stands still: "), "{stuck:?}");
        assert!(stuck[0].contains("at handler `slow` for 1m 31s, which may take 1m"), "{stuck:?}");
        assert!(status.prometheus().contains("flowx_live 0"));

        // One as old that waits for its broker is none.
        books.progress(at_handler(None, began));
        assert_eq!(status.stuck(), [""; 0]);
        books.progress(at_handler(Some(began), began));
        status.ended(Epoch(1));
        assert_eq!(status.stuck(), [""; 0], "its next owner starts over");
    }

    #[tokio::test(start_paused = true)]
    async fn a_handler_that_keeps_the_thread_is_told_with_what_helps() {
        let status = status();
        status.board.busy.set(status.board.began, Some(Instant::now()));
        advance(TIMEOUT + GRACE + Duration::from_secs(1)).await;
        let stuck = status.stuck();
        assert!(stuck[0].contains("blocked the thread of the connector for 41s"), "{stuck:?}");
        assert!(stuck[0].contains("`blocking = true`"), "{stuck:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_runtime_that_waits_is_not_busy() {
        let status = status();
        let observer = status.clone();
        let seen = Arc::new(AtomicBool::new(false));
        let noted = Arc::clone(&seen);
        let run = tokio::spawn(async move {
            let board = Arc::clone(&observer.board);
            let run = async {
                let busy = board.busy.ago(board.began).is_some();
                noted.store(busy, std::sync::atomic::Ordering::SeqCst);
                pending::<()>().await;
            };
            observer.observed(run).await;
        });
        tokio::task::yield_now().await;
        assert!(seen.load(std::sync::atomic::Ordering::SeqCst), "while it has the thread");
        advance(Duration::from_secs(86_400)).await;
        assert_eq!(status.stuck(), [""; 0]);
        run.abort();
    }
}

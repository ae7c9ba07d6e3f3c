//! Waiting for something that another process or thread brings about.

use std::fmt::Display;
use std::future::Future;
use std::panic::Location;
use std::time::Duration;

use tokio::time::{Instant, MissedTickBehavior, interval, timeout_at};

/// Often enough that a test does not notice, rarely enough that the awaited process gets the CPU.
const PERIOD: Duration = Duration::from_millis(20);

/// What a condition says each time it is asked.
///
/// `bool` and `Option` are met by `true` and `Some`; a `Result` by `Ok`, and its last error becomes
/// part of the message when the deadline passes.
pub trait Condition {
    /// What the wait returns once the condition is met.
    type Value;

    /// The value, or why there is none yet.
    ///
    /// # Errors
    /// The reason for waiting on, in words.
    fn met(self) -> Result<Self::Value, String>;
}

/// The deadline passed first.
#[derive(Debug, thiserror::Error)]
#[error("still not so after {deadline:?}: {last}")]
pub struct TimedOut {
    /// How long was waited.
    pub deadline: Duration,
    /// What the condition said last.
    pub last: String,
}

/// Asks `condition` every 20 ms until it is met and returns its value.
///
/// Made for events in other processes, so it needs a clock that runs: with tokio's paused time the
/// deadline passes at once.
///
/// # Panics
/// When `deadline` passes first, with the place of the call and what the condition said last.
///
/// # Examples
/// ```
/// # use std::time::Duration;
/// # #[tokio::main] async fn main() {
/// # let folder = tempfile::tempdir().unwrap();
/// # let file = folder.path().join("ready");
/// # let writer = std::thread::spawn({ let file = file.clone(); move || std::fs::write(file, "yes") });
/// let text = flowx_tests::eventually(Duration::from_secs(5), || async {
///     std::fs::read_to_string(&file).map_err(|error| format!("{error}")).and_then(|text| {
///         if text.is_empty() { Err("the file is empty".to_owned()) } else { Ok(text) }
///     })
/// })
/// .await;
/// assert_eq!(text, "yes");
/// # writer.join().unwrap().unwrap();
/// # }
/// ```
#[track_caller]
pub fn eventually<F, Fut>(
    deadline: Duration,
    condition: F,
) -> impl Future<Output = <Fut::Output as Condition>::Value>
where
    F: FnMut() -> Fut,
    Fut: Future<Output: Condition>,
{
    let place = Location::caller();
    async move {
        match try_eventually(deadline, condition).await {
            Ok(value) => value,
            Err(error) => panic!("{place}: {error}"),
        }
    }
}

/// As [`eventually`], for a caller that has something better to say than a panic.
///
/// # Errors
/// [`TimedOut`] when `deadline` passes first; an answer that takes longer than what is left of the
/// deadline counts as none.
pub async fn try_eventually<F, Fut>(
    deadline: Duration,
    mut condition: F,
) -> Result<<Fut::Output as Condition>::Value, TimedOut>
where
    F: FnMut() -> Fut,
    Fut: Future<Output: Condition>,
{
    let end = Instant::now() + deadline;
    let mut ticks = interval(PERIOD);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut last = "the condition never answered".to_owned();
    loop {
        match timeout_at(end, condition()).await.map(Condition::met) {
            Ok(Ok(value)) => return Ok(value),
            Ok(Err(reason)) => last = reason,
            Err(_) => return Err(TimedOut { deadline, last }),
        }
        if timeout_at(end, ticks.tick()).await.is_err() {
            return Err(TimedOut { deadline, last });
        }
    }
}

impl Condition for bool {
    type Value = ();

    fn met(self) -> Result<(), String> {
        if self { Ok(()) } else { Err("the condition is false".to_owned()) }
    }
}

impl<T> Condition for Option<T> {
    type Value = T;

    fn met(self) -> Result<T, String> {
        self.ok_or_else(|| "there is nothing yet".to_owned())
    }
}

impl<T, E: Display> Condition for Result<T, E> {
    type Value = T;

    fn met(self) -> Result<T, String> {
        self.map_err(|error| error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn returns_the_value_as_soon_as_it_is_there() {
        let asked = Cell::new(0);
        let began = Instant::now();
        let value = eventually(Duration::from_secs(60), || async {
            asked.set(asked.get() + 1);
            (asked.get() == 3).then(|| asked.get())
        })
        .await;
        assert_eq!(value, 3);
        assert!(began.elapsed() < PERIOD * 3, "waited longer than three turns");
    }

    #[tokio::test(start_paused = true)]
    async fn says_the_last_reason_when_the_deadline_passes() {
        let asked = Cell::new(0);
        let error = try_eventually(Duration::from_millis(50), || async {
            asked.set(asked.get() + 1);
            Err::<(), _>(format!("only {} of 9", asked.get()))
        })
        .await
        .unwrap_err();
        assert_eq!(
            error.to_string(),
            format!("still not so after 50ms: only {} of 9", asked.get())
        );
        assert!(asked.get() >= 2);
    }

    #[tokio::test(start_paused = true)]
    async fn a_condition_that_hangs_does_not_hold_up_the_deadline() {
        let wait = try_eventually(Duration::from_secs(1), std::future::pending::<bool>);
        assert_eq!(wait.await.unwrap_err().last, "the condition never answered");
    }
}

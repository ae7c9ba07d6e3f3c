//! When to try again, and when to give up.

use std::time::Duration;

/// How a failed attempt is repeated: exponential backoff with full jitter, bounded by attempts and
/// by time.
///
/// Where a handler has retry topics, these are the attempts and the time of one round: each retry
/// topic, after its delay, is another round with as many attempts and as much time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetryPolicy {
    /// Attempts in all, the first included; default 5.
    pub attempts: u32,
    /// Attempts in all once one has panicked or run out of time, for it will most likely do so again;
    /// default 2.
    pub attempts_after_crash: u32,
    /// The longest wait before the second attempt; default 300 ms. It doubles with every attempt.
    pub first_delay: Duration,
    /// The longest wait before any attempt; default 60 s.
    pub longest_delay: Duration,
    /// Time for all attempts and waits together, counted from receipt; default 2 min.
    pub budget: Duration,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            attempts: 5,
            attempts_after_crash: 2,
            first_delay: Duration::from_millis(300),
            longest_delay: Duration::from_secs(60),
            budget: Duration::from_secs(120),
        }
    }
}

/// How an attempt failed that may be repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// The handler asked for another attempt, perhaps not before some time has passed.
    Transient {
        /// That time.
        after: Option<Duration>,
    },
    /// It ran out of time.
    Timeout,
    /// It panicked.
    Panic,
}

impl RetryPolicy {
    /// This policy with another number of attempts, if one is given.
    #[must_use]
    pub fn with_attempts(self, attempts: Option<u32>) -> Self {
        Self { attempts: attempts.unwrap_or(self.attempts), ..self }
    }

    /// The wait before the next attempt, or `None` to give up.
    ///
    /// `attempt` is the number of the one that failed in this round, from 1; `left` the rest of the budget;
    /// `random` a number from 0 to 1 that spreads the waits of many requests.
    #[must_use]
    pub fn delay(
        &self,
        attempt: u32,
        trouble: Trouble,
        left: Duration,
        random: f64,
    ) -> Option<Duration> {
        let (allowed, asked) = match trouble {
            Trouble::Transient { after } => (self.attempts, after.unwrap_or_default()),
            Trouble::Timeout | Trouble::Panic => {
                (self.attempts.min(self.attempts_after_crash), Duration::ZERO)
            }
        };
        if attempt >= allowed {
            return None;
        }
        let doubled = self.first_delay.saturating_mul(1_u32 << (attempt - 1).min(31));
        let delay = doubled.min(self.longest_delay).mul_f64(random.clamp(0.0, 1.0));
        let delay = delay.max(asked);
        (delay < left).then_some(delay)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRANSIENT: Trouble = Trouble::Transient { after: None };
    const LEFT: Duration = Duration::from_secs(120);

    #[test]
    fn the_longest_wait_doubles_up_to_its_cap() {
        let policy = RetryPolicy { attempts: 100, ..RetryPolicy::default() };
        let longest = |attempt| policy.delay(attempt, TRANSIENT, LEFT, 1.0);
        let millis = |ms| Some(Duration::from_millis(ms));
        assert_eq!(longest(1), millis(300));
        assert_eq!(longest(2), millis(600));
        assert_eq!(longest(8), millis(38_400));
        assert_eq!(longest(9), millis(60_000));
        assert_eq!(longest(99), millis(60_000));
        assert_eq!(policy.delay(9, TRANSIENT, LEFT, 0.0), millis(0));
    }

    #[test]
    fn a_time_that_was_asked_for_is_waited_for_if_there_is_so_much() {
        let policy = RetryPolicy::default();
        let asked = |secs| Trouble::Transient { after: Some(Duration::from_secs(secs)) };
        let delay = |secs, random| policy.delay(3, asked(secs), LEFT, random);
        assert_eq!(delay(20, 0.0), Some(Duration::from_secs(20)));
        assert_eq!(delay(1, 1.0), Some(Duration::from_millis(1_200)), "its own wait is longer");
        assert_eq!(delay(120, 0.0), None);
    }

    #[test]
    fn it_gives_up_after_the_attempts_or_when_the_wait_would_outlast_the_budget() {
        let policy = RetryPolicy::default();
        assert!(policy.delay(4, TRANSIENT, LEFT, 0.5).is_some());
        assert_eq!(policy.delay(5, TRANSIENT, LEFT, 0.5), None);
        assert!(policy.delay(1, Trouble::Panic, LEFT, 0.5).is_some());
        assert_eq!(policy.delay(2, Trouble::Timeout, LEFT, 0.5), None);
        assert_eq!(policy.delay(1, TRANSIENT, Duration::from_millis(100), 1.0), None);
    }
}

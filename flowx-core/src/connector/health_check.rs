//! Checks of what a connector depends on, beside Kafka.
#![cfg_attr(not(feature = "kafka"), allow(dead_code, reason = "only the admin endpoint asks"))]

use std::fmt;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use tokio::sync::Mutex;
use tokio::time::{Instant, timeout};

use super::ConnectorBuilder;

/// How long a check may take.
const LIMIT: Duration = Duration::from_secs(2);

/// For how long its outcome is kept, so that probes do not turn into load.
const FRESH: Duration = Duration::from_secs(5);

/// The longest text that is shown of a failure, in characters.
const LONGEST: usize = 200;

/// Names of what health shows by itself.
pub(crate) const OWN_COMPONENTS: [&str; 6] = [
    "handlers",
    "kafka",
    "kafkaTopicsHealthCheckIndicator",
    "livenessState",
    "partitions",
    "readinessState",
];

type Outcome = Result<(), String>;
type Run = dyn Fn() -> Pin<Box<dyn Future<Output = Outcome> + Send>> + Send + Sync;

/// One check; clones share what is kept of its last outcome.
#[derive(Clone)]
pub(crate) struct HealthCheck {
    pub(crate) name: String,
    /// Without it the connector is not ready.
    pub(crate) for_readiness: bool,
    run: Arc<Run>,
    last: Arc<Mutex<Option<(Instant, Outcome)>>>,
}

impl HealthCheck {
    pub(crate) fn new<F, U, E>(name: String, for_readiness: bool, check: F) -> Self
    where
        F: Fn() -> U + Send + Sync + 'static,
        U: Future<Output = Result<(), E>> + Send + 'static,
        E: fmt::Display,
    {
        let run = move || {
            let checked = check();
            let said = async move { checked.await.map_err(|error| shown(&error.to_string())) };
            Box::pin(said) as Pin<Box<dyn Future<Output = Outcome> + Send>>
        };
        Self { name, for_readiness, run: Arc::new(run), last: Arc::default() }
    }

    /// How it stands now, or did a moment ago. Who asks meanwhile waits for the same answer.
    pub(crate) async fn outcome(&self) -> Outcome {
        let mut last = self.last.lock().await;
        if let Some((at, outcome)) = &*last {
            if at.elapsed() < FRESH {
                return outcome.clone();
            }
        }
        // Making the future is the user's code as much as running it.
        let checked = AssertUnwindSafe(async { (self.run)().await }).catch_unwind();
        let outcome = match timeout(LIMIT, checked).await {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(_panic)) => Err("the check panicked".to_owned()),
            Err(_) => {
                Err(format!("the check did not end within {}", humantime::format_duration(LIMIT)))
            }
        };
        *last = Some((Instant::now(), outcome.clone()));
        outcome
    }
}

impl fmt::Debug for HealthCheck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HealthCheck").field("name", &self.name).finish_non_exhaustive()
    }
}

impl ConnectorBuilder {
    /// Checks something that the handlers depend on whenever somebody asks how the connector is: shown
    /// by this name at the endpoint `health`, which is `DOWN` while the check fails. It may take 2 s,
    /// and its outcome is kept for 5 s. The error's text is shown too, so it must be fit for that.
    ///
    /// It says nothing to probes: a service that is down is no reason to restart the connector, whose
    /// requests are tried again or wait in Kafka. See [`readiness_check`](Self::readiness_check).
    ///
    /// ```standalone_crate
    /// use flowx_core::Connector;
    ///
    /// async fn ping() -> Result<(), std::io::Error> {
    ///     Ok(())
    /// }
    ///
    /// let builder = Connector::builder().health_check("rates-service", || async { ping().await });
    /// # let _ = builder;
    /// ```
    pub fn health_check<F, U, E>(mut self, name: impl Into<String>, check: F) -> Self
    where
        F: Fn() -> U + Send + Sync + 'static,
        U: Future<Output = Result<(), E>> + Send + 'static,
        E: fmt::Display,
    {
        self.checks.push(HealthCheck::new(name.into(), false, check));
        self
    }

    /// As [`health_check`](Self::health_check), and the connector is not ready while it fails. That
    /// keeps a rolling update from going on with instances that cannot work; Kafka does not ask for it,
    /// so an instance that is not ready goes on with its partitions.
    pub fn readiness_check<F, U, E>(mut self, name: impl Into<String>, check: F) -> Self
    where
        F: Fn() -> U + Send + Sync + 'static,
        U: Future<Output = Result<(), E>> + Send + 'static,
        E: fmt::Display,
    {
        self.checks.push(HealthCheck::new(name.into(), true, check));
        self
    }
}

/// What is wrong with the names of checks.
pub(crate) fn problems(checks: &[HealthCheck]) -> Vec<String> {
    let mut problems = Vec::new();
    for (place, check) in checks.iter().enumerate() {
        let name = &check.name;
        if name.trim().is_empty() {
            problems.push("a health check has no name; write what it checks".to_owned());
        } else if OWN_COMPONENTS.contains(&name.as_str()) {
            problems.push(format!(
                "the health check `{name}` has the name of one of flowx's own; choose another"
            ));
        } else if checks[..place].iter().any(|other| other.name == *name) {
            problems.push(format!("two health checks are named `{name}`; rename one of them"));
        }
    }
    problems
}

/// One line, and no more than somebody reads.
fn shown(text: &str) -> String {
    let line = text.chars().map(|c| if c.is_control() { ' ' } else { c });
    line.take(LONGEST).collect()
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn probes_that_come_all_the_time_are_no_load() {
        let asked = Arc::new(AtomicU32::new(0));
        let counted = Arc::clone(&asked);
        let check = HealthCheck::new("x".to_owned(), false, move || {
            counted.fetch_add(1, Ordering::SeqCst);
            async { Err::<(), _>("down\nfor\tgood") }
        });
        for _ in 0..100 {
            assert_eq!(check.outcome().await, Err("down for good".to_owned()));
        }
        assert_eq!(asked.load(Ordering::SeqCst), 1);
        tokio::time::advance(FRESH).await;
        let _ = check.clone().outcome().await;
        assert_eq!(asked.load(Ordering::SeqCst), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn one_that_hangs_or_panics_is_down() {
        let hangs = HealthCheck::new("x".to_owned(), false, || async {
            std::future::pending::<Result<(), String>>().await
        });
        let began = Instant::now();
        assert_eq!(hangs.outcome().await, Err("the check did not end within 2s".to_owned()));
        assert_eq!(began.elapsed(), LIMIT);
        let panics = HealthCheck::new("x".to_owned(), false, || async {
            if std::hint::black_box(true) {
                panic!("as user code may");
            }
            Ok::<(), String>(())
        });
        assert_eq!(panics.outcome().await, Err("the check panicked".to_owned()));
    }
}

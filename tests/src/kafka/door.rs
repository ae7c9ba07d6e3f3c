//! Leaving a test out where Kafka cannot be started, in the open.

use std::any::type_name_of_val;
use std::env;
use std::io::{self, Write};
use std::sync::{Once, OnceLock};

use super::jars;

#[doc(hidden)]
pub use inventory;

/// Ends a test at once where Java or Maven is missing.
///
/// To be written as the first line of a test that starts a [`KafkaCluster`](super::KafkaCluster) and
/// returns nothing. The first test of a binary that is left out prints one line to standard error,
/// with the names of all of them and what to install. Where the environment variable `CI` is `true`,
/// leaving a test out is a failure.
///
/// # Panics
/// When `CI` is `true` and Java or Maven is missing.
#[macro_export]
macro_rules! require_kafka {
    () => {{
        fn here() {}
        $crate::kafka::door::inventory::submit! {
            $crate::kafka::door::Entry::new(|| ::std::any::type_name_of_val(&here))
        }
        if !$crate::kafka::door::is_open(&here) {
            return;
        }
    }};
}

/// A test that needs Kafka; [`require_kafka!`] makes it known.
#[derive(Debug)]
#[doc(hidden)]
pub struct Entry {
    place: fn() -> &'static str,
}

impl Entry {
    /// `place` names something inside the test.
    pub const fn new(place: fn() -> &'static str) -> Self {
        Self { place }
    }
}

inventory::collect!(Entry);

/// Whether the test that `place` lies in can start Kafka; if not, says so once per program.
///
/// # Panics
/// When it cannot, and `CI` is `true`.
#[doc(hidden)]
pub fn is_open<T>(place: &T) -> bool {
    static MISSING: OnceLock<Option<String>> = OnceLock::new();
    static SAID: Once = Once::new();

    let Some(reason) = MISSING.get_or_init(jars::missing) else { return true };
    assert!(
        env::var_os("CI").is_none_or(|value| value != "true"),
        "`{}` needs Apache Kafka and may not be left out where CI is true: {reason}",
        test_name(type_name_of_val(place)),
    );
    SAID.call_once(|| {
        let mut names: Vec<_> =
            inventory::iter::<Entry>().map(|entry| test_name((entry.place)())).collect();
        names.sort_unstable();
        // Not `eprintln!`, which the test runner keeps to itself when the test passes.
        let _ = writeln!(
            io::stderr(),
            "left out, for want of Apache Kafka: {} ({reason})",
            names.join(", ")
        );
    });
    false
}

/// `cluster::survives` from `harness::cluster::survives::{{closure}}::here`.
fn test_name(place: &str) -> &str {
    let inside = place.split_once("::").map_or(place, |(_program, rest)| rest);
    inside.trim_end_matches("::here").trim_end_matches("::{{closure}}")
}

#[cfg(test)]
mod tests {
    use super::test_name;

    #[test]
    fn names_the_test_and_not_what_is_inside() {
        assert_eq!(test_name("harness::cluster::survives::{{closure}}::here"), "cluster::survives");
        assert_eq!(test_name("harness::survives::here"), "survives");
    }
}

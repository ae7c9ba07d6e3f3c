//! What happens in a simulation, line by line: the same lines for the same seed.

use std::fmt::{self, Write as _};

use tokio::time::Instant;

/// The log of one run, and what it has shown to be wrong.
#[derive(Debug)]
pub(super) struct Trace {
    started: Instant,
    text: String,
    violations: Vec<String>,
}

impl Trace {
    pub(super) fn new() -> Self {
        Self { started: Instant::now(), text: String::new(), violations: Vec::new() }
    }

    /// Milliseconds since the run began, by tokio's clock.
    pub(super) fn now(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    pub(super) fn started(&self) -> Instant {
        self.started
    }

    /// Notes one thing that happened.
    pub(super) fn line(&mut self, what: fmt::Arguments<'_>) {
        let now = self.now();
        // Writing to a `String` never fails.
        let _ = writeln!(self.text, "{now:>7} {what}");
    }

    /// Notes that a promise is broken.
    pub(super) fn violated(&mut self, what: fmt::Arguments<'_>) {
        self.line(format_args!("VIOLATION {what}"));
        self.violations.push(what.to_string());
    }

    pub(super) fn is_clean(&self) -> bool {
        self.violations.is_empty()
    }

    pub(super) fn into_parts(self) -> (String, Vec<String>) {
        (self.text, self.violations)
    }
}

/// A short fingerprint (FNV-1a), the same on every machine.
pub(super) fn fingerprint(bytes: &[u8]) -> u64 {
    let mix = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, mix)
}

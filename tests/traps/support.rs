//! What these tests share.

use std::process::Command;
use std::time::Duration;

/// Longer than any of these waits takes; what takes longer has failed.
pub(crate) const WITHIN: Duration = Duration::from_secs(60);

const ALONE: &str = "FLOWX_TESTS_ALONE";

/// Runs a test once more in a process of its own, where nothing else meets what it does to the whole
/// process; in that process it is `true`, and the test goes on.
pub(crate) fn alone(test: &str) -> bool {
    if std::env::var_os(ALONE).is_some() {
        return true;
    }
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture"])
        .env(ALONE, "1")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.contains("1 passed"), "{said}\n{errors}");
    false
}

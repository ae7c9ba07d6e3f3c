//! The example connectors as their users start them: as programs.

use std::path::PathBuf;
use std::process::Command;

/// The folder of the repository.
#[must_use]
pub fn repository() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Builds an example connector, if it is not built, and returns the path of its program.
///
/// # Panics
/// When it does not build, with the compiler's words.
#[must_use]
pub fn example(name: &str) -> PathBuf {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let built = Command::new(cargo)
        .args(["build", "--quiet", "--package", "flowx-examples", "--bin", name])
        .args(["--message-format", "json-render-diagnostics"])
        .current_dir(repository())
        .output()
        .expect("cargo can be started");
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    // One line of JSON for every artifact; the program's is the one with an executable.
    let lines = String::from_utf8_lossy(&built.stdout);
    lines
        .lines()
        .filter_map(|line| line.split_once("\"executable\":\""))
        .map(|(_, rest)| PathBuf::from(rest.split('"').next().unwrap_or_default()))
        .next_back()
        .unwrap_or_else(|| panic!("cargo names no program for {name}"))
}

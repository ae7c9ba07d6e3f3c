//! Cargo's target folder, in which tests keep what they fetch.

use std::env;
use std::path::{Path, PathBuf};

/// The one this program runs from, wherever it was moved to.
pub(crate) fn target() -> PathBuf {
    env::current_exe()
        .ok()
        .and_then(|exe| {
            exe.ancestors().find(|folder| folder.join("CACHEDIR.TAG").is_file()).map(Path::to_owned)
        })
        .unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../target"))
}

//! Contenders: what is known of them, how they are built, and how they run.

mod build;
mod interrupt;
mod manifest;
mod running;
mod usage;

use std::path::{Path, PathBuf};

use anyhow::Context as _;

pub(crate) use interrupt::end_on_signals;
pub(crate) use manifest::{Manifest, Order};
pub(crate) use running::{Environment, Running, Stopped};
pub(crate) use usage::Usage;

/// One who runs in the comparison.
#[derive(Clone, Debug)]
pub(crate) struct Contender {
    /// The name of its folder.
    pub(crate) name: String,
    pub(crate) manifest: Manifest,
    folder: PathBuf,
    out: PathBuf,
}

impl Contender {
    /// All contenders below a folder, by name; each has a folder for what it builds below `out`.
    pub(crate) fn all(folder: &Path, out: &Path) -> anyhow::Result<Vec<Self>> {
        let mut contenders = Vec::new();
        let entries = std::fs::read_dir(folder);
        for entry in entries.with_context(|| format!("cannot read {}", folder.display()))? {
            let folder = entry?.path();
            if !folder.join("contender.toml").is_file() {
                continue;
            }
            let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let manifest = Manifest::read(&folder.join("contender.toml"))?;
            contenders.push(Self { manifest, out: out.join(&name), folder, name });
        }
        contenders.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(contenders)
    }

    /// Text of a manifest with the scratch folder put in.
    fn filled(&self, text: &str) -> String {
        text.replace("{out}", &self.out.to_string_lossy())
    }
}

//! Building a contender, and what came out.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, ensure};

use super::Contender;

impl Contender {
    /// The programs that it needs and that are not on `PATH`.
    pub(crate) fn missing(&self) -> Vec<String> {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let is_there =
            |program: &&String| std::env::split_paths(&path).any(|p| p.join(program).is_file());
        self.manifest.needs.iter().filter(|program| !is_there(program)).cloned().collect()
    }

    /// Builds it; what was built before is built again as far as its tools think it must be.
    ///
    /// # Errors
    /// A command ends with an error: the end of what it said.
    pub(crate) fn build(&self) -> anyhow::Result<()> {
        std::fs::create_dir_all(&self.out)
            .with_context(|| format!("cannot create {}", self.out.display()))?;
        for command in self.manifest.build.commands() {
            let command: Vec<_> = command.iter().map(|word| self.filled(word)).collect();
            let (program, arguments) = command.split_first().context("a build command is empty")?;
            let output = Command::new(program)
                .args(arguments)
                .current_dir(&self.folder)
                // What cargo tells those it runs is of the driver, not of the contender.
                .env_remove("CARGO_TARGET_DIR")
                .env_remove("CARGO_MANIFEST_DIR")
                .stdin(Stdio::null())
                .output()
                .with_context(|| format!("`{program}` cannot be started"))?;
            let said = [output.stdout, output.stderr].concat();
            let said = String::from_utf8_lossy(&said);
            let lines: Vec<_> = said.trim_end().lines().collect();
            let end = lines[lines.len().saturating_sub(30)..].join("\n");
            ensure!(output.status.success(), "`{}` failed:\n{end}", command.join(" "));
        }
        Ok(())
    }

    /// How large the files are that are run: of a program itself, or of an archive that it is given.
    /// `None` where it is not one file, as in languages that ship their source.
    pub(crate) fn size(&self) -> Option<u64> {
        let files = self.manifest.run.iter().filter(|word| word.contains("{out}"));
        let files: Vec<PathBuf> = files.map(|word| self.filled(word).into()).collect();
        let is_its_own = |file: &PathBuf| {
            file.is_file()
                && file.canonicalize().is_ok_and(|file| file.starts_with(canonical(&self.out)))
        };
        if files.is_empty() || !files.iter().all(is_its_own) {
            return None;
        }
        Some(files.iter().filter_map(|file| file.metadata().ok()).map(|data| data.len()).sum())
    }
}

fn canonical(folder: &Path) -> PathBuf {
    folder.canonicalize().unwrap_or_else(|_| folder.to_owned())
}

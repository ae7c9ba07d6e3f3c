//! The official AsyncAPI parser, run by Node.
//!
//! The first call installs it into `target/asyncapi/` with npm; later ones need neither npm nor the
//! network.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Once;

use serde::Deserialize;

use crate::target::target;

/// What is installed: each file's name and text.
const FILES: [(&str, &str); 3] = [
    ("package.json", include_str!("../asyncapi/package.json")),
    ("package-lock.json", include_str!("../asyncapi/package-lock.json")),
    ("check.mjs", include_str!("../asyncapi/check.mjs")),
];

/// The parser, installed.
#[derive(Debug)]
pub struct Parser {
    folder: PathBuf,
}

/// What the parser makes of one document.
#[derive(Debug, Deserialize)]
pub struct Reading {
    /// Everything that it has to say, of any severity.
    pub diagnostics: Vec<String>,
    /// The operations as a reader of the document sees them.
    pub operations: Vec<Operation>,
}

/// An operation with all references followed.
#[derive(Debug, PartialEq, Eq, Deserialize)]
pub struct Operation {
    /// Its name.
    pub id: String,
    /// `receive` or `send`.
    pub action: String,
    /// Where its messages come from.
    pub address: String,
    /// The names of its messages.
    pub messages: Vec<String>,
    /// Where it answers.
    pub reply: Option<String>,
    /// The names of its answers.
    pub answers: Vec<String>,
}

impl Parser {
    /// The parser; `None` where Node or npm is missing, or the packages cannot be had, which is then
    /// said once per program.
    ///
    /// # Panics
    /// When it is missing and the environment variable `CI` is `true`.
    #[must_use]
    pub fn get() -> Option<Self> {
        static SAID: Once = Once::new();

        match installed() {
            Ok(folder) => Some(Self { folder }),
            Err(reason) => {
                assert!(
                    std::env::var_os("CI").is_none_or(|value| value != "true"),
                    "documents may not go unread by the official parser where CI is true: {reason}"
                );
                SAID.call_once(|| {
                    // Not `eprintln!`, which the test runner keeps to itself when the test passes.
                    let _ = writeln!(
                        io::stderr(),
                        "left out, for want of the official AsyncAPI parser: what it says ({reason})"
                    );
                });
                None
            }
        }
    }

    /// Reads documents, by the paths of their files.
    ///
    /// # Panics
    /// When the parser itself fails, with its words.
    #[must_use]
    pub fn read(&self, files: &[PathBuf]) -> BTreeMap<PathBuf, Reading> {
        let output = Command::new("node")
            .arg("check.mjs")
            .args(files)
            .current_dir(&self.folder)
            .stdin(Stdio::null())
            .output()
            .expect("node can be started");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).expect("check.mjs prints JSON")
    }
}

/// The folder with the parser; why there is none, in words that say what to install.
fn installed() -> Result<PathBuf, String> {
    if !answers("node") {
        return Err("`node` is not in PATH; install Node.js, version 20 or newer".to_owned());
    }
    let folder = folder();
    if folder.is_dir() {
        return Ok(folder);
    }
    if !answers("npm") {
        return Err("`npm` is not in PATH; install it, it fetches the parser once".to_owned());
    }
    install(&folder).map_err(|error| format!("npm could not install the parser: {error}"))?;
    Ok(folder)
}

fn answers(program: &str) -> bool {
    let mut command = Command::new(program);
    command.arg("--version").stdin(Stdio::null());
    command.output().is_ok_and(|output| output.status.success())
}

/// One folder per content of the files, so that a new version is fetched and an old one still serves
/// another branch.
fn folder() -> PathBuf {
    let mut hasher = DefaultHasher::new();
    FILES.hash(&mut hasher);
    target().join("asyncapi").join(format!("parser-{:016x}", hasher.finish()))
}

fn install(folder: &Path) -> io::Result<()> {
    let parent = folder.parent().unwrap_or(folder);
    fs::create_dir_all(parent)?;
    let lock = File::create(parent.join("lock"))?;
    lock.lock()?;
    if folder.is_dir() {
        return Ok(());
    }
    // Renamed when complete: a folder of the final name always holds all packages.
    let part = folder.with_extension("part");
    fs::create_dir_all(&part)?;
    for (name, text) in FILES {
        fs::write(part.join(name), text)?;
    }
    let output = Command::new("npm")
        // No package needs a script of its own to be installed, so none gets to run.
        .args(["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"])
        .current_dir(&part)
        .stdin(Stdio::null())
        .output()?;
    if !output.status.success() {
        return Err(io::Error::other(String::from_utf8_lossy(&output.stderr).into_owned()));
    }
    fs::rename(&part, folder)
}

//! `asyncapi`: what the connector promises, as a document that others' tools read.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::output::deliver;
use super::{Code, CommandError, SUCCESS};
use crate::connector::ConnectorBuilder;
use crate::contract::lint::{Finding, lint};

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// File for the document, in place of standard output; its folder is created if it is not there
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Looks for mistakes in this document, which is written in JSON, and writes none
    #[arg(long, value_name = "FILE", conflicts_with = "out")]
    lint: Option<PathBuf>,
}

pub(super) fn run(builder: ConnectorBuilder, arguments: &Arguments) -> Result<Code, CommandError> {
    match &arguments.lint {
        Some(file) => look_at(file),
        None => write(&builder.build()?.asyncapi(), arguments.out.as_deref()),
    }
}

fn look_at(file: &Path) -> Result<Code, CommandError> {
    let failed = |what: String| CommandError::Failed(format!("{}: {what}", file.display()));
    let text = fs::read_to_string(file).map_err(|error| failed(error.to_string()))?;
    let document: Value = serde_json::from_str(&text)
        .map_err(|error| failed(format!("{error}; the document must be written in JSON")))?;
    if document.get("asyncapi").is_none() {
        return Err(failed("this is no AsyncAPI document: it has no `asyncapi`".to_owned()));
    }
    match all(&lint(&document)) {
        None => println!("{}: nothing to mend", file.display()),
        Some(findings) => return Err(failed(findings)),
    }
    Ok(SUCCESS)
}

fn write(document: &Value, out: Option<&Path>) -> Result<Code, CommandError> {
    if let Some(findings) = all(&lint(document)) {
        return Err(CommandError::Failed(format!(
            "the document that flowx made has mistakes, so it is not written; please report this: {findings}"
        )));
    }
    deliver(&format!("{document:#}\n"), out)
}

/// All findings, a line each, behind their number; `None` if there are none.
fn all(findings: &[Finding]) -> Option<String> {
    let lines: String = findings.iter().map(|finding| format!("\n  - {finding}")).collect();
    match findings.len() {
        0 => None,
        1 => Some(format!("one mistake{lines}")),
        several => Some(format!("{several} mistakes{lines}")),
    }
}

//! `designer`: what a process designer needs of every handler.

use std::fs;
use std::path::{Path, PathBuf};

use super::{Code, CommandError, SUCCESS};
use crate::connector::ConnectorBuilder;
use crate::contract::designer::Artefacts;

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Folder for two files of each handler, Markdown and JSON; without it the Markdown is printed
    #[arg(long, value_name = "FOLDER")]
    out: Option<PathBuf>,
}

pub(super) fn run(builder: ConnectorBuilder, arguments: &Arguments) -> Result<Code, CommandError> {
    let contract = builder.build()?.contract();
    let artefacts: Vec<Artefacts> =
        contract.handlers.iter().map(|handler| Artefacts::of(handler, &contract)).collect();
    match &arguments.out {
        None => {
            let texts: Vec<String> = artefacts.iter().map(ToString::to_string).collect();
            print!("{}", texts.join("\n"));
        }
        Some(folder) => {
            for artefacts in &artefacts {
                write(folder, artefacts)?;
            }
        }
    }
    Ok(SUCCESS)
}

/// Writes the two files of a handler and prints their names.
fn write(folder: &Path, artefacts: &Artefacts) -> Result<(), CommandError> {
    let json = serde_json::to_string_pretty(artefacts)
        .map_err(|error| CommandError::Failed(format!("cannot write JSON: {error}")))?;
    for (ending, text) in [("md", artefacts.to_string()), ("json", json + "\n")] {
        let path = folder.join(format!("{}.designer.{ending}", artefacts.handler));
        fs::create_dir_all(folder).and_then(|()| fs::write(&path, text)).map_err(|error| {
            CommandError::Failed(format!("cannot write {}: {error}", path.display()))
        })?;
        println!("{}", path.display());
    }
    Ok(())
}

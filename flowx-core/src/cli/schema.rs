//! `schema`: JSON Schemas for those who send requests and read replies.

use std::fs;
use std::path::{Path, PathBuf};

use super::{Code, CommandError, SUCCESS};
use crate::connector::ConnectorBuilder;
use crate::contract::schema;

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Folder for the files; created if it is not there
    #[arg(long, value_name = "FOLDER", default_value = "schemas")]
    out: PathBuf,
}

pub(super) fn run(builder: ConnectorBuilder, arguments: &Arguments) -> Result<Code, CommandError> {
    let connector = builder.build()?;
    let files = schema::files(connector.registry(), &connector.plan.error_field);
    for (name, schema) in &files {
        let path = arguments.out.join(name);
        write(&path, schema).map_err(|error| {
            CommandError::Failed(format!("cannot write {}: {error}", path.display()))
        })?;
        println!("{}", path.display());
    }
    Ok(SUCCESS)
}

fn write(path: &Path, schema: &serde_json::Value) -> std::io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::write(path, format!("{schema:#}\n"))
}

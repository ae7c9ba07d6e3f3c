//! Where a document goes that a command was asked for.

use std::fs;
use std::path::Path;

use super::{Code, CommandError, SUCCESS};

/// Writes a text to a file, whose folder is created if it is not there, and prints the file's name; without
/// one it prints the text.
pub(super) fn deliver(text: &str, out: Option<&Path>) -> Result<Code, CommandError> {
    let Some(file) = out else {
        print!("{text}");
        return Ok(SUCCESS);
    };
    let folder = file.parent().map_or(Ok(()), fs::create_dir_all);
    folder.and_then(|()| fs::write(file, text)).map_err(|error| {
        CommandError::Failed(format!("cannot write {}: {error}", file.display()))
    })?;
    println!("{}", file.display());
    Ok(SUCCESS)
}

//! `new`: the project of another connector, which builds, tests and runs as it is.

mod files;
mod name;

use std::fs;
use std::path::{Path, PathBuf};

use name::Name;

use super::{Code, CommandError, SUCCESS};

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Name of the connector, in kebab-case: `credit-check`
    name: Name,
    /// Folder of the project, which must not be there yet [default: the name]
    #[arg(long, value_name = "FOLDER")]
    dir: Option<PathBuf>,
    /// Checkout of flowx that the project is to be built with, in place of a published version
    #[arg(long, value_name = "PATH")]
    flowx_path: Option<PathBuf>,
}

pub(super) fn run(arguments: &Arguments) -> Result<Code, CommandError> {
    let Arguments { name, dir, flowx_path } = arguments;
    let folder = dir.clone().unwrap_or_else(|| PathBuf::from(name.kebab()));
    let mut problems = Vec::new();
    // Also a link that leads nowhere is in the way.
    if fs::symlink_metadata(&folder).is_ok() {
        let folder = folder.display();
        problems.push(format!("`{folder}` is there already; name another folder with `--dir`"));
    }
    let flowx = dependency(flowx_path.as_deref()).unwrap_or_else(|problem| {
        problems.push(problem);
        String::new()
    });
    if !problems.is_empty() {
        return Err(CommandError::Failed(problems.join("\nerror: ")));
    }
    for (path, text) in files::files(name, &flowx) {
        let path = folder.join(path);
        write(&path, &text).map_err(|error| {
            CommandError::Failed(format!("cannot write {}: {error}", path.display()))
        })?;
        println!("{}", path.display());
    }
    println!("\nNext: cd {} && cargo run", folder.display());
    Ok(SUCCESS)
}

/// What stands behind `flowx-core = `: this version, or where a checkout has it.
fn dependency(checkout: Option<&Path>) -> Result<String, String> {
    let Some(checkout) = checkout else {
        return Ok(quoted(env!("CARGO_PKG_VERSION")));
    };
    let place = checkout.join("flowx-core");
    let shown = checkout.display();
    if !place.join("Cargo.toml").is_file() {
        return Err(format!(
            "`{shown}` is no checkout of flowx: it has no `flowx-core/Cargo.toml`; give `--flowx-path` the folder that has"
        ));
    }
    let place = place.canonicalize().map_err(|error| format!("cannot read `{shown}`: {error}"))?;
    let place = place.to_str().ok_or_else(|| format!("the path of `{shown}` is not UTF-8"))?;
    Ok(format!("{{ path = {} }}", quoted(place)))
}

/// A string as TOML has it; a path may have a quote or a backslash in it.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

fn write(path: &Path, text: &str) -> std::io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::write(path, text)
}

//! The bill of materials of a connector: what cargo knows of, and the C code that it does not.
//!
//! `.ci/sbom` has `cargo cyclonedx` write down the crates; here the parts are added that crates have
//! within them, each with the version that its own sources tell.

mod parts;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, bail};
use parts::{PARTS, Part, Version, WITHOUT_PARTS};
use serde_json::{Value, json};

pub use parts::NOT_COMPILED;

/// A crate of a dependency tree: its name, its version, the folder of its sources, and the name of the
/// library that it links, if it does.
#[derive(Clone, Debug)]
pub struct Crate {
    /// As its `Cargo.toml` says.
    pub name: String,
    /// As its `Cargo.toml` says.
    pub version: String,
    /// Where its sources are.
    pub folder: PathBuf,
    /// What it names to the linker.
    pub links: Option<String>,
}

/// A part of a crate as it was found in its sources.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// What it is called.
    pub name: &'static str,
    /// Its version, or the commit that it was taken from, if its sources say.
    pub version: Option<String>,
    /// The crate that has it, as the bill of materials refers to it.
    pub within: String,
    /// The file that shows it, below the crate's folder.
    pub file: &'static str,
}

/// All crates that a project may be built with on Linux, with whatever features.
///
/// # Errors
/// Cargo fails; its words are part of the error.
pub fn crates(manifest: &Path) -> anyhow::Result<Vec<Crate>> {
    let metadata = metadata(manifest)?;
    let packages = metadata["packages"].as_array().context("cargo names no packages")?;
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let read = packages.iter().map(|package| Crate {
        name: text(&package["name"]),
        version: text(&package["version"]),
        folder: Path::new(&text(&package["manifest_path"])).with_file_name(""),
        links: package["links"].as_str().map(str::to_owned),
    });
    Ok(read.collect())
}

/// The folder of the workspace that a project belongs to.
///
/// # Errors
/// Cargo fails; its words are part of the error.
pub fn workspace_root(manifest: &Path) -> anyhow::Result<PathBuf> {
    let metadata = metadata(manifest)?;
    Ok(metadata["workspace_root"].as_str().context("cargo names no workspace")?.into())
}

fn metadata(manifest: &Path) -> anyhow::Result<Value> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(["metadata", "--format-version", "1", "--locked", "--all-features"])
        .args(["--filter-platform", "x86_64-unknown-linux-gnu", "--manifest-path"])
        .arg(manifest)
        .output()?;
    if !output.status.success() {
        bail!("cargo metadata: {}", String::from_utf8_lossy(&output.stderr));
    }
    Ok(serde_json::from_slice(&output.stdout)?)
}

/// The parts of these crates.
///
/// # Errors
/// A crate links a library and is not known here, or its sources are not as they were when its parts were
/// written down: then the table in `tests/src/sbom/parts.rs` has to be looked at again.
pub fn parts_of(crates: &[Crate]) -> anyhow::Result<Vec<Found>> {
    let mut found = Vec::new();
    for of in crates {
        let parts = PARTS.iter().filter(|part| part.within == of.name);
        let before = found.len();
        for part in parts {
            found.push(look(part, of).with_context(|| format!("{} in {}", part.name, of.name))?);
        }
        let is_known = WITHOUT_PARTS.iter().any(|(name, _)| *name == of.name);
        if let Some(library) = of.links.as_ref().filter(|_| found.len() == before && !is_known) {
            bail!("`{}` links `{library}`, and what C code it brings is not known", of.name);
        }
    }
    Ok(found)
}

/// Adds the parts to a bill of materials in CycloneDX's JSON, and takes out the folder of this machine.
///
/// # Errors
/// It is no bill of materials, or [`parts_of`] fails for the crates in it.
pub fn complete(bom: &str, crates: &[Crate], root: &Path) -> anyhow::Result<Value> {
    let shown = root.to_str().context("the project's path is not UTF-8")?;
    let mut bom: Value = serde_json::from_str(&bom.replace(shown, ""))?;
    let components = bom["components"].as_array().context("it has no components")?;
    let used: Vec<Crate> = crates
        .iter()
        .filter(|known| {
            components.iter().any(|used| {
                used["name"] == known.name.as_str() && used["version"] == known.version.as_str()
            })
        })
        .cloned()
        .collect();
    let found = parts_of(&used)?;
    for part in &found {
        add(&mut bom, part).context("it is no bill of materials")?;
    }
    Ok(bom)
}

/// Adds one part, and that its crate depends on it.
fn add(bom: &mut Value, found: &Found) -> Option<()> {
    let part = PARTS.iter().find(|part| part.name == found.name)?;
    let reference = format!("{}#{}", found.within, part.name);
    let mut component = json!({
        "type": "library",
        "bom-ref": reference,
        "name": part.name,
        "scope": "required",
        "licenses": [match part.licence.strip_prefix("LicenseRef-") {
            Some(name) => json!({ "license": { "name": name } }),
            None => json!({ "license": { "id": part.licence } }),
        }],
        "purl": match &found.version {
            Some(version) => format!("{}@{}{version}", part.source, part.tag),
            None => part.source.to_owned(),
        },
        "properties": [{ "name": "flowx:compiled-with", "value": found.within }],
    });
    if let Some(version) = &found.version {
        component["version"] = json!(version);
        if let Some((vendor, product)) = part.cpe {
            component["cpe"] =
                json!(format!("cpe:2.3:a:{vendor}:{product}:{version}:*:*:*:*:*:*:*"));
        }
    }
    bom["components"].as_array_mut()?.push(component);
    let dependencies = bom["dependencies"].as_array_mut()?;
    let ends = format!("#{}", found.within);
    let of_crate = dependencies
        .iter_mut()
        .find(|entry| entry["ref"].as_str().is_some_and(|name| name.ends_with(&ends)))?;
    match of_crate["dependsOn"].as_array_mut() {
        Some(list) => list.push(json!(reference)),
        None => of_crate["dependsOn"] = json!([reference]),
    }
    dependencies.push(json!({ "ref": reference }));
    Some(())
}

/// Finds a part in the sources of its crate.
fn look(part: &Part, of: &Crate) -> anyhow::Result<Found> {
    let read = |file: &str| {
        fs::read(of.folder.join(file))
            .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
            .with_context(|| format!("`{file}` is not there any more"))
    };
    read(part.file)?;
    let version = match part.version {
        Version::OfCrate => {
            let (_, version) = of.version.split_once('+').context("its version has no `+`")?;
            Some(version.to_owned())
        }
        Version::Hex(file, name) => Some(dotted(&define(&read(file)?, name)?)?),
        Version::Numbers(file, names) => {
            let text = read(file)?;
            let numbers: anyhow::Result<Vec<_>> =
                names.iter().map(|name| define(&text, name)).collect();
            Some(numbers?.join("."))
        }
        Version::Text(file, name, beginning) => {
            let text = define(&read(file)?, name)?;
            Some(text.trim_matches('"').trim_start_matches(beginning).to_owned())
        }
        Version::Comment(file) => {
            let text = read(file)?;
            let (_, rest) = text.split_once(" Version ").context("it tells no version")?;
            rest.split_whitespace().next().map(str::to_owned)
        }
        Version::Commit(file) => Some(commit(&read(file)?)?),
        Version::Unknown => None,
    };
    let within = format!("{}@{}", of.name, of.version);
    Ok(Found { name: part.name, version, within, file: part.file })
}

/// What a `#define` stands for.
fn define(text: &str, name: &str) -> anyhow::Result<String> {
    let mut values = text.lines().filter_map(|line| {
        let mut words = line.strip_prefix("#define")?.split_whitespace();
        (words.next() == Some(name)).then(|| words.next()).flatten()
    });
    Ok(values.next().with_context(|| format!("`{name}` is not defined any more"))?.to_owned())
}

/// `0x020c01ff` is 2.12.1; the last byte says that it is a release.
fn dotted(hex: &str) -> anyhow::Result<String> {
    let number = u32::from_str_radix(hex.trim_start_matches("0x"), 16)?;
    let [major, minor, revision, _] = number.to_be_bytes();
    Ok(format!("{major}.{minor}.{revision}"))
}

/// The one number of 40 hexadecimal digits in a text.
fn commit(text: &str) -> anyhow::Result<String> {
    let is_hex = |c: char| c.is_ascii_hexdigit();
    let mut words = text.split(|c| !is_hex(c)).filter(|word| word.len() == 40);
    let first = words.next().context("its licence names no commit any more")?;
    match words.find(|word| *word != first) {
        None => Ok(first.to_owned()),
        Some(_) => bail!("its licence names several commits"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_as_sources_write_them() {
        assert_eq!(dotted("0x020c01ff").unwrap(), "2.12.1");
        let text = "#define A_MAJOR    1    /* big */\n#define VERSION \"1.3.2\"\n#define A 7\n";
        assert_eq!(define(text, "A_MAJOR").unwrap(), "1");
        assert_eq!(define(text, "VERSION").unwrap(), "\"1.3.2\"");
        assert!(define(text, "B").is_err());
        let sha = "8ef41e0ebd45daaf19459a011f67e66224b247cd";
        assert_eq!(commit(&format!("from blob/{sha}/LICENSE")).unwrap(), sha);
        assert!(commit("none").is_err());
    }

    #[test]
    fn a_crate_with_c_code_that_nobody_knows_is_an_error() {
        let new = Crate {
            name: "new-sys".to_owned(),
            version: "1.0.0".to_owned(),
            folder: PathBuf::new(),
            links: Some("new".to_owned()),
        };
        let error = parts_of(&[new]).unwrap_err().to_string();
        assert_eq!(error, "`new-sys` links `new`, and what C code it brings is not known");
    }
}

//! Adds the C code that crates bring to what `cargo cyclonedx` has written: `.ci/sbom` calls it.

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::Context as _;
use clap::Parser;
use flowx_tests::sbom;

/// Completes a bill of materials.
#[derive(Debug, Parser)]
struct Arguments {
    /// What `cargo cyclonedx` wrote for this project, as JSON
    #[arg(long, value_name = "FILE")]
    bom: PathBuf,
    /// The project's `Cargo.toml`
    #[arg(long, value_name = "FILE")]
    manifest_path: PathBuf,
    /// Where the complete one goes
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

fn main() -> anyhow::Result<()> {
    let Arguments { bom, manifest_path, out } = Arguments::parse();
    let crates = sbom::crates(&manifest_path)?;
    let root = sbom::workspace_root(&manifest_path)?;
    let text = std::fs::read_to_string(&bom).with_context(|| format!("{}", bom.display()))?;
    let complete = sbom::complete(&text, &crates, &root)?;
    if let Some(folder) = out.parent() {
        std::fs::create_dir_all(folder)?;
    }
    std::fs::write(&out, format!("{complete:#}\n"))?;
    let components = complete["components"].as_array().map(Vec::as_slice).unwrap_or_default();
    let (parts, crates): (Vec<_>, Vec<_>) =
        components.iter().partition(|component| component.get("properties").is_some());
    println!("{}: {} crates, and compiled with them", out.display(), crates.len());
    let mut within: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for part in parts {
        let name = part["name"].as_str().unwrap_or_default();
        let version = part["version"].as_str().unwrap_or("without a version");
        let of = part["properties"][0]["value"].as_str().unwrap_or_default();
        // Commits are long, and tell them apart after a few digits.
        within.entry(of).or_default().push(format!("{name} {version:.17}"));
    }
    for (of, parts) in within {
        println!("  {of}: {}", parts.join(", "));
    }
    Ok(())
}

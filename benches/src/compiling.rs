//! What the attribute costs when a connector is compiled: many handlers with it, the same functions
//! without, and those called by hand, with what a connector does at least for each: JSON and schemas.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use flowx_tests::repository;

use crate::stats::Spread;

/// Measures how long the attribute takes to compile
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// How many handlers
    #[arg(long, default_value_t = 50)]
    handlers: usize,
    /// Rounds, in each of which both are compiled once by each command
    #[arg(long, default_value_t = 5)]
    rounds: usize,
}

/// Compiles both in turn and prints how long that took; what they depend on is compiled before.
pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let folder = repository().join("target/compiling");
    for (name, style) in CRATES {
        write(&folder.join(name), name, &source(arguments.handlers, style))?;
    }
    println!(
        "{} handlers, {} rounds; compiling what they depend on",
        arguments.handlers, arguments.rounds
    );
    for (name, _) in CRATES {
        for command in COMMANDS {
            compile(&folder, name, command)?;
        }
    }
    println!("\n| | with the attribute | by hand | never called |\n|---|---|---|---|");
    for command in COMMANDS {
        let mut times = CRATES.map(|_| Vec::new());
        for _ in 0..arguments.rounds {
            for ((name, _), times) in CRATES.iter().zip(&mut times) {
                times.push(compile(&folder, name, command)?.as_secs_f64());
            }
        }
        let shown = times.map(Spread::of).map(|spread| {
            spread.map_or_else(String::new, |it| {
                format!("{:.2} s ({:.2} to {:.2})", it.median, it.min, it.max)
            })
        });
        println!("| `cargo {command}` | {} |", shown.join(" | "));
    }
    Ok(())
}

/// What is done with the functions.
#[derive(Clone, Copy, PartialEq)]
enum Style {
    Annotated,
    ByHand,
    Plain,
}

const CRATES: [(&str, Style); 3] =
    [("annotated", Style::Annotated), ("by-hand", Style::ByHand), ("plain", Style::Plain)];

const COMMANDS: [&str; 2] = ["check", "build"];

/// Compiles a crate whose source counts as changed.
fn compile(folder: &Path, name: &str, command: &str) -> anyhow::Result<Duration> {
    let package = folder.join(name);
    let source = package.join("src/lib.rs");
    let text = std::fs::read_to_string(&source)?;
    std::fs::write(&source, text).context("the source cannot be touched")?;
    let began = Instant::now();
    let status = Command::new("cargo")
        .args([command, "--quiet", "--offline"])
        .current_dir(&package)
        .env("CARGO_TARGET_DIR", folder.join("target"))
        .env("CARGO_INCREMENTAL", "0")
        .stdin(Stdio::null())
        .status()?;
    ensure!(status.success(), "`cargo {command}` of {} failed", package.display());
    Ok(began.elapsed())
}

/// Writes a package that depends on nothing that this workspace does not.
fn write(package: &Path, name: &str, source: &str) -> anyhow::Result<()> {
    std::fs::create_dir_all(package.join("src"))?;
    let core: PathBuf = repository().join("flowx-core");
    let manifest = format!(
        "[package]\nname = \"{name}\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n\
         [dependencies]\nflowx-core = {{ path = {core:?} }}\nschemars = \"1\"\n\
         serde = {{ version = \"1\", features = [\"derive\"] }}\nserde_json = \"1\"\n\n[workspace]\n"
    );
    std::fs::write(package.join("Cargo.toml"), manifest)?;
    std::fs::copy(repository().join("Cargo.lock"), package.join("Cargo.lock"))?;
    std::fs::write(package.join("src/lib.rs"), source)?;
    Ok(())
}

/// So many functions with types of their own, all of which derive what a handler's types do.
fn source(handlers: usize, style: Style) -> String {
    let mut text = String::new();
    for number in 0..handlers {
        let attribute = if style == Style::Annotated {
            format!("#[flowx_core::flowx_handler(topic = \"compile.trigger.handler-{number}\")]\n")
        } else {
            String::new()
        };
        let _ = write!(
            text,
            "#[derive(serde::Deserialize, schemars::JsonSchema)]\n\
             pub struct Request{number} {{ pub name: String, pub amount: f64, pub note: Option<String> }}\n\
             #[derive(serde::Serialize, schemars::JsonSchema)]\n\
             pub struct Reply{number} {{ pub name: String, pub total: f64 }}\n\
             {attribute}\
             pub async fn handler_{number}(request: Request{number}) \
             -> Result<Reply{number}, flowx_core::HandlerError> {{\n    \
             Ok(Reply{number} {{ name: request.name, total: request.amount * 2.0 }})\n}}\n\n"
        );
        if style == Style::ByHand {
            let _ = write!(
                text,
                "pub fn call_{number}(payload: Vec<u8>) -> std::pin::Pin<Box<dyn \
                 std::future::Future<Output = Option<Vec<u8>>> + Send>> {{\n    \
                 Box::pin(async move {{\n        \
                 let request = serde_json::from_slice(&payload).ok()?;\n        \
                 let reply = handler_{number}(request).await.ok()?;\n        \
                 serde_json::to_vec(&reply).ok()\n    }})\n}}\n\n\
                 pub fn schemas_{number}() -> [schemars::Schema; 2] {{\n    \
                 [schemars::schema_for!(Request{number}), schemars::schema_for!(Reply{number})]\n}}\n\n"
            );
        }
    }
    text
}

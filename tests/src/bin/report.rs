//! Runs a command and writes a report on it: `report --title T --report FILE -- command arguments`.
//!
//! It ends as the command does.

use std::collections::VecDeque;
use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Command, ExitCode, Stdio};

use clap::Parser;
use flowx_tests::report::Report;
use flowx_tests::repository;

/// Lines from the end of what was printed that are kept.
const LAST: usize = 20;

/// Runs a command and writes a report on it.
#[derive(Debug, Parser)]
struct Arguments {
    /// What stands above the report
    #[arg(long)]
    title: String,
    /// Writes the report into this file
    #[arg(long, value_name = "FILE")]
    report: PathBuf,
    /// The command
    #[arg(last = true, required = true)]
    command: Vec<String>,
}

fn main() -> std::io::Result<ExitCode> {
    let Arguments { title, report: file, command } = Arguments::parse();
    let mut report = Report::new(title, command.join(" "));
    let mut running = Command::new("sh")
        // Both streams in their order.
        .args(["-c", "exec \"$@\" 2>&1", "sh"])
        .args(&command)
        .stdout(Stdio::piped())
        .spawn()?;
    let (mut steps, mut last) = (Vec::new(), VecDeque::new());
    let said = running.stdout.take().ok_or(std::io::ErrorKind::BrokenPipe)?;
    for line in BufReader::new(said).split(b'\n') {
        let line = without_paths(&String::from_utf8_lossy(&line?));
        println!("{line}");
        if line.starts_with("== ") {
            steps.push(line.clone());
        }
        last.push_back(line);
        if last.len() > LAST {
            last.pop_front();
        }
    }
    let is_good = running.wait()?.success();
    if !steps.is_empty() {
        report.text("Its steps:");
        report.listing(steps.join("\n"));
    }
    report.text("The end of what it printed:");
    report.listing(last.make_contiguous().join("\n"));
    report.write(Some(&file), is_good)?;
    Ok(if is_good { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// A report names no folder of the machine.
fn without_paths(line: &str) -> String {
    let root = repository().canonicalize().unwrap_or_else(|_| repository());
    line.replace(&*root.to_string_lossy(), ".")
}

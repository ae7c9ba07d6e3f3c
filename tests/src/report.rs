//! What stands at the head of every written report: when, of what and on what it was run.

use std::fmt::Write as _;
use std::io;
use std::path::Path;
use std::process::Command;
use std::time::SystemTime;

use crate::repository;

/// A report in Markdown: a head, a verdict, and what led to it. It names no machine and no path.
///
/// ```
/// use flowx_tests::report::Report;
///
/// let mut report = Report::new("Bounds", "bounds b2");
/// report.text("Threads and file descriptors before and after.");
/// report.table(&["what", "before", "after"], &[vec!["threads".into(), "4".into(), "4".into()]]);
/// let text = report.finish(true);
/// assert!(text.starts_with("# Bounds\n\n**good**"));
/// assert!(text.contains("| threads | 4 | 4 |"));
/// ```
#[derive(Clone, Debug)]
pub struct Report {
    title: String,
    command: String,
    began: SystemTime,
    body: String,
}

impl Report {
    /// Begins a report on what this command does; its time runs from now on.
    #[must_use]
    pub fn new(title: impl Into<String>, command: impl Into<String>) -> Self {
        let (title, command) = (title.into(), command.into());
        Self { title, command, began: SystemTime::now(), body: String::new() }
    }

    /// Adds a paragraph.
    pub fn text(&mut self, text: impl AsRef<str>) {
        let _ = write!(self.body, "\n{}\n", text.as_ref().trim_end());
    }

    /// Adds what a program printed, as it stands.
    pub fn listing(&mut self, text: impl AsRef<str>) {
        let _ = write!(self.body, "\n```text\n{}\n```\n", text.as_ref().trim_end());
    }

    /// Adds a table.
    pub fn table(&mut self, head: &[&str], rows: &[Vec<String>]) {
        let _ = write!(self.body, "\n| {} |\n|{}\n", head.join(" | "), "---|".repeat(head.len()));
        for row in rows {
            let _ = writeln!(self.body, "| {} |", row.join(" | "));
        }
    }

    /// The whole report.
    #[must_use]
    pub fn finish(&self, is_good: bool) -> String {
        let took = self.began.elapsed().unwrap_or_default();
        let mut text = format!("# {}\n\n", self.title);
        let verdict = if is_good { "good" } else { "BAD" };
        let _ = writeln!(text, "**{verdict}**, {} s, `{}`\n", took.as_secs(), self.command);
        text.push_str("| | |\n|---|---|\n");
        for (what, value) in facts(self.began) {
            let _ = writeln!(text, "| {what} | {value} |");
        }
        text + &self.body
    }

    /// Writes the whole report into a file, if one was asked for; its folder is created.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn write(&self, file: Option<&Path>, is_good: bool) -> io::Result<()> {
        let Some(file) = file else { return Ok(()) };
        if let Some(folder) = file.parent() {
            std::fs::create_dir_all(folder)?;
        }
        std::fs::write(file, self.finish(is_good))
    }
}

/// When, of what and on what something is run that began at this time: each fact with its name.
#[must_use]
pub fn facts(began: SystemTime) -> [(&'static str, String); 7] {
    [
        ("date", date(began)),
        ("commit", commit()),
        ("processors", std::thread::available_parallelism().map_or(1, usize::from).to_string()),
        ("memory", memory()),
        ("kernel", first_line("uname", &["-sr"])),
        ("compiler", first_line("rustc", &["--version"])),
        ("build", if cfg!(debug_assertions) { "debug" } else { "release" }.to_owned()),
    ]
}

/// The day, in UTC.
fn date(time: SystemTime) -> String {
    let text = humantime::format_rfc3339_seconds(time).to_string();
    text.split('T').next().unwrap_or_default().to_owned()
}

/// The commit that was built, and whether something was changed since.
fn commit() -> String {
    let commit = first_line("git", &["rev-parse", "--short", "HEAD"]);
    match first_line("git", &["status", "--porcelain", "--untracked-files=no"]).as_str() {
        "unknown" => commit,
        _ => format!("{commit}-dirty"),
    }
}

fn memory() -> String {
    let text = std::fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let total = text.lines().find_map(|line| line.strip_prefix("MemTotal:"));
    let kilobytes: Option<u64> =
        total.and_then(|rest| rest.trim().trim_end_matches("kB").trim().parse().ok());
    kilobytes.map_or_else(|| "unknown".to_owned(), |kb| format!("{} MiB", kb >> 10))
}

/// The first line that a program prints, run in the repository; `unknown` if there is none.
fn first_line(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).current_dir(repository()).output();
    let text = output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned());
    let text = text.unwrap_or_default();
    text.lines().next().map_or_else(|| "unknown".to_owned(), |line| line.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_head_says_what_was_run_and_where_but_no_path() {
        let text = Report::new("Title", "the command").finish(false);
        for part in [
            "# Title",
            "**BAD**",
            "`the command`",
            "| date | 2",
            "| commit |",
            "| processors |",
            "MiB",
        ] {
            assert!(text.contains(part), "{part} in {text}");
        }
        assert!(!text.contains(&*repository().to_string_lossy()), "{text}");
    }
}

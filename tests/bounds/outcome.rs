//! What was measured, and what is allowed.

use std::io;
use std::path::Path;

use flowx_tests::report::Report;

/// The measurements of one bound.
pub(crate) struct Outcome {
    report: Report,
    rows: Vec<Row>,
}

struct Row {
    what: String,
    found: String,
    allowed: String,
    is_good: bool,
}

impl Outcome {
    /// Begins to measure; the time runs from now on.
    pub(crate) fn begin(title: &str, command: String) -> Self {
        Self { report: Report::new(title, command), rows: Vec::new() }
    }

    /// Adds something that was measured and must not be more than this.
    pub(crate) fn at_most(&mut self, what: &str, found: usize, most: usize) {
        let is_good = found <= most;
        self.row(what, found, format!("at most {most}"), is_good);
    }

    /// Adds something that was measured and must be at least this.
    pub(crate) fn at_least(&mut self, what: &str, found: usize, least: usize) {
        let is_good = found >= least;
        self.row(what, found, format!("at least {least}"), is_good);
    }

    /// Adds something that was measured and must be exactly this.
    pub(crate) fn exactly(&mut self, what: &str, found: usize, wanted: usize) {
        let is_good = found == wanted;
        self.row(what, found, wanted.to_string(), is_good);
    }

    fn row(&mut self, what: &str, found: usize, allowed: String, is_good: bool) {
        self.rows.push(Row { what: what.to_owned(), found: found.to_string(), allowed, is_good });
    }

    /// Adds a paragraph to the report.
    pub(crate) fn text(&mut self, text: impl AsRef<str>) {
        self.report.text(text);
    }

    pub(crate) fn is_good(&self) -> bool {
        self.rows.iter().all(|row| row.is_good)
    }

    /// Prints what was measured, and writes it into a file if one was asked for.
    pub(crate) fn tell(&self, file: Option<&Path>) -> io::Result<()> {
        for Row { what, found, allowed, is_good } in &self.rows {
            let verdict = if *is_good { "good" } else { "BAD" };
            println!("{verdict:<5}{what}: {found} ({allowed})");
        }
        let rows = self.rows.iter().map(|row| {
            let verdict = if row.is_good { "good" } else { "**BAD**" };
            [&row.what, &row.found, &row.allowed]
                .map(Clone::clone)
                .into_iter()
                .chain([verdict.to_owned()])
                .collect()
        });
        let mut report = self.report.clone();
        report.table(&["what", "measured", "allowed", "verdict"], &rows.collect::<Vec<_>>());
        report.write(file, self.is_good())
    }
}

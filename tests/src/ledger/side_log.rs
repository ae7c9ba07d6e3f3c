//! What handlers did, written down where a killed process cannot take it away.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

/// Which end of a run of the handler.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Edge {
    /// The handler was called.
    Start,
    /// It has returned, or was dropped before it did.
    End,
}

/// One line of a side log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line {
    /// Number of the request.
    pub seq: u64,
    /// Its key.
    pub key: u64,
    /// Its number among those of its key.
    pub key_seq: u64,
    /// Which try, from 1.
    pub attempt: u32,
    /// Begin or end.
    pub edge: Edge,
    /// The process.
    pub pid: u32,
    /// When, in microseconds since 1970.
    pub micros: u64,
}

/// A file that handlers append to. Every line is one write to the system, so it outlives a killed
/// process; it outlives the machine only if it is [synced](Self::append_synced).
#[derive(Debug)]
pub struct SideLog {
    file: File,
}

impl SideLog {
    /// Opens a file, or creates it.
    ///
    /// # Errors
    /// The system's reason.
    pub fn open(path: &Path) -> io::Result<Self> {
        Ok(Self { file: File::options().create(true).append(true).open(path)? })
    }

    /// Appends a line.
    ///
    /// # Errors
    /// The system's reason.
    pub fn append(&self, line: &Line) -> io::Result<()> {
        let Line { seq, key, key_seq, attempt, edge, pid, micros } = line;
        let edge = if *edge == Edge::Start { "start" } else { "end" };
        let text = format!("{seq} {key} {key_seq} {attempt} {edge} {pid} {micros}\n");
        (&self.file).write_all(text.as_bytes())
    }

    /// Appends a line and waits until the disk has it.
    ///
    /// # Errors
    /// The system's reason.
    pub fn append_synced(&self, line: &Line) -> io::Result<()> {
        self.append(line)?;
        self.file.sync_data()
    }
}

/// Reads a side log. A last line that a kill has cut short is left out.
///
/// # Errors
/// The file cannot be read, or another line is not one of a side log.
pub fn read_side_log(path: &Path) -> io::Result<Vec<Line>> {
    let text = fs::read_to_string(path)?;
    let complete = text.rfind('\n').map_or("", |end| &text[..=end]);
    let line = |(number, text): (usize, &str)| {
        parse(text).ok_or_else(|| {
            let what = format!("{}:{}: no line of a side log", path.display(), number + 1);
            io::Error::new(io::ErrorKind::InvalidData, what)
        })
    };
    complete.lines().enumerate().map(line).collect()
}

/// Microseconds since 1970, by the clock that all processes of a machine share.
#[must_use]
pub fn now_micros() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_micros()).unwrap_or(u64::MAX)
}

fn parse(text: &str) -> Option<Line> {
    let mut fields = text.split(' ');
    let mut number = || fields.next()?.parse().ok();
    let (seq, key, key_seq, attempt) = (number()?, number()?, number()?, number()?);
    let edge = match fields.next()? {
        "start" => Edge::Start,
        "end" => Edge::End,
        _ => return None,
    };
    let (pid, micros) = (fields.next()?.parse().ok()?, fields.next()?.parse().ok()?);
    let attempt = u32::try_from(attempt).ok()?;
    fields.next().is_none().then_some(Line { seq, key, key_seq, attempt, edge, pid, micros })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_but_for_a_line_that_was_cut_short() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        let log = SideLog::open(&path).unwrap();
        let line =
            |seq, edge| Line { seq, key: 1, key_seq: 2, attempt: 3, edge, pid: 4, micros: 5 };
        log.append(&line(0, Edge::Start)).unwrap();
        log.append_synced(&line(0, Edge::End)).unwrap();
        fs::File::options().append(true).open(&path).unwrap().write_all(b"1 1 2 3 st").unwrap();
        assert_eq!(read_side_log(&path).unwrap(), [line(0, Edge::Start), line(0, Edge::End)]);
    }

    #[test]
    fn what_is_no_side_log_is_an_error_with_its_place() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        fs::write(&path, "0 1 2 3 start 4 5\nelse\n").unwrap();
        assert!(read_side_log(&path).unwrap_err().to_string().contains("log:2"));
    }
}

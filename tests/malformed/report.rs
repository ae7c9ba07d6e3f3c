//! The outcome of a run, in Markdown.

use std::fmt;
use std::process::Command;
use std::time::{Duration, SystemTime};

use crate::classes::{CLASSES, End};
use crate::draft::Requests;
use crate::hold::{self, Hold};
use crate::run::Outcome;
use crate::scene::PARTITIONS;

pub(crate) struct Report {
    pub(crate) requests: Requests,
    pub(crate) outcome: Outcome,
    /// The longest time for which a partition may stand still.
    pub(crate) hold: Duration,
}

impl Report {
    /// Whether all was as it must be.
    pub(crate) fn is_good(&self) -> bool {
        let outcome = &self.outcome;
        outcome.books.examples.is_empty()
            && outcome.panics == 0
            && self.holds().first().is_some_and(|hold| hold.length <= self.hold)
    }

    fn holds(&self) -> Vec<Hold> {
        hold::longest(&self.outcome.books.accounts)
    }

    fn head(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Requests { seed, malformed, good, largest } = self.requests;
        let cores = std::thread::available_parallelism().map_or(0, usize::from);
        let build = if cfg!(debug_assertions) { "debug" } else { "release" };
        writeln!(f, "# Malformed requests\n")?;
        writeln!(f, "- date: {}", humantime::format_rfc3339_seconds(SystemTime::now()))?;
        writeln!(f, "- commit: {}", commit())?;
        writeln!(f, "- machine: {cores} cores, {} of memory; {build} build", memory())?;
        writeln!(
            f,
            "- run: `malformed --count {malformed} --good {good} --seed {seed} --largest {largest} \
             --hold {}`",
            self.hold.as_millis()
        )?;
        let partitions = 2 * PARTITIONS;
        writeln!(
            f,
            "- one broker of Apache Kafka, one connector of two handlers, {partitions} partitions\n"
        )
    }

    fn summary(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Outcome { books, took, peak_memory, bytes, panics, .. } = &self.outcome;
        let count = books.accounts.len();
        let good = || books.accounts.iter().filter(|account| account.fate.class.is_none());
        let lost = good().filter(|account| account.counts == [0; 3]).count();
        let more = good().filter(|account| account.counts.iter().sum::<u32>() > 1).count();
        let malformed = count - good().count();
        let wrong = books.accounts.iter().filter(|account| account.is_wrong).count();
        let rate = count as f64 / took.as_secs_f64();
        writeln!(f, "| what | found | must be |\n|---|---|---|")?;
        writeln!(f, "| requests, of them malformed | {count}, {malformed} | |")?;
        writeln!(f, "| bytes of requests | {} | |", megabytes(*bytes))?;
        writeln!(
            f,
            "| from the first request to the last answer | {:.1} s, {rate:.0}/s | |",
            took.as_secs_f64()
        )?;
        writeln!(f, "| requests with another end than theirs | {wrong} | 0 |")?;
        writeln!(f, "| good requests without an answer | {lost} | 0 |")?;
        writeln!(f, "| good requests with more than one | {more} | 0 |")?;
        writeln!(f, "| panics of the connector | {panics} | 0 |")?;
        let most = self.hold.as_millis();
        let holds = self.holds();
        let stood: Vec<_> = holds.iter().map(|hold| hold.length.as_millis().to_string()).collect();
        let stood = stood.join(", ");
        writeln!(f, "| longest standstill of each partition, in ms | {stood} | at most {most} |")?;
        let longest = holds.first().map_or("none".to_owned(), |hold| books.title(hold.number));
        writeln!(f, "| the longest ended with | {longest} | |")?;
        let peak = peak_memory.map_or_else(|| "unknown".to_owned(), megabytes);
        writeln!(f, "| most memory of the connector | {peak} | |\n")?;
        writeln!(
            f,
            "A standstill is the time between two finished requests of a partition while it had \
             unfinished ones, by the broker's time stamps: a request is finished with the last of its \
             answers, and has arrived when the broker took it. Requests are sent as fast as the broker \
             takes them, so there is a backlog most of the time.\n"
        )
    }

    fn classes(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "| class | must end as | sent | largest | as it must |\n|---|---|---|---|---|"
        )?;
        for (number, class) in CLASSES.iter().enumerate() {
            for (place, variant) in class.variants.iter().enumerate() {
                let all = || {
                    let of_this = move |class| class == Some((number, place));
                    let accounts = self.outcome.books.accounts.iter();
                    accounts.filter(move |account| of_this(account.fate.class))
                };
                let sent = all().count();
                let right = all().filter(|account| !account.is_wrong).count();
                let name = class.title(place);
                let largest = megabytes(self.outcome.largest[number] as u64);
                let end = in_words(variant.end);
                writeln!(f, "| {name} | {end} | {sent} | {largest} | {right} |")?;
            }
        }
        let accounts = self.outcome.books.accounts.iter();
        let anonymous = accounts
            .filter(|account| account.fate.is_anonymous && account.fate.end != End::Served)
            .count();
        writeln!(
            f,
            "\n{anonymous} of those that are refused do not name their process: these are put aside and \
             not answered. All others are answered with `INVALID_REQUEST` and put aside, each once; \
             payload, key and headers of a dead letter are compared byte by byte.\n"
        )
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.head(f)?;
        writeln!(f, "**{}**\n", if self.is_good() { "All as it must be." } else { "NOT GOOD." })?;
        self.summary(f)?;
        let examples = &self.outcome.books.examples;
        if !examples.is_empty() {
            writeln!(f, "What is wrong, the first {}:\n", examples.len())?;
            examples.iter().try_for_each(|example| writeln!(f, "- {example}"))?;
            writeln!(f)?;
        }
        self.classes(f)
    }
}

fn in_words(end: End) -> String {
    match end {
        End::Served => "reply".to_owned(),
        End::Refused(reason) => format!("`{reason}`"),
        End::Pointed(reason) => format!("`{reason}`, a pointer put aside"),
    }
}

fn megabytes(bytes: impl std::borrow::Borrow<u64>) -> String {
    match *bytes.borrow() {
        bytes @ ..10_000 => format!("{bytes} B"),
        bytes => format!("{:.2} MB", bytes as f64 / 1e6),
    }
}

/// The commit that was checked out, and whether anything was changed on top of it.
fn commit() -> String {
    let git = |arguments: &[&str]| {
        let output = Command::new("git").args(arguments).output().ok()?;
        output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
    };
    match (git(&["rev-parse", "--short=12", "HEAD"]), git(&["status", "--porcelain"])) {
        (Some(commit), Some(changes)) if changes.is_empty() => commit,
        (Some(commit), _) => format!("{commit} with changes"),
        (None, _) => "unknown".to_owned(),
    }
}

/// The memory of this machine, where the system tells.
fn memory() -> String {
    let info = std::fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let line = info.lines().find_map(|line| line.strip_prefix("MemTotal:"));
    let kilobytes = line.and_then(|line| line.trim().strip_suffix(" kB")?.parse::<f64>().ok());
    kilobytes.map_or_else(
        || "an unknown amount".to_owned(),
        |kilobytes| format!("{:.1} GiB", kilobytes / f64::from(1 << 20)),
    )
}

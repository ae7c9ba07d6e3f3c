//! The file of results: a line for everything that was found out, appended as it is.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, ensure};
use serde::{Deserialize, Serialize};

use crate::contender::Order;
use crate::gate::Verdict;

/// One line.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub(crate) enum Line {
    Machine(Facts),
    Contender(About),
    Run(Run),
    Kill(Kill),
}

/// When, of what and on what: names and values.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq, Eq)]
pub(crate) struct Facts {
    pub(crate) facts: Vec<(String, String)>,
}

/// What is told of a contender.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq)]
pub(crate) struct About {
    pub(crate) name: String,
    pub(crate) title: String,
    pub(crate) guarantee: String,
    pub(crate) order: Order,
    pub(crate) settings: String,
    pub(crate) handler: bool,
    /// Bytes of what is shipped, where that is one file.
    pub(crate) size: Option<u64>,
    /// Why it did not run at all.
    pub(crate) left_out: Option<String>,
}

/// One contender in one scenario.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq)]
pub(crate) struct Run {
    pub(crate) scenario: String,
    pub(crate) contender: String,
    pub(crate) round: u32,
    pub(crate) ended: Ended,
    /// Replies a second.
    pub(crate) rate: Option<f64>,
    /// Microseconds of processor time for each reply.
    pub(crate) cpu: Option<f64>,
    /// The most memory, in MiB.
    pub(crate) peak: Option<f64>,
    /// Seconds from the start of the process to its first reply.
    pub(crate) start_up: Option<f64>,
    /// Seconds from the start of the process to its last reply.
    pub(crate) seconds: Option<f64>,
    /// Replies a second while requests come and as many as possible are under way.
    pub(crate) capacity: Option<f64>,
    pub(crate) latencies: Vec<Latency>,
    pub(crate) verdict: Option<Verdict>,
    /// Why it does not count, if it does not.
    pub(crate) violations: Vec<String>,
}

/// How long requests took at a part of capacity.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, PartialEq)]
pub(crate) struct Latency {
    /// Percent of capacity.
    pub(crate) load: u32,
    /// Requests a second that were sent.
    pub(crate) offered: f64,
    pub(crate) count: u64,
    /// Milliseconds.
    pub(crate) p50: f64,
    pub(crate) p99: f64,
}

/// What a kill in the middle did.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq)]
pub(crate) struct Kill {
    pub(crate) contender: String,
    /// Requests whose offsets were committed by then.
    pub(crate) committed: u64,
    pub(crate) verdict: Option<Verdict>,
    pub(crate) violations: Vec<String>,
}

/// Why a run was over.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Ended {
    All,
    Time,
    Stalled,
    Failed,
}

impl Run {
    pub(crate) fn new(scenario: &str, contender: &str, round: u32) -> Self {
        Self {
            scenario: scenario.to_owned(),
            contender: contender.to_owned(),
            round,
            ended: Ended::Failed,
            rate: None,
            cpu: None,
            peak: None,
            start_up: None,
            seconds: None,
            capacity: None,
            latencies: Vec::new(),
            verdict: None,
            violations: Vec::new(),
        }
    }
}

impl Kill {
    pub(crate) fn new(contender: &str) -> Self {
        Self {
            contender: contender.to_owned(),
            committed: 0,
            verdict: None,
            violations: Vec::new(),
        }
    }
}

impl Facts {
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.facts.iter().find(|(fact, _)| fact == name).map(|(_, value)| value.as_str())
    }
}

/// All lines of a file, to which more are added.
#[derive(Debug)]
pub(crate) struct Results {
    file: PathBuf,
    pub(crate) lines: Vec<Line>,
}

impl Results {
    /// Reads what is there; a file that is not there yet is empty.
    pub(crate) fn open(file: &Path) -> anyhow::Result<Self> {
        let text = match fs::read_to_string(file) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
            Err(error) => {
                return Err(error).with_context(|| format!("cannot read {}", file.display()));
            }
        };
        let mut lines = Vec::new();
        for (number, line) in (1..).zip(text.lines()) {
            let line = serde_json::from_str(line).with_context(|| {
                format!("{}:{number} is no line of results; take it out", file.display())
            })?;
            lines.push(line);
        }
        Ok(Self { file: file.to_owned(), lines })
    }

    /// Begins, or goes on with what was begun.
    ///
    /// # Errors
    /// What is there is of something else: figures of two commits, machines or ways of measuring are
    /// not to be mixed.
    pub(crate) fn resume(&mut self, facts: Facts) -> anyhow::Result<()> {
        let Some(begun) = self.facts() else { return self.add(Line::Machine(facts)) };
        for (name, value) in &facts.facts {
            let before = begun.get(name).unwrap_or("unknown");
            ensure!(
                name == "date" || before == value,
                "{} holds results with {name} `{before}`, and now it is `{value}`: name another file \
                 with --results",
                self.file.display()
            );
        }
        Ok(())
    }

    /// Appends a line, which is safe on the disk then.
    pub(crate) fn add(&mut self, line: Line) -> anyhow::Result<()> {
        let mut text = serde_json::to_string(&line)?;
        text.push('\n');
        if let Some(folder) = self.file.parent() {
            fs::create_dir_all(folder)?;
        }
        let mut file = File::options().create(true).append(true).open(&self.file)?;
        file.write_all(text.as_bytes())?;
        file.sync_data()?;
        self.lines.push(line);
        Ok(())
    }

    pub(crate) fn facts(&self) -> Option<&Facts> {
        self.lines.iter().find_map(|line| match line {
            Line::Machine(facts) => Some(facts),
            _ => None,
        })
    }

    /// The last that was told of each contender, in the order of their names.
    pub(crate) fn contenders(&self) -> Vec<&About> {
        let mut abouts = std::collections::BTreeMap::new();
        for line in &self.lines {
            if let Line::Contender(about) = line {
                abouts.insert(about.name.as_str(), about);
            }
        }
        abouts.into_values().collect()
    }

    pub(crate) fn runs(&self) -> impl Iterator<Item = &Run> {
        self.lines.iter().filter_map(|line| match line {
            Line::Run(run) => Some(run),
            _ => None,
        })
    }

    pub(crate) fn kill(&self, contender: &str) -> Option<&Kill> {
        self.lines.iter().find_map(|line| match line {
            Line::Kill(kill) if kill.contender == contender => Some(kill),
            _ => None,
        })
    }

    pub(crate) fn has_run(&self, scenario: &str, contender: &str, round: u32) -> bool {
        self.runs()
            .any(|run| run.scenario == scenario && run.contender == contender && run.round == round)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(commit: &str) -> Facts {
        Facts {
            facts: vec![
                ("date".to_owned(), commit.len().to_string()),
                ("commit".to_owned(), commit.to_owned()),
            ],
        }
    }

    #[test]
    fn what_was_measured_is_there_again_and_not_measured_twice() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("new").join("results.jsonl");
        let mut results = Results::open(&file).unwrap();
        results.resume(facts("a")).unwrap();
        results.add(Line::Run(Run::new("ready", "flowx", 1))).unwrap();
        results.add(Line::Kill(Kill::new("flowx"))).unwrap();

        let mut again = Results::open(&file).unwrap();
        again.resume(facts("a")).unwrap();
        assert!(again.has_run("ready", "flowx", 1));
        assert!(!again.has_run("ready", "flowx", 2));
        assert!(!again.has_run("await", "flowx", 1));
        assert!(again.kill("flowx").is_some() && again.kill("other").is_none());
        assert_eq!(again.lines.len(), 3);
    }

    #[test]
    fn results_of_two_commits_are_not_mixed() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("results.jsonl");
        Results::open(&file).unwrap().resume(facts("a")).unwrap();
        let error = Results::open(&file).unwrap().resume(facts("bb")).unwrap_err();
        assert!(error.to_string().contains("commit `a`, and now it is `bb`"), "{error}");
    }

    #[test]
    fn a_line_that_was_cut_short_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("results.jsonl");
        fs::write(&file, "{\"kind\":\"run\",\n").unwrap();
        let error = Results::open(&file).unwrap_err();
        assert!(error.to_string().contains("results.jsonl:1"), "{error}");
    }
}

//! All findings, for people, programs and the log.

use std::fmt;

use serde_json::{Value, json};

use super::command::{KafkaCommand, Reach};
use super::finding::{Finding, Level};

/// What came of a check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// What was found, in the order of the topics' names, then the group, then the clock.
    pub findings: Vec<Finding>,
    /// How commands reach the cluster.
    pub reach: Reach,
}

impl Report {
    /// The worst of what was found.
    #[must_use]
    pub fn worst(&self) -> Level {
        self.findings.iter().map(|finding| finding.level).max().unwrap_or(Level::Ok)
    }

    /// What needs somebody's attention.
    pub fn complaints(&self) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(|finding| finding.level >= Level::Warning)
    }

    /// The commands that would mend what was found, as one block; empty if there are none.
    #[must_use]
    pub fn script(&self) -> String {
        self.reach.script(self.commands())
    }

    /// The same for programs: `worst`, `findings` with `level`, `rule`, `kind`, `name`, `handlers`,
    /// `message`, `remedy` and `commands`, and all `commands` together.
    #[must_use]
    pub fn json(&self) -> Value {
        let lines = |script: String| {
            let lines = script.lines().filter(|line| !line.starts_with('#'));
            lines.map(str::to_owned).collect::<Vec<_>>()
        };
        let findings: Vec<Value> = self
            .findings
            .iter()
            .map(|finding| {
                let (kind, name) = finding.place.kind_and_name();
                json!({
                    "level": finding.level.name(),
                    "rule": finding.rule,
                    "kind": kind,
                    "name": name,
                    "handlers": finding.handlers,
                    "message": finding.message,
                    "remedy": finding.remedy,
                    "commands": lines(self.reach.script(finding.commands.iter().cloned())),
                })
            })
            .collect();
        json!({ "worst": self.worst().name(), "findings": findings, "commands": lines(self.script()) })
    }

    fn commands(&self) -> impl Iterator<Item = KafkaCommand> {
        self.findings.iter().flat_map(|finding| finding.commands.iter().cloned())
    }
}

impl fmt::Display for Report {
    /// A line for each finding, then the commands.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for finding in &self.findings {
            writeln!(f, "{:<7}  {finding}", finding.level.name())?;
        }
        let script = self.script();
        if !script.is_empty() {
            write!(f, "\n# What would mend it, with Kafka's own tools:\n{script}")?;
        }
        Ok(())
    }
}

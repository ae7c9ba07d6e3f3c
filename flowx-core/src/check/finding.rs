//! One thing that was found: how bad, where, what, and what to do.

use std::collections::BTreeSet;
use std::fmt;

use super::command::KafkaCommand;

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// As it should be, or worth knowing.
    Ok,
    /// It could not be looked up.
    Unknown,
    /// The connector works, until something happens that does happen.
    Warning,
    /// The connector does not work, or loses requests.
    Problem,
}

/// What a finding is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// A topic, and what it is for.
    Topic(String, String),
    /// All topics that begin so, and what they are for.
    Pattern(String, String),
    /// A consumer group.
    Group(String),
    /// This machine and the brokers.
    Clock,
}

/// One thing that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// How bad it is.
    pub level: Level,
    /// The rule that found it, see [`check`](super).
    pub rule: &'static str,
    /// What it is about.
    pub place: Place,
    /// The handlers that are concerned; none if all are.
    pub handlers: BTreeSet<String>,
    /// What was found.
    pub message: String,
    /// What to do.
    pub remedy: Option<String>,
    /// The same as commands, where Kafka has some.
    pub commands: Vec<KafkaCommand>,
}

/// What a rule says of a place.
#[derive(Clone, Debug)]
pub(super) struct Said {
    pub(super) level: Level,
    pub(super) message: String,
    pub(super) remedy: Option<String>,
    pub(super) commands: Vec<KafkaCommand>,
}

impl Said {
    pub(super) fn new(level: Level, message: impl Into<String>) -> Self {
        Self { level, message: message.into(), remedy: None, commands: Vec::new() }
    }

    pub(super) fn remedy(mut self, remedy: impl Into<String>) -> Self {
        self.remedy = Some(remedy.into());
        self
    }

    pub(super) fn commands(mut self, commands: impl IntoIterator<Item = KafkaCommand>) -> Self {
        self.commands.extend(commands);
        self
    }

    pub(super) fn at(
        self,
        rule: &'static str,
        place: Place,
        handlers: BTreeSet<String>,
    ) -> Finding {
        let Self { level, message, remedy, commands } = self;
        Finding { level, rule, place, handlers, message, remedy, commands }
    }
}

impl Level {
    /// Its name in reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Unknown => "unknown",
            Self::Warning => "warning",
            Self::Problem => "problem",
        }
    }
}

impl Place {
    /// What kind of thing it is, and its name.
    #[must_use]
    pub fn kind_and_name(&self) -> (&'static str, &str) {
        match self {
            Self::Topic(name, _) => ("topic", name),
            Self::Pattern(prefix, _) => ("pattern", prefix),
            Self::Group(name) => ("group", name),
            Self::Clock => ("clock", ""),
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Topic(name, role) => write!(f, "topic `{name}` ({role})"),
            Self::Pattern(prefix, role) => write!(f, "topics `{prefix}*` ({role})"),
            Self::Group(name) => write!(f, "group `{}`", name.escape_debug()),
            Self::Clock => f.write_str("clock"),
        }
    }
}

impl fmt::Display for Finding {
    /// Without its level: where, what, and what to do, on one line.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.message)?;
        self.remedy.iter().try_for_each(|remedy| write!(f, "; {remedy}"))
    }
}

//! How a line of the log is written.

use std::fmt;
use std::str::FromStr;

/// How a line of the log is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum LogFormat {
    /// For people. The default.
    #[default]
    Text,
    /// One JSON object for each event, for programs that collect logs.
    Json,
}

impl LogFormat {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Text, Self::Json];

    /// As it is written in the configuration.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Json => "json",
        }
    }
}

impl fmt::Display for LogFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for LogFormat {
    type Err = UnknownLogFormat;

    fn from_str(text: &str) -> Result<Self, UnknownLogFormat> {
        let named = |format: &Self| format.name().eq_ignore_ascii_case(text.trim());
        Self::ALL.into_iter().find(named).ok_or(UnknownLogFormat)
    }
}

/// A text that names no format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`text` or `json`")]
pub struct UnknownLogFormat;

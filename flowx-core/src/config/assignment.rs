//! How the members of a group come to their partitions.

use std::fmt;
use std::str::FromStr;

/// How partitions move when a member comes or goes. All members of a group must have the same: stop
/// all instances to change it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AssignmentProtocol {
    /// Only those partitions stop that go to another member. The default.
    #[default]
    Cooperative,
    /// All partitions stop, then all are dealt out anew: simpler, for brokers and proxies that do not
    /// get along with the other.
    Eager,
}

impl AssignmentProtocol {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Cooperative, Self::Eager];

    /// As it is written in the configuration.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Cooperative => "cooperative",
            Self::Eager => "eager",
        }
    }
}

impl fmt::Display for AssignmentProtocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for AssignmentProtocol {
    type Err = UnknownAssignmentProtocol;

    fn from_str(text: &str) -> Result<Self, UnknownAssignmentProtocol> {
        let named = |one: &Self| one.name().eq_ignore_ascii_case(text.trim());
        Self::ALL.into_iter().find(named).ok_or(UnknownAssignmentProtocol)
    }
}

/// A text that names no way to assign partitions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`cooperative` or `eager`")]
pub struct UnknownAssignmentProtocol;

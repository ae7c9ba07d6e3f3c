//! What runs one after another.

use std::fmt;
use std::str::FromStr;

/// Which records of a handler run one after another, in the order of their offsets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Order {
    /// Those of one process instance; where none is named, those of one record key. The default.
    #[default]
    Key,
    /// Those of one partition.
    Partition,
    /// None: every record may run beside every other.
    Unordered,
}

impl Order {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Key, Self::Partition, Self::Unordered];

    /// As it is written in the attribute and in the configuration.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Key => "key",
            Self::Partition => "partition",
            Self::Unordered => "unordered",
        }
    }
}

impl fmt::Display for Order {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Order {
    type Err = UnknownOrder;

    fn from_str(text: &str) -> Result<Self, UnknownOrder> {
        let named = |order: &Self| order.name().eq_ignore_ascii_case(text.trim());
        Self::ALL.into_iter().find(named).ok_or(UnknownOrder)
    }
}

/// A text that names no order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`key`, `partition` or `unordered`")]
pub struct UnknownOrder;

//! What the admin endpoint serves, in groups that can be exposed or not.

use std::fmt;
use std::str::FromStr;

/// One group of what the admin endpoint serves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AdminGroup {
    /// `health`, `health/liveness`, `health/readiness`.
    Health,
    /// `info`.
    Info,
    /// `metrics`, `metrics/{name}`, `prometheus`.
    Metrics,
    /// `handlers`, and their switches.
    Handlers,
    /// `deadletters`: what was put aside, to be shown and sent again by who knows the token.
    DeadLetters,
    /// The catalog page with try-it-out.
    Catalog,
}

impl AdminGroup {
    /// All groups.
    pub const ALL: [Self; 6] =
        [Self::Health, Self::Info, Self::Metrics, Self::Handlers, Self::DeadLetters, Self::Catalog];

    /// Those that tell and change nothing: what is exposed beyond this machine unless more is asked for.
    pub const HARMLESS: [Self; 3] = [Self::Health, Self::Info, Self::Metrics];

    /// Its name, as in the setting.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Health => "health",
            Self::Info => "info",
            Self::Metrics => "metrics",
            Self::Handlers => "handlers",
            Self::DeadLetters => "deadletters",
            Self::Catalog => "catalog",
        }
    }
}

impl fmt::Display for AdminGroup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// No group has this name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "names of `health`, `info`, `metrics`, `handlers`, `deadletters`, `catalog`, separated by commas"
)]
pub struct UnknownAdminGroup;

impl FromStr for AdminGroup {
    type Err = UnknownAdminGroup;

    fn from_str(name: &str) -> Result<Self, UnknownAdminGroup> {
        let name = name.trim();
        Self::ALL.into_iter().find(|group| group.name() == name).ok_or(UnknownAdminGroup)
    }
}

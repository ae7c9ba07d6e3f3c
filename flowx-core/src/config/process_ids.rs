//! How the log names the process instance of a request.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use sha2::{Digest as _, Sha256};

/// How the log, and spans that are exported, name the process instance of a request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ProcessIds {
    /// By its id. The default.
    #[default]
    Shown,
    /// By the first 16 hexadecimal digits of the SHA-256 of its id, the same in every instance: who knows
    /// an id finds its lines. UUIDs cannot be guessed from it; numbers can, by trying them all.
    Hashed,
    /// Not at all.
    Hidden,
}

impl ProcessIds {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Shown, Self::Hashed, Self::Hidden];

    /// As it is written in the configuration.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Shown => "shown",
            Self::Hashed => "hashed",
            Self::Hidden => "hidden",
        }
    }

    /// What stands in place of an id.
    ///
    /// ```
    /// use flowx_core::config::process_ids::ProcessIds;
    ///
    /// // printf %s 119246 | sha256sum | cut -c1-16
    /// assert_eq!(ProcessIds::Hashed.of(Some("119246")).unwrap(), "5949547e37019197");
    /// assert_eq!(ProcessIds::Hidden.of(Some("119246")), None);
    /// ```
    #[must_use]
    pub fn of(self, id: Option<&str>) -> Option<Cow<'_, str>> {
        match self {
            Self::Shown => id.map(Cow::Borrowed),
            Self::Hashed => id.map(|id| {
                let digest = Sha256::digest(id);
                digest[..8].iter().map(|byte| format!("{byte:02x}")).collect()
            }),
            Self::Hidden => None,
        }
    }
}

impl fmt::Display for ProcessIds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for ProcessIds {
    type Err = UnknownProcessIds;

    fn from_str(text: &str) -> Result<Self, UnknownProcessIds> {
        let named = |ids: &Self| ids.name().eq_ignore_ascii_case(text.trim());
        Self::ALL.into_iter().find(named).ok_or(UnknownProcessIds)
    }
}

/// A text that says nothing of the kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`shown`, `hashed` or `hidden`")]
pub struct UnknownProcessIds;

//! A value that nobody gets to read.

use std::fmt;

use sha2::{Digest, Sha256};

/// A text that is never shown: not by `Debug`, not in a log, not in an error.
///
/// ```
/// use flowx_core::config::secret::Secret;
///
/// let token = Secret::new("s3cret");
/// assert!(token.is("s3cret") && !token.is("guess"));
/// assert_eq!(format!("{token:?}"), "Secret(…)");
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Takes a text.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// Whether this is the text. How long that takes says nothing about where they differ.
    #[must_use]
    pub fn is(&self, guess: &str) -> bool {
        let (own, theirs) = (Sha256::digest(&self.0), Sha256::digest(guess));
        let different = own.iter().zip(theirs.iter()).fold(0, |all, (a, b)| all | (a ^ b));
        std::hint::black_box(different) == 0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}
